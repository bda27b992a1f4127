/* SPDX-License-Identifier: BSD-2-Clause */
/* A bridge while it runs: signals, progress, statistics on the way. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "bridge.h"
#include "live.h"
#include "signals.h"
#include "util.h"

/* How often the live line is drawn anew. */
#define LIVE_NS (250 * NSEC_PER_MSEC)
#define NEVER	UINT64_MAX

struct drive {
	struct bridge *b;
	uint64_t end_ns;		  /* when --duration is over; all on b's clock */
	uint64_t live_ns;		  /* when to draw again */
	uint64_t stats_ns;		  /* when to print rates again */
	struct bridge_result drawn, told; /* then */
	bool drawing;
};

static void add_lane(struct bridge_figures *f, const struct weir_lane_stats *s)
{
	f->lanes.frames += s->frames;
	f->lanes.bytes += s->bytes;
	f->lanes.dropped += s->dropped;
	f->lanes.cut += s->cut;
	f->lanes.made += s->made;
	f->lanes.given += s->given;
	f->lanes.no_room += s->no_room;
	f->lanes.left_over += s->left_over;
	f->lanes.waits += s->waits;
}

static void add_guard(struct bridge_figures *f, const struct weir_guard_counts *c)
{
	f->guard.own += c->own;
	f->guard.elsewhere += c->elsewhere;
	f->guard.looped += c->looped;
	f->guard.bad += c->bad;
}

static void add_edits(struct bridge_figures *f, const struct bridge_lane *lane)
{
	struct weir_edit_counts c = { 0 };

	if (lane->editor)
		weir_editor_counts(lane->editor, &c);
	cuts_count(&lane->cuts, &c);
	f->edit_dropped += c.dropped;
	for (unsigned i = 0; i < WEIR_N_EDIT_REASONS; i++)
		f->not_edited[i] += c.failed[i];
}

static void add_up(const struct bridge *b, unsigned dir, bool final, struct bridge_figures *f)
{
	struct weir_port_stats from, to;

	weir_port_stats(b->ports[dir], &from);
	weir_port_stats(b->ports[1 - dir], &to);
	*f = (struct bridge_figures){ .from = b->names[dir],
				      .to = b->names[1 - dir],
				      .frames = to.tx_frames,
				      .bytes = to.tx_bytes,
				      .refused_total = to.tx_refused_total,
				      .lost = from.rx_dropped };
	memcpy(f->refused, to.tx_refused, sizeof(f->refused));
	for (unsigned q = 0; q < b->n_queues; q++) {
		const struct bridge_lane *lane = &b->dirs[dir].lanes[q];
		struct weir_guard_counts guard;
		struct weir_lane_stats s;

		if (weir_forwarder_lane(b->forwarder, dir * b->n_queues + q, &s))
			add_lane(f, &s);
		if (b->guard) {
			weir_guard_counts(b->guard, dir, q, &guard);
			add_guard(f, &guard);
		}
		if (lane->filter)
			f->filtered += weir_filter_dropped(lane->filter);
		if (final)
			add_edits(f, lane);
	}
}

void bridge_result(const struct bridge *b, bool final, struct bridge_result *ret_res)
{
	ret_res->elapsed_ns = clock_ns(CLOCK_MONOTONIC) - b->begin_ns;
	ret_res->n_dirs = b->n_dirs;
	for (unsigned d = 0; d < b->n_dirs; d++)
		add_up(b, d, final, &ret_res->dirs[d]);
}

static struct live_figures live_of(const struct bridge_result *res, unsigned dir)
{
	return (struct live_figures){ .frames = res->dirs[dir].frames,
				      .bytes = res->dirs[dir].bytes,
				      .elapsed_ns = res->elapsed_ns,
				      .done = -1 };
}

/* "> 12 packets, 3.2 pps, 1.9 kbit/s < ...": there and back. */
static void draw(struct drive *d)
{
	struct bridge_result now;
	char line[320] = "";
	size_t len = 0;

	bridge_result(d->b, false, &now);
	for (unsigned i = 0; i < now.n_dirs; i++) {
		struct live_figures f = live_of(&now, i), before = live_of(&d->drawn, i);
		char part[128];

		live_line(&f, &before, part, sizeof(part));
		len += (size_t)snprintf(line + len, sizeof(line) - len, "%s %s  ", i ? "<" : ">",
					part);
	}
	live_show(line);
	d->drawn = now;
}

/* JSON has standard output for itself. */
static void print_rates(struct drive *d)
{
	struct bridge_result now;

	bridge_result(d->b, false, &now);
	if (d->drawing)
		live_wipe();
	bridge_print_rates(d->b->cfg->json ? stderr : stdout, &now, &d->told);
	(void)fflush(stdout); /* looked at once at the end */
	d->told = now;
}

static void print_so_far(const struct bridge *b)
{
	struct bridge_result now;

	bridge_result(b, false, &now);
	bridge_print_text(b->cfg->json ? stderr : stdout, &now);
	(void)fflush(stdout); /* as above */
}

/* False: it is to end. */
static bool handle_signal(const struct bridge *b, int nr)
{
	switch (nr) {
	case SIGUSR1:
		print_so_far(b);
		return true;
	case SIGTSTP:
		(void)raise(SIGSTOP); /* cannot fail */
		return true;
	case SIGCONT:
		return true;
	default:
		return false;
	}
}

static void tick(struct drive *d, uint64_t now)
{
	if (now >= d->live_ns) {
		draw(d);
		d->live_ns = now + LIVE_NS;
	}
	if (now >= d->stats_ns) {
		print_rates(d);
		d->stats_ns += d->b->cfg->stats_s * NSEC_PER_SEC;
	}
}

/* Milliseconds until something is to be done, -1: never. */
static int next_tick_ms(const struct drive *d, uint64_t now)
{
	uint64_t next = MIN(MIN(d->end_ns, d->live_ns), d->stats_ns);

	if (next == NEVER)
		return -1;
	if (next <= now)
		return 0;
	return (int)MIN((next - now) / NSEC_PER_MSEC + 1, 60000);
}

static void watch(struct drive *d)
{
	struct pollfd fds[2] = { { .fd = weir_forwarder_fd(d->b->forwarder), .events = POLLIN },
				 { .fd = d->b->signals, .events = POLLIN } };
	bool goes_on = true;
	int nr;

	while (goes_on) {
		uint64_t now = clock_ns(CLOCK_MONOTONIC);

		if (poll(fds, ARRAY_SIZE(fds), next_tick_ms(d, now)) < 0 && errno != EINTR)
			return;
		while (goes_on && (nr = signals_next(d->b->signals)))
			goes_on = handle_signal(d->b, nr);
		now = clock_ns(CLOCK_MONOTONIC);
		goes_on = goes_on && !fds[0].revents && now < d->end_ns;
		tick(d, now);
	}
}

int bridge_drive(struct bridge *b, struct weir_err *err)
{
	const struct bridge_cfg *cfg = b->cfg;
	struct drive d = { .b = b, .end_ns = NEVER, .live_ns = NEVER, .stats_ns = NEVER };
	int r;

	d.drawing = isatty(STDERR_FILENO) && !cfg->quiet && !cfg->verbose &&
		    !cmd_is_personality(b->run);
	/* Signals come to this thread: lanes that wait are not to be woken by them. */
	signals_block();
	b->begin_ns = clock_ns(CLOCK_MONOTONIC);
	r = weir_forwarder_start(b->forwarder, err);
	signals_unblock();
	if (r < 0)
		return r;

	if (!cfg->quiet && !cmd_is_personality(b->run))
		fprintf(stderr, "%s: forwarding from %s to %s%s\n", b->run->prog, b->names[0],
			b->names[1], cfg->unidir ? "" : " and back");
	if (cfg->duration_s)
		d.end_ns = b->begin_ns + cfg->duration_s * NSEC_PER_SEC;
	if (d.drawing)
		d.live_ns = b->begin_ns + LIVE_NS;
	if (cfg->stats_s)
		d.stats_ns = b->begin_ns + cfg->stats_s * NSEC_PER_SEC;
	bridge_result(b, false, &d.drawn);
	d.told = d.drawn;
	watch(&d);
	weir_forwarder_stop(b->forwarder);
	r = weir_forwarder_join(b->forwarder, err);
	if (d.drawing)
		live_wipe();
	return r;
}
