/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmd.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "util.h"

/* What every command takes. */
struct common {
	bool help;
	bool less_help;
	bool more_help;
	bool version;
	bool no_load_opts;
	const char *save_opts;
	struct opt_list load_opts;
};

static const struct opt help_rows[] = {
	{ OPT(struct common, version), .name = "version", .letter = 'V',
	  .flags = OPT_ALONE | OPT_UNSAVED, .help = "print the version and leave" },
	{ OPT(struct common, less_help), .name = "less-help", .letter = 'h',
	  .flags = OPT_ALONE | OPT_UNSAVED | OPT_AUTOOPTS_ONLY,
	  .help = "print a short help and leave" },
	{ OPT(struct common, help), .name = "help", .letter = 'h',
	  .flags = OPT_ALONE | OPT_UNSAVED | OPT_WEIR_ONLY, .help = "print this help and leave" },
	{ OPT(struct common, help), .name = "help", .letter = 'H',
	  .flags = OPT_ALONE | OPT_UNSAVED | OPT_AUTOOPTS_ONLY,
	  .help = "print this help and leave" },
	{ OPT(struct common, more_help), .name = "more-help", .letter = '!',
	  .flags = OPT_ALONE | OPT_UNSAVED | OPT_AUTOOPTS_ONLY,
	  .help = "print this help in a pager and leave" },
	{ 0 },
};

static const struct opt file_rows[] = {
	{ OPT(struct common, save_opts), .name = "save-opts", .flags = OPT_OPTIONAL | OPT_UNSAVED,
	  .metavar = "FILE", .help = "write the options that were given to a file and leave" },
	{ OPT(struct common, no_load_opts), .name = "no-load-opts",
	  .flags = OPT_UNSAVED | OPT_AUTOOPTS_ONLY, .help = "read no options from files" },
	{ OPT(struct common, load_opts), .name = "load-opts", .flags = OPT_UNSAVED,
	  .metavar = "FILE", .help = "read options from a file; may come several times" },
	{ 0 },
};

/* Exit statuses: of weir, of programs that AutoOpts serves, and of netmap's. */
static const struct {
	int fail, usage;
} statuses[] = {
	[OPT_WEIR] = { 1, 2 },
	[OPT_AUTOOPTS] = { 255, 1 },
	[OPT_GETOPT] = { 1, 255 },
};

void cmd_version(FILE *to)
{
	fputs("weir version " WEIR_VERSION "\n", to);
}

static void personality_version(const struct cmd *cmd)
{
	fprintf(stderr, "%s version: 4.5.5 (weir " WEIR_VERSION ")\n", cmd->name);
}

static void usage_line(FILE *to, const struct cmd *cmd)
{
	fprintf(to, "usage: %s%s [OPTIONS]%s%s\n", cmd->dialect == OPT_WEIR ? "weir " : "",
		cmd->name, *cmd->operands ? " " : "", cmd->operands);
}

static void help(FILE *to, const struct cmd *cmd, const struct opt_table *tables, bool brief)
{
	usage_line(to, cmd);
	fprintf(to, "%s: %s\n\n", cmd->name, cmd->summary);
	opt_help(to, cmd->dialect, tables, brief);
	if (cmd->about && !brief)
		fprintf(to, "\n%s\n", cmd->about);
}

/* In a pager if there is one and somebody reads. */
static void help_paged(const struct cmd *cmd, const struct opt_table *tables)
{
	const char *pager = getenv("PAGER");
	FILE *to = isatty(STDOUT_FILENO) ? popen(pager && *pager ? pager : "more", "w") : NULL;

	help(to ? to : stdout, cmd, tables, false);
	if (to)
		(void)pclose(to); /* the reader has seen it, or not */
}

/* What the arguments asked for instead of running: the exit status, or -1. */
static int answer(const struct cmd *cmd, const struct opt_table *tables, const struct common *c)
{
	if (c->less_help) {
		help(stdout, cmd, tables, true);
		return 1; /* as AutoOpts does */
	}
	if (c->help || c->more_help) {
		if (c->more_help)
			help_paged(cmd, tables);
		else
			help(stdout, cmd, tables, false);
		return 0;
	}
	if (!c->version)
		return -1;
	if (cmd->dialect == OPT_AUTOOPTS)
		personality_version(cmd);
	else
		cmd_version(stdout);
	return 0;
}

/* Says what is wrong with the arguments; scripts of the old programs expect the
 * options after it. */
static int complain(const struct cmd *cmd, const struct opt_table *tables, const char *text)
{
	fprintf(stderr, "%s\n", text);
	if (cmd->dialect == OPT_AUTOOPTS)
		help(stderr, cmd, tables, true);
	return statuses[cmd->dialect].usage;
}

/* Where the options stand that a personality has without being told: beside the program,
 * under the name of their section. */
static char *rc_path(const struct cmd *cmd, const char *argv0)
{
	char link[4096];
	const char *slash = strrchr(argv0, '/');
	ssize_t n = readlink("/proc/self/exe", link, sizeof(link) - 1);
	char *path = NULL;

	if (!slash && n > 0) {
		link[n] = '\0';
		argv0 = link;
		slash = strrchr(link, '/');
	}
	if (slash && asprintf(&path, "%.*s/.%src", (int)(slash - argv0), argv0,
			      cmd->section ? cmd->section : cmd->name) < 0)
		return NULL;
	return path;
}

static int load_files(const struct cmd *cmd, struct opt_set *set, const struct common *c)
{
	int r;

	if (c->no_load_opts)
		return 0;
	if (cmd->dialect == OPT_AUTOOPTS) {
		CLEANUP(freep)
		char *rc = rc_path(cmd, set->argv0);

		if (rc && access(rc, R_OK) == 0) {
			r = opt_load(set, rc, cmd->section);
			if (r < 0)
				return r;
		}
	}
	for (unsigned i = 0; i < c->load_opts.n; i++) {
		r = opt_load(set, c->load_opts.values[i], cmd->section);
		if (r < 0)
			return r;
	}
	return 0;
}

/* How many operands there are against how many it takes: what is wrong, or NULL. */
static const char *operands_problem(const struct cmd *cmd, const struct opt_set *set, char *text,
				    size_t size)
{
	bool old = cmd->dialect == OPT_AUTOOPTS;

	if (old && set->n_operands && !*cmd->operands)
		(void)snprintf(text, size, "%s: Command line arguments are not allowed.",
			       set->prog);
	else if (opt_alone(set))
		return NULL;
	else if (set->n_operands < cmd->min_operands && old)
		(void)snprintf(text, size, "%s: Command line arguments required", set->prog);
	else if (set->n_operands < cmd->min_operands)
		(void)snprintf(text, size, "%s: %s is missing", set->prog, cmd->operands);
	else if (cmd->max_operands && set->n_operands > cmd->max_operands)
		(void)snprintf(text, size, "%s: '%s' is one argument too many", set->prog,
			       set->operands[cmd->max_operands]);
	else
		return NULL;
	return text;
}

/* What was printed has to arrive: a full disk makes a run fail. */
static int run_cmd(const struct cmd_run *run, const void *cfg)
{
	int status = run->cmd->run(run, cfg);

	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	return cmd_fail(run, "standard output could not be written");
}

/* Writes the options to a file. The exit status. */
static int save(const struct cmd_run *run, const char *path)
{
	CLEANUP(freep)
	char *rc = *path ? NULL : rc_path(run->cmd, run->opts->argv0);
	int r = opt_save(run->opts, rc ? rc : path);

	if (r >= 0)
		return 0;
	if (r == -ENOENT && cmd_is_personality(run)) {
		fprintf(stderr,
			"%s warning:  cannot save options - %s not regular file\n"
			"error %d (%s) stat-ing %s\n",
			run->prog, path, -r, strerror(-r), path);
		return 0; /* as AutoOpts does */
	}
	return cmd_fail(run, "%s", run->opts->error);
}

/* Says which file of options cannot be read; AutoOpts spares its help there. The exit status. */
static int complain_of_file(const struct cmd *cmd, const struct opt_set *set)
{
	fprintf(stderr, "%s\n", set->error);
	return statuses[cmd->dialect].usage;
}

/* The arguments are in: answers, checks, runs. */
static int carry_out(const struct cmd *cmd, struct opt_set *set, const struct common *common,
		     const void *cfg, int argc, char *const argv[])
{
	const struct cmd_run run = { .cmd = cmd,
				     .prog = set->prog,
				     .opts = set,
				     .operands = set->operands,
				     .n_operands = set->n_operands,
				     .argv = argv,
				     .argc = argc };
	int status = answer(cmd, set->tables, common);
	char text[512];
	int r;

	if (status >= 0)
		return status;
	r = load_files(cmd, set, common);
	if (r < 0 && r != -EINVAL)
		return complain_of_file(cmd, set);
	/* AutoOpts saves before it looks how options go together. */
	if (r >= 0 && common->save_opts && cmd->dialect == OPT_AUTOOPTS)
		return save(&run, common->save_opts);
	if (r < 0 || opt_check(set) < 0)
		return complain(cmd, set->tables, set->error);
	if (common->save_opts)
		return save(&run, common->save_opts);
	if (operands_problem(cmd, set, text, sizeof(text)))
		return complain(cmd, set->tables, text);
	return run_cmd(&run, cfg);
}

int cmd_main(const struct cmd *cmd, const char *argv0, int argc, char *const argv[])
{
	CLEANUP(freep)
	void *cfg = xcalloc(1, cmd->cfg_size);
	struct common common = { 0 };
	static const struct opt none[] = { { 0 } };
	const struct opt_table tables[] = {
		{ cmd->opts, cfg },
		{ cmd->more_opts ? cmd->more_opts : none, cfg },
		{ help_rows, &common },
		{ cmd->section ? file_rows : NULL, &common },
		{ 0 },
	};
	struct opt_set set;
	char prog[64];
	int status;

	if (cmd->defaults)
		memcpy(cfg, cmd->defaults, cmd->cfg_size);
	(void)snprintf(prog, sizeof(prog), "%s%s", cmd->dialect == OPT_WEIR ? "weir " : "",
		       cmd->name);
	opt_init(&set, cmd->dialect, prog, argv0, tables);
	set.ends_at_operand = cmd->ends_at_operand;
	if (opt_parse(&set, argc, argv) < 0)
		status = complain(cmd, tables, set.error);
	else
		status = carry_out(cmd, &set, &common, cfg, argc, argv);
	opt_done(&set);
	return status;
}

/* One line; before is what the program says first. */
static __attribute__((format(printf, 3, 0))) void say(const char *before, const char *after,
						      const char *format, va_list ap)
{
	fprintf(stderr, "%s%s", before, after);
	(void)vfprintf(stderr, format, ap); /* there is nowhere else to tell */
	fputc('\n', stderr);
}

/* What the old programs say when they end. */
static __attribute__((format(printf, 1, 0))) void say_fatal(const char *format, va_list ap)
{
	char text[1024];

	(void)vsnprintf(text, sizeof(text), format, ap); /* cut if too long */
	fprintf(stderr, "\nFatal Error:%s%s\n", text[0] == '\n' ? "" : " ", text);
}

int cmd_fail(const struct cmd_run *run, const char *format, ...)
{
	va_list ap;

	/* stdout comes first in a log that both go to. */
	(void)fflush(stdout);
	va_start(ap, format);
	if (cmd_is_personality(run))
		say_fatal(format, ap);
	else
		say(run->prog, ": ", format, ap);
	va_end(ap);
	return statuses[run->cmd->dialect].fail;
}

int cmd_fail_as_is(const struct cmd_run *run, const char *format, ...)
{
	va_list ap;

	(void)fflush(stdout);
	va_start(ap, format);
	say("", "", format, ap);
	va_end(ap);
	return statuses[run->cmd->dialect].fail;
}

int cmd_usage(const struct cmd_run *run, const char *format, ...)
{
	bool old = cmd_is_personality(run);
	va_list ap;

	va_start(ap, format);
	say(run->prog, old ? " error:  " : ": ", format, ap);
	va_end(ap);
	if (old)
		help(stderr, run->cmd, run->opts->tables, true);
	return statuses[run->cmd->dialect].usage;
}

int cmd_failed(const struct cmd_run *run, bool usage, struct weir_err *err)
{
	return usage ? cmd_usage(run, "%s", weir_err_text(err))
		     : cmd_fail(run, "%s", weir_err_text(err));
}

void cmd_warn(const struct cmd_run *run, const char *format, ...)
{
	bool old = cmd_is_personality(run);
	va_list ap;

	va_start(ap, format);
	say(old ? "" : run->prog, old ? "Warning: " : ": ", format, ap);
	va_end(ap);
}
