/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Monitors: connections that are given what a port, or an end of a pipe, sends and receives. One
 * has rings to receive of its own, in the region of what it monitors, and no number of a port.
 *
 * Ports forward to them (tap.h). The ends of a pipe have no switch between them, but while one is
 * monitored they have (shm.h): relay() looks at what they offer.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/macros.h"
#include "vale/cycle.h"
#include "vale/memory.h"
#include "vale/name.h"
#include "vale/server.h"
#include "vale/tap.h"

struct monitor {
	struct vale_port p; /* rings to receive, one to send that nobody may use */
	struct vport *of;   /* NULL: it has gone */
	unsigned end;	    /* of a pipe */
	uint32_t flags;	    /* of OPEN */
	uint32_t mask;	    /* of rings */
	int ctl_fd;
	struct vale_tap taps[2][VALE_MAX_RINGS]; /* from rings to send, to receive */
};

/* The ring of what a monitor watches: of a pipe the way that leads from an end, or to it. */
static struct vale_kring *ring_of(const struct monitor *m, bool receives, unsigned i)
{
	if (m->of->kind == VALE_KIND_PIPE)
		return &m->of->p.tx[receives ? !m->end : m->end];
	return receives ? &m->of->p.rx[i] : &m->of->p.tx[i];
}

static unsigned n_rings_of(const struct vport *v, bool receives)
{
	if (v->kind == VALE_KIND_PIPE)
		return 1;
	return receives ? v->p.layout.shape.rx_rings : v->p.layout.shape.tx_rings;
}

static bool watches(const struct monitor *m, bool receives)
{
	if (m->flags & VALE_OPEN_MONITOR_ZCOPY)
		return true;
	return m->flags & (receives ? VALE_OPEN_MONITOR_RX : VALE_OPEN_MONITOR_TX);
}

static bool is_zcopy(const struct monitor *m)
{
	return m->flags & VALE_OPEN_MONITOR_ZCOPY;
}

/* Of a port: how many rings to receive have somebody who wants to know what comes back. */
static void count_ztapped(struct server *srv, const struct monitor *m, bool receives, int more)
{
	if (receives && m->of->kind == VALE_KIND_PORT)
		srv->core.n_ztapped += (unsigned)more;
}

/* Wakes those at an end of a pipe. */
static void wake_end(const struct server *srv, const struct vport *v, unsigned end)
{
	for (const struct conn *c = srv->conns; c; c = c->next)
		if (c->port == v && c->ring == end && c->life >= 0 && write(c->life, "", 1) < 0)
			continue; /* full: it is awake */
}

/* An index that a client has offered: UINT32_MAX if there is none, or it is impossible. */
static uint32_t take_offer(_Atomic uint32_t *offer, uint32_t n)
{
	/* Pairs with the client's release: the slots before it are written, or read. */
	uint32_t v = atomic_load_explicit(offer, memory_order_acquire);

	return v & VALE_OFFERED && (v & ~VALE_OFFERED) < n ? v & ~VALE_OFFERED : UINT32_MAX;
}

/* Moves an index of a client on for it, unless it has done so itself. */
static void move(_Atomic uint32_t *index, uint32_t from, uint32_t to)
{
	(void)atomic_compare_exchange_strong_explicit(index, &from, to, memory_order_release,
						      memory_order_relaxed);
}

/* What the sender has offered goes to monitors, and on. */
static unsigned relay_head(const struct server *srv, struct vport *v, unsigned way)
{
	struct vale_kring *k = &v->p.tx[way];
	uint32_t to = take_offer(&k->ctl->offered, k->n);
	uint32_t from = atomic_load_explicit(&k->ctl->head, memory_order_relaxed);

	if (to == UINT32_MAX || from >= k->n || from == to)
		return 0;
	if (k->taps)
		vale_taps_copy(k->taps, &v->p, k, from, cycle_distance(from, to, k->n));
	move(&k->ctl->head, from, to);
	wake_end(srv, v, !way);
	return 1;
}

/* The slots of the ring that the sender's programs see are to name the same buffers. */
static void tell_sender(const struct vport *v, unsigned way, uint32_t from, uint32_t n)
{
	const struct vale_kring *k = &v->p.tx[way];
	struct vale_ring *ring = vale_layout_ring(&v->p.layout, v->p.mem, 2 * way);

	for (; n; n--, from = cycle_next(from, k->n)) {
		ring->slot[from].buf_idx = k->slots[from].buf_idx;
		ring->slot[from].flags |= VALE_SLOT_BUF_CHANGED;
	}
}

/* What the receiver has offered to give back goes to a zero-copy monitor, which gives other
 * buffers, and on. */
static unsigned relay_tail(const struct server *srv, struct vport *v, unsigned way)
{
	struct vale_kring *k = &v->p.tx[way];
	uint32_t to = take_offer(&k->ctl->returned, k->n);
	uint32_t from = atomic_load_explicit(&k->ctl->tail, memory_order_relaxed), n;

	if (to == UINT32_MAX || from >= k->n || from == to)
		return 0;
	n = cycle_distance(from, to, k->n);
	if (k->ztap) {
		vale_ztap_take(&v->p, k, cycle_next(from, k->n), n);
		tell_sender(v, way, cycle_next(from, k->n), n);
	}
	move(&k->ctl->tail, from, to);
	wake_end(srv, v, way);
	return 1;
}

/* A flag that tells one end of a pipe to make offers goes up or down: when it is down, the last
 * one is taken. */
static void set_watch(const struct server *srv, struct vport *v, unsigned way, bool head, bool now)
{
	struct vale_ctl_ring *ctl = v->p.tx[way].ctl;
	_Atomic uint32_t *offer = head ? &ctl->offered : &ctl->returned;
	bool was = v->watched >> (2 * way + head) & 1;
	uint32_t last;

	if (was == now)
		return;
	v->watched ^= 1U << (2 * way + head);
	atomic_store_explicit(head ? &ctl->watch_head : &ctl->watch_tail, now,
			      memory_order_release);
	if (now)
		return;
	/* The flag is down, now offers are looked at: pairs with the client's fence. */
	atomic_thread_fence(memory_order_seq_cst);
	last = atomic_load_explicit(offer, memory_order_relaxed);
	(void)(head ? relay_head : relay_tail)(srv, v, way);
	/* It was passed on: pairs with the client's acquire. */
	(void)atomic_compare_exchange_strong_explicit(offer, &last, 0, memory_order_release,
						      memory_order_relaxed);
}

/* The ends of a pipe offer what somebody watches. */
static void set_watched(struct server *srv, struct vport *v)
{
	unsigned was = v->watched != 0;

	for (unsigned way = 0; v->kind == VALE_KIND_PIPE && way < 2; way++) {
		set_watch(srv, v, way, true, v->p.tx[way].taps);
		set_watch(srv, v, way, false, v->p.tx[way].ztap);
	}
	srv->n_watched += (v->watched != 0) - was;
}

static void add_tap(struct server *srv, struct monitor *m, bool receives, unsigned i)
{
	struct vale_kring *k = ring_of(m, receives, i);
	struct vale_tap *tap = &m->taps[receives][i];

	*tap = (struct vale_tap){ .port = &m->p, .to = &m->p.rx[i], .locked = srv->core.locked };
	if (is_zcopy(m)) {
		k->ztap = tap;
		count_ztapped(srv, m, receives, 1);
		/* It is to be told what is given back. */
		atomic_store_explicit(&k->ctl->wants_room, m->of->kind == VALE_KIND_PORT,
				      memory_order_relaxed);
	} else {
		tap->next = k->taps;
		k->taps = tap;
	}
}

static void remove_tap(struct server *srv, struct monitor *m, bool receives, unsigned i)
{
	struct vale_kring *k = ring_of(m, receives, i);
	struct vale_tap **at = &k->taps, *tap = &m->taps[receives][i];

	if (is_zcopy(m)) {
		k->ztap = NULL;
		count_ztapped(srv, m, receives, -1);
		return;
	}
	while (*at != tap)
		at = &(*at)->next;
	*at = tap->next;
}

typedef void (*tap_fn)(struct server *srv, struct monitor *m, bool receives, unsigned i);

/* For each ring that it watches. */
static void each_ring(struct server *srv, struct monitor *m, tap_fn fn)
{
	for (unsigned receives = 0; receives < 2; receives++)
		for (unsigned i = 0; watches(m, receives) && i < n_rings_of(m->of, receives); i++)
			if (m->mask >> i & 1)
				fn(srv, m, receives, i);
}

/* One port has one monitor that takes buffers. */
static int check_zcopy(const struct monitor *m, struct weir_err *err)
{
	for (unsigned receives = 0; is_zcopy(m) && receives < 2; receives++)
		for (unsigned i = 0; i < n_rings_of(m->of, receives); i++)
			if (m->mask >> i & 1 && ring_of(m, receives, i)->ztap)
				return err_set(err, -EBUSY,
					       "the port '%s' has a zero-copy monitor already",
					       m->of->name);
	return 0;
}

static int find_watched(const struct server *srv, const struct conn *c, const struct vale_open *o,
			struct monitor *m, struct weir_err *err)
{
	int end = vale_pipe_end(o->port);
	char name[VALE_NAME_SIZE];
	struct vport *v;

	memcpy(name, o->port, sizeof(name));
	if (end >= 0)
		name[strcspn(name, "{}")] = '{';
	v = port_find(srv, name);
	if (v && v->nic)
		return err_set(err, -EOPNOTSUPP, "'%s' is an interface: these have no monitors",
			       v->name);
	if (!v || !v->pool)
		return err_set(err, -ENXIO, "nobody has the port '%s' open", o->port);
	if (v->uid != c->uid && !conn_is_owner(c))
		return err_set(err, -EACCES, "the port '%s' belongs to another user", v->name);
	if (v->hdr_len && !(o->flags & VALE_OPEN_HDR))
		return err_set(err, -EIO, "frames of the port '%s' have a header of %u bytes",
			       v->name, v->hdr_len);
	m->of = v;
	m->end = end > 0;
	m->flags = o->flags;
	m->mask = o->ring == VALE_ALL_RINGS ? UINT32_MAX : 1U << o->ring;
	return check_zcopy(m, err);
}

/* Rings, in the region of what it watches. */
static int make_memory(struct conn *c, const struct vale_open *o, struct monitor *m,
		       struct weir_err *err)
{
	const struct vale_shape *is = &m->of->p.layout.shape;
	uint32_t slots = o->shape.rx_slots ? o->shape.rx_slots : MAX(is->tx_slots, is->rx_slots);
	struct vale_layout l = {
		.shape = { .tx_rings = 1,
			   .rx_rings = MAX(n_rings_of(m->of, false), n_rings_of(m->of, true)),
			   .tx_slots = VALE_MIN_SLOTS,
			   .rx_slots = slots },
	};
	void *ctl = NULL;
	int r = vale_shape_check(&l.shape, err);

	if (r < 0)
		return r;
	l.ring_size = (size_t)vale_ring_pages(&l.shape) * VALE_PAGE;
	l.ctl_size = vale_ctl_size(1 + l.shape.rx_rings);
	r = m->ctl_fd = vale_memfd("weir-port-control", l.ctl_size, err);
	if (r >= 0)
		r = vale_map(m->ctl_fd, 0, l.ctl_size, true, &ctl, err);
	if (r >= 0)
		r = pool_take_rings(c->pool, 1 + l.shape.rx_rings, vale_ring_bufs(&l.shape), &l,
				    err);
	if (r < 0) {
		vale_unmap(ctl, l.ctl_size);
		return r;
	}
	port_format(c->pool, &l, ctl);
	vale_port_init(&m->p, 0, &l, c->pool->mem, ctl);
	return 0;
}

static struct monitor *monitor_new(void)
{
	struct monitor *m = aligned_alloc(_Alignof(struct monitor), sizeof(*m));

	if (m) {
		memset(m, 0, sizeof(*m));
		m->ctl_fd = -EBADF;
	}
	return m;
}

static void join(struct server *srv, struct conn *c, struct monitor *m)
{
	c->rx_mask = m->mask & ((1U << m->p.layout.shape.rx_rings) - 1);
	for (unsigned i = 0; i < m->p.layout.shape.rx_rings; i++)
		vale_kring_wakes(&m->p.rx[i], c->wake_rx);
	server_hold(srv);
	each_ring(srv, m, add_tap);
	set_watched(srv, m->of);
	server_go_on(srv);
	c->monitor = m;
}

int monitor_open(struct server *srv, struct conn *c, const struct vale_open *o,
		 struct weir_err *err)
{
	struct monitor *m = monitor_new();
	int r = m ? find_watched(srv, c, o, m, err) : err_set(err, -ENOMEM, "no memory");

	if (r == 0)
		r = join_make_signals(c, err);
	if (r == 0) {
		c->pool = pool_ref(m->of->pool);
		r = make_memory(c, o, m, err);
	}
	if (r < 0) {
		join_close_signals(c);
		if (m)
			close_fd(&m->ctl_fd);
		free(m);
		return r;
	}
	join(srv, c, m);
	return 0;
}

/* The switch is held. */
static void leave(struct server *srv, struct monitor *m)
{
	(void)monitor_relay(srv, m->of); /* what was sent until now is for it, too */
	each_ring(srv, m, remove_tap);
	set_watched(srv, m->of);
	m->of = NULL;
}

void monitor_release(struct server *srv, struct conn *c)
{
	struct monitor *m = c->monitor;
	const struct vale_layout l = m->p.layout;

	server_hold(srv);
	if (m->of)
		leave(srv, m);
	server_go_on(srv);
	c->monitor = NULL;
	vale_port_done(&m->p);
	pool_drop_rings(c->pool, 1 + l.shape.rx_rings, &l);
	vale_unmap(m->p.ctl, l.ctl_size);
	close_fd(&m->ctl_fd);
	join_close_signals(c);
	free(m);
}

void monitor_forget(struct server *srv, const struct vport *v)
{
	for (struct conn *c = srv->conns; c; c = c->next) {
		if (!c->monitor || c->monitor->of != v)
			continue;
		server_hold(srv);
		leave(srv, c->monitor);
		server_go_on(srv);
		/* To them it is as if the switch had gone. */
		close_fd(&c->wake_tx);
		close_fd(&c->wake_rx);
	}
}

const struct vale_layout *monitor_layout(const struct monitor *m)
{
	return &m->p.layout;
}

int monitor_ctl_fd(const struct monitor *m)
{
	return m->ctl_fd;
}

unsigned monitor_relay(const struct server *srv, struct vport *v)
{
	unsigned n = 0;

	for (unsigned way = 0; way < 2; way++) {
		if (v->watched >> (2 * way + 1) & 1)
			n += relay_head(srv, v, way);
		if (v->watched >> (2 * way) & 1)
			n += relay_tail(srv, v, way);
	}
	return n;
}

unsigned monitor_round(struct worker *w)
{
	struct server *srv = w->srv;
	unsigned n = 0;

	for (unsigned nr = w->nr; srv->core.n_ztapped && nr < srv->core.end; nr += srv->n_workers)
		if (srv->core.ports[nr])
			n += vale_look_back(&srv->core, srv->core.ports[nr]);
	for (unsigned i = 0; srv->n_watched && w->nr == 0 && i < VALE_MAX_PORTS; i++)
		if (srv->vports[i] && srv->vports[i]->watched)
			n += monitor_relay(srv, srv->vports[i]);
	return n;
}
