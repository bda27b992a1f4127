/* SPDX-License-Identifier: BSD-2-Clause */
/* Network interfaces by number, as tcpreplay's --listnics and its alias %N have them. */
#ifndef CLI_INTERFACES_H
#define CLI_INTERFACES_H

#include <stdint.h>
#include <stdio.h>

#include <weir/err.h>

#include "cmd.h"

/* Their names, a line each, without loopback. 0, or a negative errno. */
int interfaces_list(FILE *to, struct weir_err *err);

/* The name of number N of that list, from 1, for alias "%N". -ENODEV: there is none. */
int interface_alias(const char *alias, char ret_name[16], struct weir_err *err);

/* The hardware address of the interface that a port is on, "xdp:eth0,zc@1" being on eth0; left
 * as it is if there is none. */
void interface_mac(const char *port, uint8_t mac[6]);

/* Can tcpreplay's programs use the port of that name? Those of weir's own kinds they do not
 * know; of others they say so in their words: -ENODEV, there is none; -ENETDOWN. */
int interface_check_old(const char *name, struct weir_err *err);

/* They warn whoever is not root. */
void interface_warn_old(const struct cmd_run *run);

/* What they say of a port that has not been opened, for reasons that they know: code, with the
 * text in err. Returns code. */
int interface_fault_old(const char *name, int code, struct weir_err *err);

#endif
