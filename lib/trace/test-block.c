/* SPDX-License-Identifier: BSD-2-Clause */
#include <weir/block.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/macros.h"
#include "support/unit.h"
#include "trace/test-data.h"
#include "trace/test-open.h"

static char in_path[] = "/tmp/weir-block-in-XXXXXX", out_path[] = "/tmp/weir-block-out-XXXXXX";

enum {
	FRAMES = 6000, /* more than one block */
};

/* Frame i: so many bytes of its number. */
static uint32_t len_of(unsigned i)
{
	return i % 50 == 49 ? 0 : 1 + i * 7 % 1500;
}

static void put_frame(struct blob *b, bool ng, unsigned i)
{
	const uint32_t len = len_of(i);
	size_t begin;

	if (!ng) {
		blob_record(b, i, i % 1000, len, len + i % 3, 0, (uint8_t)i);
		return;
	}
	begin = blob_begin(b, 6);
	blob_32(b, 0);
	blob_64(b, 0); /* time: high and low */
	blob_32_at(b, b->size - 4, i);
	blob_32(b, len);
	blob_32(b, len + i % 3);
	memset(blob_grow(b, len), (uint8_t)i, len);
	blob_pad(b);
	if (i % 4 == 0) { /* a comment, which makes a gap */
		blob_16(b, 1);
		blob_16(b, 4);
		blob_put(b, "text", 4);
		blob_32(b, 0);
	}
	blob_end(b, begin);
}

static void put_header(struct blob *b, bool ng)
{
	size_t begin;

	if (!ng) {
		blob_pcap(b, 0xa1b2c3d4, 4, 0, 1);
		return;
	}
	blob_section(b);
	begin = blob_begin(b, 1);
	blob_16(b, 1);
	blob_16(b, 0);
	blob_32(b, 0);
	blob_end(b, begin);
}

/* The last frame lacks cut bytes. */
static void write_input(bool ng, bool big_endian, size_t cut)
{
	FILE *f = fopen(in_path, "w");

	assert_non_null(f);
	for (unsigned i = 0; i < FRAMES; i++) {
		struct blob b = { .big_endian = big_endian };

		if (i == 0)
			put_header(&b, ng);
		put_frame(&b, ng, i);
		if (i == FRAMES - 1)
			b.size -= cut;
		assert_int_equal(fwrite(b.data, 1, b.size, f), b.size);
		blob_done(&b);
	}
	assert_int_equal(fclose(f), 0);
}

static struct weir_block *new_block(uint32_t growth)
{
	struct weir_block *b = NULL;

	assert_int_equal(weir_block_new(growth, &b, NULL), 0);
	return b;
}

/* What becomes of frame i: some go, some become shorter, and longer where there is room. */
static void change(struct weir_buf *f, bool longer)
{
	if (f->nr % 5 == 0)
		f->port = WEIR_NO_PORT;
	else if (f->nr % 7 == 0 && f->len > 4)
		f->len -= 3;
	else if (f->nr % 3 == 0 && longer) {
		memset(f->data + f->len, 0xee, 20);
		f->len += 20;
	}
}

/* The changed frames are what the output holds. */
static void check_output(bool changed, bool longer)
{
	struct weir_reader *r = open_reader(out_path);
	struct weir_record rec;
	uint8_t want[2048];

	for (unsigned i = 0; i < FRAMES; i++) {
		struct weir_buf f = {
			.data = want, .len = len_of(i), .orig_len = len_of(i) + i % 3, .nr = i + 1
		};

		memset(want, (uint8_t)i, sizeof(want));
		if (changed)
			change(&f, longer);
		if (f.port == WEIR_NO_PORT)
			continue;
		assert_int_equal(weir_reader_next(r, &rec, NULL), 1);
		assert_int_equal(rec.len, f.len);
		assert_int_equal(rec.orig_len, f.orig_len);
		assert_memory_equal(rec.data, want, f.len);
	}
	assert_int_equal(weir_reader_next(r, &rec, NULL), 0);
	weir_reader_close(r);
}

/* All that there is, by one block, which is freed. */
static void pass_by(struct weir_block *b, struct weir_reader *r, struct weir_writer *w,
		    bool changed)
{
	int q;

	while ((q = weir_reader_fill(r, b, NULL)) == 1) {
		assert_in_range(b->n, 1, FRAMES);
		for (unsigned i = 0; i < b->n && changed; i++)
			change(&b->frames[i], b->growth);
		assert_int_equal(weir_notes_ifaces(b->notes), b->notes ? 1 : 0);
		assert_int_equal(weir_writer_write_block(w, b, NULL), 0);
	}
	assert_int_equal(q, 0);
	finish(w);
	weir_block_free(b);
}

static void pass(struct weir_reader *r, struct weir_writer *w, uint32_t growth, bool changed)
{
	pass_by(new_block(growth), r, w, changed);
}

/* The same by three blocks that are read ahead. */
static void pass_shared(struct weir_reader *r, struct weir_writer *w, bool changed)
{
	struct weir_block *b[3] = { new_block(0), new_block(0), new_block(0) };
	int q = 1;

	assert_true(weir_reader_share(r));
	for (unsigned nr = 0; q == 1; nr++) {
		struct weir_block *now = b[nr % 3];

		for (unsigned i = 0; i < 3 && nr % 3 == 0; i++)
			weir_reader_fetch(r, b[2 - i], nr + 2 - i);
		q = weir_reader_fill(r, now, NULL);
		for (unsigned i = 0; i < now->n && changed; i++)
			change(&now->frames[i], false);
		assert_int_equal(weir_writer_write_block(w, now, NULL), 0);
	}
	assert_int_equal(q, 0);
	finish(w);
	for (unsigned i = 0; i < 3; i++)
		weir_block_free(b[i]);
}

static void test_chunks_are_read_ahead(void **state)
{
	struct weir_reader *r;

	(void)state;
	for (unsigned i = 0; i < 8; i++) {
		write_input(i & 1, i & 4, 0);
		r = open_reader(in_path);
		pass_shared(r,
			    open_writer(out_path, i & 1 ? WEIR_TRACE_PCAPNG : WEIR_TRACE_PCAP_US,
					WEIR_COMPRESSION_NONE),
			    i & 2);
		weir_reader_close(r);
		check_output(i & 2, false);
	}
}

static void test_frames_pass_from_every_format_to_every_one(void **state)
{
	static const enum weir_trace_format to[] = { WEIR_TRACE_PCAP_US, WEIR_TRACE_PCAP_NS,
						     WEIR_TRACE_PCAPNG };

	(void)state;
	for (unsigned from = 0; from < 4; from++) {
		write_input(from & 1, from & 2, 0);
		for (unsigned i = 0; i < 4 * ARRAY_SIZE(to); i++) {
			const uint32_t growth = i & 1 ? 20 : 0;
			struct weir_reader *r = open_reader(in_path);

			pass(r, open_writer(out_path, to[i / 4], WEIR_COMPRESSION_NONE), growth,
			     i & 2);
			weir_reader_close(r);
			check_output(i & 2, growth);
		}
	}
}

static void test_compressed_traces_pass(void **state)
{
	struct weir_reader *r;

	(void)state;
	write_input(false, false, 0);
	for (int i = WEIR_COMPRESSION_NONE; i <= WEIR_COMPRESSION_LZ4; i++) {
		r = open_reader(in_path);
		pass(r, open_writer(out_path, WEIR_TRACE_PCAP_US, (enum weir_compression)i), 0,
		     false);
		weir_reader_close(r);
		check_output(false, false);
		assert_int_equal(rename(out_path, in_path), 0); /* what is read next */
	}
}

static void test_memory_of_the_caller_is_not_written_to(void **state)
{
	struct blob b = { 0 }, copy = { 0 };
	struct weir_block *block = new_block(0);
	struct weir_reader *r = NULL;

	(void)state;
	blob_pcap(&b, 0xa1b2c3d4, 4, 0, 1);
	for (unsigned i = 0; i < 100; i++)
		put_frame(&b, false, i);
	blob_put(&copy, b.data, b.size);
	assert_int_equal(weir_reader_open_mem("memory", b.data, b.size, &r, NULL), 0);
	assert_int_equal(weir_reader_fill(r, block, NULL), 1);
	assert_int_equal(block->n, 100);
	for (unsigned i = 0; i < block->n; i++)
		memset(block->frames[i].data, 0xff, block->frames[i].len);
	assert_memory_equal(b.data, copy.data, b.size);
	assert_int_equal(weir_reader_fill(r, block, NULL), 0);
	weir_reader_close(r);
	weir_block_free(block);
	blob_done(&b);
	blob_done(&copy);
}

static void test_a_block_stays_when_the_reader_goes_on(void **state)
{
	struct weir_block *first = new_block(0), *second = new_block(0);
	struct weir_reader *r;
	uint8_t want[2048];

	(void)state;
	write_input(false, true, 0);
	r = open_reader(in_path);
	assert_int_equal(weir_reader_fill(r, first, NULL), 1);
	while (weir_reader_fill(r, second, NULL) == 1)
		for (unsigned i = 0; i < second->n; i++)
			memset(second->frames[i].data, 0xff, second->frames[i].len);
	weir_reader_close(r);
	for (unsigned i = 0; i < first->n; i++) {
		assert_int_equal(first->frames[i].nr, i + 1);
		assert_int_equal(first->frames[i].len, len_of(i));
		memset(want, (uint8_t)i, sizeof(want));
		assert_memory_equal(first->frames[i].data, want, len_of(i));
	}
	weir_block_free(first);
	weir_block_free(second);
}

static int fetch_and_fill(struct weir_reader *r, bool share, struct weir_block *b, uint64_t nr,
			  struct weir_err *err)
{
	if (share)
		weir_reader_fetch(r, b, nr);
	return weir_reader_fill(r, b, err);
}

static void test_frames_before_a_damage_come_first(void **state)
{
	struct weir_block *b = new_block(0);
	struct weir_err err = { 0 };
	struct weir_reader *r;
	unsigned n, nr;
	int q;

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		const bool share = i & 2;

		write_input(i & 1, false, 5);
		r = open_reader(in_path);
		if (share)
			assert_true(weir_reader_share(r));
		n = nr = 0;
		while ((q = fetch_and_fill(r, share, b, nr++, &err)) == 1)
			n += b->n;
		assert_int_equal(q, -ENODATA);
		assert_int_equal(n, FRAMES - 1);
		assert_non_null(strstr(err.text, "cut off"));
		assert_int_equal(fetch_and_fill(r, share, b, nr, NULL), -ENODATA);
		weir_reader_close(r);
	}
	weir_block_free(b);
}

static void test_a_frame_longer_than_a_window_is_a_block(void **state)
{
	struct weir_block *b = new_block(0);
	struct blob blob = { 0 };
	struct weir_reader *r;
	FILE *f = fopen(in_path, "w");

	(void)state;
	assert_non_null(f);
	blob_pcap(&blob, 0xa1b2c3d4, 4, 0, 1);
	for (unsigned i = 0; i < 3; i++)
		blob_record(&blob, 1, 1, WEIR_FRAME_MAX, WEIR_FRAME_MAX, 0, (uint8_t)(i + 1));
	assert_int_equal(fwrite(blob.data, 1, blob.size, f), blob.size);
	assert_int_equal(fclose(f), 0);
	blob_done(&blob);

	for (unsigned share = 0; share < 2; share++) {
		unsigned n = 0, nr = 0;

		r = open_reader(in_path);
		if (share)
			assert_true(weir_reader_share(r));
		while (fetch_and_fill(r, share, b, nr++, NULL) == 1) {
			for (unsigned i = 0; i < b->n; i++, n++) {
				assert_int_equal(b->frames[i].len, WEIR_FRAME_MAX);
				assert_int_equal(b->frames[i].data[WEIR_FRAME_MAX - 1], n + 1);
			}
		}
		assert_int_equal(n, 3);
		weir_reader_close(r);
	}
	weir_block_free(b);
}

static void test_frames_that_lie_elsewhere_are_written(void **state)
{
	struct weir_reader *r;
	struct weir_block *b = new_block(0);
	struct weir_writer *w = open_writer(out_path, WEIR_TRACE_PCAP_US, WEIR_COMPRESSION_NONE);
	uint8_t elsewhere[2048];

	(void)state;
	write_input(false, false, 0);
	r = open_reader(in_path);
	while (weir_reader_fill(r, b, NULL) == 1) {
		memcpy(elsewhere, b->frames[b->n / 2].data, b->frames[b->n / 2].len);
		memset(b->frames[b->n / 2].data, 0, b->frames[b->n / 2].len);
		b->frames[b->n / 2].data = elsewhere;
		assert_int_equal(weir_writer_write_block(w, b, NULL), 0);
	}
	finish(w);
	weir_reader_close(r);
	weir_block_free(b);
	check_output(false, false);
}

static void test_copies_make_a_block(void **state)
{
	struct weir_writer *w = open_writer(out_path, WEIR_TRACE_PCAPNG, WEIR_COMPRESSION_NONE);
	struct weir_block *b = new_block(0);
	uint8_t bytes[2048];

	(void)state;
	for (unsigned i = 0; i < FRAMES; i++) {
		const struct weir_buf f = {
			.data = bytes, .len = len_of(i), .orig_len = len_of(i) + i % 3, .nr = i + 1
		};

		memset(bytes, (uint8_t)i, sizeof(bytes));
		assert_int_equal(weir_block_add(b, &f, NULL), 0);
	}
	assert_int_equal(b->n, FRAMES);
	assert_int_equal(weir_writer_write_block(w, b, NULL), 0);
	finish(w);
	weir_block_free(b);
	check_output(false, false);
}

static void test_frames_before_one_that_cannot_be_written_are(void **state)
{
	struct weir_writer *w = open_writer(out_path, WEIR_TRACE_PCAP_US, WEIR_COMPRESSION_NONE);
	struct weir_block *b = new_block(0);
	struct weir_err err = { 0 };
	struct weir_reader *r;
	struct weir_record rec;

	(void)state;
	write_input(false, false, 0);
	r = open_reader(in_path);
	assert_int_equal(weir_reader_fill(r, b, NULL), 1);
	b->frames[2].ts_ns = -1;
	assert_int_equal(weir_writer_write_block(w, b, &err), -ERANGE);
	assert_non_null(strstr(err.text, "1970"));
	finish(w);
	weir_reader_close(r);
	weir_block_free(b);

	r = open_reader(out_path);
	assert_int_equal(weir_reader_next(r, &rec, NULL), 1);
	assert_int_equal(weir_reader_next(r, &rec, NULL), 1);
	assert_int_equal(rec.len, len_of(1));
	assert_int_equal(weir_reader_next(r, &rec, NULL), 0);
	weir_reader_close(r);
}

/* Frames with comments: those of the input. */
static unsigned count_comments(const char *path)
{
	char bytes[4096];
	unsigned n = 0;
	FILE *f = fopen(path, "r");

	assert_non_null(f);
	for (size_t got, left = 0; (got = fread(bytes + left, 1, sizeof(bytes) - left, f)) > 0;) {
		const size_t all = left + got;
		const char *end = bytes + all;

		for (const char *p = bytes; (p = memmem(p, (size_t)(end - p), "text", 4)); p += 4)
			n++;
		left = MIN(all, (size_t)3);
		memmove(bytes, end - left, left);
	}
	assert_int_equal(fclose(f), 0);
	return n;
}

static void test_options_of_frames_stay_where_they_are_wanted(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 16; i++) {
		const uint32_t growth = i & 1 ? 20 : 0;
		const bool changed = i & 2, wanted = i & 8;
		struct weir_writer *w =
			open_writer(out_path, WEIR_TRACE_PCAPNG, WEIR_COMPRESSION_NONE);
		struct weir_block *b = new_block(growth);
		struct weir_reader *r;
		unsigned want = 0;

		write_input(true, i & 4, 0);
		r = open_reader(in_path);
		assert_int_equal(
			weir_block_note(b, wanted ? WEIR_NOTES_ALL : WEIR_NOTES_NAMES, NULL), 0);
		pass_by(b, r, w, changed);
		weir_reader_close(r);
		check_output(changed, growth);
		for (unsigned j = 0; j < FRAMES; j += 4)
			want += wanted && !(changed && (j + 1) % 5 == 0);
		assert_int_equal(count_comments(out_path), want);
	}
}

static void test_a_full_disk_is_told(void **state)
{
	const struct weir_writer_opts opts = { .linktype = 1 };
	struct weir_block *b = new_block(0);
	struct weir_writer *w = NULL;
	struct weir_err err = { 0 };
	struct weir_reader *r;
	int q = 0;

	(void)state;
	write_input(false, false, 0);
	r = open_reader(in_path);
	assert_int_equal(weir_writer_open("/dev/full", &opts, &w, NULL), 0);
	while (q >= 0 && weir_reader_fill(r, b, NULL) == 1)
		q = weir_writer_write_block(w, b, &err);
	assert_int_equal(q, -ENOSPC);
	assert_non_null(strstr(err.text, "/dev/full"));
	weir_writer_close(w);
	weir_reader_close(r);
	weir_block_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frames_pass_from_every_format_to_every_one),
		cmocka_unit_test(test_chunks_are_read_ahead),
		cmocka_unit_test(test_compressed_traces_pass),
		cmocka_unit_test(test_memory_of_the_caller_is_not_written_to),
		cmocka_unit_test(test_a_block_stays_when_the_reader_goes_on),
		cmocka_unit_test(test_frames_before_a_damage_come_first),
		cmocka_unit_test(test_a_frame_longer_than_a_window_is_a_block),
		cmocka_unit_test(test_frames_that_lie_elsewhere_are_written),
		cmocka_unit_test(test_copies_make_a_block),
		cmocka_unit_test(test_frames_before_one_that_cannot_be_written_are),
		cmocka_unit_test(test_options_of_frames_stay_where_they_are_wanted),
		cmocka_unit_test(test_a_full_disk_is_told),
	};
	int failed, fds[] = { mkstemp(in_path), mkstemp(out_path) };

	if (fds[0] < 0 || fds[1] < 0)
		return 1;
	close(fds[0]);
	close(fds[1]);
	failed = unit_run(tests);
	unlink(in_path);
	unlink(out_path);
	return failed;
}
