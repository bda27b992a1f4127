/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Commands: what main() chooses from, and what a command can ask and say.
 *
 * A command is a file with one global, a const struct cmd, and a row in commands.c. So is
 * a personality: another program that weir is when it is called by that name.
 *
 * Statistics go to stdout; everything said here goes to stderr, one line each.
 */
#ifndef CLI_CMD_H
#define CLI_CMD_H

#include <weir/err.h>

#include "opt.h"

struct cmd_run {
	const struct cmd *cmd;
	const char *prog;     /* stands before messages: "weir replay", "tcpreplay" */
	struct opt_set *opts; /* for opt_given() and opt_keep() */
	const char *const *operands;
	unsigned n_operands;
	char *const *argv; /* all arguments as they were written */
	int argc;
};

struct cmd {
	const char *name;     /* "replay"; of a personality the program's name */
	const char *summary;  /* one line */
	const char *operands; /* for the usage line: "FILE..." */
	const char *about;    /* a paragraph for --help, or NULL */
	enum opt_dialect dialect;
	unsigned min_operands, max_operands; /* max 0: any number */
	bool ends_at_operand; /* options behind the first operand are those of a program */
	const struct opt *opts;
	/* Or NULL: more rows over the same struct, which several commands have. Those of weir
	 * are told on the manual page of the command more_page. */
	const struct opt *more_opts;
	const char *more_page;
	size_t cfg_size;      /* of the struct that opts set */
	const void *defaults; /* one of these, or NULL: all zero */
	const char *section;  /* of option files; NULL: the command takes none */
	/* Does it; cfg is a checked struct of cfg_size bytes. Returns the exit status. */
	int (*run)(const struct cmd_run *run, const void *cfg);
};

/* commands.c. Both end with NULL. */
extern const struct cmd *const commands[];
extern const struct cmd *const personalities[];

/* The command of that name in a list, or NULL. */
const struct cmd *cmd_find(const struct cmd *const list[], const char *name);

/* Reads the arguments, does what --help, --version and the like ask, and runs the command.
 * argv0 is how the program was called; argv holds arguments only. Returns the exit
 * status. */
int cmd_main(const struct cmd *cmd, const char *argv0, int argc, char *const argv[]);

/* "weir version ..." for stdout. */
void cmd_version(FILE *to);

/*
 * What a command says. cmd_fail() and cmd_usage() return the exit status: 1 and 2, as
 * personality of AutoOpts 255 and 1, of getopt 1 and 255, so that a command ends with
 * "return cmd_fail(run, ...)". A text that begins with a new line has a line of its own in
 * personalities.
 */
int cmd_fail(const struct cmd_run *run, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* For personalities: the text as it is, where they do not call the fault fatal. */
int cmd_fail_as_is(const struct cmd_run *run, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
int cmd_usage(const struct cmd_run *run, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Either of these with the text in err: usage tells that it was the options' fault. */
int cmd_failed(const struct cmd_run *run, bool usage, struct weir_err *err);
void cmd_warn(const struct cmd_run *run, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Is it tcpreplay or one of its kin? */
static inline bool cmd_is_personality(const struct cmd_run *run)
{
	return run->cmd->dialect == OPT_AUTOOPTS;
}

#endif
