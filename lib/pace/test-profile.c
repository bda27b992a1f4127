/* SPDX-License-Identifier: BSD-2-Clause */
#include "pace/profile.h"

#include <string.h>

#include "base/macros.h"
#include "support/unit.h"

static struct weir_profile *parse(const char *text)
{
	struct weir_profile *p = NULL;
	struct weir_err err = { 0 };

	if (weir_profile_parse("p", text, &p, &err) < 0)
		fail_msg("%s", err.text);
	return p;
}

static void near(uint64_t got, uint64_t want, uint64_t off)
{
	assert_in_range(got, want - off, want + off);
}

static void test_steps(void **state)
{
	/* 1000 frames in the first second, 10,000 in the next two, nothing for one. */
	struct weir_profile *p =
		parse("# a test\n0 1kpps\n1s 5kpps\n3000ms 0pps # rest\n4 2kpps\n");

	(void)state;
	assert_int_equal(weir_profile_mode(p), WEIR_RATE_FRAMES);
	near(profile_deadline(p, 0), 0, 0);
	near(profile_deadline(p, 1), NSEC_PER_MSEC, 1);
	near(profile_deadline(p, 1000), NSEC_PER_SEC, 1);
	near(profile_deadline(p, 6000), 2 * NSEC_PER_SEC, 1);
	near(profile_deadline(p, 11000), 4 * NSEC_PER_SEC, 1); /* due at the end of the pause */
	near(profile_deadline(p, 13000), 5 * NSEC_PER_SEC, 1);
	near(profile_deadline(p, 2000011000), 1000004 * NSEC_PER_SEC, 1);
	weir_profile_free(p);
}

static void test_ramps(void **state)
{
	/* 0 to 1 Mbit/s in 2 s is 10^6 bits, half of the last second's on the way. */
	struct weir_profile *p = parse("0 0bps ramp\n2s 1Mbps\n");

	(void)state;
	assert_int_equal(weir_profile_mode(p), WEIR_RATE_BITS);
	near(profile_deadline(p, 250000), NSEC_PER_SEC, 2);
	near(profile_deadline(p, 1000000), 2 * NSEC_PER_SEC, 2);
	near(profile_deadline(p, 2000000), 3 * NSEC_PER_SEC, 2);
	weir_profile_free(p);
	p = parse("0 1Mbps ramp\n2s 0bps\n");
	near(profile_deadline(p, 750000), NSEC_PER_SEC, 2);
	assert_true(profile_deadline(p, 1000000) == UINT64_MAX); /* it ends there */
	weir_profile_free(p);
}

static void test_deadlines_never_go_back(void **state)
{
	struct weir_profile *p = parse("0 10kpps ramp\n0.1 1Mpps\n0.2 500kpps ramp\n0.7 1pps ramp\n"
				       "0.9 3Mpps\n");
	uint64_t last = 0;

	(void)state;
	for (uint64_t i = 0; i < 1000000; i++) {
		uint64_t ns = profile_deadline(p, i);

		assert_true(ns >= last);
		last = ns;
	}
	weir_profile_free(p);
}

static void test_mistakes_are_told_with_their_line(void **state)
{
	static const struct {
		const char *text, *message;
	} rows[] = {
		{ "", "p: there is no row in it" },
		{ "# nothing\n", "p: there is no row in it" },
		{ "0 5Mbps\n1", "p: line 2: a row is TIME RATE [ramp]" },
		{ "0 5Mbps\n1 1Mbps ramp x", "p: line 2: a row is TIME RATE [ramp]" },
		{ "0 5", "p: line 1: '5' is not a rate such as 100Mbps or 50kpps" },
		{ "0 5mbps", "p: line 1: '5mbps' is not a rate such as 100Mbps or 50kpps" },
		{ "x 5Mbps", "p: line 1: 'x' is not a time" },
		{ "1 5Mbps", "p: line 1: the first row's time is not 0" },
		{ "0 5Mbps\n\n0 6Mbps", "p: line 3: the time is not after the row before" },
		{ "0 5Mbps\n1 6kpps", "p: line 2: bits and frames in one profile" },
		{ "0 5Mbps rampe", "p: line 1: 'rampe' is not \"ramp\"" },
		{ "0 5Mbps ramp", "p: the last row has nothing to ramp to" },
		{ "0 5Mbps\n1e9 5Mbps", "p: line 2: '1e9' is not a time" },
		{ "0 5Mbps\n9999h 5Mbps", "p: line 2: '9999h' is beyond 115 days" },
		{ "0 999999Gbps",
		  "p: line 1: '999999Gbps' is beyond 100 Tbps or finer than 0.001 bps" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct weir_profile *p = NULL;
		struct weir_err err = { 0 };

		assert_true(weir_profile_parse("p", rows[i].text, &p, &err) < 0);
		assert_string_equal(err.text, rows[i].message);
		assert_null(p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_steps),
		cmocka_unit_test(test_ramps),
		cmocka_unit_test(test_deadlines_never_go_back),
		cmocka_unit_test(test_mistakes_are_told_with_their_line),
	};

	return unit_run(tests);
}
