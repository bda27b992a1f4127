/* SPDX-License-Identifier: BSD-2-Clause */
/* Recording into a histogram that one thread writes and others may read meanwhile. */
#ifndef BASE_HIST_H
#define BASE_HIST_H

#include <weir/hist.h>

static inline unsigned hist_bucket(uint64_t v)
{
	unsigned shift;

	if (v < 1u << WEIR_HIST_BITS)
		return (unsigned)v;
	/* The top bit and the WEIR_HIST_BITS below it. */
	shift = 63u - (unsigned)__builtin_clzll(v) - WEIR_HIST_BITS;
	return (shift << WEIR_HIST_BITS) + (unsigned)(v >> shift);
}

static inline void hist_store(uint64_t *p, uint64_t v)
{
	__atomic_store_n(p, v, __ATOMIC_RELAXED);
}

static inline void hist_add(struct weir_hist *h, uint64_t value)
{
	uint64_t *bucket = &h->count[hist_bucket(value)];

	hist_store(bucket, *bucket + 1);
	hist_store(&h->n, h->n + 1);
	if (value > h->max)
		hist_store(&h->max, value);
}

#endif
