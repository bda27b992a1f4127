/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Capturing from a port of any kind: a thread for each of its queues receives batches and
 * writes them into the queue's ring.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <weir/port.h>

#include "base/cpu.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/time.h"
#include "capture/intake.h"

#define BATCH 256u

/* How long a thread waits before it looks whether it is to stop. */
#define WAIT_NS (10 * NSEC_PER_MSEC)

/* A stopped thread goes on until nothing has come for so long (the kernel hands over blocks
 * of frames when they are full or 1 ms old), or frames come that are younger than the stop;
 * at most so long. */
#define QUIET_NS (20 * NSEC_PER_MSEC)
#define STOP_NS	 NSEC_PER_SEC

#define LOOPBACK_KIND "lo"

struct queue {
	_Alignas(64) pthread_t thread;
	struct intake *intake;
	struct blockring *ring;
	unsigned nr;
	bool runs;
	_Atomic int ended; /* as engine.ended() tells it */
};

struct port_priv {
	struct weir_port *port;
	struct queue *queues;
	bool told;		  /* a byte before each frame: enum weir_rx_told */
	_Atomic uint64_t stop_ns; /* CLOCK_REALTIME; 0: not yet */
};

/* When it came, and by which clock. What says that it is of the device's clock, and cannot
 * be, has the time of now. */
static void read_time(const struct queue *q, const struct weir_pkt *pkt, uint64_t now,
		      struct blockring_frame *f)
{
	const struct port_priv *p = q->intake->priv;
	const uint64_t ts = pkt->ts_ns > 0 ? (uint64_t)pkt->ts_ns : now;
	const struct capture_line *line;

	f->ts_ns = ts;
	if (likely(!p->told || !(pkt->data[-1] & WEIR_RX_HW_TIME)))
		return;
	line = capture_line_now(q->ring->shared);
	f->hw_time = capture_line_knows(line, ts);
	if (!f->hw_time)
		f->ts_ns = now;
	else if (!q->ring->raw_time)
		f->ts_ns = capture_line_utc(line, ts);
}

/* Counts a frame that is in the ring. */
static void count_stamp(const struct queue *q, const struct blockring_frame *f)
{
	struct capture_ring *shared = q->ring->shared;

	if (q->intake->hw && f->flags == CAPTURE_INBOUND)
		blockring_count(f->hw_time ? &shared->stamped : &shared->unstamped, 1);
}

/* Puts a frame into the ring, if it is wanted. */
static void take_frame(struct queue *q, uint64_t *head, const struct weir_pkt *pkt, uint64_t now)
{
	const struct port_priv *p = q->intake->priv;
	const struct weir_capture_opts *opts = q->intake->opts;
	const struct filter *filter = q->intake->filter;
	const bool sent = p->told && pkt->data[-1] & WEIR_RX_SENT;
	struct blockring_frame f = { .data = pkt->data,
				     .len = pkt->len,
				     .orig_len = pkt->orig_len,
				     .flags = sent ? CAPTURE_OUTBOUND : CAPTURE_INBOUND };

	if (opts->direction == WEIR_CAPTURE_OUT && !sent)
		return;
	if (filter && !filter_matches(filter, f.data, f.len, f.orig_len)) {
		blockring_count(&q->ring->shared->filtered, 1);
		return;
	}
	if (opts->snaplen)
		f.len = MIN(f.len, opts->snaplen);
	read_time(q, pkt, now, &f);
	if (blockring_put(q->ring, head, &f)) /* it counts what finds no room */
		count_stamp(q, &f);
}

/* Did it come after that time, by the wall clock? */
static bool is_younger(const struct queue *q, const struct weir_pkt *pkt, uint64_t than_ns,
		       uint64_t now)
{
	struct blockring_frame f = { 0 };

	read_time(q, pkt, now, &f);
	if (f.hw_time && q->ring->raw_time)
		f.ts_ns = capture_line_utc(capture_line_now(q->ring->shared), f.ts_ns);
	return f.ts_ns > than_ns;
}

/* Is one of the frames younger than the stop? */
static bool take(struct queue *q, const struct weir_pkt *pkts, unsigned n, uint64_t stop_ns)
{
	const uint64_t now = time_now(CLOCK_REALTIME);
	uint64_t head = q->ring->shared->head; /* it is ours */

	for (unsigned i = 0; i < n; i++)
		take_frame(q, &head, &pkts[i], now);
	blockring_publish(q->ring, head);
	return stop_ns && is_younger(q, &pkts[n - 1], stop_ns, now);
}

/* One look at the port: how many frames came, or a negative errno. */
static int receive(struct queue *q, uint64_t stop_ns, uint64_t wait_ns, bool *ret_young)
{
	const struct port_priv *p = q->intake->priv;
	struct weir_pkt pkts[BATCH];
	int n = weir_port_rx(p->port, q->nr, pkts, BATCH);

	*ret_young = false;
	if (n > 0) {
		*ret_young = take(q, pkts, (unsigned)n, stop_ns);
		weir_port_rx_release(p->port, q->nr);
		return n;
	}
	if (n < 0)
		return n;
	n = weir_port_rx_wait(p->port, q->nr, wait_ns);
	return n < 0 ? n : 0;
}

/* What had arrived when the stop came. */
static int receive_rest(struct queue *q, uint64_t stop_ns)
{
	const uint64_t begin = time_now(CLOCK_MONOTONIC);
	uint64_t now = begin, last = begin;
	bool young = false;
	int n = 0;

	while (n >= 0 && !young && now - last < QUIET_NS && now - begin < STOP_NS) {
		n = receive(q, stop_ns, QUIET_NS, &young);
		now = time_now(CLOCK_MONOTONIC);
		if (n > 0)
			last = now;
	}
	return n;
}

static void *run(void *arg)
{
	struct queue *q = arg;
	struct port_priv *p = q->intake->priv;
	uint64_t stop_ns = 0;
	bool young;
	int n = 0;

	while (n >= 0 && !stop_ns) {
		n = receive(q, 0, WAIT_NS, &young);
		stop_ns = atomic_load(&p->stop_ns);
	}
	if (n >= 0)
		n = receive_rest(q, stop_ns);
	if (n < 0)
		atomic_store(&q->ended, n == -ENODATA ? 1 : n); /* the end of a file */
	return NULL;
}

static bool is_loopback(const struct weir_port *port)
{
	return strcmp(weir_port_info(port)->device, LOOPBACK_KIND) == 0;
}

static int open_port(struct intake *s, bool sent, const struct sock_fprog *filter,
		     struct weir_err *err)
{
	struct port_priv *p = s->priv;
	const struct weir_port_opts opts = {
		.dir = WEIR_PORT_RX,
		.queues = s->opts->queues,
		.snaplen = s->opts->filter ? 0 : s->opts->snaplen, /* it looks at whole frames */
		.promisc = s->opts->promisc,
		.sent = sent,
		.hw_time = s->hw != NULL,
		.filter = filter,
	};
	int r;

	p->port = weir_port_close(p->port);
	p->told = sent || s->hw;
	r = weir_port_open(s->info.name, &opts, &p->port, err);
	if (r < 0)
		return r;
	s->info.linktype = weir_port_info(p->port)->linktype;
	return 0;
}

/* With what is sent, too, if the port can tell of it and it is no loopback, where it would
 * come twice. */
static int open_both_ways(struct intake *s, const struct sock_fprog *filter, struct weir_err *err)
{
	const bool needs = s->opts->direction == WEIR_CAPTURE_OUT;
	const struct port_priv *p = s->priv;
	int r;

	if (s->opts->direction == WEIR_CAPTURE_IN)
		return open_port(s, false, filter, err);
	r = open_port(s, true, filter, err);
	if (r == 0 && is_loopback(p->port) && !needs)
		return open_port(s, false, filter, err);
	if (r == -ENOTSUP && !needs)
		return open_port(s, false, filter, err);
	return r;
}

/* The filter needs the link type, and a port that filters in the kernel the filter: such a one
 * is opened again. What the kernel does not take, this process filters. */
static int open_filtered(struct intake *s, struct weir_err *err)
{
	const struct port_priv *p = s->priv;
	struct sock_fprog program;
	int r = open_both_ways(s, NULL, err);

	if (r < 0 || !s->opts->filter)
		return r;
	r = intake_set_filter(s, err);
	if (r < 0 || strcmp(weir_port_info(p->port)->backend, "packet") != 0)
		return r;
	program = filter_program(s->filter);
	return open_both_ways(s, &program, NULL) == 0 ? 0 : open_both_ways(s, NULL, err);
}

static void fill_info(struct intake *s)
{
	const struct port_priv *p = s->priv;
	const struct weir_port_info *info = weir_port_info(p->port);

	(void)snprintf(s->info.device, sizeof(s->info.device), "%s", info->device);
	s->info.engine = info->backend;
	s->info.speed_bps = info->speed_bps;
	memcpy(s->info.mac, info->mac, sizeof(s->info.mac));
}

static int port_open(struct intake *s, struct weir_err *err)
{
	struct port_priv *p = s->priv;
	unsigned n;
	int r = open_filtered(s, err);

	if (r < 0)
		return r;
	fill_info(s);
	n = weir_port_info(p->port)->n_queues;
	r = intake_set_rings(s, n, err);
	if (r < 0)
		return r;
	p->queues = aligned_alloc(_Alignof(struct queue), n * sizeof(*p->queues));
	if (!p->queues)
		return err_set(err, -ENOMEM, "%s: no memory for %u queues", s->info.name, n);
	memset(p->queues, 0, n * sizeof(*p->queues));
	for (unsigned i = 0; i < n; i++) {
		r = blockring_init(&s->rings[i], s->ring_size, err);
		if (r < 0)
			return err_prefix(err, r, "%s", s->info.name);
		intake_set_ring(s, &s->rings[i], i);
		p->queues[i].intake = s;
		p->queues[i].ring = &s->rings[i];
		p->queues[i].nr = i;
	}
	return 0;
}

/* Several queues get a processor each, as far as there are some. A hint: it may fail. */
static void pin(const struct queue *q)
{
	cpu_set_t all, one;

	if (sched_getaffinity(0, sizeof(all), &all) < 0 || CPU_COUNT(&all) == 0)
		return;
	CPU_ZERO(&one);
	CPU_SET(cpu_nth(&all, q->nr), &one);
	(void)pthread_setaffinity_np(q->thread, sizeof(one), &one);
}

static int port_start(struct intake *s, struct weir_err *err)
{
	struct port_priv *p = s->priv;

	for (unsigned i = 0; i < s->n_rings; i++) {
		struct queue *q = &p->queues[i];
		int r = -pthread_create(&q->thread, NULL, run, q);

		if (r < 0)
			return err_set(err, r, "cannot start a thread: %s", strerror(-r));
		q->runs = true;
		if (s->n_rings > 1)
			pin(q);
	}
	return 0;
}

static void port_stop(struct intake *s)
{
	struct port_priv *p = s->priv;

	atomic_store(&p->stop_ns, time_now(CLOCK_REALTIME));
	for (unsigned i = 0; p->queues && i < s->n_rings; i++) {
		if (p->queues[i].runs)
			(void)pthread_join(p->queues[i].thread, NULL);
		p->queues[i].runs = false;
	}
}

static void port_close(struct intake *s)
{
	struct port_priv *p = s->priv;

	port_stop(s);
	weir_port_close(p->port);
	free(p->queues);
}

static uint64_t port_dropped(const struct intake *s)
{
	const struct port_priv *p = s->priv;
	struct weir_port_stats stats;

	weir_port_stats(p->port, &stats);
	return stats.rx_dropped;
}

static int port_ended(const struct intake *s, struct weir_err *err)
{
	const struct port_priv *p = s->priv;
	unsigned over = 0;

	for (unsigned i = 0; i < s->n_rings; i++) {
		int r = atomic_load(&p->queues[i].ended);

		if (r < 0)
			return err_set(err, r, "%s: %s", s->info.name, strerror(-r));
		over += r == 1;
	}
	return over == s->n_rings;
}

const struct engine port_engine = {
	.hold_ns = 100 * NSEC_PER_MSEC,
	.priv_size = sizeof(struct port_priv),
	.open = port_open,
	.start = port_start,
	.stop = port_stop,
	.close = port_close,
	.dropped = port_dropped,
	.ended = port_ended,
};
