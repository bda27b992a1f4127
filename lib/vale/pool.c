/* SPDX-License-Identifier: BSD-2-Clause */
#include "vale/pool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/macros.h"
#include "vale/memory.h"

static size_t set_bytes(uint32_t n)
{
	return (n + 63) / 64 * sizeof(uint64_t);
}

static bool set_init(struct pool_set *s, uint32_t n)
{
	s->used = calloc(1, set_bytes(n));
	s->n = s->n_free = n;
	return s->used;
}

static bool bit_is_set(const uint64_t *bits, uint32_t i)
{
	return bits[i / 64] >> i % 64 & 1;
}

static void bit_set(uint64_t *bits, uint32_t i)
{
	bits[i / 64] |= 1ULL << i % 64;
}

static void set_take(struct pool_set *s, uint32_t i)
{
	bit_set(s->used, i);
	s->n_free--;
}

static void set_drop(struct pool_set *s, uint32_t i)
{
	s->used[i / 64] &= ~(1ULL << i % 64);
	s->n_free++;
}

/* The first of n in a row, which are taken; s->n: there are none. */
static uint32_t set_take_run(struct pool_set *s, uint32_t n)
{
	uint32_t run = 0, i;

	for (i = 0; i < s->n && run < n; i++)
		run = bit_is_set(s->used, i) ? 0 : run + 1;
	if (run < n)
		return s->n;
	for (uint32_t k = i - n; k < i; k++)
		set_take(s, k);
	return i - n;
}

static void set_drop_run(struct pool_set *s, uint32_t first, uint32_t n)
{
	for (uint32_t i = first; i < first + n; i++)
		set_drop(s, i);
}

static struct pool *pool_free(struct pool *pool)
{
	if (!pool)
		return NULL;
	vale_unmap(pool->mem, pool->in.size);
	closep(&pool->fd);
	free(pool->ifs.used);
	free(pool->pages.used);
	free(pool->bufs.used);
	free(pool->slots_at);
	free(pool);
	return NULL;
}

int pool_new(const struct vale_region *in, struct pool **ret_pool, struct weir_err *err)
{
	struct pool *pool = calloc(1, sizeof(*pool));
	void *mem = NULL;
	int r;

	if (!pool)
		return err_set(err, -ENOMEM, "no memory for a region");
	pool->in = *in;
	r = pool->fd = vale_memfd("weir-region", in->size, err);
	if (r >= 0)
		r = vale_map(pool->fd, 0, in->size, true, &mem, err);
	pool->mem = mem;
	pool->slots_at = calloc(in->n_pages + 1, sizeof(*pool->slots_at));
	if (r == 0 && (!pool->slots_at || !set_init(&pool->ifs, VALE_MAX_IFS) ||
		       !set_init(&pool->pages, in->n_pages) || !set_init(&pool->bufs, in->n_bufs)))
		r = err_set(err, -ENOMEM, "no memory for a region");
	if (r < 0) {
		(void)pool_free(pool);
		return r;
	}
	for (uint32_t i = 0; i < VALE_FIRST_BUF; i++)
		set_take(&pool->bufs, i); /* nobody's */
	*ret_pool = pool;
	return 0;
}

struct pool *pool_ref(struct pool *pool)
{
	pool->refs++;
	return pool;
}

struct pool *pool_unref(struct pool *pool)
{
	if (pool && --pool->refs == 0)
		return pool_free(pool);
	return NULL;
}

int pool_take_rings(struct pool *pool, unsigned n_rings, uint32_t n_bufs, struct vale_layout *l,
		    struct weir_err *err)
{
	uint32_t n_pages = (uint32_t)(n_rings * l->ring_size / VALE_PAGE), page, buf;

	page = set_take_run(&pool->pages, n_pages);
	if (page == pool->pages.n)
		return err_set(err, -ENOMEM, "the region %u has no room for %u more rings",
			       pool->id, n_rings);
	if (pool->bufs.n_free < n_bufs) {
		set_drop_run(&pool->pages, page, n_pages);
		return err_set(err, -ENOMEM, "the region %u has no %u buffers left", pool->id,
			       n_bufs);
	}
	buf = set_take_run(&pool->bufs, n_bufs);
	l->in = pool->in;
	l->ring_at = pool->in.rings_at + (size_t)page * VALE_PAGE;
	l->first_buf = buf < pool->bufs.n ? buf : 0;
	return 0;
}

void pool_fill_slots(struct pool *pool, struct vale_slot *slots, struct vale_slot *also, uint32_t n)
{
	for (uint32_t buf = VALE_FIRST_BUF, s = 0; s < n && buf < pool->bufs.n; buf++) {
		if (bit_is_set(pool->bufs.used, buf))
			continue;
		set_take(&pool->bufs, buf);
		slots[s].buf_idx = buf;
		if (also)
			also[s].buf_idx = buf;
		s++;
	}
}

static uint32_t page_of(const struct pool *pool, size_t at)
{
	return (uint32_t)((at - pool->in.rings_at) / VALE_PAGE);
}

void pool_note_ring(struct pool *pool, size_t at, uint32_t n_slots)
{
	pool->slots_at[page_of(pool, at)] = n_slots;
}

/* What a slot of a ring says; clients write there. */
static uint32_t slot_buf(const struct pool *pool, size_t ring_at, uint32_t slot)
{
	const struct vale_ring *ring = (const void *)(pool->mem + ring_at);

	return __atomic_load_n(&ring->slot[slot].buf_idx, __ATOMIC_RELAXED);
}

/* The buffers that rings have, a bit each, to be freed. NULL: no memory. */
static uint64_t *bufs_of_rings(const struct pool *pool)
{
	uint64_t *busy = calloc(1, set_bytes(pool->in.n_bufs));

	for (uint32_t page = 0; busy && page < pool->in.n_pages; page++) {
		size_t at = pool->in.rings_at + (size_t)page * VALE_PAGE;

		for (uint32_t s = 0; s < pool->slots_at[page]; s++) {
			uint32_t buf = slot_buf(pool, at, s);

			if (buf < pool->in.n_bufs)
				bit_set(busy, buf);
		}
	}
	return busy;
}

/* Frees a buffer of which a client says that it had it. Did it? */
static bool drop_buf(struct pool *pool, const uint64_t *busy, uint32_t buf)
{
	if (buf < VALE_FIRST_BUF || buf >= pool->in.n_bufs || bit_is_set(busy, buf) ||
	    !bit_is_set(pool->bufs.used, buf))
		return false;
	set_drop(&pool->bufs, buf);
	return true;
}

void pool_drop_rings(struct pool *pool, unsigned n_rings, const struct vale_layout *l)
{
	uint32_t first = page_of(pool, l->ring_at);
	uint32_t step = (uint32_t)(l->ring_size / VALE_PAGE);
	uint32_t n_slots[VALE_MAX_RINGS * 2];
	uint64_t *busy;

	for (unsigned i = 0; i < n_rings; i++) {
		n_slots[i] = pool->slots_at[first + i * step];
		pool->slots_at[first + i * step] = 0;
	}
	busy = bufs_of_rings(pool);
	for (unsigned i = 0; busy && i < n_rings; i++)
		for (uint32_t s = 0; s < n_slots[i]; s++)
			(void)drop_buf(pool, busy,
				       slot_buf(pool, l->ring_at + i * l->ring_size, s));
	free(busy);
	set_drop_run(&pool->pages, first, n_rings * step);
}

int pool_take_if(struct pool *pool, size_t *ret_at, struct weir_err *err)
{
	uint32_t i = set_take_run(&pool->ifs, 1);

	if (i == pool->ifs.n)
		return err_set(err, -ENOMEM, "the region %u has %u connections already", pool->id,
			       VALE_MAX_IFS);
	*ret_at = (size_t)i * VALE_IF_SIZE;
	memset(pool->mem + *ret_at, 0, VALE_IF_SIZE);
	return 0;
}

void pool_drop_if(struct pool *pool, size_t at)
{
	set_drop(&pool->ifs, (uint32_t)(at / VALE_IF_SIZE));
}

uint32_t pool_take_chain(struct pool *pool, uint32_t n, uint32_t *ret_head)
{
	uint32_t head = 0, taken = 0;

	/* From the end, so that those of rings find a row. */
	for (uint32_t i = pool->bufs.n; i-- > VALE_FIRST_BUF && taken < n;) {
		if (bit_is_set(pool->bufs.used, i))
			continue;
		set_take(&pool->bufs, i);
		*vale_chain_at(&pool->in, pool->mem, i) = head;
		head = i;
		taken++;
	}
	*ret_head = head;
	return taken;
}

void pool_drop_chain(struct pool *pool, uint32_t head)
{
	uint64_t *busy = head ? bufs_of_rings(pool) : NULL;

	/* One that comes twice is free by then. */
	while (busy && drop_buf(pool, busy, head))
		head = __atomic_load_n(vale_chain_at(&pool->in, pool->mem, head), __ATOMIC_RELAXED);
	free(busy);
}
