/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * xdp: AF_XDP sockets.
 *
 *   xdp.c       opening, closing, probing
 *   xdp-umem.c  the memory that kernel and port share, and the sockets
 *   xdp-prog.c  the BPF program that feeds the receiving sockets
 *   xdp-tx.c    sending
 *   xdp-rx.c    receiving
 *
 * Copy mode unless ",zc" asks for zero-copy, which takes the queue away from the kernel's
 * own traffic. Sending alone needs no program and so no privilege but CAP_NET_RAW.
 * Receiving takes the frames of its queues away from the kernel in either mode.
 */
#include "port/xdp.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/lines.h"
#include "base/macros.h"
#include "port/name.h"
#include "port/registry.h"

/* Sending alone needs 4 MiB of locked memory then: half of the usual limit. */
#define DEFAULT_RING_TX 1024
#define DEFAULT_RING_RX 2048
#define MAX_RING	32768

static int find_iface(const char *name, struct weir_iface *ret_iface, struct weir_err *err)
{
	struct weir_iface iface;
	int r = link_by_name(name, &iface, err);

	if (r < 0)
		return r;
	/* The kernel sends what it is given without a protocol: others drop it. */
	if (iface.linktype != WEIR_LINKTYPE_ETHERNET)
		return err_set(err, -ENOTSUP, "'%s' is not an Ethernet interface", name);
	*ret_iface = iface;
	return 0;
}

static int read_args(const struct weir_port *port, struct xdp_priv *p, struct weir_err *err)
{
	const struct port_args *a = &port->args;
	unsigned last = a->first_queue + a->n_queues - 1;
	unsigned have = UINT32_MAX;
	uint64_t ring = port->opts.dir & WEIR_PORT_RX ? DEFAULT_RING_RX : DEFAULT_RING_TX;
	int r;

	r = find_iface(a->target, &p->iface, err);
	if (r == 0)
		r = port_option_number(a, "ring", 64, MAX_RING, &ring, err);
	if (r < 0)
		return r;
	if (ring & (ring - 1))
		return err_set(err, -EINVAL, "'ring=%llu': not a power of two",
			       (unsigned long long)ring);

	p->dir = port->opts.dir;
	if (p->dir & WEIR_PORT_TX)
		have = MIN(have, p->iface.tx_queues);
	if (p->dir & WEIR_PORT_RX)
		have = MIN(have, p->iface.rx_queues);
	if (last >= have)
		return err_set(err, -EINVAL, "there is no queue %u: '%s' has %u", last, a->target,
			       have);

	p->zc = port_option(a, "zc", NULL);
	p->ring_size = (uint32_t)ring;
	p->first_queue = a->first_queue;
	return 0;
}

static void fill_info(struct weir_port *port, const struct xdp_priv *p)
{
	struct weir_port_info *info = &port->info;
	uint32_t max = p->iface.mtu + p->iface.header_len;

	(void)snprintf(info->device, sizeof(info->device), "%s", p->iface.name);
	(void)snprintf(info->note, sizeof(info->note), "%s mode%s", p->zc ? "zero-copy" : "copy",
		       p->region_used ? ", frames are sent where they lie" : "");
	info->linktype = p->iface.linktype;
	info->max_frame = p->sg ? max : MIN(max, XDP_CHUNK);
	info->speed_bps = p->iface.speed_bps;
	/* The other end's kernel leaves them to a card that is not there. */
	info->sums_missing = !strcmp(p->iface.kind, "veth");
	memcpy(info->mac, p->iface.mac, sizeof(info->mac));
}

static int xdp_open(struct weir_port *port, struct weir_err *err)
{
	struct xdp_priv *p = port->priv;
	int r;

	p->link_fd = p->promisc_fd = -EBADF;
	r = read_args(port, p, err);
	if (r == 0)
		r = port_set_queues(port, port->args.n_queues, err);
	if (r < 0)
		return r;
	p->queues = lines_new(port->args.n_queues, sizeof(*p->queues));
	if (!p->queues)
		return err_set(err, -ENOMEM, "no memory for %u queues", port->args.n_queues);
	p->n_queues = port->args.n_queues;

	r = xdp_sockets_open(port, err);
	if (r == 0 && p->dir & WEIR_PORT_TX)
		r = xdp_tx_open(port, err);
	if (r == 0 && p->dir & WEIR_PORT_RX)
		r = xdp_rx_open(port, err);
	if (r == 0)
		fill_info(port, p);
	return r;
}

static void xdp_close(struct weir_port *port)
{
	struct xdp_priv *p = port->priv;

	xdp_tx_close(port);
	xdp_rx_close(p);
	xdp_sockets_close(p);
	free(p->queues);
}

static int xdp_probe(const char *ifname, struct weir_err *err)
{
	struct weir_iface iface = { .name = "lo", .tx_queues = 1 };
	int r = ifname ? find_iface(ifname, &iface, err) : 0;

	return r < 0 ? r : xdp_sockets_probe(&iface, err);
}

const struct backend xdp_backend = {
	.scheme = "xdp",
	.summary = "AF_XDP sockets",
	.needs = "CAP_NET_RAW; to receive CAP_BPF and CAP_NET_ADMIN as well",
	.options = "ring zc",
	.dirs = WEIR_PORT_TX | WEIR_PORT_RX,
	.needs_target = true,
	.on_iface = true,
	.hw_queues = true,
	.no_launch_time =
		"AF_XDP has them only in drivers made for it (igc, stmmac), with zero-copy "
		"and Linux 6.15, and weir does not use that yet; packet: can, through an "
		"ETF queueing discipline",
	.priv_size = sizeof(struct xdp_priv),
	.open = xdp_open,
	.close = xdp_close,
	.tx = xdp_tx,
	.tx_done = xdp_tx_done,
	.tx_wait = xdp_tx_wait,
	.tx_drain = xdp_tx_drain,
	.rx = xdp_rx,
	.rx_release = xdp_rx_release,
	.rx_wait = xdp_rx_wait,
	.rx_fd = xdp_rx_fd,
	.probe = xdp_probe,
};
