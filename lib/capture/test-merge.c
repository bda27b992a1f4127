/* SPDX-License-Identifier: BSD-2-Clause */
/* Rings of blocks, and several of them read as one row. */
#include "capture/merge.h"

#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "support/unit.h"

#define ANY                                                                                        \
	((struct span_limit){ .before_ns = UINT64_MAX, .frames = UINT64_MAX, .len = UINT64_MAX })

static void put(struct blockring *r, uint64_t ts_ns, uint32_t len)
{
	uint8_t data[2048];
	struct blockring_frame f = { .data = data, .len = len, .orig_len = len, .ts_ns = ts_ns };
	uint64_t head = r->shared->head;

	memset(data, (int)ts_ns, sizeof(data));
	(void)blockring_put(r, &head, &f);
	blockring_publish(r, head);
}

static void make(struct blockring *rings, unsigned n, struct merge *ret_merge)
{
	struct blockring *all[4];

	for (unsigned i = 0; i < n; i++) {
		assert_int_equal(blockring_init(&rings[i], CAPTURE_CHUNK, NULL), 0);
		rings[i].iface = i;
		all[i] = &rings[i];
	}
	assert_int_equal(merge_init(ret_merge, all, n), 0);
}

static void drop(struct blockring *rings, unsigned n, struct merge *m)
{
	merge_done(m);
	for (unsigned i = 0; i < n; i++)
		blockring_done(&rings[i]);
}

/* Takes all spans; the times of their frames, in order, to times. */
static unsigned drain(struct merge *m, const struct span_limit *limit, uint64_t *times)
{
	struct span s;
	unsigned n = 0;

	(void)merge_refresh(m);
	while (merge_next(m, limit, &s)) {
		const uint8_t *block = s.data;

		for (unsigned i = 0; i < s.frames; i++, block += block_len(block)) {
			assert_int_equal(raw32_at(block + 8), s.from->ring->iface);
			assert_int_equal(raw32_at(block + block_len(block) - 4), block_len(block));
			times[n++] = block_time(block);
		}
		assert_ptr_equal(block, s.data + s.len);
		merge_release(&s);
	}
	return n;
}

static void test_frames_of_several_rings_come_in_the_order_of_their_times(void **state)
{
	static const uint64_t want[] = { 1, 2, 3, 4, 5, 5, 9 };
	struct blockring rings[3];
	uint64_t times[16];
	struct merge m;

	(void)state;
	make(rings, 3, &m);
	put(&rings[0], 1, 60);
	put(&rings[0], 2, 61);
	put(&rings[2], 3, 62);
	put(&rings[0], 4, 63);
	put(&rings[0], 5, 63);
	put(&rings[2], 5, 63);
	put(&rings[2], 9, 63);
	assert_int_equal(drain(&m, &ANY, times), ARRAY_SIZE(want));
	assert_memory_equal(times, want, sizeof(want));
	assert_int_equal(drain(&m, &ANY, times), 0);
	drop(rings, 3, &m);
}

static void test_limits_hold(void **state)
{
	struct span_limit limit = ANY;
	struct blockring rings[2];
	uint64_t times[16];
	struct merge m;
	struct span s;

	(void)state;
	make(rings, 2, &m);
	for (unsigned i = 1; i <= 8; i++)
		put(&rings[0], i, 60);
	limit.before_ns = 3;
	assert_int_equal(drain(&m, &limit, times), 3);
	limit = ANY;
	limit.frames = 2;
	assert_true(merge_next(&m, &limit, &s));
	assert_int_equal(s.frames, 2);
	assert_int_equal(s.bytes, 120);
	assert_int_equal(block_time(s.data), 4);
	assert_int_equal(block_time(s.data + block_len(s.data)), 5);
	limit.frames = 0;
	assert_false(merge_next(&m, &limit, &s));
	limit = ANY;
	limit.len = 1; /* one block at least */
	assert_true(merge_next(&m, &limit, &s));
	assert_int_equal(s.frames, 1);
	drop(rings, 2, &m);
}

/* Blocks of every length, over many laps: each comes out as it went in, and no block lies
 * across the end of a chunk. */
static void test_spans_that_were_left_go_on_within_the_limit(void **state)
{
	const struct span_limit all = { .before_ns = 100, .frames = 9, .len = UINT64_MAX };
	const struct span_limit two = { .before_ns = UINT64_MAX, .frames = 2, .len = UINT64_MAX };
	struct blockring rings[2];
	struct merge m;
	struct span s;

	(void)state;
	make(rings, 2, &m);
	put(&rings[0], 10, 60);
	put(&rings[0], 20, 60);
	(void)merge_refresh(&m);
	assert_true(merge_next(&m, &all, &s));
	assert_int_equal(s.frames, 2);
	assert_true(s.grows);
	put(&rings[0], 30, 61);
	put(&rings[0], 40, 60);
	(void)merge_refresh(&m);
	assert_true(merge_next(&m, &all, &s));
	assert_int_equal(s.frames, 4);
	assert_int_equal(s.bytes, 241);
	assert_true(merge_next(&m, &two, &s));
	assert_int_equal(s.frames, 2);
	assert_int_equal(s.bytes, 120);
	put(&rings[1], 35, 60);
	(void)merge_refresh(&m);
	assert_true(merge_next(&m, &all, &s));
	assert_int_equal(s.frames, 3);
	assert_false(s.grows);
	merge_release(&s);
	assert_true(merge_next(&m, &all, &s));
	assert_ptr_equal(s.from->ring, &rings[1]);
	drop(rings, 2, &m);
}

static void test_frames_survive_laps(void **state)
{
	struct blockring ring;
	uint64_t times[64], next = 1, seen = 1;
	struct merge m;

	(void)state;
	make(&ring, 1, &m);
	for (unsigned round = 0; round < 2000; round++) {
		unsigned n;

		for (unsigned i = 0; i < 16; i++, next++)
			put(&ring, next, (uint32_t)(next % 1500));
		n = drain(&m, &ANY, times);
		assert_int_equal(n, 16);
		for (unsigned i = 0; i < n; i++)
			assert_int_equal(times[i], seen++);
	}
	assert_true(ring.shared->head > 20 * ring.size);
	assert_int_equal(ring.shared->frames, next - 1);
	assert_int_equal(ring.shared->dropped, 0);
	drop(&ring, 1, &m);
}

static void test_full_ring_drops_and_the_next_frame_says_so(void **state)
{
	struct blockring ring;
	uint64_t n = 0, *times = calloc(4096, sizeof(*times));
	const uint8_t *block;
	struct merge m;
	struct span s;

	(void)state;
	assert_non_null(times);
	make(&ring, 1, &m);
	ring.options = CAPTURE_FLAGS;
	for (; !ring.shared->dropped; n++)
		put(&ring, n + 1, 1000);
	put(&ring, n + 1, 1000);
	assert_int_equal(ring.shared->dropped, 2);
	assert_int_equal(ring.shared->frames, n - 1);
	assert_true(merge_refresh(&m)); /* more than half full */
	assert_int_equal(drain(&m, &ANY, times), n - 1);

	put(&ring, n + 2, 1000);
	(void)merge_refresh(&m);
	assert_true(merge_next(&m, &ANY, &s));
	block = s.data;
	/* epb_flags, 8 bytes; then epb_dropcount: 4, of 8 bytes */
	assert_int_equal(raw16_at(block + 28 + 1000), 2);
	assert_int_equal(raw16_at(block + 28 + 1008), 4);
	assert_int_equal(raw64_at(block + 28 + 1012), 2);
	merge_release(&s);

	put(&ring, n + 3, 1000); /* said once */
	(void)merge_refresh(&m);
	assert_true(merge_next(&m, &ANY, &s));
	assert_int_equal(raw16_at(s.data + 28 + 1008), 0);
	free(times);
	drop(&ring, 1, &m);
}

static void test_positions_go_beyond_32_bits(void **state)
{
	struct blockring ring;
	uint64_t times[4];
	struct merge m;

	(void)state;
	make(&ring, 1, &m);
	ring.shared->head = ring.shared->tail = (1ull << 32) - CAPTURE_CHUNK;
	m.cursors[0].pos = ring.shared->head;
	for (unsigned i = 0; i < 2000; i++) {
		put(&ring, i + 1, 1400);
		assert_int_equal(drain(&m, &ANY, times), 1);
		assert_int_equal(times[0], i + 1);
	}
	assert_true(ring.shared->head > 1ull << 32);
	drop(&ring, 1, &m);
}

/* The value of the one option of the block, which has 8 bytes. */
static uint64_t option_of(const struct blockring *r, uint64_t pos, uint16_t code)
{
	const uint8_t *at = blockring_at(r, pos) + 28 + 60;

	assert_int_equal(raw16_at(at), code);
	assert_int_equal(raw16_at(at + 2), 8);
	return raw64_at(at + 4);
}

static void test_packet_ids_and_losses_go_beyond_32_bits(void **state)
{
	struct blockring ring;
	struct merge m;
	uint64_t pos;

	(void)state;
	make(&ring, 1, &m);
	ring.options = CAPTURE_ID;
	ring.shared->next_id = UINT32_MAX;
	put(&ring, 1, 60);
	assert_int_equal(option_of(&ring, 0, 5), UINT32_MAX);
	pos = ring.shared->head;
	put(&ring, 2, 60);
	assert_int_equal(option_of(&ring, pos, 5), 1ull << 32);
	ring.options = 0;
	ring.shared->untold = (1ull << 33) + 1;
	pos = ring.shared->head;
	put(&ring, 3, 60);
	assert_int_equal(option_of(&ring, pos, 4), (1ull << 33) + 1);
	drop(&ring, 1, &m);
}

static void test_counts_go_beyond_32_bits(void **state)
{
	struct blockring_counts c;
	struct blockring ring;
	struct merge m;

	(void)state;
	make(&ring, 1, &m);
	ring.shared->frames = UINT32_MAX;
	ring.shared->dropped = 1ull << 40;
	ring.shared->filtered = UINT32_MAX;
	put(&ring, 1, 60);
	blockring_count(&ring.shared->filtered, 1);
	c = blockring_counts(&ring);
	assert_int_equal(c.frames, 1ull << 32);
	assert_int_equal(c.filtered, 1ull << 32);
	assert_int_equal(c.dropped, 1ull << 40);
	drop(&ring, 1, &m);
}

/* One ring has times of a clock that is 1000 ahead. */
static void test_raw_times_of_another_clock_come_in_the_order_of_utc(void **state)
{
	static const uint64_t want[] = { 5, 1006, 7, 1008 };
	const struct capture_line line = { .base_ns = 1000, .offset_ns = -1000 };
	struct blockring rings[2];
	uint8_t data[60] = { 0 };
	struct blockring_frame f = { .data = data, .len = 60, .orig_len = 60, .hw_time = true };
	const struct span_limit before = { .before_ns = 7,
					   .frames = UINT64_MAX,
					   .len = UINT64_MAX };
	uint64_t times[8];
	struct merge m;

	(void)state;
	make(rings, 2, &m);
	rings[1].hw_iface = rings[1].iface; /* drain() looks for it */
	rings[1].raw_time = true;
	blockring_set_line(&rings[1], &line);
	put(&rings[0], 5, 60);
	put(&rings[0], 7, 60);
	for (f.ts_ns = 1006; f.ts_ns <= 1008; f.ts_ns += 2) {
		uint64_t head = rings[1].shared->head;

		assert_true(blockring_put(&rings[1], &head, &f));
		blockring_publish(&rings[1], head);
	}
	assert_int_equal(drain(&m, &before, times), 3);
	assert_int_equal(drain(&m, &ANY, times + 3), 1);
	assert_memory_equal(times, want, sizeof(want));
	drop(rings, 2, &m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frames_of_several_rings_come_in_the_order_of_their_times),
		cmocka_unit_test(test_limits_hold),
		cmocka_unit_test(test_spans_that_were_left_go_on_within_the_limit),
		cmocka_unit_test(test_frames_survive_laps),
		cmocka_unit_test(test_full_ring_drops_and_the_next_frame_says_so),
		cmocka_unit_test(test_positions_go_beyond_32_bits),
		cmocka_unit_test(test_packet_ids_and_losses_go_beyond_32_bits),
		cmocka_unit_test(test_counts_go_beyond_32_bits),
		cmocka_unit_test(test_raw_times_of_another_clock_come_in_the_order_of_utc),
	};

	return unit_run(tests);
}
