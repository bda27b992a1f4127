/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kernel: sends from inside the kernel.
 *
 *   kernel.c                 opening, closing, probing
 *   kernel-memory.c          memory that the programs read
 *   kernel-recipe.c          what frames are made of, for the program that makes them
 *   kernel-run.c             the program and the thread that runs it
 *   kernel-tx.c              what the program is told to send
 *   bpf/kernel-send.bpf.c    the programs
 *
 * An XDP program makes frames of pages that the kernel keeps for it and redirects them to
 * the device, whose driver takes them in batches: no socket buffer is made, and nothing is
 * copied but the frame into its page. A preloaded trace is copied once into memory that the
 * programs read; other frames are, one by one, into slots of that memory. Frames that have a
 * recipe are made in their pages.
 *
 * The thread of each queue keeps a processor busy, with or without frames.
 */
#include "port/kernel.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/lines.h"
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
	if (iface.linktype != WEIR_LINKTYPE_ETHERNET)
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
		       p->recipe   ? "frames are made in the kernel"
		       : p->region ? "the trace lies in the kernel"
				   : "");
	info->linktype = p->iface.linktype;
	info->max_frame = MIN(p->iface.mtu + LINK_ETH_LEN, p->frame_max);
	info->speed_bps = p->iface.speed_bps;
	memcpy(info->mac, p->iface.mac, sizeof(info->mac));
}

/* Decides how long frames are, and who makes them. */
static void plan_frames(const struct weir_port_opts *opts, struct kernel_priv *p)
{
	uint32_t len = opts->recipe ? opts->recipe->len : opts->usual_len;

	p->frame_max = MIN(p->iface.mtu + LINK_ETH_LEN + LINK_VLAN_LEN, KERNEL_FRAME_MAX);
	p->frame_room = len ? MAX(MIN(len, p->frame_max), KERNEL_FRAME_MIN) : p->frame_max;
	/* Frames that are too long or too short are all refused, however they are made. */
	if (!opts->recipe || len != p->frame_room)
		return;
	p->recipe = opts->recipe;
	memcpy(p->head, p->recipe->bytes, sizeof(p->head));
	p->made = (struct weir_pkt){ .data = p->head, .len = len };
}

/* Lays out the memory, and fills in what stays in it. */
static int make_memory(const struct weir_port_opts *opts, unsigned n_queues, struct kernel_priv *p,
		       struct weir_err *err)
{
	const struct weir_region *region = &opts->region;
	uint64_t size;
	int r;

	if (p->recipe) {
		r = kernel_memory_init(&p->memory, kernel_lists_size(p->recipe), err);
		if (r == 0)
			kernel_lists_copy(p->recipe, p->memory.base);
		return r;
	}
	p->slot = (p->frame_max + 63) / 64 * 64; /* a line has one writer */
	size = (uint64_t)p->slot * KERNEL_SLOTS * n_queues;
	if (size > KERNEL_MEMORY_MAX - 2 * KERNEL_FRAME_MAX)
		return err_set(err, -EINVAL, "'%s': %u queues are too many", p->iface.name,
			       n_queues);
	p->region_off = (uint32_t)size;
	if (region->base && region->constant &&
	    region->size <= KERNEL_MEMORY_MAX - 2 * KERNEL_FRAME_MAX - size) {
		p->region = region->base;
		p->region_size = region->size;
	}
	r = kernel_memory_init(&p->memory, size + p->region_size, err);
	if (r == 0 && p->region)
		memcpy(p->memory.base + p->region_off, p->region, p->region_size);
	return r;
}

static int open_queues(struct weir_port *port, struct weir_err *err)
{
	struct kernel_priv *p = port->priv;

	p->queues = lines_new(port->info.n_queues, sizeof(*p->queues));
	if (!p->queues)
		return err_set(err, -ENOMEM, "no memory for %u queues", port->info.n_queues);
	while (p->n_queues < port->info.n_queues) {
		int r = kernel_txq_open(port, p->n_queues++, err);

		if (r < 0)
			return r;
	}
	return 0;
}

static int kernel_open(struct weir_port *port, struct weir_err *err)
{
	struct kernel_priv *p = port->priv;
	const char *value;
	int r;

	p->memory.fd = -EBADF;
	p->keep = port_option(&port->args, "keep", &value);
	r = find_iface(port->args.target, &p->iface, err);
	if (r == 0)
		r = port_set_queues(port, port->args.n_queues, err);
	if (r < 0)
		return r;
	plan_frames(&port->opts, p);
	r = make_memory(&port->opts, port->info.n_queues, p, err);
	if (r == 0)
		r = open_queues(port, err);
	if (r == 0)
		fill_info(port, p);
	return r;
}

static void kernel_close(struct weir_port *port)
{
	struct kernel_priv *p = port->priv;

	for (unsigned q = 0; q < p->n_queues; q++) {
		if (p->queues[q].run.shared)
			(void)kernel_tx_drain(port, q, NSEC_PER_SEC); /* as far as it goes */
		kernel_txq_close(port, q);
	}
	kernel_memory_done(&p->memory);
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
	.options = "keep",
	.dirs = WEIR_PORT_TX,
	.needs_target = true,
	.on_iface = true,
	.launch_time = true,
	.recipe = true,
	.priv_size = sizeof(struct kernel_priv),
	.open = kernel_open,
	.close = kernel_close,
	.tx = kernel_tx,
	.tx_wait = kernel_tx_wait,
	.tx_drain = kernel_tx_drain,
	.lateness = kernel_lateness,
	.probe = kernel_probe,
};
