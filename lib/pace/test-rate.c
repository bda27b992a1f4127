/* SPDX-License-Identifier: BSD-2-Clause */
#include <weir/pace.h>

#include <errno.h>

#include "base/macros.h"
#include "support/unit.h"

static void test_decimals_become_exact_fractions(void **state)
{
	static const struct {
		const char *text;
		uint64_t scale, num, den;
	} rows[] = {
		{ "1024", 1000000, 1024000000, 1 },
		{ "0.5", 1000000, 500000, 1 },
		{ "1e3", 1, 1000, 1 },
		{ "1.25e-3", 1, 1, 800 },
		{ "1000.000000", 1, 1000, 1 }, /* what printf("%f") writes */
		{ "0.000000", 1, 0, 1 },
		{ "0.333333333", 1, 333333333, 1000000000 },
		{ ".5", 1, 1, 2 },
		{ "5.", 1, 5, 1 },
		{ "+7", 1, 7, 1 },
		{ "100000", 1000000, 100000000000, 1 },
		{ "10.0500", 1, 201, 20 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t num = 99, den = 99;

		assert_int_equal(weir_rate_parse(rows[i].text, rows[i].scale, &num, &den), 0);
		assert_int_equal(num, rows[i].num);
		assert_int_equal(den, rows[i].den);
	}
}

static void test_what_is_no_rate_is_refused_and_outputs_untouched(void **state)
{
	static const struct {
		const char *text;
		int r;
	} rows[] = {
		{ "", -EINVAL },
		{ "abc", -EINVAL },
		{ "1x", -EINVAL },
		{ ".", -EINVAL },
		{ "1e", -EINVAL },
		{ "1 2", -EINVAL },
		{ "-1", -ERANGE },
		{ "1e999", -ERANGE },
		{ "99999999999999999999", -ERANGE },
		{ "0.12345678901", -ERANGE },
		{ "1e30", -ERANGE },
		{ "nan", -EINVAL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t num = 99, den = 98;

		assert_int_equal(weir_rate_parse(rows[i].text, 1, &num, &den), rows[i].r);
		assert_int_equal(num, 99);
		assert_int_equal(den, 98);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decimals_become_exact_fractions),
		cmocka_unit_test(test_what_is_no_rate_is_refused_and_outputs_untouched),
	};

	return unit_run(tests);
}
