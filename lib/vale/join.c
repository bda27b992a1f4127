/* SPDX-License-Identifier: BSD-2-Clause */
/* Connections and what they have opened: rings of a port, a vale_if, extra buffers. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/macros.h"
#include "vale/memory.h"
#include "vale/name.h"
#include "vale/server.h"

/* A pipe whose writing end is the switch's: neither of its ends ever waits. The reading one
 * stays open here beside the client's, so that writing never raises SIGPIPE. */
int join_make_pipe(int *ret_read, int *ret_write)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	(void)fcntl(fds[1], F_SETPIPE_SZ, 4096); /* a byte is a wake-up */
	*ret_read = fds[0];
	*ret_write = fds[1];
	return 0;
}

void join_close_signals(struct conn *c)
{
	close_fd(&c->kick_fd);
	close_fd(&c->wake_tx);
	close_fd(&c->wake_rx);
	close_fd(&c->client_tx);
	close_fd(&c->client_rx);
}

int join_make_signals(struct conn *c, struct weir_err *err)
{
	int r;

	c->kick_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r = c->kick_fd < 0 ? -errno : 0;
	if (r == 0)
		r = join_make_pipe(&c->client_tx, &c->wake_tx);
	if (r == 0)
		r = join_make_pipe(&c->client_rx, &c->wake_rx);
	if (r == 0)
		return 0;
	join_close_signals(c);
	return err_set(err, r, "no descriptors for a port: %s", strerror(-r));
}

/* Has somebody a ring of those in mask that is to be had alone, or alone already? */
static bool is_taken(const uint16_t *users, uint32_t alone, uint32_t mask, bool shared)
{
	for (unsigned i = 0; mask >> i; i++)
		if (mask >> i & 1 && users[i] &&
		    (!shared || alone >> i & 1 || users[i] >= VALE_MAX_SHARERS))
			return true;
	return false;
}

static void count_users(uint16_t *users, uint32_t *alone, uint32_t mask, bool shared, int more)
{
	for (unsigned i = 0; mask >> i; i++)
		if (mask >> i & 1)
			users[i] = (uint16_t)(users[i] + more);
	if (!shared)
		*alone = more > 0 ? *alone | mask : *alone & ~mask;
}

int join_take_rings(struct vport *v, const struct conn *c, struct weir_err *err)
{
	bool shared = c->flags & VALE_OPEN_SHARED;

	if (is_taken(v->tx_users, v->tx_alone, c->tx_mask, shared) ||
	    is_taken(v->rx_users, v->rx_alone, c->rx_mask, shared))
		return err_set(err, -EBUSY, "somebody has the port '%s' open", v->name);
	count_users(v->tx_users, &v->tx_alone, c->tx_mask, shared, 1);
	count_users(v->rx_users, &v->rx_alone, c->rx_mask, shared, 1);
	v->users++;
	return 0;
}

void join_drop_rings(struct vport *v, const struct conn *c)
{
	bool shared = c->flags & VALE_OPEN_SHARED;

	count_users(v->tx_users, &v->tx_alone, c->tx_mask, shared, -1);
	count_users(v->rx_users, &v->rx_alone, c->rx_mask, shared, -1);
	v->users--;
}

/* The rings of a connection wake it, or no more. The switch is held. */
static void join_wakes(const struct conn *c, bool joins)
{
	struct vale_port *p = &c->port->p;

	for (unsigned i = 0; i < VALE_MAX_RINGS; i++) {
		if (c->tx_mask >> i & 1)
			(joins ? vale_kring_wakes : vale_kring_forgets)(&p->tx[i], c->wake_tx);
		if (c->rx_mask >> i & 1)
			(joins ? vale_kring_wakes : vale_kring_forgets)(&p->rx[i], c->wake_rx);
	}
}

static bool same_or_zero(uint32_t wanted, uint32_t there)
{
	return !wanted || wanted == there;
}

/* May the connection open this port? */
static int check_open(const struct conn *c, const struct vport *v, const struct vale_open *o,
		      struct weir_err *err)
{
	const struct vale_shape *is = &v->p.layout.shape, *want = &o->shape;

	if (v->nic && !v->is_wired)
		return err_set(err, -EBUSY, "the port '%s' is an interface", v->name);
	if (v->uid != c->uid && !conn_is_owner(c))
		return err_set(err, -EACCES, "the port '%s' belongs to another user", v->name);
	if (v->hdr_len && !(o->flags & VALE_OPEN_HDR))
		return err_set(err, -EIO, "frames of the port '%s' have a header of %u bytes",
			       v->name, v->hdr_len);
	if (o->mem_id && v->pool && v->pool->id != o->mem_id)
		return err_set(err, -EINVAL, "the port '%s' is in the region %u", v->name,
			       v->pool->id);
	if (o->ring != VALE_ALL_RINGS && o->ring >= MAX(is->tx_rings, is->rx_rings))
		return err_set(err, -EINVAL, "the port '%s' has no ring %u", v->name, o->ring);
	if (!v->is_wired && (!same_or_zero(want->tx_rings, is->tx_rings) ||
			     !same_or_zero(want->rx_rings, is->rx_rings) ||
			     !same_or_zero(want->tx_slots, is->tx_slots) ||
			     !same_or_zero(want->rx_slots, is->rx_slots)))
		return err_set(err, -EINVAL, "the port '%s' has %u and %u rings of %u and %u slots",
			       v->name, is->tx_rings, is->rx_rings, is->tx_slots, is->rx_slots);
	return 0;
}

static int begin_with_rules(struct server *srv, struct vport *v, struct weir_err *err)
{
	int r = port_begin(srv, v, err);

	if (r < 0)
		return r;
	r = rules_begin(srv, v, err);
	if (r < 0)
		port_drop_memory(v);
	return r;
}

/* Which of n rings are wanted, a bit each. */
static uint32_t mask_of(uint32_t ring, uint32_t n)
{
	return (ring == VALE_ALL_RINGS ? UINT32_MAX : 1U << ring) & ((1U << n) - 1);
}

/* The port and the connection belong together from now on. On failure they do not. */
static int join_port(struct server *srv, struct conn *c, struct vport *v, struct weir_err *err)
{
	const struct vale_shape *s = &v->p.layout.shape;
	bool first = !v->users;
	int r;

	c->tx_mask = c->flags & VALE_OPEN_RX_ONLY ? 0 : mask_of(c->ring, s->tx_rings);
	c->rx_mask = c->flags & VALE_OPEN_TX_ONLY ? 0 : mask_of(c->ring, s->rx_rings);
	r = join_take_rings(v, c, err);
	if (r < 0)
		return r;
	r = join_make_signals(c, err);
	if (r == 0 && first)
		r = begin_with_rules(srv, v, err);
	if (r < 0) {
		join_close_signals(c);
		join_drop_rings(v, c);
		return r;
	}
	c->port = v;
	c->pool = pool_ref(v->pool);
	server_hold(srv);
	join_wakes(c, true);
	if (first)
		vale_core_add(&srv->core, &v->p);
	server_go_on(srv);
	r = server_watch_kick(srv, c);
	if (r < 0)
		return err_set(err, r, "epoll: %s", strerror(-r));
	return first && v->is_wired ? wire_begin(srv, v, err) : 0;
}

static int open_port(struct server *srv, struct conn *c, const struct vale_open *o,
		     struct weir_err *err)
{
	struct vport *v = port_find(srv, o->port);
	bool is_new = !v;
	int r = 0;

	if (is_new)
		r = (srv->owns_nics ? wire_make : port_make)(srv, c, o, &v, err);
	if (r < 0)
		return r;
	r = check_open(c, v, o, err);
	if (r == 0)
		r = join_port(srv, c, v, err);
	if (r < 0 && is_new && !c->port)
		port_free(srv, v);
	return r;
}

/* A region and no port. */
static int open_null(struct server *srv, struct conn *c, const struct vale_open *o,
		     struct weir_err *err)
{
	const struct vale_shape shape = { .tx_rings = 1,
					  .rx_rings = 1,
					  .tx_slots = VALE_MIN_SLOTS,
					  .rx_slots = VALE_MIN_SLOTS,
					  .extra_bufs = o->shape.extra_bufs };
	/* The first region of a process for interfaces is theirs, whoever comes first. */
	const struct vale_region in = srv->owns_nics ? wire_region() : vale_region_of(&shape, 0);
	bool is_first = srv->owns_nics && !pool_find(srv, VALE_NIC_POOL);
	struct pool *pool = NULL;
	int r = vale_shape_check(&shape, err);

	if (r == 0 && o->mem_id && !(is_first && o->mem_id == VALE_NIC_POOL))
		r = pool_find_told(srv, c, o->mem_id, &pool, err);
	else if (r == 0)
		r = port_check_quota(srv, c->uid, in.size, 0, err);
	if (r == 0 && !pool)
		r = pool_make(srv, c->uid, &in, &pool, err);
	if (r == 0)
		c->pool = pool_ref(pool);
	return r;
}

/* The layout of what a connection sees as its port; of a pipe: of its end. */
static struct vale_layout layout_of(const struct conn *c)
{
	struct vale_layout l = { .in = c->pool->in };

	if (c->monitor)
		l = *monitor_layout(c->monitor);
	else if (c->port)
		l = c->port->p.layout;
	if (c->port && c->port->kind == VALE_KIND_PIPE)
		l.ring_at += c->ring * 2 * l.ring_size;
	l.if_at = c->if_at;
	return l;
}

/* Gives the connection its vale_if, and extra buffers. */
static int join_memory(const struct server *srv, struct conn *c, const struct vale_open *o,
		       struct weir_err *err)
{
	bool is_pipe = c->port && c->port->kind == VALE_KIND_PIPE;
	struct vale_layout l;
	struct vale_if *nif;
	char name[2 * VALE_NAME_SIZE];
	int r = pool_take_if(c->pool, &c->if_at, err);

	if (r < 0)
		return r;
	l = layout_of(c);
	/* netmap's names of pipes without a switch have none of it. */
	(void)snprintf(name, sizeof(name), "%s%s%s",
		       vale_name_is_netmap(srv->name) ? "" : srv->name,
		       vale_name_is_netmap(srv->name) ? "" : ":", o->port);
	vale_layout_format_if(&l, c->pool->mem, name, is_pipe ? !!c->tx_mask : c->tx_mask,
			      is_pipe ? !!c->rx_mask : c->rx_mask);
	nif = (void *)(c->pool->mem + c->if_at);
	c->n_extra = pool_take_chain(c->pool, o->shape.extra_bufs, &nif->bufs_head);
	return 0;
}

static void drop_memory(struct conn *c)
{
	if (c->if_at != CONN_NO_IF) {
		const struct vale_if *nif = (const void *)(c->pool->mem + c->if_at);

		pool_drop_chain(c->pool, __atomic_load_n(&nif->bufs_head, __ATOMIC_RELAXED));
		pool_drop_if(c->pool, c->if_at);
	}
	c->if_at = CONN_NO_IF;
	c->pool = pool_unref(c->pool);
}

static int check_flags(const struct vale_open *o, struct weir_err *err)
{
	const uint32_t known = VALE_OPEN_SHARED | VALE_OPEN_TX_ONLY | VALE_OPEN_RX_ONLY |
			       VALE_OPEN_NULL | VALE_OPEN_HDR | VALE_OPEN_MONITOR |
			       VALE_OPEN_MONITOR_ZCOPY;

	if (o->flags & ~known)
		return err_set(err, -EOPNOTSUPP, "ports cannot be opened that way (%#x)", o->flags);
	if (o->flags & VALE_OPEN_TX_ONLY && o->flags & VALE_OPEN_RX_ONLY)
		return err_set(err, -EINVAL, "a port of neither direction");
	if (o->ring != VALE_ALL_RINGS && o->ring >= VALE_MAX_RINGS)
		return err_set(err, -EINVAL, "there can be no ring %u", o->ring);
	return 0;
}

int join_open(struct server *srv, struct conn *c, const struct vale_open *o, struct weir_err *err)
{
	int r = check_flags(o, err);

	if (r < 0)
		return r;
	c->flags = o->flags;
	c->ring = o->ring;
	memcpy(c->note, o->note, sizeof(c->note));
	if (o->flags & VALE_OPEN_NULL)
		r = open_null(srv, c, o, err);
	else if (o->flags & (VALE_OPEN_MONITOR | VALE_OPEN_MONITOR_ZCOPY))
		r = monitor_open(srv, c, o, err);
	else if (vale_pipe_end(o->port) >= 0)
		r = pipe_open(srv, c, o, err);
	else
		r = open_port(srv, c, o, err);
	if (r == 0)
		r = join_memory(srv, c, o, err);
	if (r < 0)
		join_release(srv, c);
	return r;
}

static void drop_arena(struct conn *c)
{
	if (!c->arena_size)
		return;
	vale_unmap((void *)(uintptr_t)c->port->p.arena.mem, c->arena_size);
	c->port->p.arena = (struct vale_arena){ 0 };
	c->arena_size = 0;
}

/* Forwards what the client had handed over before it left: no more than a ring holds, for
 * who has kept the memory can go on. The switch is held. */
static void forward_rest(struct server *srv, struct conn *c)
{
	struct vale_port *p = &c->port->p;
	uint32_t now_s = server_now_s();

	for (unsigned r = 0; r < p->layout.shape.tx_rings; r++) {
		uint32_t left = c->tx_mask >> r & 1 ? p->tx[r].n : 0, n;

		while (left &&
		       (n = vale_forward(&srv->core, p, r, &srv->workers[0].scratch, now_s)))
			left -= MIN(n, left);
	}
	vale_wake_owed(&srv->core);
}

static void release_port(struct server *srv, struct conn *c)
{
	struct vport *v = c->port;

	server_forget_kick(srv, c);
	server_hold(srv);
	if (!c->port->is_wired)
		forward_rest(srv, c);
	join_wakes(c, false);
	join_drop_rings(v, c);
	if (!v->users)
		vale_core_remove(&srv->core, &v->p);
	if (!v->users && v->is_wired)
		wire_end(srv, v);
	drop_arena(c);
	server_go_on(srv);
	join_close_signals(c);
	c->port = NULL;
	if (v->users)
		return;
	monitor_forget(srv, v);
	port_drop_memory(v);
	if (!v->stays)
		port_free(srv, v);
}

void join_release(struct server *srv, struct conn *c)
{
	if (c->port && c->port->kind == VALE_KIND_PIPE)
		pipe_release(srv, c);
	else if (c->port)
		release_port(srv, c);
	else if (c->monitor)
		monitor_release(srv, c);
	if (c->pool)
		drop_memory(c);
}

static void fill_fds(const struct conn *c, struct vale_msg *answer)
{
	answer->fds[VALE_FD_MEM] = c->pool->fd;
	answer->fds[VALE_FD_CTL] = c->monitor ? monitor_ctl_fd(c->monitor) : c->port->ctl_fd;
	answer->fds[VALE_FD_KICK] = c->kick_fd;
	answer->fds[VALE_FD_WAKE_TX] = c->client_tx;
	answer->fds[VALE_FD_WAKE_RX] = c->client_rx;
	answer->n_fds = VALE_N_FDS;
}

static void fill_null_fd(const struct conn *c, struct vale_msg *answer)
{
	answer->fds[VALE_FD_MEM] = c->pool->fd;
	answer->n_fds = 1;
}

static enum vale_kind kind_of(const struct conn *c)
{
	if (c->port)
		return c->port->kind;
	return c->monitor ? VALE_KIND_MONITOR : VALE_KIND_NULL;
}

void join_fill_opened(const struct conn *c, struct vale_msg *answer)
{
	const struct vale_layout l = layout_of(c);
	struct vale_opened o = {
		.shape = l.shape,
		.kind = kind_of(c),
		.nr = c->port ? c->port->p.nr : 0,
		.ring = c->ring,
		.flags = c->flags,
		.mem_id = c->pool->id,
		.hdr_len = c->port ? c->port->hdr_len : 0,
		.n_pages = l.in.n_pages,
		.n_bufs = l.in.n_bufs,
		.mem_size = l.in.size,
		.rings_at = l.in.rings_at,
		.bufs_at = l.in.bufs_at,
		.if_at = c->if_at,
		.ring_at = c->port ? c->port->p.layout.ring_at : l.ring_at,
		.ring_size = l.ring_size,
		.first_buf = l.first_buf,
	};

	o.shape.extra_bufs = c->n_extra;
	memcpy(o.note, c->note, sizeof(o.note));
	memcpy(answer->body, &o, sizeof(o));
	answer->head.size = sizeof(o);
	if (o.kind == VALE_KIND_PIPE)
		pipe_fill_fds(c, answer);
	else if (o.kind == VALE_KIND_NULL)
		fill_null_fd(c, answer);
	else
		fill_fds(c, answer);
}
