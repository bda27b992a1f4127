/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rings of captured frames (capture.h of the programs has the layout): the side that writes
 * blocks, for threads that receive, and the side that reads them.
 */
#ifndef CAPTURE_BLOCKRING_H
#define CAPTURE_BLOCKRING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weir/err.h>

#include "capture.h"

#include "base/bytes.h"
#include "base/macros.h"

/* What became of frames on their way into a ring. */
struct blockring_counts {
	uint64_t frames; /* are, or were, in it */
	uint64_t filtered, dropped, nested;
};

struct blockring {
	struct capture_ring *shared;
	uint8_t *data;
	uint64_t size;	   /* of data: a power of two, at least CAPTURE_CHUNK */
	size_t mapped;	   /* bytes at shared; 0: they are not ours */
	uint32_t iface;	   /* of all its frames, as the file counts them; but */
	uint32_t hw_iface; /* of those with a time of the device's clock */
	bool raw_time;	   /* these have it as it is, and not as UTC */
	unsigned queue;	   /* for people */
	unsigned options;  /* enum capture_options */

	/* Of a ring that is filled on when its reader goes: what earlier readers have told, and
	 * what there was when this one left. */
	bool outlives; /* it is such a one */
	struct blockring_counts base, last;
	uint64_t last_head;
	_Atomic uint64_t limit; /* what lies behind it is left to the next reader */
	_Atomic bool left;	/* last and last_head are set */
};

/* Bytes of memory that a ring with so much room for data takes: whole pages, so that the data
 * of several in a row begin with pages, which can be written past the page cache. */
static inline size_t blockring_memory(uint64_t size)
{
	const uint64_t slack = (CAPTURE_SLACK + CAPTURE_PAGE - 1) / CAPTURE_PAGE * CAPTURE_PAGE;

	return CAPTURE_PAGE + size + slack;
}

/* Makes one in memory of this process. -ENOMEM. To be ended with blockring_done(). */
int blockring_init(struct blockring *r, uint64_t size, struct weir_err *err);
/* Over blockring_memory(size) bytes, which are lent as long as it is used. */
void blockring_init_at(struct blockring *r, void *mem, uint64_t size);
/* Copes with zeroed memory. */
void blockring_done(struct blockring *r);

/*
 * A ring that outlives its readers: one joins it, tells of what it finds, leaves it when it
 * wants no more (what comes from then on is the next one's), reads up to there, and has then
 * told the counts. A reader that dies without leaving has told nothing of what was dropped.
 */
void blockring_join(struct blockring *r);
void blockring_leave(struct blockring *r);
void blockring_told(struct blockring *r);
/* The reader, at pos, takes no more than it has, whether it has left or not. */
void blockring_stop_at(struct blockring *r, uint64_t pos);

/* What this reader is to tell: of a ring of its own all there is. From any thread. */
struct blockring_counts blockring_counts(const struct blockring *r);

/* Between joining and reading: what lies in the ring, too, is of that interface of the file. */
void blockring_set_iface(struct blockring *r, uint32_t iface);

/* Frames from position pos to end, which both begin or end a block. */
uint64_t blockring_frames_between(const struct blockring *r, uint64_t pos, uint64_t end);

/* For whoever writes the counter. */
void blockring_count(__u64 *counter, uint64_t n);

/* A frame on its way into a ring. */
struct blockring_frame {
	const uint8_t *data;
	uint32_t len, orig_len;
	uint64_t ts_ns; /* ns since 1970 UTC; a time of the device's clock as the ring wants it */
	uint32_t flags; /* epb_flags */
	bool hw_time;	/* it is of the device's clock */
};

/* Writes the frame's block, to be seen after blockring_publish(). False: there is no room, and it
 * is counted. *head is the ring's, or what the last call has left there. */
bool blockring_put(struct blockring *r, uint64_t *head, const struct blockring_frame *f);
void blockring_publish(struct blockring *r, uint64_t head);

/* What a reader finds at a position. */
static inline uint8_t *blockring_at(const struct blockring *r, uint64_t pos)
{
	return r->data + (pos & (r->size - 1));
}

static inline uint64_t blockring_head(const struct blockring *r)
{
	const uint64_t limit = atomic_load_explicit(&r->limit, memory_order_acquire);

	/* With blockring_publish(). */
	return MIN(__atomic_load_n(&r->shared->head, __ATOMIC_ACQUIRE), limit);
}

/* From now on times of the device's clock become UTC by this line. One thread does that. */
void blockring_set_line(struct blockring *r, const struct capture_line *line);

/* Nothing before pos is read any more. */
static inline void blockring_release(struct blockring *r, uint64_t pos)
{
	__atomic_store_n(&r->shared->tail, pos, __ATOMIC_RELEASE); /* with blockring_put() */
}

static inline uint64_t blockring_counter(const __u64 *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

/* Blocks: type, length, and of a frame the time. */
static inline bool block_is_frame(const uint8_t *block)
{
	return raw32_at(block) != CAPTURE_FILLER;
}

static inline uint32_t block_len(const uint8_t *block)
{
	return raw32_at(block + 4);
}

static inline uint32_t block_iface(const uint8_t *block)
{
	return raw32_at(block + 8);
}

static inline uint64_t block_time(const uint8_t *block)
{
	return (uint64_t)raw32_at(block + 12) << 32 | raw32_at(block + 16);
}

static inline uint32_t block_frame_len(const uint8_t *block)
{
	return raw32_at(block + 20);
}

static inline uint32_t block_orig_len(const uint8_t *block)
{
	return raw32_at(block + 24);
}

#endif
