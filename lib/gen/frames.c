/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames by their numbers:
 *
 *     number in the run -> number in the pass (shuffled) -> template, number in it
 *
 * What is alike is made together: frames in a row, or, where templates and layouts take
 * turns, those of one program among the next GEN_BATCH.
 */
#include <weir/gen.h>

#include <assert.h>

#include "base/macros.h"
#include "gen/run.h"
#include "gen/shuffle.h"

/* Whose frame nr of the run is, and its numbers. */
static const struct gen_template *place_of(const struct weir_gen *g, uint64_t nr,
					   struct gen_nr *ret)
{
	uint64_t pass = nr / g->n_frames, place = nr % g->n_frames;
	const struct gen_template *t = g->templates;
	uint64_t own;

	if (g->random_order)
		place = gen_shuffle(place, g->n_frames, mix64(g->seed + pass));
	if (g->n_turns) {
		const struct gen_turn *turn = &g->turns[place % g->n_turns];

		t += turn->template;
		own = pass * (g->n_frames / g->n_turns) + place / g->n_turns;
		own = own * t->weight + turn->rank;
	} else {
		unsigned low = 0, high = g->n_templates;

		while (high - low > 1) {
			unsigned mid = (low + high) / 2;

			if (g->templates[mid].before <= place)
				low = mid;
			else
				high = mid;
		}
		t += low;
		own = g->n_templates == 1 ? pass * g->n_frames + place
					  : pass * t->count + place - t->before;
	}
	*ret = (struct gen_nr){ nr, own, own % t->count };
	return t;
}

static const struct gen_program *program_of(const struct gen_template *t, uint64_t local)
{
	uint32_t nr = 0;

	if (t->n_programs == 1)
		return t->programs;
	for (unsigned d = 0; d < t->n_dims; d++)
		nr += (uint32_t)(local / t->dims[d].stride % t->dims[d].count) *
		      t->dims[d].program_stride;
	return &t->programs[nr];
}

static uint64_t size_salt(const struct weir_gen *g)
{
	return mix64(~g->seed);
}

/* Finds frames from number first on, at most n, that are in a row. False: turns, shuffling or
 * several layouts scatter them, and only .t and .nr[0] are set. */
static bool find_row(const struct weir_gen *g, uint64_t first, unsigned n, struct gen_batch *ret)
{
	const struct gen_template *t = place_of(g, first, &ret->nr[0]);

	ret->t = t;
	if (g->n_turns || g->random_order || t->n_programs > 1)
		return false;
	ret->p = t->programs;
	ret->consecutive = ret->in_a_row = true;
	ret->n = n;
	if (g->n_templates > 1) /* the next template is all that can come */
		ret->n = (unsigned)MIN(t->count - ret->nr[0].local, n);
	return true;
}

static void find_lens(const struct weir_gen *g, const struct gen_batch *b, uint32_t *ret)
{
	const struct gen_size *size = &b->t->size;
	uint64_t salt = size_salt(g);

	if (size->min == size->max)
		for (unsigned i = 0; i < b->n; i++)
			ret[i] = b->p->len;
	else
		for (unsigned i = 0; i < b->n; i++)
			ret[i] = gen_size_of(size, salt, gen_own(b, i));
}

void weir_gen_lens(const struct weir_gen *g, uint64_t first, unsigned n, uint32_t *ret_lens)
{
	struct gen_batch b;

	for (; n; n -= b.n, first += b.n, ret_lens += b.n) {
		if (!find_row(g, first, n, &b)) {
			b.p = program_of(b.t, b.nr[0].local);
			b.consecutive = true;
			b.n = 1;
		}
		find_lens(g, &b, ret_lens);
	}
}

static void make_batch(const struct weir_gen *g, const struct gen_batch *b, struct weir_pkt *pkts)
{
	uint32_t lens[GEN_BATCH];

	find_lens(g, b, lens);
	for (unsigned i = 0; i < b->n; i++)
		pkts[i].len = pkts[i].orig_len = lens[i];
	gen_run(b, pkts);
}

/* Frames that are scattered over templates and layouts. */
struct scattered {
	unsigned n;
	uint64_t left; /* a bit for each that is not made yet */
	const struct gen_template *t[GEN_BATCH];
	const struct gen_program *p[GEN_BATCH];
	struct gen_nr nr[GEN_BATCH];
};

/* Takes out all frames that are made as the first that is left; their places in ret_at. */
static void take_alike(struct scattered *s, struct gen_batch *ret, unsigned *ret_at)
{
	unsigned first = (unsigned)__builtin_ctzll(s->left);

	ret->t = s->t[first];
	ret->p = s->p[first];
	ret->n = 0;
	ret->consecutive = true;
	ret->in_a_row = false;
	for (unsigned i = first; i < s->n; i++) {
		if (!(s->left >> i & 1) || s->p[i] != ret->p)
			continue;
		s->left &= ~(1ULL << i);
		ret->consecutive &= !ret->n || s->nr[i].own == ret->nr[ret->n - 1].own + 1;
		ret->nr[ret->n] = s->nr[i];
		ret_at[ret->n++] = i;
	}
	for (unsigned i = ret->n; i % GEN_STEP; i++)
		ret->nr[i] = ret->nr[i - 1];
}

static void make_scattered(const struct weir_gen *g, uint64_t first, struct weir_pkt *pkts,
			   unsigned n)
{
	struct scattered s = { .n = n, .left = ~0ULL >> (64 - n) };
	struct weir_pkt alike[GEN_BATCH];
	unsigned at[GEN_BATCH];
	struct gen_batch b;

	static_assert(GEN_BATCH <= 64, "a bit for each");
	for (unsigned i = 0; i < n; i++) {
		s.t[i] = place_of(g, first + i, &s.nr[i]);
		s.p[i] = program_of(s.t[i], s.nr[i].local);
	}
	while (s.left) {
		take_alike(&s, &b, at);
		for (unsigned i = 0; i < b.n; i++)
			alike[i].data = pkts[at[i]].data;
		make_batch(g, &b, alike);
		for (unsigned i = 0; i < b.n; i++)
			pkts[at[i]].len = pkts[at[i]].orig_len = alike[i].len;
	}
}

void weir_gen_frames(const struct weir_gen *g, uint64_t first, struct weir_pkt *pkts, unsigned n)
{
	struct gen_batch b;

	for (; n; n -= b.n, first += b.n, pkts += b.n) {
		if (find_row(g, first, MIN(n, GEN_BATCH), &b)) {
			make_batch(g, &b, pkts);
		} else {
			b.n = MIN(n, GEN_BATCH);
			make_scattered(g, first, pkts, b.n);
		}
	}
}
