/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/bytes.h"
#include "base/macros.h"
#include "diff/diff.h"
#include "pkt/parse.h"

/* Where a field stands: how far behind what. */
enum base {
	AT_MAC,
	AT_IP4,
	AT_IP6,
	AT_PORTS, /* of TCP, UDP, SCTP and the like */
	AT_TCP,
	AT_UDP,
	AT_ICMP,
};

struct row {
	uint8_t field; /* enum weir_diff_field */
	uint8_t base;
	uint8_t off, len;
	unsigned ignored_by; /* bits of enum weir_diff_ignore */
};

static const struct row rows[] = {
	{ WEIR_DIFF_DST_MAC, AT_MAC, 0, 6, WEIR_DIFF_MAC },
	{ WEIR_DIFF_SRC_MAC, AT_MAC, 6, 6, WEIR_DIFF_MAC },
	{ WEIR_DIFF_TOS, AT_IP4, 1, 1, 0 },
	{ WEIR_DIFF_IP_LENGTH, AT_IP4, 2, 2, 0 },
	{ WEIR_DIFF_IP_ID, AT_IP4, 4, 2, 0 },
	{ WEIR_DIFF_FRAGMENT, AT_IP4, 6, 2, 0 },
	{ WEIR_DIFF_HOPS, AT_IP4, 8, 1, WEIR_DIFF_TTL },
	{ WEIR_DIFF_IP_CHECKSUM, AT_IP4, 10, 2, WEIR_DIFF_TTL | WEIR_DIFF_CHECKSUM },
	{ WEIR_DIFF_SRC_ADDR, AT_IP4, 12, 4, 0 },
	{ WEIR_DIFF_DST_ADDR, AT_IP4, 16, 4, 0 },
	{ WEIR_DIFF_TOS, AT_IP6, 0, 4, 0 },
	{ WEIR_DIFF_IP_LENGTH, AT_IP6, 4, 2, 0 },
	{ WEIR_DIFF_HOPS, AT_IP6, 7, 1, WEIR_DIFF_TTL },
	{ WEIR_DIFF_SRC_ADDR, AT_IP6, 8, 16, 0 },
	{ WEIR_DIFF_DST_ADDR, AT_IP6, 24, 16, 0 },
	{ WEIR_DIFF_SRC_PORT, AT_PORTS, 0, 2, 0 },
	{ WEIR_DIFF_DST_PORT, AT_PORTS, 2, 2, 0 },
	{ WEIR_DIFF_SEQUENCE, AT_TCP, 4, 4, 0 },
	{ WEIR_DIFF_ACKNOWLEDGEMENT, AT_TCP, 8, 4, 0 },
	{ WEIR_DIFF_FLAGS, AT_TCP, 12, 2, 0 },
	{ WEIR_DIFF_WINDOW, AT_TCP, 14, 2, 0 },
	{ WEIR_DIFF_L4_CHECKSUM, AT_TCP, 16, 2, WEIR_DIFF_CHECKSUM },
	{ WEIR_DIFF_L4_CHECKSUM, AT_UDP, 6, 2, WEIR_DIFF_CHECKSUM },
	{ WEIR_DIFF_L4_CHECKSUM, AT_ICMP, 2, 2, WEIR_DIFF_CHECKSUM },
};

/* A part of a frame; absent: NULL. */
struct part {
	const uint8_t *p;
	uint32_t len;
};

struct frame {
	const uint8_t *data;
	uint32_t len;
	struct pkt_layers l;
};

static uint32_t off_of(enum base base, const struct pkt_layers *l)
{
	const bool whole = l->l4_off != PKT_ABSENT && !(l->flags & PKT_LATER_FRAGMENT);

	switch (base) {
	case AT_MAC:
		return l->mac_off;
	case AT_IP4:
		return l->ip_version == 4 ? l->l3_off : PKT_ABSENT;
	case AT_IP6:
		return l->ip_version == 6 ? l->l3_off : PKT_ABSENT;
	case AT_PORTS:
		return l->flags & PKT_PORTS ? l->l4_off : PKT_ABSENT;
	case AT_TCP:
		return whole && l->proto == PKT_IP_TCP ? l->l4_off : PKT_ABSENT;
	case AT_UDP:
		return whole && l->proto == PKT_IP_UDP ? l->l4_off : PKT_ABSENT;
	case AT_ICMP:
		return whole && (l->proto == PKT_IP_ICMP || l->proto == PKT_IP_ICMPV6) ? l->l4_off
										       : PKT_ABSENT;
	}
	return PKT_ABSENT;
}

static struct part part_of(const struct row *row, const struct frame *f)
{
	uint32_t off = off_of((enum base)row->base, &f->l);

	if (off == PKT_ABSENT || off + row->off + row->len > f->len)
		return (struct part){ 0 };
	return (struct part){ f->data + off + row->off, row->len };
}

static bool differs(struct part a, struct part b)
{
	return !a.p != !b.p || a.len != b.len || (a.len && memcmp(a.p, b.p, a.len) != 0);
}

static struct part from_to(const struct frame *f, uint32_t off, uint32_t end)
{
	end = MIN(end, f->len);
	if (off == PKT_ABSENT || off > end)
		return (struct part){ 0 };
	return (struct part){ f->data + off, end - off };
}

static struct part tags_of(const struct frame *f)
{
	if (!f->l.n_vlans)
		return (struct part){ 0 };
	return from_to(f, f->l.vlan_off - 2, f->l.vlan_off + 4u * f->l.n_vlans - 2);
}

static struct part labels_of(const struct frame *f)
{
	return f->l.n_mpls ? from_to(f, f->l.mpls_off, f->l.mpls_off + 4u * f->l.n_mpls)
			   : (struct part){ 0 };
}

static void parse(const struct weir_record *rec, struct frame *f)
{
	f->data = rec->data;
	f->len = MIN(rec->len, WEIR_FRAME_MAX);
	(void)pkt_parse(rec->linktype, f->data, f->len, &f->l); /* as far as it goes */
}

uint32_t diff_frame_fields(const struct weir_record *ra, const struct weir_record *rb,
			   unsigned ignore)
{
	uint32_t fields = 0;
	struct frame a, b;

	parse(ra, &a);
	parse(rb, &b);
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		if (!(rows[i].ignored_by & ignore) &&
		    differs(part_of(&rows[i], &a), part_of(&rows[i], &b)))
			fields |= 1u << rows[i].field;
	}
	if (!(ignore & WEIR_DIFF_VLAN) && differs(tags_of(&a), tags_of(&b)))
		fields |= 1u << WEIR_DIFF_VLAN_TAGS;
	if (differs(labels_of(&a), labels_of(&b)))
		fields |= 1u << WEIR_DIFF_LABELS;
	if (differs(from_to(&a, a.l.payload_off, a.l.end), from_to(&b, b.l.payload_off, b.l.end)))
		fields |= 1u << WEIR_DIFF_PAYLOAD;
	if (!(ignore & WEIR_DIFF_PADDING) &&
	    differs(from_to(&a, a.l.end, a.len), from_to(&b, b.l.end, b.len)))
		fields |= 1u << WEIR_DIFF_PAD;
	if (ra->orig_len != rb->orig_len && !(ignore & (WEIR_DIFF_PADDING | WEIR_DIFF_VLAN)))
		fields |= 1u << WEIR_DIFF_LENGTH;
	return fields ? fields : 1u << WEIR_DIFF_OTHER;
}

/* Takes what is ignored out of a copy of a frame. */
static void blank(struct frame *f, uint8_t *copy, unsigned ignore)
{
	memcpy(copy, f->data, f->len);
	f->data = copy;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		struct part p = part_of(&rows[i], f);

		if (rows[i].ignored_by & ignore && p.p)
			memset(copy + (p.p - f->data), 0, p.len);
	}
	if (ignore & WEIR_DIFF_PADDING && f->l.end < f->len)
		f->len = f->l.end;
	if (ignore & WEIR_DIFF_VLAN) {
		struct part tags = tags_of(f);
		uint32_t off = tags.p ? (uint32_t)(tags.p - f->data) : 0;

		memmove(copy + off, copy + off + tags.len, f->len - off - tags.len);
		f->len -= tags.len;
	}
}

/* Edits of headers leave the payload, and what few bytes tell frames without one apart. */
static uint64_t identity_of(const struct frame *f)
{
	struct part p = from_to(f, f->l.payload_off, f->l.end);
	uint32_t tcp = off_of(AT_TCP, &f->l);

	if (p.p && p.len)
		return XXH3_64bits_withSeed(p.p, p.len, f->l.proto);
	if (tcp != PKT_ABSENT && tcp + 14 <= f->len)
		return XXH3_64bits_withSeed(f->data + tcp + 4, 10, f->l.proto);
	return f->l.proto + 1u;
}

void diff_frame_hash(const struct weir_record *rec, unsigned ignore, uint8_t *scratch,
		     struct diff_line *line)
{
	/* The padding's length is part of the length on the wire, and so are tags. */
	const bool length_counts = !(ignore & (WEIR_DIFF_PADDING | WEIR_DIFF_VLAN));
	struct frame f;
	XXH128_hash_t h;

	parse(rec, &f);
	line->identity = identity_of(&f);
	line->ts_ns = rec->ts_ns;
	if (ignore)
		blank(&f, scratch, ignore);
	h = XXH3_128bits_withSeed(f.data, f.len, length_counts ? rec->orig_len : 0);
	line->hash[0] = h.low64;
	line->hash[1] = h.high64;
}
