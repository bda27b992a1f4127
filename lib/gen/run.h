/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef GEN_RUN_H
#define GEN_RUN_H

#include "gen/program.h"

/* Columns are worked on so many numbers at a time: a constant, so that the compiler can
 * make vectors of them. */
#define GEN_STEP 8u

/* The numbers of a frame. */
struct gen_nr {
	uint64_t global; /* in the whole run */
	uint64_t own;	 /* among the frames of its template, in the whole run */
	uint64_t local;	 /* the odometer's: place in the template's sets, or as far as
			  * it likes beyond them: every digit begins anew by itself */
};

/* Frames of one program that are made together. */
struct gen_batch {
	const struct gen_template *t;
	const struct gen_program *p;
	unsigned n;	  /* at most GEN_BATCH */
	bool consecutive; /* .own and .local go up by one from those of nr[0] on; */
	bool in_a_row;	  /* .global does, too, and nothing but nr[0] is set */
	/* If not in a row, the last one's stand once more up to a multiple of GEN_STEP. */
	struct gen_nr nr[GEN_BATCH];
};

static inline uint64_t gen_own(const struct gen_batch *b, unsigned j)
{
	return b->consecutive ? b->nr[0].own + j : b->nr[j].own;
}

static inline uint64_t gen_global(const struct gen_batch *b, unsigned j)
{
	return b->in_a_row ? b->nr[0].global + j : b->nr[j].global;
}

/* Makes the frames. pkts[].len are set. */
void gen_run(const struct gen_batch *batch, struct weir_pkt *pkts);

#endif
