/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Numbers of memory regions. Programs take equal ones for the same memory, which they map
 * once and exchange buffers in: so in a process a region has one number for ever, and no
 * other one has it. Regions are made by processes that do not know of each other; a
 * region is told by its inode. The number begins with that, so that other processes most
 * often have the same.
 */
#ifndef NETMAP_MEMID_H
#define NETMAP_MEMID_H

#include <stdint.h>
#include <sys/types.h>

/* Of all NICs. */
#define NM_MEMID_NIC 1u

/* The number of the region that is this inode; 0: there are no numbers left. */
uint16_t nm_memid(ino_t inode);

#endif
