/* SPDX-License-Identifier: BSD-2-Clause */
/* weir bridge, and tcpbridge: what arrives at one port leaves by another, and back. */
#include <errno.h>
#include <inttypes.h>
#include <unistd.h>

#include "bridge.h"
#include "commands.h"
#include "interfaces.h"
#include "old-split.h"
#include "util.h"

static const struct opt edit_rows[] = {
	EDIT_ROWS(struct bridge_cfg, edit),
	FRAGROUTE_ROWS(struct bridge_cfg, cut, NULL, OPT_WEIR_ONLY),
	CUT_ROWS(struct bridge_cfg, cut),
	{ 0 },
};

static const struct opt rows[] = {
	{ OPT(struct bridge_cfg, intf1), .name = "intf1", .letter = 'i', .metavar = "PORT",
	  .flags = OPT_REQUIRED, .help = "the one port: that of clients" },
	{ OPT(struct bridge_cfg, intf2), .name = "intf2", .letter = 'I', .metavar = "PORT",
	  .flags = OPT_REQUIRED, .help = "the other port: that of servers" },
	{ OPT(struct bridge_cfg, unidir), .name = "unidir", .letter = 'u',
	  .help = "only from --intf1 to --intf2" },
	{ OPT(struct bridge_cfg, listnics), .name = "listnics", .flags = OPT_ALONE,
	  .help = "list network interfaces and leave" },
	{ OPT(struct bridge_cfg, limit), .name = "limit", .letter = 'L', .metavar = "N", .min = 1,
	  .help = "stop after N frames were forwarded" },
	{ OPT(struct bridge_cfg, duration_s), .name = "duration", .metavar = "S", .min = 1,
	  .max = UINT64_MAX / NSEC_PER_SEC / 2, .flags = OPT_WEIR_ONLY,
	  .help = "stop after S seconds" },
	{ OPT(struct bridge_cfg, macs), .name = "mac", .letter = 'M', .metavar = "MAC",
	  .old_most = 2, .help = "another address of our own: frames from it are not forwarded" },
	{ OPT(struct bridge_cfg, guard), .name = "guard", .metavar = "HOW", .flags = OPT_WEIR_ONLY,
	  .choices = "loop pin off", .help = "what is done against loops" },
	{ OPT(struct bridge_cfg, include), .name = "include", .letter = 'x', .metavar = "RULE",
	  .conflicts = "exclude",
	  .help = "forward only: S:, D:, B:, E: and networks, P: and numbers, F: and a filter" },
	{ OPT(struct bridge_cfg, exclude), .name = "exclude", .letter = 'X', .metavar = "RULE",
	  .conflicts = "include", .help = "forward all but these" },
	{ OPT(struct bridge_cfg, filter), .name = "filter", .metavar = "EXPR",
	  .flags = OPT_WEIR_ONLY, .conflicts = "filter1 filter2",
	  .help = "forward only what this capture filter takes" },
	{ OPT(struct bridge_cfg, filter1), .name = "filter1", .metavar = "EXPR",
	  .flags = OPT_WEIR_ONLY, .conflicts = "filter",
	  .help = "the same, of what arrives at --intf1" },
	{ OPT(struct bridge_cfg, filter2), .name = "filter2", .metavar = "EXPR",
	  .flags = OPT_WEIR_ONLY, .conflicts = "filter unidir",
	  .help = "the same, of what arrives at --intf2" },
	{ OPT(struct bridge_cfg, queues), .name = "queues", .letter = 'Q', .metavar = "N", .min = 1,
	  .max = 64, .flags = OPT_WEIR_ONLY,
	  .help = "use N queues of each port; without it all of xdp: ports and one of others" },
	{ OPT(struct bridge_cfg, strict), .name = "strict", .flags = OPT_WEIR_ONLY,
	  .help = "drop frames that an edit cannot be applied to; fail if any was lost" },
	{ OPT(struct bridge_cfg, pid), .name = "pid", .letter = 'P',
	  .help = "print the process id" },
	{ OPT(struct bridge_cfg, verbose), .name = "verbose", .letter = 'v', .flags = OPT_AGAIN,
	  .help = "print the forwarded frames by tcpdump" },
	{ OPT(struct bridge_cfg, decode), .name = "decode", .letter = 'A', .metavar = "ARGS",
	  .requires = "verbose", .help = "more arguments for tcpdump" },
	{ OPT(struct bridge_cfg, suppress_warnings), .name = "suppress-warnings", .letter = 'w',
	  .flags = OPT_AGAIN, .help = "print no warnings" },
	{ OPT(struct bridge_cfg, stats_s), .name = "stats", .metavar = "S", .min = 1,
	  .max = UINT64_MAX / NSEC_PER_SEC / 2, .flags = OPT_WEIR_ONLY,
	  .help = "print the rates every S seconds" },
	{ OPT(struct bridge_cfg, quiet), .name = "quiet", .letter = 'q', .flags = OPT_WEIR_ONLY,
	  .help = "no progress and no remarks" },
	{ OPT(struct bridge_cfg, json), .name = "json", .flags = OPT_WEIR_ONLY,
	  .help = "print the statistics as one JSON object" },
	{ 0 },
};

/* What the statistics count without the reason's consequence: a hint for the user. */
static void tell_hints(const struct bridge *b, const struct bridge_figures *f)
{
	if (f->refused[WEIR_REFUSED_TOO_LONG])
		cmd_warn(b->run,
			 "%s: %" PRIu64 " frames were longer than it can carry: its MTU has to be "
			 "that of %s, and greater if edits add to frames",
			 f->to, f->refused[WEIR_REFUSED_TOO_LONG], f->from);
	if (f->guard.looped)
		cmd_warn(b->run,
			 "%s: %" PRIu64 " frames came on a loop: both ports lead to the same "
			 "network (--guard)",
			 f->from, f->guard.looped);
	if (f->lost)
		cmd_warn(b->run, "%s: %" PRIu64 " frames arrived faster than they were taken",
			 f->from, f->lost);
}

/* Were frames lost that should have been forwarded? */
static bool has_losses(const struct bridge *b, const struct bridge_figures *f)
{
	if (f->refused_total || f->lanes.no_room || f->lanes.cut)
		return true;
	for (unsigned i = 0; i < WEIR_N_EDIT_REASONS && b->cfg->strict; i++) {
		if (f->not_edited[i])
			return true;
	}
	return b->cfg->strict && f->lost;
}

/* Prints what it came to. The exit status. */
static int tell(const struct bridge *b)
{
	struct bridge_result res;
	int status = 0;

	bridge_result(b, true, &res);
	if (cmd_is_personality(b->run)) {
		bridge_print_totals(stdout, &res);
		return 0;
	}
	if (!b->cfg->json)
		bridge_print_text(stdout, &res);
	else if (bridge_print_json(stdout, &res) < 0)
		return cmd_fail(b->run, "out of memory");
	(void)fflush(stdout); /* before what follows on stderr; who called looks whether it went */
	for (unsigned d = 0; d < res.n_dirs; d++) {
		if (!b->cfg->suppress_warnings)
			tell_hints(b, &res.dirs[d]);
		status |= has_losses(b, &res.dirs[d]);
	}
	return status;
}

/* What the rules mean to tcpbridge. */
static int read_rules(const struct cmd_run *run, struct bridge_cfg *cfg, struct weir_err *err)
{
	int r = cfg->include ? old_rule(run, false, &cfg->include, err) : 0;

	return r >= 0 && cfg->exclude ? old_rule(run, true, &cfg->exclude, err) : r;
}

/* As tcpbridge: with its options and words. */
static int open_old(struct bridge *b, struct bridge_cfg *cfg, struct weir_err *err)
{
	bool usage; /* it is all fatal */
	int r;

	interface_warn_old(b->run);
	r = read_rules(b->run, cfg, err);
	if (r >= 0)
		r = bridge_open(b, &usage, err);
	return r == -EINVAL ? old_filter_fault(cfg->include, r, err) : r;
}

/* Opens all that is needed. The exit status, or -1: it is open. */
static int open_bridge(struct bridge *b, struct bridge_cfg *cfg)
{
	struct weir_err err = { 0 };
	bool usage = false;
	int r;

	if (cmd_is_personality(b->run))
		r = open_old(b, cfg, &err);
	else
		r = bridge_open(b, &usage, &err);
	if (r >= 0)
		return -1;
	return cmd_failed(b->run, usage, &err);
}

static int run_bridge(const struct cmd_run *run, const void *fields)
{
	struct bridge_cfg cfg = *(const struct bridge_cfg *)fields;
	struct bridge b = {
		.run = run, .cfg = &cfg, .signals = -EBADF, .decoding = PTHREAD_MUTEX_INITIALIZER
	};
	struct weir_err err = { 0 };
	int status;

	if (cfg.listnics)
		return interfaces_list(stdout, &err) < 0 ? cmd_fail(run, "%s", weir_err_text(&err))
							 : 0;
	if (run->n_operands)
		return cmd_usage(run, "'%s' is one argument too many", run->operands[0]);
	if (cfg.pid)
		fprintf(stderr, "PID: %d\n", (int)getpid());
	status = open_bridge(&b, &cfg);
	if (status < 0) {
		int r = bridge_drive(&b, &err);

		status = tell(&b);
		if (r < 0)
			status = cmd_fail(run, "%s", weir_err_text(&err));
	}
	bridge_close(&b);
	return status;
}

const struct cmd cmd_bridge = {
	.name = "bridge",
	.summary = "forward what arrives at one port to another, and back",
	.operands = "-i PORT -I PORT",
	.about = "Frames may be filtered and edited on their way. Ports are named as for weir "
		 "replay; both\n"
		 "have to receive and to send, unless --unidir is given.",
	.dialect = OPT_WEIR,
	.opts = rows,
	.more_opts = edit_rows,
	.more_page = "edit",
	.cfg_size = sizeof(struct bridge_cfg),
	.section = "TCPBRIDGE",
	.run = run_bridge,
};

const struct cmd cmd_tcpbridge = {
	.name = "tcpbridge",
	.summary = "forward what arrives at one interface to another, and back",
	.operands = "",
	.dialect = OPT_AUTOOPTS,
	.opts = rows,
	.more_opts = edit_rows,
	.cfg_size = sizeof(struct bridge_cfg),
	.section = "TCPBRIDGE",
	.run = run_bridge,
};
