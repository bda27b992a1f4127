/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interfaces for a switch (weir/switch.h): ports.
 *
 * What the kernel left to be done on a frame (struct weir_offload) is done here: programs at
 * the switch get frames as they would come by a wire. So receiving has a port of its own
 * where the kernel tells, for sent frames have nothing before them.
 */
#include <weir/switch.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <weir/chain.h>
#include <weir/cut.h>
#include <weir/port.h>

#include "base/err.h"
#include "base/macros.h"
#include "base/time.h"
#include "engine/offload.h"

#define ETHERNET_LEN 14u
#define BATCH	     64u
/* How often a port from which nothing comes is asked whether it is still there. */
#define LOOK_NS (100 * NSEC_PER_MSEC)

struct nic_queue {
	struct weir_buf bufs[BATCH];
	struct weir_cutter *cutter; /* NULL: all frames are as on a wire */
	struct weir_stage stage;    /* the cutter */
	struct weir_chain chain;
	bool cutting;	       /* the chain may have more */
	struct weir_buf *made; /* what it gave, from at on not handed on yet */
	unsigned n_made, at;
	uint64_t look_ns;
};

struct nic {
	struct weir_port *rx, *tx; /* may be the same one */
	struct nic_queue queues[WEIR_SWITCH_NIC_QUEUES];
};

static void nic_close(const struct weir_switch_nic *dev)
{
	struct nic *nic = dev->ctx;

	if (nic->tx != nic->rx)
		weir_port_close(nic->tx);
	weir_port_close(nic->rx);
	for (unsigned q = 0; q < WEIR_SWITCH_NIC_QUEUES; q++)
		weir_cutter_free(nic->queues[q].cutter);
	free(nic);
}

/* One port, or two where frames that were received can tell what is left to be done. */
static int open_ports(struct nic *nic, const char *name, unsigned queues, struct weir_err *err)
{
	struct weir_port_opts opts = {
		.dir = WEIR_PORT_RX,
		.queues = queues,
		.promisc = true,
		.low_latency = true,
		.offload = true,
	};
	char sending[160];
	int r = weir_port_open(name, &opts, &nic->rx, err);

	opts.offload = false;
	if (r == -ENOTSUP) {
		opts.dir |= WEIR_PORT_TX;
		r = weir_port_open(name, &opts, &nic->rx, err);
		nic->tx = nic->rx;
		return r;
	}
	if (r < 0)
		return r;
	/* The same kind of port: a plain name may mean another one for sending. */
	(void)snprintf(sending, sizeof(sending), "%s%s", strchr(name, ':') ? "" : "packet:", name);
	opts.dir = WEIR_PORT_TX;
	return weir_port_open(sending, &opts, &nic->tx, err);
}

/* Frames longer than the link's are cut. */
static int make_cutters(struct nic *nic, struct weir_err *err)
{
	const struct weir_port_info *info = weir_port_info(nic->rx);
	const struct weir_cut_opts opts = { .segment = MIN(info->max_frame - ETHERNET_LEN,
							   WEIR_CUT_MAX) };
	int r = 0;

	for (unsigned q = 0; info->offload && q < info->n_queues && r == 0; q++) {
		struct nic_queue *queue = &nic->queues[q];

		r = weir_cutter_new(&opts, &queue->cutter, err);
		if (r < 0)
			return r;
		queue->stage = weir_cutter_stage(queue->cutter);
		weir_chain_init(&queue->chain, &queue->stage, 1);
	}
	return r;
}

static int fill(const struct nic *nic, struct weir_switch_nic *dev, const char *name,
		struct weir_err *err)
{
	const struct weir_port_info *info = weir_port_info(nic->rx);

	if (info->linktype != WEIR_LINKTYPE_ETHERNET ||
	    info->max_frame < ETHERNET_LEN + WEIR_CUT_MIN)
		return err_set(err, -ENOTSUP, "%s: not an Ethernet interface", name);
	dev->n_queues = info->n_queues;
	for (unsigned q = 0; q < dev->n_queues; q++) {
		dev->fds[q] = weir_port_rx_fd(nic->rx, q);
		if (dev->fds[q] < 0)
			return err_set(err, dev->fds[q], "%s: nothing tells when frames come there",
				       name);
	}
	(void)snprintf(dev->device, sizeof(dev->device), "%s", info->device); /* as large */
	return 0;
}

static int nic_open(const char *name, struct weir_switch_nic *ret_nic, struct weir_err *err)
{
	struct weir_switch_nic dev = { 0 };
	unsigned queues = weir_port_name_rx_queues(name);
	struct nic *nic;
	int r;

	if (!weir_port_name_on_iface(name))
		return err_set(err, -EINVAL, "'%s' does not name a network interface", name);
	if (queues > WEIR_SWITCH_NIC_QUEUES)
		return err_set(err, -ENOTSUP,
			       "%s: %u queues are more than the %u that an attached interface "
			       "can have",
			       name, queues, WEIR_SWITCH_NIC_QUEUES);
	nic = dev.ctx = calloc(1, sizeof(*nic));
	if (!nic)
		return err_set(err, -ENOMEM, "%s: no memory", name);
	r = open_ports(nic, name, queues, err);
	if (r == 0)
		r = fill(nic, &dev, name, err);
	if (r == 0)
		r = make_cutters(nic, err);
	if (r < 0)
		nic_close(&dev);
	else
		*ret_nic = dev;
	return r;
}

/* Completes checksums, each frame in its place. Is there one to be cut? */
static bool complete(const struct nic *nic, struct weir_pkt *pkts, unsigned n)
{
	const struct weir_port_info *info = weir_port_info(nic->rx);
	bool cut = false;

	for (unsigned i = 0; i < n && info->sums_missing; i++)
		offload_guess(info->linktype, pkts[i].data, pkts[i].len);
	for (unsigned i = 0; i < n && info->offload; i++) {
		struct weir_offload o;

		offload_get(&o, pkts[i].data);
		(void)offload_complete(&o, pkts[i].data, pkts[i].len); /* or it stays as it is */
		cut |= o.cut != 0;
	}
	return cut;
}

/* Hands on frames that the cutter has made, up to max; 0: there are no more. */
static int take_made(struct nic_queue *queue, struct weir_pkt *ret_pkts, unsigned max)
{
	unsigned n;

	if (queue->at == queue->n_made) {
		int r = weir_chain_take(&queue->chain, &queue->made);

		queue->n_made = r > 0 ? (unsigned)r : 0;
		queue->at = 0;
	}
	n = MIN(queue->n_made - queue->at, max);
	for (unsigned i = 0; i < n; i++) {
		const struct weir_buf *b = &queue->made[queue->at + i];

		ret_pkts[i] = (struct weir_pkt){ b->data, b->len, b->orig_len, b->ts_ns };
	}
	queue->at += n;
	queue->cutting = n != 0;
	return (int)n;
}

/* What is to be cut of n frames is, and all of them are handed on, up to max. */
static int cut(struct nic_queue *queue, struct weir_pkt *pkts, unsigned n, unsigned max)
{
	for (unsigned i = 0; i < n; i++) {
		const struct weir_pkt *pkt = &pkts[i];

		queue->bufs[i] = (struct weir_buf){ .data = pkt->data,
						    .len = pkt->len,
						    .room = pkt->len,
						    .orig_len = pkt->orig_len,
						    .ts_ns = pkt->ts_ns,
						    .nr = 1,
						    .linktype = WEIR_LINKTYPE_ETHERNET };
	}
	(void)weir_chain_put(&queue->chain, queue->bufs, n); /* cutting fails by frames only */
	return take_made(queue, pkts, max);
}

/* Nothing has come: is the interface still there? */
static int look(const struct nic *nic, unsigned q, struct nic_queue *queue)
{
	uint64_t now = time_now(CLOCK_MONOTONIC_COARSE);
	int r;

	if (now < queue->look_ns)
		return 0;
	queue->look_ns = now + LOOK_NS;
	r = weir_port_rx_wait(nic->rx, q, 0);
	return MIN(r, 0);
}

static int nic_rx(const struct weir_switch_nic *dev, unsigned q, struct weir_pkt *ret_pkts,
		  unsigned max)
{
	struct nic *nic = dev->ctx;
	struct nic_queue *queue = &nic->queues[q];
	int r;

	if (queue->cutting) {
		r = take_made(queue, ret_pkts, max);
		if (r > 0)
			return r;
		weir_port_rx_release(nic->rx, q);
	}
	r = weir_port_rx(nic->rx, q, ret_pkts, MIN(max, BATCH));
	if (r <= 0)
		return r < 0 ? r : look(nic, q, queue);
	return unlikely(complete(nic, ret_pkts, (unsigned)r))
		       ? cut(queue, ret_pkts, (unsigned)r, max)
		       : r;
}

static void nic_release(const struct weir_switch_nic *dev, unsigned q)
{
	const struct nic *nic = dev->ctx;

	if (!nic->queues[q].cutting)
		weir_port_rx_release(nic->rx, q);
}

static int nic_tx(const struct weir_switch_nic *dev, unsigned q, const struct weir_pkt *pkts,
		  unsigned n)
{
	const struct nic *nic = dev->ctx;

	return weir_port_tx(nic->tx, q, pkts, n);
}

static void nic_stats(const struct weir_switch_nic *dev, struct weir_switch_nic_stats *ret_stats)
{
	const struct nic *nic = dev->ctx;
	struct weir_port_stats rx, tx;

	weir_port_stats(nic->rx, &rx);
	weir_port_stats(nic->tx, &tx);
	*ret_stats = (struct weir_switch_nic_stats){ .lost = rx.rx_dropped,
						     .refused = tx.tx_refused_total };
}

const struct weir_switch_nics weir_switch_nics = {
	.open = nic_open,
	.close = nic_close,
	.rx = nic_rx,
	.release = nic_release,
	.tx = nic_tx,
	.stats = nic_stats,
};
