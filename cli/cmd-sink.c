/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * weir sink: takes what comes and tells how much it was, and of frames with stamps how
 * many were lost and how late they were. One thread for each queue of the port.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "commands.h"
#include "interfaces.h"
#include "signals.h"
#include "sink.h"
#include "util.h"

#define BATCH 256u
/* How long a queue's thread waits before it looks whether it is to stop, and how often the
 * main thread looks at the figures. */
#define WAIT_NS (10 * NSEC_PER_MSEC)
#define LOOK_MS 20

struct sink_cfg {
	const char *port;
	uint32_t queues;
	uint64_t count, duration_s, idle_ms, stats_s;
	bool quiet, json;
};

static const struct opt rows[] = {
	{ OPT(struct sink_cfg, port), .name = "intf1", .letter = 'i', .metavar = "PORT",
	  .flags = OPT_REQUIRED, .help = "receive from this port" },
	{ OPT(struct sink_cfg, queues), .name = "queues", .letter = 'Q', .metavar = "N", .min = 1,
	  .max = 64,
	  .help = "receive on N queues; without it on all of xdp: ports and on one of others" },
	{ OPT(struct sink_cfg, count), .name = "count", .letter = 'n', .metavar = "N", .min = 1,
	  .help = "stop after N frames" },
	{ OPT(struct sink_cfg, duration_s), .name = "duration", .metavar = "S", .min = 1,
	  .max = UINT64_MAX / NSEC_PER_SEC, .help = "stop after S seconds" },
	{ OPT(struct sink_cfg, idle_ms), .name = "idle", .metavar = "MS", .min = 1,
	  .max = UINT64_MAX / NSEC_PER_MSEC,
	  .help = "stop when nothing has come for MS milliseconds after the first frame" },
	{ OPT(struct sink_cfg, stats_s), .name = "stats", .metavar = "S", .min = 1,
	  .max = UINT64_MAX / NSEC_PER_SEC, .help = "print the rate every S seconds" },
	{ OPT(struct sink_cfg, quiet), .name = "quiet", .letter = 'q', .help = "no remarks" },
	{ OPT(struct sink_cfg, json), .name = "json",
	  .help = "print the result as one JSON object" },
	{ 0 },
};

struct sink;

/* A queue and its thread, which alone writes the counters. */
struct queue {
	_Alignas(64) _Atomic uint64_t frames;
	_Atomic uint64_t bytes, stamped, first_ns, last_ns;
	struct sink *sink;
	unsigned nr;
	struct weir_check *check;
	pthread_t thread;
	bool runs;
	int error; /* what ended it; known once it is joined */
};

struct sink {
	const struct cmd_run *run;
	const struct sink_cfg *cfg;
	struct weir_port *port;
	struct queue *queues;
	unsigned n_queues;
	int signals;
	_Atomic bool stop;
	_Atomic unsigned running;
	uint64_t begin_ns;	  /* CLOCK_MONOTONIC, as all that follows */
	struct sink_figures told; /* at the last line of --stats */
	uint64_t told_ns;
};

static uint64_t now_of(clockid_t clock)
{
	struct timespec ts;

	(void)clock_gettime(clock, &ts); /* cannot fail */
	return (uint64_t)ts.tv_sec * NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
}

static void add(_Atomic uint64_t *counter, uint64_t n)
{
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + n,
			      memory_order_relaxed);
}

static void take(struct queue *q, const struct weir_pkt *pkts, unsigned n)
{
	uint64_t bytes = 0, now = now_of(CLOCK_MONOTONIC);

	for (unsigned i = 0; i < n; i++)
		bytes += pkts[i].orig_len;
	add(&q->stamped, weir_check_frames(q->check, pkts, n, now_of(CLOCK_REALTIME)));
	add(&q->bytes, bytes);
	add(&q->frames, n);
	if (!atomic_load_explicit(&q->first_ns, memory_order_relaxed))
		atomic_store_explicit(&q->first_ns, now, memory_order_relaxed);
	atomic_store_explicit(&q->last_ns, now, memory_order_relaxed);
}

static void *receive(void *arg)
{
	struct queue *q = arg;
	struct sink *s = q->sink;
	struct weir_pkt pkts[BATCH];
	int r = 0;

	while (r >= 0 && !atomic_load_explicit(&s->stop, memory_order_relaxed)) {
		r = weir_port_rx(s->port, q->nr, pkts, BATCH);
		if (r > 0) {
			take(q, pkts, (unsigned)r);
			weir_port_rx_release(s->port, q->nr);
		} else if (r == 0) {
			r = weir_port_rx_wait(s->port, q->nr, WAIT_NS);
		}
	}
	q->error = r < 0 && r != -ENODATA ? r : 0; /* -ENODATA: the end of a file */
	atomic_fetch_sub(&s->running, 1);
	return NULL;
}

static void add_up(struct sink *s, struct sink_figures *ret)
{
	struct weir_port_stats port;
	struct sink_figures f = { 0 };

	weir_port_stats(s->port, &port);
	f.dropped = port.rx_dropped;
	for (unsigned i = 0; i < s->n_queues; i++) {
		const struct queue *q = &s->queues[i];
		uint64_t first = atomic_load_explicit(&q->first_ns, memory_order_relaxed);
		uint64_t last = atomic_load_explicit(&q->last_ns, memory_order_relaxed);

		f.frames += atomic_load_explicit(&q->frames, memory_order_relaxed);
		f.bytes += atomic_load_explicit(&q->bytes, memory_order_relaxed);
		f.stamped += atomic_load_explicit(&q->stamped, memory_order_relaxed);
		if (first && (!f.first_ns || first < f.first_ns))
			f.first_ns = first;
		if (last > f.last_ns)
			f.last_ns = last;
	}
	*ret = f;
}

static void tell_rate(struct sink *s, const struct sink_figures *f, uint64_t now)
{
	if (!s->cfg->stats_s || now - s->told_ns < s->cfg->stats_s * NSEC_PER_SEC)
		return;
	sink_print_rate(s->cfg->json ? stderr : stdout, f, &s->told, now - s->told_ns);
	(void)fflush(stdout); /* looked at once at the end */
	s->told = *f;
	s->told_ns = now;
}

static bool is_over(const struct sink *s, const struct sink_figures *f, uint64_t now)
{
	const struct sink_cfg *cfg = s->cfg;

	return !atomic_load(&s->running) || (cfg->count && f->frames >= cfg->count) ||
	       (cfg->duration_s && now - s->begin_ns >= cfg->duration_s * NSEC_PER_SEC) ||
	       (cfg->idle_ms && f->last_ns && now > f->last_ns &&
		now - f->last_ns >= cfg->idle_ms * NSEC_PER_MSEC);
}

static void watch(struct sink *s)
{
	struct pollfd fd = { .fd = s->signals, .events = POLLIN };
	struct sink_figures f;
	uint64_t now;

	do {
		(void)poll(&fd, 1, LOOK_MS); /* a signal is in the pipe, too */
		if (signals_next(s->signals))
			break;
		add_up(s, &f);
		now = now_of(CLOCK_MONOTONIC);
		tell_rate(s, &f, now);
	} while (!is_over(s, &f, now));
	atomic_store(&s->stop, true);
}

static int start(struct sink *s, struct weir_err *err)
{
	int r = 0;

	s->n_queues = weir_port_info(s->port)->n_queues;
	s->queues = aligned_alloc(_Alignof(struct queue), s->n_queues * sizeof(*s->queues));
	if (!s->queues)
		return err_text(err, -ENOMEM, "out of memory");
	memset(s->queues, 0, s->n_queues * sizeof(*s->queues));
	s->begin_ns = s->told_ns = now_of(CLOCK_MONOTONIC);
	atomic_store(&s->running, s->n_queues);
	signals_block();
	for (unsigned i = 0; i < s->n_queues && r >= 0; i++) {
		struct queue *q = &s->queues[i];

		q->sink = s;
		q->nr = i;
		r = weir_check_new(&q->check, err);
		if (r < 0)
			break;
		r = -pthread_create(&q->thread, NULL, receive, q);
		q->runs = r == 0;
		if (r < 0)
			(void)err_text(err, r, "cannot start a thread: %s", strerror(-r));
	}
	signals_unblock();
	return r;
}

static int open_all(struct sink *s, struct weir_err *err)
{
	struct weir_port_opts opts = { .dir = WEIR_PORT_RX, .promisc = true };

	opts.queues = s->cfg->queues ? s->cfg->queues : weir_port_name_rx_queues(s->cfg->port);
	s->signals = signals_open();
	if (s->signals < 0)
		return err_text(err, s->signals, "pipe: %s", strerror(-s->signals));
	return weir_port_open(s->cfg->port, &opts, &s->port, err);
}

/* Ends the threads. 0, or what went wrong in one. */
static int join(struct sink *s, struct weir_err *err)
{
	int r = 0;

	atomic_store(&s->stop, true);
	for (unsigned i = 0; i < s->n_queues; i++) {
		struct queue *q = &s->queues[i];

		if (!q->runs)
			continue;
		(void)pthread_join(q->thread, NULL);
		q->runs = false;
		if (q->error < 0)
			r = err_text(err, q->error, "%s: %s", s->cfg->port, strerror(-q->error));
		if (i)
			weir_check_merge(s->queues[0].check, q->check);
	}
	return r;
}

static int tell(struct sink *s)
{
	struct weir_check *check = s->queues[0].check;
	struct sink_figures f;

	add_up(s, &f);
	if (!s->cfg->json)
		sink_print_text(stdout, &f, check);
	else if (sink_print_json(stdout, &f, check) < 0)
		return cmd_fail(s->run, "out of memory");
	if (fflush(stdout) != 0)
		return cmd_fail(s->run, "standard output: cannot write");
	return 0;
}

static void close_all(struct sink *s)
{
	for (unsigned i = 0; i < s->n_queues && s->queues; i++)
		weir_check_free(s->queues[i].check);
	free(s->queues);
	weir_port_close(s->port);
	signals_close(s->signals);
}

static int run_sink(const struct cmd_run *run, const void *fields)
{
	struct sink s = { .run = run, .cfg = fields, .signals = -EBADF };
	struct weir_err err = { 0 };
	int status = 0, r;
	bool usage;

	if (run->n_operands)
		return cmd_usage(run, "'%s' is one too many: the port comes with --intf1",
				 run->operands[0]);
	r = open_all(&s, &err);
	usage = r == -EINVAL; /* what cannot be the name of a port */
	if (r >= 0)
		r = start(&s, &err);
	if (r >= 0) {
		if (!s.cfg->quiet)
			fprintf(stderr, "%s: receiving from %s\n", run->prog, s.cfg->port);
		watch(&s);
		r = join(&s, &err);
		status = tell(&s);
	} else {
		struct weir_err other;

		(void)join(&s, &other); /* what is told is why it could not start */
	}
	if (r < 0)
		status = usage ? cmd_usage(run, "%s", weir_err_text(&err))
			       : cmd_fail(run, "%s", weir_err_text(&err));
	close_all(&s);
	return status;
}

const struct cmd cmd_sink = {
	.name = "sink",
	.summary = "count what arrives, and check its stamps",
	.operands = "",
	.about = "Frames that weir gen --stamp sent are checked stream by stream: lost, twice, out "
		 "of\n"
		 "order, and how long they took.",
	.opts = rows,
	.cfg_size = sizeof(struct sink_cfg),
	.run = run_sink,
};
