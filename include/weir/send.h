/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The sending engine: a stream, a schedule and ports, put together.
 *
 * Each worker thread has a queue of every port. It walks the views of the stream,
 * picks the frames that are its share, waits for each one's deadline and hands batches
 * to ports. It never asks what kind of port, trace or rate it has. All workers, here and
 * on other machines, follow one schedule without talking to each other. Whoever starts a
 * sender stays free to handle signals and to show progress.
 */
#ifndef WEIR_SEND_H
#define WEIR_SEND_H

#include <stdbool.h>
#include <stdint.h>

#include <weir/err.h>
#include <weir/hist.h>
#include <weir/pace.h>
#include <weir/port.h>
#include <weir/stream.h>

#ifdef __cplusplus
extern "C" {
#endif

#define WEIR_SEND_MAX_PORTS   2
#define WEIR_SEND_MAX_WORKERS 64
#define WEIR_SEND_MAX_BATCH   1024

/* What becomes of frames that missed their deadline by more than the limit. */
enum weir_on_late {
	WEIR_LATE_CATCHUP, /* they go at once, in order; the mean rate is kept */
	WEIR_LATE_SHIFT,   /* the schedule moves by as much; gaps are kept */
	WEIR_LATE_DROP,	   /* they are skipped and counted */
};

struct weir_send_opts {
	struct weir_stream *stream;		      /* lent */
	struct weir_port *ports[WEIR_SEND_MAX_PORTS]; /* lent; frame.port picks one */
	unsigned n_ports;
	struct weir_rate rate;
	enum weir_timer timer;
	const struct weir_clock *clock; /* lent; NULL = weir_clock_open(timer) */
	uint64_t limit;	      /* stop after so many frames taken; 0 = none. If the stream shares
			       * frames out: after the first so many frames of the schedule */
	uint64_t duration_ns; /* stop so long after the first; 0 = none */
	unsigned batch;	      /* frames a call at most; 0 = 64 */
	unsigned n_workers;   /* each with its own queue and cursor; 0 = 1. More than one need a
			       * stream that shares frames out among its cursors */
	enum weir_on_late on_late;
	uint64_t late_limit_ns;	 /* for SHIFT and DROP; 0 = 1 ms */
	uint32_t max_burst;	 /* CATCHUP: after so many late frames back to back, go on at no
				  * more than twice the rate; 0 = no such limit */
	int start_clock;	 /* CLOCK_REALTIME or CLOCK_TAI, of start_ns */
	uint64_t start_ns;	 /* the schedule begins at this time; 0 = at once */
	uint64_t launch_lead_ns; /* ports were opened with launch_time: hand frames over by so
				  * much before their deadline, which goes down with them; 0 =
				  * they were not */
	bool launch_past;	 /* deadlines that are past go down, too, and with a frame those
				  * of the next half of launch_lead_ns: for ports that keep the
				  * time themselves, see weir_port_name_keeps_time() */
	bool pin;		 /* tie each worker to a processor of its own */
	int rt_priority;	 /* run workers in SCHED_FIFO at this; 0 = do not */
	bool stamp;		 /* frames end in a stamp (stamp.h): write the time into it at
				  * which they go to the port, or with launch_lead_ns the one
				  * at which they leave it. For a stream that gives each
				  * frame's memory once (a maker's, not preloaded) */
	/* One-at-a-time mode: called before a frame leaves, from the worker's thread;
	 * how many frames to send before it is called again, or 0 to stop. nr counts
	 * frames from 1. NULL: not this mode. */
	uint64_t (*ask)(void *ctx, uint64_t nr, unsigned port);
	void *ask_ctx;
	/* Called before the first frame of each loop (from 0) leaves, from the first worker's
	 * thread: what it sent of the loops before is in the statistics. May be NULL. */
	void (*loop_begins)(void *ctx, uint64_t loop);
	void *loop_ctx;
};

/* Sums over all workers, taken while it runs or after. */
struct weir_send_stats {
	uint64_t frames, bytes; /* that ports took */
	uint64_t refused;	/* frames that ports refused for good */
	uint64_t begin_ns;	/* clock of the epoch; 0 = not begun */
	uint64_t elapsed_ns;	/* from the epoch until now, or until the end */
	uint64_t paused_ns;	/* of these, suspended */
	uint64_t loops;		/* passes finished */
	uint64_t files;		/* index of the file that is being sent */
	uint64_t late_dropped;	/* frames skipped for being late */
	uint64_t scheduled_ns;	/* deadline of the last frame so far, after the epoch; 0 at top
				 * speed */
	uint64_t behind_ns;	/* how late that frame was */
	uint64_t batches;	/* handed to ports, in whole or in part */
	uint64_t port_waits;	/* how often a worker waited for room in a port */
	uint64_t cpu_ns;	/* processor time of the workers that have ended */
	uint64_t shifted_ns;	/* by which the schedule moved for late frames */
	uint64_t flow_frames[WEIR_SEND_MAX_PORTS];     /* frames that belong to a flow */
	uint64_t non_flow_frames[WEIR_SEND_MAX_PORTS]; /* and not */
	uint64_t flows_new[WEIR_SEND_MAX_PORTS];
	uint64_t flows_expired[WEIR_SEND_MAX_PORTS];
	uint64_t flow_invalid[WEIR_SEND_MAX_PORTS];
	bool finished; /* no worker runs any more */
	bool stopped;  /* by weir_send_stop(), the limit or the duration */
};

struct weir_sender;

/* Makes a sender; nothing leaves yet. opts is copied, what it lends is not. */
int weir_sender_new(const struct weir_send_opts *opts, struct weir_sender **ret_sender,
		    struct weir_err *err);

/* Starts the workers. Once only. */
int weir_sender_start(struct weir_sender *s, struct weir_err *err);

/* Ends the run as soon as possible (one batch, or 50 ms while waiting). From any
 * thread and from signal handlers. Who waits for the stream goes on waiting: a pipe may be
 * silent for ever, so stop the stream as well. */
void weir_sender_stop(struct weir_sender *s);

/* Holds the run, and goes on; the schedule moves by the time it was held. */
void weir_sender_pause(struct weir_sender *s);
void weir_sender_resume(struct weir_sender *s);

/* Readable when the run has ended, for poll(2). Lent. */
int weir_sender_fd(const struct weir_sender *s);

void weir_sender_stats(struct weir_sender *s, struct weir_send_stats *ret_stats);

/* How late frames left: from the deadline until the port was called, of all workers.
 * Empty at top speed. */
void weir_sender_lateness(struct weir_sender *s, struct weir_hist *ret_hist);

struct weir_worker_stats {
	uint64_t frames; /* that ports consumed */
	uint64_t late_dropped;
	uint64_t late_p50_ns, late_p99_ns, late_max_ns;
	uint64_t cpu_ns;    /* processor time; known when it has ended */
	uint64_t margin_ns; /* how long before a deadline it stopped sleeping, at the end */
	int cpu;	    /* it is tied to, -1: none */
	const char *clock;  /* what it told the time by; static */
};

/* 1, or 0 when there is no worker i. */
int weir_sender_worker(struct weir_sender *s, unsigned i, struct weir_worker_stats *ret_stats);

/* Waits for the end. 0, or the error that ended it; its text in err. */
int weir_sender_join(struct weir_sender *s, struct weir_err *err);

/* Stops, joins, frees. NULL is allowed. Returns NULL. */
struct weir_sender *weir_sender_free(struct weir_sender *s);

#ifdef __cplusplus
}
#endif
#endif
