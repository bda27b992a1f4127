/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * xdp: the BPF program that gives arriving frames to the sockets. It is attached through
 * a link, which the kernel takes back when its file descriptor goes, so that it never
 * outlives the process; and attaching through a link never replaces a program that
 * somebody else attached.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "xsk-redirect.skel.h"

#include "base/cleanup.h"
#include "base/err.h"
#include "base/macros.h"
#include "port/xdp.h"

/* Before Linux 5.18 there are no programs for frames of several buffers. */
static int load(struct xdp_priv *p, bool frags)
{
	struct xsk_redirect *prog = xsk_redirect__open();
	int r;

	if (!prog)
		return -errno;
	r = bpf_map__set_max_entries(prog->maps.xsks, p->first_queue + p->n_queues);
	if (r == 0 && !frags)
		r = bpf_program__set_flags(prog->progs.xsk_redirect, 0);
	if (r == 0)
		r = xsk_redirect__load(prog);
	if (r < 0)
		xsk_redirect__destroy(prog);
	else
		p->prog = prog;
	return r;
}

static int attach(struct xdp_priv *p, unsigned flags)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = flags);
	int fd = bpf_link_create(bpf_program__fd(p->prog->progs.xsk_redirect), (int)p->iface.index,
				 BPF_XDP, &opts);

	return fd < 0 ? -errno : fd;
}

static int fill_map(const struct xdp_priv *p, struct weir_err *err)
{
	int map = bpf_map__fd(p->prog->maps.xsks);

	for (unsigned q = 0; q < p->n_queues; q++) {
		uint32_t key = p->first_queue + q;

		if (bpf_map_update_elem(map, &key, &p->queues[q].rx.fd, 0) < 0)
			return err_set(err, -errno,
				       "cannot put queue %u into the program's map: %s", key,
				       strerror(errno));
	}
	return 0;
}

int xdp_prog_attach(struct xdp_priv *p, struct weir_err *err)
{
	int r;

	r = load(p, true);
	if (r == -EINVAL)
		r = load(p, false);
	if (r == -EPERM || r == -EACCES)
		return err_set(err, r,
			       "receiving needs the capabilities CAP_BPF and CAP_NET_ADMIN");
	if (r < 0)
		return err_set(err, r, "cannot load the XDP program: %s", strerror(-r));
	r = fill_map(p, err);
	if (r < 0)
		return r;

	r = attach(p, 0); /* in the driver, where it can */
	if (r < 0 && r != -EBUSY && r != -EEXIST && r != -EPERM)
		r = attach(p, XDP_FLAGS_SKB_MODE);
	if (r == -EPERM)
		return err_set(err, r, "receiving needs the capability CAP_NET_ADMIN");
	if (r == -EBUSY || r == -EEXIST)
		return err_set(err, -EBUSY,
			       "'%s' has an XDP program already, which is not replaced",
			       p->iface.name);
	if (r < 0)
		return err_set(err, r, "cannot attach an XDP program to '%s': %s", p->iface.name,
			       strerror(-r));
	p->link_fd = r;
	return 0;
}

void xdp_prog_detach(struct xdp_priv *p)
{
	closep(&p->link_fd);
	xsk_redirect__destroy(p->prog); /* copes with NULL */
	p->prog = NULL;
}
