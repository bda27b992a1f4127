/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The sending engine: a stream, a schedule and ports, put together.
 *
 * One worker thread per queue walks the views of the stream, waits for each
 * frame's deadline and hands batches to ports. It never asks what kind of port,
 * trace or rate it has. Whoever starts a sender stays free to handle signals and to
 * show progress.
 */
#ifndef WEIR_SEND_H
#define WEIR_SEND_H

#include <stdbool.h>
#include <stdint.h>

#include <weir/err.h>
#include <weir/pace.h>
#include <weir/port.h>
#include <weir/stream.h>

#ifdef __cplusplus
extern "C" {
#endif

#define WEIR_SEND_MAX_PORTS 2

struct weir_send_opts {
	struct weir_stream *stream;		      /* lent */
	struct weir_port *ports[WEIR_SEND_MAX_PORTS]; /* lent; frame.port picks one */
	unsigned n_ports;
	struct weir_rate rate;
	enum weir_timer timer;
	const struct weir_clock *clock; /* lent; NULL = weir_clock_open(timer) */
	uint64_t limit;			/* stop after so many frames taken; 0 = none */
	uint64_t duration_ns;		/* stop so long after the first; 0 = none */
	unsigned batch;			/* frames a call at most; 0 = 64 */
	/* One-at-a-time mode: called before a frame leaves, from the worker's thread;
	 * how many frames to send before it is called again, or 0 to stop. nr counts
	 * frames from 1. NULL: not this mode. */
	uint64_t (*ask)(void *ctx, uint64_t nr, unsigned port);
	void *ask_ctx;
};

/* Sums over all workers, taken while it runs or after. */
struct weir_send_stats {
	uint64_t frames, bytes;			   /* that ports took */
	uint64_t refused;			   /* frames that ports refused for good */
	uint64_t begin_ns;			   /* clock of the epoch; 0 = not begun */
	uint64_t elapsed_ns;			   /* from the epoch until now, or until the end */
	uint64_t paused_ns;			   /* of these, suspended */
	uint64_t loops;				   /* passes finished */
	uint64_t files;				   /* index of the file that is being sent */
	uint64_t late_frames;			   /* more than 1 us behind their deadline */
	uint64_t late_max_ns;			   /* the latest of them */
	uint64_t flow_frames[WEIR_SEND_MAX_PORTS]; /* frames that belong to a flow */
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
 * thread and from signal handlers. */
void weir_sender_stop(struct weir_sender *s);

/* Holds the run, and goes on; the schedule moves by the time it was held. */
void weir_sender_pause(struct weir_sender *s);
void weir_sender_resume(struct weir_sender *s);

/* Readable when the run has ended, for poll(2). Lent. */
int weir_sender_fd(const struct weir_sender *s);

void weir_sender_stats(struct weir_sender *s, struct weir_send_stats *ret_stats);

/* Waits for the end. 0, or the error that ended it; its text in err. */
int weir_sender_join(struct weir_sender *s, struct weir_err *err);

/* Stops, joins, frees. NULL is allowed. Returns NULL. */
struct weir_sender *weir_sender_free(struct weir_sender *s);

#ifdef __cplusplus
}
#endif
#endif
