/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A lane of a forwarder: its loop is in lane.c, its life in forward.c. It shares with
 * others the word that ends the run, and what keeps the limit.
 */
#ifndef ENGINE_LANE_H
#define ENGINE_LANE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <weir/chain.h>
#include <weir/forward.h>

#include "base/counter.h"

#define LANE_BATCH 256u

struct lane_counters {
	_Alignas(64) _Atomic uint64_t frames;
	_Atomic uint64_t bytes, dropped, cut, made, given, no_room, left_over, waits;
};

/* Memory for frames of a batch that do not stay where they are. */
struct lane_area {
	uint8_t *mem; /* NULL: not needed */
	uint32_t used;
};

struct lane {
	struct weir_forwarder *f;
	struct weir_lane cfg;
	struct weir_chain chain;
	bool plain;  /* frames go from port to port as they are */
	bool copies; /* stages may change them, or they get something put before them */
	bool makes;  /* stages make other frames */
	bool in_off; /* the ports were opened with .offload */
	bool out_off;
	bool guesses; /* checksums may be missing */
	bool stuck;   /* the port had no room for too long */
	uint16_t linktype;
	uint64_t nr;	       /* of the last frame received */
	struct lane_area area; /* for frames before the stages */
	struct lane_area made; /* for those that stages made */
	struct weir_pkt in[LANE_BATCH], out[LANE_BATCH];
	struct weir_buf bufs[LANE_BATCH];
	struct weir_offload offloads[LANE_BATCH]; /* of bufs, by their place: in .iface */

	struct weir_err err; /* what ended it; valid once the thread is joined */
	pthread_t thread;
	bool runs;
	struct lane_counters counters;
};

struct weir_forwarder {
	uint64_t limit, patience_ns;
	struct lane *lanes;
	unsigned n_lanes;
	uint64_t base; /* frames that the ports had taken before */
	int done_fd;   /* eventfd: all lanes have ended */
	_Atomic bool stop;
	_Atomic unsigned running;
	/* Frames that lanes have claimed for sending, at most .limit; and lanes that are at it. */
	_Alignas(64) _Atomic uint64_t claimed;
	_Atomic unsigned claiming;
};

static inline bool lane_is_stopped(const struct lane *l)
{
	return atomic_load_explicit(&l->f->stop, memory_order_relaxed);
}

/* forward.c: how many of n frames may be sent under the limit, 0: none now, or none ever
 * again. lane_claim_done() once they have been. */
unsigned lane_claim(struct lane *l, unsigned n);
void lane_claim_done(struct lane *l);

/* lane.c. -EINVAL, -ENOMEM. */
int lane_init(struct lane *l, struct weir_forwarder *f, const struct weir_lane *cfg,
	      struct weir_err *err);
/* Copes with zeroed memory. */
void lane_done(struct lane *l);
/* Until the end of the run: 0, or what ended it, with the text in l->err. */
int lane_run(struct lane *l);

#endif
