/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The schedule against exact arithmetic: the traces of the experiment that showed
 * other replayers' rates to be wrong, at every rate, after 1, 10^6 and 10^12 frames.
 */
#include <weir/pace.h>

#include "base/macros.h"
#include "support/unit.h"

typedef unsigned __int128 u128;

/* floor(a * b / c) by long division in base 2^32, so as not to repeat the code tested. */
static u128 exact(u128 a, uint64_t b, uint64_t c)
{
	u128 product = a * b, q = 0, r = 0; /* a < 2^64 in all tests */

	for (int i = 127; i >= 0; i--) {
		r = r << 1 | (product >> i & 1);
		q <<= 1;
		if (r >= c) {
			r -= c;
			q |= 1;
		}
	}
	return q;
}

static const struct {
	uint64_t frames, bytes;
} traces[] = { { 12921, 16973900 }, { 4, 1930 }, { 1, 34 } };

static const uint64_t mbps[] = { 1, 5, 10, 50, 100, 500, 1024, 10000, 100000 };
static const uint64_t after[] = { 1, 1000000, 1000000000000 };

static void test_bits_are_exact_after_any_number_of_frames(void **state)
{
	(void)state;
	for (size_t t = 0; t < ARRAY_SIZE(traces); t++)
		for (size_t m = 0; m < ARRAY_SIZE(mbps); m++)
			for (size_t a = 0; a < ARRAY_SIZE(after); a++) {
				uint64_t loops = after[a] / traces[t].frames;
				struct weir_rate rate = { .mode = WEIR_RATE_BITS,
							  .den = 1,
							  .num = mbps[m] * 1000000 };
				struct weir_pos pos = { .frames = after[a],
							.bytes = loops * traces[t].bytes + 34 };

				assert_true(weir_deadline(&rate, &pos) ==
					    exact((u128)pos.bytes * 8, NSEC_PER_SEC, rate.num));
			}
}

static void test_thirty_days_at_ten_gigabit_line_rate(void **state)
{
	const uint64_t n = 14880952ULL * 86400 * 30;
	struct weir_rate rate = { .mode = WEIR_RATE_FRAMES, .num = 14880952, .den = 1 };
	struct weir_pos pos = { .frames = n };

	(void)state;
	assert_true(weir_deadline(&rate, &pos) == 30ULL * 86400 * NSEC_PER_SEC);
	pos.frames = n + 1;
	assert_true(weir_deadline(&rate, &pos) == 30ULL * 86400 * NSEC_PER_SEC + 67);
}

static void test_far_away_deadlines_saturate(void **state)
{
	struct weir_rate rate = { .mode = WEIR_RATE_BITS, .num = 1, .den = 1000000000 };
	struct weir_pos pos = { .bytes = UINT64_MAX };

	(void)state;
	assert_true(weir_deadline(&rate, &pos) == UINT64_MAX);
}

/* A trace of n frames in a view, lengths and times by a rule. */
struct fixture {
	struct weir_frame frames[300];
	struct weir_view view;
};

static void make_view(struct fixture *f, uint32_t n, uint64_t loop)
{
	uint32_t before = 0;

	*f = (struct fixture){ 0 };
	for (uint32_t i = 0; i < n; i++) {
		f->frames[i].len = 60 + i * 37 % 1454;
		f->frames[i].before = before;
		f->frames[i].ts_ns = 1000 + (int64_t)i * i * 977;
		before += f->frames[i].len;
	}
	f->view = (struct weir_view){
		.frames = f->frames,
		.n = n,
		.loop = loop,
		.frames_before = loop * n,
		.bytes_before = loop * before,
		.time_before = loop * (uint64_t)(f->frames[n - 1].ts_ns - 1000),
		.ts_zero = 1000,
		.ts_max = 1000,
		.loop_begins = true,
	};
}

static void walk_equals_function(const struct weir_rate *rate, uint64_t loop)
{
	struct weir_walker w;
	struct fixture f;
	uint64_t ns[300];

	make_view(&f, 300, loop);
	assert_int_equal(weir_walker_init(&w, rate, NULL), 0);
	weir_walker_view(&w, &f.view);
	for (uint32_t i = 0; i < 300; i += 50) /* in pieces, as a sender asks */
		weir_walker_run(&w, &f.view, i, 50, ns + i);
	for (uint32_t i = 0; i < 300; i++) {
		struct weir_pos pos = {
			.frames = f.view.frames_before + i,
			.bytes = f.view.bytes_before + f.frames[i].before,
			.time_ns = f.view.time_before + (uint64_t)(f.frames[i].ts_ns - 1000),
		};

		assert_true(ns[i] == weir_deadline(rate, &pos));
	}
}

static void test_walking_a_view_equals_the_function(void **state)
{
	static const struct weir_rate rates[] = {
		{ .mode = WEIR_RATE_BITS, .num = 1024000000, .den = 1 },
		{ .mode = WEIR_RATE_BITS, .num = 1, .den = 999999937 },
		{ .mode = WEIR_RATE_BITS, .num = 100000000007, .den = 3 },
		{ .mode = WEIR_RATE_FRAMES, .num = 14880952, .den = 1 },
		{ .mode = WEIR_RATE_FRAMES, .num = 1000, .den = 7 },
		{ .mode = WEIR_RATE_FRAMES, .num = UINT64_MAX - 58, .den = 1 }, /* a prime */
		{ .mode = WEIR_RATE_FRAMES, .num = 1, .den = 999999937 },	/* saturates */
		{ .mode = WEIR_RATE_TIME, .num = 1, .den = 1 },
		{ .mode = WEIR_RATE_TIME, .num = 314159, .den = 100000 },
		{ .mode = WEIR_RATE_TOPSPEED },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rates); i++) {
		walk_equals_function(&rates[i], 0);
		walk_equals_function(&rates[i], 3);
		walk_equals_function(&rates[i], 1000000007);
	}
}

static void test_loops_join_without_a_seam(void **state)
{
	struct weir_rate rate = { .mode = WEIR_RATE_FRAMES, .num = 1000000, .den = 1 };
	struct weir_walker w;
	struct fixture f;
	uint64_t ns[300], last = 0;

	(void)state;
	assert_int_equal(weir_walker_init(&w, &rate, NULL), 0);
	for (uint64_t loop = 0; loop < 3; loop++) {
		make_view(&f, 300, loop);
		weir_walker_view(&w, &f.view);
		weir_walker_run(&w, &f.view, 0, 300, ns);
		if (loop)
			assert_true(ns[0] == last + 1000);
		last = ns[299];
	}
}

static void test_equal_and_backward_times_make_no_pause(void **state)
{
	/* 0, 1, 0.5, 1, 1.2 s: leaves at 0, 1, 1, 1, 1.2 */
	static const int64_t ts[] = { 0, 1000000000, 500000000, 1000000000, 1200000000 };
	static const uint64_t want[] = { 0, 1000000000, 1000000000, 1000000000, 1200000000 };
	struct weir_rate rate = { .mode = WEIR_RATE_TIME, .num = 1, .den = 1 };
	struct weir_frame frames[5] = { 0 };
	struct weir_view v = { .frames = frames, .n = 5 };
	struct weir_walker w;
	uint64_t ns[5];

	(void)state;
	for (int i = 0; i < 5; i++)
		frames[i].ts_ns = ts[i];
	assert_int_equal(weir_walker_init(&w, &rate, NULL), 0);
	weir_walker_view(&w, &v);
	weir_walker_run(&w, &v, 0, 5, ns);
	for (int i = 0; i < 5; i++)
		assert_true(ns[i] == want[i]);
}

static void test_max_gap_shortens_only_long_pauses(void **state)
{
	static const int64_t ts[] = { 0, 1000, 5000000, 5001000, 5001500 };
	static const uint64_t want[] = { 0, 1000, 3000, 4000, 4500 };
	struct weir_rate rate = { .mode = WEIR_RATE_TIME, .num = 1, .den = 1, .max_gap_ns = 2000 };
	struct weir_frame frames[5] = { 0 };
	struct weir_view v = { .frames = frames, .n = 5 };
	struct weir_walker w;
	uint64_t ns[5];

	(void)state;
	for (int i = 0; i < 5; i++)
		frames[i].ts_ns = ts[i];
	assert_int_equal(weir_walker_init(&w, &rate, NULL), 0);
	weir_walker_view(&w, &v);
	weir_walker_run(&w, &v, 0, 5, ns);
	for (int i = 0; i < 5; i++)
		assert_true(ns[i] == want[i]);
}

static void test_loop_gap_shifts_whole_loops(void **state)
{
	struct weir_rate rate = {
		.mode = WEIR_RATE_FRAMES, .num = 1000, .den = 1, .loop_gap_ns = 7
	};
	struct weir_walker w;
	struct fixture f;
	uint64_t ns[2];

	(void)state;
	assert_int_equal(weir_walker_init(&w, &rate, NULL), 0);
	make_view(&f, 2, 5);
	weir_walker_view(&w, &f.view);
	weir_walker_run(&w, &f.view, 0, 2, ns);
	assert_true(ns[0] == 10 * NSEC_PER_MSEC + 35);
	assert_true(ns[1] == 11 * NSEC_PER_MSEC + 35);
}

static void test_frames_of_a_group_leave_together(void **state)
{
	struct weir_rate rate = { .mode = WEIR_RATE_FRAMES, .num = 1000, .den = 1, .group = 4 };
	struct weir_walker w;
	struct fixture f;
	uint64_t ns[8];

	(void)state;
	assert_int_equal(weir_walker_init(&w, &rate, NULL), 0);
	make_view(&f, 8, 0);
	weir_walker_view(&w, &f.view);
	weir_walker_run(&w, &f.view, 0, 8, ns);
	for (uint64_t i = 0; i < 8; i++)
		assert_true(ns[i] == i / 4 * 4 * NSEC_PER_MSEC);
}

static void test_line_rate_counts_what_surrounds_a_frame(void **state)
{
	/* 64-byte frames with FCS at 10 Gbit/s: 84 bytes each, 67.2 ns. */
	struct weir_rate rate = {
		.mode = WEIR_RATE_BITS, .num = 10000000000, .den = 1, .overhead = 24
	};
	struct weir_pos pos = { .frames = 14880952, .bytes = 14880952 * 60 };
	struct weir_walker w;
	struct fixture f;
	uint64_t ns[300];

	(void)state;
	assert_true(weir_deadline(&rate, &pos) == 999999974);
	make_view(&f, 300, 7);
	assert_int_equal(weir_walker_init(&w, &rate, NULL), 0);
	weir_walker_view(&w, &f.view);
	weir_walker_run(&w, &f.view, 0, 100, ns);
	weir_walker_run(&w, &f.view, 100, 200, ns + 100);
	for (uint32_t i = 0; i < 300; i++) {
		pos.frames = f.view.frames_before + i;
		pos.bytes = f.view.bytes_before + f.frames[i].before;
		assert_true(ns[i] == weir_deadline(&rate, &pos));
	}
}

static void test_groups_of_bits_leave_when_their_first_frame_does(void **state)
{
	struct weir_rate rate = { .mode = WEIR_RATE_BITS, .num = 1000000, .den = 1 };
	struct weir_walker plain, grouped;
	struct fixture f;
	uint64_t want[300], got[300];

	(void)state;
	make_view(&f, 300, 0);
	assert_int_equal(weir_walker_init(&plain, &rate, NULL), 0);
	weir_walker_view(&plain, &f.view);
	weir_walker_run(&plain, &f.view, 0, 300, want);
	rate.group = 7;
	assert_int_equal(weir_walker_init(&grouped, &rate, NULL), 0);
	weir_walker_view(&grouped, &f.view);
	for (uint32_t i = 0; i < 300; i += 10) /* runs end within groups */
		weir_walker_run(&grouped, &f.view, i, 10, got + i);
	for (uint32_t i = 0; i < 300; i++)
		assert_true(got[i] == want[i - i % 7]);
}

static void test_drawn_gaps_keep_the_mean_and_repeat_with_the_seed(void **state)
{
	struct weir_rate rate = {
		.mode = WEIR_RATE_FRAMES, .num = 1000000, .den = 1, .poisson = true, .seed = 1
	};
	struct weir_frame frames[1000] = { 0 };
	struct weir_view v = { .frames = frames, .n = 1000 };
	struct weir_walker w, again;
	uint64_t ns[1000], ns2[1000], last = 0, under_mean = 0, over_3 = 0;

	(void)state;
	assert_int_equal(weir_walker_init(&w, &rate, NULL), 0);
	assert_int_equal(weir_walker_init(&again, &rate, NULL), 0);
	for (uint64_t k = 0; k < 1000; k++) {
		v.frames_before = k * 1000;
		weir_walker_view(&w, &v);
		weir_walker_run(&w, &v, 0, 1000, ns);
		weir_walker_view(&again, &v);
		weir_walker_run(&again, &v, 0, 300, ns2);
		weir_walker_run(&again, &v, 300, 700, ns2 + 300);
		assert_memory_equal(ns, ns2, sizeof(ns));
		for (int i = 0; i < 1000; i++) {
			assert_true(ns[i] >= last);
			under_mean += ns[i] - last < 1000;
			over_3 += ns[i] - last > 3000;
			last = ns[i];
		}
	}
	/* 10^6 draws: mean 1 +- 0.5 %, and of an exponential distribution 63.2 % lie
	 * under the mean and 4.98 % over three times the mean. */
	assert_in_range(last, 995000000, 1005000000);
	assert_in_range(under_mean, 630000, 634500);
	assert_in_range(over_3, 48800, 50800);
}

static void test_zero_is_no_rate(void **state)
{
	struct weir_rate rate = { .mode = WEIR_RATE_BITS, .num = 0, .den = 1 };
	struct weir_walker w;
	struct weir_err err = { 0 };

	(void)state;
	assert_true(weir_walker_init(&w, &rate, &err) < 0);
	assert_string_equal(err.text, "a rate must be greater than 0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bits_are_exact_after_any_number_of_frames),
		cmocka_unit_test(test_thirty_days_at_ten_gigabit_line_rate),
		cmocka_unit_test(test_far_away_deadlines_saturate),
		cmocka_unit_test(test_walking_a_view_equals_the_function),
		cmocka_unit_test(test_loops_join_without_a_seam),
		cmocka_unit_test(test_equal_and_backward_times_make_no_pause),
		cmocka_unit_test(test_max_gap_shortens_only_long_pauses),
		cmocka_unit_test(test_loop_gap_shifts_whole_loops),
		cmocka_unit_test(test_frames_of_a_group_leave_together),
		cmocka_unit_test(test_line_rate_counts_what_surrounds_a_frame),
		cmocka_unit_test(test_groups_of_bits_leave_when_their_first_frame_does),
		cmocka_unit_test(test_drawn_gaps_keep_the_mean_and_repeat_with_the_seed),
		cmocka_unit_test(test_zero_is_no_rate),
	};

	return unit_run(tests);
}
