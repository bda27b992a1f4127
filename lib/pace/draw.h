/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Draws from an exponential distribution of mean 1 that depend on nothing but a seed
 * and a place, and are the same on every machine: the generator is integer arithmetic
 * (SplitMix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators",
 * 2014) and the logarithm a fixed sequence of IEEE operations.
 */
#ifndef PACE_DRAW_H
#define PACE_DRAW_H

#include <stdint.h>

/* The draw of place i, in 2^-32: mean 2^32. */
uint64_t draw_exponential(uint64_t seed, uint64_t i);

#endif
