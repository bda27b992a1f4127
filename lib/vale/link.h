/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One direction of a queue, as a client of the switch has it: two indices in the control page,
 * by which each side tells the other how far it has got, and what wakes who sleeps (shm.h).
 *
 * Indices run from 0 to n - 1. For one thread at a time.
 */
#ifndef VALE_LINK_H
#define VALE_LINK_H

#include <stdbool.h>

#include "base/macros.h"
#include "vale/client.h"

struct vale_link {
	struct vale_wait limit; /* how far the other side has got */
	_Atomic uint32_t *mine; /* how far we have, */
	uint32_t behind;	/* less so many: of a pipe what is given back is told so */
	uint32_t n;		/* slots of the ring */
	const _Atomic uint32_t *peer_sleeps;
	int peer_fd;			     /* wakes it */
	const _Atomic uint32_t *peer_closed; /* of a pipe, or NULL */
	/* Of pipes: the switch wants to be told instead of the other side, there, by that. */
	const _Atomic uint32_t *watch;
	_Atomic uint32_t *offer;
	int watch_fd;
};

/* By ring, an index of the control page: to send, and to receive. */
void vale_link_send(struct vale_link *link, const struct vale_client *c, unsigned ring);
void vale_link_receive(struct vale_link *link, const struct vale_client *c, unsigned ring);

/* vale_link_tell() of a pipe that is monitored, or was just now. */
void vale_link_offer(const struct vale_link *link, uint32_t told);

/* The first slot that is not ours, of which those from pos on may be. */
static inline uint32_t vale_link_limit(const struct vale_link *link, uint32_t pos)
{
	/* Pairs with the other side's release: what it says of the slots before holds. */
	uint32_t limit = atomic_load_explicit(link->limit.index, memory_order_acquire);

	return likely(limit < link->n) ? limit : pos;
}

/* The first slot that we have not handed over or given back. */
static inline uint32_t vale_link_told(const struct vale_link *link)
{
	/* Pairs with the switch's release: what it has passed on is told. */
	uint32_t offered = atomic_load_explicit(link->offer, memory_order_acquire);
	uint32_t told = atomic_load_explicit(link->mine, memory_order_relaxed);

	if (unlikely(offered & VALE_OFFERED))
		told = offered & ~VALE_OFFERED;
	return (told % link->n + link->behind) % link->n;
}

/* Tells the other side that we have done with the slots before pos. */
static inline void vale_link_tell(const struct vale_link *link, uint32_t pos)
{
	uint32_t told = pos >= link->behind ? pos - link->behind : link->n - 1;

	if (unlikely(atomic_load_explicit(link->watch, memory_order_relaxed) |
		     atomic_load_explicit(link->offer, memory_order_relaxed))) {
		vale_link_offer(link, told);
		return;
	}
	/* Pairs with the other side's acquire. */
	atomic_store_explicit(link->mine, told, memory_order_release);
	vale_client_kick(link->peer_sleeps, link->peer_fd);
}

/* Of a pipe: has the other end been closed? */
static inline bool vale_link_is_closed(const struct vale_link *link)
{
	return link->peer_closed && atomic_load_explicit(link->peer_closed, memory_order_acquire);
}

#endif
