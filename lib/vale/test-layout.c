/* SPDX-License-Identifier: BSD-2-Clause */
#include "vale/layout.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "support/unit.h"
#include "vale/test-layout.h"

static void test_rings_and_buffers_lie_where_netmap_s_readers_look(void **state)
{
	const struct vale_shape shape = {
		.tx_rings = 3, .rx_rings = 2, .tx_slots = 100, .rx_slots = 64, .extra_bufs = 5
	};
	struct vale_layout l = { 0 };
	struct vale_ctl *ctl;
	struct vale_if *nif;
	uint8_t *used;
	uint32_t buf;

	(void)state;
	assert_int_equal(layout_of(&shape, &l, NULL), 0);
	assert_int_equal(l.in.n_bufs, 2 + 3 * 100 + 2 * 64 + 5);
	nif = aligned_alloc(4096, l.in.size);
	ctl = aligned_alloc(4096, l.ctl_size);
	used = calloc(l.in.n_bufs, 1);
	assert_true(nif && ctl && used);
	memset(nif, 0, l.in.size);
	memset(ctl, 0, l.ctl_size);
	vale_layout_format(&l, nif, ctl);
	vale_layout_format_if(&l, nif, "a-name-that-is-too-long", UINT32_MAX, UINT32_MAX);
	assert_string_equal(nif->name, "a-name-that-is-");
	assert_int_equal(nif->tx_rings, 3);
	assert_int_equal(nif->rx_rings, 2);
	for (unsigned i = 0; i < 5; i++) {
		/* The host's rings to send stand between, and are none. */
		unsigned place = i < 3 ? i : i + nif->host_tx_rings;
		const struct vale_ring *ring =
			(const void *)((const uint8_t *)nif + nif->ring_ofs[place]);

		assert_int_equal((uintptr_t)ring % 128, 0);
		assert_int_equal(ring->dir, i >= 3);
		assert_int_equal(ring->ringid, i < 3 ? i : i - 3);
		assert_int_equal(ring->num_slots, i < 3 ? 100 : 64);
		assert_int_equal(ring->tail, i < 3 ? 99 : 0);
		assert_int_equal(ring->tail, ctl->ring[i].tail);
		for (unsigned s = 0; s < ring->num_slots; s++) {
			uint32_t idx = ring->slot[s].buf_idx;
			const uint8_t *p = (const uint8_t *)ring + ring->buf_ofs +
					   (size_t)idx * ring->buf_size;

			assert_in_range(idx, 2, l.in.n_bufs - 1);
			assert_int_equal(used[idx]++, 0);
			assert_true(p >= (const uint8_t *)nif &&
				    p + ring->buf_size <= (const uint8_t *)nif + l.in.size);
		}
	}
	assert_int_equal(nif->ring_ofs[3], 0);
	assert_int_equal(nif->ring_ofs[6], 0);
	assert_int_equal(nif->bufs_head, 0);
	assert_int_equal(used[0] + used[1], 0);
	for (buf = 2; buf < l.in.n_bufs; buf++) /* the last ones are extra */
		assert_int_equal(used[buf], buf < l.in.n_bufs - 5);
	free(used);
	free(ctl);
	free(nif);
}

static void test_a_connection_is_told_the_rings_that_it_has(void **state)
{
	const struct vale_shape shape = {
		.tx_rings = 3, .rx_rings = 4, .tx_slots = 16, .rx_slots = 16
	};
	const struct vale_if *nif;
	struct vale_layout l = { 0 };
	uint8_t *mem;

	(void)state;
	assert_int_equal(layout_of(&shape, &l, NULL), 0);
	l.if_at = VALE_IF_SIZE;
	mem = aligned_alloc(4096, l.in.size);
	assert_non_null(mem);
	memset(mem, 0xff, l.in.size);
	vale_layout_format_if(&l, mem, "x", 1U << 2, 1U << 0 | 1U << 3);
	nif = (const void *)(mem + VALE_IF_SIZE);
	for (unsigned i = 0; i < 3 + 4 + 2; i++) {
		unsigned ring = i > 3 ? i - 1 : i;
		bool has = i == 2 || i == 3 + 1 + 0 || i == 3 + 1 + 3;

		if (has)
			assert_ptr_equal((const uint8_t *)nif + nif->ring_ofs[i],
					 vale_layout_ring(&l, mem, ring));
		else
			assert_int_equal(nif->ring_ofs[i], 0);
	}
	free(mem);
}

static void test_impossible_shapes_are_refused(void **state)
{
	static const struct vale_shape bad[] = {
		{ 0, 1, 64, 64, 0 },	      { 1, 0, 64, 64, 0 },	    { 17, 1, 64, 64, 0 },
		{ 1, UINT32_MAX, 64, 64, 0 }, { 1, 1, 15, 64, 0 },	    { 1, 1, 64, 4097, 0 },
		{ 1, 1, UINT32_MAX, 64, 0 },  { 1, 1, 64, 64, UINT32_MAX },
	};
	static const struct vale_shape biggest = { 16, 16, 4096, 4096, VALE_MAX_EXTRA };
	struct weir_err err;
	struct vale_layout l = { 0 };

	(void)state;
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		err.text[0] = '\0';
		assert_int_equal(layout_of(&bad[i], &l, &err), -EINVAL);
		assert_true(err.text[0]);
	}
	assert_int_equal(layout_of(&biggest, &l, NULL), 0);
	assert_true(l.in.size > (size_t)l.in.n_bufs * VALE_BUF_SIZE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rings_and_buffers_lie_where_netmap_s_readers_look),
		cmocka_unit_test(test_a_connection_is_told_the_rings_that_it_has),
		cmocka_unit_test(test_impossible_shapes_are_refused),
	};

	return unit_run(tests);
}
