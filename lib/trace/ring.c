/* SPDX-License-Identifier: BSD-2-Clause */
#include "trace/ring.h"

#include <errno.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/macros.h"
#include "base/time.h"

static void lock(struct ring *r)
{
	(void)pthread_mutex_lock(&r->lock); /* a plain mutex, never locked twice */
}

static void unlock(struct ring *r)
{
	(void)pthread_mutex_unlock(&r->lock);
}

static void wait_for_change(struct ring *r)
{
	(void)pthread_cond_wait(&r->changed, &r->lock);
}

static void tell(struct ring *r)
{
	(void)pthread_cond_broadcast(&r->changed);
}

int ring_init(struct ring *r, unsigned n_cursors, bool marking, bool shared,
	      const struct share *share, struct weir_err *err)
{
	pthread_condattr_t attr;
	int ret;

	*r = (struct ring){ .n_cursors = n_cursors, .marking = marking };
	(void)pthread_mutex_init(&r->lock, NULL); /* cannot fail with default attributes */
	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC); /* one that it knows */
	(void)pthread_cond_init(&r->changed, &attr);
	(void)pthread_condattr_destroy(&attr);
	r->cursors = calloc(n_cursors, sizeof(*r->cursors));
	if (!r->cursors)
		return err_set(err, -ENOMEM, "out of memory");
	ret = arena_init(&r->arena, (RING_CHUNKS - 1) * (uint64_t)ARENA_SMALL_CHUNK,
			 ARENA_SMALL_CHUNK, shared, err);
	for (unsigned i = 0; ret == 0 && i < RING_CHUNKS; i++) {
		struct arena_chunk *c = &r->chunks[i];

		ret = arena_grow(&r->arena, c, err);
		if (ret == 0)
			ret = share_make_lists(share, c, c->max_frames, err);
		r->spare[r->n_spare++] = c;
	}
	return ret;
}

void ring_done(struct ring *r)
{
	for (unsigned i = 0; i < RING_CHUNKS; i++)
		free(r->chunks[i].lists);
	arena_done(&r->arena);
	free(r->cursors);
	(void)pthread_cond_destroy(&r->changed);
	(void)pthread_mutex_destroy(&r->lock);
}

struct arena_chunk *ring_reserve(struct ring *r)
{
	struct arena_chunk *c = NULL;

	lock(r);
	while (!r->stop && !r->n_spare)
		wait_for_change(r);
	if (!r->stop)
		c = r->spare[--r->n_spare];
	unlock(r);
	return c;
}

void ring_give_back(struct ring *r, struct arena_chunk *c)
{
	lock(r);
	r->spare[r->n_spare++] = c;
	unlock(r);
}

void ring_publish(struct ring *r, struct arena_chunk *c)
{
	lock(r);
	r->order[r->filled++ % RING_CHUNKS] = c;
	if (!r->marking)
		r->marked = r->filled;
	tell(r);
	unlock(r);
}

void ring_end(struct ring *r)
{
	lock(r);
	r->ended = true;
	tell(r);
	unlock(r);
}

struct arena_chunk *ring_to_mark(struct ring *r)
{
	struct arena_chunk *c = NULL;

	lock(r);
	while (!r->stop && !r->ended && r->marked == r->filled)
		wait_for_change(r);
	if (!r->stop && r->marked < r->filled)
		c = r->order[r->marked % RING_CHUNKS];
	unlock(r);
	return c;
}

void ring_marked(struct ring *r)
{
	lock(r);
	r->marked++;
	tell(r);
	unlock(r);
}

/* There may come a chunk for the cursor, but it is not there. */
static bool must_wait(const struct ring *r, const struct ring_cursor *cur)
{
	return !r->stop && cur->taken == r->marked && !(r->ended && r->marked == r->filled);
}

int ring_wait(struct ring *r, unsigned cursor, uint64_t timeout_ns)
{
	struct ring_cursor *cur = &r->cursors[cursor];
	uint64_t begin = time_now(CLOCK_MONOTONIC);
	struct timespec until = time_spec(begin + timeout_ns);
	bool waited = false;
	int ret = 0;

	lock(r);
	while (must_wait(r, cur) && ret == 0) {
		waited = true;
		ret = pthread_cond_timedwait(&r->changed, &r->lock, &until);
	}
	if (waited && cur->taken)
		cur->waited_ns += time_now(CLOCK_MONOTONIC) - begin;
	ret = !must_wait(r, cur);
	unlock(r);
	return ret;
}

int ring_next(struct ring *r, unsigned cursor, struct arena_chunk **ret_chunk)
{
	struct ring_cursor *cur = &r->cursors[cursor];
	int ret = 1;

	lock(r);
	while (must_wait(r, cur))
		wait_for_change(r);
	if (r->stop)
		ret = -ECANCELED;
	else if (cur->taken == r->marked)
		ret = 0;
	else
		*ret_chunk = r->order[cur->taken++ % RING_CHUNKS];
	unlock(r);
	return ret;
}

static uint64_t slowest(const struct ring *r)
{
	uint64_t min = UINT64_MAX;

	for (unsigned i = 0; i < r->n_cursors; i++)
		min = MIN(min, r->cursors[i].released);
	return min;
}

void ring_release(struct ring *r, unsigned cursor)
{
	lock(r);
	r->cursors[cursor].released++;
	for (uint64_t done = slowest(r); r->freed < done; r->freed++)
		r->spare[r->n_spare++] = r->order[r->freed % RING_CHUNKS];
	tell(r);
	unlock(r);
}

uint64_t ring_waited(struct ring *r)
{
	uint64_t max = 0;

	lock(r);
	for (unsigned i = 0; i < r->n_cursors; i++)
		max = MAX(max, r->cursors[i].waited_ns);
	unlock(r);
	return max;
}

void ring_stop(struct ring *r)
{
	lock(r);
	r->stop = true;
	tell(r);
	unlock(r);
}
