/* SPDX-License-Identifier: BSD-2-Clause */
/* What a netmap program does with the memory of a port (net/netmap.h). */
#ifndef WEIR_NETMAP_NET_NETMAP_USER_H
#define WEIR_NETMAP_NET_NETMAP_USER_H

#include <net/netmap.h>
#include <stdint.h>
#include <string.h>

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

static inline int nm_ring_empty(const struct netmap_ring *ring)
{
	return ring->head == ring->tail;
}

/* Copies a packet between buffers: up to 1 KiB in whole lines of 64 bytes, which buffers of
 * either have room for, and faster. */
static inline void nm_pkt_copy(const void *from, void *to, int len)
{
	memcpy(to, from, len < 1024 ? ((size_t)len + 63) & ~(size_t)63 : (size_t)len);
}

#ifdef __cplusplus
}
#endif
#endif
