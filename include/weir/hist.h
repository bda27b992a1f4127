/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Histograms of times: log-linear, from 1 ns to centuries, exact to 3 %.
 *
 * Values below 32 have a bucket each; above, every power of two is cut into 32 equal
 * buckets. That takes 15 KiB, no memory management, and a few instructions a value.
 */
#ifndef WEIR_HIST_H
#define WEIR_HIST_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define WEIR_HIST_BITS	  5
#define WEIR_HIST_BUCKETS ((64 - WEIR_HIST_BITS + 1) << WEIR_HIST_BITS)

struct weir_hist {
	uint64_t count[WEIR_HIST_BUCKETS];
	uint64_t n;   /* values recorded */
	uint64_t max; /* the largest */
};

/* Bucket of a value, and the least value of a bucket. */
unsigned weir_hist_bucket(uint64_t value);
uint64_t weir_hist_least(unsigned bucket);

/* Adds one to to. */
void weir_hist_merge(struct weir_hist *to, const struct weir_hist *from);

/* The value that a share of all values (0 to 1) does not exceed: the largest of its
 * bucket, and never more than the largest recorded. 0 if there is none. */
uint64_t weir_hist_quantile(const struct weir_hist *h, double share);

/* How many values exceed limit, to the exactness of its bucket. */
uint64_t weir_hist_above(const struct weir_hist *h, uint64_t limit);

#ifdef __cplusplus
}
#endif
#endif
