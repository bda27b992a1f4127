/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A slot:
 *
 *	| struct tpacket2_hdr | struct virtio_net_hdr | frame ...
 *	^ tp_status           ^ DATA_OFFSET
 *
 * net/packet/af_packet.c, tpacket_snd(): unless the second header says otherwise, the kernel
 * copies only as much of a frame as the device has for a header, and lends the device the
 * slot for the rest. For short frames that is slower, some devices (veth) copy it once more,
 * and the slot would be busy until the last reader is done. So .hdr_len is the whole frame.
 */
#include "port/packet-ring.h"

#include <assert.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/macros.h"
#include "port/packet.h"

/* What a network card may have under way, and more than the engine sends at once. */
#define SLOTS	    512U
#define SLOT_SIZE   2048U
#define BLOCK_SIZE  (64U << 10)
#define SIZE	    ((size_t)SLOTS * SLOT_SIZE)
#define DATA_OFFSET (TPACKET2_HDRLEN - sizeof(struct sockaddr_ll))
#define FRAME	    (DATA_OFFSET + sizeof(struct virtio_net_hdr))

static_assert(FRAME + PACKET_RING_FRAME == SLOT_SIZE, "a slot holds what the header says");

struct packet_ring {
	int fd;
	uint8_t *mem;
	uint32_t head; /* the slot that the kernel looks at next */
};

DEFINE_CLEANUP(struct packet_ring *, packet_ring_close)

static struct tpacket2_hdr *slot_at(const struct packet_ring *ring, uint32_t pos)
{
	return (void *)(ring->mem + (size_t)(pos % SLOTS) * SLOT_SIZE);
}

static uint32_t get_status(const struct packet_ring *ring, uint32_t pos)
{
	return __atomic_load_n(&slot_at(ring, pos)->tp_status, __ATOMIC_ACQUIRE);
}

static void set_status(struct packet_ring *ring, uint32_t pos, uint32_t status)
{
	__atomic_store_n(&slot_at(ring, pos)->tp_status, status, __ATOMIC_RELEASE);
}

static int set_option(int fd, int option, const void *value, size_t size)
{
	return setsockopt(fd, SOL_PACKET, option, value, (socklen_t)size) < 0 ? -errno : 0;
}

static int set_options(int fd)
{
	const struct tpacket_req req = {
		.tp_block_size = BLOCK_SIZE,
		.tp_block_nr = (unsigned)(SIZE / BLOCK_SIZE),
		.tp_frame_size = SLOT_SIZE,
		.tp_frame_nr = SLOTS,
	};
	const int one = 1, version = TPACKET_V2;
	int r = set_option(fd, PACKET_QDISC_BYPASS, &one, sizeof(one));

	if (r == 0)
		r = set_option(fd, PACKET_VNET_HDR, &one, sizeof(one));
	if (r == 0)
		r = set_option(fd, PACKET_VERSION, &version, sizeof(version));
	return r < 0 ? r : set_option(fd, PACKET_TX_RING, &req, sizeof(req));
}

int packet_ring_open(const struct weir_iface *iface, struct packet_ring **ret_ring)
{
	CLEANUP(packet_ring_closep)
	struct packet_ring *ring = calloc(1, sizeof(*ring));
	void *mem;
	int r;

	if (!ring)
		return -ENOMEM;
	ring->fd = packet_socket(iface, NULL);
	if (ring->fd < 0)
		return ring->fd;
	r = set_options(ring->fd);
	if (r == 0)
		r = packet_bind(ring->fd, iface, 0, NULL);
	if (r < 0)
		return r;
	mem = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring->fd, 0);
	if (mem == MAP_FAILED)
		return -errno;
	ring->mem = mem;

	*ret_ring = TAKE_PTR(ring);
	return 0;
}

struct packet_ring *packet_ring_close(struct packet_ring *ring)
{
	if (!ring)
		return NULL;
	if (ring->mem)
		(void)munmap(ring->mem, SIZE); /* cannot fail */
	closep(&ring->fd);
	free(ring);
	return NULL;
}

int packet_ring_fd(const struct packet_ring *ring)
{
	return ring->fd;
}

static void put_frame(struct packet_ring *ring, uint32_t pos, const struct weir_pkt *pkt)
{
	const struct virtio_net_hdr head = { .hdr_len = (uint16_t)pkt->len };
	struct tpacket2_hdr *slot = slot_at(ring, pos);

	memcpy((uint8_t *)slot + DATA_OFFSET, &head, sizeof(head));
	memcpy((uint8_t *)slot + FRAME, pkt->data, pkt->len);
	slot->tp_len = (uint32_t)sizeof(head) + pkt->len;
	set_status(ring, pos, TP_STATUS_SEND_REQUEST);
}

/* Fills slots as long as the next one is free: how many. */
static unsigned put_frames(struct packet_ring *ring, const struct weir_pkt *pkts, unsigned n)
{
	unsigned i;

	for (i = 0; i < n && get_status(ring, ring->head + i) == TP_STATUS_AVAILABLE; i++)
		put_frame(ring, ring->head + i, &pkts[i]);
	return i;
}

/* Has the kernel taken the slot? Not if it said why not. */
static bool is_taken(const struct packet_ring *ring, uint32_t pos)
{
	return !(get_status(ring, pos) & (TP_STATUS_SEND_REQUEST | TP_STATUS_WRONG_FORMAT));
}

unsigned packet_ring_send(struct packet_ring *ring, const struct weir_pkt *pkts, unsigned n,
			  unsigned *ret_tried, int *ret_error)
{
	unsigned tried = put_frames(ring, pkts, n), taken = 0;
	int error = EAGAIN;

	if (tried && sendto(ring->fd, NULL, 0, MSG_DONTWAIT, NULL, 0) < 0)
		error = errno;
	while (taken < tried && is_taken(ring, ring->head + taken))
		taken++;
	ring->head += taken;
	for (unsigned i = 0; i < tried - taken; i++)
		set_status(ring, ring->head + i, TP_STATUS_AVAILABLE);
	*ret_tried = tried;
	*ret_error = error;
	return taken;
}
