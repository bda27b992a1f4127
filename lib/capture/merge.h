/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Several rings read as one row of frames, in the order of their times. What is given are
 * spans: blocks that lie one after another in one ring and come one after another in the row.
 */
#ifndef CAPTURE_MERGE_H
#define CAPTURE_MERGE_H

#include <stdbool.h>
#include <stdint.h>

#include "capture/blockring.h"

/* What was seen of a span that was not taken, and maybe goes on by now. */
struct walk {
	uint64_t begin, end; /* positions */
	uint32_t len, frames;
	uint64_t bytes;
	uint64_t latest_ns; /* time of a frame */
};

/* How far one ring has been read. */
struct cursor {
	struct blockring *ring;
	uint64_t pos, head;
	uint64_t time; /* of the frame at pos; UINT64_MAX: there is none */
	uint64_t lent; /* bytes before pos that somebody still reads */
	struct walk walk;
};

struct merge {
	struct cursor *cursors;
	unsigned n;
};

struct span {
	struct cursor *from;
	uint8_t *data; /* lent until merge_release() */
	uint64_t end;  /* position in the ring */
	uint32_t len, frames;
	uint64_t bytes; /* of the frames, as long as they were on the wire */
	bool whole;	/* all frames of a chunk, behind which there is at most a filler */
	bool grows;	/* the first frames of a chunk, more of which are to come or to be due, and
			 * none of other rings before them */
};

struct span_limit {
	uint64_t before_ns; /* of no frame later than this; UINT64_MAX: of any */
	uint64_t frames;    /* at most */
	uint64_t len;	    /* bytes of blocks at most, but at least one block */
};

/* Over n rings, lent as long as m is used. -ENOMEM. To be ended with merge_done(). */
int merge_init(struct merge *m, struct blockring *const *rings, unsigned n);
void merge_done(struct merge *m);

/* Sees what has come into the rings. True: one of them is more than half full. */
bool merge_refresh(struct merge *m);

/* The time of the next frame; UINT64_MAX: there is none. */
uint64_t merge_time(struct merge *m);

/* The next span. False: there is none within the limit. */
bool merge_next(struct merge *m, const struct span_limit *limit, struct span *ret_span);

/* The span is needed no more: the next one follows it. */
void merge_release(const struct span *span);

/* The same for a whole one, but its chunk is still being read. Chunks of a ring are given back
 * in their order: len bytes, the last of which are before the position end. */
void merge_lend(const struct span *span);
void merge_give_back(struct cursor *c, uint64_t len, uint64_t end);

/* Rings that outlive their readers are read no further. */
void merge_leave_rest(struct merge *m);

#endif
