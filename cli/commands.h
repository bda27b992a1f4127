/* SPDX-License-Identifier: BSD-2-Clause */
/* The commands and personalities, each in a cmd-NAME.c. To add one: a name here and a row
 * in commands.c. */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "cmd.h"

extern const struct cmd cmd_bridge, cmd_capture, cmd_diff, cmd_edit, cmd_gen, cmd_hwstamp, cmd_info,
	cmd_ports, cmd_replay, cmd_run, cmd_sink, cmd_split, cmd_switch, cmd_tap;
extern const struct cmd cmd_pkt_gen, cmd_tcpbridge, cmd_tcpcapinfo, cmd_tcpprep, cmd_tcpreplay,
	cmd_tcpreplay_edit, cmd_tcprewrite, cmd_vale_ctl;

#endif
