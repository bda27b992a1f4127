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
#include "pkt/checksum.h"

/* The first map that holds the address changes it. */
static bool map_addr(const struct edit_maps *maps, uint8_t version, uint8_t *addr)
{
	for (unsigned i = 0; i < maps->n; i++) {
		const struct edit_map *m = &maps->list[i];

		if (!cidr_has(&m->from, version, addr))
			continue;
		addr_mix(m->to.bits, cidr_size(version), m->to.addr, addr, addr);
		return true;
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
	uint8_t version = f->l.ip_version;
	unsigned size = cidr_size(version);
	uint8_t *addr = edit_l3(f) + (version == 4 ? 12 : 8) + (dst ? size : 0);
	uint8_t old[16];

	if (e->opts.skip_broadcast && edit_addr_is_broadcast(e, version, addr))
		return;

	memcpy(old, addr, size);
	if (map_addr(maps, version, addr) && memcmp(old, addr, size) != 0)
		edit_addr_changed(f, dst, old, addr);
}

/* The packet that an ICMPv6 error tells of, and its transport checksum. */
static void map_embedded(struct weir_editor *e, struct edit_frame *f, const struct edit_maps *src,
			 const struct edit_maps *dst)
{
	uint8_t *icmp = f->buf->data + f->l.l4_off;
	struct weir_buf inner_buf = { 0 };
	struct edit_frame inner = { .buf = &inner_buf };
	uint32_t before;

	if (f->l.ip_version != 6 || f->l.proto != PKT_IP_ICMPV6 || f->l.end < f->l.l4_off + 48)
		return;
	if (icmp[0] < 1 || icmp[0] > 4 || f->l.flags & PKT_LATER_FRAGMENT)
		return;

	inner_buf.data = icmp + 8;
	inner_buf.len = f->l.end - f->l.l4_off - 8;
	(void)pkt_parse(PKT_LINKTYPE_IPV6, inner_buf.data, inner_buf.len, &inner.l);
	if (inner.l.ip_version != 6)
		return; /* damaged */

	before = csum_add(0, inner_buf.data, inner_buf.len);
	map_field(e, &inner, true, dst);
	map_field(e, &inner, false, src);
	edit_sum_moved(f, before, csum_add(0, inner_buf.data, inner_buf.len));
}

static void map(struct weir_editor *e, struct edit_frame *f)
{
	if (!f->l.ip_version)
		return;

	map_field(e, f, true, &e->dst_map);
	map_field(e, f, false, &e->src_map);
	map_embedded(e, f, &e->src_map, &e->dst_map);
}
EDIT_STEP(map)

bool edit_arp(const struct edit_frame *f, struct edit_arp *ret_arp)
{
	uint32_t off = f->l.payload_off;
	uint8_t *arp = f->buf->data + off;
	uint16_t op;

	if (f->l.ethertype != PKT_ETH_ARP || off > f->buf->len || f->buf->len - off < 8)
		return false;
	op = be16_at(arp + 6);
	if (be16_at(arp + 2) != PKT_ETH_IPV4 || arp[5] != 4 || (op != 1 && op != 2))
		return false;
	if (f->buf->len - off < 8 + 2 * (arp[4] + 4u))
		return false;

	*ret_arp = (struct edit_arp){
		.is_request = op == 1,
		.sender = arp + 8 + arp[4],
		.target = arp + 8 + 2 * arp[4] + 4,
	};
	return true;
}

static void pnat(struct weir_editor *e, struct edit_frame *f)
{
	const struct edit_maps *src = &e->pnat[f->side];
	const struct edit_maps *dst = &e->pnat[!f->side];
	struct edit_arp arp;

	if (f->l.ip_version) {
		map_field(e, f, true, dst);
		map_field(e, f, false, src);
		if (e->quirks & WEIR_QUIRK_MAPS)
			map_embedded(e, f, src, dst);
		else
			map_embedded(e, f, dst, src); /* it went the other way */
		return;
	}
	if (!edit_arp(f, &arp))
		return;
	/* A request asks for the other side's address, as if it were sent from there. */
	(void)map_addr(arp.is_request ? dst : src, 4, arp.sender);
	(void)map_addr(arp.is_request ? src : dst, 4, arp.target);
}
EDIT_STEP(pnat)

/* On x86, where tcpreplay runs, a shift by 32 does nothing. */
static void to_all_quirk(const struct weir_editor *e, struct edit_map *m)
{
	if (e->quirks & WEIR_QUIRK_MAPS && m->to.version == 4 && !m->to.bits)
		m->to.bits = 32;
}

static int add_map(struct edit_maps *maps, const struct edit_map *m, struct weir_err *err)
{
	struct edit_map *more = realloc(maps->list, (maps->n + 1) * sizeof(*more));

	if (!more)
		return err_set(err, -ENOMEM, "out of memory");
	maps->list = more;
	more[maps->n++] = *m;
	return 0;
}

static int scan_maps(struct weir_editor *e, const char *name, const char *text,
		     struct edit_maps *maps, struct weir_err *err)
{
	struct scan s = scan_begin(name, text, err);
	struct edit_map m;
	int r;

	do {
		const char *begin = s.at;

		r = cidr_scan(&s, &m.from);
		if (r >= 0)
			r = scan_expect(&s, ':');
		if (r >= 0)
			r = cidr_scan(&s, &m.to);
		if (r < 0)
			return r;
		if (m.from.version != m.to.version)
			return scan_bad(&s, begin, "IPv%u cannot become IPv%u", m.from.version,
					m.to.version);
		to_all_quirk(e, &m);
		r = add_map(maps, &m, err);
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

const struct edit_step edit_map_step = { .compile = map_compile, .run = map_run };

/* "IP:IP": every address of a side becomes that side's. */
static int scan_endpoints(struct weir_editor *e, const char *text, struct weir_err *err)
{
	struct scan s = scan_begin("endpoints", text, err);
	int r = 0;

	for (unsigned i = 0; r >= 0 && i < 2; i++) {
		struct edit_map m;

		if (i)
			r = scan_expect(&s, ':');
		if (r >= 0)
			r = cidr_scan(&s, &m.to);
		if (r < 0)
			return r;
		m.to.bits = (uint8_t)(8 * cidr_size(m.to.version));
		m.from = (struct pkt_cidr){ .version = m.to.version };
		r = add_map(&e->pnat[i], &m, err);
	}
	return r < 0 ? r : scan_end(&s);
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

const struct edit_step edit_pnat_step = { .compile = pnat_compile, .run = pnat_run };
