/* SPDX-License-Identifier: BSD-2-Clause */
/* Directives about IP. */
#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "base/macros.h"
#include "edit/frag.h"
#include "pkt/checksum.h"

enum {
	IPOPT_NOP = 1,
	IPOPT_LSRR = 131,
	IPOPT_SSRR = 137,
	IPV4_OPTIONS_MAX = 40,
};

static uint8_t *ip_of(const struct cut *c)
{
	return c->b->data + c->l.l3_off;
}

/* Sets a byte of the IPv4 header, whose checksum stays as right or wrong as it was. */
static void set_ipv4_byte(uint8_t *ip, unsigned at, uint8_t v)
{
	uint8_t *word = ip + (at & ~1u);
	uint16_t old = be16_at(word);

	ip[at] = v;
	csum_ipv4_changed16(ip, old, be16_at(word));
}

static void set_ttl(const struct cut *c, uint8_t ttl)
{
	if (c->l.ip_version == 4)
		set_ipv4_byte(ip_of(c), 8, ttl);
	else
		ip_of(c)[7] = ttl;
}

static int ttl_parse(struct frag_rule *r, struct frag_text *t)
{
	return frag_number(t, "the TTL", 1, 255, &r->value);
}

static int ttl_run(const struct frag_rule *r, struct frag_queue *q)
{
	struct cut c;

	for (unsigned i = 0; i < q->now.n; i++)
		if (frag_look(&q->now.bufs[i], &c))
			set_ttl(&c, (uint8_t)r->value);
	return 0;
}

const struct frag_directive frag_ip_ttl = { .name = "ip_ttl", .parse = ttl_parse, .run = ttl_run };

static int tos_parse(struct frag_rule *r, struct frag_text *t)
{
	return frag_number(t, "the TOS", 0, 255, &r->value);
}

static int tos_run(const struct frag_rule *r, struct frag_queue *q)
{
	struct cut c;

	for (unsigned i = 0; i < q->now.n; i++) {
		if (!frag_look(&q->now.bufs[i], &c) || c.l.ip_version != 4)
			continue;
		set_ipv4_byte(ip_of(&c), 1, (uint8_t)r->value);
		if (q->opts->quirks & WEIR_FRAGROUTE_QUIRK_SUMS)
			frag_sum_header(&q->now.bufs[i], &c);
	}
	return 0;
}

const struct frag_directive frag_ip_tos = { .name = "ip_tos", .parse = tos_parse, .run = tos_run };

static int qos_parse(struct frag_rule *r, struct frag_text *t)
{
	int q = frag_number(t, "the traffic class", 0, 255, &r->value);

	return q < 0 ? q : frag_number(t, "the flow label", 0, 0xfffff, &r->value2);
}

static int qos_run(const struct frag_rule *r, struct frag_queue *q)
{
	struct cut c;

	for (unsigned i = 0; i < q->now.n; i++)
		if (frag_look(&q->now.bufs[i], &c) && c.l.ip_version == 6)
			be32_put(ip_of(&c), 6u << 28 | r->value << 20 | r->value2);
	return 0;
}

const struct frag_directive frag_ip6_qos = { .name = "ip6_qos",
					     .parse = qos_parse,
					     .run = qos_run };

/* ---- options --------------------------------------------------------------- */

/* An option as it stands in the frame, filled up to 4 bytes. */
static int opt_parse(struct frag_rule *r, struct frag_text *t)
{
	static const char *const words[] = { "lsrr", "ssrr", "raw" };
	static const uint8_t types[] = { IPOPT_LSRR, IPOPT_SSRR };
	uint32_t ptr;
	int q = frag_word(t, words, ARRAY_SIZE(words), &r->kind);

	if (q < 0)
		return q;
	if (r->kind == 2) {
		q = frag_bytes(t, r, IPV4_OPTIONS_MAX);
	} else {
		r->n_bytes = 3;
		r->bytes[0] = types[r->kind];
		q = frag_number(t, "the pointer", 4, 255, &ptr);
		if (q >= 0)
			q = frag_addresses(t, r, 4, (IPV4_OPTIONS_MAX - 3) / 4);
		r->bytes[1] = (uint8_t)r->n_bytes;
		r->bytes[2] = q < 0 ? 0 : (uint8_t)ptr;
	}
	while (q >= 0 && r->n_bytes % 4)
		r->bytes[r->n_bytes++] = IPOPT_NOP;
	return q;
}

/* In front of other options, which may end with one that says so. */
static int opt_each(const struct frag_rule *r, struct frag_queue *q, struct cut *c)
{
	uint32_t head = c->l.l3_len, n = r->n_bytes;
	struct weir_buf *f;
	uint8_t *ip;
	int e;

	if (c->l.ip_version != 4)
		return frag_stay(q, c);
	if (head + n > 60 || c->size + n > 65535)
		return frag_refuse(q, c, WEIR_EDIT_NO_ROOM);
	e = frag_insert(q, c, c->l.l3_off + 20, n, &f);
	if (e < 0)
		return e;
	ip = f->data + c->l.l3_off;
	memcpy(ip + 20, r->bytes, n);
	set_ipv4_byte(ip, 0, (uint8_t)(0x40 | (head + n) / 4));
	be16_put(ip + 10, csum_replace(be16_at(ip + 10), 0, csum_add(0, r->bytes, n)));
	return 0;
}

const struct frag_directive frag_ip_opt = { .name = "ip_opt",
					    .parse = opt_parse,
					    .each = opt_each };

/* An extension header without its first byte; that one's number is .value. */
static int opt6_parse(struct frag_rule *r, struct frag_text *t)
{
	static const char *const words[] = { "route", "raw" };
	uint32_t segments = 0;
	int q = frag_word(t, words, ARRAY_SIZE(words), &r->kind);

	if (q >= 0 && r->kind == 0) {
		r->value = PKT_IP_ROUTING; /* of type 0 */
		r->n_bytes = 8;
		q = frag_number(t, "segments left", 0, 255, &segments);
		if (q >= 0)
			q = frag_addresses(t, r, 6, (FRAG_MAX_BYTES - 8) / 16);
		r->bytes[3] = (uint8_t)segments;
	} else if (q >= 0) {
		r->n_bytes = 2;
		q = frag_number(t, "the type of header", 0, 255, &r->value);
		if (q >= 0)
			q = frag_bytes(t, r, FRAG_MAX_BYTES);
		if (q >= 0 && r->n_bytes % 8)
			return frag_bad(t, "%u bytes and 2 of the header are no multiple of 8",
					r->n_bytes - 2);
	}
	r->bytes[1] = (uint8_t)(r->n_bytes / 8 - 1);
	return q;
}

/* Behind the hop-by-hop options, which have to be first. */
static int opt6_each(const struct frag_rule *r, struct frag_queue *q, struct cut *c)
{
	const uint8_t *ip = ip_of(c);
	uint32_t next = 6, off = 40;
	struct weir_buf *f;
	int e;

	if (c->l.ip_version != 6)
		return frag_stay(q, c);
	if (ip[6] == PKT_IP_HOPOPTS) {
		next = 40;
		off += 8u * (ip[41] + 1u);
	}
	if (c->size + r->n_bytes > 65535)
		return frag_refuse(q, c, WEIR_EDIT_NO_ROOM);
	e = frag_insert(q, c, c->l.l3_off + off, r->n_bytes, &f);
	if (e < 0)
		return e;
	memcpy(f->data + c->l.l3_off + off, r->bytes, r->n_bytes);
	f->data[c->l.l3_off + off] = ip[next];
	f->data[c->l.l3_off + next] = (uint8_t)r->value;
	return 0;
}

const struct frag_directive frag_ip6_opt = { .name = "ip6_opt",
					     .parse = opt6_parse,
					     .each = opt6_each };
