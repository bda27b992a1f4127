/* SPDX-License-Identifier: BSD-2-Clause */
/* Link types: the numbers in files and those of libpcap. */
#ifndef TRACE_LINKTYPE_H
#define TRACE_LINKTYPE_H

#include <stdint.h>

/* Files have LINKTYPE_ numbers, libpcap's calls want DLT_ numbers. They are the same
 * but for a few that had different meanings on different systems. */
int linktype_to_dlt(uint32_t linktype);

#endif
