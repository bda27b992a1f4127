/* SPDX-License-Identifier: BSD-2-Clause */
#include "capture/merge.h"

#include <errno.h>
#include <stdlib.h>

#include "base/macros.h"

/* Blocks are mostly as long as the one before: that far ahead the next header is fetched. */
#define AHEAD 8u

int merge_init(struct merge *m, struct blockring *const *rings, unsigned n)
{
	m->cursors = calloc(n, sizeof(*m->cursors));
	if (!m->cursors)
		return -ENOMEM;
	m->n = n;
	for (unsigned i = 0; i < n; i++)
		m->cursors[i] = (struct cursor){ .ring = rings[i],
						 .pos = rings[i]->shared->tail,
						 .time = UINT64_MAX };
	return 0;
}

void merge_done(struct merge *m)
{
	free(m->cursors);
	*m = (struct merge){ 0 };
}

/* What was read before pos is free, unless somebody still reads. */
static void set_free(struct cursor *c)
{
	if (!c->lent)
		blockring_release(c->ring, c->pos);
}

/* When a frame came, in UTC. */
static uint64_t utc_of(const struct blockring *r, const uint8_t *block)
{
	const uint64_t ts = block_time(block);

	if (likely(!r->raw_time) || block_iface(block) != r->hw_iface)
		return ts;
	return capture_line_utc(capture_line_now(r->shared), ts);
}

/* Goes over fillers to the next frame, if there is one. */
static void settle(struct cursor *c)
{
	c->time = UINT64_MAX;
	while (c->pos != c->head) {
		const uint8_t *block = blockring_at(c->ring, c->pos);

		if (block_is_frame(block)) {
			c->time = utc_of(c->ring, block);
			return;
		}
		c->pos += block_len(block);
		set_free(c);
	}
}

bool merge_refresh(struct merge *m)
{
	bool full = false;

	for (unsigned i = 0; i < m->n; i++) {
		struct cursor *c = &m->cursors[i];

		c->head = blockring_head(c->ring);
		if (c->time == UINT64_MAX)
			settle(c);
		full |= c->head - c->pos > c->ring->size / 2;
	}
	return full;
}

/* The cursor whose frame comes first; *ret_bound is when those of others begin. */
static struct cursor *earliest(struct merge *m, uint64_t *ret_bound)
{
	struct cursor *first = &m->cursors[0];

	*ret_bound = UINT64_MAX;
	for (unsigned i = 1; i < m->n; i++) {
		struct cursor *c = &m->cursors[i];

		if (c->time < first->time) {
			*ret_bound = first->time;
			first = c;
		} else {
			*ret_bound = MIN(*ret_bound, c->time);
		}
	}
	return first;
}

uint64_t merge_time(struct merge *m)
{
	uint64_t bound;

	return earliest(m, &bound)->time;
}

static bool begins_chunk(uint64_t pos)
{
	return pos % CAPTURE_CHUNK == 0;
}

/* What ended it, at a block or at what is not there yet? other_ns: when frames of other rings
 * begin. */
static void describe(struct span *s, uint64_t before_ns, uint64_t other_ns)
{
	const struct cursor *c = s->from;
	const uint8_t *block = blockring_at(c->ring, s->end);

	if (!begins_chunk(c->pos))
		return;
	s->whole = begins_chunk(s->end) || (s->end != c->head && !block_is_frame(block));
	s->grows = !s->whole && other_ns > before_ns &&
		   (s->end == c->head || utc_of(c->ring, block) > before_ns);
}

/* Where to begin: behind what was seen last time, if that keeps to the limit yet. */
static struct walk resume(const struct cursor *c, const struct span_limit *limit, uint64_t bound)
{
	const struct walk *w = &c->walk;

	if (w->frames && w->begin == c->pos && w->latest_ns <= bound &&
	    w->frames <= limit->frames && w->len <= limit->len)
		return *w;
	return (struct walk){ .begin = c->pos, .end = c->pos };
}

bool merge_next(struct merge *m, const struct span_limit *limit, struct span *ret_span)
{
	uint64_t other, bound;
	struct cursor *c = earliest(m, &other);
	struct walk w;

	if (c->time == UINT64_MAX || c->time > limit->before_ns || !limit->frames)
		return false;
	bound = MIN(other, limit->before_ns);
	for (w = resume(c, limit, bound); w.end != c->head && w.frames < limit->frames;
	     w.frames++) {
		const uint8_t *block = blockring_at(c->ring, w.end);
		uint64_t ns;
		uint32_t len;

		/* The ring ends with a chunk: what follows it lies elsewhere. */
		if (w.frames && begins_chunk(w.end))
			break;
		len = block_len(block);
		__builtin_prefetch(block + (size_t)AHEAD * len);
		if (!block_is_frame(block))
			break;
		ns = utc_of(c->ring, block);
		if (w.frames && (ns > bound || w.len + len > limit->len))
			break;
		w.latest_ns = MAX(w.latest_ns, ns);
		w.len += len;
		w.bytes += block_orig_len(block);
		w.end += len;
	}
	c->walk = w;
	*ret_span = (struct span){ .from = c,
				   .data = blockring_at(c->ring, c->pos),
				   .end = w.end,
				   .len = w.len,
				   .frames = w.frames,
				   .bytes = w.bytes };
	describe(ret_span, limit->before_ns, other);
	return true;
}

void merge_leave_rest(struct merge *m)
{
	for (unsigned i = 0; i < m->n; i++) {
		struct cursor *c = &m->cursors[i];

		if (!c->ring->outlives)
			continue;
		blockring_stop_at(c->ring, c->pos);
		c->head = c->pos;
		c->time = UINT64_MAX;
	}
}

void merge_release(const struct span *span)
{
	struct cursor *c = span->from;

	c->pos = span->end;
	set_free(c);
	settle(c);
}

void merge_lend(const struct span *span)
{
	struct cursor *c = span->from;

	c->lent += CAPTURE_CHUNK;
	c->pos = span->end;
	settle(c);
}

void merge_give_back(struct cursor *c, uint64_t len, uint64_t end)
{
	c->lent -= len;
	blockring_release(c->ring, c->lent ? end : c->pos);
}
