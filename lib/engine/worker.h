/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A worker: a thread that sends. It has one cursor of the stream and one queue of each
 * port. What it shares: counters that it alone writes, the sender's attention word that
 * it alone reads, and the epoch.
 */
#ifndef ENGINE_WORKER_H
#define ENGINE_WORKER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include <weir/send.h>

#include "base/counter.h"
#include "base/macros.h"

#define WORKER_DEFAULT_BATCH 64u

/* Views whose frames a port may still be reading; the stream allows four. */
#define WORKER_MAX_HELD 3u

/* Longest wait between two looks at the attention word. */
#define WORKER_LOOK_NS (10 * NSEC_PER_MSEC)

/* What a step of the loop answers. */
enum {
	WORKER_GO = 0,
	WORKER_END = 1,
};

/* Bits of weir_sender.attention. */
enum {
	ATTENTION_STOP = 1,
	ATTENTION_PAUSE = 2,
};

struct worker_counters {
	_Alignas(64) _Atomic uint64_t end_ns, loops, file, stopped, finished;
	_Atomic uint64_t scheduled_ns, behind_ns, port_waits, late_dropped, cpu_ns, margin_ns;
	_Atomic uint64_t batches;
	_Atomic uint64_t frames[WEIR_SEND_MAX_PORTS]; /* that ports consumed */
	_Atomic uint64_t flow_frames[WEIR_SEND_MAX_PORTS];
	_Atomic uint64_t flows_new[WEIR_SEND_MAX_PORTS];
	_Atomic uint64_t flows_expired[WEIR_SEND_MAX_PORTS];
	_Atomic uint64_t flow_invalid[WEIR_SEND_MAX_PORTS];
	const char *_Atomic clock;
};

struct worker {
	struct weir_sender *s;
	unsigned index; /* also its cursor and its queue */
	bool shared;	/* it sends only some of the frames: those of view.mine */
	int cpu;
	struct weir_clock clock;
	struct weir_walker walker;
	uint64_t lead;	     /* frames are handed over so much before their deadline */
	uint64_t early;	     /* and with them those that are due so much later */
	uint64_t epoch;	     /* the sender's, as last looked at, less the lead */
	uint64_t tai_offset; /* CLOCK_TAI less this worker's clock; with a lead */
	uint64_t now;	     /* the clock when it was last read */
	uint64_t not_before; /* clock before which no late frame leaves: see max_burst */
	uint32_t burst;	     /* late frames sent back to back so far */
	uint64_t allowed;    /* frames that may go before the limit is looked at again */
	uint64_t credit;     /* one-at-a-time mode: frames before the next question */

	/* Frames consumed by each port, now and when each held view had been sent. */
	uint64_t consumed[WEIR_SEND_MAX_PORTS];
	uint64_t held[WORKER_MAX_HELD][WEIR_SEND_MAX_PORTS];
	unsigned n_held;

	struct weir_err err; /* what ended it; valid once the thread is joined */
	pthread_t thread;
	bool thread_runs;
	struct weir_pkt pkts[WEIR_SEND_MAX_BATCH];
	struct weir_hist lateness;
	struct worker_counters counters;
};

struct weir_sender {
	struct weir_send_opts opts;
	struct weir_port_stats base[WEIR_SEND_MAX_PORTS]; /* when it began */
	int attention;					  /* ATTENTION_ bits; relaxed atomic */
	int done_fd;					  /* eventfd: no worker runs any more */

	/* The clock at which the schedule is 0, 0 until it begins. Moves when the run is held, and
	 * for late frames if they are to shift it; each worker follows at its next batch. */
	_Alignas(64) _Atomic uint64_t epoch;
	_Atomic uint64_t begin_ns;   /* the first epoch; 0 = not begun */
	_Atomic uint64_t paused_ns;  /* by which it moved for being held */
	_Atomic uint64_t shifted_ns; /* and for late frames */
	_Atomic uint64_t paused_at;  /* since when it is held; 0 = it is not */
	_Atomic uint64_t running;    /* workers */

	_Atomic uint64_t ready; /* workers that have their first frames and wait for the others */
	unsigned n_workers;
	struct worker *workers;
};

static inline int worker_attention(const struct worker *w)
{
	return __atomic_load_n(&w->s->attention, __ATOMIC_RELAXED);
}

static inline uint64_t worker_read_clock(struct worker *w)
{
	w->now = w->clock.now(w->clock.ctx);
	return w->now;
}

static inline int worker_stop_here(struct worker *w)
{
	counter_set(&w->counters.stopped, 1);
	return WORKER_END;
}

static inline void worker_look_at_epoch(struct worker *w)
{
	w->epoch = counter_get(&w->s->epoch) - w->lead;
}

/* How late a frame is by w->now and w->epoch; 0 if it is early. */
static inline uint64_t worker_lateness(const struct worker *w, uint64_t deadline)
{
	const uint64_t at = w->now - w->epoch;

	return at > deadline ? at - deadline : 0;
}

/* await.c. Clock at which the duration is over, UINT64_MAX if never: it counts from the
 * first frame, without the time that the run was held. */
uint64_t worker_end_of_duration(const struct worker *w);

/* The same where there is a schedule: clock from which on no frame is handed over. */
uint64_t worker_end_of_schedule(const struct worker *w);

/* Stays while the run is held. WORKER_END if it is to stop. */
int worker_obey(struct worker *w);

/* Waits until the deadline (ns after the epoch), and leaves in w->now and w->epoch what
 * it went by. */
int worker_await(struct worker *w, uint64_t deadline);

/* What the clocks of the workers tell, for threads that have none. */
uint64_t sender_now(const struct weir_sender *s);

int worker_init(struct worker *w, struct weir_sender *s, unsigned index, struct weir_err *err);

/* The thread; arg is the worker. */
void *worker_main(void *arg);

#endif
