/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Release beside acquisition: locals that free themselves at the end of their scope.
 *
 *	CLEANUP(closep) int fd = open(...);
 *	...
 *	return TAKE_FD(fd);	// the caller owns it now
 */
#ifndef BASE_CLEANUP_H
#define BASE_CLEANUP_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CLEANUP(f) __attribute__((cleanup(f)))

/* Yields p and leaves NULL in it. */
#define TAKE_PTR(p)                                                                                \
	({                                                                                         \
		__typeof__(p) *take_from_ = &(p);                                                  \
		__typeof__(p) taken_ = *take_from_;                                                \
		*take_from_ = NULL;                                                                \
		taken_;                                                                            \
	})

/* Yields fd and leaves -EBADF in it. */
#define TAKE_FD(fd)                                                                                \
	({                                                                                         \
		int *take_from_ = &(fd);                                                           \
		int taken_ = *take_from_;                                                          \
		*take_from_ = -EBADF;                                                              \
		taken_;                                                                            \
	})

/* Makes f##p, a clean-up for pointers released by f, which returns or ignores. */
#define DEFINE_CLEANUP(type, f)                                                                    \
	static inline void f##p(type *p)                                                           \
	{                                                                                          \
		if (*p)                                                                            \
			(void)f(*p);                                                               \
	}

static inline void freep(void *p)
{
	free(*(void **)p);
}

static inline void closep(const int *fd)
{
	if (*fd >= 0)
		(void)close(*fd); /* nothing to be done about it here */
}

static inline void fclosep(FILE **f)
{
	if (*f)
		(void)fclose(*f); /* only for files that were read */
}

#endif
