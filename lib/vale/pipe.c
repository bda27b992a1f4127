/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pipes: the switch gives both ends the same memory and means to wake each other, tells one
 * when the other has gone, and has no part in what goes through, unless somebody monitors it
 * (monitor.c).
 *
 * A pipe is a port without a part in forwarding, whose name is that of its end '{'. When an end
 * has gone, the other can read what is left. Who wants the end that has gone for itself finds it
 * taken; who shares it, as netmap's programs do, goes on where it was left.
 */
#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/macros.h"
#include "vale/name.h"
#include "vale/server.h"

static void free_pipe(struct server *srv, struct vport *v)
{
	if (v->p.ctl)
		monitor_forget(srv, v);
	if (v->kick_fd >= 0)
		server_forget_fd(&srv->workers[0], v->kick_fd);
	close_fd(&v->kick_fd);
	for (unsigned i = 0; i < ARRAY_SIZE(v->wake_fds); i++)
		close_fd(&v->wake_fds[i]);
	port_drop_memory(v);
	port_free(srv, v);
}

/* The four rings: the two of each way have the same buffers (shm.h). */
static void format(struct vport *v)
{
	const struct vale_layout *l = &v->p.layout;
	uint32_t n = l->shape.tx_slots;

	for (unsigned i = 0; i < VALE_PIPE_RINGS; i++) {
		unsigned end = i / 2, receives = i % 2;
		const struct vale_ring_format f = {
			.at = l->ring_at + i * l->ring_size,
			.dir = (uint16_t)receives,
			.n_slots = n,
			.first_buf = l->first_buf + (end ^ receives) * n,
		};

		vale_format_ring(&l->in, v->p.mem, &f);
	}
	v->p.bufs = v->p.mem + l->in.bufs_at;
	for (unsigned way = 0; way < 2; way++) {
		struct vale_kring *k = &v->p.tx[way];

		k->slots = vale_layout_ring(l, v->p.mem, vale_pipe_ring(way))->slot;
		if (!l->first_buf)
			pool_fill_slots(v->pool, k->slots,
					vale_layout_ring(l, v->p.mem, 2 * way)->slot, n);
		k->ctl = &v->p.ctl->ring[way];
		k->n = n;
		/* All of it is free. */
		atomic_store_explicit(&k->ctl->tail, n - 1, memory_order_relaxed);
	}
	port_note_rings(v->pool, l, VALE_PIPE_RINGS);
}

/* Descriptors that its ends have in common. */
static int make_fds(struct server *srv, struct vport *v)
{
	for (unsigned i = 0; i < ARRAY_SIZE(v->wake_fds); i++) {
		v->wake_fds[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (v->wake_fds[i] < 0)
			return -errno;
	}
	v->kick_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return v->kick_fd < 0 ? -errno : server_watch_fd(&srv->workers[0], v->kick_fd);
}

/* o: with the name of the pipe. Of its shape only the slots to send count, for both ways. */
static int make_pipe(struct server *srv, struct conn *c, struct vale_open *o,
		     struct vport **ret_port, struct weir_err *err)
{
	struct vport *v;
	int r;

	o->shape.tx_rings = o->shape.rx_rings = 1;
	o->shape.rx_slots = o->shape.tx_slots;
	r = port_make(srv, c, o, &v, err);
	if (r < 0)
		return r;
	v->kind = VALE_KIND_PIPE;
	r = port_make_memory(srv, v, VALE_PIPE_RINGS, 2 * v->p.layout.shape.tx_slots, err);
	if (r == 0) {
		r = make_fds(srv, v);
		if (r < 0)
			(void)err_set(err, r, "no descriptors for a pipe: %s", strerror(-r));
	}
	if (r < 0) {
		free_pipe(srv, v);
		return r;
	}
	format(v);
	*ret_port = v;
	return 0;
}

/* Has the end been left by all who had it? */
static bool was_left(const struct vport *v, unsigned end)
{
	return v->left >> end & 1;
}

static int check_pipe(const struct conn *c, const struct vport *v, const struct vale_open *o,
		      unsigned end, struct weir_err *err)
{
	if (v->uid != c->uid)
		return err_set(err, -EACCES, "the port '%s' belongs to another user", o->port);
	if (was_left(v, end) && !(o->flags & VALE_OPEN_SHARED))
		return err_set(err, -EBUSY, "somebody has had the port '%s' open", o->port);
	if (o->ring != VALE_ALL_RINGS && o->ring > 0)
		return err_set(err, -EINVAL, "the pipe '%s' has no ring %u", o->port, o->ring);
	if (o->mem_id && v->pool->id != o->mem_id)
		return err_set(err, -EINVAL, "the pipe '%s' is in the region %u", o->port,
			       v->pool->id);
	return 0;
}

static int join_pipe(struct conn *c, struct vport *v, unsigned end, struct weir_err *err)
{
	int r;

	c->ring = end;
	c->tx_mask = c->flags & VALE_OPEN_RX_ONLY ? 0 : 1U << end;
	c->rx_mask = c->flags & VALE_OPEN_TX_ONLY ? 0 : 1U << end;
	r = join_take_rings(v, c, err);
	if (r < 0)
		return r;
	r = join_make_pipe(&c->client_life, &c->life);
	if (r < 0) {
		join_drop_rings(v, c);
		return err_set(err, r, "no descriptors for a pipe: %s", strerror(-r));
	}
	c->port = v;
	c->pool = pool_ref(v->pool);
	v->left &= ~(1U << end);
	atomic_store_explicit(&v->p.ctl->closed[end], 0, memory_order_release);
	return 0;
}

int pipe_open(struct server *srv, struct conn *c, const struct vale_open *o, struct weir_err *err)
{
	unsigned end = (unsigned)vale_pipe_end(o->port);
	struct vale_open open = *o;
	struct vport *v;
	int r;

	open.port[strcspn(open.port, "{}")] = '{';
	v = port_find(srv, open.port);
	r = v ? 0 : make_pipe(srv, c, &open, &v, err);
	if (r < 0)
		return r;
	r = check_pipe(c, v, o, end, err);
	if (r == 0)
		r = join_pipe(c, v, end, err);
	if (r < 0 && !v->users)
		free_pipe(srv, v);
	return r;
}

/* Has anybody that end of the pipe open? */
static bool has_end(const struct server *srv, const struct vport *v, unsigned end)
{
	for (const struct conn *c = srv->conns; c; c = c->next)
		if (c->port == v && c->ring == end)
			return true;
	return false;
}

/* Tells those at one end that the other has gone. */
static void tell_end(struct server *srv, const struct vport *v, unsigned end)
{
	for (struct conn *c = srv->conns; c; c = c->next)
		if (c->port == v && c->ring == end)
			close_fd(&c->life);
}

void pipe_release(struct server *srv, struct conn *c)
{
	struct vport *v = c->port;
	unsigned end = c->ring;

	(void)monitor_relay(srv, v); /* what it has sent last */
	join_drop_rings(v, c);
	c->port = NULL;
	close_fd(&c->life);
	close_fd(&c->client_life);
	if (!v->users) {
		free_pipe(srv, v);
		return;
	}
	if (has_end(srv, v, end))
		return;
	v->left |= 1U << end;
	/* First the flag, for who is awake, then the news, for who sleeps. */
	atomic_store_explicit(&v->p.ctl->closed[end], 1, memory_order_release);
	tell_end(srv, v, !end);
}

/* One that was told that the other end has gone is told anew from now on, if there is one again. */
int pipe_renew(const struct server *srv, struct conn *c, struct weir_err *err)
{
	int r;

	if (c->life >= 0 || !has_end(srv, c->port, !c->ring))
		return 0;
	close_fd(&c->client_life);
	r = join_make_pipe(&c->client_life, &c->life);
	return r < 0 ? err_set(err, r, "no descriptors for a pipe: %s", strerror(-r)) : 0;
}

void pipe_fill_fds(const struct conn *c, struct vale_msg *answer)
{
	const struct vport *v = c->port;

	answer->fds[VALE_PIPE_MEM] = c->pool->fd;
	answer->fds[VALE_PIPE_CTL] = v->ctl_fd;
	answer->fds[VALE_PIPE_LIFE] = c->client_life;
	answer->fds[VALE_PIPE_KICK] = v->kick_fd;
	memcpy(&answer->fds[VALE_PIPE_WAKE], v->wake_fds, sizeof(v->wake_fds));
	answer->n_fds = VALE_PIPE_N_FDS;
}
