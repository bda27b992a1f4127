/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TPACKET_V3: a ring of blocks that the kernel fills and hands over whole. Frames are lent
 * where they lie; blocks are given back of which every frame has been lent.
 */
#include <errno.h>
#include <linux/if_packet.h>
#include <string.h>
#include <sys/socket.h>

#include "base/err.h"
#include "base/macros.h"
#include "port/packet-rx.h"

enum {
	BLOCK_TIMEOUT_MS = 1, /* a block that is not full is handed over after this */
	FRAME_SIZE = 2048,    /* has no meaning in V3, but must divide the block */
};

static int blocks_make(struct packet_rx *rx, const struct weir_iface *iface, struct weir_err *err)
{
	const unsigned n = (unsigned)(rx->ring_size / PACKET_BLOCK_SIZE);
	struct tpacket_req3 req = {
		.tp_block_size = PACKET_BLOCK_SIZE,
		.tp_block_nr = n,
		.tp_frame_size = FRAME_SIZE,
		.tp_frame_nr = n * (PACKET_BLOCK_SIZE / FRAME_SIZE),
		.tp_retire_blk_tov = BLOCK_TIMEOUT_MS,
	};

	(void)iface; /* any length fits */
	if (setsockopt(rx->fd, SOL_PACKET, PACKET_RX_RING, &req, sizeof(req)) < 0)
		return err_set(err, -errno, "%s", strerror(errno));
	rx->n = n;
	return 0;
}

static struct tpacket_block_desc *block_at(const struct packet_rx *rx, unsigned i)
{
	return (struct tpacket_block_desc *)(void *)(rx->ring + (size_t)i * PACKET_BLOCK_SIZE);
}

/* Pairs with the kernel's barrier before it hands the block over. */
static bool block_is_ours(const struct packet_rx *rx, unsigned i)
{
	return __atomic_load_n(&block_at(rx, i)->hdr.bh1.block_status, __ATOMIC_ACQUIRE) &
	       TP_STATUS_USER;
}

/* Sets left and next to the frames of the next block. False: there is none now. */
static bool begin_block(struct packet_rx *rx)
{
	struct tpacket_block_desc *b = block_at(rx, rx->cur);

	if (rx->held == rx->n || !block_is_ours(rx, rx->cur))
		return false;
	rx->blocks.left = b->hdr.bh1.num_pkts;
	rx->blocks.next = (void *)((uint8_t *)b + b->hdr.bh1.offset_to_first_pkt);
	return true;
}

static void lend_frame(const struct packet_rx *rx, struct tpacket3_hdr *h, struct weir_pkt *ret_pkt)
{
	const struct packet_told told = {
		.status = h->tp_status,
		.tci = (uint16_t)h->hv1.tp_vlan_tci,
		.tpid = h->hv1.tp_vlan_tpid,
		.from = (const void *)((const uint8_t *)h + TPACKET_ALIGN(sizeof(*h))),
	};

	*ret_pkt = (struct weir_pkt){
		.data = (uint8_t *)h + h->tp_mac,
		.len = h->tp_snaplen,
		.orig_len = h->tp_len,
		.ts_ns = (int64_t)h->tp_sec * (int64_t)NSEC_PER_SEC + h->tp_nsec,
	};
	packet_complete(rx, &told, ret_pkt);
}

static unsigned blocks_take(struct packet_rx *rx, struct weir_pkt *ret_pkts, unsigned max,
			    uint64_t *dropped)
{
	unsigned n = 0;

	(void)dropped; /* the kernel counts all */
	while (n < max && (rx->blocks.left || begin_block(rx))) {
		while (n < max && rx->blocks.left) {
			struct tpacket3_hdr *h = rx->blocks.next;

			rx->blocks.next = (void *)((uint8_t *)h + h->tp_next_offset);
			lend_frame(rx, h, &ret_pkts[n++]);
			rx->blocks.left--;
		}
		if (!rx->blocks.left)
			packet_hold(rx);
	}
	return n;
}

static void blocks_release(struct packet_rx *rx)
{
	for (; rx->held; rx->held--)
		__atomic_store_n(&block_at(rx, packet_first_held(rx))->hdr.bh1.block_status,
				 TP_STATUS_KERNEL, __ATOMIC_RELEASE);
}

static bool blocks_have_frames(const struct packet_rx *rx)
{
	return rx->blocks.left || (rx->held < rx->n && block_is_ours(rx, rx->cur));
}

const struct packet_ring_ops packet_blocks = {
	.version = TPACKET_V3,
	.make = blocks_make,
	.has_frames = blocks_have_frames,
	.take = blocks_take,
	.release = blocks_release,
};
