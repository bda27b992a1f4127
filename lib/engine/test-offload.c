/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/offload.h"

#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "pkt/checksum.h"
#include "support/unit.h"

#define ETHERNET 1u

enum {
	IP = 14,
	L4 = 34,
	LEN = 101 /* odd: the last byte is summed with a zero */
};

/* IPv4 with a transport header of zeros and a payload. */
static void make(uint8_t *frame, uint8_t proto)
{
	static const uint8_t headers[L4] = { 2, 0, 0,	 0, 0, 1, 2,  0, 0, 0, 0,  2,
					     8, 0, 0x45, 0, 0, 0, 0,  1, 0, 0, 64, 0,
					     0, 0, 10,	 1, 2, 3, 10, 4, 5, 6 };

	memset(frame, 'x', LEN);
	memcpy(frame, headers, L4);
	memset(frame + L4, 0, 20);
	be16_put(frame + IP + 2, LEN - IP);
	frame[IP + 9] = proto;
	frame[L4 + 12] = 0x50;		    /* TCP: five words of header */
	be16_put(frame + L4 + 4, LEN - L4); /* UDP: length */
}

static uint16_t pseudo(const uint8_t *frame)
{
	return (uint16_t)~csum_fold(csum_pseudo(frame + IP, false, frame[IP + 9], LEN - L4));
}

/* Sums to what a right checksum sums to. */
static void assert_right(const uint8_t *frame)
{
	assert_int_equal(csum_fold(csum_add(pseudo(frame), frame + L4, LEN - L4)), 0);
}

static const struct {
	uint8_t proto;
	uint16_t at;
} protos[] = { { 6, 16 }, { 17, 6 } };

static void test_checksum_is_completed(void **state)
{
	uint8_t frame[LEN];

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct weir_offload o = { .flags = WEIR_OFFLOAD_SUM | WEIR_OFFLOAD_CHECKED,
					  .sum_from = L4,
					  .sum_at = protos[i].at };

		make(frame, protos[i].proto);
		be16_put(frame + L4 + o.sum_at, pseudo(frame));
		assert_int_equal(offload_complete(&o, frame, LEN), 0);
		assert_right(frame);
		assert_int_equal(o.flags, WEIR_OFFLOAD_CHECKED);
	}
}

static void test_what_is_complete_is_left(void **state)
{
	struct weir_offload o = { .sum_from = L4, .sum_at = 16 };
	uint8_t frame[LEN], before[LEN];

	(void)state;
	make(frame, 6);
	memcpy(before, frame, LEN);
	assert_int_equal(offload_complete(&o, frame, LEN), 0);
	assert_memory_equal(frame, before, LEN);
}

static void test_checksum_outside_of_the_frame_is_refused(void **state)
{
	static const uint16_t places[][2] = {
		{ LEN, 0 }, { L4, LEN - L4 - 1 }, { 0, 0xffff }, { 0xffff, 0xffff }
	};
	uint8_t frame[LEN];

	(void)state;
	make(frame, 6);
	for (unsigned i = 0; i < 4; i++) {
		struct weir_offload o = { .flags = WEIR_OFFLOAD_SUM,
					  .sum_from = places[i][0],
					  .sum_at = places[i][1] };

		assert_int_equal(offload_complete(&o, frame, LEN), -EBADMSG);
	}
}

static void test_frame_to_be_cut_is_undone_again(void **state)
{
	static const uint8_t moved[4] = { 192, 0, 2, 1 };
	uint8_t frame[LEN];

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct weir_offload o = { .cut = 1, .cut_len = 9, .sum_from = 99, .sum_at = 99 };

		make(frame, protos[i].proto);
		memcpy(frame + IP + 12, moved, 4); /* an edit */
		be16_put(frame + L4 + protos[i].at, 0x1234);
		assert_int_equal(offload_renew(&o, ETHERNET, frame, LEN), 0);
		assert_int_equal(o.sum_from, L4);
		assert_int_equal(o.sum_at, protos[i].at);
		assert_int_equal(o.header_len, L4 + (protos[i].proto == 6 ? 20 : 8));
		assert_int_equal(o.cut, 1);
		assert_int_equal(o.cut_len, 9);
		assert_int_equal(be16_at(frame + L4 + protos[i].at), pseudo(frame));
		assert_int_equal(offload_complete(&o, frame, LEN), 0);
		assert_right(frame);
	}
}

static void test_what_is_not_tcp_or_udp_cannot_be_cut(void **state)
{
	struct weir_offload o = { .cut = 1 };
	uint8_t frame[LEN];

	(void)state;
	make(frame, 47);
	assert_int_equal(offload_renew(&o, ETHERNET, frame, LEN), -EBADMSG);
	assert_int_equal(offload_renew(&o, ETHERNET, frame, 10), -EBADMSG);
	make(frame, 6);
	be16_put(frame + IP + 6, 0x2000); /* a fragment */
	assert_int_equal(offload_renew(&o, ETHERNET, frame, LEN), -EBADMSG);
}

static void test_guess_completes_what_holds_the_pseudo_sum(void **state)
{
	uint8_t frame[LEN];

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		make(frame, protos[i].proto);
		be16_put(frame + L4 + protos[i].at, pseudo(frame));
		offload_guess(ETHERNET, frame, LEN);
		assert_right(frame);
	}
}

static void test_guess_leaves_right_and_wrong_sums(void **state)
{
	uint8_t frame[LEN], before[LEN];

	(void)state;
	for (uint32_t v = 0; v < 0x10000; v++) {
		make(frame, 6);
		be16_put(frame + L4 + 16, (uint16_t)v);
		if (v == pseudo(frame))
			continue;
		memcpy(before, frame, LEN);
		offload_guess(ETHERNET, frame, LEN);
		assert_memory_equal(frame, before, LEN);
	}
}

/* Of all payloads that lead to it: the sum of the pseudo header is the right checksum. */
static void test_guess_gives_a_right_sum_again(void **state)
{
	uint8_t frame[LEN], before[LEN];
	uint16_t wrong;

	(void)state;
	make(frame, 6);
	be16_put(frame + L4 + 4, 0);
	be16_put(frame + L4 + 16, pseudo(frame));
	wrong = csum_fold(csum_add(pseudo(frame), frame + L4, LEN - L4));
	be16_put(frame + L4 + 4, wrong);
	assert_right(frame);
	memcpy(before, frame, LEN);
	offload_guess(ETHERNET, frame, LEN);
	assert_memory_equal(frame, before, LEN);
}

static void test_guess_reads_nothing_past_cut_frames(void **state)
{
	uint8_t whole[LEN];

	(void)state;
	make(whole, 6);
	be16_put(whole + L4 + 16, pseudo(whole));
	for (uint32_t len = 0; len < LEN; len++) {
		uint8_t *frame = test_malloc(len + 1);

		memcpy(frame, whole, len);
		offload_guess(ETHERNET, frame, len);
		assert_memory_equal(frame, whole, len);
		test_free(frame);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_checksum_is_completed),
		cmocka_unit_test(test_what_is_complete_is_left),
		cmocka_unit_test(test_checksum_outside_of_the_frame_is_refused),
		cmocka_unit_test(test_frame_to_be_cut_is_undone_again),
		cmocka_unit_test(test_what_is_not_tcp_or_udp_cannot_be_cut),
		cmocka_unit_test(test_guess_completes_what_holds_the_pseudo_sum),
		cmocka_unit_test(test_guess_leaves_right_and_wrong_sums),
		cmocka_unit_test(test_guess_gives_a_right_sum_again),
		cmocka_unit_test(test_guess_reads_nothing_past_cut_frames),
	};

	return unit_run(tests);
}
