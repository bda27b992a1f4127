/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The sending loop, the only one there is:
 *
 *	for each view of the stream
 *		deadlines of its next frames
 *		wait until the first is due
 *		hand all that are due, as one batch, to the port
 *
 * Frames for two ports leave in the order of the trace, so a batch ends where the
 * port changes. Everything that can be decided once (is there a schedule, are flows
 * counted) is decided before the loop.
 */
#include "engine/worker.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/macros.h"

/* Deadlines computed at once. */
#define RUN 64u
/* Longest wait between two looks at the attention word. */
#define LOOK_NS (10 * NSEC_PER_MSEC)
/* A frame is late if it leaves this much after its deadline. */
#define LATE_NS NSEC_PER_USEC
/* How long frames under way are waited for at the end. */
#define LAST_DRAIN_NS NSEC_PER_SEC

/* What a step of the loop answers. */
enum {
	WORKER_GO = 0,
	WORKER_END = 1
};

static void add(_Atomic uint64_t *counter, uint64_t n)
{
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + n,
			      memory_order_relaxed);
}

static void set(_Atomic uint64_t *counter, uint64_t v)
{
	atomic_store_explicit(counter, v, memory_order_relaxed);
}

static int attention(const struct worker *w)
{
	return __atomic_load_n(&w->s->attention, __ATOMIC_RELAXED);
}

static uint64_t read_clock(struct worker *w)
{
	w->now = w->clock.now(w->clock.ctx);
	return w->now;
}

static int stop_here(struct worker *w)
{
	set(&w->counters.stopped, 1);
	return WORKER_END;
}

/* Stays here while the run is held; the schedule moves by that time. */
static int obey(struct worker *w)
{
	const struct timespec look = { .tv_nsec = LOOK_NS };
	uint64_t begin = read_clock(w), held;

	while (attention(w) == ATTENTION_PAUSE)
		(void)nanosleep(&look, NULL); /* a signal is as good as the end of it */
	if (attention(w) & ATTENTION_STOP)
		return stop_here(w);
	held = read_clock(w) - begin;
	w->epoch += held;
	if (w->end != UINT64_MAX)
		w->end += held;
	add(&w->counters.paused_ns, held);
	return WORKER_GO;
}

/* Waits until the deadline (ns after the epoch). */
static int await(struct worker *w, uint64_t deadline)
{
	const struct weir_clock *clock = &w->clock;

	for (;;) {
		uint64_t t;

		if (unlikely(attention(w)) && obey(w) == WORKER_END)
			return WORKER_END;
		t = deadline > UINT64_MAX - w->epoch ? UINT64_MAX : w->epoch + deadline;
		if (t <= w->now)
			return WORKER_GO; /* late already: no need to ask for the time */
		w->now = clock->wait(clock->ctx, MIN(t, w->end), &w->s->attention);
		if (w->now >= w->end)
			return stop_here(w);
		if (w->now >= t)
			return WORKER_GO;
	}
}

/* How many frames the limit still allows: only frames that a port took count. */
static int look_at_limit(struct worker *w)
{
	struct weir_send_stats st;

	weir_sender_stats(w->s, &st);
	if (st.frames >= w->s->opts.limit)
		return stop_here(w);
	w->allowed = w->s->opts.limit - st.frames;
	return WORKER_GO;
}

/* Asks how many frames may go, in one-at-a-time mode. */
static int ask(struct worker *w, uint64_t nr, unsigned port)
{
	w->credit = w->s->opts.ask(w->s->opts.ask_ctx, nr, port);
	return w->credit ? WORKER_GO : stop_here(w);
}

/* Room for a batch under the limit, the credit and the clock: what is checked once a
 * batch, and costs nothing where none of them is asked for. */
static int may_send(struct worker *w, const struct weir_view *v, uint32_t i, uint32_t *ret_max)
{
	const struct weir_send_opts *o = &w->s->opts;
	uint64_t max = o->batch;

	if (o->limit && !w->allowed && look_at_limit(w) == WORKER_END)
		return WORKER_END;
	if (o->ask && !w->credit &&
	    ask(w, v->frames_before + i + 1, v->frames[i].port) == WORKER_END)
		return WORKER_END;
	max = MIN(max, w->allowed);
	max = MIN(max, w->credit);
	*ret_max = (uint32_t)max;
	return WORKER_GO;
}

/* Sends n packets to a port, waiting for room as long as it takes. */
static int send_batch(struct worker *w, unsigned port, uint32_t n, struct weir_err *err)
{
	struct weir_port *p = w->s->opts.ports[port];
	uint32_t done = 0;
	int r;

	while (done < n) {
		r = weir_port_tx(p, w->queue, w->pkts + done, n - done);
		if (unlikely(r < 0))
			return err_set(err, r, "%s: %s", weir_port_info(p)->name, strerror(-r));
		done += (uint32_t)r;
		w->consumed[port] += (uint32_t)r;
		if (likely(done == n))
			break;
		if (attention(w) && obey(w) == WORKER_END)
			break;
		if (read_clock(w) >= w->end) {
			stop_here(w);
			break;
		}
		r = weir_port_tx_wait(p, w->queue, LOOK_NS);
		if (r < 0)
			return err_set(err, r, "%s: %s", weir_port_info(p)->name, strerror(-r));
	}
	return (int)done;
}

/*
 * Flow flags of a batch are summed in four 16-bit lanes of one word, one addition a
 * frame: a batch is shorter than 2^16.
 */
enum flow_lane {
	LANE_FLOW,
	LANE_NEW,
	LANE_EXPIRED,
	LANE_INVALID,
	N_LANES
};

static_assert(WORKER_MAX_BATCH < 1u << 16, "a lane holds a batch");

#define LANE(l) (1ULL << 16 * (l))
static const uint64_t flow_units[16] = {
#define UNITS(f)                                                                                   \
	[f] = ((f)&WEIR_FRAME_FLOW ? LANE(LANE_FLOW) : 0) |                                        \
	      ((f)&WEIR_FRAME_FLOW_NEW ? LANE(LANE_NEW) : 0) |                                     \
	      ((f)&WEIR_FRAME_FLOW_EXPIRED ? LANE(LANE_EXPIRED) : 0) |                             \
	      ((f)&WEIR_FRAME_FLOW_INVALID ? LANE(LANE_INVALID) : 0)
	UNITS(0), UNITS(1), UNITS(2),  UNITS(3),  UNITS(4),  UNITS(5),	UNITS(6),  UNITS(7),
	UNITS(8), UNITS(9), UNITS(10), UNITS(11), UNITS(12), UNITS(13), UNITS(14), UNITS(15),
#undef UNITS
};

static void publish(struct worker *w, unsigned port, uint32_t n, uint64_t flows)
{
	struct worker_counters *c = &w->counters;
	_Atomic uint64_t *const lanes[N_LANES] = {
		[LANE_FLOW] = &c->flow_frames[port],
		[LANE_NEW] = &c->flows_new[port],
		[LANE_EXPIRED] = &c->flows_expired[port],
		[LANE_INVALID] = &c->flow_invalid[port],
	};

	add(&c->frames[port], n);
	for (unsigned i = 0; flows; i++, flows >>= 16)
		add(lanes[i], flows & 0xffff);
}

static void note_lateness(struct worker *w, const uint64_t *deadlines, uint32_t n)
{
	uint64_t first = w->now - (w->epoch + deadlines[0]), late = 0;

	if (likely(first <= LATE_NS)) /* the first of a batch is the latest */
		return;
	for (uint32_t i = 0; i < n; i++)
		late += w->now - (w->epoch + deadlines[i]) > LATE_NS;
	add(&w->counters.late_frames, late);
	if (first > atomic_load_explicit(&w->counters.late_max_ns, memory_order_relaxed))
		set(&w->counters.late_max_ns, first);
}

/* Frames from i on that go to the same port and are due, as packets. */
static inline __attribute__((always_inline)) uint32_t
gather(struct worker *w, const struct weir_view *v, uint32_t i, uint32_t max,
       const uint64_t *deadlines, const bool paced, uint64_t *ret_flows)
{
	const uint64_t due = w->now - w->epoch;
	const unsigned port = v->frames[i].port;
	uint64_t flows = 0;
	uint32_t n = 0;

	while (n < max) {
		const struct weir_frame *f = &v->frames[i + n];
		struct weir_pkt *p;

		if (f->port != port || (paced && deadlines[n] > due))
			break;
		/* Field by field: a whole struct is put together on the stack first, and
		 * reading that back at another width stalls for as long as all the rest. */
		p = &w->pkts[n];
		p->data = v->mem + f->off;
		p->len = f->len;
		p->orig_len = f->orig_len;
		p->ts_ns = f->ts_ns;
		flows += flow_units[f->flags & v->flags_mask];
		n++;
	}
	*ret_flows = flows;
	return n;
}

/* Sends frames first to first + n - 1 of a view. */
static inline __attribute__((always_inline)) int send_run(struct worker *w,
							  const struct weir_view *v, uint32_t first,
							  uint32_t n, const bool paced,
							  struct weir_err *err)
{
	uint64_t deadlines[RUN];
	uint32_t i = 0, max;
	int r;

	if (paced)
		weir_walker_run(&w->walker, v, first, n, deadlines);
	while (i < n) {
		unsigned port = v->frames[first + i].port;
		uint64_t flows;
		uint32_t k;

		if (unlikely(port >= w->s->opts.n_ports)) {
			i++; /* there is no such port: it goes nowhere */
			continue;
		}
		if (paced ? await(w, deadlines[i]) == WORKER_END
			  : attention(w) && obey(w) == WORKER_END)
			return WORKER_END;
		if (may_send(w, v, first + i, &max) == WORKER_END)
			return WORKER_END;
		k = gather(w, v, first + i, MIN(max, n - i), deadlines + (paced ? i : 0), paced,
			   &flows);
		if (paced)
			note_lateness(w, deadlines + i, k);
		r = send_batch(w, port, k, err);
		if (unlikely(r < 0))
			return r;
		publish(w, port, (uint32_t)r, flows);
		if (w->allowed != UINT64_MAX)
			w->allowed -= (uint32_t)r;
		if (w->credit != UINT64_MAX)
			w->credit -= (uint32_t)r;
		if (unlikely((uint32_t)r < k))
			return WORKER_END;
		i += k;
	}
	return WORKER_GO;
}

static int send_paced(struct worker *w, const struct weir_view *v, struct weir_err *err)
{
	int r = WORKER_GO;

	for (uint32_t i = 0; r == WORKER_GO && i < v->n; i += RUN)
		r = send_run(w, v, i, MIN(RUN, v->n - i), true, err);
	return r;
}

static int send_at_once(struct worker *w, const struct weir_view *v, struct weir_err *err)
{
	uint32_t step = w->s->opts.batch;
	int r = WORKER_GO;

	for (uint32_t i = 0; r == WORKER_GO && i < v->n; i += step) {
		r = send_run(w, v, i, MIN(step, v->n - i), false, err);
		if (w->end != UINT64_MAX && read_clock(w) >= w->end)
			r = stop_here(w);
	}
	return r;
}

/* Gives back the views whose frames no port reads any more. */
static void release_done(struct worker *w)
{
	const struct weir_send_opts *o = &w->s->opts;
	unsigned n = 0;

	for (; n < w->n_held; n++)
		for (unsigned p = 0; p < o->n_ports; p++)
			if (weir_port_tx_done(o->ports[p], w->queue) < w->held[n][p])
				goto out;
out:
	for (unsigned i = 0; i < n; i++)
		weir_stream_release(o->stream, w->cursor);
	w->n_held -= n;
	memmove(w->held, w->held + n, w->n_held * sizeof(w->held[0]));
}

/* Holds the view that was just sent until the ports are done with it. */
static int hold(struct worker *w, struct weir_err *err)
{
	const struct weir_send_opts *o = &w->s->opts;
	int r;

	memcpy(w->held[w->n_held++], w->consumed, sizeof(w->consumed));
	release_done(w);
	while (w->n_held == WORKER_MAX_HELD) {
		if (attention(w) & ATTENTION_STOP)
			return stop_here(w);
		for (unsigned p = 0; p < o->n_ports; p++) {
			r = weir_port_tx_drain(o->ports[p], w->queue, LOOK_NS);
			if (r < 0)
				return err_set(err, r, "%s: %s", weir_port_info(o->ports[p])->name,
					       strerror(-r));
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
	return await(w, read_clock(w) - w->epoch + rate->loop_gap_ns);
}

static int run(struct worker *w, struct weir_err *err)
{
	const struct weir_send_opts *o = &w->s->opts;
	bool paced = o->rate.mode != WEIR_RATE_TOPSPEED;
	struct weir_view v;
	int r = WORKER_GO;

	while (r == WORKER_GO) {
		r = weir_stream_next(o->stream, w->cursor, &v);
		if (r <= 0)
			return r == -ECANCELED ? stop_here(w) : r;
		if (!atomic_load_explicit(&w->counters.begin_ns, memory_order_relaxed)) {
			w->epoch = read_clock(w);
			w->end = o->duration_ns ? w->epoch + o->duration_ns : UINT64_MAX;
			set(&w->counters.begin_ns, w->epoch);
		}
		set(&w->counters.loops, v.loop);
		set(&w->counters.file, v.file);
		if (pause_between_loops(w, &v) == WORKER_END)
			return WORKER_END;
		weir_walker_view(&w->walker, &v);
		r = paced ? send_paced(w, &v, err) : send_at_once(w, &v, err);
		if (r == WORKER_GO)
			r = hold(w, err);
	}
	return r;
}

/* The clock belongs to the thread that reads it. */
static int open_clock(struct worker *w, struct weir_err *err)
{
	if (!w->s->opts.clock)
		return weir_clock_open(w->s->opts.timer, &w->clock, err);
	w->clock = *w->s->opts.clock;
	return 0;
}

static void close_clock(struct worker *w)
{
	if (!w->s->opts.clock)
		weir_clock_close(&w->clock);
}

int worker_init(struct worker *w, struct weir_sender *s, struct weir_err *err)
{
	memset(w, 0, sizeof(*w));
	w->s = s;
	w->allowed = s->opts.limit ? s->opts.limit : UINT64_MAX;
	w->credit = s->opts.ask ? 0 : UINT64_MAX;
	return weir_walker_init(&w->walker, &s->opts.rate, err);
}

void *worker_main(void *arg)
{
	struct worker *w = arg;
	struct weir_sender *s = w->s;
	struct weir_err err = { 0 };
	const uint64_t one = 1;
	int r;

	/* Sleeps end when they should and not up to 50 us later. A hint: may fail. */
	(void)prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
	r = open_clock(w, &err);
	if (r == 0)
		r = run(w, &err);
	if (r == 0)
		add(&w->counters.loops, 1); /* the last one was finished too */
	for (unsigned p = 0; p < s->opts.n_ports && r >= 0; p++)
		(void)weir_port_tx_drain(s->opts.ports[p], w->queue, LAST_DRAIN_NS);
	if (r < 0) {
		err.code = r;
		s->err = err;
	}
	if (w->clock.now)
		set(&w->counters.end_ns, read_clock(w));
	close_clock(w);
	set(&w->counters.finished, 1);
	(void)!write(s->done_fd, &one, sizeof(one)); /* an eventfd at 0 takes a 1 */
	return NULL;
}
