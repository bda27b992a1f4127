/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory of whole cache lines, for what one thread writes beside what others do. */
#ifndef BASE_LINES_H
#define BASE_LINES_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define LINE_SIZE 64u

/* n objects of size bytes, zeroed, to be freed with free(3); at least one line. NULL: there is
 * no memory for them. */
static inline void *lines_new(size_t n, size_t size)
{
	size_t all;
	void *p;

	if (__builtin_mul_overflow(n, size, &all) || all > SIZE_MAX - LINE_SIZE)
		return NULL;
	all = (all + LINE_SIZE - 1) / LINE_SIZE * LINE_SIZE;
	all = all ? all : LINE_SIZE;
	p = aligned_alloc(LINE_SIZE, all);
	return p ? memset(p, 0, all) : NULL;
}

#endif
