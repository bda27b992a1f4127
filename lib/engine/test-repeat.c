/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/repeat.h"

#include <string.h>

#include "base/macros.h"
#include "support/unit.h"

#define MSEC ((int64_t)NSEC_PER_MSEC)
#define SEC  ((int64_t)NSEC_PER_SEC)
#define T0   (1000 * SEC)

/* Is a copy dropped that comes then? */
static bool drops(struct repeats *r, uint32_t nr, int64_t now)
{
	uint8_t frame[60] = { 0xff };

	memcpy(frame + 20, &nr, sizeof(nr));
	return repeats_drop(r, frame, sizeof(frame), now);
}

/* A loop with a round of that many ns: how often the frame is handed on in a second. */
static unsigned rounds(struct repeats *r, uint32_t nr, int64_t begin, int64_t round_ns)
{
	unsigned n = 0;

	for (int64_t t = begin; t < begin + SEC && !drops(r, nr, t); t += round_ns)
		n++;
	return n;
}

static void test_a_frame_that_circles_is_stopped(void **state)
{
	static struct repeats r;

	(void)state;
	assert_int_equal(rounds(&r, 1, T0, 10000), 32);
	assert_int_equal(rounds(&r, 2, T0, MSEC), 32);
	assert_int_equal(rounds(&r, 3, T0, 20 * MSEC), 32);
	/* Sent again later it makes its rounds again, and is stopped again. */
	assert_int_equal(rounds(&r, 1, T0 + SEC, 10000), 32);
}

static void test_alike_frames_that_somebody_sends_are_trusted(void **state)
{
	static struct repeats r;
	unsigned dropped = 0;

	(void)state;
	for (int64_t t = 0; t < 50 * SEC; t += MSEC)
		dropped += drops(&r, 1, T0 + t);
	assert_true(dropped <= 50);
}

static void test_few_alike_frames_are_never_dropped(void **state)
{
	static struct repeats r;

	(void)state;
	for (int64_t t = 0; t < 100 * SEC; t += 40 * MSEC)
		assert_false(drops(&r, 1, T0 + t));
}

static void test_frames_that_differ_are_never_dropped(void **state)
{
	static struct repeats r;

	(void)state;
	for (uint32_t i = 0; i < 100000; i++)
		assert_false(drops(&r, i, T0 + i));
}

static void test_a_clock_set_back_begins_anew(void **state)
{
	static struct repeats r;

	(void)state;
	for (unsigned i = 0; i < 40; i++)
		(void)drops(&r, 1, T0);
	assert_false(drops(&r, 1, T0 - SEC));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_frame_that_circles_is_stopped),
		cmocka_unit_test(test_alike_frames_that_somebody_sends_are_trusted),
		cmocka_unit_test(test_few_alike_frames_are_never_dropped),
		cmocka_unit_test(test_frames_that_differ_are_never_dropped),
		cmocka_unit_test(test_a_clock_set_back_begins_anew),
	};

	return unit_run(tests);
}
