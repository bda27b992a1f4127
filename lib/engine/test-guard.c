/* SPDX-License-Identifier: BSD-2-Clause */
#include <weir/guard.h>

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "base/macros.h"
#include "support/unit.h"

#define MSEC ((int64_t)NSEC_PER_MSEC)
#define SEC  ((int64_t)NSEC_PER_SEC)

static const uint8_t own[2][6] = { { 2, 0, 0, 0, 0xff, 1 }, { 2, 0, 0, 0, 0xff, 2 } };

static struct weir_guard *make(struct weir_guard_opts opts)
{
	struct weir_guard *g = NULL;

	opts.own = own;
	opts.n_own = ARRAY_SIZE(own);
	assert_int_equal(weir_guard_new(&opts, &g, NULL), 0);
	return g;
}

static void put_mac(uint8_t *at, uint32_t nr)
{
	memset(at, 0, 6);
	at[0] = nr == UINT32_MAX ? 0xff : 2;
	for (unsigned i = 0; i < 4; i++)
		at[5 - i] = (uint8_t)(nr >> 8 * i);
}

/* Does a frame from one host to another (UINT32_MAX: to all) pass? */
static bool passes(struct weir_guard *g, unsigned side, uint32_t from, uint32_t to, int64_t ts_ns)
{
	struct weir_stage s = weir_guard_stage(g, side, 0);
	uint8_t frame[60] = { 0 };
	struct weir_buf b = { .data = frame, .len = 60, .ts_ns = ts_ns, .port = (uint8_t)side };

	put_mac(frame, to);
	put_mac(frame + 6, from);
	assert_int_equal(s.run(s.ctx, &b, 1), 0);
	return b.port != WEIR_NO_PORT;
}

#define ALL UINT32_MAX

static void test_own_frames_are_dropped(void **state)
{
	struct weir_guard *g = make((struct weir_guard_opts){ 0 });
	struct weir_guard_counts c;

	(void)state;
	for (unsigned side = 0; side < 2; side++) {
		assert_false(passes(g, side, 0xff01, ALL, SEC));
		assert_false(passes(g, side, 0xff02, 1, SEC));
		weir_guard_counts(g, side, 0, &c);
		assert_int_equal(c.own, 2);
	}
	assert_true(passes(g, 0, 1, 0xff01, SEC)); /* to us is somebody else's matter */
	weir_guard_free(g);
}

static void test_frames_from_groups_and_without_addresses_are_dropped(void **state)
{
	struct weir_guard *g = make((struct weir_guard_opts){ 0 });
	struct weir_stage s = weir_guard_stage(g, 0, 0);
	uint8_t frame[14] = { 0 };
	struct weir_buf b = { .data = frame, .len = 13 };
	struct weir_guard_counts c;

	(void)state;
	assert_false(passes(g, 0, ALL, 1, SEC));
	assert_int_equal(s.run(s.ctx, &b, 1), 0);
	assert_int_equal(b.port, WEIR_NO_PORT);
	weir_guard_counts(g, 0, 0, &c);
	assert_int_equal(c.bad, 2);
	weir_guard_free(g);
}

static void test_loop_a_source_on_both_sides_at_once_is_cut_off(void **state)
{
	struct weir_guard *g = make((struct weir_guard_opts){ 0 });
	struct weir_guard_counts c;

	(void)state;
	assert_true(passes(g, 0, 1, ALL, 10 * SEC));
	assert_false(passes(g, 1, 1, ALL, 10 * SEC + MSEC)); /* the copy that a switch flooded */
	assert_false(passes(g, 0, 1, ALL, 10 * SEC + 2 * MSEC)); /* ours that came round */
	assert_false(passes(g, 1, 2, 1, 10 * SEC + 3 * MSEC));	 /* an answer, misled */
	assert_true(passes(g, 1, 2, 3, 10 * SEC + 4 * MSEC));	 /* others are not concerned */
	assert_false(passes(g, 0, 1, ALL, 39 * SEC));
	assert_true(passes(g, 0, 1, ALL, 41 * SEC));
	assert_true(passes(g, 1, 2, 1, 41 * SEC));
	weir_guard_counts(g, 0, 0, &c);
	assert_int_equal(c.looped, 2);
	weir_guard_counts(g, 1, 0, &c);
	assert_int_equal(c.looped, 2);
	weir_guard_free(g);
}

static void test_loop_frames_to_all_that_come_round_are_stopped(void **state)
{
	struct weir_guard *g = make((struct weir_guard_opts){ 0 });
	unsigned n = 0;

	(void)state;
	/* A frame that only one of the two ports was sent. */
	while (n < 1000 && passes(g, 0, 1, ALL, SEC + n * MSEC))
		n++;
	assert_int_equal(n, 32);
	/* Frames to somebody may be as alike as they like: that is test traffic. */
	for (n = 0; n < 1000; n++)
		assert_true(passes(g, 0, 1, 2, 2 * SEC + n * MSEC));
	weir_guard_free(g);
}

static void test_loop_a_host_that_moves_is_believed_at_once(void **state)
{
	struct weir_guard *g = make((struct weir_guard_opts){ 0 });

	(void)state;
	for (int i = 0; i < 10; i++)
		assert_true(passes(g, i % 2, 1, ALL, SEC + i * 150 * MSEC));
	weir_guard_free(g);
}

static void test_pin_echoes_are_dropped_and_the_host_is_not_harmed(void **state)
{
	struct weir_guard *g = make((struct weir_guard_opts){ .mode = WEIR_GUARD_PIN });
	struct weir_guard_counts c;

	(void)state;
	for (int i = 0; i < 10; i++) {
		assert_true(passes(g, 0, 1, ALL, SEC + i * SEC));
		assert_false(passes(g, 1, 1, ALL, SEC + i * SEC + MSEC));
	}
	weir_guard_counts(g, 1, 0, &c);
	assert_int_equal(c.elsewhere, 10);
	weir_guard_free(g);
}

static void test_pin_a_silent_host_may_move(void **state)
{
	struct weir_guard *g = make(
		(struct weir_guard_opts){ .mode = WEIR_GUARD_PIN, .age_ns = 2 * NSEC_PER_SEC });

	(void)state;
	assert_true(passes(g, 0, 1, ALL, SEC));
	assert_false(passes(g, 1, 1, ALL, 2 * SEC)); /* and this does not count as a sign of life */
	assert_true(passes(g, 1, 1, ALL, 3 * SEC));
	assert_false(passes(g, 0, 1, ALL, 3 * SEC + MSEC));
	weir_guard_free(g);
}

static void test_pin_may_be_for_ever(void **state)
{
	struct weir_guard *g = make(
		(struct weir_guard_opts){ .mode = WEIR_GUARD_PIN, .age_ns = WEIR_GUARD_FOR_EVER });

	(void)state;
	assert_true(passes(g, 0, 1, ALL, SEC));
	assert_false(passes(g, 1, 1, ALL, 1000000 * SEC));
	weir_guard_free(g);
}

static void test_a_flood_of_addresses_displaces_silent_hosts_only(void **state)
{
	struct weir_guard *g = make((struct weir_guard_opts){
		.mode = WEIR_GUARD_PIN, .max_hosts = 64, .age_ns = WEIR_GUARD_FOR_EVER });

	(void)state;
	for (uint32_t i = 0; i < 100000; i++) {
		assert_true(passes(g, 0, 0x10000 + i, ALL, SEC + i * MSEC));
		if (i % 2 == 0) /* it speaks more often than its bucket is filled */
			assert_true(passes(g, 0, 1, ALL, SEC + i * MSEC));
	}
	assert_false(passes(g, 1, 1, ALL, 200 * SEC));	    /* still known */
	assert_true(passes(g, 1, 0x10000, ALL, 200 * SEC)); /* forgotten */
	weir_guard_free(g);
}

static void test_a_batch_is_judged_frame_by_frame(void **state)
{
	struct weir_guard *g = make((struct weir_guard_opts){ 0 });
	struct weir_stage s = weir_guard_stage(g, 0, 0);
	static const uint32_t from[] = { 1, 1, 0xff01, 0xff01, 1, ALL, ALL, 2 };
	static const bool want[] = { true, true, false, false, true, false, false, true };
	uint8_t frames[ARRAY_SIZE(from)][60] = { { 0 } };
	struct weir_buf b[ARRAY_SIZE(from)];

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(from); i++) {
		put_mac(frames[i], 9);
		put_mac(frames[i] + 6, from[i]);
		b[i] = (struct weir_buf){ .data = frames[i], .len = 60, .ts_ns = SEC };
	}
	assert_int_equal(s.run(s.ctx, b, ARRAY_SIZE(from)), 0);
	for (unsigned i = 0; i < ARRAY_SIZE(from); i++)
		assert_int_equal(b[i].port != WEIR_NO_PORT, want[i]);
	weir_guard_free(g);
}

/* Two lanes see the same addresses at once: whatever the order, each is cut off. */
struct lane {
	struct weir_guard *guard;
	unsigned side;
	pthread_t thread;
};

static void *flood(void *arg)
{
	struct lane *l = arg;

	for (uint32_t i = 0; i < 20000; i++)
		(void)passes(l->guard, l->side, i % 500, ALL, SEC);
	return NULL;
}

static void test_both_sides_may_be_judged_at_once(void **state)
{
	struct weir_guard *g = make((struct weir_guard_opts){ 0 });
	struct lane lanes[2] = { { g, 0, 0 }, { g, 1, 0 } };

	(void)state;
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&lanes[i].thread, NULL, flood, &lanes[i]), 0);
	for (unsigned i = 0; i < 2; i++)
		(void)pthread_join(lanes[i].thread, NULL);
	for (uint32_t i = 0; i < 500; i++)
		assert_false(passes(g, i % 2, i, ALL, SEC));
	weir_guard_free(g);
}

static void test_more_hosts_than_there_can_be_are_refused(void **state)
{
	struct weir_guard_opts opts = { .max_hosts = UINT32_MAX };
	struct weir_guard *g = NULL;

	(void)state;
	assert_int_equal(weir_guard_new(&opts, &g, NULL), -EINVAL);
	assert_null(g);
	assert_null(weir_guard_free(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_own_frames_are_dropped),
		cmocka_unit_test(test_frames_from_groups_and_without_addresses_are_dropped),
		cmocka_unit_test(test_loop_a_source_on_both_sides_at_once_is_cut_off),
		cmocka_unit_test(test_loop_frames_to_all_that_come_round_are_stopped),
		cmocka_unit_test(test_loop_a_host_that_moves_is_believed_at_once),
		cmocka_unit_test(test_pin_echoes_are_dropped_and_the_host_is_not_harmed),
		cmocka_unit_test(test_pin_a_silent_host_may_move),
		cmocka_unit_test(test_pin_may_be_for_ever),
		cmocka_unit_test(test_a_flood_of_addresses_displaces_silent_hosts_only),
		cmocka_unit_test(test_a_batch_is_judged_frame_by_frame),
		cmocka_unit_test(test_both_sides_may_be_judged_at_once),
		cmocka_unit_test(test_more_hosts_than_there_can_be_are_refused),
	};

	return unit_run(tests);
}
