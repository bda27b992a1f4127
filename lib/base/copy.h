/* SPDX-License-Identifier: BSD-2-Clause */
/* Copying frames. */
#ifndef BASE_COPY_H
#define BASE_COPY_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/macros.h"

/*
 * memcpy(3) for the bytes of a frame. The shortest frames, of which there are most a second,
 * are copied in place, by pieces that overlap in the middle. The compiler must not know that
 * a length has a bound: gcc then makes "rep movsq" of memcpy(), which takes 30 ns to start.
 */
static inline void copy_frame(uint8_t *to, const uint8_t *from, size_t n)
{
	typedef uint64_t piece __attribute__((vector_size(16), aligned(1), may_alias));
	const piece *a = (const piece *)(const void *)from;
	const piece *a_end = (const piece *)(const void *)(from + n);
	piece *b = (piece *)(void *)to, *b_end = (piece *)(void *)(to + n);

	if (likely(n >= 2 * sizeof(piece) && n <= 4 * sizeof(piece))) {
		const piece p0 = a[0], p1 = a[1], p2 = a_end[-2], p3 = a_end[-1];

		b[0] = p0;
		b[1] = p1;
		b_end[-2] = p2;
		b_end[-1] = p3;
		return;
	}
	__asm__("" : "+r"(n));
	memcpy(to, from, n);
}

/* The line at p is going to be written: take it from whichever processor has it. */
static inline void prefetch_for_writing(const void *p)
{
#if defined(__x86_64__)
	/* The builtin makes it only for processors that are sure to have it; to all others it
	 * is a nop. */
	__asm__ volatile("prefetchw %0" : : "m"(*(const char *)p));
#else
	__builtin_prefetch(p, 1);
#endif
}

/*
 * Copies a frame into a buffer of many that lie one after another, size bytes each, and are
 * filled in that order: fetches lines of one that follows. The buffers were read by somebody
 * else last; a copy that has to wait for each line takes two to three times as long.
 */
static inline void copy_ahead(uint8_t *to, const uint8_t *from, size_t n, size_t size)
{
	const size_t short_frame = 128, ahead = n > short_frame ? 2 : 16;

	for (size_t i = 0; i < n; i += 64)
		prefetch_for_writing(to + ahead * size + i);
	copy_frame(to, from, n);
}

#endif
