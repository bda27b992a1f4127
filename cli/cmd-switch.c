/* SPDX-License-Identifier: BSD-2-Clause */
/* weir switch: runs a switch between programs, and asks one that runs. */
#include <string.h>

#include "commands.h"
#include "switch.h"
#include "util.h"

static const struct opt rows[] = {
	{ OPT(struct switch_cfg, group), .name = "group", .metavar = "GROUP",
	  .help = "its members may use the switch, too" },
	{ OPT(struct switch_cfg, lossless), .name = "lossless",
	  .help = "a receiver that is full holds its senders, instead of losing frames" },
	{ OPT(struct switch_cfg, age_s), .name = "age", .metavar = "S", .min = 1,
	  .max = UINT32_MAX / 2, .help = "forget an address after S seconds of silence" },
	{ OPT(struct switch_cfg, threads), .name = "threads", .letter = 't', .metavar = "N",
	  .min = 1, .max = WEIR_SWITCH_MAX_THREADS,
	  .help = "forward by N threads, each for the frames of its share of the ports" },
	{ OPT(struct switch_cfg, quota_mib), .name = "quota", .metavar = "MIB", .min = 1,
	  .max = 1U << 24, .help = "memory that the ports of one user may take (2048)" },
	{ OPT(struct switch_cfg, max_ports), .name = "max-ports", .metavar = "N", .min = 1,
	  .max = 254, .help = "ports that one user may have (128)" },
	{ OPT(struct switch_cfg, attach), .name = "attach", .letter = 'a', .metavar = "IFACE",
	  .help = "attach a network interface from the start: eth0, packet:eth0, xdp:eth0, ..." },
	{ OPT(struct switch_cfg, filter_in), .name = "filter-in", .metavar = "EXPR",
	  .help = "--attach, attach, new, set: a capture filter for frames that come from the "
		  "port" },
	{ OPT(struct switch_cfg, filter_out), .name = "filter-out", .metavar = "EXPR",
	  .help = "the same for frames that go to it" },
	{ OPT(struct switch_cfg, edit_in), .name = "edit-in", .metavar = "OPTIONS",
	  .help = "options of weir edit, in one word, for frames that come from the port" },
	{ OPT(struct switch_cfg, edit_out), .name = "edit-out", .metavar = "OPTIONS",
	  .help = "the same for frames that go to it" },
	{ OPT(struct switch_cfg, temporary), .name = "temporary",
	  .help = "end with the last port" },
	{ OPT(struct switch_cfg, background), .name = "background", .letter = 'b',
	  .help = "return as soon as programs can connect, and go on running" },
	{ OPT(struct switch_cfg, rings), .name = "rings", .metavar = "N", .min = 1, .max = 16,
	  .help = "new: rings to send, and to receive (1)" },
	{ OPT(struct switch_cfg, slots), .name = "slots", .metavar = "N", .min = 16, .max = 4096,
	  .help = "new: slots of each ring (1024)" },
	{ OPT(struct switch_cfg, watch), .name = "watch", .letter = 'w',
	  .help = "show: every second, with rates, until interrupted" },
	{ OPT(struct switch_cfg, json), .name = "json",
	  .help = "list, show: print JSON, one object a time" },
	{ 0 },
};

/* Says what went wrong; 0: nothing. The exit status. */
static int tell(const struct cmd_run *run, int r, struct weir_err *err)
{
	return r < 0 ? cmd_fail(run, "%s: %s", run->operands[1], weir_err_text(err)) : 0;
}

static bool has_rules(const struct switch_cfg *cfg)
{
	return cfg->filter_in || cfg->filter_out || cfg->edit_in || cfg->edit_out;
}

static int new_port(const struct cmd_run *run, const struct switch_cfg *cfg)
{
	const char *name = run->operands[1], *port = run->operands[2];
	const struct weir_switch_shape shape = { .tx_rings = cfg->rings,
						 .rx_rings = cfg->rings,
						 .tx_slots = cfg->slots,
						 .rx_slots = cfg->slots };
	struct weir_switch_rules rules;
	struct weir_err err = { 0 };
	int r;

	if (switch_rules(cfg, &rules, &err) < 0)
		return cmd_usage(run, "%s", weir_err_text(&err));
	r = weir_switch_new_port(name, port, &shape, &err);
	if (r < 0 || !has_rules(cfg)) /* setting them takes more rights */
		return tell(run, r, &err);
	r = weir_switch_set_rules(name, port, &rules, &err);
	if (r < 0)
		(void)weir_switch_delete_port(name, port, NULL); /* the other error is told */
	return tell(run, r, &err);
}

static int delete_port(const struct cmd_run *run, const struct switch_cfg *cfg)
{
	struct weir_err err = { 0 };

	(void)cfg;
	return tell(run, weir_switch_delete_port(run->operands[1], run->operands[2], &err), &err);
}

static int attach(const struct cmd_run *run, const struct switch_cfg *cfg)
{
	struct weir_switch_rules rules;
	struct weir_err err = { 0 };

	if (switch_rules(cfg, &rules, &err) < 0)
		return cmd_usage(run, "%s", weir_err_text(&err));
	return tell(run, weir_switch_attach(run->operands[1], run->operands[2], &rules, &err),
		    &err);
}

static int detach(const struct cmd_run *run, const struct switch_cfg *cfg)
{
	struct weir_err err = { 0 };

	(void)cfg;
	return tell(run, weir_switch_detach(run->operands[1], run->operands[2], &err), &err);
}

static int set(const struct cmd_run *run, const struct switch_cfg *cfg)
{
	struct weir_switch_rules rules;
	struct weir_err err = { 0 };

	if (switch_rules(cfg, &rules, &err) < 0)
		return cmd_usage(run, "%s", weir_err_text(&err));
	return tell(run, weir_switch_set_rules(run->operands[1], run->operands[2], &rules, &err),
		    &err);
}

static int end(const struct cmd_run *run, const struct switch_cfg *cfg)
{
	struct weir_err err = { 0 };

	(void)cfg;
	if (weir_switch_end(run->operands[1], &err) < 0)
		return cmd_fail(run, "%s", weir_err_text(&err));
	return 0;
}

static int show(const struct cmd_run *run, const struct switch_cfg *cfg)
{
	return switch_show(run, cfg, run->operands[1]);
}

static const struct verb {
	const char *name, *operands;
	unsigned n; /* operands, itself counted */
	int (*act)(const struct cmd_run *run, const struct switch_cfg *cfg);
} verbs[] = {
	{ "list", "", 1, switch_list },		  { "show", " SWITCH", 2, show },
	{ "new", " SWITCH PORT", 3, new_port },	  { "delete", " SWITCH PORT", 3, delete_port },
	{ "attach", " SWITCH IFACE", 3, attach }, { "detach", " SWITCH IFACE", 3, detach },
	{ "set", " SWITCH PORT", 3, set },	  { "end", " SWITCH", 2, end },
};

static int cmd_switch_run(const struct cmd_run *run, const void *fields)
{
	const struct switch_cfg *cfg = fields;
	const char *first = run->operands[0];

	for (unsigned i = 0; i < ARRAY_SIZE(verbs); i++) {
		if (strcmp(first, verbs[i].name) != 0)
			continue;
		if (run->n_operands != verbs[i].n)
			return cmd_usage(run, "usage: weir switch %s%s", verbs[i].name,
					 verbs[i].operands);
		return verbs[i].act(run, cfg);
	}
	if (run->n_operands > 1)
		return cmd_usage(
			run, "'%s' is none of list, show, new, delete, attach, detach, set, end",
			first);
	return switch_run(run, cfg, first);
}

const struct cmd cmd_switch = {
	.name = "switch",
	.summary = "run a switch between programs, or ask one",
	.operands = "SWITCH | list | show SWITCH | new SWITCH PORT | delete SWITCH PORT | "
		    "attach SWITCH IFACE | detach SWITCH IFACE | set SWITCH PORT | end SWITCH",
	.about = "Port p1 of the switch vale0 is vale0:p1 for every command of weir. None of them\n"
		 "needs the switch to be started before, nor any privilege.",
	.min_operands = 1,
	.max_operands = 3,
	.opts = rows,
	.cfg_size = sizeof(struct switch_cfg),
	.run = cmd_switch_run,
};
