/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The life of a forwarder, and its limit. The loop is in lane.c.
 */
#include <weir/forward.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/lines.h"
#include "base/macros.h"
#include "engine/lane.h"

#define PATIENCE_NS (100 * NSEC_PER_MSEC)

DEFINE_CLEANUP(struct weir_forwarder *, weir_forwarder_free)

/* Frames that the lanes' ports have taken since they were opened. A port that several lanes
 * send to counts once. */
static uint64_t taken(const struct weir_forwarder *f)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < f->n_lanes; i++) {
		struct weir_port *to = f->lanes[i].cfg.to;
		struct weir_port_stats s;
		unsigned first = 0;

		while (f->lanes[first].cfg.to != to)
			first++;
		if (first < i)
			continue;
		weir_port_stats(to, &s);
		sum += s.tx_frames;
	}
	return sum;
}

/*
 * Nothing is left to be claimed, which is not the end if ports have refused some. What they
 * took is certain when no other lane is sending. Those that look at it at the same time
 * give way to each other, and try again.
 */
static void settle(struct weir_forwarder *f)
{
	uint64_t all = f->limit, n;

	if (atomic_load(&f->claiming) > 1)
		return;
	n = taken(f) - f->base;
	if (n >= f->limit)
		weir_forwarder_stop(f);
	else
		(void)atomic_compare_exchange_strong(&f->claimed, &all, n);
}

unsigned lane_claim(struct lane *l, unsigned n)
{
	struct weir_forwarder *f = l->f;
	uint64_t claimed;
	unsigned k;

	/* Counted as being at it before anything is claimed: settle() must not miss it. */
	atomic_fetch_add(&f->claiming, 1);
	claimed = atomic_load(&f->claimed);
	do {
		k = (unsigned)MIN((uint64_t)n, f->limit - claimed);
	} while (k && !atomic_compare_exchange_weak(&f->claimed, &claimed, claimed + k));
	if (k)
		return k;
	settle(f);
	atomic_fetch_sub(&f->claiming, 1);
	return 0;
}

void lane_claim_done(struct lane *l)
{
	struct weir_forwarder *f = l->f;

	/* The last frame ends the run at once, not when another one comes. */
	if (atomic_load(&f->claimed) == f->limit)
		settle(f);
	atomic_fetch_sub(&f->claiming, 1);
}

int weir_forwarder_new(const struct weir_forward_opts *o, struct weir_forwarder **ret_f,
		       struct weir_err *err)
{
	CLEANUP(weir_forwarder_freep)
	struct weir_forwarder *f = NULL;

	if (!o->n_lanes || o->n_lanes > WEIR_FORWARD_MAX_LANES)
		return err_set(err, -EINVAL, "a forwarder has 1 to %u lanes",
			       WEIR_FORWARD_MAX_LANES);
	f = lines_new(1, sizeof(*f));
	if (!f)
		return err_set(err, -ENOMEM, "out of memory");
	f->done_fd = -EBADF;
	f->limit = o->limit;
	f->patience_ns = o->patience_ns ? o->patience_ns : PATIENCE_NS;
	f->lanes = lines_new(o->n_lanes, sizeof(*f->lanes));
	if (!f->lanes)
		return err_set(err, -ENOMEM, "out of memory");
	for (unsigned i = 0; i < o->n_lanes; i++) {
		int r;

		f->n_lanes++; /* it is undone even if it gets only half-way */
		r = lane_init(&f->lanes[i], f, &o->lanes[i], err);
		if (r < 0)
			return r;
	}
	f->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (f->done_fd < 0)
		return err_set(err, -errno, "cannot make an eventfd: %s", strerror(errno));

	*ret_f = TAKE_PTR(f);
	return 0;
}

static void *lane_main(void *arg)
{
	struct lane *l = arg;
	struct weir_forwarder *f = l->f;
	const uint64_t one = 1;

	if (lane_run(l) < 0)
		weir_forwarder_stop(f); /* the others end too */
	if (atomic_fetch_sub(&f->running, 1) == 1)
		(void)!write(f->done_fd, &one, sizeof(one)); /* an eventfd at 0 takes a 1 */
	return NULL;
}

int weir_forwarder_start(struct weir_forwarder *f, struct weir_err *err)
{
	f->base = taken(f);
	atomic_store(&f->running, f->n_lanes);
	for (unsigned i = 0; i < f->n_lanes; i++) {
		struct lane *l = &f->lanes[i];
		int r = pthread_create(&l->thread, NULL, lane_main, l);

		if (r) {
			weir_forwarder_stop(f);
			return err_set(err, -r, "cannot start a thread: %s", strerror(r));
		}
		l->runs = true;
	}
	return 0;
}

void weir_forwarder_stop(struct weir_forwarder *f)
{
	atomic_store_explicit(&f->stop, true, memory_order_relaxed);
}

int weir_forwarder_fd(const struct weir_forwarder *f)
{
	return f->done_fd;
}

int weir_forwarder_lane(const struct weir_forwarder *f, unsigned i, struct weir_lane_stats *ret)
{
	const struct lane_counters *c;

	if (i >= f->n_lanes)
		return 0;
	c = &f->lanes[i].counters;
	*ret = (struct weir_lane_stats){
		.frames = counter_get(&c->frames),
		.bytes = counter_get(&c->bytes),
		.dropped = counter_get(&c->dropped),
		.cut = counter_get(&c->cut),
		.made = counter_get(&c->made),
		.given = counter_get(&c->given),
		.no_room = counter_get(&c->no_room),
		.left_over = counter_get(&c->left_over),
		.waits = counter_get(&c->waits),
	};
	return 1;
}

int weir_forwarder_join(struct weir_forwarder *f, struct weir_err *err)
{
	int r = 0;

	for (unsigned i = 0; i < f->n_lanes; i++) {
		struct lane *l = &f->lanes[i];

		if (l->runs)
			(void)pthread_join(l->thread, NULL);
		l->runs = false;
		if (l->err.code < 0 && r == 0) {
			r = l->err.code;
			if (err)
				*err = l->err;
		}
	}
	return r;
}

struct weir_forwarder *weir_forwarder_free(struct weir_forwarder *f)
{
	if (!f)
		return NULL;
	weir_forwarder_stop(f);
	(void)weir_forwarder_join(f, NULL);
	for (unsigned i = 0; i < f->n_lanes; i++)
		lane_done(&f->lanes[i]);
	closep(&f->done_fd);
	free(f->lanes);
	free(f);
	return NULL;
}
