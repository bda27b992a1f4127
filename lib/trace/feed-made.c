/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames that are made on demand. One after another they are made in a buffer; in place
 * they are made where the loader has room for them. */
#include <errno.h>
#include <stdlib.h>

#include <weir/frame.h>

#include "base/err.h"
#include "base/macros.h"
#include "trace/feed.h"

struct feed_made {
	struct feed feed;
	struct weir_maker maker;
	uint64_t at, end; /* numbers of frames, over all passes */
	uint64_t begin;
	struct weir_record rec; /* the frame given last */
	uint8_t mem[];		/* its bytes */
};

static int made_begin(struct feed *feed, uint64_t loop, struct weir_err *err)
{
	struct feed_made *f = (struct feed_made *)feed;

	(void)err;
	f->at = f->begin = loop * f->maker.n_frames;
	f->end = f->at + f->maker.n_frames;
	return 0;
}

static int made_next(struct feed *feed, struct feed_frame *ret)
{
	struct feed_made *f = (struct feed_made *)feed;
	struct weir_pkt p = { .data = f->mem };

	if (f->at == f->end)
		return 0;
	f->maker.frames(f->maker.ctx, f->at, &p, 1);
	f->at++;
	f->rec = (struct weir_record){
		.data = f->mem,
		.len = p.len,
		.orig_len = p.orig_len,
		.linktype = f->maker.linktype,
		.nr = f->at - f->begin,
	};
	*ret = (struct feed_frame){ .rec = &f->rec };
	return 1;
}

static unsigned made_lens(struct feed *feed, uint32_t *ret_lens, unsigned max)
{
	struct feed_made *f = (struct feed_made *)feed;
	unsigned n = (unsigned)MIN(f->end - f->at, max);

	f->maker.lens(f->maker.ctx, f->at, n, ret_lens);
	return n;
}

static void made_make(struct feed *feed, struct weir_pkt *pkts, unsigned n)
{
	struct feed_made *f = (struct feed_made *)feed;

	f->maker.frames(f->maker.ctx, f->at, pkts, n);
	f->at += n;
}

static struct feed *made_free(struct feed *feed)
{
	free(feed);
	return NULL;
}

int feed_made_new(const struct weir_maker *maker, uint64_t n_frames, struct feed **ret_feed,
		  struct weir_err *err)
{
	struct feed_made *f = calloc(1, sizeof(*f) + maker->max_len);

	if (!f)
		return err_set(err, -ENOMEM, "out of memory");
	f->feed = (struct feed){
		.begin = made_begin,
		.next = made_next,
		.lens = made_lens,
		.make = made_make,
		.free = made_free,
	};
	f->maker = *maker;
	f->maker.n_frames = n_frames;
	*ret_feed = &f->feed;
	return 0;
}
