/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Forwarding: frames that arrive at one port leave by another.
 *
 * A lane is a thread. It takes batches from a queue of one port, leads them through its
 * stages and hands what is left to a queue of the other port. A bridge is two lanes, or two
 * for each queue.
 *
 *	port A, queue 0 --> guard, filter, editor --> port B, queue 0
 *	port A, queue 0 <-- editor, filter, guard <-- port B, queue 0
 *
 * When a port has no room the lane waits for it, for .patience_ns; what arrives meanwhile
 * waits in the receiving port. After that the port counts as stuck: its frames are dropped
 * and counted as .no_room, without any wait, until it takes one again. So a port that
 * hesitates loses nothing, and one that hangs neither holds the lane nor gets old frames
 * when it goes on.
 *
 * What is left to be done on frames (struct weir_offload) is handed on between two ports
 * that were opened with .offload. Checksums are completed before stages see them if one of
 * those changes frames, and for ports opened without.
 */
#ifndef WEIR_FORWARD_H
#define WEIR_FORWARD_H

#include <stdint.h>

#include <weir/err.h>
#include <weir/frame.h>
#include <weir/port.h>

#ifdef __cplusplus
extern "C" {
#endif

#define WEIR_FORWARD_MAX_LANES 128u

struct weir_lane {
	struct weir_port *from, *to; /* lent; opened to receive, and to send */
	unsigned from_queue, to_queue;
	uint8_t side; /* weir_buf.port that its frames have for the stages: 0 or 1 */
	/* Lent; for this lane alone. None may hold frames back (.holds). */
	const struct weir_stage *stages;
	unsigned n_stages;
};

struct weir_forward_opts {
	const struct weir_lane *lanes; /* copied; no queue side belongs to two of them */
	unsigned n_lanes;
	uint64_t limit;	      /* stop when the ports have taken so many frames; 0: never */
	uint64_t patience_ns; /* 0: 100 ms */
};

/* Every frame received or made is dropped, cut, given, without room or left over. */
struct weir_lane_stats {
	uint64_t frames, bytes; /* received */
	uint64_t dropped;	/* stages sent them nowhere */
	uint64_t cut;		/* received only in part, so not handed on */
	uint64_t made;		/* by stages, beside those received */
	uint64_t given;		/* the port took or refused them: its statistics tell */
	uint64_t no_room;	/* dropped: the port was stuck */
	uint64_t left_over;	/* the end of the run came first */
	uint64_t waits;		/* times that the port had no room */
};

struct weir_forwarder;

/* Makes a forwarder; nothing moves yet. To be freed with weir_forwarder_free().
 * -EINVAL: a lane is not in order. */
int weir_forwarder_new(const struct weir_forward_opts *opts, struct weir_forwarder **ret_f,
		       struct weir_err *err);

/* Starts the lanes. Once only. */
int weir_forwarder_start(struct weir_forwarder *f, struct weir_err *err);

/* Ends the run within a batch, or 10 ms while waiting. From any thread, and from signal
 * handlers. */
void weir_forwarder_stop(struct weir_forwarder *f);

/* Readable when all lanes have ended, for poll(2). Lent. */
int weir_forwarder_fd(const struct weir_forwarder *f);

/* 1, or 0 when there is no lane i. From any thread. */
int weir_forwarder_lane(const struct weir_forwarder *f, unsigned i,
			struct weir_lane_stats *ret_stats);

/* Waits for the end. 0: it was stopped, the limit was reached, or files have ended; or the
 * error of the first lane that ended by one, which ends the others. */
int weir_forwarder_join(struct weir_forwarder *f, struct weir_err *err);

/* Stops, joins, frees. NULL is allowed. Returns NULL. */
struct weir_forwarder *weir_forwarder_free(struct weir_forwarder *f);

#ifdef __cplusplus
}
#endif
#endif
