/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames are asked of the last stage that may have some; when it has none left, of the
 * one before it. So no stage is given more before its successors are done with what it
 * gave.
 */
#include <weir/chain.h>

#include <assert.h>
#include <stddef.h>

void weir_chain_init(struct weir_chain *c, const struct weir_stage *stages, unsigned n_stages)
{
	assert(n_stages <= WEIR_MAX_STAGES);
	*c = (struct weir_chain){ .stages = stages, .n_stages = n_stages };
}

bool weir_chain_changes(const struct weir_chain *c)
{
	for (unsigned i = 0; i < c->n_stages; i++)
		if (c->stages[i].changes)
			return true;
	return false;
}

bool weir_chain_makes(const struct weir_chain *c)
{
	for (unsigned i = 0; i < c->n_stages; i++)
		if (c->stages[i].next)
			return true;
	return false;
}

bool weir_chain_holds(const struct weir_chain *c)
{
	for (unsigned i = 0; i < c->n_stages; i++)
		if (c->stages[i].holds)
			return true;
	return false;
}

/* Takes frames from stage i on as far as they get: to the end of the chain (the result is
 * how many), or into a stage that makes others of them (0). */
static int run_from(struct weir_chain *c, unsigned i, struct weir_buf *bufs, unsigned n)
{
	for (; i < c->n_stages; i++) {
		const struct weir_stage *s = &c->stages[i];
		int r = s->run(s->ctx, bufs, n);

		if (r < 0)
			return r;
		if (s->next) {
			c->full |= 1U << i;
			return 0;
		}
	}
	return (int)n;
}

int weir_chain_put(struct weir_chain *c, struct weir_buf *bufs, unsigned n)
{
	int r;

	assert(n);
	r = run_from(c, 0, bufs, n);
	if (r < 0)
		return r;
	c->ready = bufs;
	c->n_ready = (unsigned)r;
	return 0;
}

void weir_chain_end(struct weir_chain *c)
{
	c->ending = true;
	c->ended = 0;
}

/* Tells the next stage that holds frames back of the end. 1, 0: there is none. */
static int end_next(struct weir_chain *c)
{
	while (c->ending && c->ended < c->n_stages) {
		const struct weir_stage *s = &c->stages[c->ended++];
		int r;

		if (!s->holds)
			continue;
		r = s->run(s->ctx, NULL, 0);
		c->full |= 1U << (s - c->stages);
		return r < 0 ? r : 1;
	}
	c->ending = false;
	return 0;
}

/* Frames of the stages, 0 if they have none. */
static int take_made(struct weir_chain *c, struct weir_buf **ret_bufs)
{
	while (c->full) {
		unsigned last = 31u - (unsigned)__builtin_clz(c->full);
		const struct weir_stage *s = &c->stages[last];
		int r = s->next(s->ctx, ret_bufs);

		if (r == 0)
			c->full &= ~(1U << last);
		else if (r > 0)
			r = run_from(c, last + 1, *ret_bufs, (unsigned)r);
		if (r)
			return r;
	}
	return 0;
}

int weir_chain_take(struct weir_chain *c, struct weir_buf **ret_bufs)
{
	int r;

	if (c->n_ready) {
		r = (int)c->n_ready;
		c->n_ready = 0;
		*ret_bufs = c->ready;
		return r;
	}
	do {
		r = take_made(c, ret_bufs);
		if (r)
			return r;
		r = end_next(c);
	} while (r > 0);
	return r;
}
