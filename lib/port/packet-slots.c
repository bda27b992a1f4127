/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TPACKET_V2: a ring of slots, one for each frame, which is there as soon as it has come. A
 * slot holds a frame of the interface's MTU. Longer ones, which the kernel makes where it
 * leaves cutting for later, wait in the socket besides, and are read into memory of ours.
 */
#include <errno.h>
#include <linux/if_packet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/err.h"
#include "base/macros.h"
#include "port/packet-rx.h"

enum {
	MIN_SLOT = 2048,
	BESIDE = 256, /* in a slot: headers of the kernel, of the link layer and tags */
	MAX_COPIES = 64,
	COPY_SIZE = PACKET_ROOM_BEFORE + WEIR_OFFLOAD_LEN + WEIR_FRAME_MAX,
	WAITING_BYTES = 16 << 20,
};

static size_t slot_size(const struct weir_iface *iface)
{
	size_t size = MIN_SLOT;

	while (size < (size_t)iface->mtu + BESIDE && size < PACKET_BLOCK_SIZE)
		size *= 2;
	return size;
}

/* Long frames wait in the socket. */
static int let_wait(struct packet_rx *rx, struct weir_err *err)
{
	const int one = 1, bytes = WAITING_BYTES;

	if (setsockopt(rx->fd, SOL_PACKET, PACKET_COPY_THRESH, &one, sizeof(one)) < 0)
		return err_set(err, -errno, "PACKET_COPY_THRESH: %s", strerror(errno));
	/* The first needs CAP_NET_ADMIN, the second gives what the system allows. */
	if (setsockopt(rx->fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) < 0)
		(void)setsockopt(rx->fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	/* Pages that no frame comes to are never touched. */
	rx->slots.copies = malloc((size_t)MAX_COPIES * COPY_SIZE);
	return rx->slots.copies ? 0 : err_set(err, -ENOMEM, "%s", strerror(ENOMEM));
}

static int slots_make(struct packet_rx *rx, const struct weir_iface *iface, struct weir_err *err)
{
	const size_t size = slot_size(iface);
	struct tpacket_req req = {
		.tp_block_size = PACKET_BLOCK_SIZE,
		.tp_block_nr = (unsigned)(rx->ring_size / PACKET_BLOCK_SIZE),
		.tp_frame_size = (unsigned)size,
		.tp_frame_nr = (unsigned)(rx->ring_size / size),
	};

	if (setsockopt(rx->fd, SOL_PACKET, PACKET_RX_RING, &req, sizeof(req)) < 0)
		return err_set(err, -errno, "%s", strerror(errno));
	rx->n = req.tp_frame_nr;
	rx->slots.size = size;
	return let_wait(rx, err);
}

static struct tpacket2_hdr *slot_at(const struct packet_rx *rx, unsigned i)
{
	return (struct tpacket2_hdr *)(void *)(rx->ring + i * rx->slots.size);
}

/* Pairs with the kernel's barrier before it hands the slot over. */
static uint32_t status_of(const struct packet_rx *rx)
{
	return __atomic_load_n(&slot_at(rx, rx->cur)->tp_status, __ATOMIC_ACQUIRE);
}

static bool slots_have_frames(const struct packet_rx *rx)
{
	return rx->held < rx->n && status_of(rx) & TP_STATUS_USER;
}

/* Reads the frame that waits in the socket. */
static bool fetch_copy(struct packet_rx *rx, struct weir_pkt *pkt)
{
	uint8_t *at =
		rx->slots.copies + rx->slots.n_copies * (size_t)COPY_SIZE + PACKET_ROOM_BEFORE;
	const size_t room = rx->before + (size_t)MIN(pkt->orig_len, WEIR_FRAME_MAX);
	const ssize_t n = recv(rx->fd, at, room, MSG_DONTWAIT);

	if (n < (ssize_t)room || pkt->orig_len > WEIR_FRAME_MAX)
		return false;
	pkt->data = at + rx->before;
	pkt->len = MIN(pkt->orig_len, rx->snaplen);
	rx->slots.n_copies++;
	return true;
}

/* False: the frame cannot be had whole. */
static bool lend_slot(struct packet_rx *rx, uint32_t status, struct weir_pkt *ret_pkt)
{
	struct tpacket2_hdr *h = slot_at(rx, rx->cur);
	const struct packet_told told = {
		.status = status,
		.tci = h->tp_vlan_tci,
		.tpid = h->tp_vlan_tpid,
		.from = (const void *)((const uint8_t *)h + TPACKET_ALIGN(sizeof(*h))),
	};

	*ret_pkt = (struct weir_pkt){
		.data = (uint8_t *)h + h->tp_mac,
		.len = h->tp_snaplen,
		.orig_len = h->tp_len,
		.ts_ns = (int64_t)h->tp_sec * (int64_t)NSEC_PER_SEC + h->tp_nsec,
	};
	if (unlikely(status & TP_STATUS_COPY)) {
		if (!fetch_copy(rx, ret_pkt))
			return false;
	} else if (unlikely(ret_pkt->len < MIN(ret_pkt->orig_len, rx->snaplen))) {
		return false; /* no room for it to wait */
	}
	packet_complete(rx, &told, ret_pkt);
	return true;
}

static unsigned slots_take(struct packet_rx *rx, struct weir_pkt *ret_pkts, unsigned max,
			   uint64_t *dropped)
{
	unsigned n = 0;

	while (n < max && rx->held < rx->n && rx->slots.n_copies < MAX_COPIES) {
		const uint32_t status = status_of(rx);

		if (!(status & TP_STATUS_USER))
			break;
		if (likely(lend_slot(rx, status, &ret_pkts[n])))
			n++;
		else
			++*dropped;
		packet_hold(rx);
	}
	return n;
}

static void slots_release(struct packet_rx *rx)
{
	for (; rx->held; rx->held--)
		__atomic_store_n(&slot_at(rx, packet_first_held(rx))->tp_status, TP_STATUS_KERNEL,
				 __ATOMIC_RELEASE);
	rx->slots.n_copies = 0;
}

static void slots_done(struct packet_rx *rx)
{
	free(rx->slots.copies);
}

const struct packet_ring_ops packet_slots = {
	.version = TPACKET_V2,
	.make = slots_make,
	.has_frames = slots_have_frames,
	.take = slots_take,
	.release = slots_release,
	.done = slots_done,
};
