/* SPDX-License-Identifier: BSD-2-Clause */
#include <weir/check.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <weir/stamp.h>

#include "base/err.h"
#include "base/hist.h"
#include "base/macros.h"

#define MAX_STREAMS 4096u
#define SLOTS	    (2u * MAX_STREAMS) /* of the table that finds a stream: half empty */

/* Which of the last WEIR_CHECK_WINDOW numbers have come is a bit each. */
struct stream {
	uint32_t id;
	uint64_t frames, distinct, duplicates, reordered, early;
	uint64_t min, max; /* numbers, counted on beyond 32 bits */
	uint64_t seen[WEIR_CHECK_WINDOW / 64];
	struct weir_hist latency;
};

struct weir_check {
	unsigned n_streams;
	struct stream *streams[MAX_STREAMS];
	uint16_t slots[SLOTS]; /* 1 + index of the stream; 0: free */
	struct stream *last;   /* most frames are of the stream of the frame before */
	bool sorted;
};

int weir_check_new(struct weir_check **ret, struct weir_err *err)
{
	struct weir_check *c = calloc(1, sizeof(*c));

	if (!c)
		return err_set(err, -ENOMEM, "out of memory");
	*ret = c;
	return 0;
}

struct weir_check *weir_check_free(struct weir_check *c)
{
	if (!c)
		return NULL;
	for (unsigned i = 0; i < c->n_streams; i++)
		free(c->streams[i]);
	free(c);
	return NULL;
}

/* The slot where a stream is, or where it would be. */
static uint16_t *slot_of(struct weir_check *c, uint32_t id)
{
	uint32_t i = id * 2654435761u >> 16;

	for (;; i++) {
		uint16_t *slot = &c->slots[i % SLOTS];

		if (!*slot || c->streams[*slot - 1]->id == id)
			return slot;
	}
}

/* NULL: there are too many, or no memory. */
static struct stream *find(struct weir_check *c, uint32_t id)
{
	uint16_t *slot;

	if (c->last && c->last->id == id)
		return c->last;
	slot = slot_of(c, id);
	if (!*slot) {
		struct stream *s = c->n_streams < MAX_STREAMS ? calloc(1, sizeof(*s)) : NULL;

		if (!s)
			return NULL;
		s->id = id;
		c->streams[c->n_streams] = s;
		*slot = (uint16_t)++c->n_streams;
		c->sorted = false;
	}
	c->last = c->streams[*slot - 1];
	return c->last;
}

/* The whole number of which the low 32 bits are given: the one nearest to the newest. */
static uint64_t unwrap(const struct stream *s, uint32_t low)
{
	int64_t ahead = (int32_t)(low - (uint32_t)s->max);

	return ahead < 0 && (uint64_t)-ahead > s->max ? low : s->max + (uint64_t)ahead;
}

static bool take_bit(struct stream *s, uint64_t nr)
{
	uint64_t *word = &s->seen[nr % WEIR_CHECK_WINDOW / 64], bit = 1ULL << nr % 64;
	bool was = *word & bit;

	*word |= bit;
	return was;
}

/* The window moves on to nr: what it leaves behind is free for numbers to come. */
static void advance(struct stream *s, uint64_t nr)
{
	if (nr - s->max >= WEIR_CHECK_WINDOW)
		memset(s->seen, 0, sizeof(s->seen));
	else
		for (uint64_t i = s->max + 1; i <= nr; i++)
			s->seen[i % WEIR_CHECK_WINDOW / 64] &= ~(1ULL << i % 64);
	s->max = nr;
}

static void note_number(struct stream *s, uint32_t low)
{
	uint64_t nr;

	if (!s->frames++) {
		s->min = s->max = low;
		s->distinct = 1;
		(void)take_bit(s, low);
		return;
	}
	nr = unwrap(s, low);
	if (nr > s->max) {
		advance(s, nr);
	} else if (s->max - nr < WEIR_CHECK_WINDOW &&
		   (s->seen[nr % WEIR_CHECK_WINDOW / 64] >> nr % 64 & 1)) {
		s->duplicates++;
		return;
	} else {
		s->reordered++;
	}
	if (s->max - nr < WEIR_CHECK_WINDOW)
		(void)take_bit(s, nr);
	s->min = MIN(s->min, nr);
	s->distinct++;
}

unsigned weir_check_frames(struct weir_check *c, const struct weir_pkt *pkts, unsigned n,
			   uint64_t now_ns)
{
	unsigned stamped = 0;

	for (unsigned i = 0; i < n; i++) {
		uint64_t came = pkts[i].ts_ns ? (uint64_t)pkts[i].ts_ns : now_ns;
		struct weir_stamp stamp;
		struct stream *s;

		if (!weir_stamp_find(pkts[i].data, pkts[i].len, &stamp))
			continue;
		s = find(c, stamp.stream);
		if (!s)
			continue;
		stamped++;
		note_number(s, stamp.sequence);
		if (!stamp.time_ns)
			continue; /* it came from a file */
		if (came < stamp.time_ns)
			s->early++;
		else
			hist_add(&s->latency, came - stamp.time_ns);
	}
	return stamped;
}

void weir_check_merge(struct weir_check *to, const struct weir_check *from)
{
	for (unsigned i = 0; i < from->n_streams; i++) {
		const struct stream *f = from->streams[i];
		struct stream *t = find(to, f->id);

		if (!t)
			continue;
		t->min = t->frames ? MIN(t->min, f->min) : f->min;
		t->max = t->frames ? MAX(t->max, f->max) : f->max;
		t->frames += f->frames;
		t->distinct += f->distinct;
		t->duplicates += f->duplicates;
		t->reordered += f->reordered;
		t->early += f->early;
		weir_hist_merge(&t->latency, &f->latency);
	}
}

static int compare(const void *a, const void *b)
{
	const struct stream *x = *(struct stream *const *)a, *y = *(struct stream *const *)b;

	return x->id < y->id ? -1 : x->id > y->id;
}

static void sort(struct weir_check *c)
{
	qsort(c->streams, c->n_streams, sizeof(c->streams[0]), compare);
	memset(c->slots, 0, sizeof(c->slots));
	for (unsigned i = 0; i < c->n_streams; i++)
		*slot_of(c, c->streams[i]->id) = (uint16_t)(i + 1);
	c->sorted = true;
}

int weir_check_stream(struct weir_check *c, unsigned i, struct weir_check_stats *ret)
{
	const struct stream *s;
	uint64_t span;

	if (i >= c->n_streams)
		return 0;
	if (!c->sorted)
		sort(c);
	s = c->streams[i];
	span = s->max - s->min + 1;
	*ret = (struct weir_check_stats){
		.stream = s->id,
		.frames = s->frames,
		/* Numbers that were too old to be told from twins may make more than there are. */
		.lost = span > s->distinct ? span - s->distinct : 0,
		.duplicates = s->duplicates,
		.reordered = s->reordered,
		.early = s->early,
		.latency = &s->latency,
	};
	return 1;
}
