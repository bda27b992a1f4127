/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IP datagrams, and fragments of such, into fragments:
 *
 *	IPv4	|link|IP, options                |data        |
 *	IPv6	|link|IP, per-fragment headers|44|data        |
 *
 * Fragments behind the first have only those IPv4 options that are to be copied (RFC 791,
 * 3.1). The per-fragment headers of IPv6 are hop-by-hop options, routing, and what stands
 * before a routing header (RFC 8200, 4.5). What is one fragment already is cut further.
 */
#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "base/macros.h"
#include "edit/cut.h"
#include "pkt/checksum.h"

#define FRAGMENT_HEADER 8u

/* What a fragment begins with. */
struct head {
	uint8_t *mem;
	uint32_t len;
	uint32_t frag_off; /* where the fragment header, or that field of IPv4, stands */
};

struct plan {
	struct cut *c;
	struct head first, rest;
	uint32_t from; /* where in the frame the data begins */
	uint32_t data; /* bytes of it on the wire */
};

/* The IPv4 header at ip with only the options that go into every fragment: its length. */
static uint32_t copied_options(const uint8_t *ip, uint32_t len, uint8_t *ret_ip)
{
	uint32_t n = 20;

	memcpy(ret_ip, ip, 20);
	for (uint32_t at = 20; at < len && ip[at] != 0;) {
		uint32_t size = cut_option_size(ip, at, len);

		if (!size)
			break; /* what makes no sense is in the first */
		if (ip[at] & 0x80) {
			memcpy(ret_ip + n, ip + at, size);
			n += size;
		}
		at += size;
	}
	while (n % 4)
		ret_ip[n++] = 0;
	ret_ip[0] = (uint8_t)(0x40 | n / 4);
	return n;
}

/* The checksum as right or wrong as it was, though other words are under it now. */
static void resum_ipv4(uint8_t *ip, const uint8_t *old, uint32_t old_len)
{
	uint32_t len = 4u * (ip[0] & 0xf);
	uint32_t before = csum_add(csum_add(0, old, 10), old + 12, old_len - 12);
	uint32_t after = csum_add(csum_add(0, ip, 10), ip + 12, len - 12);

	be16_put(ip + 10, csum_replace(be16_at(old + 10), before, after));
}

/* Nobody may fragment it: so its id may be any, and is often the same for all. */
void cut_allow(struct cut *c)
{
	uint8_t *ip = c->b->data + c->l.l3_off;
	uint16_t word = be16_at(ip + 6), id = be16_at(ip + 4);

	if (!cut_is_forbidden(c))
		return;
	be16_put(ip + 6, word & 0xbfff);
	be16_put(ip + 4, id ? id : (uint16_t)c->id);
	csum_ipv4_changed16(ip, word, be16_at(ip + 6));
	csum_ipv4_changed16(ip, id, be16_at(ip + 4));
}

static int plan_ipv4(struct plan *p, struct made_pool *pool)
{
	struct cut *c = p->c;
	uint8_t *old = c->b->data + c->l.l3_off, *new;
	int r;

	cut_allow(c);
	p->from = cut_ip_data(c);
	p->data = c->l.l3_off + c->size - p->from;
	p->first = p->rest = (struct head){ c->b->data, p->from, c->l.l3_off + 6 };
	if (c->copy_all)
		return 0;

	r = made_take(pool, p->from + 3, &p->rest.mem);
	if (r < 0)
		return r;
	memcpy(p->rest.mem, c->b->data, c->l.l3_off);
	new = p->rest.mem + c->l.l3_off;
	p->rest.len = c->l.l3_off + copied_options(old, c->l.l3_len, new);
	resum_ipv4(new, old, c->l.l3_len);
	return 0;
}

/* Where in the datagram at ip the part ends that goes into every fragment, and where the
 * number of the header behind it stands. */
static uint32_t per_fragment(const struct cut *c, const uint8_t *ip, uint32_t *ret_next)
{
	uint32_t off = 40, next = 6, end = 40;

	if (c->l.ip6frag_off != PKT_ABSENT)
		return c->l.ip6frag_off - c->l.l3_off;
	*ret_next = 6;
	while (off + 8 <= c->l.l3_len) {
		uint8_t proto = ip[next];

		if (proto != PKT_IP_HOPOPTS && proto != PKT_IP_ROUTING && proto != PKT_IP_DSTOPTS)
			break;
		next = off;
		off += 8u * (ip[off + 1] + 1u);
		if (proto != PKT_IP_DSTOPTS) {
			end = off;
			*ret_next = next;
		}
	}
	return end;
}

uint32_t cut_ip_data(const struct cut *c)
{
	uint32_t next;

	if (c->l.ip_version == 4)
		return c->l.l3_off + c->l.l3_len;
	if (c->l.ip6frag_off != PKT_ABSENT)
		return c->l.ip6frag_off + FRAGMENT_HEADER;
	return c->l.l3_off + per_fragment(c, c->b->data + c->l.l3_off, &next);
}

static int plan_ipv6(struct plan *p, struct made_pool *pool)
{
	struct cut *c = p->c;
	const uint8_t *ip = c->b->data + c->l.l3_off;
	uint32_t next = 0, same = per_fragment(c, ip, &next);
	uint32_t head = c->l.l3_off + same;
	uint8_t *mem;
	int r;

	r = made_take(pool, head + FRAGMENT_HEADER, &mem);
	if (r < 0)
		return r;
	memcpy(mem, c->b->data, head);
	if (c->l.ip6frag_off != PKT_ABSENT) {
		memcpy(mem + head, ip + same, FRAGMENT_HEADER);
	} else {
		memset(mem + head, 0, FRAGMENT_HEADER);
		mem[head] = ip[next];
		be32_put(mem + head + 4, c->id);
		mem[c->l.l3_off + next] = PKT_IP_FRAGMENT;
	}
	p->from = cut_ip_data(c);
	p->data = c->l.l3_off + c->size - p->from;
	p->first = p->rest = (struct head){ mem, head + FRAGMENT_HEADER, head + 2 };
	return 0;
}

/* Offsets of 13 bits tell no more. */
static bool is_too_long(const struct plan *p)
{
	uint16_t old = be16_at(p->first.mem + p->first.frag_off);
	uint32_t off = p->c->l.ip_version == 4 ? (old & 0x1fffu) * 8 : old & 0xfff8u;

	return off + p->data > 65535;
}

static int plan_begin(struct plan *p, struct cut *c, struct made_pool *pool,
		      enum weir_edit_reason *ret_why)
{
	int r;

	p->c = c;
	cut_complete_sum(c);
	r = c->l.ip_version == 4 ? plan_ipv4(p, pool) : plan_ipv6(p, pool);
	if (r < 0)
		return r;
	*ret_why = WEIR_EDIT_BAD_LENGTH;
	return !is_too_long(p);
}

/* The offset in units of 8 bytes is added to what was there; a fragment that was not the
 * last of its datagram has none that is. */
static void set_fragment(const struct plan *p, struct weir_buf *f, const struct head *h,
			 uint32_t off, bool last)
{
	uint8_t *ip = f->data + p->c->l.l3_off;
	uint16_t old = be16_at(f->data + h->frag_off), new;

	if (p->c->l.ip_version == 4) {
		new = (uint16_t)(old + off / 8);
		new |= last ? 0 : 0x2000;
		csum_ipv4_changed16(ip, old, new);
	} else {
		new = (uint16_t)(old + off);
		new |= last ? 0 : 1;
	}
	be16_put(f->data + h->frag_off, new);
}

static int cut_planned(const struct plan *p, const struct cut_sizes *s, struct made_list *out,
		       struct made_pool *pool)
{
	uint32_t n;

	for (uint32_t off = 0; off < p->data; off += n) {
		const struct head *h = off ? &p->rest : &p->first;
		uint32_t left = p->data - off, have;
		struct weir_buf *f, b = *p->c->b;
		int r;

		n = left <= s->last && off ? left : MIN(left, off ? s->rest : s->first);
		have = cut_captured(p->c, p->from + off, n);
		b.data = h->mem;
		r = made_add(out, pool, &b, h->len, h->len + have, &f);
		if (r < 0)
			return r;
		memcpy(f->data + h->len, p->c->b->data + p->from + off, have);
		cut_set_size(f, &p->c->l, h->len - p->c->l.l3_off + n);
		set_fragment(p, f, h, off, off + n == p->data);
	}
	return 1;
}

int cut_ip(struct cut *c, const struct cut_sizes *sizes, struct made_list *out,
	   struct made_pool *pool, enum weir_edit_reason *ret_why)
{
	struct plan p;
	int r = plan_begin(&p, c, pool, ret_why);

	return r <= 0 ? r : cut_planned(&p, sizes, out, pool);
}

int cut_ip_mtu(struct cut *c, uint32_t mtu, struct made_list *out, struct made_pool *pool,
	       enum weir_edit_reason *ret_why)
{
	uint32_t first, rest;
	struct plan p;
	int r = plan_begin(&p, c, pool, ret_why);

	if (r <= 0)
		return r;
	first = p.first.len - c->l.l3_off;
	rest = p.rest.len - c->l.l3_off;
	if (mtu < MAX(first, rest) + 8) {
		*ret_why = WEIR_EDIT_ALL_HEADERS;
		return 0;
	}
	return cut_planned(&p,
			   &(struct cut_sizes){ .first = (mtu - first) & ~7u,
						.rest = (mtu - rest) & ~7u,
						.last = mtu - rest },
			   out, pool);
}
