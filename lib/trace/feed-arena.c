/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames from chunks that are loaded already: one pass after another over them. */
#include <errno.h>
#include <stdlib.h>

#include "base/err.h"
#include "trace/feed.h"

struct feed_arena {
	struct feed feed;
	const struct arena_chunk *chunks;
	size_t n_chunks;
	uint32_t linktype;
	size_t chunk; /* the next frame's */
	uint32_t frame;
	uint64_t nr;
	struct weir_record rec; /* the frame given last */
};

static int arena_begin(struct feed *feed, uint64_t loop, struct weir_err *err)
{
	struct feed_arena *f = (struct feed_arena *)feed;

	(void)loop;
	(void)err;
	f->chunk = 0;
	f->frame = 0;
	f->nr = 0;
	return 0;
}

static int arena_next(struct feed *feed, struct feed_frame *ret)
{
	struct feed_arena *f = (struct feed_arena *)feed;
	const struct arena_chunk *c;
	const struct weir_frame *line;

	if (f->chunk == f->n_chunks)
		return 0;
	c = &f->chunks[f->chunk];
	line = &c->frames[f->frame];
	f->rec = (struct weir_record){
		.data = c->mem + line->off,
		.len = line->len,
		.orig_len = line->orig_len,
		.ts_ns = line->ts_ns,
		.linktype = f->linktype,
		.nr = ++f->nr,
	};
	*ret = (struct feed_frame){ .rec = &f->rec, .file = c->file, .port = line->port };
	if (++f->frame == c->n) {
		f->frame = 0;
		f->chunk++;
	}
	return 1;
}

static struct feed *arena_free(struct feed *feed)
{
	free(feed);
	return NULL;
}

int feed_arena_new(const struct arena_chunk *chunks, size_t n_chunks, uint32_t linktype,
		   struct feed **ret_feed, struct weir_err *err)
{
	struct feed_arena *f = calloc(1, sizeof(*f));

	if (!f)
		return err_set(err, -ENOMEM, "out of memory");
	f->feed = (struct feed){ .begin = arena_begin, .next = arena_next, .free = arena_free };
	f->chunks = chunks;
	f->n_chunks = n_chunks;
	f->linktype = linktype;
	*ret_feed = &f->feed;
	return 0;
}
