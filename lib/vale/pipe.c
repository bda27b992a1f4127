/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pipes: the switch gives both ends the same memory and means to wake each other, tells one
 * when the other has gone, and has no part in what goes through.
 *
 * A pipe is a port without a part in forwarding, whose name is that of its end '{'. It is
 * used once: when an end has gone, the other can read what is left, and then it is over.
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
	for (unsigned i = 0; i < ARRAY_SIZE(v->wake_fds); i++)
		close_fd(&v->wake_fds[i]);
	close_fd(&v->life_fds[0]);
	close_fd(&v->life_fds[1]);
	port_drop_memory(v);
	port_free(srv, v);
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
	v->is_pipe = true;
	r = port_make_memory(v, err);
	for (unsigned i = 0; r == 0 && i < ARRAY_SIZE(v->wake_fds); i++) {
		v->wake_fds[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (v->wake_fds[i] < 0)
			r = err_set(err, -errno, "no descriptors for a pipe: %s", strerror(errno));
	}
	if (r < 0) {
		free_pipe(srv, v);
		return r;
	}
	/* Ring 1 is one to send as well, of the other end: all of it is free. */
	atomic_store_explicit(&v->p.ctl->ring[1].tail, v->p.layout.shape.rx_slots - 1,
			      memory_order_relaxed);
	*ret_port = v;
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
	if (v && (v->taken >> end & 1))
		return err_set(err, -EBUSY, "somebody has had the port '%s' open", o->port);
	if (v && v->uid != c->uid)
		return err_set(err, -EACCES, "the port '%s' belongs to another user", o->port);
	r = v ? 0 : make_pipe(srv, c, &open, &v, err);
	if (r < 0)
		return r;
	r = request_make_pipe(&c->client_life, &v->life_fds[end]);
	if (r < 0) {
		if (!v->users)
			free_pipe(srv, v);
		return err_set(err, r, "no descriptors for a pipe: %s", strerror(-r));
	}
	c->port = v;
	c->ring = end;
	v->taken |= 1U << end;
	v->users++;
	return 0;
}

void pipe_release(struct server *srv, struct conn *c)
{
	struct vport *v = c->port;

	/* First the flag, for who is awake, then the news, for who sleeps. */
	atomic_store_explicit(&v->p.ctl->closed[c->ring], 1, memory_order_release);
	close_fd(&v->life_fds[0]);
	close_fd(&v->life_fds[1]);
	close_fd(&c->client_life);
	c->port = NULL;
	if (--v->users == 0)
		free_pipe(srv, v);
}

void pipe_fill_fds(const struct conn *c, struct vale_msg *answer)
{
	const struct vport *v = c->port;

	answer->fds[VALE_PIPE_MEM] = v->mem_fd;
	answer->fds[VALE_PIPE_CTL] = v->ctl_fd;
	answer->fds[VALE_PIPE_LIFE] = c->client_life;
	memcpy(&answer->fds[VALE_PIPE_WAKE], v->wake_fds, sizeof(v->wake_fds));
	answer->n_fds = VALE_PIPE_N_FDS;
}
