/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Flows: which frames belong together.
 *
 * A flow is what tcpreplay 4.5 counts: IP version, both addresses and protocol in
 * one direction, with the ports of TCP and UDP and the type and code of ICMP,
 * whatever VLAN it comes on. A frame's lane is a hash of addresses and any ports that
 * is the same in both directions, by which workers share a trace out: frames of one
 * lane keep their order.
 *
 * Only the first fragment of an IP datagram has ports. The table remembers the last
 * datagrams that began with one, so that later fragments get its lane: a flow of
 * which some datagrams are fragmented stays in order. Not so if the fragments
 * themselves arrive later part first, or some hundred other fragmented datagrams
 * come between two parts: such a part goes by addresses alone.
 *
 * A table belongs to one thread at a time.
 */
#ifndef PKT_FLOW_H
#define PKT_FLOW_H

#include <stdint.h>

enum flow_verdict {
	FLOW_NONE,    /* not IP: belongs to no flow */
	FLOW_INVALID, /* cannot be told: cut within a header that tells it, or an IEEE
		       * 802.3 frame with a length where others have a type */
	FLOW_KNOWN,   /* its flow was seen before */
	FLOW_NEW,     /* first frame of its flow */
	FLOW_EXPIRED, /* first frame after its flow was idle for longer than expiry_s */
};

struct flow_table;
struct pkt_layers;

/* An empty table, to be freed with flow_table_free(); NULL if there is no memory. */
struct flow_table *flow_table_new(void);
/* NULL is allowed. Returns NULL. */
struct flow_table *flow_table_free(struct flow_table *t);

/*
 * Looks a frame up and enters it: an enum flow_verdict, or -ENOMEM. expiry_s counts
 * whole seconds between the capture times, as tcpreplay does; 0: flows never expire.
 * ret_lane may be NULL. Flows are kept apart by a 64-bit hash: among ten million
 * there is about one chance in a million that two of them count as one.
 */
int flow_see(struct flow_table *t, uint32_t linktype, const uint8_t *frame, uint32_t len,
	     int64_t ts_ns, uint32_t expiry_s, uint8_t *ret_lane);

/* The same, without a lane, of a frame that pkt_parse() walked with the result parsed. */
int flow_see_parsed(struct flow_table *t, int parsed, const struct pkt_layers *l,
		    const uint8_t *frame, int64_t ts_ns, uint32_t expiry_s);

/*
 * The lane alone: by addresses and ports; by the pair of MAC addresses if it is not
 * IP; 0 if it has neither. The table is used for fragments only; NULL: they all go by
 * addresses alone. The same frames in the same order get the same
 * lanes everywhere.
 */
uint8_t flow_lane(struct flow_table *t, uint32_t linktype, const uint8_t *frame, uint32_t len);

#endif
