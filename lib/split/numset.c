/* SPDX-License-Identifier: BSD-2-Clause */
/* Sets of frame numbers: sorted ranges that do not touch each other. */
#include <weir/split.h>

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/err.h"

struct range {
	uint64_t first, last;
};

struct weir_numset {
	struct range *ranges;
	size_t n;
};

DEFINE_CLEANUP(struct weir_numset *, weir_numset_free)

struct weir_numset *weir_numset_free(struct weir_numset *s)
{
	if (s)
		free(s->ranges);
	free(s);
	return NULL;
}

static int bad(const char *text, const char *at, const char *why, struct weir_err *err)
{
	return err_set(err, -EINVAL, "frame numbers '%s': %s at '%s'", text, why, at);
}

static int read_number(const char *text, const char **p, uint64_t *ret, struct weir_err *err)
{
	char *end;

	if (!isdigit((unsigned char)**p))
		return bad(text, *p, "no number", err);
	errno = 0;
	*ret = strtoull(*p, &end, 10);
	if (errno)
		return bad(text, *p, "too great a number", err);
	*p = end;
	return 0;
}

/* "N", "N-M" or "N-". */
static int read_range(const char *text, const char **p, struct range *ret, struct weir_err *err)
{
	const char *begin = *p;
	struct range range;
	int r;

	r = read_number(text, p, &range.first, err);
	if (r < 0)
		return r;
	range.last = range.first;
	if (**p == '-') {
		++*p;
		range.last = UINT64_MAX;
		if (**p && **p != ',') {
			r = read_number(text, p, &range.last, err);
			if (r < 0)
				return r;
		}
	}
	if (range.last < range.first)
		return bad(text, begin, "a range that ends before it begins", err);
	*ret = range;
	return 0;
}

static int by_first(const void *a, const void *b)
{
	const struct range *x = a, *y = b;

	return (x->first > y->first) - (x->first < y->first);
}

/* Sorts, and joins what overlaps or touches. */
static void tidy(struct weir_numset *s)
{
	size_t kept = 0;

	qsort(s->ranges, s->n, sizeof(*s->ranges), by_first);
	for (size_t i = 1; i < s->n; i++) {
		struct range *last = &s->ranges[kept], *r = &s->ranges[i];

		if (last->last == UINT64_MAX || r->first <= last->last + 1) {
			if (r->last > last->last)
				last->last = r->last;
		} else {
			s->ranges[++kept] = *r;
		}
	}
	s->n = kept + 1;
}

/* Ranges are parted by commas: there are no more than this. */
static size_t count_ranges(const char *text)
{
	size_t n = 1;

	for (; *text; text++)
		n += *text == ',';
	return n;
}

int weir_numset_parse(const char *text, struct weir_numset **ret_set, struct weir_err *err)
{
	CLEANUP(weir_numset_freep)
	struct weir_numset *s = calloc(1, sizeof(*s));
	const char *p = text;

	if (s)
		s->ranges = calloc(count_ranges(text), sizeof(*s->ranges));
	if (!s || !s->ranges)
		return err_set(err, -ENOMEM, "out of memory");
	do {
		int r = read_range(text, &p, &s->ranges[s->n], err);

		if (r < 0)
			return r;
		s->n++;
	} while (*p++ == ',');
	if (p[-1])
		return bad(text, p - 1, "neither comma nor end", err);
	tidy(s);
	*ret_set = TAKE_PTR(s);
	return 0;
}

bool weir_numset_has(const struct weir_numset *s, uint64_t nr)
{
	size_t low = 0, high = s->n;

	/* The first range that does not end before nr. */
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (s->ranges[mid].last < nr)
			low = mid + 1;
		else
			high = mid;
	}
	return low < s->n && s->ranges[low].first <= nr;
}

static int keep_set(void *ctx, struct weir_buf *bufs, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (!weir_numset_has(ctx, bufs[i].nr))
			bufs[i].port = WEIR_NO_PORT;
	return 0;
}

static int drop_set(void *ctx, struct weir_buf *bufs, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (weir_numset_has(ctx, bufs[i].nr))
			bufs[i].port = WEIR_NO_PORT;
	return 0;
}

struct weir_stage weir_numset_stage(const struct weir_numset *s, bool exclude)
{
	/* The stage only reads it. */
	return (struct weir_stage){ .run = exclude ? drop_set : keep_set,
				    .ctx = (void *)(uintptr_t)s };
}
