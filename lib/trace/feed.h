/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Feeds: where the frames of one pass come from, in the order they are to leave.
 *
 * There are three: the files of a trace (one after another, or pairs merged by time),
 * an arena that is loaded already (for stages whose result depends on the loop), and
 * frames that are made on demand.
 */
#ifndef TRACE_FEED_H
#define TRACE_FEED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weir/stream.h>
#include <weir/trace.h>

#include "trace/arena.h"

struct feed_frame {
	const struct weir_record *rec; /* lent until the next frame is asked for */
	uint32_t file;
	uint8_t port;
};

struct feed {
	/* Begins a pass. Negative: a file is not there any more. */
	int (*begin)(struct feed *feed, uint64_t loop, struct weir_err *err);
	/* 1: a frame; 0: the end of the pass; -EAGAIN: in a hurry, and a pipe has none yet. */
	int (*next)(struct feed *feed, struct feed_frame *ret_frame);
	/*
	 * Both NULL, or: frames can be made in place instead of asked for one by one.
	 * lens tells the lengths of the next frames, at most max of them, 0 at the end of
	 * the pass; make makes the first n of these at pkts[].data and goes on behind
	 * them.
	 */
	unsigned (*lens)(struct feed *feed, uint32_t *ret_lens, unsigned max);
	void (*make)(struct feed *feed, struct weir_pkt *pkts, unsigned n);
	struct feed *(*free)(struct feed *feed); /* returns NULL */
	/* Waiting for a pipe ends the pass once this eventfd is readable; lent, -1: never. */
	int cancel_fd;
	/* Set by the caller of next: pipes are not waited for. */
	bool hurry;
	/* Bytes of input read, over all passes; from any thread. */
	_Atomic uint64_t input_done;
};

/*
 * The files of opts. Opens each once to see that it can be read (pipes excepted).
 * Damage is told through opts->report in the first pass and counted in *problems.
 * ret_linktype is that of the first file's first interface; frames of any other, and
 * frames longer than WEIR_FRAME_MAX, are left out, which is told and counted too. Free with
 * feed->free(feed).
 */
int feed_files_new(const struct weir_stream_opts *opts, _Atomic uint64_t *problems,
		   struct feed **ret_feed, uint32_t *ret_linktype, struct weir_err *err);

/* Bytes of all files, 0 if one is a pipe. */
uint64_t feed_files_size(const struct weir_stream_opts *opts);

/* The frames of chunks that lie ready. chunks is lent. */
int feed_arena_new(const struct arena_chunk *chunks, size_t n_chunks, uint32_t linktype,
		   struct feed **ret_feed, struct weir_err *err);

/* What the maker makes, n_frames a pass; it is copied. */
int feed_made_new(const struct weir_maker *maker, uint64_t n_frames, struct feed **ret_feed,
		  struct weir_err *err);

#endif
