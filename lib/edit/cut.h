/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Cutting an IP datagram: TCP into segments, as a network card does for its host, and
 * anything into fragments (RFC 791, RFC 8200).
 *
 * What is in front of the payload is copied to each part, so VLAN tags, MPLS labels and
 * any link layer stay. Checksums stay as right or wrong as they were, except that one which
 * was left to the card (only the pseudo header is summed) is completed.
 */
#ifndef EDIT_CUT_H
#define EDIT_CUT_H

#include <stdbool.h>
#include <stdint.h>

#include <weir/edit.h>

#include "edit/made.h"
#include "pkt/parse.h"

/* The datagram that is cut. */
struct cut {
	struct weir_buf *b; /* may be written to */
	struct pkt_layers l;
	uint32_t size; /* of the datagram on the wire, or of what else the frame carries */
	uint32_t id;   /* of fragments, where the datagram has none: see cut_number() */
	bool copy_all; /* all flags go into each segment, all IPv4 options into each fragment */
};

/* How much a fragment carries behind its IP header, at most. */
struct cut_sizes {
	uint32_t first, rest; /* multiples of 8 */
	uint32_t last;
};

/* Looks at a frame, which is lent. *c is filled. 1; or 0: *ret_why it cannot be cut. */
int cut_begin(struct cut *c, struct weir_buf *b, enum weir_edit_reason *ret_why);

/*
 * Cut into parts, which are appended to out. 1: done; 0: it cannot be, *ret_why; negative:
 * -ENOMEM, or -E2BIG: too many. Only with 1 has out got all of them; otherwise it may have
 * got some.
 */

/* Segments with size bytes of payload at most. */
int cut_tcp(struct cut *c, uint32_t size, struct made_list *out, struct made_pool *pool,
	    enum weir_edit_reason *ret_why);
/* Segments whose datagrams have mtu bytes at most. */
int cut_tcp_mtu(struct cut *c, uint32_t mtu, struct made_list *out, struct made_pool *pool,
		enum weir_edit_reason *ret_why);

int cut_ip(struct cut *c, const struct cut_sizes *sizes, struct made_list *out,
	   struct made_pool *pool, enum weir_edit_reason *ret_why);
int cut_ip_mtu(struct cut *c, uint32_t mtu, struct made_list *out, struct made_pool *pool,
	       enum weir_edit_reason *ret_why);

/* Where in the frame the part begins that cut_ip() shares out among fragments. */
uint32_t cut_ip_data(const struct cut *c);
/* Takes back that the IPv4 header forbids fragments. */
void cut_allow(struct cut *c);

/* It is datagram i (from 0, less than MADE_MAX_FRAMES) that was made of its frame, and needs
 * another id than those. */
static inline void cut_number(struct cut *c, uint32_t i)
{
	c->id = (uint32_t)c->b->nr * (MADE_MAX_FRAMES + 1) + i;
}

/* Is it a whole TCP segment? */
bool cut_is_tcp(const struct cut *c);

/* Does its IPv4 header forbid fragments? */
bool cut_is_forbidden(const struct cut *c);

/* Bytes of the option at at, of those of an IPv4 or TCP header that end at end: 1 for the end of
 * the list (0) and for padding (1); 0: it makes no sense. */
static inline uint32_t cut_option_size(const uint8_t *header, uint32_t at, uint32_t end)
{
	uint32_t size = 1;

	if (header[at] > 1)
		size = at + 1 < end && header[at + 1] > 1 ? header[at + 1] : 0;
	return at + size <= end ? size : 0;
}

/* For both: */

/* Bytes at most n of the datagram from off (of the frame) on that the capture holds. */
uint32_t cut_captured(const struct cut *c, uint32_t off, uint32_t n);
/* Completes a checksum that was left to the card. */
void cut_complete_sum(struct cut *c);
/* The frame f has l3_off and now a datagram of size bytes: its headers are to say so, and
 * the frame that it was that long on the wire. */
void cut_set_size(struct weir_buf *f, const struct pkt_layers *l, uint32_t size);

#endif
