/* SPDX-License-Identifier: BSD-2-Clause */
/* Random bits as a function of a number. */
#ifndef BASE_MIX_H
#define BASE_MIX_H

#include <stdint.h>

/* What SplitMix64 adds to its state from one number to the next. */
#define MIX_STEP 0x9e3779b97f4a7c15ULL

/* The finalizer of SplitMix64: each bit of the result depends on all of x. */
static inline uint64_t mix64(uint64_t x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

#endif
