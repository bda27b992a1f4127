/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kernel: sends from inside the kernel.
 *
 *   kernel.c                 opening, closing, probing
 *   kernel-run.c             the program and the thread that runs it
 *   kernel-tx.c              what the program is told to send
 *   bpf/kernel-send.bpf.c    the program
 *
 * An XDP program makes frames of pages that the kernel keeps for it and redirects them to
 * the device, whose driver takes them in batches: no socket buffer is made, and nothing is
 * copied but the frame into its page. A preloaded trace is copied once into memory that the
 * program reads; other frames are, one by one, into slots of that memory.
 *
 * The thread of each queue keeps a processor busy, with or without frames.
 */
#include "port/kernel.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/macros.h"
#include "port/registry.h"
#include "port/wait.h"
#include "port/xdp-features.h"

/* Finds the interface and checks that its driver takes redirected frames, if it tells. */
static int find_iface(const char *name, struct weir_iface *ret_iface, struct weir_err *err)
{
	struct weir_iface iface;
	uint64_t features;
	int r = link_by_name(name, &iface, err);

	if (r < 0)
		return r;
	if (iface.linktype != 1)
		return err_set(err, -ENOTSUP, "'%s' is not an Ethernet interface", name);
	if (xdp_features(iface.index, &features) == 0 && !(features & XDP_FEATURE_XMIT))
		return err_set(err, -ENOTSUP, "'%s' takes no frames from XDP programs%s", name,
			       strcmp(iface.kind, "veth") == 0
				       ? ": turn GRO on at its peer (ethtool -K PEER gro on), or "
					 "attach an XDP program there"
				       : "");
	*ret_iface = iface;
	return 0;
}

static void fill_info(struct weir_port *port, const struct kernel_priv *p)
{
	struct weir_port_info *info = &port->info;

	(void)snprintf(info->device, sizeof(info->device), "%s", p->iface.name);
	(void)snprintf(info->note, sizeof(info->note), "%s",
		       p->region ? "the trace lies in the kernel" : "");
	info->linktype = p->iface.linktype;
	info->max_frame = MIN(p->iface.mtu + LINK_ETH_LEN, p->frame_room);
	info->speed_bps = p->iface.speed_bps;
	memcpy(info->mac, p->iface.mac, sizeof(info->mac));
}

static int kernel_open(struct weir_port *port, struct weir_err *err)
{
	const struct weir_region *region = &port->opts.region;
	struct kernel_priv *p = port->priv;
	size_t size;
	int r;

	r = find_iface(port->args.target, &p->iface, err);
	if (r == 0)
		r = port_set_queues(port, port->args.n_queues, err);
	if (r < 0)
		return r;
	p->frame_room = MIN(p->iface.mtu + LINK_ETH_LEN + LINK_VLAN_LEN, KERNEL_FRAME_MAX);
	p->frame_room = MAX(p->frame_room, KERNEL_BLOCK);
	if (region->base && region->constant) {
		p->region = region->base;
		p->region_size = region->size;
	}
	size = port->info.n_queues * sizeof(*p->queues);
	p->queues = aligned_alloc(64, size);
	if (!p->queues)
		return err_set(err, -ENOMEM, "no memory for %u queues", port->info.n_queues);
	memset(p->queues, 0, size);
	for (; p->n_queues < port->info.n_queues; p->n_queues++) {
		r = kernel_txq_open(port, p->n_queues, err);
		if (r < 0) {
			p->n_queues++;
			return r;
		}
	}
	fill_info(port, p);
	return 0;
}

static void kernel_close(struct weir_port *port)
{
	struct kernel_priv *p = port->priv;

	for (unsigned q = 0; q < p->n_queues; q++) {
		if (p->queues[q].run.shared)
			(void)kernel_tx_drain(port, q, NSEC_PER_SEC); /* as far as it goes */
		kernel_txq_close(port, q);
	}
	free(p->queues);
}

static int kernel_probe(const char *ifname, struct weir_err *err)
{
	struct weir_iface iface;
	int r = ifname ? find_iface(ifname, &iface, err) : 0;

	return r < 0 ? r : kernel_run_probe(err);
}

const struct backend kernel_backend = {
	.scheme = "kernel",
	.summary = "XDP program that sends from inside the kernel",
	.needs = "CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON",
	.dirs = WEIR_PORT_TX,
	.needs_target = true,
	.on_iface = true,
	.launch_time = true,
	.priv_size = sizeof(struct kernel_priv),
	.open = kernel_open,
	.close = kernel_close,
	.tx = kernel_tx,
	.tx_wait = kernel_tx_wait,
	.tx_drain = kernel_tx_drain,
	.lateness = kernel_lateness,
	.probe = kernel_probe,
};
