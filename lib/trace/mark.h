/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Marking: what the index says of flows, found out chunk by chunk after loading, so that
 * a thread of its own can do it.
 */
#ifndef TRACE_MARK_H
#define TRACE_MARK_H

#include <stdbool.h>
#include <stdint.h>

#include <weir/err.h>

#include "trace/arena.h"
#include "trace/share.h"

struct flow_table;

struct marker {
	bool flags;	   /* set the flow flags */
	uint32_t expiry_s; /* see weir_stream_opts.flow_expiry_s */
	uint32_t linktype;
	struct share share;	  /* frames are shared out if it has more than one part */
	struct flow_table *flows; /* owned; NULL: none is needed */
};

/* Is there anything to be marked? */
static inline bool marker_needed(const struct marker *m)
{
	return m->flags || m->share.n_parts > 1;
}

/* Allocates what the other fields, which the caller has set, make necessary. -ENOMEM. */
int marker_init(struct marker *m, struct weir_err *err);
void marker_done(struct marker *m);

/* Marks the frames of a chunk, and shares them out. Chunks come in order. -ENOMEM. */
int mark_chunk(struct marker *m, struct arena_chunk *c, struct weir_err *err);

#endif
