/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Checksums: kept as right or wrong as they were (RFC 1624) by the steps that change a
 * field under them, and computed whole by a step of their own.
 */
#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "base/macros.h"
#include "edit/edit.h"
#include "pkt/checksum.h"

/* IPv6 pseudo headers hold the last address of a routing header, not the one in front. */
static bool is_routed(const struct edit_frame *f)
{
	const uint8_t *ip = edit_l3(f);
	uint8_t proto = ip[6];
	uint32_t off = 40;

	if (f->l.ip_version != 6 || f->classic)
		return false;

	while (off + 8 <= f->l.l3_len && proto != f->l.proto) {
		if (proto == PKT_IP_ROUTING && ip[off + 3] > 0)
			return true;
		proto = ip[off];
		off += proto == PKT_IP_FRAGMENT ? 8 : 8u * (ip[off + 1] + 1u);
	}
	return false;
}

uint8_t *edit_l4_sum(const struct edit_frame *f)
{
	uint32_t at, whole = 8;

	if (f->l.l4_off == PKT_ABSENT)
		return NULL;

	switch (f->l.proto) {
	case PKT_IP_TCP:
		at = 16;
		whole = 20;
		break;
	case PKT_IP_UDP:
		at = 6;
		break;
	case PKT_IP_ICMPV6:
		if (f->l.ip_version != 6)
			return NULL;
		at = 2;
		break;
	default:
		return NULL;
	}
	if (f->l.end < f->l.l4_off + (f->classic && f->l.ip_version == 4 ? whole : at + 2))
		return NULL;
	/* 0 under UDP: the sender computed none */
	if (f->l.proto == PKT_IP_UDP && !be16_at(f->buf->data + f->l.l4_off + at))
		return NULL;
	return f->buf->data + f->l.l4_off + at;
}

static void put_sum(const struct edit_frame *f, uint8_t *sum, uint16_t v)
{
	be16_put(sum, v || f->l.proto != PKT_IP_UDP ? v : 0xffff);
}

void edit_sum_changed16(const struct edit_frame *f, uint8_t *sum, uint16_t old, uint16_t new)
{
	if (sum)
		put_sum(f, sum, csum_update16(be16_at(sum), old, new));
}

void edit_sum_changed32(const struct edit_frame *f, uint8_t *sum, uint32_t old, uint32_t new)
{
	if (sum)
		put_sum(f, sum, csum_update32(be16_at(sum), old, new));
}

void edit_sum_replaced(const struct edit_frame *f, uint8_t *sum, uint32_t before, uint32_t after)
{
	if (sum)
		put_sum(f, sum, csum_replace(be16_at(sum), before, after));
}

/* Of a GRE header (RFC 2784), if it has one. */
static uint8_t *gre_sum(const struct edit_frame *f)
{
	uint8_t *gre = f->buf->data + f->l.l4_off;

	if (f->l.end < f->l.l4_off + 8 || (be16_at(gre) & 0x8007) != 0x8000)
		return NULL;
	return gre + 4;
}

uint8_t *edit_tunnel_sum(const struct edit_frame *f)
{
	if (f->l.proto == PKT_IP_UDP)
		return edit_l4_sum(f);
	return f->l.proto == PKT_IP_GRE && f->l.l4_off != PKT_ABSENT ? gre_sum(f) : NULL;
}

void edit_ip_changed16(struct edit_frame *f, uint16_t old, uint16_t new)
{
	csum_ipv4_changed16(edit_l3(f), old, new);
}

void edit_addr_changed(struct edit_frame *f, bool dst, const uint8_t *old, const uint8_t *new)
{
	uint8_t *ip = edit_l3(f);
	uint8_t *sum = f->l.flags & PKT_LATER_FRAGMENT ? NULL : edit_l4_sum(f);

	f->moved |= dst;
	if (f->l.ip_version == 4) {
		be16_put(ip + 10, csum_update32(be16_at(ip + 10), be32_at(old), be32_at(new)));
		edit_sum_changed32(f, sum, be32_at(old), be32_at(new));
		return;
	}
	if (sum && !(dst && is_routed(f)))
		edit_sum_replaced(f, sum, csum_add(0, old, 16), csum_add(0, new, 16));
}

/* The whole checksum of what lies behind the IP header, up to .end. */
static void sum_l4(struct edit_frame *f)
{
	const uint8_t *ip = edit_l3(f);
	uint8_t *l4 = f->buf->data + f->l.l4_off;
	uint32_t size = f->l.end - f->l.l4_off;
	bool ipv6 = f->l.ip_version == 6;
	uint32_t partial = 0;
	uint8_t *sum;

	if (f->l.proto == PKT_IP_ICMP && !ipv6)
		sum = size >= 4 ? l4 + 2 : NULL;
	else if (f->l.proto == PKT_IP_GRE)
		sum = gre_sum(f);
	else
		sum = edit_l4_sum(f);
	if (!sum || is_routed(f))
		return;

	if (f->l.proto != PKT_IP_ICMP && f->l.proto != PKT_IP_GRE)
		partial = csum_pseudo(ip, ipv6, f->l.proto, size);
	be16_put(sum, 0);
	put_sum(f, sum, csum_fold(csum_add(partial, l4, size)));
}

void edit_sum_packet(struct edit_frame *f)
{
	if (!f->l.ip_version)
		return;
	if (!(f->l.flags & (PKT_FRAGMENT | PKT_PAYLOAD_CUT)) && f->l.l4_off != PKT_ABSENT)
		sum_l4(f);
	if (f->l.ip_version == 4)
		csum_put_ipv4(edit_l3(f));
}

static void sum(struct weir_editor *e, struct edit_frame *f)
{
	if (e->opts.fix_csum || f->sum)
		edit_sum_packet(f);
}
EDIT_STEP(sum)

/* With WEIR_QUIRK_SUM_GATE: what tcpreplay computes, and what it leaves. */

static void sum_l4_quirk(struct weir_editor *e, struct edit_frame *f)
{
	static const struct {
		uint8_t version, proto, min_size;
		const char *name;
	} known[] = {
		{ 4, PKT_IP_TCP, 20, "TCP" },	{ 6, PKT_IP_TCP, 20, "TCP" },
		{ 4, PKT_IP_UDP, 8, "UDP" },	{ 6, PKT_IP_UDP, 8, "UDP" },
		{ 4, PKT_IP_ICMP, 28, "ICMP" }, { 6, PKT_IP_ICMPV6, 8, "ICMP6" },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(known); i++) {
		if (known[i].version != f->l.ip_version || known[i].proto != f->l.proto)
			continue;
		if (f->l.end < f->l.l4_off)
			return; /* an edit has cut the frame before it */
		if (f->l.end - f->l.l4_off >= known[i].min_size)
			sum_l4(f);
		else
			edit_note(e, f, WEIR_EDIT_BAD_TRANSPORT,
				  "Unable to checksum %s with insufficient L4 data", known[i].name);
		return;
	}
	edit_note(e, f, WEIR_EDIT_BAD_TRANSPORT, "Unsupported protocol for checksum: 0x%x",
		  f->l.proto);
}

/* Nothing behind the IP header ends a run. */
static void end_empty_quirk(struct weir_editor *e, struct edit_frame *f)
{
	edit_end(e, f, "length of data must be > 0");
}

static void sum4_quirk(struct weir_editor *e, struct edit_frame *f)
{
	const uint8_t *ip = edit_l3(f);
	uint32_t have = f->buf->len - f->l.l3_off;

	if (ip[0] >> 4 != 4) {
		edit_end(e, f, "Invalid packet: Expected IPv4 packet: got %u: pkt=%llu", ip[0] >> 4,
			 (unsigned long long)f->buf->nr);
		return;
	}
	if (!(f->l.flags & PKT_FRAGMENT) && f->buf->len == f->buf->orig_len) {
		if (be16_at(ip + 2) != have) {
			edit_note(e, f, WEIR_EDIT_BAD_LENGTH,
				  "skipping packet %llu because caplen %u minus L2 length %u does "
				  "not equal IPv4 header length %u. Consider option '--fixhdrlen'.",
				  (unsigned long long)f->buf->nr, f->buf->len, f->l.l3_off,
				  be16_at(ip + 2));
			return;
		}
		if (be16_at(ip + 2) == f->l.l3_len) {
			end_empty_quirk(e, f);
			return;
		}
		sum_l4_quirk(e, f);
	}
	csum_put_ipv4(edit_l3(f));
}

static void sum6_quirk(struct weir_editor *e, struct edit_frame *f)
{
	const uint8_t *ip = edit_l3(f);
	uint32_t begin = f->l.l3_off + 40;

	if (f->buf->len != f->buf->orig_len)
		return;
	if (!be16_at(ip + 4) && f->buf->len == begin) {
		end_empty_quirk(e, f);
		return;
	}
	if (e->quirks & WEIR_QUIRK_SUM6_SWAPPED && le16_at(ip + 4) < 40) {
		edit_note(e, f, WEIR_EDIT_BAD_LENGTH,
			  "Unable to checksum IPv6 packet with invalid: pkt=%llu IP length=%u "
			  "caplen=%u",
			  (unsigned long long)f->buf->nr, le16_at(ip + 4), f->buf->len);
		return;
	}
	f->l.end = MIN(f->l.end, begin + be16_at(ip + 4));
	if (f->l.l4_off < f->l.end)
		sum_l4_quirk(e, f);
}

static void sum_quirk(struct weir_editor *e, struct edit_frame *f)
{
	if (!e->opts.fix_csum && !f->sum)
		return;
	if (f->l.ip_version == 4)
		sum4_quirk(e, f);
	else if (f->l.ip_version == 6)
		sum6_quirk(e, f);
}
EDIT_STEP(sum_quirk)

static void sum_any_run(struct weir_editor *e, struct edit_frame *frames, unsigned n)
{
	if (e->quirks & WEIR_QUIRK_SUM_GATE)
		sum_quirk_run(e, frames, n);
	else
		sum_run(e, frames, n);
}

static int sum_compile(struct weir_editor *e, const struct weir_edit_opts *o, struct weir_err *err)
{
	(void)err; /* cannot fail */
	if (o->fix_csum)
		return EDIT_NETWORK;
	/* Others ask for it frame by frame. */
	return o->fixlen != WEIR_FIXLEN_NONE || o->mtu_trunc || o->fix_hdrlen ||
			       o->fuzz_seed.given ||
			       ((o->ttl || o->n_port_maps) && (e->quirks & WEIR_QUIRK_SUM_ALWAYS))
		       ? EDIT_NETWORK
		       : 0;
}

const struct edit_step edit_sum_step = { .compile = sum_compile, .run = sum_any_run };
