/* SPDX-License-Identifier: BSD-2-Clause */
/* What a file of captured frames ends with. */
#include "capture/head.h"

#include <string.h>

#include "base/bytes.h"
#include "support/unit.h"
#include "trace/pcapng.h"

/* The value of an option of the statistics. */
static const uint8_t *option(const struct ngblock *b, uint16_t code, uint16_t *ret_len)
{
	const uint8_t *at = b->data + ISB_FIXED, *end = b->data + b->len - BLOCK_TRAILER;

	while (at < end && raw16_at(at) != code)
		at += OPT_HEADER + ((raw16_at(at + 2) + 3u) & ~3u);
	assert_true(at < end);
	*ret_len = raw16_at(at + 2);
	return at + OPT_HEADER;
}

static uint64_t number(const struct ngblock *b, uint16_t code)
{
	uint16_t len;
	const uint8_t *value = option(b, code, &len);

	assert_int_equal(len, 8);
	return raw64_at(value);
}

static void test_statistics_go_beyond_32_bits(void **state)
{
	const struct tail_figures t = {
		.figures = { .received = (1ull << 35) + 7,
			     .kept = 1ull << 35,
			     .kernel_dropped = UINT32_MAX,
			     .ring_dropped = 1,
			     .writer_dropped = 1ull << 34 },
		.begin_ns = 1800000000000000000,
		.end_ns = 1800086400000000000, /* a day later */
	};
	struct ngblock b = { 0 };

	(void)state;
	assert_int_equal(tail_add(&b, 3, &t), 0);
	assert_int_equal(raw32_at(b.data), BLOCK_ISB);
	assert_int_equal(raw32_at(b.data + 8), 3);
	assert_int_equal((uint64_t)raw32_at(b.data + 12) << 32 | raw32_at(b.data + 16), t.end_ns);
	assert_int_equal(number(&b, OPT_ISB_IFRECV), (1ull << 35) + 7);
	assert_int_equal(number(&b, OPT_ISB_USRDELIV), 1ull << 35);
	assert_int_equal(number(&b, OPT_ISB_IFDROP), (1ull << 34) + (1ull << 32));
	ngblock_done(&b);
}

static void test_frames_without_a_stamp_are_told(void **state)
{
	static const char want[] = "8589934592 frames with times of /dev/ptp0, 4294967296 that "
				   "arrived without one.";
	const struct tail_figures t = { .figures = { .hw_stamped = 1ull << 33,
						     .hw_missing = 1ull << 32 },
					.clock = "/dev/ptp0" };
	struct ngblock b = { 0 };
	const uint8_t *value;
	uint16_t len;

	(void)state;
	assert_int_equal(tail_add(&b, 0, &t), 0);
	value = option(&b, OPT_COMMENT, &len);
	assert_int_equal(len, strlen(want));
	assert_memory_equal(value, want, len);
	ngblock_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_statistics_go_beyond_32_bits),
		cmocka_unit_test(test_frames_without_a_stamp_are_told),
	};

	return unit_run(tests);
}
