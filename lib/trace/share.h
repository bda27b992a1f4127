/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sharing out: which frames of a chunk each cursor is given. Decided once, when a chunk
 * is filled, so that a sender with many colleagues does not look at their frames.
 *
 *	lists  |starts: n_cursors + 1|frames of cursor 0 ...|of cursor 1 ...|
 */
#ifndef TRACE_SHARE_H
#define TRACE_SHARE_H

#include <weir/stream.h>

#include "trace/arena.h"

struct share {
	enum weir_shard shard;
	unsigned n_parts, first_part; /* cursor i has part first_part + i */
	unsigned n_cursors;
};

/* Makes room for the lists of a chunk of up to n frames, if there is more than one part.
 * They are the chunk's, to be freed. -ENOMEM. */
int share_make_lists(const struct share *s, struct arena_chunk *c, uint32_t n,
		     struct weir_err *err);

/* Writes the lists. */
void share_chunk(const struct share *s, struct arena_chunk *c);

/* The places of a cursor's frames in the chunk, in order. */
static inline const uint32_t *share_list(const struct share *s, const struct arena_chunk *c,
					 unsigned cursor, uint32_t *ret_n)
{
	const uint32_t *starts = c->lists;

	*ret_n = starts[cursor + 1] - starts[cursor];
	return c->lists + s->n_cursors + 1 + starts[cursor];
}

#endif
