/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * weir sink: takes what comes and tells how much it was, and of frames with stamps how
 * many were lost and how late they were. One thread for each queue of the port.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdatomic.h>
#include <string.h>

#include "commands.h"
#include "interfaces.h"
#include "receiver.h"
#include "signals.h"
#include "sink.h"
#include "util.h"

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

/* What the thread of a queue has seen of stamps. */
struct seen {
	_Alignas(64) _Atomic uint64_t stamped;
	struct weir_check *check;
};

struct sink {
	const struct cmd_run *run;
	const struct sink_cfg *cfg;
	struct weir_port *port;
	struct receiver *receiver;
	struct seen *seen; /* one a queue */
	unsigned n_queues;
	int signals;
	uint64_t begin_ns;	  /* CLOCK_MONOTONIC */
	struct sink_figures told; /* at the last line of --stats */
	uint64_t told_ns;
};

static void take(void *ctx, unsigned queue, const struct weir_pkt *pkts, unsigned n,
		 uint64_t now_ns)
{
	struct seen *seen = &((struct sink *)ctx)->seen[queue];
	uint64_t before = atomic_load_explicit(&seen->stamped, memory_order_relaxed);

	atomic_store_explicit(&seen->stamped,
			      before + weir_check_frames(seen->check, pkts, n, now_ns),
			      memory_order_relaxed);
}

static void add_up(struct sink *s, struct sink_figures *ret)
{
	struct weir_port_stats port;
	struct sink_figures f = { 0 };

	weir_port_stats(s->port, &port);
	f.dropped = port.rx_dropped;
	receiver_counts(s->receiver, &f.received);
	for (unsigned i = 0; i < s->n_queues; i++)
		f.stamped += atomic_load_explicit(&s->seen[i].stamped, memory_order_relaxed);
	*ret = f;
}

/* Milliseconds until there is something to do, or -1: never. next: CLOCK_MONOTONIC, or 0. */
static int wait_ms(uint64_t now, uint64_t next)
{
	if (!next)
		return -1;
	return next <= now ? 0 : (int)MIN((next - now) / NSEC_PER_MSEC + 1, INT_MAX);
}

static void tell_rate(struct sink *s, uint64_t now)
{
	struct sink_figures f;

	add_up(s, &f);
	sink_print_rate(s->cfg->json ? stderr : stdout, &f, &s->told, now - s->told_ns);
	(void)fflush(stdout); /* looked at once at the end */
	s->told = f;
	s->told_ns = now;
}

static void watch(struct sink *s)
{
	struct pollfd fds[] = { { .fd = s->signals, .events = POLLIN },
				{ .fd = receiver_fd(s->receiver), .events = POLLIN } };
	uint64_t every = s->cfg->stats_s * NSEC_PER_SEC, now = s->begin_ns;
	uint64_t end = s->cfg->duration_s ? now + s->cfg->duration_s * NSEC_PER_SEC : 0;
	uint64_t next = every ? now + every : 0;

	do {
		uint64_t first = !next || (end && end < next) ? end : next;

		(void)poll(fds, ARRAY_SIZE(fds), wait_ms(now, first)); /* signals: in the pipe */
		if (signals_next(s->signals))
			break;
		now = clock_ns(CLOCK_MONOTONIC);
		if (next && now >= next) {
			tell_rate(s, now);
			next = now + every;
		}
	} while (!fds[1].revents && !(end && now >= end));
	receiver_stop(s->receiver);
}

static int start(struct sink *s, struct weir_err *err)
{
	const struct receiver_opts opts = { .port = s->port,
					    .limit = s->cfg->count,
					    .idle_ns = s->cfg->idle_ms * NSEC_PER_MSEC,
					    .take = take,
					    .ctx = s };
	int r = 0;

	s->n_queues = weir_port_info(s->port)->n_queues;
	s->seen = xcalloc_lines(s->n_queues, sizeof(*s->seen));
	for (unsigned i = 0; i < s->n_queues && r >= 0; i++)
		r = weir_check_new(&s->seen[i].check, err);
	if (r >= 0)
		r = receiver_new(&opts, &s->receiver, err);
	if (r < 0)
		return r;
	s->begin_ns = s->told_ns = clock_ns(CLOCK_MONOTONIC);
	signals_block();
	r = receiver_start(s->receiver, err);
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
	int r = receiver_join(s->receiver, err);

	for (unsigned i = 1; i < s->n_queues; i++)
		weir_check_merge(s->seen[0].check, s->seen[i].check);
	return r;
}

static int tell(struct sink *s)
{
	struct weir_check *check = s->seen[0].check;
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
	receiver_free(s->receiver);
	for (unsigned i = 0; i < s->n_queues && s->seen; i++)
		weir_check_free(s->seen[i].check);
	free(s->seen);
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
	}
	if (r < 0)
		status = cmd_failed(run, usage, &err);
	close_all(&s);
	return status;
}

const struct cmd cmd_sink = {
	.name = "sink",
	.summary = "count what arrives, and check its stamps",
	.operands = "-i PORT",
	.about = "Frames that weir gen --stamp sent are checked stream by stream: lost, twice, out "
		 "of\n"
		 "order, and how long they took.",
	.opts = rows,
	.cfg_size = sizeof(struct sink_cfg),
	.run = run_sink,
};
