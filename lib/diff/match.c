/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/macros.h"
#include "diff/diff.h"

/* A line with the key that it is sorted by. */
struct key {
	uint64_t a, b;
	uint32_t i;
};

static int compare_keys(const void *va, const void *vb)
{
	const struct key *x = va, *y = vb;

	if (x->a != y->a)
		return x->a < y->a ? -1 : 1;
	if (x->b != y->b)
		return x->b < y->b ? -1 : 1;
	return x->i < y->i ? -1 : x->i > y->i;
}

static bool same_key(const struct key *x, const struct key *y)
{
	return x->a == y->a && x->b == y->b;
}

static void pair_up(struct diff_list *a, uint32_t i, struct diff_list *b, uint32_t j)
{
	a->lines[i].partner = j;
	b->lines[j].partner = i;
}

/* Lines of the first trace by hash. next and last lead from a place in keys to the nearest one
 * that is still free, at it or behind, at it or before. */
struct finder {
	struct key *keys;
	uint32_t *next, *last;
	uint32_t n;
};

static void finder_done(struct finder *f)
{
	free(f->keys);
	free(f->next);
	free(f->last);
}

static int finder_init(struct finder *f, const struct diff_list *a)
{
	f->n = a->n;
	f->keys = calloc(a->n + 1u, sizeof(*f->keys));
	f->next = calloc(a->n + 2u, sizeof(*f->next));
	f->last = calloc(a->n + 2u, sizeof(*f->last));
	if (!f->keys || !f->next || !f->last)
		return -ENOMEM;
	for (uint32_t i = 0; i < a->n; i++)
		f->keys[i] = (struct key){ a->lines[i].hash[0], a->lines[i].hash[1], i };
	qsort(f->keys, a->n, sizeof(*f->keys), compare_keys);
	/* Of .last all is shifted by one, so that 0 is "before the first". */
	for (uint32_t i = 0; i <= a->n + 1; i++)
		f->next[i] = f->last[i] = i;
	return 0;
}

/* The end of a chain of places that are taken; shortens it on the way. */
static uint32_t follow(uint32_t *to, uint32_t i)
{
	while (to[i] != i) {
		to[i] = to[to[i]];
		i = to[i];
	}
	return i;
}

/* First place whose key is not less. */
static uint32_t lower_bound(const struct finder *f, const struct key *k)
{
	uint32_t low = 0, high = f->n;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (compare_keys(&f->keys[middle], k) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Takes the free line with the hashes of k that is nearest to line k->i: its index, or
 * DIFF_NONE. */
static uint32_t take_nearest(struct finder *f, const struct key *k)
{
	uint32_t at = lower_bound(f, k);
	uint32_t after = follow(f->next, at), before = follow(f->last, at); /* before is + 1 */
	const struct key *hi =
		after < f->n && same_key(&f->keys[after], k) ? &f->keys[after] : NULL;
	const struct key *lo =
		before > 0 && same_key(&f->keys[before - 1], k) ? &f->keys[before - 1] : NULL;
	uint32_t place;

	if (!hi && !lo)
		return DIFF_NONE;
	if (hi && lo)
		hi = hi->i - k->i <= k->i - lo->i ? hi : NULL;
	place = hi ? after : before - 1;
	f->next[place] = place + 1;
	f->last[place + 1] = place;
	return f->keys[place].i;
}

int diff_match_same(struct diff_list *a, struct diff_list *b)
{
	struct finder f = { 0 };
	uint32_t expected = 0;
	int r = finder_init(&f, a);

	for (uint32_t j = 0; r == 0 && j < b->n; j++) {
		struct diff_line *line = &b->lines[j];
		uint32_t i =
			take_nearest(&f, &(struct key){ line->hash[0], line->hash[1], expected });

		if (i == DIFF_NONE)
			continue;
		pair_up(a, i, b, j);
		expected = i + 1;
	}
	finder_done(&f);
	return r;
}

/*
 * Longest increasing subsequence (Fredman 1975): ends[k] is the line that ends the best run of
 * k + 1 partners, which leads to the run before through .before.
 */
int diff_match_moved(struct diff_list *a, uint32_t n_b)
{
	CLEANUP(freep)
	uint32_t *ends = calloc(MIN(a->n, n_b) + 1u, sizeof(*ends));
	CLEANUP(freep)
	uint32_t *before = calloc(a->n + 1u, sizeof(*before));
	uint32_t n = 0;

	if (!ends || !before)
		return -ENOMEM;
	for (uint32_t i = 0; i < a->n; i++) {
		uint32_t low = 0, high = n;

		a->lines[i].moved = a->lines[i].partner != DIFF_NONE;
		if (!a->lines[i].moved)
			continue;
		while (low < high) {
			uint32_t middle = low + (high - low) / 2;

			if (a->lines[ends[middle]].partner < a->lines[i].partner)
				low = middle + 1;
			else
				high = middle;
		}
		before[i] = low ? ends[low - 1] : DIFF_NONE;
		ends[low] = i;
		n = MAX(n, low + 1);
	}
	for (uint32_t i = n ? ends[n - 1] : DIFF_NONE; i != DIFF_NONE; i = before[i])
		a->lines[i].moved = false;
	return 0;
}

/* Lines from begin to end that have no partner, by identity: how many. */
static uint32_t list_free(const struct diff_list *l, uint32_t begin, uint32_t end, struct key *keys)
{
	uint32_t n = 0;

	for (uint32_t i = begin; i < end; i++) {
		if (l->lines[i].partner == DIFF_NONE)
			keys[n++] = (struct key){ l->lines[i].identity, 0, i };
	}
	qsort(keys, n, sizeof(*keys), compare_keys);
	return n;
}

static void match_gap(struct diff_list *a, const struct key *ka, uint32_t n_a, struct diff_list *b,
		      const struct key *kb, uint32_t n_b)
{
	uint32_t i = 0, j = 0;

	while (i < n_a && j < n_b) {
		if (ka[i].a == kb[j].a) {
			pair_up(a, ka[i].i, b, kb[j].i);
			a->lines[ka[i].i].fields = 1;
			i++;
			j++;
		} else if (ka[i].a < kb[j].a) {
			i++;
		} else {
			j++;
		}
	}
}

int diff_match_changed(struct diff_list *a, struct diff_list *b)
{
	CLEANUP(freep)
	struct key *ka = calloc(a->n + 1u, sizeof(*ka));
	CLEANUP(freep)
	struct key *kb = calloc(b->n + 1u, sizeof(*kb));
	uint32_t begin_a = 0, begin_b = 0;

	if (!ka || !kb)
		return -ENOMEM;
	for (uint32_t i = 0; i <= a->n; i++) {
		const struct diff_line *line = i < a->n ? &a->lines[i] : NULL;
		uint32_t j = line ? line->partner : b->n;

		/* A partner in its place ends a gap, and so do the ends. What this very loop has
		 * made partners of lies before i. */
		if (line && (j == DIFF_NONE || line->moved))
			continue;
		match_gap(a, ka, list_free(a, begin_a, i, ka), b, kb, list_free(b, begin_b, j, kb));
		begin_a = i + 1;
		begin_b = j + 1;
	}
	return 0;
}
