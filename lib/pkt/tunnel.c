/* SPDX-License-Identifier: BSD-2-Clause */
#include "pkt/tunnel.h"

#include <errno.h>
#include <stdbool.h>

#include "base/bytes.h"
#include "base/macros.h"

/* A tunnel's header at off, within the outer packet. */
struct tunnel {
	const uint8_t *p;
	uint32_t off, end;
	struct pkt_layers *inner;
};

static const uint8_t *at(const struct tunnel *t, uint32_t off, uint32_t n)
{
	return off <= t->end && t->end - off >= n ? t->p + off : NULL;
}

/* The inner packet begins at off with what type says. */
static int walk(const struct tunnel *t, uint16_t type, uint32_t off)
{
	return pkt_parse_at(type, t->p, t->end, off, t->inner);
}

/* The same, if it is a type that is followed. */
static int walk_known(const struct tunnel *t, uint16_t type, uint32_t off)
{
	switch (type) {
	case PKT_ETH_IPV4:
	case PKT_ETH_IPV6:
	case PKT_ETH_BRIDGED:
	case PKT_ETH_MPLS:
	case PKT_ETH_MPLS_UPSTREAM:
		return walk(t, type, off);
	default:
		return -ENOENT;
	}
}

/* The tunnel's header itself is cut. */
static int cut(const struct tunnel *t)
{
	pkt_layers_init(t->inner, 0);
	return -ENODATA;
}

/* |C.KS flags 13 version 3|type 16|checksum 16, 0 16 if C|key 32 if K|number 32 if S| */
static int walk_gre(const struct tunnel *t)
{
	const uint8_t *h = at(t, t->off, 4);
	uint32_t size = 4;
	uint16_t flags;

	if (!h)
		return cut(t);

	flags = be16_at(h);
	if (flags & 0x4007) /* routing, or another version */
		return -ENOENT;
	size += flags & 0x8000 ? 4 : 0;
	size += flags & 0x2000 ? 4 : 0;
	size += flags & 0x1000 ? 4 : 0;
	return walk_known(t, be16_at(h + 2), t->off + size);
}

/* |flags 8, of which 08: there is a number|reserved 24|number 24|reserved 8| */
static int walk_vxlan(const struct tunnel *t)
{
	const uint8_t *h = at(t, t->off, 8);

	if (!h)
		return cut(t);
	return h[0] & 0x08 ? walk(t, PKT_ETH_BRIDGED, t->off + 8) : -ENOENT;
}

/* |version 2, words of options 6|flags 8|type 16|number 24|reserved 8|options| */
static int walk_geneve(const struct tunnel *t)
{
	const uint8_t *h = at(t, t->off, 8);

	if (!h)
		return cut(t);
	if (h[0] >> 6)
		return -ENOENT;
	return walk_known(t, be16_at(h + 2), t->off + 8 + 4u * (h[0] & 0x3f));
}

/*
 * |version 3, is GTP 1, 0, E, S, PN|message 8|length 16|tunnel 32|
 *	and with any of E, S, PN:   |number 16|N-PDU 8|next 8|
 *	and with E, while next:     |words 8|...|next 8|
 */
static int walk_gtpu(const struct tunnel *t)
{
	const uint8_t *h = at(t, t->off, 8);
	uint32_t off = t->off + 8;
	uint8_t next;

	if (!h)
		return cut(t);
	if ((h[0] & 0xf0) != 0x30 || h[1] != 255)
		return -ENOENT;
	if (!(h[0] & 0x07))
		return walk(t, 0, off);

	h = at(t, off, 4);
	if (!h)
		return cut(t);
	next = t->p[t->off] & 0x04 ? h[3] : 0;
	for (off += 4; next; off += 4u * h[0]) {
		h = at(t, off, 4);
		if (!h || !h[0] || !at(t, off, 4u * h[0]))
			return cut(t);
		next = h[4u * h[0] - 1];
	}
	return walk(t, 0, off);
}

static const struct {
	uint16_t port;
	uint16_t kind;
	int (*walk)(const struct tunnel *t);
} over_udp[] = {
	{ 4789, PKT_TUNNEL_VXLAN, walk_vxlan },
	{ 8472, PKT_TUNNEL_VXLAN, walk_vxlan },
	{ 6081, PKT_TUNNEL_GENEVE, walk_geneve },
	{ 2152, PKT_TUNNEL_GTPU, walk_gtpu },
};

static int walk_udp(unsigned kinds, struct tunnel *t, const struct pkt_layers *outer)
{
	for (unsigned i = 0; i < ARRAY_SIZE(over_udp); i++) {
		if (!(outer->flags & PKT_PORTS) || outer->dst_port != over_udp[i].port ||
		    !(kinds & over_udp[i].kind))
			continue;
		if (!outer->l4_len)
			return cut(t);
		t->off += outer->l4_len;
		return over_udp[i].walk(t);
	}
	return -ENOENT;
}

/*
 * Nothing says what is behind labels but its first bits: 4 and 6 are IP, 0 is a control
 * word in front of Ethernet, or the beginning of its destination address. So it counts
 * as Ethernet where something known is in it.
 */
static int walk_behind_labels(const struct tunnel *t)
{
	const uint8_t *h = at(t, t->off, 1);

	if (!h)
		return cut(t);
	if (*h >> 4 == 4 || *h >> 4 == 6)
		return walk(t, 0, t->off);
	for (uint32_t word = *h >> 4 ? 0 : 4;; word -= 4) {
		int r = walk(t, PKT_ETH_BRIDGED, t->off + word);

		if (t->inner->ip_version || t->inner->ethertype == PKT_ETH_ARP)
			return r;
		if (!word)
			return -ENOENT;
	}
}

int pkt_parse_inner(unsigned kinds, const uint8_t *p, const struct pkt_layers *outer,
		    struct pkt_layers *ret_inner)
{
	struct tunnel t = { .p = p, .off = outer->l4_off, .end = outer->end, .inner = ret_inner };

	if (outer->n_mpls && kinds & PKT_TUNNEL_MPLS) {
		if (outer->n_mpls == UINT8_MAX) /* so many that they were not counted */
			return -ENOENT;
		t.off = outer->mpls_off + 4u * outer->n_mpls;
		return walk_behind_labels(&t);
	}
	if (outer->l4_off == PKT_ABSENT)
		return -ENOENT;

	switch (outer->proto) {
	case PKT_IP_IPV4:
		return kinds & PKT_TUNNEL_IPIP ? walk(&t, PKT_ETH_IPV4, t.off) : -ENOENT;
	case PKT_IP_IPV6:
		return kinds & PKT_TUNNEL_IPIP ? walk(&t, PKT_ETH_IPV6, t.off) : -ENOENT;
	case PKT_IP_MPLS:
		return kinds & PKT_TUNNEL_IPIP ? walk(&t, PKT_ETH_MPLS, t.off) : -ENOENT;
	case PKT_IP_GRE:
		return kinds & PKT_TUNNEL_GRE ? walk_gre(&t) : -ENOENT;
	case PKT_IP_UDP:
		return walk_udp(kinds, &t, outer);
	default:
		return -ENOENT;
	}
}
