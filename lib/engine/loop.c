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
#include "engine/loop.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include <weir/stamp.h>

#include "base/counter.h"
#include "base/err.h"
#include "base/hist.h"
#include "base/macros.h"
#include "base/time.h"
#include "engine/late.h"

/* Deadlines computed at once. */
#define RUN 64u

/* How many frames the limit still allows: only frames that a port took count. With
 * several workers the limit is a place in the schedule instead: see cut_view(). */
static int look_at_limit(struct worker *w)
{
	struct weir_send_stats st;

	weir_sender_stats(w->s, &st);
	if (st.frames >= w->s->opts.limit)
		return worker_stop_here(w);
	w->allowed = w->s->opts.limit - st.frames;
	return WORKER_GO;
}

/* Asks how many frames may go, in one-at-a-time mode. */
static int ask(struct worker *w, uint64_t nr, unsigned port)
{
	w->credit = w->s->opts.ask(w->s->opts.ask_ctx, nr, port);
	return w->credit ? WORKER_GO : worker_stop_here(w);
}

/* Room for a batch under the limit, the credit and the clock: what is checked once a
 * batch, and costs nothing where none of them is asked for. */
static int may_send(struct worker *w, const struct weir_view *v, uint32_t i, uint32_t *ret_max)
{
	const struct weir_send_opts *o = &w->s->opts;
	uint64_t max = o->batch;

	if (!w->allowed && look_at_limit(w) == WORKER_END)
		return WORKER_END;
	if (o->ask && !w->credit &&
	    ask(w, v->frames_before + i + 1, v->frames[i].port) == WORKER_END)
		return WORKER_END;
	max = MIN(max, w->allowed);
	max = MIN(max, w->credit);
	*ret_max = (uint32_t)max;
	return WORKER_GO;
}

/* CLOCK_TAI less CLOCK_REALTIME, which has just been read: whole seconds. */
static uint64_t tai_less_utc(uint64_t utc)
{
	return (time_now(CLOCK_TAI) + NSEC_PER_SEC / 2 - utc) / NSEC_PER_SEC * NSEC_PER_SEC;
}

/* The time that a frame leaves at: its own, or if it has none, or that is past, the one that
 * the port is called at, as late as can be. */
static void stamp_batch(const struct worker *w, const struct weir_pkt *pkts, uint32_t n)
{
	const uint64_t now = time_now(CLOCK_REALTIME), tai = w->lead ? tai_less_utc(now) : 0;

	for (uint32_t i = 0; i < n; i++) {
		const struct weir_pkt *p = &pkts[i];
		uint64_t t = w->lead && p->ts_ns ? MAX((uint64_t)p->ts_ns - tai, now) : now;

		if (p->len >= WEIR_STAMP_LEN)
			weir_stamp_set_time(p->data + p->len - WEIR_STAMP_LEN, t);
	}
}

/* Sends n packets to a port, waiting for room as long as it takes. */
static int send_batch(struct worker *w, unsigned port, uint32_t n)
{
	struct weir_port *p = w->s->opts.ports[port];
	uint32_t done = 0;
	int r;

	while (done < n) {
		if (unlikely(w->s->opts.stamp))
			stamp_batch(w, w->pkts + done, n - done);
		r = weir_port_tx(p, w->index, w->pkts + done, n - done);
		if (unlikely(r < 0))
			return err_set(&w->err, r, "%s: %s", weir_port_info(p)->name, strerror(-r));
		done += (uint32_t)r;
		w->consumed[port] += (uint32_t)r;
		if (likely(done == n))
			break;
		if (worker_attention(w) && worker_obey(w) == WORKER_END)
			break;
		if (worker_read_clock(w) >= worker_end_of_duration(w)) {
			worker_stop_here(w);
			break;
		}
		counter_add(&w->counters.port_waits, 1);
		r = weir_port_tx_wait(p, w->index, WORKER_LOOK_NS);
		if (r < 0)
			return err_set(&w->err, r, "%s: %s", weir_port_info(p)->name, strerror(-r));
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

static_assert(WEIR_SEND_MAX_BATCH < 1u << 16, "a lane holds a batch");

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

	counter_add(&c->frames[port], n);
	counter_add(&c->batches, 1);
	for (unsigned i = 0; flows; i++, flows >>= 16)
		counter_add(lanes[i], flows & 0xffff);
}

/* Frames of a view that are looked at together: their deadlines, and where frames are
 * shared out, which of them are this worker's. */
struct run {
	const struct weir_view *v;
	uint32_t n;
	uint32_t first;	      /* of the run in the view; not shared */
	const uint32_t *mine; /* places of its frames in the view; shared */
	uint64_t flows;	      /* sums of the batch gathered last */
	uint64_t deadlines[RUN];
};

static inline __attribute__((always_inline)) uint32_t index_of(const struct run *r, uint32_t i,
							       const bool shared)
{
	return shared ? r->mine[i] : r->first + i;
}

/* When a port is to let a frame go: CLOCK_TAI; 0, at once, if that is past and the port
 * does not care how long. */
static int64_t launch_time(const struct worker *w, uint64_t deadline)
{
	if (worker_lateness(w, deadline) > w->lead && !w->s->opts.launch_past)
		return 0;
	return (int64_t)(w->tai_offset + w->epoch + w->lead + deadline);
}

/* Deadlines up to this one are handed over now. */
static uint64_t due_until(const struct worker *w)
{
	uint64_t t = w->now;

	if (w->early)
		t = MIN(t + w->early, worker_end_of_schedule(w) - 1);
	return t - w->epoch;
}

/* Frames from i on that go to the same port and are due, as packets. */
static inline __attribute__((always_inline)) uint32_t gather(struct worker *w, struct run *r,
							     uint32_t i, uint32_t max,
							     const bool paced, const bool shared)
{
	const struct weir_view *v = r->v;
	const uint64_t due = paced ? due_until(w) : 0;
	const unsigned port = v->frames[index_of(r, i, shared)].port;
	uint64_t flows = 0;
	uint32_t n = 0;

	while (n < max) {
		const struct weir_frame *f = &v->frames[index_of(r, i + n, shared)];
		struct weir_pkt *p;

		if (f->port != port || (paced && r->deadlines[i + n] > due))
			break;
		/* Field by field: a whole struct is put together on the stack first, and
		 * reading that back at another width stalls for as long as all the rest. */
		p = &w->pkts[n];
		p->data = v->mem + f->off;
		p->len = f->len;
		p->orig_len = f->orig_len;
		p->ts_ns = f->ts_ns;
		if (w->lead)
			p->ts_ns = paced ? launch_time(w, r->deadlines[i + n]) : 0;
		flows += flow_units[f->flags & v->flags_mask];
		n++;
	}
	r->flows = flows;
	return n;
}

static void note_lateness(struct worker *w, const uint64_t *deadlines, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		hist_add(&w->lateness, worker_lateness(w, deadlines[i]));
	if (!n)
		return;
	counter_set(&w->counters.scheduled_ns, deadlines[n - 1]);
	counter_set(&w->counters.behind_ns, worker_lateness(w, deadlines[n - 1]));
}

/* Sends the frames of a run. */
static inline __attribute__((always_inline)) int send_run(struct worker *w, struct run *run,
							  const bool paced, const bool shared)
{
	const struct weir_view *v = run->v;
	uint32_t max, k;
	int r;

	for (uint32_t i = 0; i < run->n; i += k) {
		const uint64_t *deadlines = run->deadlines + (paced ? i : 0);
		const uint32_t at = index_of(run, i, shared);
		const unsigned port = v->frames[at].port;

		k = 1;
		if (unlikely(port >= w->s->opts.n_ports))
			continue; /* there is no such port: it goes nowhere */
		if (may_send(w, v, at, &max) == WORKER_END)
			return WORKER_END;
		if (paced ? worker_await(w, *deadlines) == WORKER_END
			  : worker_attention(w) && worker_obey(w) == WORKER_END)
			return WORKER_END;
		if (paced) {
			k = late_mind(w, deadlines, run->n - i);
			if (unlikely(k))
				continue;
		}
		max = MIN(max, run->n - i);
		if (paced && w->s->opts.max_burst)
			max = MIN(max, late_burst_left(w, worker_lateness(w, *deadlines)));
		k = gather(w, run, i, max, paced, shared);
		if (paced) {
			note_lateness(w, deadlines, k);
			if (w->s->opts.max_burst)
				late_end_burst(w, deadlines, k);
		}
		r = send_batch(w, port, k);
		if (unlikely(r < 0))
			return r;
		publish(w, port, (uint32_t)r, run->flows);
		if (w->allowed != UINT64_MAX)
			w->allowed -= (uint32_t)r;
		if (w->credit != UINT64_MAX)
			w->credit -= (uint32_t)r;
		if (unlikely((uint32_t)r < k))
			return WORKER_END;
	}
	return WORKER_GO;
}

/* At top speed a run is simply the next frames of the worker. */
static inline __attribute__((always_inline)) int
at_once(struct worker *w, const struct weir_view *v, const bool shared)
{
	const uint32_t step = w->s->opts.batch, n = shared ? v->n_mine : v->n;
	struct run run = { .v = v };
	int r = WORKER_GO;

	for (uint32_t i = 0; r == WORKER_GO && i < n; i += step) {
		run.first = i;
		run.mine = shared ? v->mine + i : NULL;
		run.n = MIN(step, n - i);
		r = send_run(w, &run, false, shared);
		if (w->s->opts.duration_ns && worker_read_clock(w) >= worker_end_of_duration(w))
			r = worker_stop_here(w);
	}
	return r;
}

/* With a schedule the deadlines of all frames are walked through, since some depend on
 * the frames before, and those of other workers' frames are passed over. */
static inline __attribute__((always_inline)) int paced(struct worker *w, const struct weir_view *v,
						       const bool shared)
{
	const uint32_t *mine = v->mine, *end = shared ? v->mine + v->n_mine : NULL;
	struct run run = { .v = v };
	int r = WORKER_GO;

	for (uint32_t i = 0; r == WORKER_GO && i < v->n; i += RUN) {
		run.first = i;
		run.n = MIN(RUN, v->n - i);
		weir_walker_run(&w->walker, v, i, run.n, run.deadlines);
		if (shared) {
			run.mine = mine;
			for (run.n = 0; mine < end && *mine < i + RUN; mine++)
				run.deadlines[run.n++] = run.deadlines[*mine - i];
		}
		r = send_run(w, &run, true, shared);
	}
	return r;
}

static int send_at_once(struct worker *w, const struct weir_view *v)
{
	return at_once(w, v, false);
}

static int send_share_at_once(struct worker *w, const struct weir_view *v)
{
	return at_once(w, v, true);
}

static int send_paced(struct worker *w, const struct weir_view *v)
{
	return paced(w, v, false);
}

static int send_share_paced(struct worker *w, const struct weir_view *v)
{
	return paced(w, v, true);
}

worker_send *worker_loop(bool with_schedule, bool shared)
{
	static worker_send *const loops[2][2] = {
		{ send_at_once, send_share_at_once },
		{ send_paced, send_share_paced },
	};

	return loops[with_schedule][shared];
}
