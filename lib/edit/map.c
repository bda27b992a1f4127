/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IP addresses by map: "FROM/N:TO/M" gives addresses within FROM the first M bits of TO.
 *
 * Source and destination are looked up each for itself. With two maps, frames of port 0
 * (from clients) use the first for their source and the second for their destination,
 * frames of port 1 the other way round.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "edit/edit.h"

/* The first map that holds the address changes it: true. */
static bool map_addr4(const struct edit_maps *maps, uint8_t *addr)
{
	uint64_t v = raw32_at(addr);

	for (unsigned i = 0; i < maps->n_v4; i++) {
		const struct edit_map *m = &maps->v4[i];

		if ((v & m->mask[0]) != m->from[0])
			continue;
		raw32_put(addr, (uint32_t)(m->to[0] | (v & m->keep[0])));
		return raw32_at(addr) != v;
	}
	return false;
}

static bool map_addr6(const struct edit_maps *maps, uint8_t *addr)
{
	uint64_t v = raw64_at(addr), w = raw64_at(addr + 8);

	for (unsigned i = 0; i < maps->n_v6; i++) {
		const struct edit_map *m = &maps->v6[i];

		if ((v & m->mask[0]) != m->from[0] || (w & m->mask[1]) != m->from[1])
			continue;
		raw64_put(addr, m->to[0] | (v & m->keep[0]));
		raw64_put(addr + 8, m->to[1] | (w & m->keep[1]));
		return raw64_at(addr) != v || raw64_at(addr + 8) != w;
	}
	return false;
}

/* 224.0.0.0/4 and ff00::/8, and what goes to everybody. */
bool edit_addr_is_broadcast(const struct weir_editor *e, uint8_t version, const uint8_t *addr)
{
	if (version == 6)
		return addr[0] == 0xff;
	return addr[0] >> 4 == 0xe ||
	       (!(e->quirks & WEIR_QUIRK_BROADCAST_IP) && be32_at(addr) == 0xffffffff);
}

static void map_field(struct weir_editor *e, struct edit_frame *f, bool dst,
		      const struct edit_maps *maps)
{
	bool v4 = f->l.ip_version == 4;
	uint8_t *addr = edit_l3(f) + (v4 ? dst ? 16 : 12 : dst ? 24 : 8);
	uint8_t old[16];

	if (e->opts.skip_broadcast && edit_addr_is_broadcast(e, f->l.ip_version, addr))
		return;

	memcpy(old, addr, v4 ? 4 : 16);
	if (v4 ? map_addr4(maps, addr) : map_addr6(maps, addr))
		edit_addr_changed(f, dst, old, addr);
}

/* tcpreplay maps what an ICMPv6 error quotes as if it went the way of the error. The error's
 * checksum is left: where the quoted packet's is there to be kept, nothing has changed. */
static void map_quoted_quirk(struct weir_editor *e, struct edit_frame *f,
			     const struct edit_maps *src, const struct edit_maps *dst)
{
	uint8_t *icmp = f->buf->data + f->l.l4_off;
	struct weir_buf buf = { 0 };
	struct edit_frame quoted = { .buf = &buf };

	if (f->l.ip_version != 6 || f->l.proto != PKT_IP_ICMPV6 || f->l.l4_off == PKT_ABSENT ||
	    f->l.end < f->l.l4_off + 48)
		return;
	if (icmp[0] < 1 || icmp[0] > 4 || f->l.flags & PKT_LATER_FRAGMENT)
		return;

	buf.data = icmp + 8;
	buf.len = f->l.end - f->l.l4_off - 8;
	(void)pkt_parse(PKT_LINKTYPE_IPV6, buf.data, buf.len, &quoted.l);
	if (quoted.l.ip_version != 6)
		return; /* damaged */
	map_field(e, &quoted, true, dst);
	map_field(e, &quoted, false, src);
}

/* Both addresses, and with the quirk those that an error quotes. */
static void map_both(struct weir_editor *e, struct edit_frame *f, const struct edit_maps *src,
		     const struct edit_maps *dst)
{
	map_field(e, f, true, dst);
	map_field(e, f, false, src);
	if (e->quirks & WEIR_QUIRK_MAPS)
		map_quoted_quirk(e, f, src, dst);
}

static void map(struct weir_editor *e, struct edit_frame *f)
{
	if (f->l.ip_version)
		map_both(e, f, &e->src_map, &e->dst_map);
}
EDIT_STEP(map)

/* An IPv4 address of an ARP packet; NULL: it is not there whole. */
static uint8_t *arp_address(const struct edit_frame *f, uint32_t off)
{
	return f->buf->len >= off + 4 ? f->buf->data + off : NULL;
}

bool edit_arp(const struct edit_frame *f, struct edit_arp *ret_arp)
{
	uint32_t off = f->l.payload_off;
	uint8_t *arp = f->buf->data + off;
	uint32_t sender, target;
	uint16_t op;

	if (f->l.ethertype != PKT_ETH_ARP || off > f->buf->len || f->buf->len - off < 8)
		return false;
	op = be16_at(arp + 6);
	if (be16_at(arp + 2) != PKT_ETH_IPV4 || (op != 1 && op != 2))
		return false;
	sender = off + 8 + arp[4];
	target = sender + arp[5] + arp[4];
	/* tcpreplay does not ask how long the addresses are, nor whether they are there. */
	if (!f->classic && (arp[5] != 4 || target + 4 > f->buf->len))
		return false;

	*ret_arp = (struct edit_arp){
		.is_request = op == 1,
		.sender = arp_address(f, sender),
		.target = arp_address(f, target),
	};
	return true;
}

static void map_arp(const struct edit_maps *maps, uint8_t *addr)
{
	if (addr)
		(void)map_addr4(maps, addr); /* nothing sums it */
}

static void say_foreign_arp_quirk(struct weir_editor *e, struct edit_frame *f)
{
	uint32_t off = f->l.payload_off;

	if (off + 4 <= f->buf->len && be16_at(f->buf->data + off + 2) != PKT_ETH_IPV4)
		edit_note(e, f, WEIR_EDIT_BAD_NETWORK,
			  "ARP packet isn't for IPv4!  Can't rewrite IP's");
}

static void pnat(struct weir_editor *e, struct edit_frame *f)
{
	const struct edit_maps *src = &e->pnat[f->side];
	const struct edit_maps *dst = &e->pnat[!f->side];
	struct edit_arp arp;

	if (f->l.ip_version) {
		map_both(e, f, src, dst);
		return;
	}
	if (!edit_arp(f, &arp)) {
		if (f->classic && f->l.ethertype == PKT_ETH_ARP)
			say_foreign_arp_quirk(e, f);
		return;
	}
	/* A request asks for the other side's address, as if it were sent from there. */
	map_arp(arp.is_request ? dst : src, arp.sender);
	map_arp(arp.is_request ? src : dst, arp.target);
}
EDIT_STEP(pnat)

static void mask_of(unsigned bits, unsigned size, uint64_t mask[2])
{
	uint8_t ones[16], zeros[16] = { 0 }, bytes[16] = { 0 };

	memset(ones, 0xff, sizeof(ones));
	addr_mix(bits, size, ones, zeros, bytes);
	memcpy(mask, bytes, sizeof(bytes));
}

static int add_map(const struct weir_editor *e, struct edit_maps *maps, const struct pkt_cidr *from,
		   const struct pkt_cidr *to, struct weir_err *err)
{
	bool v4 = from->version == 4;
	struct edit_map **list = v4 ? &maps->v4 : &maps->v6;
	unsigned *n = v4 ? &maps->n_v4 : &maps->n_v6;
	unsigned size = cidr_size(from->version), to_bits = to->bits;
	struct edit_map *m = realloc(*list, (*n + 1) * sizeof(*m));
	uint64_t from_addr[2], to_addr[2], to_mask[2];

	if (!m)
		return err_set(err, -ENOMEM, "out of memory");
	*list = m;
	m += (*n)++;

	/* On x86, where tcpreplay runs, a shift by 32 does nothing. */
	if (e->quirks & WEIR_QUIRK_MAPS && v4 && !to_bits)
		to_bits = 32;
	mask_of(from->bits, size, m->mask);
	mask_of(to_bits, size, to_mask);
	memcpy(from_addr, from->addr, 16);
	memcpy(to_addr, to->addr, 16);
	for (unsigned i = 0; i < 2; i++) {
		m->from[i] = from_addr[i] & m->mask[i];
		m->to[i] = to_addr[i] & to_mask[i];
		m->keep[i] = ~to_mask[i];
	}
	return 0;
}

static int scan_maps(struct weir_editor *e, const char *name, const char *text,
		     struct edit_maps *maps, struct weir_err *err)
{
	struct scan s = scan_begin(name, text, err);
	struct pkt_cidr from, to;
	int r;

	do {
		const char *begin = s.at;

		r = cidr_scan(&s, &from);
		if (r >= 0)
			r = scan_expect(&s, ':');
		if (r >= 0)
			r = cidr_scan(&s, &to);
		if (r < 0)
			return r;
		if (from.version != to.version)
			return scan_bad(&s, begin, "IPv%u cannot become IPv%u", from.version,
					to.version);
		r = add_map(e, maps, &from, &to, err);
		if (r < 0)
			return r;
	} while (scan_take(&s, ','));
	return scan_end(&s);
}

static int map_compile(struct weir_editor *e, const struct weir_edit_opts *o, struct weir_err *err)
{
	int r = 0;

	if (o->src_map)
		r = scan_maps(e, "srcipmap", o->src_map, &e->src_map, err);
	if (r >= 0 && o->dst_map)
		r = scan_maps(e, "dstipmap", o->dst_map, &e->dst_map, err);
	if (r < 0)
		return r;
	return o->src_map || o->dst_map ? EDIT_NETWORK : 0;
}

const struct edit_step edit_map_step = {
	.compile = map_compile, .run = map_run, .on_packet = true, .on_quoted = true
};

/* "IP:IP": every address of a side becomes that side's, or its first bits if "/N" follows. */
static int scan_endpoints(struct weir_editor *e, const char *text, struct weir_err *err)
{
	struct scan s = scan_begin("endpoints", text, err);
	int r = 0;

	for (unsigned i = 0; r >= 0 && i < 2; i++) {
		struct pkt_cidr from, to;

		if (i)
			r = scan_expect(&s, ':');
		if (r >= 0)
			r = cidr_scan(&s, &to);
		if (r < 0)
			return r;
		from = (struct pkt_cidr){ .version = to.version };
		r = add_map(e, &e->pnat[i], &from, &to, err);
	}
	return r < 0 ? r : scan_end(&s);
}

void edit_maps_done(struct edit_maps *maps)
{
	free(maps->v4);
	free(maps->v6);
}

static int pnat_compile(struct weir_editor *e, const struct weir_edit_opts *o, struct weir_err *err)
{
	int r = 0;

	if (o->endpoints) {
		r = scan_endpoints(e, o->endpoints, err);
		return r < 0 ? r : EDIT_NETWORK | EDIT_SIDES;
	}
	if (!o->pnat)
		return 0;
	r = scan_maps(e, "pnat", o->pnat, &e->pnat[0], err);
	if (r >= 0)
		r = scan_maps(e, "pnat", o->pnat_back ? o->pnat_back : o->pnat, &e->pnat[1], err);
	if (r < 0)
		return r;
	return o->pnat_back ? EDIT_NETWORK | EDIT_SIDES : EDIT_NETWORK;
}

const struct edit_step edit_pnat_step = {
	.compile = pnat_compile, .run = pnat_run, .on_packet = true, .on_quoted = true
};
