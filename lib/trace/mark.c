/* SPDX-License-Identifier: BSD-2-Clause */
#include "trace/mark.h"

#include <errno.h>
#include <stddef.h>

#include "base/err.h"
#include "pkt/flow.h"

static bool by_flow(const struct marker *m)
{
	return m->share.n_parts > 1 && m->share.shard == WEIR_SHARD_FLOW;
}

int marker_init(struct marker *m, struct weir_err *err)
{
	if (!m->flags && !by_flow(m))
		return 0;
	m->flows = flow_table_new();
	return m->flows ? 0 : err_set(err, -ENOMEM, "out of memory");
}

void marker_done(struct marker *m)
{
	m->flows = flow_table_free(m->flows);
}

static const uint8_t verdict_flags[] = {
	[FLOW_NONE] = 0,
	[FLOW_INVALID] = WEIR_FRAME_FLOW_INVALID,
	[FLOW_KNOWN] = WEIR_FRAME_FLOW,
	[FLOW_NEW] = WEIR_FRAME_FLOW | WEIR_FRAME_FLOW_NEW,
	[FLOW_EXPIRED] = WEIR_FRAME_FLOW | WEIR_FRAME_FLOW_EXPIRED,
};

static int mark_flows(struct marker *m, struct arena_chunk *c, struct weir_err *err)
{
	for (uint32_t i = 0; i < c->n; i++) {
		struct weir_frame *f = &c->frames[i];
		uint8_t lane;
		int v;

		v = flow_see(m->flows, m->linktype, c->mem + f->off, f->len, f->ts_ns, m->expiry_s,
			     &lane);
		if (v < 0)
			return err_set(err, v, "out of memory for flows");
		f->flags = verdict_flags[v];
		f->lane = lane;
	}
	return 0;
}

static void mark_lanes(struct marker *m, struct arena_chunk *c)
{
	for (uint32_t i = 0; i < c->n; i++) {
		struct weir_frame *f = &c->frames[i];

		f->lane = flow_lane(m->flows, m->linktype, c->mem + f->off, f->len);
	}
}

int mark_chunk(struct marker *m, struct arena_chunk *c, struct weir_err *err)
{
	int r = 0;

	if (m->flags)
		r = mark_flows(m, c, err);
	else if (by_flow(m))
		mark_lanes(m, c);
	if (r == 0 && c->lists)
		share_chunk(&m->share, c);
	return r;
}
