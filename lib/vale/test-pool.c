/* SPDX-License-Identifier: BSD-2-Clause */
#include "vale/pool.h"

#include <errno.h>
#include <stdlib.h>

#include "support/unit.h"
#include "vale/test-layout.h"

static const struct vale_shape shape = {
	.tx_rings = 1, .rx_rings = 1, .tx_slots = 32, .rx_slots = 16, .extra_bufs = 10
};

static struct pool *some_pool(unsigned n_pipes)
{
	const struct vale_region in = vale_region_of(&shape, n_pipes);
	struct pool *pool = NULL;

	assert_int_equal(pool_new(&in, &pool, NULL), 0);
	return pool_ref(pool);
}

/* Takes and formats the rings of a port. */
static struct vale_layout take_port(struct pool *pool)
{
	struct vale_layout l;
	struct vale_ctl *ctl = calloc(1, vale_ctl_size(2));

	assert_int_equal(layout_of(&shape, &l, NULL), 0);
	assert_int_equal(pool_take_rings(pool, 2, vale_ring_bufs(&shape), &l, NULL), 0);
	vale_layout_format(&l, pool->mem, ctl);
	for (unsigned i = 0; i < 2; i++)
		pool_note_ring(pool, l.ring_at + i * l.ring_size, vale_layout_slots(&l, i));
	free(ctl);
	return l;
}

static uint32_t *next_of(struct pool *pool, uint32_t buf)
{
	return vale_chain_at(&pool->in, pool->mem, buf);
}

static uint32_t chain_len(struct pool *pool, uint32_t head)
{
	uint32_t n = 0;

	for (; head; head = *next_of(pool, head))
		n++;
	return n;
}

static void test_what_is_taken_comes_back(void **state)
{
	struct pool *pool = some_pool(1);
	const uint32_t n_bufs = pool->bufs.n_free, n_pages = pool->pages.n_free;
	const struct vale_layout a = take_port(pool), b = take_port(pool);

	(void)state;
	assert_true(b.ring_at >= a.ring_at + 2 * a.ring_size);
	assert_true(b.first_buf >= a.first_buf + 48);
	assert_int_equal(pool->bufs.n_free, n_bufs - 2 * 48);
	pool_drop_rings(pool, 2, &a);
	pool_drop_rings(pool, 2, &b);
	assert_int_equal(pool->bufs.n_free, n_bufs);
	assert_int_equal(pool->pages.n_free, n_pages);
	assert_null(pool_unref(pool));
}

static void test_a_full_region_says_so(void **state)
{
	struct pool *pool = some_pool(0);
	struct vale_layout l;
	struct weir_err err = { 0 };
	size_t at;

	(void)state;
	(void)take_port(pool);
	assert_int_equal(layout_of(&shape, &l, NULL), 0);
	assert_int_equal(pool_take_rings(pool, 2, 48, &l, &err), -ENOMEM);
	assert_true(err.text[0]);
	for (unsigned i = 0; i < VALE_MAX_IFS; i++)
		assert_int_equal(pool_take_if(pool, &at, NULL), 0);
	assert_int_equal(pool_take_if(pool, &at, NULL), -ENOMEM);
	pool_drop_if(pool, 5 * VALE_IF_SIZE);
	assert_int_equal(pool_take_if(pool, &at, NULL), 0);
	assert_int_equal(at, 5 * VALE_IF_SIZE);
	pool_unref(pool);
}

static void test_buffers_that_are_in_no_row_will_do(void **state)
{
	struct pool *pool = some_pool(1);
	struct vale_slot slots[48] = { 0 }, also[48] = { 0 };
	struct vale_layout l, a = take_port(pool);
	uint32_t head, n;

	(void)state;
	/* All are taken, and every second one comes back. */
	n = pool_take_chain(pool, pool->bufs.n_free, &head);
	assert_true(n / 2 < 48);
	for (uint32_t i = 0, next; i < n; i++, head = next) {
		next = *next_of(pool, head);
		*next_of(pool, head) = 0;
		if (i % 2)
			pool_drop_chain(pool, head);
	}
	assert_int_equal(layout_of(&shape, &l, NULL), 0);
	assert_int_equal(pool_take_rings(pool, 1, 48, &l, NULL), -ENOMEM);
	n = pool->bufs.n_free;
	assert_int_equal(pool_take_rings(pool, 1, n, &l, NULL), 0);
	assert_int_equal(l.first_buf, 0);
	pool_fill_slots(pool, slots, also, n);
	assert_int_equal(pool->bufs.n_free, 0);
	for (uint32_t i = 0; i < n; i++) {
		assert_true(slots[i].buf_idx >= a.first_buf + 48);
		assert_int_equal(slots[i].buf_idx, also[i].buf_idx);
		assert_true(!i || slots[i].buf_idx > slots[i - 1].buf_idx);
	}
	pool_unref(pool);
}

static void test_chains_have_what_is_left(void **state)
{
	struct pool *pool = some_pool(0);
	uint32_t head, more;

	(void)state;
	(void)take_port(pool);
	assert_int_equal(pool_take_chain(pool, 7, &head), 7);
	assert_int_equal(chain_len(pool, head), 7);
	assert_int_equal(pool_take_chain(pool, 7, &more), 3);
	assert_int_equal(chain_len(pool, more), 3);
	assert_int_equal(pool->bufs.n_free, 0);
	pool_drop_chain(pool, head);
	pool_drop_chain(pool, more);
	assert_int_equal(pool->bufs.n_free, 10);
	pool_unref(pool);
}

static void test_hostile_chains_free_nothing_of_others(void **state)
{
	struct pool *pool = some_pool(0);
	const struct vale_layout l = take_port(pool);
	uint32_t head, other;

	(void)state;
	assert_int_equal(pool_take_chain(pool, 4, &head), 4);
	assert_int_equal(pool_take_chain(pool, 6, &other), 6);
	/* A number that is none, those that are nobody's, and one of a ring. */
	pool_drop_chain(pool, pool->in.n_bufs);
	pool_drop_chain(pool, UINT32_MAX);
	pool_drop_chain(pool, 1);
	pool_drop_chain(pool, l.first_buf + 3);
	assert_int_equal(pool->bufs.n_free, 0);
	/* Round and round. */
	*next_of(pool, *next_of(pool, head)) = head;
	pool_drop_chain(pool, head);
	assert_int_equal(pool->bufs.n_free, 2);
	pool_drop_chain(pool, head); /* again */
	assert_int_equal(pool->bufs.n_free, 2);
	pool_unref(pool);
}

static void test_exchanged_buffers_come_back_where_they_are(void **state)
{
	struct pool *pool = some_pool(1);
	const uint32_t n_free = pool->bufs.n_free;
	const struct vale_layout a = take_port(pool), b = take_port(pool);
	struct vale_ring *of_a = vale_layout_ring(&a, pool->mem, 0);
	struct vale_ring *of_b = vale_layout_ring(&b, pool->mem, 1);
	uint32_t head, buf = of_a->slot[7].buf_idx;

	(void)state;
	/* One of a is in b, whose own hangs on a chain, whose first is in a. */
	assert_int_equal(pool_take_chain(pool, 1, &head), 1);
	of_a->slot[7].buf_idx = head;
	head = of_b->slot[3].buf_idx;
	*next_of(pool, head) = 0;
	of_b->slot[3].buf_idx = buf;
	pool_drop_rings(pool, 2, &a);
	assert_int_equal(pool->bufs.n_free, n_free - 48 - 1);
	pool_drop_chain(pool, head);
	assert_int_equal(pool->bufs.n_free, n_free - 48);
	pool_drop_rings(pool, 2, &b);
	assert_int_equal(pool->bufs.n_free, n_free);
	pool_unref(pool);
}

static void test_slots_with_nonsense_free_nothing(void **state)
{
	struct pool *pool = some_pool(1);
	const uint32_t n_free = pool->bufs.n_free;
	const struct vale_layout a = take_port(pool), b = take_port(pool);
	struct vale_ring *ring = vale_layout_ring(&a, pool->mem, 0);

	(void)state;
	ring->slot[0].buf_idx = UINT32_MAX;
	ring->slot[1].buf_idx = 0;
	ring->slot[2].buf_idx = b.first_buf; /* another's */
	ring->slot[3].buf_idx = ring->slot[4].buf_idx;
	ring->num_slots = UINT32_MAX;
	pool_drop_rings(pool, 2, &a);
	assert_int_equal(pool->bufs.n_free, n_free - 48 - 4);
	pool_drop_rings(pool, 2, &b);
	assert_int_equal(pool->bufs.n_free, n_free - 4);
	pool_unref(pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_taken_comes_back),
		cmocka_unit_test(test_a_full_region_says_so),
		cmocka_unit_test(test_buffers_that_are_in_no_row_will_do),
		cmocka_unit_test(test_chains_have_what_is_left),
		cmocka_unit_test(test_hostile_chains_free_nothing_of_others),
		cmocka_unit_test(test_exchanged_buffers_come_back_where_they_are),
		cmocka_unit_test(test_slots_with_nonsense_free_nothing),
	};

	return unit_run(tests);
}
