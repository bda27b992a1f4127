/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The arena: the one region that frames lie in, and the index beside it.
 *
 * Both are address space reserved once; memory is taken chunk by chunk as the arena
 * grows, so that the region stays in one piece (an AF_XDP UMEM must be) and nothing
 * is ever moved.
 *
 *     region |<- chunk_size bytes ->|<- chunk_size bytes ->| ...
 *     index  |<- chunk_size / 32 lines ->|<- ... ->| ...
 */
#ifndef TRACE_ARENA_H
#define TRACE_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weir/stream.h>

#define ARENA_PAGE 4096u
/* Chunks of preloaded traces: a huge page, where the kernel has them. */
#define ARENA_BIG_CHUNK (2u << 20)
/* Chunks of streamed traces: a few of them fit the second-level cache. */
#define ARENA_SMALL_CHUNK (512u << 10)

struct arena {
	uint8_t *base; /* NULL: not made */
	struct weir_frame *index;
	size_t n_chunks, max_chunks;
	uint32_t chunk_size;
	int fd; /* the memfd that base is a mapping of, or -EBADF */
};

/* A run of consecutive frames of one file, and its place in its loop. */
struct arena_chunk {
	uint8_t *mem;
	struct weir_frame *frames;
	uint32_t size, max_frames; /* how much fits */
	uint32_t n;		   /* frames */
	uint32_t used;		   /* bytes of mem, with the gaps */
	uint32_t bytes;		   /* of frames, without */
	uint32_t file;
	uint64_t loop;
	bool loop_begins;
	uint64_t place;					   /* frames of its loop before it */
	uint64_t frames_before, bytes_before, time_before; /* see struct weir_view */
	int64_t ts_zero, ts_max;
	uint32_t *lists; /* see share.h; NULL: frames are not shared out */
};

/* Reserves address space for at least size bytes of frames, in chunks of ARENA_BIG_CHUNK
 * or ARENA_SMALL_CHUNK. shared: such that other processes can map it. */
int arena_init(struct arena *a, uint64_t size, uint32_t chunk_size, bool shared,
	       struct weir_err *err);
void arena_done(struct arena *a);

/* Takes memory for one more chunk, empty. -ENOMEM when the reserve or the machine's
 * memory is used up. */
int arena_grow(struct arena *a, struct arena_chunk *ret_chunk, struct weir_err *err);

static inline void arena_chunk_clear(struct arena_chunk *c)
{
	c->n = c->used = c->bytes = 0;
}

/* A frame on its way into a chunk: its bytes, and what its index line is to say. */
struct arena_frame {
	const uint8_t *data; /* NULL: they are written later, where the line says */
	int64_t ts_ns;
	uint32_t len; /* at most WEIR_FRAME_MAX */
	uint32_t orig_len;
	uint8_t port;
};

/* Copies a frame behind the others. False: the chunk is full. */
bool arena_chunk_put(struct arena_chunk *c, const struct arena_frame *frame);

#endif
