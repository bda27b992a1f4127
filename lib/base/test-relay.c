/* SPDX-License-Identifier: BSD-2-Clause */
#include <weir/relay.h>

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <string.h>

#include "base/err.h"
#include "support/unit.h"

enum {
	LOADS = 8,
	NEVER = 1 << 30,
};

/* Gives numbers from 0 on, up to an end; each hand fails at a number. */
struct run {
	int next, end; /* only take() looks at them */
	int take_fails, work_fails, give_fails;
	int given;     /* only give() */
	bool in_order; /* what is given */
	bool fetched;  /* what is taken was fetched as that */
};

struct load {
	uint64_t fetched;
	int number;
	bool worked;
};

static void fetch(void *ctx, void *load, uint64_t nr)
{
	(void)ctx; /* nothing there is for all at once */
	((struct load *)load)->fetched = nr;
}

static int take(void *ctx, void *load, struct weir_err *err)
{
	struct run *r = ctx;
	struct load *l = load;

	if (r->next == r->take_fails)
		return err_set(err, -EBADMSG, "take %d", r->next);
	if (r->next == r->end)
		return 0;
	l->number = r->next++;
	l->worked = false;
	r->fetched &= l->fetched == (uint64_t)l->number;
	return 1;
}

/* The later ones are often done before the earlier ones. */
static int work(void *ctx, void *load, struct weir_err *err)
{
	const struct run *r = ctx;
	struct load *l = load;

	for (int i = 0; i < 20 - l->number % 20; i++)
		(void)sched_yield(); /* always succeeds */
	if (l->number == r->work_fails)
		return err_set(err, -EIO, "work %d", l->number);
	l->worked = true;
	return 0;
}

static int give(void *ctx, void *load, struct weir_err *err)
{
	struct run *r = ctx;
	const struct load *l = load;

	if (l->number == r->give_fails)
		return err_set(err, -ENOSPC, "give %d", l->number);
	r->in_order &= l->number == r->given && l->worked;
	r->given++;
	return 0;
}

static int run_with(struct run *r, unsigned n, struct weir_err *err)
{
	const struct weir_relay relay = {
		.fetch = fetch, .take = take, .work = work, .give = give, .ctx = r
	};
	struct load loads[LOADS];
	void *all[LOADS];

	for (unsigned i = 0; i < n; i++)
		all[i] = &loads[i];
	r->in_order = r->fetched = true;
	return weir_relay_run(&relay, all, n, err);
}

/* Runs with 1 to LOADS workers, which all end alike. */
static void check(const struct run *as, int given, int code, const char *text)
{
	for (unsigned n = 1; n <= LOADS; n++) {
		struct weir_err err = { 0 };
		struct run r = *as;

		assert_int_equal(run_with(&r, n, &err), code);
		assert_true(r.in_order && r.fetched);
		assert_int_equal(r.given, given);
		assert_string_equal(err.text, text);
		assert_int_equal(err.code, code);
	}
}

static void test_loads_are_given_in_the_order_they_were_taken(void **state)
{
	(void)state;
	check(&(struct run){ .end = 300, .take_fails = -1, .work_fails = -1, .give_fails = -1 },
	      300, 0, "");
	check(&(struct run){ .end = 0, .take_fails = -1, .work_fails = -1, .give_fails = -1 }, 0, 0,
	      "");
}

static void test_what_was_taken_before_taking_failed_is_given(void **state)
{
	(void)state;
	check(&(struct run){ .end = NEVER, .take_fails = 57, .work_fails = -1, .give_fails = -1 },
	      57, -EBADMSG, "take 57");
}

static void test_nothing_is_given_behind_a_load_that_failed(void **state)
{
	(void)state;
	check(&(struct run){ .end = NEVER, .take_fails = -1, .work_fails = 41, .give_fails = -1 },
	      41, -EIO, "work 41");
	check(&(struct run){ .end = NEVER, .take_fails = -1, .work_fails = -1, .give_fails = 41 },
	      41, -ENOSPC, "give 41");
}

static void test_the_first_load_that_failed_is_told(void **state)
{
	(void)state;
	check(&(struct run){ .end = NEVER, .take_fails = 31, .work_fails = 30, .give_fails = 29 },
	      29, -ENOSPC, "give 29");
	check(&(struct run){ .end = NEVER, .take_fails = 31, .work_fails = 29, .give_fails = 30 },
	      29, -EIO, "work 29");
}

/* A relay of one is a plain loop: it makes no thread. */
static int see_thread(void *ctx, void *load, struct weir_err *err)
{
	(void)load, (void)err; /* cannot fail */
	assert_true(pthread_equal(*(pthread_t *)ctx, pthread_self()));
	return 0;
}

static void test_one_worker_is_the_caller(void **state)
{
	pthread_t self = pthread_self();
	const struct weir_relay relay = { .take = see_thread, .give = see_thread, .ctx = &self };
	void *none[] = { NULL };

	(void)state;
	assert_int_equal(weir_relay_run(&relay, none, 1, NULL), 0);
	assert_in_range(weir_relay_workers(3), 1, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_loads_are_given_in_the_order_they_were_taken),
		cmocka_unit_test(test_what_was_taken_before_taking_failed_is_given),
		cmocka_unit_test(test_nothing_is_given_behind_a_load_that_failed),
		cmocka_unit_test(test_the_first_load_that_failed_is_told),
		cmocka_unit_test(test_one_worker_is_the_caller),
	};

	return unit_run(tests);
}
