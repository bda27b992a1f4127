/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The directives ip_chaff and tcp_chaff: beside each frame another one with nonsense in
 * it, which its receiver is to leave, and who looks on may take for the true one.
 */
#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "base/macros.h"
#include "edit/frag.h"

/* The word after the last of a directive's is a TTL. */
static int chaff_parse(struct frag_rule *r, struct frag_text *t, const char *const *words,
		       unsigned n)
{
	struct frag_text number = *t;
	struct weir_err err;

	number.err = &err;
	if (frag_number(&number, "the TTL", 1, 255, &r->value) >= 0) {
		t->at = number.at;
		r->kind = n - 1;
		return 0;
	}
	return frag_word(t, words, n, &r->kind);
}

static void set_ttl(struct weir_buf *b, const struct cut *c, uint8_t ttl)
{
	b->data[c->l.l3_off + (c->l.ip_version == 4 ? 8 : 7)] = ttl;
}

/* Puts the chaff, which is the last of q->next, behind b; or before it, if either will do
 * and chance says so. */
static int place(struct frag_queue *q, const struct weir_buf *b, bool either)
{
	struct weir_buf *last;
	int r = made_keep(&q->next, b);

	if (r < 0)
		return r;
	last = &q->next.bufs[q->next.n - 1];
	if (!either || frag_draw(q, 2)) {
		last[0] = last[-1];
		last[-1] = *b;
	}
	return 0;
}

/* ---- ip_chaff -------------------------------------------------------------- */

enum ip_chaff {
	IP_CHAFF_DUP,
	IP_CHAFF_OPT,
	IP_CHAFF_TTL
};

static int ip_chaff_parse(struct frag_rule *r, struct frag_text *t)
{
	static const char *const words[] = { "dup", "opt", "a TTL" };

	return chaff_parse(r, t, words, ARRAY_SIZE(words));
}

/* A source route with a pointer that points nowhere, or a destination option that nobody
 * knows and whose number says to drop the packet then (RFC 8200, 4.2). */
static int add_bad_option(struct frag_queue *q, const struct cut *c, struct weir_buf **ret_buf)
{
	static const uint8_t option[4] = { 131, 3, 1, 1 };
	static const uint8_t header[8] = { 0, 0, 0x5e, 4 };
	uint8_t *ip;
	int r;

	if (c->l.ip_version == 6) {
		r = frag_insert(q, c, c->l.l3_off + 40, 8, ret_buf);
		if (r < 0)
			return r;
		ip = (*ret_buf)->data + c->l.l3_off;
		memcpy(ip + 40, header, 8);
		ip[40] = ip[6];
		ip[6] = PKT_IP_DSTOPTS;
		return 0;
	}
	r = frag_insert(q, c, c->l.l3_off + 20, 4, ret_buf);
	if (r < 0)
		return r;
	ip = (*ret_buf)->data + c->l.l3_off;
	memcpy(ip + 20, option, 4);
	ip[0]++;
	return 0;
}

static bool has_room(const struct cut *c)
{
	return c->size + 8 <= 65535 &&
	       (c->l.ip_version == 6 || (c->b->data[c->l.l3_off] & 0xf) < 15);
}

static int ip_chaff_each(const struct frag_rule *r, struct frag_queue *q, struct cut *c)
{
	struct weir_buf *chaff;
	uint32_t payload;
	int e;

	if (r->kind == IP_CHAFF_OPT && !has_room(c))
		return frag_refuse(q, c, WEIR_EDIT_NO_ROOM);
	payload = c->l.l3_off + c->l.l3_len;
	if (r->kind == IP_CHAFF_OPT)
		e = add_bad_option(q, c, &chaff);
	else
		e = frag_insert(q, c, payload, 0, &chaff);
	if (e < 0)
		return e;

	payload += chaff->len - cut_captured(c, 0, c->l.l3_off + c->size);
	frag_draw_bytes(q, chaff->data + payload, chaff->len - payload);
	if (r->kind == IP_CHAFF_TTL)
		set_ttl(chaff, c, (uint8_t)r->value);
	frag_sum_header(chaff, c);
	return place(q, c->b, r->kind != IP_CHAFF_DUP);
}

const struct frag_directive frag_ip_chaff = { .name = "ip_chaff",
					      .parse = ip_chaff_parse,
					      .each = ip_chaff_each };

/* ---- tcp_chaff ------------------------------------------------------------- */

enum tcp_chaff {
	TCP_CHAFF_CKSUM,
	TCP_CHAFF_NULL,
	TCP_CHAFF_PAWS,
	TCP_CHAFF_REXMIT,
	TCP_CHAFF_SEQ,
	TCP_CHAFF_SYN,
	TCP_CHAFF_TTL,
};

static int tcp_chaff_parse(struct frag_rule *r, struct frag_text *t)
{
	static const char *const words[] = {
		[TCP_CHAFF_CKSUM] = "cksum",   [TCP_CHAFF_NULL] = "null", [TCP_CHAFF_PAWS] = "paws",
		[TCP_CHAFF_REXMIT] = "rexmit", [TCP_CHAFF_SEQ] = "seq",	  [TCP_CHAFF_SYN] = "syn",
		[TCP_CHAFF_TTL] = "a TTL",
	};

	return chaff_parse(r, t, words, ARRAY_SIZE(words));
}

#define OPT_TIMESTAMP 8u

/* Where in the header at tcp the time stamp option stands; 0: it has none. */
static uint32_t find_timestamp(const uint8_t *tcp, uint32_t head)
{
	for (uint32_t at = 20; at < head && tcp[at] != 0;) {
		uint32_t size = cut_option_size(tcp, at, head);

		if (!size)
			return 0;
		if (tcp[at] == OPT_TIMESTAMP && size == 10)
			return at;
		at += size;
	}
	return 0;
}

/* A time stamp from long ago (RFC 7323, 5): the segment's own less 2^30, or 0. */
static int make_old(struct frag_queue *q, const struct cut *c, struct weir_buf **ret_chaff)
{
	static const uint8_t option[12] = { 1, 1, OPT_TIMESTAMP, 10 };
	uint32_t at = find_timestamp(c->b->data + c->l.l4_off, c->l.l4_len);
	bool add = !at && c->l.l4_len + 12 <= 60 && c->size + 12 <= 65535;
	uint8_t *tcp;
	int r = frag_insert(q, c, c->l.l4_off + 20, add ? 12 : 0, ret_chaff);

	if (r < 0)
		return r;
	tcp = (*ret_chaff)->data + c->l.l4_off;
	if (add) {
		memcpy(tcp + 20, option, 12);
		tcp[12] = (uint8_t)(tcp[12] + (3 << 4));
	} else if (at) {
		be32_put(tcp + at + 2, be32_at(tcp + at + 2) - (1u << 30));
	} else {
		frag_fail(q, WEIR_EDIT_NO_ROOM);
	}
	return 0;
}

/* What makes its receiver leave it. */
static void spoil(const struct frag_rule *r, struct frag_queue *q, const struct cut *c,
		  struct weir_buf *chaff)
{
	uint8_t *tcp = chaff->data + c->l.l4_off;

	switch (r->kind) {
	case TCP_CHAFF_NULL:
		tcp[13] = 0;
		break;
	case TCP_CHAFF_SEQ:
		be32_put(tcp + 4, be32_at(tcp + 4) + (1u << 30) + frag_draw(q, 1u << 30));
		be32_put(tcp + 8, be32_at(tcp + 8) + (1u << 30) + frag_draw(q, 1u << 30));
		break;
	case TCP_CHAFF_SYN:
		be32_put(tcp + 4, (uint32_t)frag_draw(q, UINT32_MAX));
		be32_put(tcp + 8, 0);
		tcp[13] = 0x02;
		chaff->len = c->l.payload_off;
		cut_set_size(chaff, &c->l, c->l.payload_off - c->l.l3_off);
		break;
	case TCP_CHAFF_TTL:
		set_ttl(chaff, c, (uint8_t)r->value);
		break;
	default:
		break;
	}
	frag_sum(chaff);
	if (r->kind == TCP_CHAFF_CKSUM)
		be16_put(tcp + 16, (uint16_t)(be16_at(tcp + 16) + 1 + frag_draw(q, 0xfffe)));
}

static int tcp_chaff_each(const struct frag_rule *r, struct frag_queue *q, struct cut *c)
{
	struct weir_buf *chaff;
	uint32_t payload;
	int e;

	if (!cut_is_tcp(c) || c->l.l3_off + c->size == c->l.payload_off)
		return frag_stay(q, c);
	if (r->kind == TCP_CHAFF_PAWS)
		e = make_old(q, c, &chaff);
	else
		e = frag_insert(q, c, c->l.payload_off, 0, &chaff);
	if (e < 0)
		return e;

	payload = c->l.payload_off + chaff->len - cut_captured(c, 0, c->l.l3_off + c->size);
	frag_draw_bytes(q, chaff->data + payload, chaff->len - payload);
	spoil(r, q, c, chaff);
	return place(q, c->b, r->kind != TCP_CHAFF_REXMIT);
}

const struct frag_directive frag_tcp_chaff = { .name = "tcp_chaff",
					       .parse = tcp_chaff_parse,
					       .each = tcp_chaff_each };
