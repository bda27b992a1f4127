/* SPDX-License-Identifier: BSD-2-Clause */
#include "trace/share.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

int share_make_lists(const struct share *s, struct arena_chunk *c, uint32_t n, struct weir_err *err)
{
	if (s->n_parts <= 1)
		return 0;
	c->lists = malloc(((size_t)s->n_cursors + 1 + n) * sizeof(*c->lists));
	return c->lists ? 0 : err_set(err, -ENOMEM, "out of memory");
}

/* The cursor that frame i belongs to; n_cursors or more if it is another machine's. */
static unsigned owner(const struct share *s, const struct arena_chunk *c, uint32_t i)
{
	uint64_t key = s->shard == WEIR_SHARD_FLOW ? c->frames[i].lane : c->place + i;

	/* A part before the first one becomes a very large number. */
	return (unsigned)(key % s->n_parts) - s->first_part;
}

void share_chunk(const struct share *s, struct arena_chunk *c)
{
	uint32_t *starts = c->lists, *lists = c->lists + s->n_cursors + 1;

	/* Count, then place: each list keeps the order of the frames. */
	memset(starts, 0, (s->n_cursors + 1) * sizeof(*starts));
	for (uint32_t i = 0; i < c->n; i++) {
		unsigned who = owner(s, c, i);

		if (who < s->n_cursors)
			starts[who + 1]++;
	}
	for (unsigned k = 0; k < s->n_cursors; k++)
		starts[k + 1] += starts[k];
	for (uint32_t i = 0; i < c->n; i++) {
		unsigned who = owner(s, c, i);

		if (who < s->n_cursors)
			lists[starts[who]++] = i;
	}
	/* Each start has become the next one's: move them back. */
	memmove(starts + 1, starts, s->n_cursors * sizeof(*starts));
	starts[0] = 0;
}
