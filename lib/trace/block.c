/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Filling blocks. Where frames may not become longer the reader reads into the block's
 * memory; otherwise, and where it has been given all in memory that is not its own, frames
 * are copied, each with room behind it and in front.
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
	HEAD_ROOM = 32, /* for the writer, in front and at the end */
	FRONT_SIZE = 16 * 1024,
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

	if (b->own_notes)
		notes_done(b->own_notes);
	free(b->own_notes);
	free(b->frames);
	free(b->mem);
	free(b);
	return NULL;
}

int weir_block_note(struct weir_block *b, unsigned which, struct weir_err *err)
{
	if (!b->own_notes)
		b->own_notes = calloc(1, sizeof(*b->own_notes));
	if (!b->own_notes)
		return err_set(err, -ENOMEM, "out of memory");
	b->own_notes->which = which;
	b->notes = b->own_notes;
	return 0;
}

uint32_t weir_notes_ifaces(const struct weir_notes *n)
{
	return n ? n->n_ifaces : 0;
}

static int no_memory(struct weir_reader *r, struct weir_err *err)
{
	return reader_fail(r, err, -ENOMEM, "no memory for a block of frames");
}

/* Makes a frame of what stands in the window. Field by field: a struct that is made first and
 * copied then is read before its small fields have been written. */
static inline void set_frame(struct weir_buf *f, const struct weir_record *rec)
{
	f->data = (uint8_t *)(uintptr_t)rec->data; /* it becomes the block's, or a copy */
	f->len = rec->len;
	f->room = rec->len;
	f->orig_len = rec->orig_len;
	f->iface = rec->iface;
	f->file = 0;
	f->ts_ns = rec->ts_ns;
	f->nr = rec->nr;
	f->loop = 0;
	f->linktype = (uint16_t)rec->linktype;
	f->port = 0;
}

/* Frames as they stand in the window. The first is read, and what is behind it is taken
 * as far as it is in the window. */
static int take_window(struct weir_reader *r, struct weir_block *b, struct weir_err *err)
{
	struct weir_record rec;
	int ret = weir_reader_next(r, &rec, err);

	if (ret != 1)
		return ret;

	/* What ends the rest, if not the window, is told by the next call. */
	source_hold(r->src, true);
	do
		set_frame(&b->frames[b->n++], &rec);
	while (b->n < FRAMES_MAX && r->next(r, &rec, NULL) == 1);
	source_hold(r->src, false);
	return 1;
}

/*
 * The reader reads into the block's memory meanwhile. Its own holds only the record between
 * two blocks, so that of several blocks each keeps its memory, and with it its processor's
 * cache.
 */
static int read_into(struct weir_reader *r, struct weir_block *b, struct weir_err *err)
{
	int ret, q;

	ret = source_exchange(r->src, &b->mem, &b->size);
	if (ret < 0)
		return no_memory(r, err);
	ret = take_window(r, b, err);
	q = source_exchange(r->src, &b->mem, &b->size);
	return q < 0 ? no_memory(r, err) : ret;
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

/* Copies of the frames in the window, each with room to grow. */
static int copy_window(struct weir_reader *r, struct weir_block *b, struct weir_err *err)
{
	struct weir_record rec;
	int ret = weir_reader_next(r, &rec, err);

	if (ret != 1)
		return ret;

	source_hold(r->src, true);
	do {
		struct weir_buf frame;
		uint32_t room = rec.len;

		set_frame(&frame, &rec);
		if (b->growth)
			room = MAX(room, MIN(frame.orig_len, WEIR_FRAME_MAX)) + b->growth;
		ret = add(b, &frame, room);
	} while (ret >= 0 && b->n < FRAMES_MAX && b->used < COPY_SIZE &&
		 r->next(r, &rec, NULL) == 1);
	source_hold(r->src, false);
	return ret < 0 ? no_memory(r, err) : 1;
}

bool weir_reader_share(struct weir_reader *r)
{
	r->fetching = source_can_fetch(r->src);
	r->fetch_base = r->src->end_offset;
	return r->fetching;
}

/* Memory for size bytes in front of a chunk, which stays. */
static int make_front(struct weir_block *b, size_t size)
{
	uint8_t *mem = malloc(size + SOURCE_CHUNK);

	if (!mem)
		return -ENOMEM;
	if (b->mem)
		memcpy(mem + size, b->mem + b->front, SOURCE_CHUNK);
	free(b->mem);
	b->mem = mem;
	b->front = size;
	b->size = size + SOURCE_CHUNK;
	return 0;
}

void weir_reader_fetch(const struct weir_reader *r, struct weir_block *b, uint64_t nr)
{
	if (b->mem || make_front(b, FRONT_SIZE) == 0)
		b->fetched = source_fetch(r->src, r->fetch_base, nr, b->mem + b->front);
	else
		b->fetched = -ENOMEM;
}

/* Frames of the chunk, and of what the one before has left. */
static int take_fetched(struct weir_reader *r, struct weir_block *b, struct weir_err *err)
{
	struct weir_record rec;
	int ret;

	if (source_left(r->src) > b->front && make_front(b, source_left(r->src)) < 0)
		return no_memory(r, err);
	source_feed(r->src, b->mem + b->front, b->fetched);
	source_hold(r->src, true);
	while ((ret = weir_reader_next(r, &rec, NULL)) == 1) {
		if (b->n == b->n_room && grow_frames(b) < 0)
			return no_memory(r, err);
		set_frame(&b->frames[b->n++], &rec);
	}
	source_hold(r->src, false);
	if (source_keep(r->src) < 0)
		return no_memory(r, err);
	if (b->n || ret == -EINTR)
		return 1;
	return ret < 0 ? weir_reader_next(r, &rec, err) : 0; /* the same again, with its text */
}

static int fill(struct weir_reader *r, struct weir_block *b, struct weir_err *err)
{
	if (r->fetching)
		return take_fetched(r, b, err);
	if (b->growth || !source_has_memory(r->src))
		return copy_window(r, b, err);
	return read_into(r, b, err);
}

int weir_reader_fill(struct weir_reader *r, struct weir_block *b, struct weir_err *err)
{
	struct weir_notes *notes = b->own_notes;
	int ret;

	b->n = 0;
	if (!notes)
		return fill(r, b, err);

	if (!notes->unfinished)
		notes_begin(notes);
	if (notes_move(notes, &r->pcapng.early) < 0)
		return no_memory(r, err);
	r->pcapng.notes = notes;
	ret = fill(r, b, err);
	r->pcapng.notes = NULL;
	notes->n_ifaces = r->info.n_ifaces;
	notes->unfinished = ret == -EINTR;
	return ret;
}
