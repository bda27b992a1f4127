/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * weir: chooses the command by the first argument, or the personality by the name that
 * the program was called by.
 */
#include <string.h>

#include "cmd.h"
#include "util.h"

static void help(FILE *to)
{
	fputs("usage: weir COMMAND [OPTIONS] ...\n"
	      "       weir COMMAND --help\n"
	      "       weir --help | --version\n"
	      "\ncommands:\n",
	      to);
	for (const struct cmd *const *c = commands; *c; c++)
		fprintf(to, "  %-10s %s\n", (*c)->name, (*c)->summary);
	fputs("\nlinks to weir by these names behave like the programs of that name:\n  ", to);
	for (const struct cmd *const *c = personalities; *c; c++)
		fprintf(to, "%s%s", (*c)->name, c[1] ? ", " : "\n");
}

/* What was printed has to arrive. The exit status. */
static int printed(void)
{
	if (fflush(stdout) == 0)
		return 0;
	fputs("weir: standard output could not be written\n", stderr);
	return 1;
}

static int unknown(const char *name)
{
	const struct cmd *nearest = NULL;
	unsigned best = 3; /* more than two letters off is another word */

	for (const struct cmd *const *c = commands; *c; c++) {
		unsigned distance = edit_distance(name, (*c)->name);

		if (distance < best) {
			best = distance;
			nearest = *c;
		}
	}
	fprintf(stderr, "weir: unknown command '%s'", name);
	fprintf(stderr, nearest ? "; did you mean '%s'?\n" : "; see 'weir --help'%s\n",
		nearest ? nearest->name : "");
	return 2;
}

int main(int argc, char *argv[])
{
	const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;
	const char *called = slash ? slash + 1 : argc > 0 ? argv[0] : "weir";
	const struct cmd *cmd = cmd_find(personalities, called);

	if (cmd)
		return cmd_main(cmd, argv[0], argc - 1, argv + 1);
	if (argc < 2) {
		help(stderr);
		return 2;
	}
	cmd = cmd_find(commands, argv[1]);
	if (cmd)
		return cmd_main(cmd, argv[0], argc - 2, argv + 2);
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		help(stdout);
		return printed();
	}
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
		cmd_version(stdout);
		return printed();
	}
	return unknown(argv[1]);
}
