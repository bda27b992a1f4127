/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Checking what arrives: frames with stamps (stamp.h), stream by stream: how many were
 * lost, came twice or out of order, and how long each was on its way.
 *
 * Each receiving thread has a check of its own; at the end they are merged. So frames
 * are in order if they are so on each queue, and twins are found on the queue that both
 * came by: equal frames have equal hashes. A queue that is silent for 2^31 frames of a
 * stream loses count of where the 32-bit sequence numbers are.
 */
#ifndef WEIR_CHECK_H
#define WEIR_CHECK_H

#include <stdint.h>

#include <weir/err.h>
#include <weir/frame.h>
#include <weir/hist.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Frames of one stream that came this much later than its newest are late, and whether
 * they are twins is not known any more. */
#define WEIR_CHECK_WINDOW 65536u

struct weir_check_stats {
	uint32_t stream;
	uint64_t frames;		 /* with its stamp */
	uint64_t lost;			 /* between the first and the last that came */
	uint64_t duplicates;		 /* came before */
	uint64_t reordered;		 /* came after one with a higher number */
	uint64_t early;			 /* came before they were sent: two clocks disagree; these
					  * are not in latency */
	const struct weir_hist *latency; /* ns, of those that tell when they were sent; lent
					  * while the check lives */
};

struct weir_check;

/* -ENOMEM. Free with weir_check_free(). */
int weir_check_new(struct weir_check **ret_check, struct weir_err *err);

/* Looks at frames in the order in which they came. now_ns: their time if they have none
 * (.ts_ns 0), ns since 1970 UTC. How many had a stamp; those of more than 4,096 streams
 * count as having none. */
unsigned weir_check_frames(struct weir_check *c, const struct weir_pkt *pkts, unsigned n,
			   uint64_t now_ns);

/* Adds what from has seen. Nobody looks at frames for either meanwhile. */
void weir_check_merge(struct weir_check *to, const struct weir_check *from);

/* Streams in the order of their numbers: 1, or 0 when there is none i. */
int weir_check_stream(struct weir_check *c, unsigned i, struct weir_check_stats *ret_stats);

/* NULL is allowed. Returns NULL. */
struct weir_check *weir_check_free(struct weir_check *c);

#ifdef __cplusplus
}
#endif
#endif
