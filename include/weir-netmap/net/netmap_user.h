/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a netmap program does with the memory of a port (net/netmap.h), and, if
 * NETMAP_WITH_LIBS is defined, the older way to open one: nm_open() and its kin. libnetmap.h
 * has the newer.
 */
#ifndef WEIR_NETMAP_NET_NETMAP_USER_H
#define WEIR_NETMAP_NET_NETMAP_USER_H

#include <ctype.h>
#include <net/if.h>
#include <net/netmap.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#define NETMAP_DEVICE_NAME "/dev/netmap"

/* Programs count on finding these here. */
#ifndef likely
#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#endif

/* Messages for people who look for mistakes: none; one; at most some in a second. They need
 * stdio.h where they are used. */
#ifndef ND
#define ND(format, ...)                                                                            \
	do {                                                                                       \
	} while (0)
#define D(format, ...)                                                                             \
	do {                                                                                       \
		struct timeval now_;                                                               \
		gettimeofday(&now_, NULL);                                                         \
		fprintf(stderr, "%03d.%06d %s [%d] " format "\n", (int)(now_.tv_sec % 1000),       \
			(int)now_.tv_usec, __func__, __LINE__, ##__VA_ARGS__);                     \
	} while (0)
#define RD(per_second, format, ...)                                                                \
	do {                                                                                       \
		static time_t second_;                                                             \
		static int said_;                                                                  \
		struct timeval then_;                                                              \
		gettimeofday(&then_, NULL);                                                        \
		if (then_.tv_sec != second_) {                                                     \
			second_ = then_.tv_sec;                                                    \
			said_ = 0;                                                                 \
		}                                                                                  \
		if (said_++ < (per_second))                                                        \
			D(format, ##__VA_ARGS__);                                                  \
	} while (0)
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define NETMAP_OFFSET_(type, p, offset) ((type)(void *)((char *)(p) + (offset)))

/* The netmap_if at an offset of the mapped memory. */
#define NETMAP_IF(base, offset) NETMAP_OFFSET_(struct netmap_if *, base, offset)

/* Ring i of a netmap_if; rings of the host follow the others. */
#define NETMAP_TXRING(nifp, i) NETMAP_OFFSET_(struct netmap_ring *, nifp, (nifp)->ring_ofs[i])
#define NETMAP_RXRING(nifp, i)                                                                     \
	NETMAP_OFFSET_(struct netmap_ring *, nifp,                                                 \
		       (nifp)->ring_ofs[(i) + (nifp)->ni_tx_rings + (nifp)->ni_host_tx_rings])

/* A buffer by its number, and the number of one. */
#define NETMAP_BUF(ring, index)                                                                    \
	((char *)(ring) + (ring)->buf_ofs + (int64_t)(index) * (ring)->nr_buf_size)
#define NETMAP_BUF_IDX(ring, buf)                                                                  \
	((uint32_t)(((char *)(buf) - ((char *)(ring) + (ring)->buf_ofs)) / (ring)->nr_buf_size))

/* Where in its buffer the bytes of a slot begin. */
#define NETMAP_ROFFSET(ring, slot) ((slot)->ptr & (ring)->offset_mask)
#define NETMAP_WOFFSET(ring, slot, offset)                                                         \
	((slot)->ptr = ((slot)->ptr & ~(ring)->offset_mask) | ((offset) & (ring)->offset_mask))
#define NETMAP_BUF_OFFSET(ring, slot)                                                              \
	(NETMAP_BUF(ring, (slot)->buf_idx) + NETMAP_ROFFSET(ring, slot))

static inline uint32_t nm_ring_next(const struct netmap_ring *ring, uint32_t i)
{
	return i + 1 == ring->num_slots ? 0 : i + 1;
}

/* Are there slots handed over that have not been sent? */
static inline int nm_tx_pending(const struct netmap_ring *ring)
{
	return nm_ring_next(ring, ring->tail) != ring->head;
}

/* Slots from head up to tail. */
static inline uint32_t nm_ring_space(const struct netmap_ring *ring)
{
	return ring->tail >= ring->head ? ring->tail - ring->head
					: ring->tail + ring->num_slots - ring->head;
}

/* Copies a packet, or a part of it, between buffers. */
static inline void nm_pkt_copy(const void *from, void *to, int len)
{
	memcpy(to, from, (size_t)len);
}

/* Bytes of a packet that the buffer of a slot holds. */
static inline size_t nm_slot_room_(const struct netmap_ring *ring, const struct netmap_slot *slot)
{
	size_t offset = NETMAP_ROFFSET(ring, slot);

	return offset < ring->nr_buf_size ? ring->nr_buf_size - offset : 0;
}

/* Copies a packet into as many free slots as it needs, and hands them over: 1; 0: there are
 * not so many. The next synchronisation sends it. */
static inline int nm_ring_put_(struct netmap_ring *ring, const void *packet, size_t size)
{
	uint32_t end = ring->head;
	size_t left, room = 0;

	for (left = size; end != ring->tail; end = nm_ring_next(ring, end)) {
		room = nm_slot_room_(ring, &ring->slot[end]);
		if (left <= room)
			break;
		left -= room;
	}
	if (end == ring->tail)
		return 0;
	for (uint32_t i = ring->head;; i = nm_ring_next(ring, i)) {
		struct netmap_slot *slot = &ring->slot[i];

		room = i == end ? left : nm_slot_room_(ring, slot);
		nm_pkt_copy(packet, NETMAP_BUF_OFFSET(ring, slot), (int)room);
		packet = (const char *)packet + room;
		slot->len = (uint16_t)room;
		slot->flags = i == end ? 0 : NS_MOREFRAG;
		if (i == end)
			break;
	}
	ring->head = ring->cur = nm_ring_next(ring, end);
	return 1;
}

#ifdef __cplusplus
}
#endif
#if defined(NETMAP_WITH_LIBS) && !defined(HAVE_NETMAP_WITH_LIBS)
#define HAVE_NETMAP_WITH_LIBS
#include <net/netmap_open.h>
#endif
#endif
