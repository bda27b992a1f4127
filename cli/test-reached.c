/* SPDX-License-Identifier: BSD-2-Clause */
#include "reached.h"

#include <string.h>

#include "support/unit.h"
#include "util.h"

static const struct weir_rate mbps_100 = { .mode = WEIR_RATE_BITS, .num = 100000000, .den = 1 };
static const struct weir_rate pps_1000 = { .mode = WEIR_RATE_FRAMES, .num = 1000, .den = 1 };

static struct reached judge(struct weir_send_stats send, uint64_t starved_ns,
			    const struct weir_rate *rate)
{
	struct weir_stream_info trace = { .starved_ns = starved_ns };
	struct weir_hist late = { .n = 4, .max = send.behind_ns };

	/* It got later and later, from nothing to what it was behind at the end. */
	for (unsigned quarter = 1; quarter <= 4; quarter++)
		late.count[weir_hist_bucket(send.behind_ns * quarter / 4)]++;
	send.elapsed_ns = send.scheduled_ns + send.behind_ns;
	return reached_of(&(struct reached_facts){ &send, &late, &trace, rate, 1 });
}

static void test_a_run_on_time_reached_its_rate(void **state)
{
	struct weir_send_stats s = {
		.frames = 1000, .bytes = 12500000, .scheduled_ns = NSEC_PER_SEC, .behind_ns = 20000
	};
	struct reached r = judge(s, 0, &mbps_100);

	(void)state;
	assert_true(r.paced);
	assert_int_equal(r.why, REACHED_YES);
	assert_true(r.asked == 100);
	assert_true(r.got == 100);
}

static void test_the_unrest_of_a_short_run_is_no_miss(void **state)
{
	struct weir_send_stats s = {
		.frames = 10, .bytes = 1000, .scheduled_ns = 100000, .behind_ns = 900000
	};

	(void)state;
	assert_int_equal(judge(s, 0, &mbps_100).why, REACHED_YES);
}

static void test_a_run_that_took_longer_missed_it_and_tells_why(void **state)
{
	struct weir_send_stats s = { .frames = 500,
				     .bytes = 12500000,
				     .scheduled_ns = NSEC_PER_SEC,
				     .behind_ns = NSEC_PER_SEC,
				     .cpu_ns = 2 * NSEC_PER_SEC };
	struct reached r = judge(s, 0, &mbps_100);
	char text[256];

	(void)state;
	assert_int_equal(r.why, MISSED_BY_PORT);
	reached_text(&r, text, sizeof(text));
	/* Within what a bucket of the histogram is exact to. */
	assert_in_range(r.got, 48, 52);
	assert_non_null(strstr(text, "asked 100.00 Mbps, reached "));
	assert_non_null(strstr(text, " % less): the port accepts no more"));
	assert_int_equal(judge(s, 600000000, &mbps_100).why, MISSED_BY_TRACE);
	s.cpu_ns = NSEC_PER_SEC;
	assert_int_equal(judge(s, 0, &mbps_100).why, MISSED_BY_PROCESSOR);
	s.port_waits = 10;
	assert_int_equal(judge(s, 0, &mbps_100).why, MISSED_BY_PORT);
	s.shifted_ns = s.behind_ns;
	s.behind_ns = 0;
	assert_int_equal(judge(s, 0, &mbps_100).why, MISSED_BY_SHIFT);
}

static void test_one_late_frame_at_the_end_is_no_miss(void **state)
{
	struct weir_send_stats s = { .frames = 37,
				     .bytes = 10000,
				     .scheduled_ns = NSEC_PER_SEC,
				     .behind_ns = 140 * NSEC_PER_MSEC };
	struct weir_hist late = { .n = 37, .max = s.behind_ns };
	struct weir_stream_info trace = { 0 };

	(void)state;
	late.count[weir_hist_bucket(10000)] = 36;
	late.count[weir_hist_bucket(s.behind_ns)] = 1;
	assert_int_equal(reached_of(&(struct reached_facts){ &s, &late, &trace, &pps_1000, 1 }).why,
			 REACHED_YES);
}

static void test_dropped_frames_are_missed_ones(void **state)
{
	struct weir_send_stats s = { .frames = 750,
				     .late_dropped = 250,
				     .scheduled_ns = NSEC_PER_SEC };
	struct reached r = judge(s, 0, &pps_1000);

	(void)state;
	assert_int_equal(r.why, MISSED_BY_DROPS);
	assert_true(r.got == 750);
	assert_string_equal(r.unit, "pps");
}

static void test_without_a_rate_nothing_is_missed(void **state)
{
	const struct weir_rate topspeed = { .mode = WEIR_RATE_TOPSPEED };
	struct weir_send_stats s = { .frames = 1000, .bytes = 60000 };

	(void)state;
	assert_false(judge(s, 0, &topspeed).paced);
	assert_int_equal(judge(s, 0, &topspeed).why, REACHED_YES);
	memset(&s, 0, sizeof(s)); /* and of an empty trace nothing is asked */
	assert_int_equal(judge(s, 0, &pps_1000).why, REACHED_YES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_run_on_time_reached_its_rate),
		cmocka_unit_test(test_the_unrest_of_a_short_run_is_no_miss),
		cmocka_unit_test(test_a_run_that_took_longer_missed_it_and_tells_why),
		cmocka_unit_test(test_one_late_frame_at_the_end_is_no_miss),
		cmocka_unit_test(test_dropped_frames_are_missed_ones),
		cmocka_unit_test(test_without_a_rate_nothing_is_missed),
	};

	return unit_run(tests);
}
