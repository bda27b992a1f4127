/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/scan.h"

#include <errno.h>

#include "support/unit.h"

static void test_an_error_names_the_place(void **state)
{
	struct weir_err err = { 0 };
	struct scan s = scan_begin("portmap", "80:x", &err);
	uint32_t v;

	(void)state;
	assert_int_equal(scan_number(&s, 10, 65535, &v), 0);
	assert_int_equal(v, 80);
	assert_int_equal(scan_expect(&s, ':'), 0);
	assert_int_equal(scan_number(&s, 10, 65535, &v), -EINVAL);
	assert_string_equal(err.text, "portmap: \"80:x\", at 4: a number expected");
}

static void test_numbers_have_a_base_and_a_limit(void **state)
{
	struct scan s = scan_begin("n", "0x1F", NULL);
	uint32_t v = 7;

	(void)state;
	assert_int_equal(scan_number(&s, 16, 255, &v), 0);
	assert_int_equal(v, 31);
	assert_int_equal(scan_end(&s), 0);
	s = scan_begin("n", "256", NULL);
	assert_int_equal(scan_number(&s, 10, 255, &v), -EINVAL);
	s = scan_begin("n", "99999999999999999999", NULL);
	assert_int_equal(scan_number(&s, 10, UINT32_MAX, &v), -EINVAL);
	assert_int_equal(v, 31);
}

static void test_what_is_left_over_is_an_error(void **state)
{
	struct weir_err err = { 0 };
	struct scan s = scan_begin("ttl", "1 ", &err);
	uint32_t v;

	(void)state;
	assert_int_equal(scan_number(&s, 10, 255, &v), 0);
	assert_int_equal(scan_end(&s), -EINVAL);
	assert_string_equal(err.text, "ttl: \"1 \", at 2: ' ' was not expected");
}

static void test_words_end_at_stops_and_must_fit(void **state)
{
	struct scan s = scan_begin("w", "ab:c", NULL);
	char word[3];

	(void)state;
	assert_int_equal(scan_word(&s, ":", "a word", word, sizeof(word)), 0);
	assert_string_equal(word, "ab");
	assert_int_equal(scan_word(&s, ":", "a word", word, sizeof(word)), -EINVAL);
	s = scan_begin("w", "abc", NULL);
	assert_int_equal(scan_word(&s, ":", "a word", word, sizeof(word)), -EINVAL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_error_names_the_place),
		cmocka_unit_test(test_numbers_have_a_base_and_a_limit),
		cmocka_unit_test(test_what_is_left_over_is_an_error),
		cmocka_unit_test(test_words_end_at_stops_and_must_fit),
	};

	return unit_run(tests);
}
