/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The walk is a chain of small functions, each for one kind of header, that hand on
 * to the next: link type -> (prefix) -> link layer -> type and tags -> MPLS -> IP ->
 * transport. Each checks that its header is whole before it reads it, so bounds are
 * to be checked within one function at a time.
 */
#include "pkt/parse.h"

#include <errno.h>
#include <stdbool.h>

#include "base/bytes.h"
#include "base/macros.h"

/* Types up to here are the length of an IEEE 802.3 frame instead. */
#define ETH_LENGTH_MAX 1500u

struct walk {
	const uint8_t *p;
	uint32_t len;
	struct pkt_layers *l;
};

/* n bytes at off, or NULL if the frame has no such bytes. */
static const uint8_t *at(const struct walk *w, uint32_t off, uint32_t n)
{
	return off <= w->len && w->len - off >= n ? w->p + off : NULL;
}

/* Bytes of the IP datagram from off on. */
static uint32_t left_in_ip(const struct walk *w, uint32_t off)
{
	return off <= w->l->end ? w->l->end - off : 0;
}

/* A header does not fit in the IP datagram: was the frame cut, or is it wrong? */
static int too_short(const struct walk *w)
{
	return w->l->flags & PKT_PAYLOAD_CUT ? -ENODATA : -EBADMSG;
}

/* Transport layer. */

static int set_l4_len(struct walk *w, uint32_t size)
{
	if (left_in_ip(w, w->l->l4_off) < size)
		return too_short(w);

	w->l->l4_len = size;
	w->l->payload_off = w->l->l4_off + size;
	return 0;
}

static int walk_tcp(struct walk *w)
{
	uint32_t size;

	if (left_in_ip(w, w->l->l4_off) < 20)
		return too_short(w);

	size = 4u * (w->p[w->l->l4_off + 12] >> 4);
	return size < 20 ? -EBADMSG : set_l4_len(w, size);
}

static int walk_dccp(struct walk *w)
{
	uint32_t size;

	if (left_in_ip(w, w->l->l4_off) < 12)
		return too_short(w);

	size = 4u * w->p[w->l->l4_off + 4];
	return size < 12 ? -EBADMSG : set_l4_len(w, size);
}

static void set_ports(struct walk *w)
{
	struct pkt_layers *l = w->l;

	if (left_in_ip(w, l->l4_off) < 4)
		return;

	l->src_port = be16_at(w->p + l->l4_off);
	l->dst_port = be16_at(w->p + l->l4_off + 2);
	l->flags |= PKT_PORTS;
}

static int walk_transport(struct walk *w, uint32_t off)
{
	w->l->payload_off = off;
	if (w->l->flags & PKT_LATER_FRAGMENT)
		return 0;

	w->l->l4_off = off;
	switch (w->l->proto) {
	case PKT_IP_TCP:
		set_ports(w);
		return walk_tcp(w);
	case PKT_IP_UDP:
	case PKT_IP_UDPLITE:
		set_ports(w);
		return set_l4_len(w, 8);
	case PKT_IP_SCTP:
		set_ports(w);
		return set_l4_len(w, 12);
	case PKT_IP_DCCP:
		set_ports(w);
		return walk_dccp(w);
	case PKT_IP_ICMP:
	case PKT_IP_ICMPV6:
		return set_l4_len(w, 8);
	default:
		return 0;
	}
}

/* Network layer. */

/* The IP datagram at off says that it has size bytes. */
static void set_end(struct walk *w, uint32_t off, uint32_t size)
{
	if (w->len - off < size)
		w->l->flags |= PKT_PAYLOAD_CUT;
	else
		w->l->end = off + size;
}

static int walk_ipv4(struct walk *w, uint32_t off)
{
	const uint8_t *ip = at(w, off, 20);
	struct pkt_layers *l = w->l;
	uint32_t head, total, frag;

	if (!ip)
		return -ENODATA;

	head = 4u * (ip[0] & 0xf);
	if (ip[0] >> 4 != 4 || head < 20)
		return -EBADMSG;
	if (!at(w, off, head))
		return -ENODATA;

	l->ip_version = 4;
	l->l3_off = off;
	l->l3_len = head;
	l->proto = ip[9];
	frag = be16_at(ip + 6);
	if (frag & 0x3fff)
		l->flags |= PKT_FRAGMENT;
	if (frag & 0x1fff)
		l->flags |= PKT_LATER_FRAGMENT;

	/* 0: captured before segmentation offload filled it in, or more than 65,535 */
	total = be16_at(ip + 2);
	if (total && total < head)
		return -EBADMSG;
	if (total)
		set_end(w, off, total);
	return walk_transport(w, off + head);
}

/* Bytes of the IPv6 extension header at p, of which 2 may be read; 0 if proto is none. */
static uint32_t ext_size(uint8_t proto, const uint8_t *p)
{
	switch (proto) {
	case PKT_IP_HOPOPTS:
	case PKT_IP_ROUTING:
	case PKT_IP_DSTOPTS:
		return 8u * (p[1] + 1u);
	case PKT_IP_FRAGMENT:
		return 8;
	case PKT_IP_AH:
		return 4u * (p[1] + 2u);
	default:
		return 0;
	}
}

static bool is_ext(uint8_t proto)
{
	static const uint8_t any[2] = { 0 };

	return ext_size(proto, any) > 0;
}

static void set_ip6frag(struct walk *w, uint32_t off)
{
	uint16_t frag = be16_at(w->p + off + 2);

	w->l->ip6frag_off = off;
	/* An "atomic" fragment is the whole datagram (RFC 6946). */
	if (frag & 0xfff9)
		w->l->flags |= PKT_FRAGMENT;
	if (frag & 0xfff8)
		w->l->flags |= PKT_LATER_FRAGMENT;
}

/* Each header is 8 bytes or more and must lie before .end, so the loop ends. */
static int walk_extensions(struct walk *w, uint32_t off)
{
	struct pkt_layers *l = w->l;
	uint32_t size;

	while (is_ext(l->proto) && !(l->flags & PKT_LATER_FRAGMENT)) {
		if (left_in_ip(w, off) < 8)
			return too_short(w);
		size = ext_size(l->proto, w->p + off);
		if (left_in_ip(w, off) < size)
			return too_short(w);

		if (l->proto == PKT_IP_FRAGMENT)
			set_ip6frag(w, off);
		l->proto = w->p[off];
		off += size;
		l->l3_len += size;
	}
	return walk_transport(w, off);
}

static int walk_ipv6(struct walk *w, uint32_t off)
{
	const uint8_t *ip = at(w, off, 40);
	struct pkt_layers *l = w->l;
	uint32_t size;

	if (!ip)
		return -ENODATA;
	if (ip[0] >> 4 != 6)
		return -EBADMSG;

	l->ip_version = 6;
	l->l3_off = off;
	l->l3_len = 40;
	l->proto = ip[6];
	size = be16_at(ip + 4); /* 0: a jumbogram, or before segmentation offload */
	if (size)
		set_end(w, off, size + 40);
	return walk_extensions(w, off + 40);
}

/* What is below a label stack, or has no type at all, is told by its first nibble. */
static int walk_by_version(struct walk *w, uint32_t off)
{
	const uint8_t *p = at(w, off, 1);

	w->l->payload_off = off;
	if (!p)
		return -ENODATA;

	switch (*p >> 4) {
	case 4:
		return walk_ipv4(w, off);
	case 6:
		return walk_ipv6(w, off);
	default:
		return 0;
	}
}

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
	return walk_by_version(w, off);
}

static int walk_network(struct walk *w, uint32_t off, uint16_t type)
{
	w->l->ethertype = type;
	w->l->l2_len = off - w->l->l2_off;
	w->l->payload_off = off;
	switch (type) {
	case PKT_ETH_IPV4:
		return walk_ipv4(w, off);
	case PKT_ETH_IPV6:
		return walk_ipv6(w, off);
	case PKT_ETH_MPLS:
	case PKT_ETH_MPLS_UPSTREAM:
		return walk_mpls(w, off);
	default:
		return 0;
	}
}

/* Link layer. */

static int walk_type(struct walk *w, uint32_t off, uint16_t type);

/* LLC, and SNAP with a type if its organisation code says that it is one. */
static int walk_llc(struct walk *w, uint32_t off)
{
	const uint8_t *llc = at(w, off, 3);

	w->l->flags |= PKT_LLC;
	if (!llc)
		return -ENODATA;
	if (llc[0] != 0xaa || llc[1] != 0xaa || llc[2] != 0x03)
		return walk_network(w, off + 3, 0);
	if (!at(w, off, 8))
		return -ENODATA;

	w->l->flags |= PKT_SNAP;
	if (llc[3] || llc[4] || (llc[5] && llc[5] != 0xf8)) /* RFC 1042, 802.1H */
		return walk_network(w, off + 8, 0);

	w->l->type_off = off + 6;
	return walk_type(w, off + 8, be16_at(llc + 6));
}

/* type stands at l->type_off, and what it names at off. */
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
		w->l->type_off = off + 2;
		type = be16_at(tag + 2);
		off += 4;
	}
	if (type > ETH_LENGTH_MAX)
		return walk_network(w, off, type);
	if (w->l->flags & PKT_LLC) /* a length within SNAP means nothing */
		return walk_network(w, off, 0);
	return walk_llc(w, off);
}

static int walk_ethernet(struct walk *w, uint32_t off)
{
	const uint8_t *eth = at(w, off, 14);

	w->l->link = PKT_LINK_ETHERNET;
	w->l->l2_off = off;
	if (!eth)
		return -ENODATA;

	w->l->mac_off = off;
	w->l->type_off = off + 12;
	return walk_type(w, off + 14, be16_at(eth + 12));
}

/* Juniper's prefix: "MGC", flags, and with 0x80 a length and that many bytes more. */
static int walk_juniper(struct walk *w)
{
	const uint8_t *p = at(w, 0, 4);

	if (!p)
		return -ENODATA;
	if (p[0] != 0x4d || p[1] != 0x47 || p[2] != 0x43)
		return -EBADMSG;
	if (!(p[3] & 0x80))
		return walk_ethernet(w, 4);
	if (!at(w, 0, 6))
		return -ENODATA;
	return walk_ethernet(w, 6u + be16_at(p + 4));
}

/* The first two bytes of an IEEE 802.11 header. */
enum {
	WIFI_TYPE = 0x0c, /* of which */
	WIFI_CONTROL = 0x04,
	WIFI_DATA = 0x08,
	WIFI_NO_DATA = 0x40,
	WIFI_QOS = 0x80,
	WIFI2_4_ADDRS = 0x03,
	WIFI2_ENCRYPTED = 0x40,
	WIFI2_HT = 0x80,
	WIFI_QOS_AMSDU = 0x80, /* first byte of QoS control */
};

static int walk_80211_data(struct walk *w, uint32_t off, const uint8_t *p)
{
	bool opaque = p[0] & WIFI_NO_DATA || p[1] & WIFI2_ENCRYPTED;
	uint32_t size = 24;

	if ((p[1] & WIFI2_4_ADDRS) == WIFI2_4_ADDRS)
		size += 6;
	if (p[0] & WIFI_QOS) {
		if (!at(w, off + size, 2))
			return -ENODATA;
		opaque |= p[size] & WIFI_QOS_AMSDU; /* several packets: not followed */
		size += p[1] & WIFI2_HT ? 6 : 2;
	}
	if (!at(w, off, size))
		return -ENODATA;
	return opaque ? walk_network(w, off + size, 0) : walk_llc(w, off + size);
}

static int walk_80211(struct walk *w, uint32_t off)
{
	const uint8_t *p = at(w, off, 2);

	w->l->link = PKT_LINK_80211;
	w->l->l2_off = off;
	if (!p)
		return -ENODATA;
	if ((p[0] & WIFI_TYPE) == WIFI_CONTROL) /* short, and nothing in it */
		return walk_network(w, off + 2, 0);
	if (!at(w, off, 24))
		return -ENODATA;

	w->l->mac_off = off + 4;
	if ((p[0] & WIFI_TYPE) != WIFI_DATA)
		return walk_network(w, off + 24, 0);
	return walk_80211_data(w, off, p);
}

static int walk_radiotap(struct walk *w)
{
	const uint8_t *p = at(w, 0, 8);
	uint16_t size;

	if (!p)
		return -ENODATA;

	size = le16_at(p + 2);
	return size < 8 ? -EBADMSG : walk_80211(w, size);
}

/* A family is in the byte order of the machine that captured: whichever is small. */
static int walk_family(struct walk *w)
{
	const uint8_t *p = at(w, 0, 4);
	uint32_t family;

	w->l->link = PKT_LINK_NULL;
	if (!p)
		return -ENODATA;

	family = be32_at(p);
	if (family > 0xffff)
		family = le32_at(p);
	switch (family) {
	case 2:
		return walk_network(w, 4, PKT_ETH_IPV4);
	case 10: /* the systems never agreed on AF_INET6 */
	case 24:
	case 28:
	case 30:
		return walk_network(w, 4, PKT_ETH_IPV6);
	default:
		return walk_network(w, 4, 0);
	}
}

static uint16_t ppp_ethertype(uint16_t proto)
{
	switch (proto) {
	case 0x0021:
		return PKT_ETH_IPV4;
	case 0x0057:
		return PKT_ETH_IPV6;
	case 0x0281:
		return PKT_ETH_MPLS;
	case 0x0283:
		return PKT_ETH_MPLS_UPSTREAM;
	default:
		return 0;
	}
}

static int walk_ppp(struct walk *w)
{
	const uint8_t *p = at(w, 0, 2);
	uint32_t off = 0;

	w->l->link = PKT_LINK_PPP;
	if (p && p[0] == 0xff && p[1] == 0x03) /* address and control may be left out */
		off = 2;

	p = at(w, off, 1);
	if (!p)
		return -ENODATA;
	if (*p & 1) /* compressed to one byte (RFC 1661, 6.5) */
		return walk_network(w, off + 1, ppp_ethertype(*p));
	if (!at(w, off, 2))
		return -ENODATA;

	w->l->type_off = off;
	return walk_network(w, off + 2, ppp_ethertype(be16_at(p)));
}

/* Headers of fixed size with an ethertype in them. */
static const struct fixed {
	uint16_t linktype;
	uint8_t link, size, type_off;
} fixed[] = {
	{ PKT_LINKTYPE_C_HDLC, PKT_LINK_HDLC, 4, 2 },
	{ PKT_LINKTYPE_SLL, PKT_LINK_SLL, 16, 14 },
	{ PKT_LINKTYPE_SLL2, PKT_LINK_SLL2, 20, 0 },
};

static int walk_fixed(struct walk *w, const struct fixed *f)
{
	const uint8_t *p = at(w, 0, f->size);
	uint16_t type;

	w->l->link = f->link;
	if (!p)
		return -ENODATA;

	w->l->type_off = f->type_off;
	type = be16_at(p + f->type_off);
	/* Small numbers are not lengths here: 4 is LLC, the others Linux's own. */
	if (type <= ETH_LENGTH_MAX && type != 4)
		return walk_network(w, f->size, 0);
	return walk_type(w, f->size, type);
}

static int walk_linktype(struct walk *w, uint32_t linktype)
{
	switch (linktype) {
	case PKT_LINKTYPE_ETHERNET:
		return walk_ethernet(w, 0);
	case PKT_LINKTYPE_RAW:
	case PKT_LINKTYPE_RAW_DLT:
		return walk_by_version(w, 0);
	case PKT_LINKTYPE_IPV4:
		return walk_ipv4(w, 0);
	case PKT_LINKTYPE_IPV6:
		return walk_ipv6(w, 0);
	case PKT_LINKTYPE_NULL:
	case PKT_LINKTYPE_LOOP:
		return walk_family(w);
	case PKT_LINKTYPE_PPP:
	case PKT_LINKTYPE_PPP_HDLC:
		return walk_ppp(w);
	case PKT_LINKTYPE_80211:
		return walk_80211(w, 0);
	case PKT_LINKTYPE_80211_RADIOTAP:
		return walk_radiotap(w);
	case PKT_LINKTYPE_JUNIPER_ETHER:
		return walk_juniper(w);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(fixed); i++) {
		if (fixed[i].linktype == linktype)
			return walk_fixed(w, &fixed[i]);
	}
	return -ENOTSUP;
}

void pkt_layers_init(struct pkt_layers *l, uint32_t len)
{
	*l = (struct pkt_layers){
		.mac_off = PKT_ABSENT,
		.type_off = PKT_ABSENT,
		.vlan_off = PKT_ABSENT,
		.mpls_off = PKT_ABSENT,
		.l3_off = PKT_ABSENT,
		.ip6frag_off = PKT_ABSENT,
		.l4_off = PKT_ABSENT,
		.payload_off = PKT_ABSENT,
		.end = len,
	};
}

int pkt_parse(uint32_t linktype, const uint8_t *p, uint32_t len, struct pkt_layers *ret_layers)
{
	struct walk w = { .p = p, .len = len, .l = ret_layers };

	pkt_layers_init(ret_layers, len);
	return walk_linktype(&w, linktype);
}

int pkt_parse_at(uint16_t type, const uint8_t *p, uint32_t len, uint32_t off,
		 struct pkt_layers *ret_layers)
{
	struct walk w = { .p = p, .len = len, .l = ret_layers };

	pkt_layers_init(ret_layers, len);
	w.l->l2_off = off;
	if (type == PKT_ETH_BRIDGED)
		return walk_ethernet(&w, off);
	return type ? walk_network(&w, off, type) : walk_by_version(&w, off);
}
