/* SPDX-License-Identifier: BSD-2-Clause */
#include <weir/stamp.h>

#include "base/bytes.h"
#include "pkt/checksum.h"

#define MAGIC 0x5753u /* "WS" */

enum {
	AT_MAGIC = 0,
	AT_BALANCE = 2,
	AT_STREAM = 4,
	AT_SEQUENCE = 8,
	AT_TIME = 12
};

/* Makes the sum of all words 0xffff: csum_fold() gives what is missing to that. */
static void balance(uint8_t *p)
{
	be16_put(p + AT_BALANCE, 0);
	be16_put(p + AT_BALANCE, csum_fold(csum_add(0, p, WEIR_STAMP_LEN)));
}

void weir_stamp_put(uint8_t *p, const struct weir_stamp *stamp)
{
	be16_put(p + AT_MAGIC, MAGIC);
	be32_put(p + AT_STREAM, stamp->stream);
	be32_put(p + AT_SEQUENCE, stamp->sequence);
	be64_put(p + AT_TIME, stamp->time_ns);
	balance(p);
}

void weir_stamp_set_time(uint8_t *p, uint64_t time_ns)
{
	be64_put(p + AT_TIME, time_ns);
	balance(p);
}

static bool read_stamp(const uint8_t *p, struct weir_stamp *ret)
{
	if (be16_at(p) != MAGIC || csum_fold(csum_add(0, p, WEIR_STAMP_LEN)) != 0)
		return false;
	*ret = (struct weir_stamp){
		.stream = be32_at(p + AT_STREAM),
		.sequence = be32_at(p + AT_SEQUENCE),
		.time_ns = be64_at(p + AT_TIME),
	};
	return true;
}

/* Where the IP packet of an Ethernet frame ends; 0: there is none. */
static uint32_t ip_end(const uint8_t *frame, uint32_t len)
{
	uint32_t at = 12;

	while (at + 6 <= len && (be16_at(frame + at) == 0x8100 || be16_at(frame + at) == 0x88a8))
		at += 4;
	if (at + 2 + 20 > len)
		return 0;
	if (be16_at(frame + at) == 0x0800)
		return at + 2 + be16_at(frame + at + 4);
	if (be16_at(frame + at) == 0x86dd)
		return at + 2 + 40 + be16_at(frame + at + 6);
	return 0;
}

bool weir_stamp_find(const uint8_t *frame, uint32_t len, struct weir_stamp *ret)
{
	uint32_t end;

	if (len < WEIR_STAMP_LEN)
		return false;
	if (read_stamp(frame + len - WEIR_STAMP_LEN, ret))
		return true;
	end = ip_end(frame, len);
	return end >= WEIR_STAMP_LEN && end < len && read_stamp(frame + end - WEIR_STAMP_LEN, ret);
}
