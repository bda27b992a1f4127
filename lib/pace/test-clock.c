/* SPDX-License-Identifier: BSD-2-Clause */
#include <weir/pace.h>

#include <string.h>

#include "base/time.h"
#include "pace/margin.h"
#include "pace/tsc.h"
#include "support/unit.h"

/* A counter of 2 GHz that has run along well so far. */
static struct tsc steady(void)
{
	return (struct tsc){
		.trusted = true,
		.slope = 1ULL << 31,
		.raw_slope = 1ULL << 31,
		.anchor = { 1000000, 500000 },
		.raw = { 1000000, 400000 },
		.interval = 4000000,
	};
}

static void test_the_slope_follows_a_steered_clock(void **state)
{
	struct tsc t = steady();

	(void)state;
	/* 2 ms later CLOCK_MONOTONIC has gone 100 ppm too far; the raw clock has not. */
	tsc_anchor(&t, (struct tsc_pair){ 5000000, 2500200 },
		   (struct tsc_pair){ 5000000, 2400000 });
	assert_true(t.trusted);
	assert_true(t.anchor.ns == 2500200);
	assert_in_range(t.slope, (1ULL << 31) + 214700, (1ULL << 31) + 214800);
}

static void test_a_counter_that_changes_its_rate_is_not_trusted(void **state)
{
	struct tsc t = steady();

	(void)state;
	tsc_anchor(&t, (struct tsc_pair){ 5000000, 2501000 },
		   (struct tsc_pair){ 5000000, 2401000 });
	assert_false(t.trusted);
}

static void test_a_counter_that_goes_back_is_not_trusted(void **state)
{
	struct tsc t = steady();

	(void)state;
	tsc_anchor(&t, (struct tsc_pair){ 900000, 2500000 }, (struct tsc_pair){ 900000, 2400000 });
	assert_false(t.trusted);
}

static void test_without_trust_time_goes_on(void **state)
{
	struct tsc t = { 0 };
	uint64_t a = time_now(CLOCK_MONOTONIC), b = tsc_now(&t), c = time_now(CLOCK_MONOTONIC);

	(void)state;
	assert_true(a <= b && b <= c);
}

static void test_time_never_goes_back(void **state)
{
	struct weir_clock clock;
	uint64_t last = 0;

	(void)state;
	assert_int_equal(weir_clock_open(WEIR_TIMER_AUTO, false, &clock, NULL), 0);
	for (int i = 0; i < 2000000; i++) { /* some 20 ms: over several anchors */
		uint64_t now = clock.now(clock.ctx);

		assert_true(now >= last);
		last = now;
	}
	weir_clock_close(&clock);
}

static void test_no_timer_returns_before_its_time(void **state)
{
	static const enum weir_timer timers[] = { WEIR_TIMER_AUTO, WEIR_TIMER_SPIN,
						  WEIR_TIMER_SLEEP };
	struct weir_clock clock;
	int stop = 0;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		uint64_t t;

		assert_int_equal(weir_clock_open(timers[i], true, &clock, NULL), 0);
		t = clock.now(clock.ctx) + 300000;
		assert_true(clock.wait(clock.ctx, t, &stop) >= t);
		assert_true(clock.now(clock.ctx) >= t);
		weir_clock_close(&clock);
	}
}

static void test_a_raised_flag_ends_any_wait(void **state)
{
	static const enum weir_timer timers[] = { WEIR_TIMER_AUTO, WEIR_TIMER_SPIN,
						  WEIR_TIMER_SLEEP };
	struct weir_clock clock;
	int stop = 1;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(weir_clock_open(timers[i], true, &clock, NULL), 0);
		clock.wait(clock.ctx, UINT64_MAX / 2, &stop); /* or this test never ends */
		weir_clock_close(&clock);
	}
}

static void test_the_margin_settles_where_few_sleeps_are_later(void **state)
{
	uint64_t margin = MARGIN_FIRST_NS, later = 0;

	(void)state;
	for (unsigned i = 0; i < 100000; i++) {
		uint64_t late = 20000 + i * 7919 % 20000; /* 20 to 40 us, evenly */

		later += i > 50000 && late > margin;
		margin = margin_learn(margin, late);
	}
	assert_in_range(later, 50000 * 1 / 100, 50000 * 3 / 100);
	assert_in_range(margin, 38000, 46000);
}

static void test_the_margin_keeps_its_bounds(void **state)
{
	(void)state;
	assert_int_equal(margin_learn(MARGIN_MIN_NS, 0), MARGIN_MIN_NS);
	assert_int_equal(margin_learn(MARGIN_MAX_NS, 1000000000), MARGIN_MAX_NS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_slope_follows_a_steered_clock),
		cmocka_unit_test(test_a_counter_that_changes_its_rate_is_not_trusted),
		cmocka_unit_test(test_a_counter_that_goes_back_is_not_trusted),
		cmocka_unit_test(test_without_trust_time_goes_on),
		cmocka_unit_test(test_time_never_goes_back),
		cmocka_unit_test(test_no_timer_returns_before_its_time),
		cmocka_unit_test(test_a_raised_flag_ends_any_wait),
		cmocka_unit_test(test_the_margin_settles_where_few_sleeps_are_later),
		cmocka_unit_test(test_the_margin_keeps_its_bounds),
	};

	return unit_run(tests);
}
