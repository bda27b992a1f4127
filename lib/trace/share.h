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

/* Bytes of the lists of a chunk of n frames. */
static inline size_t share_lists_size(const struct share *s, uint32_t n)
{
	return ((size_t)s->n_cursors + 1 + n) * sizeof(uint32_t);
}

/* Writes the lists of a chunk, whose place is still that within its loop, to c->lists,
 * which has share_lists_size() bytes. */
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
