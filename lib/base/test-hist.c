/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/hist.h"

#include "support/unit.h"

static void test_every_bucket_begins_where_it_says(void **state)
{
	(void)state;
	for (unsigned i = 0; i < WEIR_HIST_BUCKETS; i++) {
		assert_int_equal(weir_hist_bucket(weir_hist_least(i)), i);
		if (i)
			assert_int_equal(weir_hist_bucket(weir_hist_least(i) - 1), i - 1);
	}
	assert_int_equal(weir_hist_bucket(UINT64_MAX), WEIR_HIST_BUCKETS - 1);
}

static void test_buckets_are_exact_to_three_percent(void **state)
{
	(void)state;
	for (unsigned i = 1; i + 1 < WEIR_HIST_BUCKETS; i++) {
		uint64_t least = weir_hist_least(i), width = weir_hist_least(i + 1) - least;

		assert_true(width == 1 || width <= least / 32);
	}
}

static void test_quantiles_of_known_values(void **state)
{
	static struct weir_hist h;

	(void)state;
	assert_int_equal(weir_hist_quantile(&h, 0.5), 0);
	for (uint64_t v = 1; v <= 1000; v++)
		hist_add(&h, v);
	assert_int_equal(h.n, 1000);
	assert_int_equal(h.max, 1000);
	assert_in_range(weir_hist_quantile(&h, 0.5), 500, 516);
	assert_in_range(weir_hist_quantile(&h, 0.99), 990, 1000);
	assert_int_equal(weir_hist_quantile(&h, 1), 1000);
	assert_int_equal(weir_hist_quantile(&h, 0), 1);
	assert_int_equal(weir_hist_above(&h, 1000), 0);
	assert_int_equal(weir_hist_above(&h, 31), 1000 - 31);
	assert_in_range(weir_hist_above(&h, 500), 484, 500);
}

static void test_merging_adds_counts_and_keeps_the_largest(void **state)
{
	static struct weir_hist a, b;

	(void)state;
	hist_add(&a, 10);
	hist_add(&b, 10);
	hist_add(&b, 5000);
	weir_hist_merge(&a, &b);
	assert_int_equal(a.n, 3);
	assert_int_equal(a.max, 5000);
	assert_int_equal(a.count[10], 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_bucket_begins_where_it_says),
		cmocka_unit_test(test_buckets_are_exact_to_three_percent),
		cmocka_unit_test(test_quantiles_of_known_values),
		cmocka_unit_test(test_merging_adds_counts_and_keeps_the_largest),
	};

	return unit_run(tests);
}
