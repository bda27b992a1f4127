/* SPDX-License-Identifier: BSD-2-Clause */
/* How much memory there is. */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include <stdint.h>

/* Bytes that this process may still take without swapping: MemAvailable of
 * /proc/meminfo, and what the control group leaves, whichever is less. UINT64_MAX if
 * nobody tells. */
uint64_t memory_available(void);

#endif
