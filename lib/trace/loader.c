/* SPDX-License-Identifier: BSD-2-Clause */
#include "trace/loader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/macros.h"

/* Frames that are made together. */
#define MAKE_BATCH 64u

int loader_begin(struct loader *l, uint64_t loop, struct weir_err *err)
{
	l->loop = loop;
	l->have = l->any = false;
	l->frames = l->bytes = l->time_before = 0;
	l->ts_zero = l->ts_max = 0;
	weir_chain_init(&l->chain, l->stages, l->n_stages);
	l->changes = weir_chain_changes(&l->chain);
	l->n_made = l->at = 0;
	l->in_chain = l->waits = false;
	return l->feed->begin(l->feed, loop, err);
}

uint64_t loader_span(const struct loader *l)
{
	return l->time_before + (uint64_t)(l->ts_max - l->ts_zero);
}

void loader_done(struct loader *l)
{
	free(l->scratch);
	l->scratch = NULL;
}

/* Gives the frame memory of its own, which may be written to, and its wire length. */
static int own_copy(struct loader *l, struct weir_buf *b, struct weir_err *err)
{
	uint32_t want = l->pad ? MIN(MAX(b->len, b->orig_len), WEIR_FRAME_MAX) : b->len;

	if (!l->scratch)
		l->scratch = malloc(WEIR_FRAME_MAX);
	if (!l->scratch)
		return err_set(err, -ENOMEM, "out of memory");
	memcpy(l->scratch, b->data, b->len);
	memset(l->scratch + b->len, 0, want - b->len);
	b->data = l->scratch;
	b->len = want;
	b->room = WEIR_FRAME_MAX;
	return 0;
}

static int failed(const struct weir_buf *b, int r, struct weir_err *err)
{
	return err_set(err, r, "frame %llu cannot be edited: %s", (unsigned long long)b->nr,
		       strerror(-r));
}

/* Makes l->put of the feed's frame. */
static int make_buf(struct loader *l, struct weir_err *err)
{
	const struct weir_record *rec = l->from.rec;
	union {
		const uint8_t *lent;
		uint8_t *data;
	} u = { .lent = rec->data }; /* stages that do not change only read it */

	l->put = (struct weir_buf){
		.data = u.data,
		.len = rec->len,
		.room = rec->len,
		.orig_len = rec->orig_len,
		.file = l->from.file,
		.iface = rec->iface,
		.ts_ns = rec->ts_ns,
		.nr = rec->nr,
		.loop = l->loop,
		.linktype = (uint16_t)rec->linktype,
		.port = l->from.port,
	};
	l->file = l->from.file;
	if (l->changes || (l->pad && rec->len < rec->orig_len))
		return own_copy(l, &l->put, err);
	return 0;
}

static void take_in_hand(struct loader *l, const struct weir_buf *b)
{
	l->hand.data = b->data;
	l->hand.ts_ns = b->ts_ns;
	l->hand.len = b->len;
	l->hand.orig_len = b->orig_len;
	l->hand.port = b->port;
	l->have = true;
}

/* Gives the chain the feed's frame. */
static int put_in_chain(struct loader *l, struct weir_err *err)
{
	int r = make_buf(l, err);

	if (r < 0)
		return r;
	r = weir_chain_put(&l->chain, &l->put, 1);
	if (r < 0)
		return failed(&l->put, r, err);
	l->in_chain = true;
	return 1;
}

/* Puts the next frame of the feed into the chain, or ends the chain with its file. 1: it
 * may have frames now; otherwise see fetch(). */
static int feed_chain(struct loader *l, struct weir_err *err)
{
	int r = l->waits;

	if (!l->waits)
		r = l->feed->next(l->feed, &l->from);
	if (r < 0)
		return r;
	l->waits = false;
	if (l->in_chain && (r == 0 || l->from.file != l->file)) {
		weir_chain_end(&l->chain);
		l->in_chain = false;
		l->waits = r > 0;
		return 1;
	}
	return r ? put_in_chain(l, err) : 0;
}

/* The next frame out of the chain that goes anywhere; 0: it is empty. */
static int take_from_chain(struct loader *l, struct weir_err *err)
{
	for (;;) {
		const struct weir_buf *b;
		int r;

		if (l->at == l->n_made) {
			r = weir_chain_take(&l->chain, &l->made);
			if (r < 0)
				return failed(&l->put, r, err);
			if (r == 0)
				return 0;
			l->n_made = (unsigned)r;
			l->at = 0;
		}
		b = &l->made[l->at++];
		if (b->port == WEIR_NO_PORT)
			continue;
		take_in_hand(l, b);
		return 1;
	}
}

/* Most replays have no stages: not for them to pay for a chain with each frame. */
static int fetch_plain(struct loader *l, struct weir_err *err)
{
	int r = l->feed->next(l->feed, &l->from);

	if (r <= 0)
		return r;
	r = make_buf(l, err);
	if (r < 0)
		return r;
	take_in_hand(l, &l->put);
	return 1;
}

/* Gets the next frame that the stages keep. 0: the pass is over; -EAGAIN: the feed is in a
 * hurry and has none yet. */
static int fetch(struct loader *l, struct weir_err *err)
{
	int r;

	if (!l->n_stages)
		return fetch_plain(l, err);
	do {
		r = take_from_chain(l, err);
		if (r)
			return r;
		r = feed_chain(l, err);
	} while (r > 0);
	return r;
}

static bool begins_file(const struct loader *l)
{
	return !l->any || l->file != l->cur_file;
}

/* The books at the first frame of a chunk. */
static void open_chunk(struct loader *l, struct arena_chunk *c)
{
	if (begins_file(l)) {
		l->time_before = loader_span(l);
		l->ts_zero = l->ts_max = l->hand.ts_ns;
		l->cur_file = l->file;
	}
	c->loop = l->loop;
	c->loop_begins = !l->any;
	c->file = l->cur_file;
	c->place = l->frames;
	c->frames_before = l->frames;
	c->bytes_before = l->bytes;
	c->time_before = l->time_before;
	c->ts_zero = l->ts_zero;
	c->ts_max = l->ts_max;
}

/* Nobody looks at the frames between their making and the arena. */
static bool can_make_in_place(const struct loader *l)
{
	return l->feed->make && !l->n_stages;
}

/* Finds room for frames of these lengths: for how many there was. */
static unsigned make_room(struct loader *l, struct arena_chunk *c, const uint32_t *lens, unsigned n,
			  struct weir_pkt *pkts)
{
	unsigned i;

	for (i = 0; i < n; i++) {
		l->hand = (struct arena_frame){ .len = lens[i], .orig_len = lens[i] };
		if (!c->n)
			open_chunk(l, c);
		if (!arena_chunk_put(c, &l->hand))
			break;
		pkts[i].data = c->mem + c->frames[c->n - 1].off;
		l->any = true;
		l->frames++;
		l->bytes += lens[i];
	}
	return i;
}

/* Fills the chunk with frames made where they lie. */
static int make_fill(struct loader *l, struct arena_chunk *c)
{
	uint32_t lens[MAKE_BATCH];
	struct weir_pkt pkts[MAKE_BATCH];
	unsigned n, fit;

	do {
		n = l->feed->lens(l->feed, lens, MAKE_BATCH);
		fit = make_room(l, c, lens, n, pkts);
		l->feed->make(l->feed, pkts, fit);
	} while (n && fit == n);
	return c->n > 0;
}

int loader_fill(struct loader *l, struct arena_chunk *c, struct weir_err *err)
{
	int r;

	arena_chunk_clear(c);
	if (can_make_in_place(l))
		return make_fill(l, c);
	for (;;) {
		if (!l->have) {
			/* Frames out of a live pipe do not wait for others to fill the chunk. */
			l->feed->hurry = l->live && c->n;
			r = fetch(l, err);
			if (r < 0 && r != -EAGAIN)
				return r;
			if (r <= 0)
				break;
		}
		if (!c->n)
			open_chunk(l, c);
		else if (begins_file(l))
			break;
		if (!arena_chunk_put(c, &l->hand))
			break;
		l->have = false;
		l->any = true;
		l->frames++;
		l->bytes += l->hand.len;
		l->ts_max = MAX(l->ts_max, l->hand.ts_ns);
	}
	return c->n > 0;
}
