/* SPDX-License-Identifier: BSD-2-Clause */
#include "vale/link.h"

#include <errno.h>

static void init(struct vale_link *link, const struct vale_client *c, unsigned ring)
{
	link->n = vale_layout_slots(&c->layout, ring);
	link->peer_closed = c->is_pipe ? &c->ctl->closed[!c->end] : NULL;
	link->watch_fd = c->is_pipe ? c->fds[VALE_PIPE_KICK] : -EBADF;
}

void vale_link_send(struct vale_link *link, const struct vale_client *c, unsigned ring)
{
	struct vale_ctl_ring *r = &c->ctl->ring[ring];

	init(link, c, ring);
	link->limit = vale_client_wait_tx(c, ring);
	link->mine = &r->head;
	link->behind = 0;
	link->peer_sleeps = c->is_pipe ? &r->wants_room : &c->ctl->asleep;
	link->peer_fd = c->fds[c->is_pipe ? VALE_PIPE_WAKE + 2 * !c->end + 1 : VALE_FD_KICK];
	link->watch = &r->watch_head;
	link->offer = &r->offered;
}

void vale_link_receive(struct vale_link *link, const struct vale_client *c, unsigned ring)
{
	struct vale_ctl_ring *r = &c->ctl->ring[ring];

	init(link, c, ring);
	link->limit = vale_client_wait_rx(c, ring);
	link->mine = c->is_pipe ? &r->tail : &r->head;
	link->behind = c->is_pipe;
	link->peer_sleeps = c->is_pipe ? &r->sleeps : &r->wants_room;
	link->peer_fd = c->fds[c->is_pipe ? VALE_PIPE_WAKE + 2 * !c->end : VALE_FD_KICK];
	link->watch = &r->watch_tail;
	link->offer = &r->returned;
}

void vale_link_offer(const struct vale_link *link, uint32_t told)
{
	const uint64_t one = 1;

	/* Pairs with the switch's acquire. */
	atomic_store_explicit(link->offer, told | VALE_OFFERED, memory_order_release);
	/* It is offered, now the flag is read again: pairs with the switch's fence. */
	atomic_thread_fence(memory_order_seq_cst);
	if (atomic_load_explicit(link->watch, memory_order_relaxed)) {
		(void)!write(link->watch_fd, &one, sizeof(one)); /* full: it is awake */
		return;
	}
	atomic_store_explicit(link->mine, told, memory_order_release);
	atomic_store_explicit(link->offer, 0, memory_order_release);
	vale_client_kick(link->peer_sleeps, link->peer_fd);
}
