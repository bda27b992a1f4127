/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/offload.h"

#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "pkt/checksum.h"
#include "pkt/parse.h"

void offload_get(struct weir_offload *ret_o, const uint8_t *frame)
{
	memcpy(ret_o, frame - WEIR_OFFLOAD_LEN, WEIR_OFFLOAD_LEN);
}

void offload_put(const struct weir_offload *o, uint8_t *frame)
{
	memcpy(frame - WEIR_OFFLOAD_LEN, o, WEIR_OFFLOAD_LEN);
}

/* Puts the checksum of what lies from l4 on, in which the partial sum stands at sum. Under
 * UDP 0 means that there is none, and 0xffff is the same number. */
static void put_sum(uint8_t *l4, uint32_t len, uint8_t *sum)
{
	uint16_t v = csum_fold(csum_add(0, l4, len));

	be16_put(sum, v ? v : 0xffff);
}

int offload_complete(struct weir_offload *o, uint8_t *frame, uint32_t len)
{
	uint32_t at = (uint32_t)o->sum_from + o->sum_at;

	if (!(o->flags & WEIR_OFFLOAD_SUM))
		return 0;
	if (at + 2 > len)
		return -EBADMSG;
	put_sum(frame + o->sum_from, len - o->sum_from, frame + at);
	o->flags &= (uint8_t)~WEIR_OFFLOAD_SUM;
	return 0;
}

/* Where the checksum of TCP or UDP stands, counted from its header; 0: the frame has none
 * that covers what it holds. */
static uint32_t find_sum(uint32_t linktype, const uint8_t *frame, uint32_t len,
			 struct pkt_layers *l)
{
	uint32_t at;

	if (pkt_parse(linktype, frame, len, l) < 0 || l->l4_off == PKT_ABSENT ||
	    l->flags & (PKT_FRAGMENT | PKT_PAYLOAD_CUT))
		return 0;
	at = l->proto == PKT_IP_TCP ? 16 : l->proto == PKT_IP_UDP ? 6 : 0;
	return at && l->end >= l->l4_off + at + 2 ? at : 0;
}

/* The sum that cutting, and completing, begins with. */
static uint16_t pseudo_sum(const uint8_t *frame, const struct pkt_layers *l)
{
	return (uint16_t)~csum_fold(
		csum_pseudo(frame + l->l3_off, l->ip_version == 6, l->proto, l->end - l->l4_off));
}

int offload_renew(struct weir_offload *o, uint32_t linktype, uint8_t *frame, uint32_t len)
{
	struct pkt_layers l;
	uint32_t at = find_sum(linktype, frame, len, &l);

	if (!at || l.l4_off + l.l4_len > UINT16_MAX)
		return -EBADMSG;
	o->flags = WEIR_OFFLOAD_SUM;
	o->header_len = (uint16_t)(l.l4_off + l.l4_len);
	o->sum_from = (uint16_t)l.l4_off;
	o->sum_at = (uint16_t)at;
	be16_put(frame + l.l4_off + at, pseudo_sum(frame, &l));
	return 0;
}

void offload_guess(uint32_t linktype, uint8_t *frame, uint32_t len)
{
	struct pkt_layers l;
	uint32_t at = find_sum(linktype, frame, len, &l);
	uint8_t *l4;

	if (!at)
		return;
	l4 = frame + l.l4_off;
	if (be16_at(l4 + at) == pseudo_sum(frame, &l))
		put_sum(l4, l.end - l.l4_off, l4 + at);
}
