/* SPDX-License-Identifier: BSD-2-Clause */
#include "pkt/classic.h"

#include <errno.h>
#include <stdbool.h>

#include "base/bytes.h"
#include "base/macros.h"

#define ETH_MIN_FRAME 19u
#define ETH_TYPE_MIN  1536u
#define PROTO_ESP     50

struct walk {
	const uint8_t *p;
	uint32_t len;
	struct pkt_layers *l;
	bool strict; /* PKT_CLASSIC_REWRITE */
};

static const uint8_t *at(const struct walk *w, uint32_t off, uint32_t n)
{
	return off <= w->len && w->len - off >= n ? w->p + off : NULL;
}

/* Ports are taken to be there in every fragment, and behind no extension header. */
static int walk_transport(struct walk *w, uint32_t off)
{
	struct pkt_layers *l = w->l;
	uint32_t need = l->proto == PKT_IP_TCP ? 20 : 8;

	l->payload_off = off;
	l->l4_off = off;
	if (!at(w, off, need) || (w->strict && l->ip_version == 6 && l->l3_len > 40))
		return 0;
	if (l->proto == PKT_IP_TCP || l->proto == PKT_IP_UDP) {
		l->l4_len = need;
		l->src_port = be16_at(w->p + off);
		l->dst_port = be16_at(w->p + off + 2);
		l->flags |= PKT_PORTS;
	}
	return 0;
}

static int walk_ipv4(struct walk *w, uint32_t off)
{
	const uint8_t *ip = at(w, off, 20);
	struct pkt_layers *l = w->l;
	uint16_t frag;

	if (!ip || (w->strict && !at(w, off, 4u * (ip[0] & 0xf))))
		return -ENODATA;

	l->ip_version = 4;
	l->l3_off = off;
	l->l3_len = 4u * (ip[0] & 0xf);
	l->proto = ip[9];
	frag = be16_at(ip + 6);
	if (frag & 0x3fff)
		l->flags |= PKT_FRAGMENT;
	if (frag & 0x1fff)
		l->flags |= PKT_LATER_FRAGMENT;
	return walk_transport(w, off + l->l3_len);
}

static bool is_extension(uint8_t proto)
{
	switch (proto) {
	case PKT_IP_HOPOPTS:
	case PKT_IP_ROUTING:
	case PKT_IP_DSTOPTS:
	case PKT_IP_AH:
	case PKT_IP_FRAGMENT:
		return true;
	default:
		return false;
	}
}

/* A fragment header that comes first: what is behind it is not looked at, and tcprewrite
 * takes it for TCP. */
static int walk_first_fragment(struct walk *w, uint32_t off)
{
	struct pkt_layers *l = w->l;
	const uint8_t *ext = at(w, off, 8);
	uint32_t size;

	if (!ext)
		return -ENODATA;
	l->flags |= PKT_FRAGMENT | PKT_LATER_FRAGMENT;
	l->ip6frag_off = off;
	size = w->strict ? 8 + 4u * ext[1] : 8; /* the second byte is a reserved one */
	if (off + size > w->len)
		return -ENODATA;
	l->l3_len += size;
	l->proto = w->strict ? PKT_IP_TCP : ext[0];
	return walk_transport(w, off + size);
}

/* tcprewrite refuses IPv6 within IPv6; but behind one extension header it takes it for another
 * one, as long as its first bytes say. */
static bool is_inner_ipv6(const struct walk *w)
{
	return w->strict && w->l->proto == PKT_IP_IPV6;
}

static int walk_extensions(struct walk *w, uint32_t off)
{
	struct pkt_layers *l = w->l;

	for (unsigned n = 0; is_extension(l->proto) || (n == 1 && is_inner_ipv6(w)); n++) {
		const uint8_t *ext = at(w, off, 8);

		if (!ext)
			return -ENODATA;
		off += 8 + 4u * ext[1];
		l->l3_len = off - l->l3_off;
		l->proto = ext[0];
		if (off > w->len || l->proto == PKT_IP_NONE)
			return -ENODATA;
	}
	if (l->proto == PROTO_ESP || is_inner_ipv6(w))
		return -EBADMSG;
	return walk_transport(w, off);
}

static int walk_ipv6(struct walk *w, uint32_t off)
{
	const uint8_t *ip = at(w, off, 40);
	struct pkt_layers *l = w->l;
	int r;

	if (!ip)
		return -ENODATA;
	if (ip[0] >> 4 != 6)
		return -EBADMSG;

	l->ip_version = 6;
	l->l3_off = off;
	l->l3_len = 40;
	l->proto = ip[6];
	if (is_inner_ipv6(w))
		r = -EBADMSG;
	else if (l->proto == PKT_IP_FRAGMENT)
		r = walk_first_fragment(w, off + 40);
	else
		r = walk_extensions(w, off + 40);
	if (r < 0 && w->strict) {
		l->ip_version = 0;
		l->l3_off = PKT_ABSENT;
	}
	return r;
}

static int walk_network(struct walk *w, uint32_t off, uint16_t type)
{
	w->l->ethertype = type;
	w->l->l2_len = off - w->l->l2_off;
	w->l->payload_off = off;
	if (type == PKT_ETH_IPV4)
		return walk_ipv4(w, off);
	return type == PKT_ETH_IPV6 ? walk_ipv6(w, off) : 0;
}

static int walk_type(struct walk *w, uint32_t off, uint16_t type);

static int walk_inner_ethernet(struct walk *w, uint32_t off)
{
	const uint8_t *eth = at(w, off, 14);

	if (!eth)
		return -ENODATA;
	w->l->mac_off = off;
	return walk_type(w, off + 14, be16_at(eth + 12));
}

/* A first nibble of 0 is a control word, with Ethernet behind it. */
static int walk_mpls(struct walk *w, uint32_t off)
{
	const uint8_t *p;

	w->l->mpls_off = off;
	do {
		p = at(w, off, 4);
		if (!p)
			return -ENODATA;
		w->l->n_mpls += w->l->n_mpls < UINT8_MAX;
		off += 4;
	} while (!(p[2] & 1)); /* bottom of stack */

	p = at(w, off, 4);
	if (!p)
		return -ENODATA;
	switch (*p >> 4) {
	case 4:
		return walk_network(w, off, PKT_ETH_IPV4);
	case 6:
		return walk_network(w, off, PKT_ETH_IPV6);
	case 0:
		return walk_inner_ethernet(w, off + 4);
	default:
		return -EBADMSG;
	}
}

static int walk_type(struct walk *w, uint32_t off, uint16_t type)
{
	const uint8_t *tag;

	while (pkt_is_vlan_tag(type)) {
		tag = at(w, off, 4);
		if (!tag)
			return -ENODATA;
		if (!w->l->n_vlans)
			w->l->vlan_off = off;
		w->l->n_vlans += w->l->n_vlans < UINT8_MAX;
		type = be16_at(tag + 2);
		off += 4;
	}
	if (type == PKT_ETH_MPLS || type == PKT_ETH_MPLS_UPSTREAM)
		return walk_mpls(w, off);
	if (type < ETH_TYPE_MIN)
		return -EBADMSG;
	return walk_network(w, off, type);
}

static int walk_ethernet(struct walk *w, uint32_t off)
{
	const uint8_t *eth = at(w, off, 14);

	w->l->link = PKT_LINK_ETHERNET;
	w->l->l2_off = off;
	if (!eth || w->len < ETH_MIN_FRAME)
		return -ENODATA;

	w->l->mac_off = off;
	w->l->type_off = off + 12;
	return walk_type(w, off + 14, be16_at(eth + 12));
}

static int walk_raw(struct walk *w)
{
	const uint8_t *p = at(w, 0, w->strict ? 20 : 1);

	if (!p)
		return -ENODATA;
	if (*p >> 4 == 4)
		return walk_network(w, 0, PKT_ETH_IPV4);
	return *p >> 4 == 6 ? walk_network(w, 0, PKT_ETH_IPV6) : -EBADMSG;
}

/* Of what Linux cooked only Ethernet and loopback interfaces: ARPHRD_ETHER, _LOOPBACK. */
static int walk_sll(struct walk *w, uint32_t size, uint32_t type_off, uint32_t hardware_off)
{
	const uint8_t *p = at(w, 0, size);
	uint16_t hardware;

	w->l->link = size == 16 ? PKT_LINK_SLL : PKT_LINK_SLL2;
	if (!p)
		return -ENODATA;
	hardware = be16_at(p + hardware_off);
	if (w->strict && hardware != 1 && hardware != 772)
		return -EBADMSG;

	w->l->type_off = type_off;
	return walk_network(w, size, be16_at(p + type_off));
}

static int walk_hdlc(struct walk *w)
{
	const uint8_t *p = at(w, 0, 4);

	w->l->link = PKT_LINK_HDLC;
	if (!p)
		return -ENODATA;
	w->l->type_off = 2;
	return walk_network(w, 4, be16_at(p + 2));
}

/* Of PPP only IPv4. */
static int walk_ppp(struct walk *w)
{
	const uint8_t *p = at(w, 0, 4);

	w->l->link = PKT_LINK_PPP;
	if (!p)
		return -ENODATA;
	return be16_at(p + 2) == 0x0021 ? walk_network(w, 4, PKT_ETH_IPV4) : -EBADMSG;
}

/* The headers of these have no surprises, but must hold a type, of which tags are one. */
static int walk_other(struct walk *w, uint32_t linktype)
{
	int r = pkt_parse(linktype, w->p, w->len, w->l);
	struct pkt_layers l = *w->l;

	if (l.payload_off == PKT_ABSENT || r == -ENOTSUP)
		return r;

	pkt_layers_init(w->l, w->len);
	w->l->link = l.link;
	w->l->l2_off = l.l2_off;
	w->l->mac_off = l.mac_off;
	w->l->type_off = l.type_off;
	if (linktype == PKT_LINKTYPE_JUNIPER_ETHER && at(w, l.mac_off, 14))
		return walk_type(w, l.mac_off + 14, be16_at(w->p + l.mac_off + 12));
	if (!l.ethertype)
		return -EBADMSG;
	if (l.n_vlans)
		return walk_network(w, l.vlan_off, be16_at(w->p + l.vlan_off - 2));
	return walk_network(w, l.l2_off + l.l2_len, l.ethertype);
}

static int walk_linktype(struct walk *w, uint32_t linktype)
{
	switch (linktype) {
	case PKT_LINKTYPE_ETHERNET:
		return walk_ethernet(w, 0);
	case PKT_LINKTYPE_RAW:
		return walk_raw(w);
	case PKT_LINKTYPE_SLL:
		return walk_sll(w, 16, 14, 2);
	case PKT_LINKTYPE_SLL2:
		return walk_sll(w, 20, 0, 8);
	case PKT_LINKTYPE_C_HDLC:
		return walk_hdlc(w);
	case PKT_LINKTYPE_PPP_HDLC:
		return walk_ppp(w);
	case PKT_LINKTYPE_80211_RADIOTAP:
	case PKT_LINKTYPE_JUNIPER_ETHER:
		if (w->strict) /* tcprewrite means to read them, and fails */
			return -EBADMSG;
		break;
	}
	return walk_other(w, linktype);
}

int pkt_parse_classic(enum pkt_classic as, uint32_t linktype, const uint8_t *p, uint32_t len,
		      struct pkt_layers *ret_layers)
{
	struct walk w = {
		.p = p, .len = len, .l = ret_layers, .strict = as == PKT_CLASSIC_REWRITE
	};

	pkt_layers_init(ret_layers, len);
	return walk_linktype(&w, linktype);
}
