/* SPDX-License-Identifier: BSD-2-Clause */
#include "trace/native.h"

#include <byteswap.h>
#include <string.h>

#include "base/bytes.h"
#include "base/macros.h"
#include "trace/pcapng.h"

/* Custom options: of text and of bytes; the second pair is not to be copied. */
enum {
	OPT_CUSTOM_TEXT = 2988,
	OPT_CUSTOM_BYTES = 2989,
	OPT_CUSTOM_TEXT_STAYS = 19372,
	OPT_CUSTOM_BYTES_STAYS = 19373,
};

/* Options whose values are numbers, or begin with one; all others are bytes or text. */
static const struct numbers {
	uint32_t type; /* of the block */
	uint16_t first, last;
	uint8_t size; /* of a number */
} numbers[] = {
	{ BLOCK_EPB, OPT_EPB_FLAGS, OPT_EPB_FLAGS, 4 },
	{ BLOCK_EPB, OPT_EPB_DROPCOUNT, OPT_EPB_PACKETID, 8 },
	{ BLOCK_EPB, OPT_EPB_QUEUE, OPT_EPB_QUEUE, 4 },
	{ BLOCK_PB, 2, 2, 4 }, /* flags */
	{ BLOCK_IDB, OPT_IF_SPEED, OPT_IF_SPEED, 8 },
	{ BLOCK_IDB, 10, 10, 4 }, /* time zone */
	{ BLOCK_IDB, OPT_IF_TSOFFSET, OPT_IF_TSOFFSET, 8 },
	{ BLOCK_IDB, 16, 17, 8 },			      /* speeds of sending and receiving */
	{ BLOCK_ISB, OPT_ISB_STARTTIME, OPT_ISB_ENDTIME, 4 }, /* high and low half */
	{ BLOCK_ISB, OPT_ISB_IFRECV, OPT_ISB_USRDELIV, 8 },
};

/* Turns n bytes at dst, which are numbers of size bytes; what is left over stays. */
static void swap_numbers(uint8_t *dst, size_t n, unsigned size)
{
	for (; size && n >= size; dst += size, n -= size) {
		if (size == 8)
			raw64_put(dst, bswap_64(raw64_at(dst)));
		else if (size == 4)
			raw32_put(dst, bswap_32(raw32_at(dst)));
		else
			raw16_put(dst, bswap_16(raw16_at(dst)));
	}
}

static void swap_value(uint32_t type, uint16_t code, uint8_t *value, size_t len)
{
	if (code == OPT_CUSTOM_TEXT || code == OPT_CUSTOM_BYTES) {
		swap_numbers(value, MIN(len, (size_t)4), 4); /* whose it is */
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		if (numbers[i].type == type && code >= numbers[i].first && code <= numbers[i].last)
			swap_numbers(value, len, numbers[i].size);
}

static uint16_t u16_at(const uint8_t *p, bool swapped)
{
	return swapped ? bswap_16(raw16_at(p)) : raw16_at(p);
}

size_t native_options(uint32_t type, bool swapped, const uint8_t *src, size_t n, uint8_t *dst)
{
	uint8_t *at = dst;

	while (n >= OPT_HEADER) {
		const uint16_t code = u16_at(src, swapped), len = u16_at(src + 2, swapped);
		const size_t size = OPT_HEADER + padded(len);

		if (code == OPT_END || size > n)
			break;
		if (code != OPT_CUSTOM_TEXT_STAYS && code != OPT_CUSTOM_BYTES_STAYS) {
			memcpy(at, src, size);
			raw16_put(at, code);
			raw16_put(at + 2, len);
			if (swapped)
				swap_value(type, code, at + OPT_HEADER, len);
			at += size;
		}
		src += size;
		n -= size;
	}
	return (size_t)(at - dst);
}

/* Records of a name resolution block up to their end mark: how many bytes they are. */
static size_t native_names(bool swapped, uint8_t *p, size_t n)
{
	size_t at = 0;

	while (n - at >= OPT_HEADER) {
		uint16_t kind, len;

		if (swapped)
			swap_numbers(p + at, OPT_HEADER, 2);
		kind = raw16_at(p + at);
		len = raw16_at(p + at + 2);
		at += MIN(OPT_HEADER + padded(len), n - at);
		if (!kind)
			break;
	}
	return at;
}

/* What stands before the options: how many bytes it is. */
static size_t native_body(uint32_t type, bool swapped, uint8_t *p, size_t n)
{
	switch (type) {
	case BLOCK_NRB:
		return native_names(swapped, p, n);
	case BLOCK_ISB:
		n = MIN(n, (size_t)ISB_FIXED - BLOCK_HEADER);
		if (swapped)
			swap_numbers(p, n, 4);
		return n;
	case BLOCK_DSB: /* their kind, and how many bytes follow */
		if (n < 8)
			return n;
		if (swapped)
			swap_numbers(p, 8, 4);
		return 8 + MIN(padded(raw32_at(p + 4)), n - 8);
	case BLOCK_CUSTOM: /* whose it is; only they know what follows */
		if (swapped)
			swap_numbers(p, MIN(n, (size_t)4), 4);
		return n;
	default: /* text */
		return n;
	}
}

bool native_keeps(uint32_t type)
{
	return type == BLOCK_NRB || type == BLOCK_ISB || type == BLOCK_JOURNAL ||
	       type == BLOCK_DSB || type == BLOCK_CUSTOM;
}

size_t native_block(uint32_t type, bool swapped, const uint8_t *src, size_t n, uint8_t *dst)
{
	size_t fixed, options;

	memcpy(dst, src, n);
	fixed = native_body(type, swapped, dst, n);
	options = native_options(type, swapped, src + fixed, n - fixed, dst + fixed);
	if (options) {
		memset(dst + fixed + options, 0,
		       n - fixed - options); /* begins with the end mark */
		options = MIN(options + OPT_HEADER, n - fixed);
	}
	return fixed + options;
}
