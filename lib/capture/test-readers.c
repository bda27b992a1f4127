/* SPDX-License-Identifier: BSD-2-Clause */
/* Rings that outlive their readers: every frame is told by one of them. */
#include <string.h>

#include "capture/merge.h"
#include "support/unit.h"

#define ANY                                                                                        \
	((struct span_limit){ .before_ns = UINT64_MAX, .frames = UINT64_MAX, .len = UINT64_MAX })

/* Puts n frames into the ring, as far as there is room. */
static void put(struct blockring *r, unsigned n)
{
	static const uint8_t data[1000];
	struct blockring_frame f = { .data = data, .len = sizeof(data), .orig_len = sizeof(data) };
	uint64_t head = r->shared->head;

	for (unsigned i = 0; i < n; i++, f.ts_ns++)
		(void)blockring_put(r, &head, &f);
	blockring_publish(r, head);
}

/* What a reader has of its own, over what it shares with the others. */
static void come(struct blockring *r, const struct blockring *ring, struct merge *ret_merge)
{
	blockring_init_at(r, ring->shared, ring->size);
	blockring_join(r);
	assert_int_equal(merge_init(ret_merge, &r, 1), 0);
}

/* Reads at most so many frames; how many there were. */
static unsigned take(struct merge *m, uint64_t most)
{
	struct span_limit limit = ANY;
	unsigned n = 0;
	struct span s;

	limit.frames = most;
	(void)merge_refresh(m);
	while (merge_next(m, &limit, &s)) {
		merge_release(&s);
		n += s.frames;
		limit.frames -= s.frames;
	}
	return n;
}

static void test_reader_begins_where_the_last_one_stopped(void **state)
{
	struct blockring ring, r;
	struct merge m;

	(void)state;
	assert_int_equal(blockring_init(&ring, CAPTURE_CHUNK, NULL), 0);
	put(&ring, 30);
	for (unsigned reader = 0; reader < 3; reader++) {
		come(&r, &ring, &m);
		assert_int_equal(take(&m, 10), 10);
		merge_leave_rest(&m);
		assert_int_equal(take(&m, 10), 0);
		put(&ring, 5);
		blockring_leave(&r);
		assert_int_equal(blockring_counts(&r).frames, 10);
		blockring_told(&r);
		merge_done(&m);
	}
	assert_int_equal(ring.shared->frames, 45);
	blockring_done(&ring);
}

static void test_what_comes_after_leaving_is_the_next_one_s(void **state)
{
	struct blockring ring, r;
	struct merge m;

	(void)state;
	assert_int_equal(blockring_init(&ring, CAPTURE_CHUNK, NULL), 0);
	come(&r, &ring, &m);
	put(&ring, 7);
	blockring_leave(&r);
	put(&ring, 4);
	assert_int_equal(take(&m, UINT64_MAX), 7);
	assert_int_equal(blockring_counts(&r).frames, 7);
	merge_done(&m);

	come(&r, &ring, &m);
	assert_int_equal(blockring_counts(&r).frames, 4);
	assert_int_equal(take(&m, UINT64_MAX), 4);
	merge_done(&m);
	blockring_done(&ring);
}

static void test_lost_frames_are_told_by_one_reader(void **state)
{
	struct blockring ring, r;
	struct merge m;
	uint64_t stored, lost;

	(void)state;
	assert_int_equal(blockring_init(&ring, CAPTURE_CHUNK, NULL), 0);
	put(&ring, 2000);
	stored = ring.shared->frames;
	lost = 2000 - stored;
	assert_true(lost > 0);

	come(&r, &ring, &m); /* is killed, and has told nothing */
	assert_int_equal(take(&m, 100), 100);
	merge_done(&m);

	come(&r, &ring, &m);
	assert_int_equal(take(&m, UINT64_MAX), stored - 100);
	blockring_leave(&r);
	assert_int_equal(blockring_counts(&r).frames, stored - 100);
	assert_int_equal(blockring_counts(&r).dropped, lost);
	blockring_told(&r);
	merge_done(&m);

	come(&r, &ring, &m);
	assert_int_equal(blockring_counts(&r).dropped, 0);
	assert_int_equal(blockring_counts(&r).frames, 0);
	merge_done(&m);
	blockring_done(&ring);
}

static void test_waiting_frames_get_the_interface_of_the_reader_s_file(void **state)
{
	struct blockring ring, r;
	struct merge m;
	struct span s;

	(void)state;
	assert_int_equal(blockring_init(&ring, CAPTURE_CHUNK, NULL), 0);
	put(&ring, 1500); /* with a filler at the chunk's end */
	come(&r, &ring, &m);
	blockring_set_iface(&r, 3);
	(void)merge_refresh(&m);
	while (merge_next(&m, &ANY, &s)) {
		const uint8_t *block = s.data;

		for (unsigned i = 0; i < s.frames; i++, block += block_len(block))
			assert_int_equal(raw32_at(block + 8), 3);
		merge_release(&s);
	}
	merge_done(&m);
	blockring_done(&ring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reader_begins_where_the_last_one_stopped),
		cmocka_unit_test(test_what_comes_after_leaving_is_the_next_one_s),
		cmocka_unit_test(test_lost_frames_are_told_by_one_reader),
		cmocka_unit_test(test_waiting_frames_get_the_interface_of_the_reader_s_file),
	};

	return unit_run(tests);
}
