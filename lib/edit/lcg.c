/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The pseudo random numbers that tcpreplay's --seed options give: the portable rand_r()
 * of POSIX, three steps of a 32-bit congruential generator for each number.
 */
#include "edit/edit.h"

static uint32_t step(uint32_t *state)
{
	*state = *state * 1103515245u + 12345u;
	return *state >> 16;
}

uint32_t lcg_draw(uint32_t *state)
{
	uint32_t r = step(state) % 2048;

	r = r << 10 ^ step(state) % 1024;
	return r << 10 ^ step(state) % 1024;
}

uint32_t lcg_mix(uint32_t seed, uint32_t *ret_draw)
{
	for (unsigned i = 0; i < 5; i++)
		*ret_draw = lcg_draw(&seed);
	return seed;
}
