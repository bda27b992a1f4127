/* SPDX-License-Identifier: BSD-2-Clause */
#include "frames.h"

#include <string.h>

#define ETHERTYPE_OURS 0x88b5 /* for local experiments, IEEE 802 */
#define IPPROTO_OURS   253    /* for experiments, RFC 3692 */

static void put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v & 0xffff);
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* The number stands in the source address of either kind of frame. */
static uint32_t make_ip(uint8_t *data, uint32_t len, uint32_t nr)
{
	static const uint8_t header[20] = { 0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, IPPROTO_OURS,
					    0,	  0, 0, 0, 0, 0, 10,   9, 9,  9 };
	uint32_t sum = 0;

	memcpy(data, header, sizeof(header));
	put16(data + 2, len);
	put32(data + 12, nr);
	for (unsigned i = 0; i < 20; i += 2)
		sum += (uint32_t)data[i] << 8 | data[i + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	put16(data + 10, ~sum & 0xffff);
	return 20;
}

static uint32_t make_ether(uint8_t *data, uint32_t nr, bool vlan)
{
	uint32_t at = 12;

	memset(data, 0, 12);
	data[0] = data[6] = 0x02; /* locally administered, unicast */
	data[1] = data[5] = 0x01; /* none of the senders: a switch learns those */
	put32(data + 8, nr);
	if (vlan) {
		put16(data + at, 0x8100);
		put16(data + at + 2, 1 + nr % 4000);
		at += 4;
	}
	put16(data + at, ETHERTYPE_OURS);
	return at + 2;
}

void frame_make(uint8_t *data, uint32_t len, uint32_t nr, bool raw_ip, bool vlan)
{
	uint32_t at = raw_ip ? make_ip(data, len, nr) : make_ether(data, nr, vlan);

	for (; at < len; at++)
		data[at] = (uint8_t)(nr * 7 + at * 13 + (at >> 8));
}

bool frame_is_ours(const uint8_t *data, uint32_t len, bool raw_ip, uint32_t *ret_nr)
{
	unsigned at = 12;

	if (raw_ip) {
		if (len < 20 || data[0] >> 4 != 4 || data[9] != IPPROTO_OURS)
			return false;
		*ret_nr = get32(data + 12);
		return true;
	}
	if (len >= 18 && data[12] == 0x81 && data[13] == 0x00)
		at = 16;
	if (len < at + 2 || data[at] != ETHERTYPE_OURS >> 8 ||
	    data[at + 1] != (ETHERTYPE_OURS & 0xff))
		return false;
	*ret_nr = get32(data + 8);
	return true;
}
