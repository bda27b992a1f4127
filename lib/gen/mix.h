/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef GEN_MIX_H
#define GEN_MIX_H

#include "gen/program.h"

/* How long a round of turns may be. */
#define GEN_MAX_TURNS 65536u

/* A round in which part i of n has weights[i] turns, evenly spread: *ret_n parts in
 * turn. -ERANGE: the weights add up to 0 or more than GEN_MAX_TURNS; -ENOMEM. Writes
 * no text. */
int gen_mix_turns(struct gen_pool *pool, const uint32_t *weights, unsigned n, uint32_t *ret_n,
		  uint32_t **ret_turns);

#endif
