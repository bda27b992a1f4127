/* SPDX-License-Identifier: BSD-2-Clause */
#include "vale/link.h"

static void init(struct vale_link *link, const struct vale_client *c, unsigned ring)
{
	link->n = vale_layout_slots(&c->layout, ring);
	link->peer_closed = c->is_pipe ? &c->ctl->closed[!c->end] : NULL;
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
}
