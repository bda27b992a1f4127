/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading a tap (weir/tap.h): its programs fill the rings before we come and after we have
 * gone. What is ours are the frames from where the last reader stopped to what was there
 * when we were told to stop, or to the last one that was wanted.
 */
#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/macros.h"
#include "capture/intake.h"
#include "capture/minder.h"
#include "capture/tap.h"
#include "port/link.h"
#include "port/name.h"

/* A frame that was being written when the number of its interface changed is in its ring after
 * this. */
#define GRACE_MS 20

struct tap_priv {
	struct tap tap;
	struct program_rings rings;
	struct minder minder;
	int promisc_fd;
	bool left;
	uint64_t last_orphans; /* when we left */
};

static int check_opts(const struct intake *s, struct weir_err *err)
{
	const struct weir_capture_opts *o = s->opts;
	const char *what = o->filter					 ? "filter"
			   : o->snaplen					 ? "length of frames"
			   : o->queues					 ? "number of queues"
			   : o->buffer_size				 ? "size of buffers"
			   : o->direction				 ? "direction"
			   : o->marks != WEIR_CAPTURE_MARK_FLAGS	 ? "list of marks"
			   : o->engine || o->mode != WEIR_CAPTURE_MIRROR ? "engine and mode"
									 : NULL;

	return what ? err_set(err, -EINVAL, "the %s of a tap is set by 'weir tap'", what) : 0;
}

/* Joins the rings, so that what lies in them is of our interface of the file. */
static void join_rings(struct intake *s)
{
	const struct tap_priv *p = s->priv;
	struct capture_control *c = p->tap.control;
	const bool other = c->iface != s->nr;

	__atomic_store_n(&c->iface, s->nr, __ATOMIC_RELAXED);
	if (other)
		(void)poll(NULL, 0, GRACE_MS);
	for (unsigned i = 0; i < s->n_rings; i++) {
		blockring_join(&s->rings[i]);
		if (other)
			blockring_set_iface(&s->rings[i], s->nr);
	}
}

static int open_rings(struct intake *s, struct weir_err *err)
{
	struct tap_priv *p = s->priv;
	const struct capture_tap *t = &p->tap.control->tap;
	CLEANUP(closep)
	int fd = tap_rings_fd(&p->tap, err);
	int r = fd;

	if (r >= 0)
		r = program_map_rings(fd, t->ring_size, t->n_rings, &p->rings, err);
	if (r == 0)
		r = intake_set_program_rings(s, &p->rings, t->ring_size, err);
	if (r == 0)
		join_rings(s);
	return r;
}

/* Of an interface that is gone, what the tap knows of it. */
static int open_iface(struct intake *s, struct weir_err *err)
{
	struct tap_priv *p = s->priv;
	const struct capture_tap *t = &p->tap.control->tap;
	const char *engine = t->hooks & CAPTURE_XDP ? "tap, xdp program" : "tap, tc program";
	struct weir_iface iface = { .linktype = t->linktype };
	char name[IF_NAMESIZE];

	memcpy(iface.name, t->device, sizeof(iface.name));
	if (p->tap.state == WEIR_TAP_RUNS && if_indextoname(t->ifindex, name) &&
	    link_by_name(name, &iface, NULL) == 0) {
		int r = intake_set_promisc(s, &iface, &p->promisc_fd, err);

		if (r < 0)
			return r;
	}
	intake_tell_iface(s, &iface, engine);
	s->info.filter = t->filter[0] ? t->filter : NULL;
	return 0;
}

static int tap_open(struct intake *s, struct weir_err *err)
{
	struct tap_priv *p = s->priv;
	const char *device = s->info.name + port_name_scheme_len(s->info.name) + 1;
	int r;

	p->tap.fd = p->promisc_fd = -EBADF;
	r = tap_find(device, &p->tap, err);
	if (r < 0)
		return r;
	if (!p->tap.control)
		return err_set(
			err, -ENODEV,
			"%s: the tap was not made to its end: 'weir tap stop dev %s' removes "
			"what there is of it",
			s->info.name, device);
	r = check_opts(s, err);
	if (r == 0)
		r = tap_lock(&p->tap, err);
	if (r == 0)
		r = open_rings(s, err);
	if (r == 0)
		r = open_iface(s, err);
	return r < 0 ? err_prefix(err, r, "%s", s->info.name) : 0;
}

static int tap_start(struct intake *s, struct weir_err *err)
{
	struct tap_priv *p = s->priv;
	struct capture_control *c = p->tap.control;

	c->reader = (uint32_t)getpid();
	p->minder = (struct minder){ .rings = &p->rings,
				     .ifindex = c->tap.ifindex,
				     .has_tai = c->tap.has_tai,
				     .beats = c,
				     .tap_fd = p->tap.fd };
	return minder_start(&p->minder, err);
}

static void tap_stop(struct intake *s)
{
	struct tap_priv *p = s->priv;

	if (!p->minder.runs)
		return;
	minder_stop(&p->minder);
	for (unsigned i = 0; i < s->n_rings; i++)
		blockring_leave(&s->rings[i]);
	p->last_orphans = blockring_counter(&p->tap.control->orphans);
	p->left = true;
}

/* Says that everything has been told up to where we left. */
static void tell(struct intake *s)
{
	struct tap_priv *p = s->priv;
	struct capture_control *c = p->tap.control;

	for (unsigned i = 0; i < s->n_rings; i++)
		blockring_told(&s->rings[i]);
	c->told_orphans = p->last_orphans;
	c->reader = 0;
}

static void tap_close(struct intake *s)
{
	struct tap_priv *p = s->priv;

	tap_stop(s);
	if (p->left)
		tell(s);
	closep(&p->promisc_fd);
	program_unmap_rings(&p->rings);
	tap_done(&p->tap);
}

static uint64_t tap_dropped(const struct intake *s)
{
	const struct tap_priv *p = s->priv;
	const struct capture_control *c = p->tap.control;
	uint64_t n = p->left ? p->last_orphans : blockring_counter(&c->orphans);

	n -= c->told_orphans;
	for (unsigned i = 0; i < s->n_rings; i++)
		n += blockring_counts(&s->rings[i]).nested;
	return n;
}

static int tap_ended(const struct intake *s, struct weir_err *err)
{
	const struct tap_priv *p = s->priv;
	const int r = atomic_load(&p->minder.ended);

	return r < 0 ? err_set(err, r, "%s: the interface is gone", s->info.name) : r;
}

const struct engine tap_engine = {
	.hold_ns = 20 * NSEC_PER_MSEC,
	.priv_size = sizeof(struct tap_priv),
	.open = tap_open,
	.start = tap_start,
	.stop = tap_stop,
	.close = tap_close,
	.dropped = tap_dropped,
	.ended = tap_ended,
};
