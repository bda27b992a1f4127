/* SPDX-License-Identifier: BSD-2-Clause */
#include "opt.h"

#include <errno.h>
#include <string.h>

#include "support/unit.h"
#include "util.h"

struct fields {
	bool fast, keep;
	uint32_t count, kind;
	uint64_t size;
	const char *port, *rate, *out, *save, *mode;
	struct opt_list maps;
};

static const struct opt rows[] = {
	{ OPT(struct fields, fast), .name = "fast", .letter = 'f', .conflicts = "rate" },
	{ OPT(struct fields, keep), .name = "keep-it", .letter = 'k' },
	{ OPT(struct fields, count), .name = "count", .letter = 'c', .min = 1, .max = 100 },
	{ OPT(struct fields, kind), .name = "kind", .choices = "red green blue" },
	{ OPT(struct fields, size), .name = "size", .letter = 's', .requires = "port" },
	{ OPT(struct fields, port), .name = "port", .letter = 'p', .flags = OPT_REQUIRED },
	{ OPT(struct fields, out), .name = "out", .letter = 'o', .same_as = "port" },
	{ OPT(struct fields, rate), .name = "rate", .letter = 'r', .conflicts = "fast" },
	{ OPT(struct fields, save), .name = "save", .flags = OPT_OPTIONAL },
	{ OPT(struct fields, maps), .name = "maps", .letter = 'm', .old_most = 2 },
	{ OPT(struct fields, count), .name = "modulo", .max = 255, .flags = OPT_WRAPS },
	{ OPT(struct fields, count), .name = "bits" },
	{ OPT(struct fields, mode), .name = "mode", .flags = OPT_AGAIN | OPT_LOOSE,
	  .requires = "fast" },
	{ OPT(struct fields, keep), .name = "up-a" },
	{ OPT(struct fields, keep), .name = "up-b" },
	{ OPT(struct fields, keep), .name = "up-c" },
	{ OPT(struct fields, keep), .name = "up-d" },
	{ OPT(struct fields, keep), .name = "up-e" },
	{ OPT(struct fields, keep), .name = "list-all", .flags = OPT_ALONE },
	{ OPT(struct fields, keep), .name = "new-thing", .flags = OPT_WEIR_ONLY },
	{ 0 },
};

/* A command line, its rows and what came of it. */
struct line {
	struct fields fields;
	struct opt_table tables[2];
	struct opt_set set;
};

#define ARGS(...) ((char *[]){ __VA_ARGS__, NULL })

static int read_as(struct line *l, enum opt_dialect dialect, char *args[])
{
	int n = 0;

	memset(l, 0, sizeof(*l));
	l->tables[0] = (struct opt_table){ rows, &l->fields };
	opt_init(&l->set, dialect, "prog", "/usr/bin/prog", l->tables);
	while (args[n])
		n++;
	return opt_parse(&l->set, n, args);
}

static int reads(struct line *l, char *args[])
{
	return read_as(l, OPT_WEIR, args);
}

/* The message that arguments get from weir and in the dialect of AutoOpts. */
static void says(char *args[], const char *weir, const char *autoopts)
{
	const char *want[] = { [OPT_WEIR] = weir, [OPT_AUTOOPTS] = autoopts };
	struct line l;

	for (int d = OPT_WEIR; d <= OPT_AUTOOPTS; d++) {
		int r = read_as(&l, (enum opt_dialect)d, args);

		if (r == 0)
			r = opt_check(&l.set);
		assert_int_equal(r, -EINVAL);
		assert_string_equal(l.set.error, want[d]);
		opt_done(&l.set);
	}
}

static void test_values_are_written_in_four_ways(void **state)
{
	char *const ways[][3] = { { "--count=7" }, { "--count", "7" }, { "-c", "7" }, { "-c7" } };
	struct line l;

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(ways); i++) {
		assert_int_equal(reads(&l, ARGS(ways[i][0], ways[i][1])), 0);
		assert_int_equal(l.fields.count, 7);
		assert_int_equal(l.set.n_operands, 0);
		opt_done(&l.set);
	}
}

static void test_names_take_any_case_underscores_and_prefixes(void **state)
{
	char *const names[] = { "--keep-it", "--KEEP-IT", "--keep_it", "--Keep_", "--ke", NULL };
	struct line l;

	(void)state;
	for (unsigned i = 0; names[i]; i++) {
		assert_int_equal(reads(&l, ARGS(names[i])), 0);
		assert_true(l.fields.keep);
		opt_done(&l.set);
	}
}

static void test_flags_bundle_before_a_value(void **state)
{
	struct line l;

	(void)state;
	assert_int_equal(reads(&l, ARGS("-fkc12", "-ps")), 0);
	assert_true(l.fields.fast && l.fields.keep);
	assert_int_equal(l.fields.count, 12);
	assert_string_equal(l.fields.port, "s");
	opt_done(&l.set);
}

static void test_options_come_after_operands_until_two_dashes(void **state)
{
	struct line l;

	(void)state;
	assert_int_equal(reads(&l, ARGS("a", "-f", "-", "--", "-k", "--")), 0);
	assert_true(l.fields.fast);
	assert_false(l.fields.keep);
	assert_int_equal(l.set.n_operands, 4);
	assert_string_equal(l.set.operands[0], "a");
	assert_string_equal(l.set.operands[1], "-");
	assert_string_equal(l.set.operands[2], "-k");
	assert_string_equal(l.set.operands[3], "--");
	opt_done(&l.set);
}

static void test_options_behind_a_program_are_its_own(void **state)
{
	struct line l;

	(void)state;
	assert_int_equal(reads(&l, ARGS(NULL)), 0);
	l.set.ends_at_operand = true;
	assert_int_equal(opt_parse(&l.set, 4, ARGS("-f", "a", "-k", "--")), 0);
	assert_true(l.fields.fast);
	assert_false(l.fields.keep);
	assert_int_equal(l.set.n_operands, 3);
	assert_string_equal(l.set.operands[1], "-k");
	assert_string_equal(l.set.operands[2], "--");
	opt_done(&l.set);
}

static void test_numbers_are_decimal_hexadecimal_or_octal(void **state)
{
	struct line l;

	(void)state;
	assert_int_equal(reads(&l, ARGS("-c0x10", "--size", "0777")), 0);
	assert_int_equal(l.fields.count, 16);
	assert_int_equal(l.fields.size, 511);
	opt_done(&l.set);
	assert_int_equal(reads(&l, ARGS("--size=18446744073709551615")), 0);
	assert_true(l.fields.size == UINT64_MAX);
	opt_done(&l.set);
}

static void test_words_become_their_place(void **state)
{
	struct line l;

	(void)state;
	assert_int_equal(reads(&l, ARGS("--kind=blue")), 0);
	assert_int_equal(l.fields.kind, 2);
	opt_done(&l.set);
	says(ARGS("--kind=gre"), "prog: --kind: 'gre' is none of red green blue",
	     "prog error:  kind option value 'gre' is none of red green blue");
}

static void test_lists_keep_every_value_in_order(void **state)
{
	struct line l;

	(void)state;
	assert_int_equal(reads(&l, ARGS("-m", "1", "-m2", "--maps=3", "-m4", "-m5")), 0);
	assert_int_equal(l.fields.maps.n, 5);
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(l.fields.maps.values[i][0], '1' + (char)i);
	opt_done(&l.set);
}

static void test_an_optional_value_never_takes_the_next_argument(void **state)
{
	struct line l;

	(void)state;
	assert_int_equal(reads(&l, ARGS("--save", "file")), 0);
	assert_string_equal(l.fields.save, "");
	assert_int_equal(l.set.n_operands, 1);
	opt_done(&l.set);
	assert_int_equal(reads(&l, ARGS("--save=file")), 0);
	assert_string_equal(l.fields.save, "file");
	opt_done(&l.set);
}

static void test_unknown_options_are_named(void **state)
{
	(void)state;
	says(ARGS("--no-such=3"), "prog: unknown option '--no-such'",
	     "/usr/bin/prog: illegal option -- no-such");
	says(ARGS("-fz"), "prog: unknown option '-z'", "/usr/bin/prog: illegal option -- z");
	says(ARGS("-p1", "--fastest"), "prog: unknown option '--fastest'",
	     "/usr/bin/prog: illegal option -- fastest");
}

static void test_prefixes_of_two_names_are_refused(void **state)
{
	(void)state;
	says(ARGS("--ra", "x", "--s"), "prog: '--s' may be --size, --save",
	     "prog: invalid option name: s");
	says(ARGS("--mo"), "prog: '--mo' may be --modulo, --mode",
	     "/usr/bin/prog: ambiguous option name: mo (matches 2 options)\n"
	     "  The following options match:\n  --modulo\n  --mode");
	says(ARGS("--up"), "prog: '--up' may be --up-a, --up-b, --up-c, --up-d, --up-e",
	     "/usr/bin/prog: ambiguous option name: up (matches 5 options)");
}

static void test_autoopts_takes_numbers_modulo(void **state)
{
	const struct {
		char *arg;
		uint32_t count;
	} cases[] = { { "--modulo=256", 0 }, { "--modulo=-1", 255 }, { "--bits=4294967297", 1 } };
	struct line l;

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(read_as(&l, OPT_AUTOOPTS, ARGS(cases[i].arg)), 0);
		assert_int_equal(l.fields.count, cases[i].count);
		opt_done(&l.set);
		assert_int_equal(reads(&l, ARGS(cases[i].arg)), -EINVAL);
		opt_done(&l.set);
	}
	assert_int_equal(read_as(&l, OPT_AUTOOPTS, ARGS("--bits=-1")), -EINVAL);
	opt_done(&l.set);
}

static void test_autoopts_has_rows_that_come_again_few_times_or_alone(void **state)
{
	struct line l;

	(void)state;
	assert_int_equal(read_as(&l, OPT_AUTOOPTS, ARGS("-px", "--mode=a", "--mode=b")), 0);
	assert_string_equal(l.fields.mode, "b");
	assert_int_equal(opt_check(&l.set), 0);
	opt_done(&l.set);
	assert_int_equal(reads(&l, ARGS("--mode=a", "--mode=b")), -EINVAL);
	opt_done(&l.set);
	assert_int_equal(read_as(&l, OPT_AUTOOPTS, ARGS("-ma", "-mb", "-mc")), -EINVAL);
	assert_string_equal(l.set.error, "prog error:  only 2 maps options allowed");
	opt_done(&l.set);
}

static void test_values_must_be_there_or_not(void **state)
{
	(void)state;
	says(ARGS("--count"), "prog: --count needs a value",
	     "/usr/bin/prog: The 'count' option requires an argument.");
	says(ARGS("-fc"), "prog: --count needs a value",
	     "/usr/bin/prog: The 'count' option requires an argument.");
	says(ARGS("--fast=3"), "prog: --fast takes no value, but was given '3'",
	     "/usr/bin/prog: The 'fast' option cannot have an argument.");
}

static void test_numbers_are_checked(void **state)
{
	char *const bad[] = { "seven", "", "7x", "1.5", "-", "0x", " 7", NULL };
	struct line l;

	(void)state;
	for (unsigned i = 0; bad[i]; i++) {
		assert_int_equal(reads(&l, ARGS("-c", bad[i])), -EINVAL);
		assert_non_null(strstr(l.set.error, "is not a number"));
		opt_done(&l.set);
	}
	says(ARGS("-c", "seven"), "prog: --count: 'seven' is not a number",
	     "prog error:  'seven' is not a recognizable number.");
}

static void test_ranges_are_checked(void **state)
{
	(void)state;
	says(ARGS("-c0"), "prog: --count: 0 is out of range, it must be from 1 to 100",
	     "prog error:  count option value 0 is out of range.\n"
	     "it must be in the range:\n\t1 to 100");
	says(ARGS("--size=-1"),
	     "prog: --size: -1 is out of range, it must be from 0 to 18446744073709551615",
	     "prog error:  size option value -1 is out of range.\n"
	     "it must be in the range:\n\tgreater than or equal to 0");
	says(ARGS("--size=18446744073709551616"),
	     "prog: --size: 18446744073709551616 is out of range, "
	     "it must be from 0 to 18446744073709551615",
	     "prog error:  size option value 18446744073709551616 is out of range.\n"
	     "it must be in the range:\n\tgreater than or equal to 0");
}

static void test_options_come_once(void **state)
{
	(void)state;
	says(ARGS("-c3", "-c3"), "prog: --count was given twice",
	     "prog error:  only one count option allowed");
	says(ARGS("-px", "-px"), "prog: --port was given twice",
	     "prog error:  only one port option allowed");
	says(ARGS("-px", "--out=y"), "prog: --port and --out cannot be used together",
	     "prog error:  only one port option allowed");
	says(ARGS("--out=y", "-px"), "prog: --port and --out cannot be used together",
	     "prog error:  only one port option allowed");
}

static void test_relations_are_checked(void **state)
{
	struct line l;

	(void)state;
	says(ARGS("-p1", "-r3", "-f"), "prog: --fast and --rate cannot be used together",
	     "prog error:  the 'fast' and 'rate' options conflict");
	says(ARGS("-s3"), "prog: --size needs --port",
	     "prog error:  size option requires the port option");
	says(ARGS("-f"), "prog: --port is missing", "prog error:  The port option is required");
	/* Another way to give it is as good, and some options need nothing else. */
	assert_int_equal(reads(&l, ARGS("-o", "x", "-s3")), 0);
	assert_int_equal(opt_check(&l.set), 0);
	assert_true(opt_given(&l.set, "port"));
	opt_done(&l.set);
	assert_int_equal(reads(&l, ARGS("--list-all")), 0);
	assert_int_equal(opt_check(&l.set), 0);
	assert_true(opt_alone(&l.set));
	opt_done(&l.set);
}

static void test_rows_of_the_other_dialect_are_unknown(void **state)
{
	struct line l;

	(void)state;
	assert_int_equal(read_as(&l, OPT_AUTOOPTS, ARGS("--new-thing")), -EINVAL);
	assert_string_equal(l.set.error, "/usr/bin/prog: illegal option -- new-thing");
	opt_done(&l.set);
}

static void test_with_getopt_an_option_may_come_again_and_goes_by_its_letter(void **state)
{
	struct line l;

	(void)state;
	assert_int_equal(read_as(&l, OPT_GETOPT, ARGS("-c3", "-kk", "-c", "7", "-m1", "-m2")), 0);
	assert_int_equal(l.fields.count, 7);
	assert_true(l.fields.keep);
	assert_int_equal(l.fields.maps.n, 2);
	opt_done(&l.set);
	assert_int_equal(read_as(&l, OPT_GETOPT, ARGS("-c", "0")), -EINVAL);
	assert_string_equal(l.set.error, "prog: -c: 0 is out of range, it must be from 1 to 100");
	opt_done(&l.set);
	assert_int_equal(read_as(&l, OPT_GETOPT, ARGS("--new-thing", "-q")), -EINVAL);
	assert_string_equal(l.set.error, "prog: unknown option '-q'");
	opt_done(&l.set);
}

static void test_nearest_words_are_near(void **state)
{
	(void)state;
	assert_int_equal(edit_distance("replay", "replay"), 0);
	assert_int_equal(edit_distance("relpay", "replay"), 2);
	assert_int_equal(edit_distance("info", "infos"), 1);
	assert_int_equal(edit_distance("", "abc"), 3);
	assert_int_equal(edit_distance("abc", ""), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values_are_written_in_four_ways),
		cmocka_unit_test(test_names_take_any_case_underscores_and_prefixes),
		cmocka_unit_test(test_flags_bundle_before_a_value),
		cmocka_unit_test(test_options_come_after_operands_until_two_dashes),
		cmocka_unit_test(test_options_behind_a_program_are_its_own),
		cmocka_unit_test(test_numbers_are_decimal_hexadecimal_or_octal),
		cmocka_unit_test(test_words_become_their_place),
		cmocka_unit_test(test_lists_keep_every_value_in_order),
		cmocka_unit_test(test_an_optional_value_never_takes_the_next_argument),
		cmocka_unit_test(test_unknown_options_are_named),
		cmocka_unit_test(test_prefixes_of_two_names_are_refused),
		cmocka_unit_test(test_autoopts_takes_numbers_modulo),
		cmocka_unit_test(test_autoopts_has_rows_that_come_again_few_times_or_alone),
		cmocka_unit_test(test_values_must_be_there_or_not),
		cmocka_unit_test(test_numbers_are_checked),
		cmocka_unit_test(test_ranges_are_checked),
		cmocka_unit_test(test_options_come_once),
		cmocka_unit_test(test_relations_are_checked),
		cmocka_unit_test(test_rows_of_the_other_dialect_are_unknown),
		cmocka_unit_test(test_with_getopt_an_option_may_come_again_and_goes_by_its_letter),
		cmocka_unit_test(test_nearest_words_are_near),
	};

	return unit_run(tests);
}
