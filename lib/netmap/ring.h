/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A ring of a netmap program, and what its kernel would do with it: take what the program has
 * done with its slots, check it, and tell it how far the other side has got.
 *
 * The program owns the slots from head up to tail. Synchronising hands those that it has done
 * with over to the other side of the link (vale/link.h), from hwcur up to head, and moves
 * tail. hwcur is kept where the other side reads it: so all processes that share a descriptor
 * have one idea of it.
 *
 * Through a pipe slots go from a ring to send to the ring that the other end receives with
 * (vale/shm.h): the same slot of both names the same buffer, which belongs to one of them at
 * a time. A program that has put another one in tells so (NS_BUF_CHANGED), and the other
 * one takes over its number, in either direction.
 *
 * Nothing that the program writes is believed. Threads: of two who synchronise one ring at
 * the same time, the second goes away again.
 */
#ifndef NETMAP_RING_H
#define NETMAP_RING_H

#include <stdatomic.h>
#include <stdbool.h>

#include "vale/cycle.h"
#include "vale/link.h"

struct nm_ring {
	struct vale_ring *ring; /* the program's */
	struct vale_link link;
	uint32_t n, n_bufs; /* slots; buffers there are */
	uint8_t *bufs;	    /* buffer 0 */
	bool sends;
	struct vale_slot *peer; /* of a pipe: the slots of the other end's ring */
	atomic_flag busy;
};

/* False: what the program has written could not be, and the ring was put right. */
bool nm_ring_sync(struct nm_ring *k);

/* Does the program have slots to work on, by the last synchronisation? */
static inline bool nm_ring_ready(const struct nm_ring *k)
{
	return __atomic_load_n(&k->ring->cur, __ATOMIC_RELAXED) !=
	       __atomic_load_n(&k->ring->tail, __ATOMIC_RELAXED);
}

/* To send: has the program done with slots that were not handed over? */
static inline bool nm_ring_has_new(const struct nm_ring *k)
{
	return __atomic_load_n(&k->ring->head, __ATOMIC_RELAXED) != vale_link_told(&k->link);
}

#endif
