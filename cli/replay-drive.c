/* SPDX-License-Identifier: BSD-2-Clause */
/* A replay while it runs: signals, progress, statistics on the way. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "asker.h"
#include "live.h"
#include "replay.h"
#include "signals.h"
#include "util.h"

/* How often the live line is drawn anew. */
#define LIVE_MS 250

struct drive {
	struct replay *p;
	bool live;
	bool by_loop;	     /* --stats=0 */
	uint64_t stats_ns;   /* --stats=S: time between statistics, 0: none */
	uint64_t next_stats; /* elapsed time of the next ones */
	struct live_figures last;
};

/* What the ports know if they kept the time, else what the sender does. */
static void read_lateness(struct replay *p, struct weir_hist *ret)
{
	struct weir_hist of_port;

	memset(ret, 0, sizeof(*ret));
	for (unsigned i = 0; i < p->n_ports; i++) {
		if (!weir_port_lateness(p->ports[i], &of_port)) {
			weir_sender_lateness(p->sender, ret);
			return;
		}
		weir_hist_merge(ret, &of_port);
	}
}

void replay_result(struct replay *p, struct replay_result *ret_res)
{
	struct replay_result res = { .n_ports = p->n_ports,
				     .expiry = p->cfg->flow_expiry_s > 0,
				     .port_flows = p->n_ports > 1,
				     .even_if_none = !cmd_is_personality(p->run) };
	const struct weir_send_stats *s = &res.send;

	weir_sender_stats(p->sender, &res.send);
	read_lateness(p, &res.late);
	while (weir_sender_worker(p->sender, res.n_workers, &res.workers[res.n_workers]))
		res.n_workers++;
	weir_stream_info(p->stream, &res.trace);
	replay_edit_result(p->edit, &res.edit);
	for (unsigned i = 0; i < p->n_ports; i++) {
		struct replay_port_result *port = &res.ports[i];

		port->name = p->names[i];
		port->info = weir_port_info(p->ports[i]);
		port->note = p->remark ? p->remark : port->info->note;
		weir_port_stats(p->ports[i], &port->stats);
		port->flows = (struct replay_flows){
			.unique = s->flows_new[i],
			.expired = s->flows_expired[i],
			.frames = s->flow_frames[i],
			.non_flow_frames = s->non_flow_frames[i] - s->flow_invalid[i],
			.invalid = s->flow_invalid[i],
		};
		res.flows.unique += port->flows.unique;
		res.flows.expired += port->flows.expired;
		res.flows.frames += port->flows.frames;
		res.flows.non_flow_frames += port->flows.non_flow_frames;
		res.flows.invalid += port->flows.invalid;
	}
	if (p->maker)
		res.send.loops = (s->frames + s->refused) / p->maker_loop;
	res.frames = s->frames;
	res.bytes = s->bytes;
	res.elapsed_ns = s->elapsed_ns;
	res.late_limit_ns = p->send.late_limit_ns ? p->send.late_limit_ns : NSEC_PER_MSEC;
	res.reached = reached_of(
		&(struct reached_facts){ s, &res.late, &res.trace, &p->rate, res.n_workers });
	res.failed = s->refused + (p->unique ? weir_unique_ip_dropped(p->unique) : 0);
	*ret_res = res;
}

/* Share of the run that is done, by what is known of its length; negative: nothing. */
static double share_done(const struct replay *p, const struct weir_send_stats *s)
{
	const struct replay_cfg *cfg = p->cfg;
	struct weir_stream_info trace;
	double share = -1;

	weir_stream_info(p->stream, &trace);
	if (p->maker)
		trace.n_frames = p->maker->n_frames;
	if (cfg->loop && trace.n_frames)
		share = (double)(s->frames + s->refused) / (double)trace.n_frames /
			(double)cfg->loop;
	else if (cfg->loop && trace.input_size)
		share = (double)trace.input_done / (double)trace.input_size / (double)cfg->loop;
	if (cfg->limit && (double)s->frames / (double)cfg->limit > share)
		share = (double)s->frames / (double)cfg->limit;
	if (cfg->duration_s &&
	    (double)s->elapsed_ns / NSEC_PER_SEC / (double)cfg->duration_s > share)
		share = (double)s->elapsed_ns / NSEC_PER_SEC / (double)cfg->duration_s;
	return share;
}

static void draw(struct drive *d)
{
	struct weir_send_stats s;
	struct live_figures now;
	char line[160];

	weir_sender_stats(d->p->sender, &s);
	now = (struct live_figures){ .frames = s.frames,
				     .bytes = s.bytes,
				     .elapsed_ns = s.elapsed_ns,
				     .done = share_done(d->p, &s) };
	live_line(&now, &d->last, line, sizeof(line));
	live_show(line);
	d->last = now;
}

static void print_time(FILE *to, const char *what, const char *end)
{
	struct timespec now;
	struct tm tm;
	char date[32];

	if (clock_gettime(CLOCK_REALTIME, &now) < 0 || !localtime_r(&now.tv_sec, &tm))
		return;
	(void)strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S", &tm);
	fprintf(to, "%s: %s.%09ld%s\n", what, date, now.tv_nsec, end);
}

static void print_interim(struct replay *p)
{
	struct replay_result res;

	replay_result(p, &res);
	replay_print_rates(p->out, &res);
	(void)fflush(p->out); /* looked at once at the end */
}

/* "Loop 2 of 3 (1 unique)...": in the sender's thread, which alone prints meanwhile. */
static void loop_begins(void *ctx, uint64_t loop)
{
	struct replay *p = ctx;
	const struct replay_cfg *cfg = p->cfg;

	if (loop)
		print_interim(p);
	fprintf(p->out, "Loop %" PRIu64, loop + 1);
	if (cfg->loop)
		fprintf(p->out, " of %" PRIu64, cfg->loop);
	if (cfg->loop && p->unique && weir_unique_ip_shift(p->unique, loop))
		fprintf(p->out, " (%" PRIu32 " unique)", weir_unique_ip_shift(p->unique, loop));
	fputs("...\n", p->out);
	if (!loop)
		print_time(p->out, "Test start", " ...");
}

static void interrupt(struct replay *p)
{
	if (cmd_is_personality(p->run) && !p->interrupted) {
		fputs(" User interrupt...\n", stderr);
		puts("sendpacket_abort");
	}
	p->interrupted = true;
	weir_sender_stop(p->sender);
	weir_stream_stop(p->stream); /* a sender may be waiting for a silent pipe */
	if (p->asker)
		asker_stop(p->asker);
}

static void handle_signal(struct replay *p, int nr)
{
	switch (nr) {
	case SIGUSR1:
		weir_sender_pause(p->sender);
		break;
	case SIGTSTP: /* stopped by the terminal: the schedule waits too */
		weir_sender_pause(p->sender);
		(void)raise(SIGSTOP); /* cannot fail */
		break;
	case SIGCONT:
		weir_sender_resume(p->sender);
		break;
	default:
		interrupt(p);
	}
}

static void tick(struct drive *d)
{
	struct weir_send_stats s;

	if (d->live)
		draw(d);
	if (!d->stats_ns)
		return;
	weir_sender_stats(d->p->sender, &s);
	if (s.elapsed_ns < d->next_stats)
		return;
	if (d->live)
		live_wipe();
	print_interim(d->p);
	d->next_stats = (s.elapsed_ns / d->stats_ns + 1) * d->stats_ns;
}

/* Milliseconds until there is something to print, or -1: never. */
static int next_tick_ms(const struct drive *d)
{
	struct weir_send_stats s;
	uint64_t ms;

	if (d->live)
		return LIVE_MS;
	if (!d->stats_ns)
		return -1;
	weir_sender_stats(d->p->sender, &s);
	if (s.elapsed_ns >= d->next_stats)
		return 0;
	ms = (d->next_stats - s.elapsed_ns) / NSEC_PER_MSEC + 1;
	return ms > 1000 ? 1000 : (int)ms;
}

static void watch(struct drive *d)
{
	struct pollfd fds[2] = { { .fd = weir_sender_fd(d->p->sender), .events = POLLIN },
				 { .fd = d->p->signals, .events = POLLIN } };
	int nr;

	for (;;) {
		int n = poll(fds, ARRAY_SIZE(fds), next_tick_ms(d));

		if (n < 0 && errno != EINTR)
			return; /* no memory: the run goes on unwatched */
		while ((nr = signals_next(d->p->signals)))
			handle_signal(d->p, nr);
		if (n > 0 && fds[0].revents)
			return;
		tick(d);
	}
}

static int make_sender(struct replay *p, bool by_loop, struct weir_err *err)
{
	const struct replay_cfg *cfg = p->cfg;
	struct weir_send_opts opts = p->send;

	opts.stream = p->stream;
	opts.n_ports = p->n_ports;
	opts.rate = p->rate;
	opts.limit = cfg->limit;
	opts.duration_ns = cfg->duration_s * NSEC_PER_SEC;
	opts.batch = MIN(cfg->xdp_batch_size, WEIR_SEND_MAX_BATCH); /* 0: the default */
	opts.n_workers = p->n_workers;
	opts.pin = p->n_workers > 1;
	memcpy(opts.ports, p->ports, sizeof(opts.ports));
	if (cfg->oneatatime) {
		p->asker = asker_new(p->names);
		if (!p->asker)
			return err_text(err, -errno, "eventfd: %s", strerror(errno));
		opts.ask = asker_ask;
		opts.ask_ctx = p->asker;
	}
	if (by_loop) {
		opts.loop_begins = loop_begins;
		opts.loop_ctx = p;
	}
	return weir_sender_new(&opts, &p->sender, err);
}

int replay_drive(struct replay *p, struct weir_err *err)
{
	const struct replay_cfg *cfg = p->cfg;
	bool stats = opt_given(p->run->opts, "stats");
	struct drive d = {
		.p = p,
		.by_loop = stats && !cfg->stats_s,
		.stats_ns = stats ? cfg->stats_s * NSEC_PER_SEC : 0,
		.next_stats = cfg->stats_s * NSEC_PER_SEC,
		.live = isatty(STDERR_FILENO) && !cfg->quiet && !cfg->verbose && !cfg->oneatatime,
	};
	int r;

	r = make_sender(p, d.by_loop, err);
	if (r < 0)
		return r;
	if (d.stats_ns)
		print_time(p->out, "Test start", " ...");
	/* Signals come to this thread: a sender that waits is not to be woken by them. */
	signals_block();
	r = weir_sender_start(p->sender, err);
	signals_unblock();
	if (r < 0)
		return r;

	watch(&d);
	r = weir_sender_join(p->sender, err);
	if (d.live)
		live_wipe();
	if (stats)
		print_time(p->out, "Test complete", "");
	return r;
}
