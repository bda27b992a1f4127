/* SPDX-License-Identifier: BSD-2-Clause */
#include "vale/sieve.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/macros.h"

struct sieve {
	const struct weir_switch_maker *maker;
	struct weir_switch_stages stages;
	enum sieve_side side;
	uint64_t nr;
	/* From the port: a buffer for each slot of a batch. To it: for each of a frame. */
	uint8_t *mem;
	struct vale_frag given[VALE_MAX_FRAGS];
};

struct sieve *sieve_free(struct sieve *s)
{
	if (!s)
		return NULL;
	s->maker->free(&s->stages);
	free(s->mem);
	free(s);
	return NULL;
}

int sieve_new(const struct weir_switch_maker *maker, const char *filter, const char *edit,
	      enum sieve_side side, struct sieve **ret_sieve, struct weir_err *err)
{
	const size_t n = side == SIEVE_IN ? FORWARD_BATCH : VALE_MAX_FRAGS;
	struct sieve *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return err_set(err, -ENOMEM, "no memory for a filter");
	s->maker = maker;
	s->side = side;
	s->mem = malloc(n * VALE_BUF_SIZE);
	r = s->mem ? maker->make(filter, edit, side, &s->stages, err)
		   : err_set(err, -ENOMEM, "no memory for a filter");
	if (r < 0) {
		free(s->mem);
		free(s);
		return r;
	}
	*ret_sieve = s;
	return 0;
}

/* Is the frame still to go on, behind a stage? */
static bool passes(const struct weir_stage *stage, struct weir_buf *b)
{
	return !stage->run || (stage->run(stage->ctx, b, 1) == 0 && b->port != WEIR_NO_PORT);
}

/* Leads a frame through, by a copy at mem; out may be frame. */
static bool pass(struct sieve *s, const struct vale_frag *frame, uint8_t *mem,
		 struct vale_frag *out, enum vale_drop *ret_why)
{
	const uint32_t room = frame->n * VALE_BUF_SIZE;
	struct weir_buf b = { .data = mem,
			      .room = room,
			      .nr = ++s->nr,
			      .linktype = WEIR_LINKTYPE_ETHERNET,
			      .port = (uint8_t)s->side };
	uint16_t n = 0;

	for (unsigned i = 0; i < frame->n; i++) {
		memcpy(mem + b.len, frame[i].data, frame[i].len);
		b.len += frame[i].len;
	}
	b.orig_len = b.len;
	*ret_why = VALE_DROP_FILTERED;
	if (!passes(&s->stages.filter, &b))
		return false;
	*ret_why = VALE_DROP_EDITED;
	if (!passes(&s->stages.edit, &b) || b.len < VALE_MIN_FRAME || b.len > room)
		return false;
	if (b.data != mem)
		memmove(mem, b.data, b.len);
	for (uint32_t at = 0; at < b.len; at += VALE_BUF_SIZE, n++) {
		out[n].data = mem + at;
		out[n].len = (uint16_t)MIN(b.len - at, VALE_BUF_SIZE);
	}
	out[0].n = n;
	return true;
}

bool sieve_take(struct sieve *s, struct vale_frag *frame, unsigned at, enum vale_drop *ret_why)
{
	return pass(s, frame, s->mem + (size_t)at * VALE_BUF_SIZE, frame, ret_why);
}

const struct vale_frag *sieve_give(struct sieve *s, const struct vale_frag *frame,
				   enum vale_drop *ret_why)
{
	return pass(s, frame, s->mem, s->given, ret_why) ? s->given : NULL;
}
