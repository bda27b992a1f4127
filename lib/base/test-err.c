/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/err.h"

#include <errno.h>

#include "support/unit.h"

static void test_text_and_code_are_set(void **state)
{
	struct weir_err err = { 0 };

	(void)state;
	assert_int_equal(err_set(&err, -EINVAL, "x.pcap: record %d", 7), -EINVAL);
	assert_int_equal(err.code, -EINVAL);
	assert_string_equal(weir_err_text(&err), "x.pcap: record 7");
}

static void test_prefix_keeps_the_old_text(void **state)
{
	struct weir_err err = { 0 };

	(void)state;
	err_set(&err, -EIO, "cut off");
	assert_int_equal(err_prefix(&err, -ENODATA, "file %s", "a"), -ENODATA);
	assert_string_equal(weir_err_text(&err), "file a: cut off");
}

static void test_no_text_gives_the_name_of_the_code(void **state)
{
	struct weir_err err = { .code = -ENOENT };

	(void)state;
	assert_string_equal(weir_err_text(&err), "No such file or directory");
}

static void test_null_error_is_allowed(void **state)
{
	(void)state;
	assert_int_equal(err_set(NULL, -EINVAL, "x"), -EINVAL);
	assert_int_equal(err_prefix(NULL, -EINVAL, "x"), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text_and_code_are_set),
		cmocka_unit_test(test_prefix_keeps_the_old_text),
		cmocka_unit_test(test_no_text_gives_the_name_of_the_code),
		cmocka_unit_test(test_null_error_is_allowed),
	};

	return unit_run(tests);
}
