/* SPDX-License-Identifier: BSD-2-Clause */
/* A run of pkt-gen: opens, waits for the link, starts, reports, and tells what came of it. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/sysinfo.h>

#include "pktgen.h"
#include "signals.h"
#include "util.h"

/* What is shorter makes no rate. */
#define MIN_REPORT_NS (10 * NSEC_PER_MSEC)

/* Adds the processor of a thread. */
static void add_cpu(const struct pktgen *p, unsigned thread, cpu_set_t *set)
{
	CPU_SET((p->cfg.cpu + thread) % (unsigned)get_nprocs_conf(), set);
}

/* Lets the threads to come, and this one, run on the processors of all. */
static int bind_cpus(const struct pktgen *p, struct weir_err *err)
{
	cpu_set_t set;

	if (!opt_given(p->run->opts, "affinity"))
		return 0;
	CPU_ZERO(&set);
	for (unsigned i = 0; i < p->cfg.threads; i++)
		add_cpu(p, i, &set);
	if (sched_setaffinity(0, sizeof(set), &set) < 0)
		return err_text(err, -errno, "-a: cannot run on processor %u: %s", p->cfg.cpu,
				strerror(errno));
	return 0;
}

void pktgen_bind_thread(const struct pktgen *p, unsigned thread)
{
	cpu_set_t set;

	if (!opt_given(p->run->opts, "affinity"))
		return;
	CPU_ZERO(&set);
	add_cpu(p, thread % p->cfg.threads, &set);
	(void)sched_setaffinity(0, sizeof(set), &set); /* or it stays on those of all */
}

int pktgen_open_port(struct pktgen *p, unsigned queues, const struct weir_region *region,
		     struct weir_err *err)
{
	const char *name = p->name.weir;
	struct weir_port_opts opts = {
		.dir = p->ops->dirs,
		/* If the name picks as many, or more, it is asked for no others. */
		.queues = weir_port_name_queues(name) < queues ? queues : 0,
		.linktype = WEIR_LINKTYPE_ETHERNET,
		.promisc = true,
	};
	const struct weir_port_info *info;
	int r;

	if (region)
		opts.region = *region;
	r = weir_port_open(name, &opts, &p->port, err);
	if (r < 0)
		return r;
	info = weir_port_info(p->port);
	if (strcmp(name, p->cfg.port) != 0 || p->cfg.verbose)
		PKTGEN_SAY("main", "%s is weir's %s: %s%s%s", p->cfg.port, name, info->backend,
			   *info->note ? ", " : "", info->note);
	if (p->ops->dirs & WEIR_PORT_TX && p->frames.header_len + p->frames.len > info->max_frame)
		return err_text(err, -EMSGSIZE,
				"pkt_size (%" PRIu32 ") must be <= mtu (%" PRIu32
				"), the longest frame that %s sends",
				p->frames.len, info->max_frame, name);
	return 0;
}

static void tell_opened(const struct pktgen *p)
{
	char src_mac[MAC_TEXT_SIZE], dst_mac[MAC_TEXT_SIZE];

	printf("%s %s: %u queues, %u threads and %u cpus.\n", p->ops->working, p->name.shown,
	       weir_port_info(p->port)->n_queues, p->cfg.threads, p->cfg.cores);
	if (p->sender)
		printf("%s -> %s (%s -> %s)\n", p->cfg.src, p->cfg.dst,
		       mac_text(p->frames.src_mac, src_mac), mac_text(p->frames.dst_mac, dst_mac));
	(void)fflush(stdout); /* looked at once at the end */
}

/* False: a signal came. */
static bool await_link(const struct pktgen *p)
{
	struct pollfd fd = { .fd = p->signals, .events = POLLIN };
	bool cancelled;

	PKTGEN_SAY("start_threads", "Wait %u secs for phy reset", p->cfg.wait_s);
	cancelled = poll(&fd, 1, (int)p->cfg.wait_s * 1000) != 0 && signals_next(p->signals);
	if (!cancelled)
		PKTGEN_SAY("start_threads", "Ready...");
	return !cancelled;
}

/* What was told last, and when. */
struct told {
	struct pktgen_counts counts;
	struct pktgen_window window;
	uint64_t at_ns;
};

static void report(const struct pktgen *p, struct told *told)
{
	uint64_t now = clock_ns(CLOCK_MONOTONIC);
	struct pktgen_counts counts;
	char line[512];

	if (now - told->at_ns < MIN_REPORT_NS)
		return;
	p->ops->counts(p, &counts);
	pktgen_report(&p->style, &told->window, &counts, &told->counts,
		      (now - told->at_ns) / NSEC_PER_USEC, line, sizeof(line));
	PKTGEN_SAY("main_thread", "%s", line);
	told->counts = counts;
	told->at_ns = now;
}

/* Reports until it has ended. */
static void watch(struct pktgen *p)
{
	struct pollfd fds[] = { { .fd = p->signals, .events = POLLIN },
				{ .fd = p->ops->fd(p), .events = POLLIN } };
	uint64_t every = p->cfg.report_ms * NSEC_PER_MSEC;
	struct told told = { .at_ns = clock_ns(CLOCK_MONOTONIC) };

	if (every < MIN_REPORT_NS)
		every = MIN_REPORT_NS;
	while (!fds[1].revents) {
		uint64_t now = clock_ns(CLOCK_MONOTONIC), next = told.at_ns + every;

		if (now >= next) {
			report(p, &told);
			continue;
		}
		/* A signal is in the pipe, too. */
		(void)poll(fds, ARRAY_SIZE(fds), (int)((next - now) / NSEC_PER_MSEC + 1));
		if (signals_next(p->signals)) {
			PKTGEN_SAY("sigint_h", "received control-C on thread %d", (int)getpid());
			p->ops->stop(p);
		}
	}
	report(p, &told);
}

static int work(struct pktgen *p, struct weir_err *err)
{
	struct pktgen_counts counts;
	int r, joined;

	signals_block();
	r = p->ops->start(p, err);
	signals_unblock();
	if (r < 0)
		return r;
	watch(p);
	joined = p->ops->join(p, err);
	p->ops->counts(p, &counts);
	if (p->ops->total)
		pktgen_print_total(stdout, &p->style, p->ops->total, &counts);
	(void)fflush(stdout); /* before what follows on stderr; looked at once at the end */
	return joined;
}

static void close_all(struct pktgen *p)
{
	weir_sender_free(p->sender);
	weir_forwarder_free(p->forwarder);
	receiver_free(p->receiver);
	pinger_free(p->pinger);
	weir_port_close(p->port);
	signals_close(p->signals);
	weir_stream_close(p->stream);
	free(p->sequences);
}

int pktgen_run(struct pktgen *p)
{
	struct weir_err err = { 0 };
	bool usage;
	int status = 0, r;

	p->signals = signals_open_ends();
	if (p->signals < 0)
		return cmd_fail(p->run, "pipe: %s", strerror(-p->signals));
	r = bind_cpus(p, &err);
	if (r >= 0)
		r = p->ops->open(p, &err);
	usage = r == -EINVAL; /* what cannot be the name of a port */
	if (r >= 0) {
		tell_opened(p);
		if (await_link(p))
			r = work(p, &err);
	}
	if (r < 0)
		status = cmd_failed(p->run, usage, &err);
	else if (p->ops->tell)
		status = p->ops->tell(p);
	close_all(p);
	return status;
}
