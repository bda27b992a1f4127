/* SPDX-License-Identifier: BSD-2-Clause */
/* What the functions that take the place of the C library's have in common. */
#ifndef NETMAP_CALLS_H
#define NETMAP_CALLS_H

#include <errno.h>

/* Leaves the library. */
#define NM_PUBLIC __attribute__((visibility("default")))

/* A result as the C library gives it: 0 and more, or -1 with an errno. */
static inline int nm_result(int r)
{
	if (r >= 0)
		return r;
	errno = -r;
	return -1;
}

#endif
