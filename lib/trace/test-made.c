/* SPDX-License-Identifier: BSD-2-Clause */
/* Streams of frames that are made on demand: preloaded, streamed, and behind a stage. */
#include <weir/stream.h>

#include <string.h>

#include "base/bytes.h"
#include "support/unit.h"

#define PASS 9000u /* frames; three passes are more than a streamed ring holds */

static uint32_t len_of(uint64_t nr)
{
	return 8 + (uint32_t)(nr % PASS * 977 % 1500);
}

static void make_lens(void *ctx, uint64_t first, unsigned n, uint32_t *ret)
{
	(void)ctx;
	for (unsigned i = 0; i < n; i++)
		ret[i] = len_of(first + i);
}

static void make_frames(void *ctx, uint64_t first, struct weir_pkt *pkts, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		pkts[i].len = pkts[i].orig_len = len_of(first + i);
		memset(pkts[i].data, 0xee, pkts[i].len);
		be64_put(pkts[i].data, first + i);
	}
	*(uint64_t *)ctx += n;
}

/* Three passes over PASS frames; each frame must say number(pass, place). */
static void walk(struct weir_stream_opts opts, uint64_t per_pass, uint64_t want_made)
{
	uint64_t made = 0, nr = 0, bytes = 0;
	const struct weir_maker maker = {
		.lens = make_lens,
		.frames = make_frames,
		.ctx = &made,
		.n_frames = PASS,
		.max_len = 1508,
		.linktype = 228,
	};
	struct weir_stream_info info;
	struct weir_stream *s = NULL;
	struct weir_view v;

	opts.maker = &maker;
	opts.loops = 3;
	opts.n_cursors = 1;
	assert_int_equal(weir_stream_open(&opts, &s, NULL), 0);
	while (weir_stream_next(s, 0, &v) == 1) {
		assert_int_equal(v.frames_before, nr);
		assert_int_equal(v.bytes_before, bytes);
		assert_int_equal(v.loop, nr / PASS);
		for (uint32_t i = 0; i < v.n; i++, nr++) {
			const struct weir_frame *f = &v.frames[i];

			assert_int_equal(be64_at(v.mem + f->off), nr % PASS + nr / PASS * per_pass);
			assert_int_equal(f->len, len_of(nr));
			assert_true(f->len == 8 || v.mem[f->off + f->len - 1] == 0xee);
			bytes += f->len;
		}
		weir_stream_release(s, 0);
	}
	assert_int_equal(nr, 3 * PASS);
	weir_stream_info(s, &info);
	assert_int_equal(info.linktype, 228);
	assert_int_equal(info.n_frames, PASS);
	weir_stream_close(s);
	assert_int_equal(made, want_made);
}

static int look(void *ctx, struct weir_buf *bufs, unsigned n)
{
	*(uint64_t *)ctx += n;
	(void)bufs;
	return 0;
}

static void test_streamed_frames_are_made_anew_in_each_pass(void **state)
{
	(void)state;
	walk((struct weir_stream_opts){ 0 }, PASS, 3 * PASS);
}

static void test_preloaded_frames_are_made_once(void **state)
{
	(void)state;
	walk((struct weir_stream_opts){ .preload = true }, 0, PASS);
}

static void test_stages_see_frames_that_are_made(void **state)
{
	uint64_t seen = 0;
	const struct weir_stage stage = { .run = look, .ctx = &seen };

	(void)state;
	walk((struct weir_stream_opts){ .stages = &stage, .n_stages = 1 }, PASS, 3 * PASS);
	assert_int_equal(seen, 3 * PASS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_streamed_frames_are_made_anew_in_each_pass),
		cmocka_unit_test(test_preloaded_frames_are_made_once),
		cmocka_unit_test(test_stages_see_frames_that_are_made),
	};

	return unit_run(tests);
}
