/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * packet, receiving: what the two kinds of ring share with packet-rx.c.
 *
 *	packet-blocks.c	TPACKET_V3: frames packed into blocks, each handed over when it is
 *			full, or after a millisecond
 *	packet-slots.c	TPACKET_V2: a slot for each frame, handed over at once
 */
#ifndef PORT_PACKET_RX_H
#define PORT_PACKET_RX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "port/backend.h"
#include "port/link.h"

enum {
	PACKET_BLOCK_SIZE = 1 << 20, /* holds the longest frame there is */
	/* Before a frame: for a VLAN tag, and the byte that tells of it. */
	PACKET_ROOM_BEFORE = 8,
};

struct packet_rx;
struct sockaddr_ll;

struct packet_ring_ops {
	int version; /* TPACKET_V... */
	/* Makes the ring of rx->ring_size bytes, without mapping it. */
	int (*make)(struct packet_rx *rx, const struct weir_iface *iface, struct weir_err *err);
	bool (*has_frames)(const struct packet_rx *rx);
	/* Lends up to max frames. Those that cannot be had whole are added to *dropped. */
	unsigned (*take)(struct packet_rx *rx, struct weir_pkt *ret_pkts, unsigned max,
			 uint64_t *dropped);
	void (*release)(struct packet_rx *rx); /* gives back the places that are held */
	void (*done)(struct packet_rx *rx);    /* NULL: it holds nothing */
};

extern const struct packet_ring_ops packet_blocks, packet_slots;

struct packet_rx {
	_Alignas(64) int fd;
	const struct packet_ring_ops *ops;
	uint8_t *ring;
	size_t ring_size;
	unsigned n;    /* places of the ring: blocks, or slots */
	unsigned cur;  /* the one that frames are lent from next */
	unsigned held; /* those before it that were lent whole */
	bool was_down; /* the socket told so: its removal may go untold */
	uint32_t snaplen;
	uint32_t before; /* bytes that stand before each frame: WEIR_OFFLOAD_LEN */
	bool told;	 /* so does a byte: enum weir_rx_told */
	struct link_track link;
	union {
		struct {
			uint32_t left;		   /* frames of cur that were not lent yet */
			struct tpacket3_hdr *next; /* the first of them */
		} blocks;
		struct {
			size_t size;	   /* of a slot */
			unsigned n_copies; /* that were lent */
			uint8_t *copies;   /* room for frames that do not fit a slot */
		} slots;
	};
};

/* What the kernel tells of a frame beside it. */
struct packet_told {
	uint32_t status; /* TP_STATUS_... */
	uint16_t tci, tpid;
	const struct sockaddr_ll *from;
};

/* The place that frames are lent from has been lent whole: on to the next. */
static inline void packet_hold(struct packet_rx *rx)
{
	rx->held++;
	rx->cur = rx->cur + 1 < rx->n ? rx->cur + 1 : 0;
}

/* The first of those that are held. */
static inline unsigned packet_first_held(const struct packet_rx *rx)
{
	return (rx->cur + rx->n - rx->held) % rx->n;
}

/* Puts in front of a frame, where there is room, what is to stand there: a VLAN tag that was
 * taken out of it, and the byte that tells of it. */
void packet_complete(const struct packet_rx *rx, const struct packet_told *told,
		     struct weir_pkt *pkt);

#endif
