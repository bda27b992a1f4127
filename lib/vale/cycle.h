/* SPDX-License-Identifier: BSD-2-Clause */
/* Indices of a ring of n slots, which run from 0 to n - 1 and round. Pure. */
#ifndef VALE_CYCLE_H
#define VALE_CYCLE_H

#include <stdint.h>

#include "vale/shm.h"

static inline uint32_t cycle_next(uint32_t pos, uint32_t n)
{
	return pos + 1 == n ? 0 : pos + 1;
}

static inline uint32_t cycle_before(uint32_t pos, uint32_t n)
{
	return pos ? pos - 1 : n - 1;
}

/* Slots from one up to another, which is not counted. */
static inline uint32_t cycle_distance(uint32_t from, uint32_t to, uint32_t n)
{
	return to >= from ? to - from : to + n - from;
}

/* Slots that a frame takes. */
static inline uint32_t cycle_slots_for(uint32_t len)
{
	return len <= VALE_BUF_SIZE ? 1 : (len + VALE_BUF_SIZE - 1) / VALE_BUF_SIZE;
}

#endif
