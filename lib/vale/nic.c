/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interfaces that are attached. One is a client within the switch's own process: it has a
 * port like others, and the worker of that port does what the program of a client does.
 *
 *     interface --> ring to send    --> vale_forward() --> rings of others
 *     interface <-- ring to receive <-- vale_forward() <-- rings of others
 *
 * So the rules are those of all ports: what finds the ring to receive full is dropped and
 * counted, or waits in a lossless switch. While the interface has no room, frames stay in
 * that ring; while the ring to send has none, they stay in the interface, which loses what
 * it cannot keep.
 *
 * Each queue of the interface has a ring in either direction. The memory is handed to
 * nobody.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/copy.h"
#include "base/err.h"
#include "base/macros.h"
#include "vale/cycle.h"
#include "vale/name.h"
#include "vale/nic.h"

/* Longest sleep: an interface has to be asked whether it is still there. */
#define LOOK_MS 250
/* The same while one has no room, of which nobody tells when it has. */
#define RETRY_MS 1

static_assert(WEIR_SWITCH_NIC_QUEUES <= VALE_MAX_RINGS, "each queue has a ring");

/* The buffer of a slot: they stay where the layout has put them. */
static uint8_t *buffer_of(const struct vale_port *p, const struct vale_kring *k, uint32_t pos)
{
	return p->bufs + (size_t)k->slots[pos].buf_idx * VALE_BUF_SIZE;
}

/* Copies a frame into n slots from pos on, which are free; the place behind them. */
static uint32_t put_frame(const struct vale_port *p, const struct vale_kring *k, uint32_t pos,
			  const struct weir_pkt *pkt, uint32_t n)
{
	const uint8_t *data = pkt->data;
	uint32_t left = pkt->len;

	for (; n; n--) {
		struct vale_slot *slot = &k->slots[pos];

		slot->len = (uint16_t)MIN(left, VALE_BUF_SIZE);
		slot->flags = n > 1 ? VALE_SLOT_MOREFRAG : 0;
		copy_ahead(buffer_of(p, k, pos), data, slot->len, VALE_BUF_SIZE);
		data += slot->len;
		left -= slot->len;
		pos = cycle_next(pos, k->n);
	}
	return pos;
}

/* Puts received frames into the ring, as many as there is room for. */
static void put_frames(const struct vale_port *p, struct vale_kring *k, struct nic_queue *queue)
{
	/* Pairs with the switch's release in give_back(): it has read what stood there. */
	uint32_t tail = atomic_load_explicit(&k->ctl->tail, memory_order_acquire);
	uint32_t pos = atomic_load_explicit(&k->ctl->head, memory_order_relaxed);
	uint32_t room = cycle_distance(pos, tail, k->n);

	for (; queue->at < queue->n; queue->at++) {
		const struct weir_pkt *pkt = &queue->pkts[queue->at];
		uint32_t slots = cycle_slots_for(pkt->len);

		/* Longer than any frame may be, or not all of it is there. */
		if (unlikely(slots > MIN(VALE_MAX_FRAGS, k->n - 1) || pkt->len < pkt->orig_len)) {
			counter_add(&k->dropped[VALE_DROP_FRAGS], 1);
			continue;
		}
		if (slots > room)
			break;
		pos = put_frame(p, k, pos, pkt, slots);
		room -= slots;
	}
	/* Pairs with take()'s acquire: the slots are written. */
	atomic_store_explicit(&k->ctl->head, pos, memory_order_release);
}

bool nic_take(struct nic *nic, unsigned q)
{
	struct nic_queue *queue = &nic->queues[q];
	int r = nic->ops->rx(&nic->dev, q, queue->pkts, NIC_BATCH);

	if (r < 0)
		nic->gone = r;
	queue->n = r > 0 ? (unsigned)r : 0;
	queue->at = 0;
	return r > 0;
}

/* Takes what has come to a queue: how many frames. */
static unsigned receive(struct nic *nic, struct vale_port *p, unsigned q)
{
	struct nic_queue *queue = &nic->queues[q];
	unsigned at;

	if (queue->at == queue->n && !nic_take(nic, q))
		return 0;
	at = queue->at;
	put_frames(p, &p->tx[q], queue);
	if (queue->at == queue->n)
		nic->ops->release(&nic->dev, q);
	return queue->at - at;
}

/* The frame at pos, up to tail; the place behind it. */
static uint32_t get_frame(const struct nic *nic, const struct vale_port *p,
			  const struct vale_kring *k, uint32_t pos, struct weir_pkt *ret_pkt)
{
	const struct vale_slot *slot = &k->slots[pos];
	uint32_t len = slot->len;

	ret_pkt->data = buffer_of(p, k, pos);
	if (unlikely(slot->flags & VALE_SLOT_MOREFRAG)) {
		memcpy(nic->whole, ret_pkt->data, len);
		do {
			pos = cycle_next(pos, k->n);
			slot = &k->slots[pos];
			memcpy(nic->whole + len, buffer_of(p, k, pos), slot->len);
			len += slot->len;
		} while (slot->flags & VALE_SLOT_MOREFRAG);
		ret_pkt->data = nic->whole;
	}
	ret_pkt->len = ret_pkt->orig_len = len;
	ret_pkt->ts_ns = 0;
	return cycle_next(pos, k->n);
}

/* Sends what lies in the ring of a queue: how many frames. */
static unsigned transmit(struct nic *nic, struct vale_port *p, unsigned q)
{
	const struct vale_kring *k = &p->rx[q];
	/* Pairs with deliver()'s release: the slots are written. */
	uint32_t tail = atomic_load_explicit(&k->ctl->tail, memory_order_acquire);
	uint32_t pos = atomic_load_explicit(&k->ctl->head, memory_order_relaxed);
	uint32_t ends[NIC_BATCH];
	struct weir_pkt pkts[NIC_BATCH];
	unsigned n = 0;
	int r;

	while (pos != tail && n < NIC_BATCH) {
		pos = ends[n] = get_frame(nic, p, k, pos, &pkts[n]);
		if (pkts[n++].data == nic->whole)
			break; /* there is place for one of these */
	}
	if (!n)
		return 0;
	r = nic->ops->tx(&nic->dev, q, pkts, n);
	if (r < 0)
		nic->gone = r;
	else
		nic->stuck |= (unsigned)r < n;
	if (r <= 0)
		return 0;
	/* Pairs with room_in()'s acquire: they are read. */
	atomic_store_explicit(&k->ctl->head, ends[r - 1], memory_order_release);
	return (unsigned)r;
}

/* Lossless: frames that wait for room here may be another worker's, which sleeps. */
static void tell_of_room(const struct worker *w, const struct vale_kring *k)
{
	const struct server *srv = w->srv;

	/* The index is published, now the flag is read: pairs with has_room()'s fence. */
	atomic_thread_fence(memory_order_seq_cst);
	if (!atomic_load_explicit(&k->ctl->wants_room, memory_order_relaxed))
		return;
	for (unsigned i = 0; i < srv->n_workers; i++)
		if (i != w->nr)
			server_wake(&srv->workers[i]);
}

/* Of one that is attached. */
static unsigned attached_round(const struct worker *w, struct nic *nic, struct vale_port *p)
{
	unsigned n = 0;

	for (unsigned q = 0; q < nic->dev.n_queues && !nic->gone; q++) {
		unsigned sent = transmit(nic, p, q);

		if (sent && w->srv->core.lossless)
			tell_of_room(w, &p->rx[q]);
		n += sent;
		if (!nic->gone)
			n += receive(nic, p, q);
	}
	return n;
}

static unsigned round_of(struct worker *w, struct vport *v)
{
	struct nic *nic = v->nic;
	unsigned n;

	nic->stuck = false;
	n = v->is_wired ? wire_round(w, v) : attached_round(w, nic, &v->p);
	if (unlikely(nic->gone)) {
		atomic_store(&w->srv->nic_has_gone, true);
		server_wake(&w->srv->workers[0]);
	}
	return n;
}

/* The first port of a worker from nr on that is an interface; NULL: there is none. */
static struct vport *nic_from(const struct worker *w, unsigned nr)
{
	const struct server *srv = w->srv;

	for (; nr < srv->core.end; nr += srv->n_workers)
		if (srv->core.ports[nr] && srv->vports[nr]->nic)
			return srv->vports[nr];
	return NULL;
}

static struct vport *first_nic(const struct worker *w)
{
	return nic_from(w, w->nr);
}

static struct vport *nic_after(const struct worker *w, const struct vport *v)
{
	return nic_from(w, v->p.nr + w->srv->n_workers);
}

unsigned nic_round(struct worker *w)
{
	unsigned n = 0;

	for (struct vport *v = first_nic(w); v; v = nic_after(w, v))
		if (!v->nic->gone)
			n += round_of(w, v);
	return n;
}

static void set_sleeps(const struct vport *v, uint32_t sleeps)
{
	if (v->is_wired)
		return; /* these are its programs' */
	for (unsigned q = 0; q < v->nic->dev.n_queues; q++)
		atomic_store_explicit(&v->p.rx[q].ctl->sleeps, sleeps, memory_order_relaxed);
}

void nic_sleep(struct worker *w)
{
	for (struct vport *v = first_nic(w); v; v = nic_after(w, v))
		set_sleeps(v, 1);
}

void nic_wake(struct worker *w)
{
	char bytes[64];

	for (struct vport *v = first_nic(w); v; v = nic_after(w, v)) {
		set_sleeps(v, 0);
		while (read(v->nic->wake_read, bytes, sizeof(bytes)) == sizeof(bytes))
			;
	}
}

int nic_patience_ms(const struct worker *w)
{
	for (struct vport *v = first_nic(w); v; v = nic_after(w, v))
		if (v->nic->stuck && !v->nic->gone)
			return RETRY_MS;
	return LOOK_MS;
}

struct nic *nic_free(struct nic *nic)
{
	if (!nic)
		return NULL;
	if (nic->dev.n_queues)
		nic->ops->close(&nic->dev);
	closep(&nic->wake_read);
	closep(&nic->wake_write);
	free(nic->whole);
	free(nic);
	return NULL;
}

int nic_open(const struct server *srv, const char *name, struct nic **ret_nic, struct weir_err *err)
{
	struct nic *nic = calloc(1, sizeof(*nic));
	int r;

	if (!nic)
		return err_set(err, -ENOMEM, "no memory for an interface");
	nic->ops = srv->opts.nics;
	nic->wake_read = nic->wake_write = -EBADF;
	(void)snprintf(nic->name, sizeof(nic->name), "%s", name); /* it is as long at most */
	nic->whole = malloc(VALE_MAX_FRAGS * VALE_BUF_SIZE);
	r = nic->whole ? join_make_pipe(&nic->wake_read, &nic->wake_write) : -ENOMEM;
	if (r < 0)
		(void)err_set(err, r, "nothing left for an interface: %s", strerror(-r));
	if (r == 0)
		r = nic->ops->open(name, &nic->dev, err);
	if (r == 0)
		r = vale_port_name_check(nic->dev.device, err);
	if (r < 0) {
		(void)nic_free(nic);
		return r;
	}
	*ret_nic = nic;
	return 0;
}

static void free_port(struct server *srv, struct vport *v)
{
	port_drop_memory(v);
	port_free(srv, v);
}

/* A port with memory for an interface, which nobody can open. */
static int make_port(struct server *srv, const struct conn *c, const struct weir_switch_nic *dev,
		     const struct vale_rules *rules, struct vport **ret_port, struct weir_err *err)
{
	struct vale_open o = { .shape = { .tx_rings = dev->n_queues, .rx_rings = dev->n_queues } };
	struct vport *v;
	int r;

	if (port_find(srv, dev->device))
		return err_set(err, -EEXIST, "there is a port '%s'", dev->device);
	static_assert(sizeof(o.port) == sizeof(dev->device), "one kind of name");
	memcpy(o.port, dev->device, sizeof(o.port));
	r = port_make(srv, c, &o, &v, err);
	if (r < 0)
		return r;
	r = port_begin(srv, v, err);
	if (r < 0) {
		port_free(srv, v);
		return r;
	}
	r = rules_set(srv, v, rules, err);
	if (r < 0)
		free_port(srv, v);
	else
		*ret_port = v;
	return r;
}

int nic_watch(struct server *srv, const struct vport *v)
{
	const struct worker *w = server_worker_of(srv, v);
	const struct nic *nic = v->nic;
	int r = server_watch_fd(w, nic->wake_read);

	for (unsigned q = 0; q < nic->dev.n_queues && r == 0; q++)
		r = server_watch_fd(w, nic->dev.fds[q]);
	return r;
}

void nic_forget(struct server *srv, const struct vport *v)
{
	const struct worker *w = server_worker_of(srv, v);
	const struct nic *nic = v->nic;

	server_forget_fd(w, nic->wake_read);
	for (unsigned q = 0; q < nic->dev.n_queues; q++)
		server_forget_fd(w, nic->dev.fds[q]);
}

/* From now on its worker moves frames. Takes nic. */
static int join(struct server *srv, struct vport *v, struct nic *nic)
{
	struct worker *w = server_worker_of(srv, v);
	int r;

	for (unsigned q = 0; q < nic->dev.n_queues; q++)
		vale_kring_wakes(&v->p.rx[q], nic->wake_write);
	v->nic = nic;
	v->p.is_ours = true;
	server_hold(srv);
	vale_core_add(&srv->core, &v->p);
	w->n_nics++;
	server_go_on(srv);
	r = nic_watch(srv, v);
	server_wake(w); /* it may not sleep for ever any more */
	return r;
}

void nic_remove(struct server *srv, struct vport *v)
{
	struct worker *w = server_worker_of(srv, v);

	server_hold(srv);
	vale_core_remove(&srv->core, &v->p);
	w->n_nics--;
	server_go_on(srv);
	nic_forget(srv, v);
	free_port(srv, v);
}

int nic_attach(struct server *srv, const struct conn *c, const struct vale_attach *a,
	       struct weir_err *err)
{
	struct vport *v = NULL;
	struct nic *nic = NULL;
	int r;

	if (!srv->opts.nics)
		return err_set(err, -ENOTSUP, "this switch cannot attach interfaces");
	r = nic_open(srv, a->nic, &nic, err);
	if (r < 0)
		return r;
	r = make_port(srv, c, &nic->dev, &a->rules, &v, err);
	if (r < 0) {
		(void)nic_free(nic);
		return r;
	}
	r = join(srv, v, nic);
	if (r < 0) {
		nic_remove(srv, v);
		return err_set(err, r, "epoll: %s", strerror(-r));
	}
	return 0;
}

int nic_detach(struct server *srv, const char *name, struct weir_err *err)
{
	for (unsigned i = 0; i < VALE_MAX_PORTS; i++) {
		struct vport *v = srv->vports[i];

		if (!v || !v->nic || v->is_wired ||
		    (strcmp(v->name, name) != 0 && strcmp(v->nic->name, name) != 0))
			continue;
		nic_remove(srv, v);
		return 0;
	}
	return err_set(err, -ENOENT, "no interface '%s' is attached", name);
}

void nic_reap(struct server *srv)
{
	char text[256];

	atomic_store(&srv->nic_has_gone, false); /* before it is looked at */
	for (unsigned i = 0; i < VALE_MAX_PORTS; i++) {
		struct vport *v = srv->vports[i];
		int why = 0;

		if (v && v->nic) {
			server_hold(srv);
			why = v->nic->gone;
			server_go_on(srv);
		}
		if (!why)
			continue;
		(void)snprintf(text, sizeof(text), "%s has gone and is detached: %s", v->nic->name,
			       strerror(-why));
		if (v->is_wired)
			wire_close(srv, v);
		else
			nic_remove(srv, v);
		if (srv->opts.report)
			srv->opts.report(srv->opts.report_ctx, text);
	}
}

void nic_count(const struct nic *nic, struct vale_port_row *row)
{
	struct weir_switch_nic_stats stats;

	nic->ops->stats(&nic->dev, &stats);
	row->nic_lost = stats.lost;
	row->nic_refused = stats.refused;
}
