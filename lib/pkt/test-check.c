/* SPDX-License-Identifier: BSD-2-Clause */
#include <weir/check.h>

#include "support/unit.h"

#include <weir/stamp.h>

#define NOW 1700000000000000000ULL

/* A frame that is nothing but a stamp, sent 1000 ns before NOW. */
static void see(struct weir_check *c, uint32_t stream, uint32_t sequence, uint64_t came)
{
	const struct weir_stamp s = { stream, sequence, NOW - 1000 };
	uint8_t mem[WEIR_STAMP_LEN];
	const struct weir_pkt p = { .data = mem, .len = sizeof(mem), .ts_ns = (int64_t)came };

	weir_stamp_put(mem, &s);
	assert_int_equal(weir_check_frames(c, &p, 1, NOW), 1);
}

static struct weir_check_stats stream(struct weir_check *c, unsigned i)
{
	struct weir_check_stats s;

	assert_int_equal(weir_check_stream(c, i, &s), 1);
	return s;
}

static struct weir_check *make(void)
{
	struct weir_check *c = NULL;

	assert_int_equal(weir_check_new(&c, NULL), 0);
	return c;
}

static void test_frames_in_order_are_all_right(void **state)
{
	struct weir_check *c = make();
	struct weir_check_stats s;

	(void)state;
	for (uint32_t i = 5; i < 200005; i++)
		see(c, 3, i, 0);
	s = stream(c, 0);
	assert_int_equal(s.stream, 3);
	assert_int_equal(s.frames, 200000);
	assert_int_equal(s.lost + s.duplicates + s.reordered + s.early, 0);
	assert_int_equal(s.latency->n, 200000);
	assert_int_equal(s.latency->max, 1000);
	assert_int_equal(weir_check_stream(c, 1, &s), 0);
	weir_check_free(c);
}

static void test_gaps_twins_and_disorder_are_told_apart(void **state)
{
	const uint32_t came[] = { 0, 1, 2, 5, 4, 4, 9, 1, 8 }; /* 3, 6, 7 are missing */
	struct weir_check *c = make();
	struct weir_check_stats s;

	(void)state;
	for (unsigned i = 0; i < sizeof(came) / sizeof(came[0]); i++)
		see(c, 0, came[i], 0);
	s = stream(c, 0);
	assert_int_equal(s.frames, 9);
	assert_int_equal(s.lost, 3);
	assert_int_equal(s.duplicates, 2);
	assert_int_equal(s.reordered, 2);
	weir_check_free(c);
}

static void test_sequence_numbers_may_wrap(void **state)
{
	struct weir_check *c = make();
	struct weir_check_stats s;

	(void)state;
	for (uint32_t i = 0; i < 1000; i++)
		if (i != 500)
			see(c, 0, 0xffffff00u + i, 0);
	s = stream(c, 0);
	assert_int_equal(s.frames, 999);
	assert_int_equal(s.lost, 1);
	assert_int_equal(s.reordered + s.duplicates, 0);
	weir_check_free(c);
}

static void test_a_long_gap_is_loss_and_empties_the_window(void **state)
{
	struct weir_check *c = make();
	struct weir_check_stats s;

	(void)state;
	see(c, 0, 0, 0);
	see(c, 0, 10 * WEIR_CHECK_WINDOW, 0);
	see(c, 0, 10 * WEIR_CHECK_WINDOW - 1, 0); /* not a twin of what was there before */
	see(c, 0, 1, 0);			  /* too old to tell */
	s = stream(c, 0);
	assert_int_equal(s.lost, 10 * WEIR_CHECK_WINDOW + 1 - 4);
	assert_int_equal(s.duplicates, 0);
	assert_int_equal(s.reordered, 2);
	weir_check_free(c);
}

static void test_queues_add_up(void **state)
{
	struct weir_check *a = make(), *b = make();
	struct weir_check_stats s;

	(void)state;
	for (uint32_t i = 0; i < 100; i++)
		if (i != 50)
			see(i % 2 ? a : b, 1, i, 0);
	see(b, 0, 7, 0);
	weir_check_merge(a, b);
	s = stream(a, 0);
	assert_int_equal(s.stream, 0);
	assert_int_equal(s.frames, 1);
	s = stream(a, 1);
	assert_int_equal(s.frames, 99);
	assert_int_equal(s.lost, 1);
	assert_int_equal(s.latency->n, 99);
	weir_check_free(a);
	weir_check_free(b);
}

static void test_clocks_that_disagree_are_told(void **state)
{
	struct weir_check *c = make();
	struct weir_check_stats s;

	(void)state;
	see(c, 0, 0, NOW - 2000);
	see(c, 0, 1, NOW + 500);
	s = stream(c, 0);
	assert_int_equal(s.early, 1);
	assert_int_equal(s.latency->n, 1);
	assert_int_equal(s.latency->max, 1500);
	weir_check_free(c);
}

static void test_stamps_without_a_time_have_no_latency(void **state)
{
	const struct weir_stamp stamp = { .stream = 1 };
	struct weir_check *c = make();
	struct weir_check_stats s;
	uint8_t mem[WEIR_STAMP_LEN];
	const struct weir_pkt p = { .data = mem, .len = sizeof(mem), .ts_ns = (int64_t)NOW };

	(void)state;
	weir_stamp_put(mem, &stamp);
	assert_int_equal(weir_check_frames(c, &p, 1, NOW), 1);
	s = stream(c, 0);
	assert_int_equal(s.frames, 1);
	assert_int_equal(s.early + s.latency->n, 0);
	weir_check_free(c);
}

static void test_frames_without_stamps_are_not_counted(void **state)
{
	uint8_t mem[64] = { 0 };
	const struct weir_pkt p[] = { { .data = mem, .len = sizeof(mem) }, { .data = mem } };
	struct weir_check *c = make();
	struct weir_check_stats s;

	(void)state;
	assert_int_equal(weir_check_frames(c, p, 2, NOW), 0);
	assert_int_equal(weir_check_stream(c, 0, &s), 0);
	weir_check_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frames_in_order_are_all_right),
		cmocka_unit_test(test_gaps_twins_and_disorder_are_told_apart),
		cmocka_unit_test(test_sequence_numbers_may_wrap),
		cmocka_unit_test(test_a_long_gap_is_loss_and_empties_the_window),
		cmocka_unit_test(test_queues_add_up),
		cmocka_unit_test(test_clocks_that_disagree_are_told),
		cmocka_unit_test(test_stamps_without_a_time_have_no_latency),
		cmocka_unit_test(test_frames_without_stamps_are_not_counted),
	};

	return unit_run(tests);
}
