/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <string.h>

#include "split-opts.h"
#include "support/unit.h"

static void test_a_mode_is_a_word_or_has_a_list(void **state)
{
	struct split_cfg c = { 0 };

	(void)state;
	assert_int_equal(split_mode_parse("router", &c, NULL), 0);
	assert_string_equal(c.mode, "router");
	c = (struct split_cfg){ 0 };
	assert_int_equal(split_mode_parse("cidr=10.0.0.0/8,[fd00::/8]", &c, NULL), 0);
	assert_string_equal(c.cidr, "10.0.0.0/8,[fd00::/8]");
	assert_null(c.mode);
	c = (struct split_cfg){ 0 };
	assert_int_equal(split_mode_parse("regex=^10[.]=", &c, NULL), 0);
	assert_string_equal(c.regex, "^10[.]=");
	c = (struct split_cfg){ 0 };
	assert_int_equal(split_mode_parse("mac=2:0:0:0:0:1", &c, NULL), 0);
	assert_string_equal(c.mac, "2:0:0:0:0:1");
	c = (struct split_cfg){ 0 };
	assert_int_equal(split_mode_parse("port", &c, NULL), 0);
	assert_true(c.port);
}

static void test_other_words_are_refused(void **state)
{
	static const char *const words[] = { "", "cidr", "ports", "Router", "routers", "mac:1" };

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		struct split_cfg c = { 0 };
		struct weir_err err = { 0 };

		assert_int_equal(split_mode_parse(words[i], &c, &err), -EINVAL);
		assert_non_null(strstr(err.text, "is none of bridge, router"));
	}
}

static void test_each_mode_makes_its_classifier(void **state)
{
	static const struct {
		const char *text;
		bool is_stage;
	} modes[] = {
		{ "bridge", false }, { "router", false },	{ "client", false },
		{ "server", false }, { "first", false },	{ "port", true },
		{ "regex=1", true }, { "cidr=10.0.0.1", true }, { "mac=2:0:0:0:0:1", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		struct split_cfg cfg = { .min_mask = SPLIT_MIN_MASK, .max_mask = SPLIT_MAX_MASK };
		struct weir_classifier *c = NULL;

		assert_int_equal(split_mode_parse(modes[i].text, &cfg, NULL), 0);
		assert_int_equal(split_classifier(&cfg, false, &c, NULL), 0);
		assert_int_equal(weir_classifier_is_stage(c), modes[i].is_stage);
		weir_classifier_free(c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_mode_is_a_word_or_has_a_list),
		cmocka_unit_test(test_other_words_are_refused),
		cmocka_unit_test(test_each_mode_makes_its_classifier),
	};

	return unit_run(tests);
}
