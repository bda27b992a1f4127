/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From one link layer to another: what the old header tells is read into one struct, and
 * the new header is written from that. So each kind of link layer is known twice, as an
 * origin and as a target, and pairs of them are not.
 *
 * Sources: https://www.tcpdump.org/linktypes.html, if_arp.h of Linux, RFC 1661 and 1662.
 */
#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "base/macros.h"
#include "edit/edit.h"

/* "Types" that are none: IEEE 802.2 LLC follows, as Linux cooked headers say it. */
#define TYPE_LLC 4u
/* The longest 802.3 frame. */
#define ETH_LENGTH_MAX 1500u

/* Of Linux: where a packet was seen, and on what. */
enum {
	TO_US,
	TO_ALL,
	TO_GROUP
};
enum {
	HW_ETHERNET = 1,
	HW_PPP = 512,
	HW_HDLC = 513,
	HW_LOOPBACK = 772,
	HW_NONE = 0xfffe
};

/* Cisco's addresses. */
enum {
	HDLC_TO_ONE = 0x0f,
	HDLC_TO_ALL = 0x8f
};

#define TAGS_MAX 16u

struct origin {
	uint16_t type;	    /* of what the link layer carries, behind tags; 0: unknown */
	uint16_t ppp;	    /* the same as PPP says it; 0: it has no number there */
	uint32_t body;	    /* where that begins */
	const uint8_t *dst; /* MACs; NULL: not told */
	const uint8_t *src;
	uint8_t address[8]; /* the sender's, of whatever kind */
	uint8_t address_len;
	uint16_t hardware;
	uint16_t packet; /* TO_US and so on; others of Linux are passed on */
	uint32_t iface;
	unsigned n_tags;
	struct {
		uint16_t type, tci;
	} tags[TAGS_MAX];
};

/* size bytes at p, of which len are an address. */
static void set_address(struct origin *o, const uint8_t *p, uint32_t size, uint16_t len)
{
	o->address_len = (uint8_t)MIN(len, (uint16_t)sizeof(o->address));
	memcpy(o->address, p, size);
	if (len == 6)
		o->src = p;
}

static void from_macs(struct origin *o, const uint8_t *dst, const uint8_t *src)
{
	static const uint8_t all[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

	o->hardware = HW_ETHERNET;
	o->dst = dst;
	set_address(o, src, 6, 6);
	o->packet = memcmp(dst, all, 6) == 0 ? TO_ALL : dst[0] & 1 ? TO_GROUP : TO_US;
}

/* Receiver, transmitter and more addresses: who is meant and who sent it depends on the
 * way through access points. */
static void from_80211(struct origin *o, const uint8_t *p)
{
	static const uint8_t dst[4] = { 4, 16, 4, 16 }, src[4] = { 10, 10, 16, 24 };
	unsigned way = p[1] & 3;

	from_macs(o, p + dst[way], p + src[way]);
}

static void read_addresses(const struct edit_frame *f, struct origin *o)
{
	const uint8_t *p = f->buf->data + f->l.l2_off;

	switch (f->l.link) {
	case PKT_LINK_ETHERNET:
		from_macs(o, p, p + 6);
		break;
	case PKT_LINK_80211:
		from_80211(o, p);
		break;
	case PKT_LINK_SLL:
		o->packet = be16_at(p);
		o->hardware = be16_at(p + 2);
		set_address(o, p + 6, 8, be16_at(p + 4));
		break;
	case PKT_LINK_SLL2:
		o->iface = be32_at(p + 4);
		o->hardware = be16_at(p + 8);
		o->packet = p[10];
		set_address(o, p + 12, 8, p[11]);
		break;
	case PKT_LINK_NULL:
		o->hardware = HW_LOOPBACK;
		break;
	case PKT_LINK_PPP:
		o->hardware = HW_PPP;
		break;
	case PKT_LINK_HDLC:
		o->hardware = HW_HDLC;
		o->packet = p[0] == HDLC_TO_ALL ? TO_ALL : TO_US;
		break;
	default:
		o->hardware = HW_NONE;
		break;
	}
}

/* false: more than there is room for. */
static bool read_tags(const struct edit_frame *f, struct origin *o)
{
	const uint8_t *p = f->buf->data;
	uint32_t type_off = f->l.link == PKT_LINK_SLL2 ? 0 : f->l.vlan_off - 2;

	if (f->l.n_vlans > TAGS_MAX)
		return false;
	for (o->n_tags = 0; o->n_tags < f->l.n_vlans; o->n_tags++) {
		uint32_t off = f->l.vlan_off + 4 * o->n_tags;

		o->tags[o->n_tags].type = be16_at(p + type_off);
		o->tags[o->n_tags].tci = be16_at(p + off);
		type_off = off + 2;
	}
	return true;
}

static const struct {
	uint16_t type, ppp;
} ppp_types[] = {
	{ PKT_ETH_IPV4, 0x0021 },
	{ PKT_ETH_IPV6, 0x0057 },
	{ PKT_ETH_MPLS, 0x0281 },
	{ PKT_ETH_MPLS_UPSTREAM, 0x0283 },
};

/* The protocol number, in two bytes or in one. */
static uint16_t ppp_of(const struct edit_frame *f)
{
	const uint8_t *end = f->buf->data + f->l.l2_len;

	return f->l.type_off == PKT_ABSENT ? end[-1] : be16_at(end - 2);
}

static void read_type(const struct edit_frame *f, struct origin *o)
{
	o->type = f->l.ethertype;
	o->body = f->l.l2_off + f->l.l2_len;
	if (f->l.link == PKT_LINK_NONE)
		o->type = f->l.ip_version == 4	 ? PKT_ETH_IPV4
			  : f->l.ip_version == 6 ? PKT_ETH_IPV6
						 : 0;
	if (!o->type && f->l.flags & PKT_LLC) {
		o->type = TYPE_LLC;
		o->body -= f->l.flags & PKT_SNAP ? 8 : 3;
	}
	for (unsigned i = 0; i < ARRAY_SIZE(ppp_types); i++) {
		if (ppp_types[i].type == o->type)
			o->ppp = ppp_types[i].ppp;
	}
	if (f->l.link == PKT_LINK_PPP)
		o->ppp = ppp_of(f);
}

static bool is_ip(uint16_t type)
{
	return type == PKT_ETH_IPV4 || type == PKT_ETH_IPV6;
}

/* Each writes what stands in front of tags and type, at head, which holds zeros. false:
 * the link layer cannot carry it. */

static bool to_ethernet(struct weir_editor *e, const struct edit_frame *f, const struct origin *o,
			uint8_t *head)
{
	const struct edit_macs *given[2] = { &e->dmac, &e->smac };
	const uint8_t *told[2] = { o->dst, o->src };
	bool zero = false;

	if (!o->type)
		return false;
	for (unsigned i = 0; i < 2; i++) {
		if (given[i]->given[f->side])
			memcpy(head + 6 * i, given[i]->mac[f->side], 6);
		else if (told[i])
			memcpy(head + 6 * i, told[i], 6);
		else if (i == 0 && o->packet == TO_ALL)
			memset(head, 0xff, 6);
		else
			zero |= i == 1 || !edit_group_mac(f, head);
	}
	e->counts.zero_macs += zero;
	return true;
}

static bool to_sll(struct weir_editor *e, const struct edit_frame *f, const struct origin *o,
		   uint8_t *head)
{
	(void)e, (void)f;
	be16_put(head, o->packet);
	be16_put(head + 2, o->hardware);
	be16_put(head + 4, o->address_len);
	memcpy(head + 6, o->address, sizeof(o->address));
	return o->type;
}

static bool to_sll2(struct weir_editor *e, const struct edit_frame *f, const struct origin *o,
		    uint8_t *head)
{
	(void)e, (void)f;
	be32_put(head + 4, o->iface);
	be16_put(head + 8, o->hardware);
	head[10] = (uint8_t)o->packet;
	head[11] = o->address_len;
	memcpy(head + 12, o->address, sizeof(o->address));
	return o->type;
}

/* What the options say of an HDLC header. */
static void set_hdlc(const struct weir_editor *e, uint8_t *head)
{
	if (e->opts.hdlc_address.given)
		head[0] = (uint8_t)e->opts.hdlc_address.value;
	if (e->opts.hdlc_control.given)
		head[1] = (uint8_t)e->opts.hdlc_control.value;
}

static bool to_hdlc(struct weir_editor *e, const struct edit_frame *f, const struct origin *o,
		    uint8_t *head)
{
	(void)f;
	head[0] = o->packet == TO_ALL || o->packet == TO_GROUP ? HDLC_TO_ALL : HDLC_TO_ONE;
	set_hdlc(e, head);
	return o->type > ETH_LENGTH_MAX;
}

/* As PPP stands in frames like those of HDLC, which is what readers expect. */
static bool to_ppp(struct weir_editor *e, const struct edit_frame *f, const struct origin *o,
		   uint8_t *head)
{
	(void)e, (void)f;
	be16_put(head, 0xff03);
	be16_put(head + 2, o->ppp);
	return o->ppp;
}

static uint32_t family(const struct origin *o)
{
	return o->type == PKT_ETH_IPV4 ? 2 : 24; /* the BSDs' */
}

/* In this machine's byte order, as the file is. */
static bool to_null(struct weir_editor *e, const struct edit_frame *f, const struct origin *o,
		    uint8_t *head)
{
	(void)e, (void)f;
	raw32_put(head, family(o));
	return is_ip(o->type);
}

static bool to_loop(struct weir_editor *e, const struct edit_frame *f, const struct origin *o,
		    uint8_t *head)
{
	(void)e, (void)f;
	be32_put(head, family(o));
	return is_ip(o->type);
}

static bool to_raw(struct weir_editor *e, const struct edit_frame *f, const struct origin *o,
		   uint8_t *head)
{
	(void)e, (void)f, (void)head;
	return is_ip(o->type);
}

static bool to_ipv4(struct weir_editor *e, const struct edit_frame *f, const struct origin *o,
		    uint8_t *head)
{
	(void)e, (void)f, (void)head;
	return o->type == PKT_ETH_IPV4;
}

static bool to_ipv6(struct weir_editor *e, const struct edit_frame *f, const struct origin *o,
		    uint8_t *head)
{
	(void)e, (void)f, (void)head;
	return o->type == PKT_ETH_IPV6;
}

#define NO_TYPE 0xff

static const struct target {
	uint16_t linktype;
	uint8_t link; /* enum pkt_link */
	uint8_t size;
	uint8_t type_off; /* NO_TYPE: there is no ethertype in it */
	bool tags;	  /* they stand behind the header */
	bool (*put)(struct weir_editor *e, const struct edit_frame *f, const struct origin *o,
		    uint8_t *head);
} targets[] = {
	{ PKT_LINKTYPE_NULL, PKT_LINK_NULL, 4, NO_TYPE, false, to_null },
	{ PKT_LINKTYPE_ETHERNET, PKT_LINK_ETHERNET, 14, 12, true, to_ethernet },
	{ PKT_LINKTYPE_PPP, PKT_LINK_PPP, 4, NO_TYPE, false, to_ppp },
	{ PKT_LINKTYPE_PPP_HDLC, PKT_LINK_PPP, 4, NO_TYPE, false, to_ppp },
	{ PKT_LINKTYPE_RAW, PKT_LINK_NONE, 0, NO_TYPE, false, to_raw },
	{ PKT_LINKTYPE_C_HDLC, PKT_LINK_HDLC, 4, 2, false, to_hdlc },
	{ PKT_LINKTYPE_LOOP, PKT_LINK_NULL, 4, NO_TYPE, false, to_loop },
	{ PKT_LINKTYPE_SLL, PKT_LINK_SLL, 16, 14, true, to_sll },
	{ PKT_LINKTYPE_IPV4, PKT_LINK_NONE, 0, NO_TYPE, false, to_ipv4 },
	{ PKT_LINKTYPE_IPV6, PKT_LINK_NONE, 0, NO_TYPE, false, to_ipv6 },
	{ PKT_LINKTYPE_SLL2, PKT_LINK_SLL2, 20, 0, true, to_sll2 },
};

static const struct target *find_target(uint32_t linktype)
{
	for (unsigned i = 0; i < ARRAY_SIZE(targets); i++) {
		if (targets[i].linktype == linktype)
			return &targets[i];
	}
	return NULL;
}

bool edit_can_convert(uint32_t linktype)
{
	return find_target(linktype);
}

/* What stands in the type's place for the body: Ethernet has the length of LLC, and so has
 * what is behind a tag. 0: it is too long for that. */
static uint16_t body_type(const struct target *t, const struct edit_frame *f,
			  const struct origin *o)
{
	uint32_t len = f->buf->orig_len - o->body;

	if (o->type != TYPE_LLC || (t->link != PKT_LINK_ETHERNET && !o->n_tags))
		return o->type;
	return len <= ETH_LENGTH_MAX ? (uint16_t)len : 0;
}

/* Types and tags: |header, with a type in it|tag|type|tag|type| */
static bool put_types(const struct target *t, const struct edit_frame *f, const struct origin *o,
		      uint8_t *head)
{
	uint16_t last = body_type(t, f, o);
	uint8_t *type = head + t->type_off;

	for (unsigned i = 0; i < o->n_tags; i++) {
		be16_put(type, o->tags[i].type);
		be16_put(head + t->size + 4 * i, o->tags[i].tci);
		type = head + t->size + 4 * i + 2;
	}
	be16_put(type, last);
	return last;
}

static void set_layers(const struct target *t, struct pkt_layers *l, const struct origin *o,
		       uint32_t size)
{
	l->link = t->link;
	l->l2_len += l->l2_off - o->body + size; /* LLC still counts */
	l->l2_off = 0;
	l->mac_off = t->link == PKT_LINK_ETHERNET ? 0 : PKT_ABSENT;
	l->type_off = t->type_off != NO_TYPE ? t->type_off : PKT_ABSENT;
	l->vlan_off = PKT_ABSENT;
	l->n_vlans = (uint8_t)o->n_tags;
	if (o->n_tags) {
		l->vlan_off = t->size;
		l->type_off = size - 2;
	}
	if (o->type != TYPE_LLC)
		l->ethertype = o->type;
}

void edit_convert(struct weir_editor *e, struct edit_frame *f, uint32_t linktype)
{
	const struct target *t = find_target(linktype);
	uint8_t head[20 + 4 * TAGS_MAX] = { 0 };
	struct origin o = { 0 };
	uint32_t size;

	if (f->buf->linktype == linktype) {
		if (t->link == PKT_LINK_HDLC)
			set_hdlc(e, f->buf->data);
		return;
	}
	read_type(f, &o);
	if (!o.type && !o.ppp) {
		edit_fail(e, f, WEIR_EDIT_NO_LINK);
		return;
	}
	read_addresses(f, &o); /* where the type is known the header is whole */
	if ((t->tags && !read_tags(f, &o)) || !t->put(e, f, &o, head) ||
	    (t->type_off != NO_TYPE && !put_types(t, f, &o, head))) {
		edit_fail(e, f, WEIR_EDIT_NO_LINK);
		return;
	}
	size = t->size + 4 * o.n_tags;
	if (!edit_splice(f, 0, o.body, size)) {
		edit_fail(e, f, WEIR_EDIT_NO_ROOM);
		return;
	}
	memcpy(f->buf->data, head, size);
	f->buf->linktype = (uint16_t)linktype;
	set_layers(t, &f->l, &o, size);
}
