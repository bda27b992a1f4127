/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "cmd.h"
#include "commands.h"

const struct cmd *const commands[] = {
	&cmd_bridge,  &cmd_capture, &cmd_diff,	 &cmd_edit,   &cmd_gen,
	&cmd_hwstamp, &cmd_info,    &cmd_ports,	 &cmd_replay, &cmd_run,
	&cmd_sink,    &cmd_split,   &cmd_switch, &cmd_tap,    NULL,
};

const struct cmd *const personalities[] = {
	&cmd_pkt_gen,	     &cmd_tcpbridge,  &cmd_tcpcapinfo, &cmd_tcpprep, &cmd_tcpreplay,
	&cmd_tcpreplay_edit, &cmd_tcprewrite, &cmd_vale_ctl,   NULL,
};

const struct cmd *cmd_find(const struct cmd *const list[], const char *name)
{
	for (; *list; list++) {
		if (strcmp((*list)->name, name) == 0)
			return *list;
	}
	return NULL;
}
