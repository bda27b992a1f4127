/* SPDX-License-Identifier: BSD-2-Clause */
#include <weir/filter.h>

#include <errno.h>
#include <string.h>

#include "support/unit.h"

#define ETHERNET 1u

/* 10.0.0.1 to 10.0.0.2, UDP to port 53; then the way back; then ARP. */
static const uint8_t frames[3][60] = {
	{ 2, 0,	 0,  0, 0, 2,  2, 0, 0, 0,  0, 1, 8, 0, 0x45, 0, 0,  28, 0, 0, 0,
	  0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 4, 0,    0, 53, 0,	 8, 0, 0 },
	{ 2, 0,	 0,  0, 0, 1,  2, 0, 0, 0,  0, 2, 8, 0, 0x45, 0, 0, 28, 0, 0, 0,
	  0, 64, 17, 0, 0, 10, 0, 0, 2, 10, 0, 0, 1, 0, 53,   4, 0, 0,	8, 0, 0 },
	{ 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 1, 8, 6 },
};

/* Which of the frames get past it, as three letters. */
static const char *passed(const struct weir_filter_opts *opts, char text[4])
{
	struct weir_filter *f = NULL;
	struct weir_stage s;
	struct weir_buf bufs[3];
	struct weir_err err = { 0 };
	uint8_t copy[3][60];

	if (weir_filter_new(opts, &f, &err) < 0)
		fail_msg("%s", err.text);
	memcpy(copy, frames, sizeof(copy));
	for (unsigned i = 0; i < 3; i++)
		bufs[i] = (struct weir_buf){ .data = copy[i],
					     .len = 60,
					     .orig_len = 60,
					     .nr = i + 1,
					     .linktype = ETHERNET };
	s = weir_filter_stage(f);
	assert_false(s.changes);
	assert_int_equal(s.run(s.ctx, bufs, 3), 0);
	for (unsigned i = 0; i < 3; i++)
		text[i] = bufs[i].port == WEIR_NO_PORT ? '-' : 'x';
	text[3] = '\0';
	assert_int_equal(weir_filter_dropped(f),
			 (text[0] == '-') + (text[1] == '-') + (text[2] == '-'));
	assert_memory_equal(copy, frames, sizeof(copy));
	weir_filter_free(f);
	return text;
}

#define PASSED(...)                                                                                \
	passed(&(const struct weir_filter_opts){ .linktype = ETHERNET,                             \
						 .name = "filter",                                 \
						 __VA_ARGS__ },                                    \
	       (char[4]){ 0 })

static void test_nothing_asked_for_lets_everything_pass(void **state)
{
	(void)state;
	assert_string_equal(PASSED(.include = NULL), "xxx");
}

static void test_rules_about_addresses_leave_other_frames(void **state)
{
	(void)state;
	assert_string_equal(PASSED(.include = "S:10.0.0.1/32"), "x-x");
	assert_string_equal(PASSED(.exclude = "S:10.0.0.1/32"), "-xx");
	assert_string_equal(PASSED(.include = "D:10.0.0.1/32"), "-xx");
	assert_string_equal(PASSED(.include = "B:10.0.0.0/31"), "--x");
	assert_string_equal(PASSED(.include = "E:10.0.0.1/32"), "xxx");
}

static void test_numbers_count_frames_unless_they_mean_nothing(void **state)
{
	(void)state;
	assert_string_equal(PASSED(.include = "P:2-"), "-xx");
	assert_string_equal(PASSED(.exclude = "P:2"), "x-x");
	assert_string_equal(PASSED(.exclude = "P:2", .any_number = true), "xxx");
}

static void test_capture_filters(void **state)
{
	(void)state;
	assert_string_equal(PASSED(.filter = "udp dst port 53"), "x--");
	assert_string_equal(PASSED(.include = "F:arp"), "--x");
	assert_string_equal(PASSED(.exclude = "F:arp"), "xx-");
	assert_string_equal(PASSED(.filter = "ip", .exclude = "S:10.0.0.1/32"), "-x-");
}

static void test_what_is_dropped_stays_dropped(void **state)
{
	const struct weir_filter_opts opts = { .linktype = ETHERNET, .filter = "ip", .name = "f" };
	struct weir_filter *f = NULL;
	struct weir_buf b = { .linktype = ETHERNET, .port = WEIR_NO_PORT };
	struct weir_stage s;

	(void)state;
	assert_int_equal(weir_filter_new(&opts, &f, NULL), 0);
	s = weir_filter_stage(f);
	assert_int_equal(s.run(s.ctx, &b, 1), 0);
	assert_int_equal(b.port, WEIR_NO_PORT);
	weir_filter_free(f);
}

static void expect_refusal(struct weir_filter_opts opts, const char *word)
{
	struct weir_filter *f = NULL;
	struct weir_err err = { 0 };

	opts.linktype = ETHERNET;
	opts.name = "filter2";
	assert_int_equal(weir_filter_new(&opts, &f, &err), -EINVAL);
	assert_null(f);
	if (!strstr(err.text, word))
		fail_msg("no '%s' in '%s'", word, err.text);
}

static void test_mistakes_are_told_with_the_option_at_once(void **state)
{
	(void)state;
	expect_refusal((struct weir_filter_opts){ .filter = "tcp prt 80" }, "filter2: ");
	expect_refusal((struct weir_filter_opts){ .include = "F:tcp prt 80" }, "include: ");
	expect_refusal((struct weir_filter_opts){ .exclude = "S:10.0.0.0/33" }, "exclude: ");
	expect_refusal((struct weir_filter_opts){ .exclude = "Q:1" }, "exclude: ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_asked_for_lets_everything_pass),
		cmocka_unit_test(test_rules_about_addresses_leave_other_frames),
		cmocka_unit_test(test_numbers_count_frames_unless_they_mean_nothing),
		cmocka_unit_test(test_capture_filters),
		cmocka_unit_test(test_what_is_dropped_stays_dropped),
		cmocka_unit_test(test_mistakes_are_told_with_the_option_at_once),
	};

	return unit_run(tests);
}
