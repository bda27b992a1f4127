/* SPDX-License-Identifier: BSD-2-Clause */
#include "edit/cut.h"

#include "base/bytes.h"
#include "base/macros.h"
#include "edit/edit.h"
#include "pkt/checksum.h"

/* What the IP header says; 0: nothing. */
static uint32_t stated_size(const struct cut *c)
{
	const uint8_t *ip = c->b->data + c->l.l3_off;
	uint32_t size;

	if (c->l.ip_version == 4)
		return be16_at(ip + 2);
	size = be16_at(ip + 4);
	return size ? size + 40 : 0;
}

int cut_begin(struct cut *c, struct weir_buf *b, enum weir_edit_reason *ret_why)
{
	int r = pkt_parse(b->linktype, b->data, b->len, &c->l);
	const struct pkt_layers *l = &c->l;
	uint32_t stated, wire = MAX(b->orig_len, b->len);

	c->b = b;
	c->copy_all = false;
	cut_number(c, 0);
	c->size = l->payload_off == PKT_ABSENT ? wire : wire - l->l2_off - l->l2_len;
	if (r < 0) {
		*ret_why = edit_damage(l, r, EDIT_TRANSPORT);
		return 0;
	}
	if (!l->ip_version) {
		*ret_why = WEIR_EDIT_NOT_IP;
		return 0;
	}
	/* No size: more than the field holds, or left to the card. Then it is all there is. */
	stated = stated_size(c);
	c->size = stated ? stated : wire - l->l3_off;
	if (c->size > wire - l->l3_off) {
		*ret_why = WEIR_EDIT_BAD_LENGTH;
		return 0;
	}
	return 1;
}

bool cut_is_tcp(const struct cut *c)
{
	return c->l.proto == PKT_IP_TCP && c->l.l4_len && !(c->l.flags & PKT_FRAGMENT);
}

bool cut_is_forbidden(const struct cut *c)
{
	return c->l.ip_version == 4 && c->b->data[c->l.l3_off + 6] & 0x40;
}

uint32_t cut_captured(const struct cut *c, uint32_t off, uint32_t n)
{
	uint32_t end = MIN(c->b->len, c->l.l3_off + c->size);

	return off < end ? MIN(n, end - off) : 0;
}

/* Where the checksum stands that a card can be left to compute. */
static uint8_t *offloaded_sum(const struct cut *c)
{
	uint8_t *l4 = c->b->data + c->l.l4_off;

	if (!c->l.l4_len || c->l.flags & PKT_FRAGMENT)
		return NULL;
	switch (c->l.proto) {
	case PKT_IP_TCP:
		return l4 + 16;
	case PKT_IP_UDP:
		return l4 + 6;
	default:
		return NULL;
	}
}

/* Systems leave the sum of the pseudo header in the field, some without the length. */
void cut_complete_sum(struct cut *c)
{
	const uint8_t *ip = c->b->data + c->l.l3_off;
	uint8_t *l4 = c->b->data + c->l.l4_off;
	uint32_t len = c->l.l3_off + c->size - c->l.l4_off;
	bool ipv6 = c->l.ip_version == 6;
	uint8_t *sum = offloaded_sum(c);
	uint32_t with;
	uint16_t right, as_card[2];

	if (!sum || cut_captured(c, c->l.l4_off, len) < len)
		return;
	with = csum_pseudo(ip, ipv6, c->l.proto, len);
	as_card[0] = (uint16_t)~csum_fold(with);
	as_card[1] = (uint16_t)~csum_fold(csum_pseudo(ip, ipv6, c->l.proto, 0));
	if (be16_at(sum) != as_card[0] && be16_at(sum) != as_card[1])
		return;

	be16_put(sum, 0);
	right = csum_fold(csum_add(with, l4, len));
	be16_put(sum, right || c->l.proto == PKT_IP_TCP ? right : 0xffff);
}

/* Where the length of an IEEE 802.3 frame stands, NULL if it has a type instead. */
static uint8_t *llc_length(const struct weir_buf *f, const struct pkt_layers *l)
{
	uint8_t *p = f->data + l->mac_off + 12;

	if (l->link != PKT_LINK_ETHERNET || !(l->flags & PKT_LLC))
		return NULL;
	while (pkt_is_vlan_tag(be16_at(p)))
		p += 4;
	return p;
}

static void set_ipv4_size(uint8_t *ip, uint32_t size)
{
	uint16_t old = be16_at(ip + 2);

	be16_put(ip + 2, (uint16_t)size);
	if (old)
		csum_ipv4_changed16(ip, old, (uint16_t)size);
	else /* whoever left the length to the card left the checksum, too */
		csum_put_ipv4(ip);
}

void cut_set_size(struct weir_buf *f, const struct pkt_layers *l, uint32_t size)
{
	uint8_t *ip = f->data + l->l3_off;
	uint8_t *llc = llc_length(f, l);

	f->orig_len = l->l3_off + size;
	if (l->ip_version == 4)
		set_ipv4_size(ip, size);
	else
		be16_put(ip + 4, (uint16_t)(size - 40));
	if (llc)
		be16_put(llc, (uint16_t)(f->orig_len - (uint32_t)(llc + 2 - f->data)));
}
