/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/patience.h"

#include <time.h>

#include "support/unit.h"

static bool stays_awake(struct patience *p)
{
	patience_begin(p);
	return patience_left(p);
}

/* Until it is worth it to stay awake: others may take the processor in a wait, and make it a
 * long one. */
static void have_short_waits(struct patience *p)
{
	time_t end = time(NULL) + 60;

	while (p->short_waits < PATIENCE_SHORT_WAITS && time(NULL) < end) {
		patience_begin(p);
		patience_end(p);
	}
	assert_int_equal(p->short_waits, PATIENCE_SHORT_WAITS);
}

static void have_a_long_wait(struct patience *p)
{
	patience_begin(p);
	p->begin -= PATIENCE_NS;
	patience_end(p);
}

static void test_who_knows_nothing_sleeps(void **state)
{
	struct patience p = { 0 };

	(void)state;
	assert_false(stays_awake(&p));
}

static void test_who_waited_shortly_stays_awake_and_not_for_long(void **state)
{
	struct patience p = { 0 };
	bool awake = false;

	(void)state;
	for (time_t end = time(NULL) + 60; !awake && time(NULL) < end;) {
		have_short_waits(&p);
		p.crowd_until = 0;
		awake = stays_awake(&p);
	}
	assert_true(awake);
	p.begin -= PATIENCE_NS;
	assert_false(patience_left(&p));
}

static void test_who_waited_long_sleeps_the_next_time(void **state)
{
	struct patience p = { 0 };

	(void)state;
	have_short_waits(&p);
	have_a_long_wait(&p);
	assert_false(stays_awake(&p));
}

static void test_nobody_steps_aside_for_one_who_computes(void **state)
{
	struct patience p = { 0 };

	(void)state;
	have_short_waits(&p);
	p.crowd_until = UINT64_MAX;
	assert_false(stays_awake(&p));
	assert_false(patience_step_aside(&p));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_who_knows_nothing_sleeps),
		cmocka_unit_test(test_who_waited_shortly_stays_awake_and_not_for_long),
		cmocka_unit_test(test_who_waited_long_sleeps_the_next_time),
		cmocka_unit_test(test_nobody_steps_aside_for_one_who_computes),
	};

	return unit_run(tests);
}
