/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ports by netmap's names, and what weir calls them:
 *
 *	eth0, netmap:eth0	eth0		an interface, in the way that weir thinks best
 *	netmap:eth0-2		eth0@2		one of its rings
 *	vale0:p1		vale0:p1	a port of a switch
 *	vale0:x{1, netmap:x}1	the same	an end of a pipe
 *	tap0, tap:tap0		tap:tap0
 *	pcap:eth0		packet:eth0
 *	null			null:
 *
 * Any other name with a colon is weir's own.
 */
#ifndef CLI_PKTGEN_NAME_H
#define CLI_PKTGEN_NAME_H

#include <stdbool.h>

#include <weir/err.h>

struct pktgen_name {
	char weir[128];	 /* weir's name */
	char shown[128]; /* what pkt-gen calls it: "netmap:eth0" */
	bool vale;	 /* a port or a pipe of a switch */
	bool pipe;	 /* an end of a pipe */
	bool no_tx, no_rx;
	unsigned rings; /* that were asked for, in the direction of traffic; 0: none were */
	bool set_aside; /* rings or slots were told that an interface does not take from us */
};

/*
 * Reads a name. config: "TX_SLOTS[,RX_SLOTS[,TX_RINGS[,RX_RINGS]]]", where 0 and what is missing
 * is the default, or NULL. sends: which of the rings are of interest. -EINVAL, and -ENOTSUP
 * with the reason: ports of netmap that are not to be had here.
 */
int pktgen_name_parse(const char *text, const char *config, bool sends,
		      struct pktgen_name *ret_name, struct weir_err *err);

#endif
