/* SPDX-License-Identifier: BSD-2-Clause */
/* weir switch: what its files share. */
#ifndef CLI_SWITCH_H
#define CLI_SWITCH_H

#include <weir/switch.h>

#include "cmd.h"

struct switch_cfg {
	const char *group;
	struct opt_list attach;
	const char *filter_in, *filter_out, *edit_in, *edit_out;
	bool temporary, background, lossless, json, watch;
	uint64_t age_s;
	uint32_t threads, rings, slots, max_ports;
	uint64_t quota_mib;
};

/* switch-run.c: runs it until a signal comes or it ends. All of these return the exit
 * status. */
int switch_run(const struct cmd_run *run, const struct switch_cfg *cfg, const char *name);

/* switch-rules.c: for the switch to make rules with, and what was asked for, checked: 0, or
 * -EINVAL with the text. */
extern const struct weir_switch_maker switch_maker;
int switch_rules(const struct switch_cfg *cfg, struct weir_switch_rules *ret_rules,
		 struct weir_err *err);

/* switch-show.c. */
int switch_list(const struct cmd_run *run, const struct switch_cfg *cfg);
int switch_show(const struct cmd_run *run, const struct switch_cfg *cfg, const char *name);

#endif
