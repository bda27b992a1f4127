/* SPDX-License-Identifier: BSD-2-Clause */
/* Directives about the queue: which frames of it leave, when, and in which order. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/macros.h"
#include "edit/frag.h"

enum which {
	FIRST,
	LAST,
	RANDOM
};

static const char *const whiches[] = { [FIRST] = "first", [LAST] = "last", [RANDOM] = "random" };

static unsigned choose(struct frag_queue *q, unsigned kind)
{
	switch (kind) {
	case FIRST:
		return 0;
	case LAST:
		return q->now.n - 1;
	default:
		return frag_draw(q, q->now.n);
	}
}

static int delay_parse(struct frag_rule *r, struct frag_text *t)
{
	int q = frag_word(t, whiches, ARRAY_SIZE(whiches), &r->kind);

	return q < 0 ? q : frag_number(t, "milliseconds", 0, UINT32_MAX, &r->value);
}

static int delay_run(const struct frag_rule *r, struct frag_queue *q)
{
	if (q->now.n && !(q->opts->quirks & WEIR_FRAGROUTE_QUIRK_DELAY))
		q->now.bufs[choose(q, r->kind)].ts_ns += (int64_t)r->value * 1000000;
	return 0;
}

const struct frag_directive frag_delay = { .name = "delay",
					   .parse = delay_parse,
					   .run = delay_run };

static int chance_parse(struct frag_rule *r, struct frag_text *t)
{
	int q = frag_word(t, whiches, ARRAY_SIZE(whiches), &r->kind);

	return q < 0 ? q : frag_number(t, "percent", 1, 100, &r->value);
}

static bool happens(const struct frag_rule *r, struct frag_queue *q)
{
	return q->now.n && frag_draw(q, 100) < r->value;
}

static int drop_run(const struct frag_rule *r, struct frag_queue *q)
{
	struct made_list *m = &q->now;
	unsigned at;

	if (!happens(r, q))
		return 0;
	at = choose(q, r->kind);
	m->n--;
	memmove(m->bufs + at, m->bufs + at + 1, (m->n - at) * sizeof(*m->bufs));
	return 0;
}

const struct frag_directive frag_drop = { .name = "drop", .parse = chance_parse, .run = drop_run };

static int dup_run(const struct frag_rule *r, struct frag_queue *q)
{
	struct made_list *m = &q->now;
	struct weir_buf copy, *at;
	unsigned place;
	int e;

	if (!happens(r, q))
		return 0;
	place = choose(q, r->kind);
	copy = m->bufs[place];
	e = made_move(&q->pool, &copy, copy.len, copy.len);
	if (e >= 0)
		e = made_keep(m, &copy);
	if (e < 0)
		return e;
	at = m->bufs + place + 1;
	memmove(at + 1, at, (m->n - 1 - (place + 1)) * sizeof(*at));
	*at = copy;
	return 0;
}

const struct frag_directive frag_dup = { .name = "dup", .parse = chance_parse, .run = dup_run };

enum order {
	ORDER_RANDOM,
	ORDER_REVERSE
};

static int order_parse(struct frag_rule *r, struct frag_text *t)
{
	static const char *const words[] = {
		[ORDER_RANDOM] = "random", [ORDER_REVERSE] = "reverse"
	};

	return frag_word(t, words, ARRAY_SIZE(words), &r->kind);
}

static int order_run(const struct frag_rule *r, struct frag_queue *q)
{
	struct weir_buf *bufs = q->now.bufs;

	for (unsigned left = q->now.n, i = 0; left > 1; left--, i++) {
		unsigned with = r->kind == ORDER_RANDOM ? i + frag_draw(q, left) : q->now.n - 1 - i;
		struct weir_buf b = bufs[i];

		if (r->kind == ORDER_REVERSE && with <= i)
			break;
		bufs[i] = bufs[with];
		bufs[with] = b;
	}
	return 0;
}

const struct frag_directive frag_order = { .name = "order",
					   .parse = order_parse,
					   .run = order_run };

/* The words, each behind one blank. */
static int echo_parse(struct frag_rule *r, struct frag_text *t)
{
	if (frag_at_end(t))
		return frag_bad(t, "a text expected");
	while (!frag_at_end(t)) {
		if (r->n_bytes + 2 >= FRAG_MAX_BYTES)
			return frag_bad(t, "the text is too long");
		if (r->n_bytes)
			r->bytes[r->n_bytes++] = ' ';
		for (; t->at < t->end && *t->at != ' ' && *t->at != '\t'; t->at++) {
			if (r->n_bytes + 2 >= FRAG_MAX_BYTES)
				return frag_bad(t, "the text is too long");
			r->bytes[r->n_bytes++] = (uint8_t)*t->at;
		}
	}
	return 0;
}

static int echo_run(const struct frag_rule *r, struct frag_queue *q)
{
	if (q->opts->print)
		q->opts->print(q->opts->print_ctx, (const char *)r->bytes); /* ends with 0 */
	return 0;
}

const struct frag_directive frag_echo = { .name = "echo", .parse = echo_parse, .run = echo_run };

/* Whatever stands behind it. */
static int print_parse(struct frag_rule *r, struct frag_text *t)
{
	(void)r; /* has nothing to keep */
	t->at = t->end;
	return 0;
}

static int print_run(const struct frag_rule *r, struct frag_queue *q)
{
	char line[512];

	(void)r; /* as above */
	for (unsigned i = 0; q->opts->print && i < q->now.n; i++) {
		frag_describe(&q->now.bufs[i], line, sizeof(line));
		q->opts->print(q->opts->print_ctx, line);
	}
	return 0;
}

const struct frag_directive frag_print = { .name = "print",
					   .parse = print_parse,
					   .run = print_run };
