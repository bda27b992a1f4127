/* SPDX-License-Identifier: BSD-2-Clause */
#include "netmap/memid.h"

#include <stdatomic.h>

#define FIRST 2u
#define COUNT (UINT16_MAX + 1u - FIRST)

uint16_t nm_memid(ino_t inode)
{
	/* Programs have one table of the memory that they have mapped. */
	static _Atomic ino_t owner[COUNT];

	for (unsigned i = 0; i < COUNT; i++) {
		unsigned at = (unsigned)((inode + i) % COUNT);
		ino_t has = 0;

		if (atomic_compare_exchange_strong(&owner[at], &has, inode) || has == inode)
			return (uint16_t)(at + FIRST);
	}
	return 0;
}
