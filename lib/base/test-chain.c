/* SPDX-License-Identifier: BSD-2-Clause */
#include <weir/chain.h>

#include <errno.h>
#include <string.h>

#include "support/unit.h"

/* Stages over frames that are told apart by .len. */

/* Gives each frame .times times, in batches of .most. */
struct copier {
	unsigned times, most;
	const struct weir_buf *in;
	unsigned n, at; /* copies given */
	struct weir_buf out[16];
};

static int copier_run(void *ctx, struct weir_buf *bufs, unsigned n)
{
	struct copier *c = ctx;

	assert_int_equal(c->at, c->n * c->times); /* asked for all before */
	c->in = bufs;
	c->n = n;
	c->at = 0;
	return 0;
}

static int copier_next(void *ctx, struct weir_buf **ret_bufs)
{
	struct copier *c = ctx;
	unsigned n = 0;

	while (n < c->most && c->at < c->n * c->times)
		c->out[n++] = c->in[c->at++ / c->times];
	*ret_bufs = c->out;
	return (int)n;
}

/* Keeps the first frame until the end. */
struct keeper {
	struct weir_buf first, *bufs;
	unsigned n;
	bool have;
};

static int keeper_run(void *ctx, struct weir_buf *bufs, unsigned n)
{
	struct keeper *k = ctx;

	k->bufs = bufs;
	k->n = n;
	if (!n) {
		k->bufs = &k->first;
		k->n = k->have;
		k->have = false;
	} else if (!k->have) {
		k->first = *k->bufs++;
		k->n--;
		k->have = true;
	}
	return 0;
}

static int keeper_next(void *ctx, struct weir_buf **ret_bufs)
{
	struct keeper *k = ctx;
	int n = (int)k->n;

	*ret_bufs = k->bufs;
	k->n = 0;
	return n;
}

static int add_ten(void *ctx, struct weir_buf *bufs, unsigned n)
{
	(void)ctx;
	for (unsigned i = 0; i < n; i++)
		bufs[i].len += 10;
	return 0;
}

static int refuse_two(void *ctx, struct weir_buf *bufs, unsigned n)
{
	(void)ctx;
	for (unsigned i = 0; i < n; i++)
		if (bufs[i].len == 2)
			return -EBADMSG;
	return 0;
}

static struct weir_stage copier(struct copier *c)
{
	return (struct weir_stage){ .run = copier_run, .next = copier_next, .ctx = c };
}

static struct weir_stage keeper(struct keeper *k)
{
	return (struct weir_stage){
		.run = keeper_run, .next = keeper_next, .ctx = k, .holds = true
	};
}

/* What came out so far: lengths as digits and capitals. */
static char seen[64];

static int take(struct weir_chain *c)
{
	struct weir_buf *out;
	int n;

	while ((n = weir_chain_take(c, &out)) > 0)
		for (int i = 0; i < n; i++)
			strncat(seen, &"0123456789ABCDEFGHIJKLMNOP"[out[i].len], 1);
	return n;
}

/* Frames 1, 2, 3 in two batches, and the end. */
static const char *drive(const struct weir_stage *stages, unsigned n)
{
	struct weir_buf a[2] = { { .len = 1 }, { .len = 2 } }, b[1] = { { .len = 3 } };
	struct weir_chain c;

	seen[0] = '\0';
	weir_chain_init(&c, stages, n);
	assert_int_equal(weir_chain_put(&c, a, 2), 0);
	assert_int_equal(take(&c), 0);
	assert_int_equal(weir_chain_put(&c, b, 1), 0);
	assert_int_equal(take(&c), 0);
	weir_chain_end(&c);
	assert_int_equal(take(&c), 0);
	return seen;
}

static void test_without_stages_what_is_put_is_taken(void **state)
{
	struct weir_chain c;
	struct weir_buf b = { .len = 1 }, *out;

	(void)state;
	weir_chain_init(&c, NULL, 0);
	assert_int_equal(weir_chain_put(&c, &b, 1), 0);
	assert_int_equal(weir_chain_take(&c, &out), 1);
	assert_ptr_equal(out, &b);
	assert_int_equal(weir_chain_take(&c, &out), 0);
	assert_string_equal(drive(NULL, 0), "123");
}

static void test_frames_that_are_made_go_through_all_stages_behind(void **state)
{
	struct copier twice = { .times = 2, .most = 3 }, thrice = { .times = 3, .most = 2 };
	const struct weir_stage stages[] = {
		{ .run = add_ten }, copier(&twice), { .run = add_ten }, copier(&thrice)
	};

	(void)state;
	assert_string_equal(drive(stages, 2), "BBCCDD");
	assert_string_equal(drive(stages, 3), "LLMMNN");
	assert_string_equal(drive(stages, 4), "LLLLLLMMMMMMNNNNNN");
}

static void test_what_is_held_back_comes_at_the_end_and_through_stages_behind(void **state)
{
	struct keeper one = { 0 }, two = { 0 };
	struct copier twice = { .times = 2, .most = 3 };
	const struct weir_stage stages[] = {
		keeper(&one), copier(&twice), keeper(&two), { .run = add_ten }
	};

	(void)state;
	/* The first keeps 1; the second the first of 2 2. Then the first gives 1, and with it
	 * 1 1 comes to the second, which only then is told of the end. */
	assert_string_equal(drive(stages, 4), "CDDBBC");
	assert_string_equal(drive(stages, 4), "CDDBBC");
	assert_true(one.n == 0 && !one.have && !two.have);
}

static void test_a_stage_that_fails_ends_it(void **state)
{
	struct copier twice = { .times = 2, .most = 1 };
	const struct weir_stage stages[] = { copier(&twice), { .run = refuse_two } };
	struct weir_buf a[2] = { { .len = 1 }, { .len = 2 } };
	struct weir_chain c;

	(void)state;
	seen[0] = '\0';
	weir_chain_init(&c, stages, 2);
	assert_int_equal(weir_chain_put(&c, a, 2), 0);
	assert_int_equal(take(&c), -EBADMSG);
	assert_string_equal(seen, "11");
	weir_chain_init(&c, stages + 1, 1);
	assert_int_equal(weir_chain_put(&c, a, 2), -EBADMSG);
}

static void test_a_chain_is_what_its_stages_are(void **state)
{
	struct keeper k = { 0 };
	const struct weir_stage stages[] = { { .run = add_ten },
					     { .run = add_ten, .changes = true },
					     keeper(&k) };
	struct weir_chain c;

	(void)state;
	weir_chain_init(&c, stages, 1);
	assert_false(weir_chain_changes(&c) || weir_chain_makes(&c) || weir_chain_holds(&c));
	weir_chain_init(&c, stages, 2);
	assert_true(weir_chain_changes(&c));
	assert_false(weir_chain_makes(&c));
	weir_chain_init(&c, stages, 3);
	assert_true(weir_chain_makes(&c));
	assert_true(weir_chain_holds(&c));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_without_stages_what_is_put_is_taken),
		cmocka_unit_test(test_frames_that_are_made_go_through_all_stages_behind),
		cmocka_unit_test(test_what_is_held_back_comes_at_the_end_and_through_stages_behind),
		cmocka_unit_test(test_a_stage_that_fails_ends_it),
		cmocka_unit_test(test_a_chain_is_what_its_stages_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
