/* SPDX-License-Identifier: BSD-2-Clause */
#include "opt.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "support/unit.h"
#include "util.h"

struct fields {
	bool fast;
	uint32_t count;
	const char *name;
	struct opt_list maps;
	struct opt_list files;
};

static const struct opt rows[] = {
	{ OPT(struct fields, fast), .name = "fast" },
	{ OPT(struct fields, count), .name = "count", .letter = 'c' },
	{ OPT(struct fields, name), .name = "name", .letter = 'n' },
	{ OPT(struct fields, maps), .name = "maps", .letter = 'm' },
	{ OPT(struct fields, files), .name = "load", .flags = OPT_UNSAVED },
	{ 0 },
};

struct file {
	struct fields fields;
	struct opt_table tables[2];
	struct opt_set set;
	char text[512];
};

static void begin(struct file *f, enum opt_dialect dialect)
{
	memset(f, 0, sizeof(*f));
	f->tables[0] = (struct opt_table){ rows, &f->fields };
	opt_init(&f->set, dialect, "prog", "prog", f->tables);
}

static int loads(struct file *f, const char *text)
{
	(void)snprintf(f->text, sizeof(f->text), "%s", text);
	return opt_load_text(&f->set, "x.rc", f->text, "PROG");
}

static void test_lines_come_in_several_forms(void **state)
{
	const char *const forms[] = { "count 7",  "count = 7",	 "count=7", "count: 7",
				      "count\t7", " COUNT = 7 ", "cou '7'", "count = \"7\"\r" };
	struct file f;

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(forms); i++) {
		begin(&f, OPT_WEIR);
		assert_int_equal(loads(&f, forms[i]), 0);
		assert_int_equal(f.fields.count, 7);
		opt_done(&f.set);
	}
}

static void test_comments_blank_lines_and_flags(void **state)
{
	struct file f;

	(void)state;
	begin(&f, OPT_WEIR);
	assert_int_equal(loads(&f, "# hello\n\n  \nfast\nname = \"a b # c\"\n"), 0);
	assert_true(f.fields.fast);
	assert_string_equal(f.fields.name, "a b # c");
	opt_done(&f.set);
}

static void test_sections_of_other_programs_do_not_count(void **state)
{
	struct file f;

	(void)state;
	begin(&f, OPT_WEIR);
	assert_int_equal(loads(&f, "fast\n[OTHER]\ncount 1\nbad\n[prog]\nname x\n[OTHER]\nname y"),
			 0);
	assert_true(f.fields.fast);
	assert_int_equal(f.fields.count, 0);
	assert_string_equal(f.fields.name, "x");
	opt_done(&f.set);
}

static void test_the_later_line_counts_and_the_command_line_above_all(void **state)
{
	char *const args[] = { "-c", "9" };
	struct file f;

	(void)state;
	begin(&f, OPT_WEIR);
	assert_int_equal(opt_parse(&f.set, 2, args), 0);
	assert_int_equal(loads(&f, "count 1\nname a\nname b\n"), 0);
	assert_int_equal(f.fields.count, 9);
	assert_string_equal(f.fields.name, "b");
	opt_done(&f.set);
}

static void test_wrong_lines_are_named(void **state)
{
	struct file f;

	(void)state;
	begin(&f, OPT_WEIR);
	assert_int_equal(loads(&f, "fast\ncount = many\n"), -EINVAL);
	assert_string_equal(f.set.error, "prog: --count: 'many' is not a number (x.rc, line 2)");
	assert_true(loads(&f, "bogus = 3") < 0);
	assert_string_equal(f.set.error, "prog: unknown option '--bogus' (x.rc, line 1)");
	assert_true(loads(&f, "load = other.rc") < 0);
	opt_done(&f.set);
}

static void test_autoopts_overlooks_unknown_names(void **state)
{
	struct file f;

	(void)state;
	begin(&f, OPT_AUTOOPTS);
	assert_int_equal(loads(&f, "bogus = 3\ncount 2\n"), 0);
	assert_int_equal(f.fields.count, 2);
	opt_done(&f.set);
}

static void test_what_is_saved_loads_the_same(void **state)
{
	char *const args[] = {
		"-c", "0x10", "--fast", "-n", "two words", "-m1", "-m2", "--load=z"
	};
	char path[] = "/tmp/weir-test-opt-XXXXXX";
	struct file a, b;

	(void)state;
	assert_return_code(close(mkstemp(path)), 0);
	begin(&a, OPT_WEIR);
	assert_int_equal(opt_parse(&a.set, (int)ARRAY_SIZE(args), args), 0);
	assert_int_equal(opt_save(&a.set, path), 0);
	begin(&b, OPT_WEIR);
	assert_int_equal(opt_load(&b.set, path, "prog"), 0);
	(void)unlink(path);
	assert_true(b.fields.fast);
	assert_int_equal(b.fields.count, 16);
	assert_string_equal(b.fields.name, "two words");
	assert_int_equal(b.fields.maps.n, 2);
	assert_string_equal(b.fields.maps.values[1], "2");
	assert_int_equal(b.fields.files.n, 0);
	opt_done(&a.set);
	opt_done(&b.set);
}

static void test_missing_file_is_named(void **state)
{
	struct file f;

	(void)state;
	begin(&f, OPT_WEIR);
	assert_int_equal(opt_load(&f.set, "/nowhere/x.rc", "prog"), -ENOENT);
	assert_string_equal(f.set.error,
			    "prog: cannot read /nowhere/x.rc: No such file or directory");
	opt_done(&f.set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines_come_in_several_forms),
		cmocka_unit_test(test_comments_blank_lines_and_flags),
		cmocka_unit_test(test_sections_of_other_programs_do_not_count),
		cmocka_unit_test(test_the_later_line_counts_and_the_command_line_above_all),
		cmocka_unit_test(test_wrong_lines_are_named),
		cmocka_unit_test(test_autoopts_overlooks_unknown_names),
		cmocka_unit_test(test_what_is_saved_loads_the_same),
		cmocka_unit_test(test_missing_file_is_named),
	};

	return unit_run(tests);
}
