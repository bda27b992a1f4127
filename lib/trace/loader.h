/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The loader: takes frames from a feed through the stages into chunks, and keeps the
 * books of where each chunk stands in its loop.
 */
#ifndef TRACE_LOADER_H
#define TRACE_LOADER_H

#include <stdbool.h>
#include <stdint.h>

#include <weir/chain.h>
#include <weir/stream.h>

#include "trace/arena.h"
#include "trace/feed.h"

struct loader {
	struct feed *feed; /* lent */
	const struct weir_stage *stages;
	unsigned n_stages;
	bool pad;
	bool live; /* when a pipe has no more for now, a chunk is done though not full */

	uint64_t loop;
	struct arena_frame hand; /* the frame in hand, if have */
	uint32_t file;		 /* it comes from */
	bool have;
	bool any; /* frames were loaded in this pass */

	/* Frames on their way: from the feed, through the chain, to made[at] and the hand. */
	struct feed_frame from;
	struct weir_buf put; /* what the chain was given last */
	struct weir_chain chain;
	struct weir_buf *made;
	unsigned n_made, at;
	bool changes;	  /* the chain's stages do */
	bool in_chain;	  /* frames were put into the chain since its last end */
	bool waits;	  /* .from has not been put yet: its file begins with it */
	uint8_t *scratch; /* frames that stages change; NULL until needed */

	/* Where the next frame stands in this pass. */
	uint64_t frames, bytes, time_before;
	uint32_t cur_file;
	int64_t ts_zero, ts_max;
};

/* Begins a pass. Everything above the first blank line is set by the caller. */
int loader_begin(struct loader *l, uint64_t loop, struct weir_err *err);

/* Fills an empty chunk with frames of one file. 1: it has some; 0: the pass is over;
 * negative: a stage failed, or memory did. */
int loader_fill(struct loader *l, struct arena_chunk *c, struct weir_err *err);

/* Recorded time of the pass so far, ns. */
uint64_t loader_span(const struct loader *l);

void loader_done(struct loader *l);

#endif
