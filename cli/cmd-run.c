/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * weir run: becomes another program, before whose libraries the loader puts one that answers
 * its calls of an interface which this kernel does not have.
 */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "cmd.h"
#include "commands.h"
#include "preload.h"
#include "util.h"

/* As env(1) and the shells leave with. */
#define STATUS_CANNOT_RUN 126
#define STATUS_NOT_FOUND  127

struct run_cfg {
	const char *lib;
};

static const struct opt run_opts[] = {
	{ OPT(struct run_cfg, lib), .name = "lib", .letter = 'l', .metavar = "FILE",
	  .help = "take the netmap API from this library" },
	{ 0 },
};

/* Where it can come from. */
struct library {
	const char *told; /* by an option; NULL: it was not given */
	const char *env;  /* the variable that tells otherwise */
	const char *name; /* of the file, in the usual folders otherwise */
};

static char *in_folder(const char *folder, const char *name)
{
	CLEANUP(freep)
	char *path = NULL;

	return asprintf(&path, "%s/%s", folder, name) < 0 ? NULL : realpath(path, NULL);
}

/* Beside this program, as after a build; where libraries are installed with it; or NULL. */
static char *find_library(const char *name)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - sizeof("/../lib"));
	char *path = NULL, *slash;

	self[n > 0 ? n : 0] = '\0';
	slash = strrchr(self, '/');
	if (slash) {
		*slash = '\0';
		path = in_folder(self, name);
		if (path)
			return path;
		strcpy(slash, "/../lib");
		path = in_folder(self, name);
	}
	return path ? path : in_folder(WEIR_LIBDIR, name);
}

/* The library's path, to be freed; NULL: it has said what is wrong. */
static char *locate(const struct cmd_run *run, const struct library *l)
{
	const char *told = l->told ? l->told : getenv(l->env);
	CLEANUP(freep)
	char *path = told && *told ? realpath(told, NULL) : find_library(l->name);
	struct weir_err err = { 0 };

	if (!path && told && *told)
		(void)cmd_fail(run, "%s: %s", told, strerror(errno));
	else if (!path)
		(void)cmd_fail(run,
			       "%s is neither beside weir nor in " WEIR_LIBDIR "; --lib or %s "
			       "may say where it is",
			       l->name, l->env);
	else if (preload_check_library(path, &err) < 0)
		(void)cmd_fail(run, "%s", err.text);
	else
		return TAKE_PTR(path);
	return NULL;
}

/* Switches that the program starts are this very one. */
static void tell_program(void)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	self[n > 0 ? n : 0] = '\0';
	(void)setenv("WEIR_PROGRAM", self, 0);
}

/* Returns only if that fails. */
static int become(const struct cmd_run *run, const char *program, const char *library)
{
	struct weir_err err = { 0 };

	if (preload_check(program, library, &err) < 0) {
		(void)cmd_fail(run, "%s", err.text);
		return STATUS_CANNOT_RUN;
	}
	tell_program();
	preload_add(library);
	/* The operands are what the command line ends with. */
	(void)execvp(program, run->argv + run->argc - run->n_operands);
	(void)cmd_fail(run, "%s: %s", program, strerror(errno));
	return STATUS_CANNOT_RUN;
}

static int run_run(const struct cmd_run *run, const void *cfg)
{
	const struct run_cfg *c = cfg;
	const struct library netmap = { c->lib, "WEIR_NETMAP_LIB", "libweir-netmap.so" };
	CLEANUP(freep)
	char *library = locate(run, &netmap);
	CLEANUP(freep)
	char *program = NULL;

	if (!library)
		return 1;
	program = preload_find_program(run->operands[0]);
	if (!program) {
		(void)cmd_fail(run, "there is no program '%s'", run->operands[0]);
		return STATUS_NOT_FOUND;
	}
	return become(run, program, library);
}

const struct cmd cmd_run = {
	.name = "run",
	.summary = "run a program that was written for netmap",
	.operands = "[--] PROGRAM [ARGUMENT...]",
	.about = "The program is run as it is: /dev/netmap and what is asked of it are answered by "
		 "a "
		 "library\nthat the loader puts before its own. Its exit status is that of weir.",
	.dialect = OPT_WEIR,
	.min_operands = 1,
	.ends_at_operand = true,
	.opts = run_opts,
	.cfg_size = sizeof(struct run_cfg),
	.run = run_run,
};
