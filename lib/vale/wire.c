/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interfaces as ports of programs, which netmap calls "netmap:eth0": nothing is switched.
 *
 *     ring to send    --> interface        a ring and a queue each
 *     ring to receive <-- interface
 *
 * A process for each network namespace does so, the switch "netmap" with that one's number
 * (name.h): it belongs to the user whose program wanted the first of them, and has the
 * privileges of that program. An interface is opened with its port, by AF_XDP where that can be
 * and else by AF_PACKET, and closed when the last program leaves it; the kernel undoes what was
 * done to it even if this process dies. All of them lie in one region, as netmap's do.
 *
 * What is sent is read where the program has put it; what is received is copied into the
 * buffers that its slots name. While a ring to receive is full frames stay in the interface, and
 * those that find that full, too, are lost there. Of queues whose rings nobody has open frames
 * are dropped.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/macros.h"
#include "vale/nic.h"

struct vale_region wire_region(void)
{
	/* So many slots that all ports together may have, and pipes beside them. Memory is
	 * taken when it is used. */
	const struct vale_shape most = { .tx_rings = VALE_MAX_RINGS,
					 .rx_rings = VALE_MAX_RINGS,
					 .tx_slots = VALE_MAX_SLOTS / 2,
					 .rx_slots = VALE_MAX_SLOTS / 2 };

	return vale_region_of(&most, VALE_MAX_RINGS);
}

/* A frame of several slots in one piece. */
static void gather(const struct nic *nic, const struct vale_frag *frag, struct weir_pkt *ret_pkt)
{
	uint32_t len = 0;

	for (unsigned i = 0; i < frag->n; i++) {
		memcpy(nic->whole + len, frag[i].data, frag[i].len);
		len += frag[i].len;
	}
	*ret_pkt = (struct weir_pkt){ .data = nic->whole, .len = len, .orig_len = len };
}

/* Frames of n slots that can be sent by one call, and where they begin. How many; *ret_end: the
 * slots up to them and those that are dropped behind them. */
static unsigned collect(const struct nic *nic, const struct vale_frag *frag, unsigned n,
			struct weir_pkt pkts[static NIC_BATCH], unsigned at[static NIC_BATCH],
			unsigned *ret_end)
{
	bool whole_used = false;
	unsigned n_pkts = 0, i, step;

	for (i = 0; i < n; i += step) {
		const struct vale_frag *f = &frag[i];

		step = f->n ? f->n : 1;
		if (!f->n)
			continue;
		if (n_pkts == NIC_BATCH || (f->n > 1 && whole_used))
			break;
		at[n_pkts] = i;
		if (unlikely(f->n > 1)) {
			gather(nic, f, &pkts[n_pkts++]);
			whole_used = true;
			continue;
		}
		pkts[n_pkts++] = (struct weir_pkt){ .data = (uint8_t *)(uintptr_t)f->data,
						    .len = f->len,
						    .orig_len = f->len };
	}
	*ret_end = i;
	return n_pkts;
}

static void count_sent(struct vale_kring *k, const struct weir_pkt *pkts, unsigned n)
{
	uint64_t bytes = 0;

	for (unsigned i = 0; i < n; i++)
		bytes += pkts[i].len;
	counter_add(&k->frames, n);
	counter_add(&k->bytes, bytes);
}

/* Sends what a ring hands over: how many slots. */
static unsigned transmit(struct nic *nic, struct vale_port *p, unsigned q,
			 struct vale_scratch *scratch)
{
	struct weir_pkt pkts[NIC_BATCH];
	unsigned at[NIC_BATCH], end, n_pkts, n = vale_take(p, q, scratch->frag);
	int r = 0;

	if (!n)
		return 0;
	n_pkts = collect(nic, scratch->frag, n, pkts, at, &end);
	if (n_pkts)
		r = nic->ops->tx(&nic->dev, q, pkts, n_pkts);
	if (r < 0) {
		nic->gone = r;
		return 0;
	}
	if ((unsigned)r < n_pkts) {
		nic->stuck = true;
		end = at[r];
	}
	count_sent(&p->tx[q], pkts, (unsigned)r);
	if (end)
		vale_give_back(p, q, end);
	return end;
}

/* Hands over what has come to a queue: how many frames. */
static unsigned receive(struct nic *nic, struct vport *v, unsigned q)
{
	struct nic_queue *queue = &nic->queues[q];
	unsigned n;

	if (queue->at == queue->n && !nic_take(nic, q))
		return 0;
	n = queue->n - queue->at;
	if (v->rx_users[q])
		n = vale_receive(&v->p, q, queue->pkts + queue->at, n);
	queue->at += n;
	if (queue->at == queue->n)
		nic->ops->release(&nic->dev, q);
	return n;
}

unsigned wire_round(struct worker *w, struct vport *v)
{
	struct nic *nic = v->nic;
	unsigned n = 0;

	for (unsigned q = 0; q < nic->dev.n_queues && !nic->gone; q++) {
		n += transmit(nic, &v->p, q, &w->scratch);
		if (!nic->gone)
			n += receive(nic, v, q);
	}
	return n;
}

/* By the first kind of port that can be; what the last one says is told. */
static int open_any(const struct server *srv, const char *name, struct nic **ret_nic,
		    struct weir_err *err)
{
	static const char *const kinds[] = { "xdp", "packet" };
	char port[VALE_NIC_NAME];
	int r = -ENOTSUP;

	for (unsigned i = 0; r < 0 && r != -ENODEV && i < ARRAY_SIZE(kinds); i++) {
		struct weir_err why = { 0 };

		(void)snprintf(port, sizeof(port), "%s:%s", kinds[i], name); /* it is shorter */
		r = nic_open(srv, port, ret_nic, &why);
		if (r < 0)
			(void)err_set(err, r, "%s", why.text);
	}
	return r;
}

int wire_make(struct server *srv, const struct conn *c, const struct vale_open *o,
	      struct vport **ret_port, struct weir_err *err)
{
	struct vale_open whole = *o;
	struct nic *nic;
	int r;

	static_assert(sizeof(o->port) + sizeof("packet:") <= VALE_NIC_NAME, "it fits");
	if (!srv->opts.nics)
		return err_set(err, -ENOTSUP, "this switch has no interfaces");
	r = open_any(srv, o->port, &nic, err);
	if (r < 0)
		return r;
	/* The interface says how many rings there are. */
	whole.shape.tx_rings = whole.shape.rx_rings = nic->dev.n_queues;
	r = port_make(srv, c, &whole, ret_port, err);
	if (r < 0) {
		(void)nic_free(nic);
		return r;
	}
	(*ret_port)->nic = nic;
	(*ret_port)->is_wired = true;
	return 0;
}

int wire_begin(struct server *srv, struct vport *v, struct weir_err *err)
{
	struct worker *w = server_worker_of(srv, v);
	int r;

	server_hold(srv);
	w->n_nics++;
	v->nic->moves = true;
	server_go_on(srv);
	r = nic_watch(srv, v);
	server_wake(w); /* it may not sleep for ever any more */
	return r < 0 ? err_set(err, r, "epoll: %s", strerror(-r)) : 0;
}

void wire_end(struct server *srv, struct vport *v)
{
	if (!v->nic->moves)
		return;
	server_worker_of(srv, v)->n_nics--;
	v->nic->moves = false;
	nic_forget(srv, v);
}

void wire_close(struct server *srv, const struct vport *v)
{
	const unsigned nr = v->p.nr;

	/* With the last of them the port is freed. */
	for (struct conn *c = srv->conns; c && srv->vports[nr] == v; c = c->next)
		if (c->port == v)
			conn_close(srv, c);
}
