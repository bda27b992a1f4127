/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The loop guard of a bridge between two sides: a stage that drops Ethernet frames which
 * must not be handed on.
 *
 * Frames whose source is one of our own addresses are never handed on. Of all others the
 * guard remembers on which side their source was seen last, and when:
 *
 * WEIR_GUARD_LOOP: a source that is seen on both sides within 100 ms is on a loop: the
 *	two sides are joined by something else than this bridge. For 30 s after that no
 *	frame from it or to it is handed on, so that nothing circles, and the switches
 *	around learn again where it is. A source that is seen on the other side later than that has
 *	moved, which is believed at once. Of copies of a frame to a group, more than 32 a
 *	second on the same side, all are dropped for 50 ms, which ends those that circle; if
 *	copies go on coming all the same, they pass.
 *
 * WEIR_GUARD_PIN: a source belongs to the side that it was seen on first; frames from it on
 *	the other side are dropped, until it has been silent on its own side for .age_ns.
 *	Echoes of handed on frames end there; a loop through a switch that joins both
 *	sides does not.
 *
 * Frames of one host on both sides at once, as test traffic with made up addresses has
 * them, are lost in either way: such traffic wants no guard.
 *
 * The time is that of the frames. The table has a fixed size; when it is full, of four
 * hosts that might have to go the one that was silent longest is forgotten.
 */
#ifndef WEIR_GUARD_H
#define WEIR_GUARD_H

#include <stdint.h>

#include <weir/err.h>
#include <weir/frame.h>

#ifdef __cplusplus
extern "C" {
#endif

#define WEIR_GUARD_FOR_EVER UINT64_MAX

enum weir_guard_mode {
	WEIR_GUARD_LOOP,
	WEIR_GUARD_PIN,
};

struct weir_guard_opts {
	enum weir_guard_mode mode;
	uint64_t age_ns;	 /* WEIR_GUARD_PIN; 0: 5 s */
	const uint8_t (*own)[6]; /* our own addresses; lent until weir_guard_new() returns */
	unsigned n_own;
	unsigned max_hosts; /* rounded up to a power of two, at least 64; 0: 65,536 */
	unsigned n_lanes;   /* threads a side; 0: 1 */
};

/* Frames of one lane that were dropped. */
struct weir_guard_counts {
	uint64_t own;	    /* came from ourselves */
	uint64_t elsewhere; /* their source belongs to the other side */
	uint64_t looped;    /* their source or destination is on a loop */
	uint64_t bad;	    /* too short for addresses, or from a group address */
};

struct weir_guard;

/* To be freed with weir_guard_free(). -EINVAL, -ENOMEM. */
int weir_guard_new(const struct weir_guard_opts *opts, struct weir_guard **ret_guard,
		   struct weir_err *err);

/* The stage of a lane of side 0 or 1: for one thread, which is not that of another lane. g
 * is lent to it. */
struct weir_stage weir_guard_stage(struct weir_guard *g, unsigned side, unsigned lane);

/* From any thread. */
void weir_guard_counts(const struct weir_guard *g, unsigned side, unsigned lane,
		       struct weir_guard_counts *ret_counts);

/* NULL is allowed. Returns NULL. */
struct weir_guard *weir_guard_free(struct weir_guard *g);

#ifdef __cplusplus
}
#endif
#endif
