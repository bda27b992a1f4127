/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * weir run: becomes another program, before whose libraries the loader puts ours: one that is the
 * netmap API, which this kernel does not have, and one that knows ports which libpcap does not.
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
	const char *netmap_lib, *pcap_lib;
	uint32_t only; /* one of the library's kind, counted from 1; 0: all of them */
};

static const struct opt run_opts[] = {
	{ OPT(struct run_cfg, netmap_lib), .name = "lib", .letter = 'l', .metavar = "FILE",
	  .help = "take the netmap API from this library" },
	{ OPT(struct run_cfg, pcap_lib), .name = "pcap-lib", .metavar = "FILE",
	  .help = "take libpcap's calls from this library" },
	{ OPT(struct run_cfg, only), .name = "only", .metavar = "WHAT",
	  .choices = "all netmap pcap", .help = "give the program only the one or the other" },
	{ 0 },
};

/* Where it can come from. */
struct library {
	const char *told;   /* by an option; NULL: it was not given */
	const char *option; /* that one */
	const char *env;    /* the variable that tells otherwise */
	const char *name;   /* of the file, in the usual folders otherwise */
};

#define N_LIBRARIES 2u

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
			       "%s is neither beside weir nor in " WEIR_LIBDIR "; --%s or %s "
			       "may say where it is, and --only do without",
			       l->name, l->option, l->env);
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

/* Makes the loader put a library into what this program becomes. The exit status, or 0. */
static int give(const struct cmd_run *run, const char *program, const struct library *l)
{
	CLEANUP(freep)
	char *path = locate(run, l);
	struct weir_err err = { 0 };

	if (!path)
		return 1;
	if (preload_check(program, path, &err) < 0) {
		(void)cmd_fail(run, "%s", err.text);
		return STATUS_CANNOT_RUN;
	}
	preload_add(path);
	return 0;
}

static int run_run(const struct cmd_run *run, const void *cfg)
{
	const struct run_cfg *c = cfg;
	const struct library libraries[N_LIBRARIES] = {
		{ c->netmap_lib, "lib", "WEIR_NETMAP_LIB", "libweir-netmap.so" },
		{ c->pcap_lib, "pcap-lib", "WEIR_PCAP_LIB", "libweir-pcap.so" },
	};
	CLEANUP(freep)
	char *program = preload_find_program(run->operands[0]);

	if (!program) {
		(void)cmd_fail(run, "there is no program '%s'", run->operands[0]);
		return STATUS_NOT_FOUND;
	}
	for (unsigned i = 0; i < N_LIBRARIES; i++) {
		int status = c->only && c->only != i + 1 ? 0 : give(run, program, &libraries[i]);

		if (status)
			return status;
	}
	tell_program();
	/* The operands are what the command line ends with. */
	(void)execvp(program, run->argv + run->argc - run->n_operands);
	(void)cmd_fail(run, "%s: %s", program, strerror(errno));
	return STATUS_CANNOT_RUN;
}

const struct cmd cmd_run = {
	.name = "run",
	.summary = "run a program for netmap or libpcap on these ports",
	.operands = "[--] PROGRAM [ARGUMENT...]",
	.about =
		"The program is run as it is: what it asks of /dev/netmap, and what it asks "
		"libpcap "
		"for\nports such as vale0:p1, is answered by libraries that the loader puts before "
		"its own.\nIts exit status is that of weir.\n\n"
		"  weir run tcpdump -i vale0:p1 -w p1.pcap\n"
		"  weir run bridge -i vale0:a -i vale1:b",
	.dialect = OPT_WEIR,
	.min_operands = 1,
	.ends_at_operand = true,
	.opts = run_opts,
	.cfg_size = sizeof(struct run_cfg),
	.run = run_run,
};
