/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A worker's life: it makes itself ready, begins together with the others, sends view
 * after view, and gives each back when no port reads it any more.
 */
#include "engine/worker.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/counter.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/time.h"
#include "engine/loop.h"
#include "engine/thread.h"

/* From the last worker's being ready to the first frame: time for all to see it. */
#define LEAD_NS (100 * NSEC_PER_USEC)
/* How long frames under way are waited for at the end. */
#define LAST_DRAIN_NS NSEC_PER_SEC

/* Gives back the views whose frames no port reads any more. */
static void release_done(struct worker *w)
{
	const struct weir_send_opts *o = &w->s->opts;
	unsigned n = 0;

	for (; n < w->n_held; n++)
		for (unsigned p = 0; p < o->n_ports; p++)
			if (weir_port_tx_done(o->ports[p], w->index) < w->held[n][p])
				goto out;
out:
	for (unsigned i = 0; i < n; i++)
		weir_stream_release(o->stream, w->index);
	w->n_held -= n;
	memmove(w->held, w->held + n, w->n_held * sizeof(w->held[0]));
}

/* Gives port p up to timeout_ns to be done with what it was given. */
static int drain(struct worker *w, unsigned p, uint64_t timeout_ns)
{
	struct weir_port *port = w->s->opts.ports[p];
	int r = weir_port_tx_drain(port, w->index, timeout_ns);

	return r < 0 ? err_set(&w->err, r, "%s: %s", weir_port_info(port)->name, strerror(-r)) : r;
}

/* Holds the view that was just sent until the ports are done with it. */
static int hold(struct worker *w)
{
	const struct weir_send_opts *o = &w->s->opts;
	int r;

	memcpy(w->held[w->n_held++], w->consumed, sizeof(w->consumed));
	release_done(w);
	while (w->n_held == WORKER_MAX_HELD) {
		if (worker_attention(w) & ATTENTION_STOP)
			return worker_stop_here(w);
		for (unsigned p = 0; p < o->n_ports; p++) {
			r = drain(w, p, WORKER_LOOK_NS);
			if (r < 0)
				return r;
		}
		release_done(w);
	}
	return WORKER_GO;
}

/* At top speed a pause between loops cannot be in the schedule: wait for it here. */
static int pause_between_loops(struct worker *w, const struct weir_view *v)
{
	const struct weir_rate *rate = &w->s->opts.rate;

	if (rate->mode != WEIR_RATE_TOPSPEED || !rate->loop_gap_ns || !v->loop_begins || !v->loop)
		return WORKER_GO;
	return worker_await(w, worker_read_clock(w) - w->epoch + rate->loop_gap_ns);
}

/* Where frames are shared out the limit is a place: what of the view lies before it. */
static void cut_view(const struct worker *w, struct weir_view *v)
{
	uint64_t limit = w->s->opts.limit;

	if (!limit || !w->shared || v->frames_before + v->n <= limit)
		return;
	v->n = limit > v->frames_before ? (uint32_t)(limit - v->frames_before) : 0;
	while (v->n_mine && v->mine[v->n_mine - 1] >= v->n)
		v->n_mine--;
}

/* Begins the schedule: the last worker to be ready does so for all. */
static void set_epoch(struct worker *w)
{
	struct weir_sender *s = w->s;
	uint64_t now = worker_read_clock(w), epoch = now;

	if (s->opts.start_ns) {
		/* However long ago that was: a start in the past is a schedule under way. */
		int64_t ahead = (int64_t)(s->opts.start_ns - time_now(s->opts.start_clock));

		epoch = (uint64_t)((int64_t)epoch + ahead);
	} else if (s->opts.rate.mode != WEIR_RATE_TOPSPEED) {
		epoch += LEAD_NS + w->lead;
	}
	atomic_store(&s->begin_ns, (int64_t)(epoch - now) > 0 ? epoch : now);
	atomic_store(&s->epoch, epoch);
}

/* Waits until all workers have their first frames, and then for the start. */
static int begin_together(struct worker *w)
{
	const struct timespec look = time_spec(LEAD_NS / 4);
	struct weir_sender *s = w->s;

	if (atomic_fetch_add(&s->ready, 1) + 1 == s->n_workers)
		set_epoch(w);
	while (!atomic_load(&s->epoch)) {
		if (worker_attention(w) & ATTENTION_STOP)
			return worker_stop_here(w);
		(void)nanosleep(&look, NULL); /* a signal is as good as the end of it */
	}
	worker_look_at_epoch(w);
	worker_read_clock(w);
	return s->opts.start_ns ? worker_await(w, 0) : WORKER_GO;
}

/* Waits until the stream has frames, or until the run is to end without. */
static int await_frames(struct worker *w, bool begun)
{
	while (!weir_stream_wait(w->s->opts.stream, w->index, WORKER_LOOK_NS)) {
		if (worker_attention(w) & ATTENTION_STOP)
			return worker_stop_here(w);
		if (begun && worker_read_clock(w) >= worker_end_of_duration(w))
			return worker_stop_here(w);
	}
	return WORKER_GO;
}

static int run(struct worker *w)
{
	const struct weir_send_opts *o = &w->s->opts;
	worker_send *send = worker_loop(o->rate.mode != WEIR_RATE_TOPSPEED, w->shared);
	bool begun = false;
	struct weir_view v;
	int r = WORKER_GO;

	while (r == WORKER_GO) {
		if (await_frames(w, begun) == WORKER_END)
			return WORKER_END;
		r = weir_stream_next(o->stream, w->index, &v);
		if (r <= 0)
			return r == -ECANCELED ? worker_stop_here(w) : r;
		if (!begun && begin_together(w) == WORKER_END)
			return WORKER_END;
		begun = true;
		counter_set(&w->counters.loops, v.loop);
		counter_set(&w->counters.file, v.file);
		if (v.loop_begins && o->loop_begins && w->index == 0)
			o->loop_begins(o->loop_ctx, v.loop);
		if (pause_between_loops(w, &v) == WORKER_END)
			return WORKER_END;
		cut_view(w, &v);
		if (!v.n)
			return worker_stop_here(w);
		if (w->lead) /* anew for each view: the offset is stepped now and then */
			w->tai_offset = time_now(CLOCK_TAI) - worker_read_clock(w);
		weir_walker_view(&w->walker, &v);
		r = send(w, &v);
		if (r == WORKER_GO)
			r = hold(w);
	}
	return r;
}

int worker_init(struct worker *w, struct weir_sender *s, unsigned index, struct weir_err *err)
{
	const struct weir_send_opts *o = &s->opts;
	struct weir_stream_info trace;

	w->s = s;
	w->index = index;
	weir_stream_info(o->stream, &trace);
	w->shared = trace.n_parts > 1;
	w->cpu = -1;
	w->lead = o->launch_lead_ns;
	w->early = o->launch_past ? w->lead / 2 : 0;
	w->allowed = o->limit && !w->shared ? 0 : UINT64_MAX;
	w->credit = o->ask ? 0 : UINT64_MAX;
	return weir_walker_init(&w->walker, &o->rate, err);
}

/* The clock belongs to the thread that reads it. */
static int open_clock(struct worker *w)
{
	enum weir_timer timer = w->s->opts.timer;

	/* Who hands frames over early need not be exact, and the port's own thread, which is,
	 * may need the processor. */
	if (w->early && timer == WEIR_TIMER_AUTO)
		timer = WEIR_TIMER_SLEEP;
	if (!w->s->opts.clock)
		return weir_clock_open(timer, w->s->opts.rt_priority > 0, &w->clock, &w->err);
	w->clock = *w->s->opts.clock;
	return 0;
}

static void close_clock(struct worker *w)
{
	struct weir_clock_info info = { .source = "given" };

	if (!w->s->opts.clock) {
		weir_clock_info(&w->clock, &info);
		weir_clock_close(&w->clock);
	}
	atomic_store_explicit(&w->counters.clock, info.source, memory_order_relaxed);
	counter_set(&w->counters.margin_ns, info.margin_ns);
}

static int work(struct worker *w)
{
	const struct weir_send_opts *o = &w->s->opts;
	int r;

	r = thread_prepare(o->pin ? (int)w->index : -1, o->rt_priority, &w->cpu, &w->err);
	if (r < 0)
		return r;
	r = open_clock(w);
	if (r < 0)
		return r;
	r = run(w);
	if (r == 0)
		counter_add(&w->counters.loops, 1); /* the last one was finished too */
	for (unsigned p = 0; p < o->n_ports && r >= 0; p++)
		r = drain(w, p, LAST_DRAIN_NS);
	counter_set(&w->counters.end_ns, worker_read_clock(w));
	close_clock(w);
	return r;
}

void *worker_main(void *arg)
{
	struct worker *w = arg;
	struct weir_sender *s = w->s;
	const uint64_t one = 1;
	int r;

	r = work(w);
	if (r < 0) {
		w->err.code = r;
		weir_sender_stop(s); /* the others end too */
	}
	counter_set(&w->counters.cpu_ns, time_now(CLOCK_THREAD_CPUTIME_ID));
	if (atomic_fetch_sub(&s->running, 1) == 1)
		(void)!write(s->done_fd, &one, sizeof(one)); /* an eventfd at 0 takes a 1 */
	return NULL;
}
