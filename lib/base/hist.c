/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/hist.h"

#include "base/macros.h"

unsigned weir_hist_bucket(uint64_t value)
{
	return hist_bucket(value);
}

uint64_t weir_hist_least(unsigned bucket)
{
	unsigned shift = bucket >> WEIR_HIST_BITS;

	if (shift <= 1)
		return bucket;
	shift--;
	return (uint64_t)(bucket - (shift << WEIR_HIST_BITS)) << shift;
}

static uint64_t load(const uint64_t *p)
{
	return __atomic_load_n(p, __ATOMIC_RELAXED);
}

void weir_hist_merge(struct weir_hist *to, const struct weir_hist *from)
{
	for (unsigned i = 0; i < WEIR_HIST_BUCKETS; i++)
		to->count[i] += load(&from->count[i]);
	to->n += load(&from->n);
	to->max = MAX(to->max, load(&from->max));
}

uint64_t weir_hist_quantile(const struct weir_hist *h, double share)
{
	double wanted = share * (double)h->n;
	uint64_t seen = 0;

	for (unsigned i = 0; i < WEIR_HIST_BUCKETS; i++) {
		seen += h->count[i];
		if (h->count[i] && (double)seen >= wanted)
			return i + 1 < WEIR_HIST_BUCKETS ? MIN(weir_hist_least(i + 1) - 1, h->max)
							 : h->max;
	}
	return h->max;
}

uint64_t weir_hist_above(const struct weir_hist *h, uint64_t limit)
{
	uint64_t sum = 0;

	for (unsigned i = hist_bucket(limit) + 1; i < WEIR_HIST_BUCKETS; i++)
		sum += h->count[i];
	return sum;
}
