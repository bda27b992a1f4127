/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The walk over headers that tcpreplay 4.5 makes, for those outputs that must be the
 * same as that suite's. It differs from pkt_parse() in what it refuses (frames under 19
 * bytes, IEEE 802.3), in that it follows Ethernet within MPLS, and in the size of IPv6
 * extension headers (8 + 4 x length).
 */
#ifndef PKT_CLASSIC_H
#define PKT_CLASSIC_H

#include "pkt/parse.h"

/* tcprewrite wants headers whole that tcpprep does not look at: IP options, IPv6 extension
 * headers, what hardware Linux cooked frames come from. */
enum pkt_classic {
	PKT_CLASSIC_REWRITE,
	PKT_CLASSIC_PREP,
};

/* As pkt_parse(). Where MPLS holds Ethernet, .mac_off is that of the inner one. */
int pkt_parse_classic(enum pkt_classic as, uint32_t linktype, const uint8_t *p, uint32_t len,
		      struct pkt_layers *ret_layers);

#endif
