/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Packets within packets: from the headers of one to those of the packet that it carries.
 *
 *     |Ethernet|IP|UDP|VXLAN|Ethernet|IP|TCP|...
 *      \____ outer ____/     \____ inner ___/
 *
 * Sources: RFC 2003 and 2473 (IP in IP), 2784 and 2890 (GRE), 7348 (VXLAN), 8926 (Geneve),
 * 3032 (MPLS), 4385 and 4448 (Ethernet over MPLS), 3GPP TS 29.281 (GTP-U).
 */
#ifndef PKT_TUNNEL_H
#define PKT_TUNNEL_H

#include "pkt/parse.h"

enum pkt_tunnel {
	PKT_TUNNEL_MPLS = 1U << 0,   /* IP behind labels, or Ethernet if IP is in that */
	PKT_TUNNEL_IPIP = 1U << 1,   /* IP protocols 4 and 41; 137 (MPLS) too */
	PKT_TUNNEL_GRE = 1U << 2,    /* version 0, without routing */
	PKT_TUNNEL_VXLAN = 1U << 3,  /* UDP to 4789, or 8472 (Linux) */
	PKT_TUNNEL_GENEVE = 1U << 4, /* UDP to 6081 */
	PKT_TUNNEL_GTPU = 1U << 5,   /* UDP to 2152, version 1, G-PDU */

	PKT_TUNNELS = (1U << 6) - 1, /* all of them */
};

/*
 * The headers of the packet that one with the headers outer (of the frame at p) carries
 * in a tunnel of one of these kinds. Offsets in both count from p. With PKT_TUNNEL_MPLS,
 * outer's own labels are the tunnel if it has any, and IP behind them is the inner packet.
 *
 * Reads nothing past outer->end. -ENOENT: it carries none (*ret_inner is undefined);
 * otherwise as pkt_parse(), with no offset set if the tunnel's header is what is cut.
 */
int pkt_parse_inner(unsigned kinds, const uint8_t *p, const struct pkt_layers *outer,
		    struct pkt_layers *ret_inner);

#endif
