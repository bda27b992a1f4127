/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ring of chunks of a streamed trace. Each chunk goes round
 *
 *	spare -> filled -> marked -> taken by every cursor -> released by every cursor
 *	  ^                                                            |
 *	  +------------------------------------------------------------+
 *
 * by the hands of a filling thread, a marking thread (where there is nothing to mark the
 * chunk passes at once) and the cursors' threads. Chunks keep their order; among the
 * spare ones the one freed last is filled next, since it is still in the cache.
 */
#ifndef TRACE_RING_H
#define TRACE_RING_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "trace/arena.h"
#include "trace/share.h"

/* A cursor may hold four; the filler and the marker have one each; the rest, 29 MiB, is
 * how far a trace is read ahead of a sender that is slower than the reader. */
#define RING_CHUNKS 64u

struct ring_cursor {
	uint64_t taken, released; /* chunks since the start */
	uint64_t waited_ns;	  /* for chunks other than the first */
};

struct ring {
	struct arena arena;
	struct arena_chunk chunks[RING_CHUNKS];
	struct arena_chunk *order[RING_CHUNKS]; /* chunks under way, by their number */
	struct arena_chunk *spare[RING_CHUNKS]; /* a stack */

	pthread_mutex_t lock; /* of all below */
	pthread_cond_t changed;
	unsigned n_spare;
	uint64_t filled, marked, freed; /* chunks since the start */
	bool marking;			/* there is a marking thread */
	bool ended;			/* nothing more will be filled */
	bool stop;
	struct ring_cursor *cursors;
	unsigned n_cursors;
};

/* Makes a ring. ring_done() must be called whatever the result. */
int ring_init(struct ring *r, unsigned n_cursors, bool marking, bool shared,
	      const struct share *share, struct weir_err *err);
void ring_done(struct ring *r);

/* The filler: a spare chunk, NULL when stopped; it is then published or given back. */
struct arena_chunk *ring_reserve(struct ring *r);
void ring_publish(struct ring *r, struct arena_chunk *c);
void ring_give_back(struct ring *r, struct arena_chunk *c);
void ring_end(struct ring *r);

/* The marker: the next chunk that was filled, NULL at the end or when stopped. */
struct arena_chunk *ring_to_mark(struct ring *r);
void ring_marked(struct ring *r);

/* Cursors: see weir_stream_wait(), weir_stream_next() and weir_stream_release(). */
int ring_wait(struct ring *r, unsigned cursor, uint64_t timeout_ns);
int ring_next(struct ring *r, unsigned cursor, struct arena_chunk **ret_chunk);
void ring_release(struct ring *r, unsigned cursor);
/* The longest that a cursor has waited. */
uint64_t ring_waited(struct ring *r);

/* Wakes everybody; nothing goes on. */
void ring_stop(struct ring *r);

#endif
