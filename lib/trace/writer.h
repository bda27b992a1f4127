/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside the writer: what writing frame by frame shares with writing blocks of them. */
#ifndef TRACE_WRITER_H
#define TRACE_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weir/frame.h>
#include <weir/trace.h>

#include "base/bytes.h"
#include "base/macros.h"
#include "trace/output.h"
#include "trace/pcapng.h"

/* How an interface counts time. It can hold what is from begin_ns to end_ns. */
struct scale {
	int64_t begin_ns, end_ns;
	int64_t offset_ns;    /* of tick 0 */
	uint64_t ns_per_tick; /* 0: that is no whole number */
	uint64_t ticks_per_s;
	bool binary; /* ticks_per_s is a power of 2 */
};

struct writer_iface {
	uint32_t linktype;
	struct scale scale;
	int64_t last_ns; /* latest time of a frame, for the statistics */
};

struct weir_writer {
	struct output *out;
	enum weir_trace_format format;
	struct writer_iface *ifaces;
	uint32_t n_ifaces;
};

/* An option of a block to come, or several as they stand. value NULL: left out. */
struct option {
	uint16_t code;
	bool several;
	const void *value;
	size_t len;
};

/* Options that were read, as one; none, if there are none. */
static inline struct option several_options(const struct weir_options *o)
{
	return (struct option){ .several = true, .value = o->len ? o->data : NULL, .len = o->len };
}

/* Sets the scale of an interface with these options (.data NULL: of nanoseconds). -EINVAL: it
 * is not one that can be counted by. */
int scale_init(struct scale *s, const struct weir_options *options);

/* A time that it can hold, in ticks: cut to whole ones; but a binary scale's is the tick whose
 * time, cut to nanoseconds, it is. */
uint64_t scale_ticks_slow(const struct scale *s, int64_t ns);

static inline uint64_t scale_ticks(const struct scale *s, int64_t ns)
{
	const uint64_t since = (uint64_t)ns - (uint64_t)s->offset_ns;

	if (likely(s->ns_per_tick == 1))
		return since;
	return s->ns_per_tick ? since / s->ns_per_tick : scale_ticks_slow(s, ns);
}

/* All but the block's length. */
static inline void writer_epb_head(const struct weir_writer *w, uint8_t *head, uint32_t iface,
				   int64_t ts_ns, uint32_t len, uint32_t orig_len)
{
	const uint64_t ticks = scale_ticks(&w->ifaces[iface].scale, ts_ns);

	raw32_put(head, BLOCK_EPB);
	raw32_put(head + 8, iface);
	raw32_put(head + 12, (uint32_t)(ticks >> 32));
	raw32_put(head + 16, (uint32_t)ticks);
	raw32_put(head + 20, len);
	raw32_put(head + 24, orig_len);
}

static inline void writer_see_time(struct weir_writer *w, uint32_t iface, int64_t ts_ns)
{
	w->ifaces[iface].last_ns = MAX(w->ifaces[iface].last_ns, ts_ns);
}

/* Why a frame cannot be written; 0: it can. */
int writer_refuse(const struct weir_writer *w, uint32_t iface, int64_t ts_ns, uint32_t len,
		  struct weir_err *err);

/* Can the frame be written? */
static inline int writer_check(const struct weir_writer *w, uint32_t iface, int64_t ts_ns,
			       uint32_t len, struct weir_err *err)
{
	const struct scale *s;

	if (likely(iface < w->n_ifaces)) {
		s = &w->ifaces[iface].scale;
		if (likely(ts_ns >= s->begin_ns && ts_ns <= s->end_ns && len <= WEIR_FRAME_MAX))
			return 0;
	}
	return writer_refuse(w, iface, ts_ns, len, err);
}

/* Writes a frame that can be written; option is for pcapng. */
int writer_put(struct weir_writer *w, const struct weir_record *rec, const struct option *option,
	       struct weir_err *err);

/*
 * A whole block: head begins with the type and room for the length, data (padded)
 * and options follow it.
 */
int writer_put_block(struct weir_writer *w, uint8_t *head, size_t head_size, const void *data,
		     size_t len, const struct option *options, size_t n_options,
		     struct weir_err *err);

#endif
