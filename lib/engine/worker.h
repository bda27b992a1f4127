/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A worker: the thread that sends. It has one cursor of the stream and one queue of
 * each port, and shares nothing with anybody but counters that it alone writes and the
 * sender's attention word that it alone reads.
 */
#ifndef ENGINE_WORKER_H
#define ENGINE_WORKER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include <weir/send.h>

#define WORKER_MAX_BATCH     1024u
#define WORKER_DEFAULT_BATCH 64u

/* Views whose frames a port may still be reading; the stream allows four. */
#define WORKER_MAX_HELD 3u

/* Bits of weir_sender.attention. */
enum {
	ATTENTION_STOP = 1,
	ATTENTION_PAUSE = 2,
};

struct worker_counters {
	_Alignas(64) _Atomic uint64_t begin_ns, end_ns, paused_ns;
	_Atomic uint64_t loops, file, stopped, finished;
	_Atomic uint64_t late_frames, late_max_ns;
	_Atomic uint64_t frames[WEIR_SEND_MAX_PORTS]; /* that ports consumed */
	_Atomic uint64_t flow_frames[WEIR_SEND_MAX_PORTS];
	_Atomic uint64_t flows_new[WEIR_SEND_MAX_PORTS];
	_Atomic uint64_t flows_expired[WEIR_SEND_MAX_PORTS];
	_Atomic uint64_t flow_invalid[WEIR_SEND_MAX_PORTS];
};

struct worker {
	struct weir_sender *s;
	unsigned cursor, queue;
	struct weir_clock clock;
	struct weir_walker walker;
	uint64_t epoch;	  /* clock at which the schedule is 0 */
	uint64_t now;	  /* the clock when it was last read */
	uint64_t end;	  /* clock at which the duration is over; UINT64_MAX if never */
	uint64_t allowed; /* frames that may go before the limit is looked at again */
	uint64_t credit;  /* one-at-a-time mode: frames before the next question */

	/* Frames consumed by each port, now and when each held view had been sent. */
	uint64_t consumed[WEIR_SEND_MAX_PORTS];
	uint64_t held[WORKER_MAX_HELD][WEIR_SEND_MAX_PORTS];
	unsigned n_held;

	struct weir_pkt pkts[WORKER_MAX_BATCH];
	struct worker_counters counters;
};

struct weir_sender {
	struct weir_send_opts opts;
	struct weir_port_stats base[WEIR_SEND_MAX_PORTS]; /* when it began */
	int attention;					  /* ATTENTION_ bits; relaxed atomic */
	int done_fd;					  /* eventfd: the worker has ended */
	struct weir_err err; /* what ended the run; valid once the thread is joined */
	pthread_t thread;
	bool thread_runs;
	struct worker worker;
};

int worker_init(struct worker *w, struct weir_sender *s, struct weir_err *err);

/* The thread; arg is the worker. */
void *worker_main(void *arg);

#endif
