/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Filling blocks. Where frames may not become longer the block gets the reader's window
 * and the reader goes on with the block's memory; otherwise, and where the window is the
 * caller's memory, frames are copied, each with room behind it and in front.
 */
#include <weir/block.h>

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "trace/reader.h"

enum {
	FRAMES_MAX = 4096,
	HEAD_ROOM = 32,		/* for the writer, in front and at the end */
	COPY_SIZE = 256 * 1024, /* fits the second-level cache */
};

DEFINE_CLEANUP(struct weir_block *, weir_block_free)

int weir_block_new(uint32_t growth, struct weir_block **ret_block, struct weir_err *err)
{
	CLEANUP(weir_block_freep)
	struct weir_block *b = calloc(1, sizeof(*b));

	if (b)
		b->frames = malloc(FRAMES_MAX * sizeof(*b->frames));
	if (!b || !b->frames)
		return err_set(err, -ENOMEM, "out of memory");
	b->n_room = FRAMES_MAX;
	b->growth = growth;

	*ret_block = TAKE_PTR(b);
	return 0;
}

struct weir_block *weir_block_free(struct weir_block *b)
{
	if (!b)
		return NULL;

	free(b->frames);
	free(b->mem);
	free(b);
	return NULL;
}

/* The frame that stands in the window. */
static inline struct weir_buf frame_of(const struct weir_record *rec)
{
	return (struct weir_buf){
		.data = (uint8_t *)(uintptr_t)rec->data, /* it becomes the block's, or a copy */
		.len = rec->len,
		.room = rec->len,
		.orig_len = rec->orig_len,
		.iface = rec->iface,
		.ts_ns = rec->ts_ns,
		.nr = rec->nr,
		.linktype = (uint16_t)rec->linktype,
	};
}

/* The window is held, and rec the first frame in it. */
static int take_window(struct weir_reader *r, struct weir_block *b, struct weir_record *rec)
{
	do
		b->frames[b->n++] = frame_of(rec);
	while (b->n < FRAMES_MAX && r->next(r, rec, NULL) == 1);
	return source_exchange(r->src, &b->mem, &b->size);
}

static int grow_frames(struct weir_block *b)
{
	struct weir_buf *more = realloc(b->frames, 2 * b->n_room * sizeof(*more));

	if (!more)
		return -ENOMEM;
	b->frames = more;
	b->n_room *= 2;
	return 0;
}

/* What was copied moves with the memory. */
static int grow_mem(struct weir_block *b, size_t size)
{
	uint8_t *mem = malloc(size);

	if (!mem)
		return -ENOMEM;
	if (b->n)
		memcpy(mem, b->mem, b->used);
	for (unsigned i = 0; i < b->n; i++)
		b->frames[i].data = mem + (b->frames[i].data - b->mem);
	free(b->mem);
	b->mem = mem;
	b->size = size;
	return 0;
}

static int add(struct weir_block *b, const struct weir_buf *frame, uint32_t room)
{
	const size_t size = HEAD_ROOM + (size_t)room;
	struct weir_buf *f;

	if (!b->n)
		b->used = 0;
	if (b->n == b->n_room && grow_frames(b) < 0)
		return -ENOMEM;
	if (b->size < b->used + size + HEAD_ROOM &&
	    grow_mem(b, MAX(2 * (b->used + size + HEAD_ROOM), (size_t)COPY_SIZE)) < 0)
		return -ENOMEM;

	f = &b->frames[b->n++];
	*f = *frame;
	f->data = b->mem + b->used + HEAD_ROOM;
	f->room = room;
	memcpy(f->data, frame->data, frame->len);
	b->used += size;
	return 0;
}

int weir_block_add(struct weir_block *b, const struct weir_buf *frame, struct weir_err *err)
{
	return add(b, frame, frame->len) < 0 ? err_set(err, -ENOMEM, "out of memory") : 0;
}

static int copy_window(struct weir_reader *r, struct weir_block *b, struct weir_record *rec)
{
	do {
		const struct weir_buf frame = frame_of(rec);
		uint32_t room = frame.len;

		if (b->growth)
			room = MAX(room, MIN(frame.orig_len, WEIR_FRAME_MAX)) + b->growth;
		if (add(b, &frame, room) < 0)
			return -ENOMEM;
	} while (b->n < FRAMES_MAX && b->used < COPY_SIZE && r->next(r, rec, NULL) == 1);
	return 0;
}

int weir_reader_fill(struct weir_reader *r, struct weir_block *b, struct weir_err *err)
{
	struct weir_record rec;
	int ret;

	b->n = 0;
	ret = weir_reader_next(r, &rec, err);
	if (ret != 1)
		return ret;

	/* What ends the rest, if not the window, is told by the next call. */
	source_hold(r->src, true);
	ret = b->growth || !r->src->buf ? copy_window(r, b, &rec) : take_window(r, b, &rec);
	source_hold(r->src, false);
	return ret < 0 ? reader_fail(r, err, ret, "no memory for a block of frames") : 1;
}
