/* SPDX-License-Identifier: BSD-2-Clause */
/* The manual tells every option of every command, on its page or on one that it names. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "support/unit.h"
#include "util.h"

/* The source of the page PREFIXNAME.1, to be freed. */
static char *page(const char *prefix, const char *name)
{
	const char *root = getenv("WEIR_SOURCE");
	CLEANUP(freep)
	char *path = NULL;
	CLEANUP(fclosep)
	FILE *f = NULL;
	CLEANUP(freep)
	char *text = NULL;
	size_t size = 0;

	assert_true(asprintf(&path, "%s/man/%s%s.1.scd", root ? root : ".", prefix, name) > 0);
	f = fopen(path, "r");
	if (!f)
		fail_msg("%s: %s", path, strerror(errno));
	assert_true(getdelim(&text, &size, '\0', f) > 0);
	return TAKE_PTR(text);
}

static char *page_of(const char *command)
{
	return page("weir-", command);
}

/* Every row that weir speaks stands in the page of a command. */
static void check_rows(const struct opt *rows, const char *command)
{
	CLEANUP(freep)
	char *page = page_of(command);

	for (const struct opt *row = rows; row->name; row++) {
		CLEANUP(freep)
		char *word = NULL;

		if (!opt_spoken(row, OPT_WEIR))
			continue;
		assert_true(asprintf(&word, "*--%s*", row->name) > 0);
		if (!strstr(page, word))
			fail_msg("weir-%s.1.scd does not tell %s", command, word);
	}
}

static void test_every_option_is_in_the_manual(void **state)
{
	(void)state;
	for (const struct cmd *const *c = commands; *c; c++)
		check_rows((*c)->opts, (*c)->name);
}

static void test_options_of_several_commands_are_in_the_page_that_the_others_name(void **state)
{
	(void)state;
	for (const struct cmd *const *c = commands; *c; c++) {
		CLEANUP(freep)
		char *page = page_of((*c)->name);
		CLEANUP(freep)
		char *reference = NULL;

		if (!(*c)->more_opts)
			continue;
		check_rows((*c)->more_opts, (*c)->more_page);
		assert_true(asprintf(&reference, "*weir-%s*(1)", (*c)->more_page) > 0);
		assert_non_null(strstr(page, reference));
	}
}

/* Programs that know letters only have pages of their own. */
static void test_every_letter_is_in_the_manual(void **state)
{
	(void)state;
	for (const struct cmd *const *c = personalities; *c; c++) {
		CLEANUP(freep)
		char *text = (*c)->dialect == OPT_GETOPT ? page("", (*c)->name) : NULL;

		for (const struct opt *row = (*c)->opts; text && row->name; row++) {
			char word[] = { '*', '-', row->letter, '*', '\0' };

			if (!strstr(text, word))
				fail_msg("%s.1.scd does not tell %s", (*c)->name, word);
		}
	}
}

static void check_sentences(const struct opt *rows)
{
	for (const struct opt *row = rows; row && row->name; row++) {
		assert_non_null(row->help);
		assert_int_equal(!row->metavar, row->type == OPT_FLAG);
	}
}

static void test_every_option_has_a_sentence(void **state)
{
	(void)state;
	for (const struct cmd *const *c = commands; *c; c++) {
		check_sentences((*c)->opts);
		check_sentences((*c)->more_opts);
	}
	for (const struct cmd *const *c = personalities; *c; c++)
		check_sentences((*c)->opts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_option_is_in_the_manual),
		cmocka_unit_test(
			test_options_of_several_commands_are_in_the_page_that_the_others_name),
		cmocka_unit_test(test_every_letter_is_in_the_manual),
		cmocka_unit_test(test_every_option_has_a_sentence),
	};

	return unit_run(tests);
}
