/* SPDX-License-Identifier: BSD-2-Clause */
/* How much memory there is. */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include <stdint.h>

/* Bytes that this process may still take without swapping: MemAvailable of
 * /proc/meminfo, or what its control groups or its limit of address space leave, whichever
 * is least. Nearly UINT64_MAX if nobody tells. */
uint64_t memory_available(void);

/* What the control groups leave, their file caches not counted. root: the folder of all
 * groups; membership: the file that tells which are ours, as /proc/self/cgroup. Groups
 * that do not show below root (the name space of a container) are passed over. UINT64_MAX:
 * no limit. */
uint64_t memory_groups_leave(const char *root, const char *membership);

#endif
