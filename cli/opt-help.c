/* SPDX-License-Identifier: BSD-2-Clause */
#include <inttypes.h>
#include <string.h>

#include "opt.h"
#include "util.h"

/* Column where the sentence begins. */
#define HELP_COLUMN 30

static void help_relations(FILE *to, const struct opt *row)
{
	if (row->choices)
		fprintf(to, "%*sone of: %s\n", HELP_COLUMN, "", row->choices);
	if (row->max)
		fprintf(to, "%*sfrom %" PRIu64 " to %" PRIu64 "\n", HELP_COLUMN, "", row->min,
			row->max);
	else if (row->min)
		fprintf(to, "%*sat least %" PRIu64 "\n", HELP_COLUMN, "", row->min);
	if (row->requires)
		fprintf(to, "%*sneeds: %s\n", HELP_COLUMN, "", row->requires);
	if (row->conflicts)
		fprintf(to, "%*snot with: %s\n", HELP_COLUMN, "", row->conflicts);
	if (row->same_as)
		fprintf(to, "%*sinstead of: %s\n", HELP_COLUMN, "", row->same_as);
}

/* Row i has a letter that means it, and not a row before. */
static bool has_letter(const struct opt_table *tables, unsigned i, enum opt_dialect dialect)
{
	const char letter = opt_row(tables, i, NULL)->letter;

	for (unsigned k = 0; k < i; k++) {
		const struct opt *row = opt_row(tables, k, NULL);

		if (row->letter == letter && opt_spoken(row, dialect))
			return false;
	}
	return letter != '\0';
}

static void help_row(FILE *to, const struct opt *row, bool lettered, bool brief)
{
	char names[64], letter[8] = "    ";
	const char *metavar = row->metavar ? row->metavar : "";

	if (lettered)
		(void)snprintf(letter, sizeof(letter), "-%c, ", row->letter);
	(void)snprintf(names, sizeof(names), "  %s--%s%s%s%s", letter, row->name,
		       row->flags & OPT_OPTIONAL ? "[="
		       : *metavar		 ? "="
						 : "",
		       metavar, row->flags & OPT_OPTIONAL ? "]" : "");
	if (strlen(names) >= HELP_COLUMN)
		fprintf(to, "%s\n%*s%s\n", names, HELP_COLUMN, "", row->help);
	else
		fprintf(to, "%-*s%s\n", HELP_COLUMN, names, row->help);
	if (!brief)
		help_relations(to, row);
}

void opt_help(FILE *to, enum opt_dialect dialect, const struct opt_table *tables, bool brief)
{
	const struct opt *row;

	for (unsigned i = 0; (row = opt_row(tables, i, NULL)); i++) {
		if (opt_spoken(row, dialect))
			help_row(to, row, has_letter(tables, i, dialect), brief);
	}
}
