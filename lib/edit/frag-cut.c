/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The directives tcp_seg and ip_frag: parts of a given size, which may overlap.
 *
 * They overlap in pairs: the second part leaves first, and the first then reaches over it.
 * One of the two has the data in the overlap and the other one nonsense:
 *
 *	old	|    bbbb|  then |aaaa....|	for who keeps what came first
 *	new	|    ....|  then |aaaabbbb|	for who takes what came last
 *
 * The last part of all is no part of a pair, nor is the first fragment.
 */
#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "base/macros.h"
#include "edit/frag.h"
#include "pkt/checksum.h"

enum overlap {
	OVERLAP_NONE,
	OVERLAP_OLD,
	OVERLAP_NEW
};

static int overlap_parse(struct frag_rule *r, struct frag_text *t)
{
	static const char *const words[] = { "old", "new" };
	int q;

	if (frag_at_end(t))
		return 0;
	q = frag_word(t, words, ARRAY_SIZE(words), &r->kind);
	r->kind++;
	return q;
}

/* The first of the pair reaches over the second. */
static int overlap_pair(struct frag_queue *q, unsigned kind, struct weir_buf *a, struct weir_buf *b)
{
	struct weir_buf first = *a, second = *b;
	uint32_t len = a->len, n;
	struct cut ca, cb;
	int r;

	if (!frag_look(&first, &ca) || !frag_look(&second, &cb) || second.len != second.orig_len ||
	    first.len != first.orig_len)
		return 0; /* a capture had cut it: there is not all to overlap with */

	n = second.len - cb.l.payload_off;
	r = made_move(&q->pool, &first, len, len + n);
	if (r < 0)
		return r;
	memcpy(first.data + len, second.data + cb.l.payload_off, n);
	frag_draw_bytes(q, kind == OVERLAP_OLD ? first.data + len : second.data + cb.l.payload_off,
			n);
	cut_set_size(&first, &ca.l, ca.size + n);
	if (cut_is_tcp(&ca)) {
		frag_sum(&first);
		frag_sum(&second);
	}
	*a = second;
	*b = first;
	return 0;
}

static int overlap(struct frag_queue *q, unsigned kind, unsigned from)
{
	for (unsigned i = from; kind != OVERLAP_NONE && i + 2 < q->next.n; i += 2) {
		int r = overlap_pair(q, kind, &q->next.bufs[i], &q->next.bufs[i + 1]);

		if (r < 0)
			return r;
	}
	return 0;
}

static int seg_parse(struct frag_rule *r, struct frag_text *t)
{
	int q = frag_number(t, "the segment size", 1, 65535, &r->value);

	return q < 0 ? q : overlap_parse(r, t);
}

/* As if each was a packet of its own: no two are the same. */
static void draw_ids(struct frag_queue *q, unsigned from, const struct cut *c)
{
	uint32_t id = frag_draw(q, 65536), step = 2 * frag_draw(q, 32768) + 1;

	for (unsigned i = from; c->l.ip_version == 4 && i < q->next.n; i++, id += step) {
		uint8_t *ip = q->next.bufs[i].data + c->l.l3_off;
		uint16_t old = be16_at(ip + 4);

		be16_put(ip + 4, (uint16_t)id);
		csum_ipv4_changed16(ip, old, be16_at(ip + 4));
	}
}

static int seg_each(const struct frag_rule *r, struct frag_queue *q, struct cut *c)
{
	unsigned from = q->next.n;
	enum weir_edit_reason why;
	int e;

	if (!cut_is_tcp(c) || c->b->data[c->l.l4_off + 13] & 0x02 ||
	    c->l.l3_off + c->size - c->l.payload_off <= r->value || q->stays_whole)
		return frag_stay(q, c);

	c->copy_all = q->opts->quirks & WEIR_FRAGROUTE_QUIRK_COPY_ALL;
	e = cut_tcp(c, r->value, &q->next, &q->pool, &why);
	if (e < 0)
		return e;
	draw_ids(q, from, c);
	frag_sum_quirk(q, from);
	return overlap(q, r->kind, from);
}

const struct frag_directive frag_tcp_seg = { .name = "tcp_seg",
					     .parse = seg_parse,
					     .each = seg_each };

static int frag_parse(struct frag_rule *r, struct frag_text *t)
{
	struct frag_text at = *t;
	int q = frag_number(t, "the fragment size", 1, 65535, &r->value);

	if (q >= 0 && r->value % 8)
		return frag_bad(&at, "the fragment size must be a multiple of 8");
	return q < 0 ? q : overlap_parse(r, t);
}

/* The first fragment has all headers up to TCP's or whatever is known. */
static int frag_each(const struct frag_rule *r, struct frag_queue *q, struct cut *c)
{
	unsigned from = q->next.n;
	struct cut_sizes s = { .rest = r->value, .last = r->value };
	enum weir_edit_reason why;
	uint32_t data;
	int e;

	if (c->l.flags & PKT_FRAGMENT || q->stays_whole)
		return frag_stay(q, c);

	data = cut_ip_data(c);
	s.first = MAX(r->value, (c->l.payload_off - data + 7) & ~7u);
	c->copy_all = q->opts->quirks & WEIR_FRAGROUTE_QUIRK_COPY_ALL;
	cut_number(c, (uint32_t)(c->b - q->now.bufs));
	cut_allow(c);
	if (c->l.l3_off + c->size - data <= s.first)
		return frag_stay(q, c);
	e = cut_ip(c, &s, &q->next, &q->pool, &why);
	if (e == 0) {
		q->next.n = from;
		return frag_refuse(q, c, why);
	}
	if (e < 0)
		return e;
	frag_sum_quirk(q, from);
	return overlap(q, r->kind, from + 1);
}

const struct frag_directive frag_ip_frag = { .name = "ip_frag",
					     .parse = frag_parse,
					     .each = frag_each };
