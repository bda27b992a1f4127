/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * weir replay, tcpreplay and tcpreplay-edit: send recorded frames through ports.
 */
#include "commands.h"
#include "interfaces.h"
#include "replay.h"
#include "util.h"

/* What only tcpreplay and tcpreplay-edit mind. */
static int check_old_usage(const struct cmd_run *run, const struct replay_cfg *cfg)
{
	bool edits = run->cmd->more_opts != NULL;
	bool seed = edits && opt_given(run->opts, "seed");

	if (cfg->unique_ip && (seed || (edits && opt_given(run->opts, "fuzz-seed"))))
		return cmd_usage(run, "the 'unique-ip' and '%s' options conflict",
				 seed ? "seed" : "fuzz-seed");
	if (cfg->edit.endpoints && !cfg->cachefile)
		return cmd_usage(run, "endpoints option requires the cachefile option");
	if (edits && cfg->preload && cfg->loop > 1)
		return cmd_fail(run, "Unable to parse args: tcpreplay_edit --loop (-l) and "
				     "--preload_pcap (-K) options are mutually exclusive");
	if (cfg->intf2 && !cfg->cachefile && !cfg->dualfile)
		return cmd_fail(run,
				"Unable to parse args: "
				"--intf2=%s requires either --cachefile or --dualfile",
				cfg->intf2);
	return 0;
}

/* What only the number and kind of operands and options together tell. 0, or the exit
 * status. */
static int check_usage(const struct cmd_run *run, const struct replay_cfg *cfg)
{
	if (cmd_is_personality(run))
		return check_old_usage(run, cfg);
	if (cfg->intf2 && !cfg->cachefile && !cfg->dualfile && !cfg->split)
		return cmd_usage(run, "--intf2 needs --cachefile, --dualfile or --split");
	if (cfg->edit.endpoints && !cfg->intf2)
		return cmd_usage(run, "--endpoints needs --cachefile, --dualfile or --split");
	return 0;
}

static int run_replay(const struct cmd_run *run, const void *fields)
{
	const struct replay_cfg *cfg = fields;
	struct replay p = { .run = run, .cfg = cfg };
	struct weir_err err = { 0 };
	int status;

	if (cfg->listnics)
		return interfaces_list(stdout, &err) < 0 ? cmd_fail(run, "%s", weir_err_text(&err))
							 : 0;
	status = check_usage(run, cfg);
	return status ? status : replay_run(&p);
}

const struct cmd cmd_replay = {
	.name = "replay",
	.summary = "send recorded traffic through ports",
	.operands = "FILE|FOLDER|- ...",
	.about = "Without --multiplier, --pps, --mbps, --topspeed and --oneatatime the frames\n"
		 "leave as they were recorded. PORT is a name like eth0, xdp:eth0, packet:eth0,\n"
		 "file:x.pcapng or null: (see 'weir ports'), or %N for number N of --listnics.",
	.min_operands = 1,
	.opts = replay_rows,
	.more_opts = replay_edit_rows,
	.more_page = "edit",
	.cfg_size = sizeof(struct replay_cfg),
	.defaults = &replay_defaults,
	.section = "tcpreplay",
	.run = run_replay,
};

const struct cmd cmd_tcpreplay = {
	.name = "tcpreplay",
	.summary = "replay recorded network traffic",
	.operands = "FILE|FOLDER|- ...",
	.dialect = OPT_AUTOOPTS,
	.min_operands = 1,
	.opts = replay_rows,
	.cfg_size = sizeof(struct replay_cfg),
	.defaults = &replay_defaults,
	.section = "tcpreplay",
	.run = run_replay,
};

const struct cmd cmd_tcpreplay_edit = {
	.name = "tcpreplay-edit",
	.summary = "edit and replay recorded network traffic",
	.operands = "FILE|FOLDER|- ...",
	.dialect = OPT_AUTOOPTS,
	.min_operands = 1,
	.opts = replay_rows,
	.more_opts = replay_edit_rows,
	.cfg_size = sizeof(struct replay_cfg),
	.defaults = &replay_defaults,
	.section = "tcpreplay",
	.run = run_replay,
};
