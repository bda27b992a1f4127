/* SPDX-License-Identifier: BSD-2-Clause */
/* Times of a device's clock put to UTC. */
#include "capture/hwline.h"

#include <stdlib.h>

#include "base/macros.h"
#include "support/unit.h"

#define UTC0	  1800000000000000000 /* 2027 */
#define AHEAD	  1000000000000	      /* of the clock */
#define PPM	  80		      /* that it gains */
#define SAMPLE_NS 100000000

/* What the clock shows at a time. */
static int64_t clock_at(int64_t utc_ns, int64_t ahead_ns)
{
	return utc_ns + ahead_ns + (utc_ns - UTC0) / 1000000 * PPM;
}

static struct weir_hwclock_reading reading_at(int64_t utc_ns, int64_t ahead_ns)
{
	return (struct weir_hwclock_reading){ .clock_ns = clock_at(utc_ns, ahead_ns),
					      .utc_ns = utc_ns,
					      .error_ns = 100 };
}

/* How far off a stamp made at utc_ns is put. */
static int64_t off_at(const struct hwline *l, int64_t utc_ns, int64_t ahead_ns)
{
	const uint64_t stamp = (uint64_t)clock_at(utc_ns, ahead_ns);

	assert_true(capture_line_knows(&l->line, stamp));
	return llabs((int64_t)capture_line_utc(&l->line, stamp) - utc_ns);
}

/* n readings from number i on. */
static void add(struct hwline *l, unsigned i, unsigned n, int64_t ahead_ns)
{
	for (; n; i++, n--) {
		const struct weir_hwclock_reading r =
			reading_at(UTC0 + (int64_t)i * SAMPLE_NS, ahead_ns);

		(void)hwline_add(l, &r);
	}
}

static void test_before_the_first_reading_no_stamp_is_known(void **state)
{
	const struct hwline l = { 0 };

	(void)state;
	assert_false(capture_line_knows(&l.line, 1));
	assert_false(capture_line_knows(&l.line, UTC0));
}

static void test_between_readings_a_drifting_clock_is_right(void **state)
{
	struct hwline l = { 0 };

	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		const int64_t utc = UTC0 + (int64_t)i * SAMPLE_NS;

		add(&l, i, 1, AHEAD);
		if (i == 0)
			continue; /* one reading tells no slope */
		assert_in_range(off_at(&l, utc + SAMPLE_NS, AHEAD), 0, 200);
		assert_in_range(off_at(&l, utc - SAMPLE_NS, AHEAD), 0, 200);
	}
}

static void test_a_clock_that_counts_from_its_start_is_right(void **state)
{
	struct hwline l = { 0 };

	(void)state;
	add(&l, 0, 20, -UTC0 + 5000000000);
	assert_in_range(off_at(&l, UTC0 + 20ll * SAMPLE_NS, -UTC0 + 5000000000), 0, 200);
}

static void test_after_a_clock_was_set_the_next_reading_counts(void **state)
{
	struct hwline l = { 0 };

	(void)state;
	add(&l, 0, 20, AHEAD);
	add(&l, 20, 1, AHEAD - 37000000000);
	assert_in_range(off_at(&l, UTC0 + 20ll * SAMPLE_NS, AHEAD - 37000000000), 0, 1);
	add(&l, 21, 1, AHEAD + 1000000);
	assert_in_range(off_at(&l, UTC0 + 21ll * SAMPLE_NS, AHEAD + 1000000), 0, 1);
	add(&l, 22, 5, AHEAD + 1000000);
	assert_in_range(off_at(&l, UTC0 + 27ll * SAMPLE_NS, AHEAD + 1000000), 0, 200);
}

static void test_a_reading_that_was_disturbed_is_left_out(void **state)
{
	struct weir_hwclock_reading r = reading_at(UTC0 + 20ll * SAMPLE_NS, AHEAD + 900000);
	struct hwline l = { 0 };

	(void)state;
	add(&l, 0, 20, AHEAD);
	r.error_ns = 1000000;
	(void)hwline_add(&l, &r);
	assert_in_range(off_at(&l, UTC0 + 20ll * SAMPLE_NS, AHEAD), 0, 200);
}

static void test_readings_that_all_became_worse_count_in_the_end(void **state)
{
	struct hwline l = { 0 };

	(void)state;
	add(&l, 0, 20, AHEAD);
	for (unsigned i = 20; i < 60; i++) {
		struct weir_hwclock_reading r =
			reading_at(UTC0 + (int64_t)i * SAMPLE_NS, AHEAD + 20000);

		r.error_ns = 100000;
		(void)hwline_add(&l, &r);
	}
	assert_in_range(off_at(&l, UTC0 + 60ll * SAMPLE_NS, AHEAD + 20000), 0, 25000);
	assert_true(l.line.base_ns > (uint64_t)clock_at(UTC0 + 40ll * SAMPLE_NS, AHEAD));
}

static void test_what_is_no_time_of_the_clock_is_not_known(void **state)
{
	struct hwline l = { 0 };

	(void)state;
	add(&l, 0, 20, AHEAD);
	assert_false(capture_line_knows(&l.line, 0));
	assert_false(capture_line_knows(&l.line, 0xffff888012345678)); /* an address */
	assert_false(capture_line_knows(&l.line, UTC0));
	assert_false(capture_line_knows(&l.line, l.line.base_ns + CAPTURE_LINE_REACH + 1));
	assert_true(capture_line_knows(&l.line, l.line.base_ns + CAPTURE_LINE_REACH));
	assert_true(capture_line_knows(&l.line, l.line.base_ns - CAPTURE_LINE_REACH));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_before_the_first_reading_no_stamp_is_known),
		cmocka_unit_test(test_between_readings_a_drifting_clock_is_right),
		cmocka_unit_test(test_a_clock_that_counts_from_its_start_is_right),
		cmocka_unit_test(test_after_a_clock_was_set_the_next_reading_counts),
		cmocka_unit_test(test_a_reading_that_was_disturbed_is_left_out),
		cmocka_unit_test(test_readings_that_all_became_worse_count_in_the_end),
		cmocka_unit_test(test_what_is_no_time_of_the_clock_is_not_known),
	};

	return unit_run(tests);
}
