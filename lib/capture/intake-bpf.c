/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Capturing by programs in the kernel (bpf/capture.bpf.c), which write the rings themselves:
 * here they are loaded, attached and told the time.
 *
 * All of them are attached through links, which the kernel takes back when the process ends,
 * however that happens: an interface whose frames are dropped is never cut off by a crash.
 * Attaching through a link never replaces what somebody else has attached.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/macros.h"
#include "capture/intake.h"
#include "capture/minder.h"
#include "capture/program.h"
#include "port/link.h"
#include "port/packet.h"

/* Programs that run when they are detached have ended after this. */
#define GRACE_MS 20

struct bpf_priv {
	struct weir_iface iface;
	struct program_opts wanted;
	struct sock_fprog filter;
	struct program prog;
	struct capture_control *control;
	struct program_rings rings;
	struct minder minder;
	int links[PROGRAM_HOOKS];
	int promisc_fd;
};

static int map_rings(struct intake *s, struct weir_err *err)
{
	struct bpf_priv *p = s->priv;
	const uint64_t size = p->wanted.ring_size;
	int r = program_map_control(program_control_fd(&p->prog), &p->control, err);

	if (r == 0)
		r = program_map_rings(program_rings_fd(&p->prog), size, p->wanted.n_rings,
				      &p->rings, err);
	return r < 0 ? r : intake_set_program_rings(s, &p->rings, size, err);
}

static int attach_all(struct bpf_priv *p, struct weir_err *err)
{
	for (enum program_hook h = 0; h < PROGRAM_HOOKS; h++) {
		if (program_fd(&p->prog, h) < 0)
			continue;
		p->links[h] = program_attach(&p->prog, h, err);
		if (p->links[h] < 0)
			return p->links[h];
	}
	return 0;
}

static int choose(struct intake *s, struct weir_err *err)
{
	struct bpf_priv *p = s->priv;
	int r = link_by_name(s->info.name, &p->iface, err);

	if (r < 0)
		return r;
	if (p->iface.linktype == WEIR_LINKTYPE_NONE)
		return err_set(err, -ENOTSUP, "interface '%s' has a link layer that is not known",
			       p->iface.name);
	if (s->opts->queues)
		return err_set(err, -EINVAL, "programs in the kernel have a queue a processor");
	s->info.linktype = p->iface.linktype;
	r = intake_set_filter(s, err);
	if (r < 0)
		return r;
	p->wanted = (struct program_opts){ .iface = &p->iface,
					   .snaplen = s->opts->snaplen,
					   .iface_nr = s->nr,
					   .marks = s->opts->marks,
					   .hw_time = s->hw != NULL,
					   .hw_iface_nr = s->opts->n_ports + s->nr,
					   .raw_time = s->opts->time == WEIR_CAPTURE_TIME_HW_RAW };
	if (s->filter) {
		p->filter = filter_program(s->filter);
		p->wanted.filter = &p->filter;
	}
	program_choose(&p->wanted, s->opts->direction, s->opts->engine, s->opts->mode);
	program_size(&p->wanted, s->opts->buffer_size, s->ring_size);
	return 0;
}

static void fill_info(struct intake *s)
{
	const struct bpf_priv *p = s->priv;

	intake_tell_iface(s, &p->iface, p->wanted.xdp ? "xdp program" : "tc program");
	(void)snprintf(s->info.note, sizeof(s->info.note), "%s",
		       s->opts->mode == WEIR_CAPTURE_DROP ? "frames go no further" : "");
}

static int bpf_open(struct intake *s, struct weir_err *err)
{
	struct bpf_priv *p = s->priv;
	int r;

	p->links[PROGRAM_IN] = p->links[PROGRAM_OUT] = p->promisc_fd = -EBADF;
	r = choose(s, err);
	if (r == 0)
		r = program_load(&p->wanted, &p->prog, err);
	if (r == 0)
		r = map_rings(s, err);
	if (r == 0)
		r = intake_set_promisc(s, &p->iface, &p->promisc_fd, err);
	if (r == 0)
		r = attach_all(p, err);
	if (r < 0)
		return err_prefix(err, r, "%s", s->info.name);
	fill_info(s);
	return 0;
}

static void set_on(struct bpf_priv *p, bool on)
{
	__atomic_store_n(&p->control->on, on, __ATOMIC_RELEASE);
}

static int bpf_start(struct intake *s, struct weir_err *err)
{
	struct bpf_priv *p = s->priv;
	int r;

	p->minder = (struct minder){ .rings = &p->rings,
				     .ifindex = p->iface.index,
				     .has_tai = p->prog.has_tai,
				     .tap_fd = -EBADF };
	r = minder_start(&p->minder, err);
	if (r == 0)
		set_on(p, true);
	return r;
}

static void bpf_stop(struct intake *s)
{
	struct bpf_priv *p = s->priv;

	if (!p->minder.runs)
		return;
	set_on(p, false);
	minder_stop(&p->minder);
	(void)poll(NULL, 0, GRACE_MS);
}

static void bpf_close(struct intake *s)
{
	struct bpf_priv *p = s->priv;

	bpf_stop(s);
	for (unsigned i = 0; i < PROGRAM_HOOKS; i++)
		closep(&p->links[i]);
	closep(&p->promisc_fd);
	program_unmap_rings(&p->rings);
	program_unmap_control(p->control);
	program_unload(&p->prog);
}

/* Frames that found no ring, and those that came while another was being written. */
static uint64_t bpf_dropped(const struct intake *s)
{
	const struct bpf_priv *p = s->priv;
	uint64_t n = __atomic_load_n(&p->control->orphans, __ATOMIC_RELAXED);

	for (unsigned i = 0; i < s->n_rings; i++)
		n += blockring_counter(&s->rings[i].shared->nested);
	return n;
}

static int bpf_ended(const struct intake *s, struct weir_err *err)
{
	const struct bpf_priv *p = s->priv;

	return atomic_load(&p->minder.ended) < 0
		       ? err_set(err, -ENODEV, "%s: the interface is gone", s->info.name)
		       : 0;
}

const struct engine bpf_engine = {
	.hold_ns = 20 * NSEC_PER_MSEC,
	.priv_size = sizeof(struct bpf_priv),
	.open = bpf_open,
	.start = bpf_start,
	.stop = bpf_stop,
	.close = bpf_close,
	.dropped = bpf_dropped,
	.ended = bpf_ended,
};
