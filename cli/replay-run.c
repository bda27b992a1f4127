/* SPDX-License-Identifier: BSD-2-Clause */
/* A replay from its opening to its statistics. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "interfaces.h"
#include "replay.h"
#include "util.h"

/* With --strict-rate. */
#define EXIT_RATE_MISSED 3

/* It does not come to sending. Wrong usage is so for weir alone. The exit status. */
static int refuse(const struct cmd_run *run, int code, bool usage, struct weir_err *err)
{
	if (code == -ENOMSG)
		return cmd_fail_as_is(run, "%s", weir_err_text(err));
	return cmd_failed(run, usage && !cmd_is_personality(run), err);
}

/* tcpreplay with --preload-pcap counts flows while it loads: of one pass. */
static void as_loaded(struct replay_result *res)
{
	uint64_t loops = res->send.loops ? res->send.loops : 1;

	res->flows.expired /= loops;
	res->flows.frames /= loops;
	res->flows.non_flow_frames /= loops;
	res->port_flows = false;
}

/* Warns if the rate was missed, and says whether. */
static bool tell_reached(const struct replay *p, const struct replay_result *res)
{
	char text[256];

	if (!res->reached.paced || res->reached.why == REACHED_YES)
		return false;
	reached_text(&res->reached, text, sizeof(text));
	if (!p->cfg->suppress_warnings)
		cmd_warn(p->run, "%s", text);
	return true;
}

/* Why frames did not leave: the statistics, which are tcpreplay's, only count them. */
static void tell_refused(const struct replay *p, const struct replay_result *res)
{
	if (p->cfg->suppress_warnings)
		return;
	for (unsigned i = 0; i < res->n_ports; i++)
		for (unsigned why = 0; why < WEIR_N_REFUSALS; why++) {
			uint64_t n = res->ports[i].stats.tx_refused[why];

			if (n)
				cmd_warn(p->run, "%s: %" PRIu64 " frames were not sent: %s",
					 res->ports[i].name, n,
					 weir_refusal_text((enum weir_refusal)why));
		}
}

/* Frames that went as they were, or not at all. */
static void tell_unedited(const struct replay *p, const struct replay_edit_result *res)
{
	if (p->cfg->suppress_warnings || replay_edit_failure(p->edit))
		return; /* the one that ended it is told in other words */
	for (unsigned i = 0; i < WEIR_N_EDIT_REASONS; i++)
		if (res->failed[i])
			cmd_warn(p->run,
				 "%" PRIu64 " frames not edited: %s (the first is frame %" PRIu64
				 " of %s)",
				 res->failed[i], weir_edit_reason_text((enum weir_edit_reason)i),
				 res->first_nr[i], p->files.paths[res->first_file[i]]);
	if (res->left_out)
		cmd_warn(p->run, "%" PRIu64 " frames not sent: not of the new link type",
			 res->left_out);
}

/* Prints what it came to. The exit status. */
static int tell(struct replay *p)
{
	struct replay_result res;

	replay_result(p, &res);
	if (p->cfg->json) {
		if (replay_print_json(p->out, p->run->cmd->name, &res) < 0)
			return cmd_fail(p->run, "out of memory");
	} else {
		if (cmd_is_personality(p->run) && p->cfg->preload && !res.send.stopped)
			as_loaded(&res);
		replay_print_text(p->out, &res);
		if (opt_given(p->run->opts, "stats") && !cmd_is_personality(p->run))
			replay_print_lateness(p->out, &res);
	}
	(void)fflush(p->out); /* before what follows on stderr; who called looks whether it went */
	if (cmd_is_personality(p->run))
		return 0; /* tcpreplay is content whatever came of it */
	tell_refused(p, &res);
	tell_unedited(p, &res.edit);
	if (res.failed || res.trace.problems || res.edit.left_out)
		return 1;
	return tell_reached(p, &res) && p->cfg->pace.strict_rate ? EXIT_RATE_MISSED : 0;
}

static int send_all(struct replay *p)
{
	struct weir_err err = { 0 };
	int r = replay_drive(p, &err);
	int status = p->sender ? tell(p) : 0;

	if (r < 0)
		return cmd_fail(p->run, "%s", weir_err_text(&err));
	if (replay_edit_failure(p->edit))
		return cmd_fail(p->run, "%s", replay_edit_failure(p->edit));
	return status;
}

int replay_run(struct replay *p)
{
	const struct replay_cfg *cfg = p->cfg;
	struct weir_err err = { 0 };
	bool usage = false;
	int r, status;

	if (cmd_is_personality(p->run))
		interface_warn_old(p->run);
	/* The frames have standard output for themselves; tcpreplay mixes them. */
	p->out = cfg->write && strcmp(cfg->write, "-") == 0 && !cmd_is_personality(p->run) ? stderr
											   : stdout;
	p->signals = -EBADF;
	if (cfg->pid)
		fprintf(stderr, "PID: %d\n", (int)getpid());
	r = replay_open(p, &usage, &err);
	status = r < 0 ? refuse(p->run, r, usage, &err) : send_all(p);
	replay_close(p);
	return status;
}
