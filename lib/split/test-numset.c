/* SPDX-License-Identifier: BSD-2-Clause */
#include <weir/split.h>

#include <errno.h>
#include <string.h>

#include "base/macros.h"
#include "support/unit.h"

/* The numbers from 1 to 40 that are in the set that text makes, as a string of 0 and 1. */
static void is_set(const char *text, const char *want)
{
	struct weir_numset *s = NULL;
	struct weir_err err = { 0 };
	char got[41] = "";

	if (weir_numset_parse(text, &s, &err) < 0)
		fail_msg("%s", err.text);
	for (unsigned nr = 1; nr <= strlen(want); nr++)
		got[nr - 1] = weir_numset_has(s, nr) ? '1' : '0';
	assert_string_equal(got, want);
	weir_numset_free(s);
}

static void test_numbers_ranges_and_open_ends(void **state)
{
	(void)state;
	is_set("3", "00100");
	is_set("1-3,5", "1110100");
	is_set("2-2", "0100");
	is_set("1-5,9,15,18-", "1111100010000010011111");
	is_set("0-2", "1100");
}

static void test_order_and_overlap_do_not_matter(void **state)
{
	(void)state;
	is_set("9,1,5", "1000100010");
	is_set("5-7,1-6", "11111110");
	is_set("4-,2-3,9", "0111111111111");
	is_set("1-9,3-4", "1111111110");
	is_set("3,3,3", "00100");
}

static void test_an_open_end_reaches_the_last_frame(void **state)
{
	struct weir_numset *s = NULL;

	(void)state;
	assert_int_equal(weir_numset_parse("7-", &s, NULL), 0);
	assert_true(weir_numset_has(s, UINT64_MAX));
	assert_false(weir_numset_has(s, 6));
	weir_numset_free(s);
}

static void test_other_text_is_refused_by_its_place(void **state)
{
	static const struct {
		const char *text, *place;
	} bad[] = {
		{ "", "no number at ''" },
		{ "a", "no number at 'a'" },
		{ "1,,2", "no number at ',2'" },
		{ "1,", "no number at ''" },
		{ "-5", "no number at '-5'" },
		{ "1-5-9", "neither comma nor end at '-9'" },
		{ "1 2", "neither comma nor end at ' 2'" },
		{ "5-3", "a range that ends before it begins at '5-3'" },
		{ "1,99999999999999999999", "too great a number at '99999999999999999999'" },
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
		struct weir_numset *s = NULL;
		struct weir_err err = { 0 };

		assert_int_equal(weir_numset_parse(bad[i].text, &s, &err), -EINVAL);
		if (!strstr(err.text, bad[i].place))
			fail_msg("'%s' does not tell '%s'", err.text, bad[i].place);
	}
}

static void test_the_stages_keep_and_drop(void **state)
{
	struct weir_buf bufs[6] = { 0 }, others[6];
	struct weir_numset *s = NULL;
	struct weir_stage keep, drop;

	(void)state;
	assert_int_equal(weir_numset_parse("2-3,6", &s, NULL), 0);
	for (unsigned i = 0; i < ARRAY_SIZE(bufs); i++) {
		bufs[i].nr = i + 1;
		bufs[i].port = 1;
	}
	memcpy(others, bufs, sizeof(bufs));
	keep = weir_numset_stage(s, false);
	drop = weir_numset_stage(s, true);
	assert_int_equal(keep.run(keep.ctx, bufs, ARRAY_SIZE(bufs)), 0);
	assert_int_equal(drop.run(drop.ctx, others, ARRAY_SIZE(others)), 0);
	for (unsigned i = 0; i < ARRAY_SIZE(bufs); i++) {
		bool in = i == 1 || i == 2 || i == 5;

		assert_int_equal(bufs[i].port, in ? 1 : WEIR_NO_PORT);
		assert_int_equal(others[i].port, in ? WEIR_NO_PORT : 1);
	}
	weir_numset_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers_ranges_and_open_ends),
		cmocka_unit_test(test_order_and_overlap_do_not_matter),
		cmocka_unit_test(test_an_open_end_reaches_the_last_frame),
		cmocka_unit_test(test_other_text_is_refused_by_its_place),
		cmocka_unit_test(test_the_stages_keep_and_drop),
	};

	return unit_run(tests);
}
