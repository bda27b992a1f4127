/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random order without memory: a Feistel network permutes the numbers of an even count
 * of bits, the fewest that hold n; what comes out beyond n goes in again (cycle walking),
 * on average less than three times more.
 */
#include "gen/shuffle.h"

#include "gen/program.h"

#define ROUNDS 4u

static uint64_t permute(uint64_t v, unsigned half, uint64_t key)
{
	uint64_t mask = (1ULL << half) - 1, left = v >> half, right = v & mask;

	for (unsigned round = 0; round < ROUNDS; round++) {
		uint64_t next = left ^ (gen_random(key + round, right) & mask);

		left = right;
		right = next;
	}
	return left << half | right;
}

uint64_t gen_shuffle(uint64_t i, uint64_t n, uint64_t key)
{
	unsigned bits = n > 1 ? 64 - (unsigned)__builtin_clzll(n - 1) : 1;

	do
		i = permute(i, (bits + 1) / 2, key);
	while (i >= n);
	return i;
}
