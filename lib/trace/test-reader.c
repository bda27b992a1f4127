/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <weir/trace.h>

#include "base/macros.h"
#include "support/unit.h"
#include "trace/test-data.h"

enum {
	MAGIC_US = 0xa1b2c3d4,
	MAGIC_NS = 0xa1b23c4d,
	MAGIC_KUZNETZOV = 0xa1b2cd34,
};

static struct weir_reader *open_blob(const struct blob *b)
{
	struct weir_reader *r = NULL;
	struct weir_err err = { 0 };

	if (weir_reader_open_mem("x", b->data, b->size, &r, &err) < 0)
		fail_msg("%s", err.text);
	return r;
}

static struct weir_record next(struct weir_reader *r)
{
	struct weir_record rec = { 0 };
	struct weir_err err = { 0 };

	if (weir_reader_next(r, &rec, &err) != 1)
		fail_msg("no frame: %s", err.text);
	return rec;
}

static void assert_end(struct weir_reader *r)
{
	struct weir_record rec;

	assert_int_equal(weir_reader_next(r, &rec, NULL), 0);
	assert_int_equal(weir_reader_next(r, &rec, NULL), 0);
	assert_null(weir_reader_close(r));
}

/* The error, twice the same, that comes next. */
static void assert_damage(struct weir_reader *r, int code, const char *text)
{
	struct weir_record rec;
	struct weir_err err = { 0 }, again = { 0 };

	assert_int_equal(weir_reader_next(r, &rec, &err), code);
	assert_string_equal(err.text, text);
	assert_int_equal(weir_reader_next(r, &rec, &again), code);
	assert_string_equal(again.text, text);
	assert_null(weir_reader_close(r));
}

static void test_pcap_of_both_byte_orders_and_precisions(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct blob b = { .big_endian = i & 1 };
		struct weir_reader *r;
		struct weir_record rec;

		blob_pcap(&b, i & 2 ? MAGIC_NS : MAGIC_US, 4, 65535, 105);
		blob_record(&b, 0xfffffffe, 999999, 60, 1500, 0, 7);
		r = open_blob(&b);
		assert_int_equal(weir_reader_info(r)->big_endian, i & 1);
		assert_int_equal(weir_reader_info(r)->magic, i & 2 ? MAGIC_NS : MAGIC_US);
		assert_int_equal(weir_reader_info(r)->snaplen, 65535);
		assert_int_equal(weir_reader_info(r)->n_ifaces, 1);
		assert_int_equal(weir_reader_iface(r, 0)->tsresol, i & 2 ? 9 : 6);
		rec = next(r);
		assert_int_equal(rec.len, 60);
		assert_int_equal(rec.orig_len, 1500);
		assert_int_equal(rec.linktype, 105);
		assert_int_equal(rec.nr, 1);
		assert_int_equal(rec.offset, 24);
		assert_int_equal(rec.data[59], 7);
		assert_true(rec.ts_ns ==
			    0xfffffffeLL * 1000000000 + (i & 2 ? 999999LL : 999999000LL));
		assert_end(r);
		blob_done(&b);
	}
}

static void test_kuznetzov_has_longer_records_and_room_for_a_made_up_header(void **state)
{
	struct blob b = { 0 };
	struct weir_reader *r;

	(void)state;
	blob_pcap(&b, MAGIC_KUZNETZOV, 4, 50, 1);
	blob_record(&b, 1, 2, 64, 90, 8, 1);
	blob_record(&b, 1, 2, 65, 90, 8, 2);
	r = open_blob(&b);
	assert_int_equal(weir_reader_info(r)->format, WEIR_TRACE_PCAP_KUZNETZOV);
	assert_int_equal(weir_reader_iface(r, 0)->snaplen, 64);
	assert_int_equal(next(r).len, 64);
	assert_int_equal(next(r).len, 64);
	assert_end(r);
	blob_done(&b);
}

static void test_old_versions_have_the_lengths_the_other_way_round(void **state)
{
	(void)state;
	for (uint16_t minor = 2; minor <= 4; minor++) {
		struct blob b = { 0 };
		struct weir_reader *r;
		struct weir_record rec;

		blob_pcap(&b, MAGIC_US, minor, 0, 1);
		blob_record(&b, 1, 2, 60, 90, 0, 1);
		if (minor < 4) { /* 2.3 may have either order: the shorter one is captured */
			blob_32_at(&b, 24 + 8, 90);
			blob_32_at(&b, 24 + 12, 60);
		}
		r = open_blob(&b);
		rec = next(r);
		assert_int_equal(rec.len, 60);
		assert_int_equal(rec.orig_len, 90);
		assert_end(r);
		blob_done(&b);
	}
}

static void test_records_are_cut_to_the_snapshot_length(void **state)
{
	struct blob b = { 0 };
	struct weir_reader *r;
	struct weir_record rec;

	(void)state;
	blob_pcap(&b, MAGIC_US, 4, 50, 1);
	blob_record(&b, 1, 2, 60, 90, 0, 1);
	blob_record(&b, 1, 2, 40, 90, 0, 2);
	r = open_blob(&b);
	assert_int_equal(next(r).len, 50);
	rec = next(r);
	assert_int_equal(rec.len, 40);
	assert_int_equal(rec.data[0], 2);
	assert_end(r);
	blob_done(&b);
}

static void test_pcapng_with_everything(void **state)
{
	static const struct weir_record want[] = {
		{ .len = 60, .orig_len = 60, .ts_ns = 1600000000000001000, .iface = 0 },
		{ .len = 61, .orig_len = 1500, .ts_ns = 1600000000000000002, .iface = 1 },
		{ .len = 100, .orig_len = 1500, .ts_ns = 0, .iface = 0 },
		{ .len = 33, .orig_len = 33, .ts_ns = 1600000000000003000, .iface = 0 },
		{ .len = 0, .orig_len = 0, .ts_ns = 1600000000500000000, .iface = 2 },
		{ .len = 62, .orig_len = 62, .ts_ns = 0, .iface = 2 },
		{ .len = 1, .orig_len = 1, .ts_ns = 1600000001000000000, .iface = 2 },
	};
	static const uint32_t linktypes[] = { 1, 101, 113 };

	(void)state;
	for (unsigned order = 0; order < 2; order++) {
		struct blob b = { .big_endian = order };
		struct weir_reader *r;

		blob_everything(&b, NULL);
		r = open_blob(&b);
		assert_int_equal(weir_reader_info(r)->n_ifaces, 1);
		for (unsigned i = 0; i < ARRAY_SIZE(want); i++) {
			struct weir_record rec = next(r);

			assert_int_equal(rec.nr, i + 1);
			assert_int_equal(rec.len, want[i].len);
			assert_int_equal(rec.orig_len, want[i].orig_len);
			assert_true(rec.ts_ns == want[i].ts_ns);
			assert_int_equal(rec.iface, want[i].iface);
			assert_int_equal(rec.linktype, linktypes[want[i].iface]);
			for (uint32_t k = 0; k < rec.len; k++)
				assert_int_equal(rec.data[k], i + 1);
		}
		assert_int_equal(weir_reader_info(r)->n_sections, 2);
		assert_int_equal(weir_reader_info(r)->n_ifaces, 3);
		assert_int_equal(weir_reader_info(r)->big_endian, !order);
		assert_int_equal(weir_reader_iface(r, 2)->tsoffset_s, 1600000000);
		assert_end(r);
		blob_done(&b);
	}
}

/* One frame at this time stamp. */
static int64_t time_of(uint8_t tsresol, int64_t tsoffset, uint64_t ticks)
{
	struct blob b = { 0 };
	struct weir_reader *r;
	int64_t ts;

	blob_section(&b);
	blob_iface(&b, 1, 0, tsresol, tsoffset);
	blob_epb(&b, 0, ticks, 4, 4, 1);
	r = open_blob(&b);
	ts = next(r).ts_ns;
	assert_end(r);
	blob_done(&b);
	return ts;
}

static void test_times_of_all_resolutions(void **state)
{
	(void)state;
	assert_true(time_of(3, 0, 1500) == 1500000000);
	assert_true(time_of(12, 0, 1999) == 1); /* picoseconds, rounded down */
	assert_true(time_of(19, 0, UINT64_MAX) == 1844674407);
	assert_true(time_of(0x80 | 63, 0, 1ULL << 63) == 1000000000);
	assert_true(time_of(0x80 | 32, 0, 3ULL << 31) == 1500000000);
	assert_true(time_of(0x80, 0, 5) == 5000000000);
	assert_true(time_of(9, -2, 3000000000) == 1000000000);
	assert_true(time_of(9, -2, 0) == -2000000000);
	assert_true(time_of(9, 0, INT64_MAX) == INT64_MAX);
}

static void test_times_out_of_range_are_the_nearest_there_is(void **state)
{
	(void)state;
	assert_true(time_of(9, 0, INT64_MAX + 1ULL) == INT64_MAX);
	assert_true(time_of(9, 0, UINT64_MAX) == INT64_MAX);
	assert_true(time_of(6, 0, UINT64_MAX) == INT64_MAX);
	assert_true(time_of(0x80, 0, UINT64_MAX) == INT64_MAX);
	assert_true(time_of(9, INT64_MAX, 0) == INT64_MAX);
	assert_true(time_of(9, INT64_MIN, UINT64_MAX) == INT64_MIN);
	assert_true(time_of(6, 9223372036, 854775) == 9223372036854775000);
	assert_true(time_of(6, 9223372036, 854776) == INT64_MAX);
}

/* How many frames come out of the first size bytes, and what comes then. */
static unsigned count(const uint8_t *data, size_t size, int *ret_end)
{
	struct weir_record rec;
	struct weir_reader *r;
	unsigned n = 0;

	*ret_end = weir_reader_open_mem("x", data, size, &r, NULL);
	if (*ret_end < 0)
		return 0;
	while ((*ret_end = weir_reader_next(r, &rec, NULL)) == 1)
		n++;
	weir_reader_close(r);
	return n;
}

static void test_all_frames_before_a_cut_are_given(void **state)
{
	struct blob b = { 0 };
	size_t ends[7];

	(void)state;
	blob_everything(&b, ends);
	for (size_t cut = 28; cut < b.size; cut++) {
		unsigned want = 0;
		int end;

		while (want < ARRAY_SIZE(ends) && ends[want] <= cut)
			want++;
		if (count(b.data, cut, &end) != want)
			fail_msg("not %u frames in %zu bytes", want, cut);
		assert_true(end == 0 || end == -ENODATA);
		if (want && ends[want - 1] == cut)
			assert_int_equal(end, 0);
		if (cut % 4)
			assert_int_equal(end, -ENODATA);
	}
	blob_done(&b);
}

static void test_a_cut_pcap_is_told_with_its_place(void **state)
{
	struct blob b = { 0 };
	struct weir_reader *r;

	(void)state;
	blob_pcap(&b, MAGIC_US, 4, 0, 1);
	blob_record(&b, 1, 2, 60, 60, 0, 1);
	blob_record(&b, 1, 2, 60, 60, 0, 2);
	b.size -= 1;
	r = open_blob(&b);
	next(r);
	assert_damage(r, -ENODATA,
		      "x: record 2 at byte 100: cut off: only 75 of 76 bytes are there");
	b.size = 105;
	r = open_blob(&b);
	next(r);
	assert_damage(r, -ENODATA,
		      "x: record 2 at byte 100: cut off: only 5 of 16 bytes are there");
	blob_done(&b);
}

static void test_absurd_lengths_are_damage(void **state)
{
	struct blob b = { 0 };
	struct weir_reader *r;

	(void)state;
	blob_pcap(&b, MAGIC_US, 4, 0, 1);
	blob_record(&b, 1, 2, 60, 60, 0, 1);
	blob_32_at(&b, 24 + 8, 0xffffffff);
	r = open_blob(&b);
	assert_damage(r, -EBADMSG,
		      "x: record 1 at byte 24: captured length 4294967295 is more than a frame "
		      "can have (262144)");
	blob_done(&b);
}

/* The damage that pcapng with one interface and one frame has after a change at an
 * offset into that frame's block, which is the third. */
static void assert_block_damage(size_t at, uint32_t value, int code, const char *text)
{
	struct blob b = { 0 };
	struct weir_reader *r;
	size_t begin;

	blob_section(&b);
	blob_iface(&b, 1, 0, 0, 0);
	begin = b.size;
	assert_int_equal(begin, 48);
	blob_epb(&b, 0, 0, 60, 60, 1);
	blob_32_at(&b, begin + at, value);
	r = open_blob(&b);
	assert_damage(r, code, text);
	blob_done(&b);
}

static void test_damaged_blocks_are_told_with_their_place(void **state)
{
	(void)state;
	assert_block_damage(4, 90, -EBADMSG,
			    "x: block 3 at byte 48: block length 90 is not a multiple of 4");
	assert_block_damage(4, 8, -EBADMSG,
			    "x: block 3 at byte 48: block length 8 is less than 12");
	assert_block_damage(4, 16, -EBADMSG,
			    "x: block 3 at byte 48: packet block of only 16 bytes");
	assert_block_damage(4, 96, -ENODATA,
			    "x: block 3 at byte 48: cut off: only 92 of 96 bytes are there");
	assert_block_damage(
		4, 0xfffffffc, -EBADMSG,
		"x: block 3 at byte 48: block length 4294967292 is more than 150994944");
	assert_block_damage(
		8, 1, -EBADMSG,
		"x: block 3 at byte 48: frame of interface 1, but its section has only 1");
	assert_block_damage(
		20, 61, -EBADMSG,
		"x: block 3 at byte 48: captured length 61 does not fit a block of 92 bytes");
	assert_block_damage(
		88, 0, -EBADMSG,
		"x: block 3 at byte 48: block length is 92 at its beginning but 0 at its end");
}

static void test_a_damaged_unknown_block_is_told_with_its_place(void **state)
{
	struct blob b = { 0 };
	struct weir_reader *r;

	(void)state;
	blob_section(&b);
	blob_iface(&b, 1, 0, 0, 0);
	blob_other(&b, 77, 200000);
	blob_32_at(&b, b.size - 4, 12);
	r = open_blob(&b);
	assert_damage(
		r, -EBADMSG,
		"x: block 3 at byte 48: block length is 200012 at its beginning but 12 at its "
		"end");
	b.size -= 1000;
	r = open_blob(&b);
	assert_damage(r, -ENODATA,
		      "x: block 3 at byte 48: cut off: only 199012 of 200012 bytes are there");
	blob_done(&b);
}

static void test_what_is_no_trace_is_refused(void **state)
{
	static const struct {
		const char *data;
		size_t size;
		const char *text;
	} cases[] = {
		{ "", 0, "x: not a trace: only 0 bytes long" },
		{ "abc", 3, "x: not a trace: only 3 bytes long" },
		{ "#!/bin/sh", 9, "x: neither pcap nor pcapng: begins with 23 21 2f 62" },
		{ "\xd4\xc3\xb2\xa1\2\0\4\0", 8,
		  "x: file header: cut off: only 8 of 24 bytes are there" },
		{ "\xd4\xc3\xb2\xa1\3\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 24,
		  "x: file header: pcap version 3.4 is unknown" },
		{ "\n\r\r\n\x1c\0\0\0\1\2\3\4", 12,
		  "x: block 1 at byte 0: section with byte-order magic 0x01020304" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct weir_err err = { 0 };
		struct weir_reader *r = NULL;

		assert_int_equal(weir_reader_open_mem("x", cases[i].data, cases[i].size, &r, &err),
				 -EINVAL);
		assert_string_equal(err.text, cases[i].text);
		assert_int_equal(err.code, -EINVAL);
		assert_null(r);
	}
}

static void test_a_missing_file_is_named(void **state)
{
	struct weir_err err = { 0 };
	struct weir_reader *r;

	(void)state;
	assert_int_equal(weir_reader_open("/nowhere/x.pcap", &r, &err), -ENOENT);
	assert_string_equal(err.text, "/nowhere/x.pcap: No such file or directory");
	assert_int_equal(weir_reader_open("/", &r, &err), -EISDIR);
	assert_null(weir_reader_close(NULL));
}

/* The other end of a FIFO: writes a blob in steps, and between them sends the reader a
 * signal as long as it has not got on. */
struct pipe_writer {
	const struct blob *blob;
	char path[64];
	size_t step;
	pthread_t reader; /* to signal, if signals */
	bool signals;
	atomic_bool opened;	 /* set by the reader: signals may come */
	atomic_bool interrupted; /* set by the reader: -EINTR was seen */
};

static void *pipe_write(void *arg)
{
	struct pipe_writer *w = arg;
	int fd = open(w->path, O_WRONLY);

	for (size_t i = 0; i < w->blob->size; i += w->step) {
		const size_t n = MIN(w->step, w->blob->size - i);

		while (w->signals && i && !atomic_load(&w->interrupted)) {
			if (atomic_load(&w->opened))
				(void)pthread_kill(w->reader, SIGUSR1);
			(void)usleep(100);
		}
		atomic_store(&w->interrupted, false);
		if (write(fd, w->blob->data + i, n) != (ssize_t)n)
			break;
	}
	(void)close(fd); /* all is written */
	return NULL;
}

static void pipe_start(struct pipe_writer *w, pthread_t *ret_thread)
{
	(void)snprintf(w->path, sizeof(w->path), "/tmp/weir-fifo-%d", (int)getpid());
	(void)unlink(w->path); /* left over by one that crashed, if at all */
	assert_int_equal(mkfifo(w->path, 0600), 0);
	assert_int_equal(pthread_create(ret_thread, NULL, pipe_write, w), 0);
}

static void test_a_pipe_that_gives_single_bytes_is_read(void **state)
{
	struct blob b = { 0 };
	struct pipe_writer w = { .blob = &b, .step = 1 };
	struct weir_reader *r;
	pthread_t thread;

	(void)state;
	blob_everything(&b, NULL);
	pipe_start(&w, &thread);
	assert_int_equal(weir_reader_open(w.path, &r, NULL), 0);
	assert_int_equal(weir_reader_info(r)->size, -1);
	for (unsigned i = 0; i < 7; i++)
		next(r);
	assert_end(r);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(unlink(w.path), 0);
	blob_done(&b);
}

static void on_signal(int sig)
{
	(void)sig;
}

static void test_a_signal_interrupts_and_nothing_is_lost(void **state)
{
	const struct sigaction action = { .sa_handler = on_signal };
	struct blob b = { 0 };
	struct pipe_writer w = { .blob = &b, .signals = true, .reader = pthread_self() };
	unsigned n = 0, n_interrupted = 0;
	struct weir_record rec;
	struct weir_reader *r;
	pthread_t thread;
	int ret;

	(void)state;
	assert_int_equal(sigaction(SIGUSR1, &action, NULL), 0);
	blob_everything(&b, NULL);
	w.step = b.size / 7;
	pipe_start(&w, &thread);
	assert_int_equal(weir_reader_open(w.path, &r, NULL), 0);
	atomic_store(&w.opened, true);
	while ((ret = weir_reader_next(r, &rec, NULL)) != 0) {
		if (ret == -EINTR) {
			n_interrupted++;
			atomic_store(&w.interrupted, true);
			continue;
		}
		assert_int_equal(ret, 1);
		assert_int_equal(rec.nr, ++n);
		for (uint32_t k = 0; k < rec.len; k++)
			assert_int_equal(rec.data[k], n);
	}
	assert_int_equal(n, 7);
	assert_true(n_interrupted > 0);
	weir_reader_close(r);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(unlink(w.path), 0);
	blob_done(&b);
}

static void test_link_types_have_names(void **state)
{
	(void)state;
	assert_string_equal(weir_linktype_name(1), "EN10MB");
	assert_string_equal(weir_linktype_name(101), "RAW");
	assert_string_equal(weir_linktype_name(113), "LINUX_SLL");
	assert_string_equal(weir_linktype_description(101), "Raw IP");
	assert_null(weir_linktype_name(65000));
	assert_null(weir_linktype_name(UINT32_MAX));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pcap_of_both_byte_orders_and_precisions),
		cmocka_unit_test(test_kuznetzov_has_longer_records_and_room_for_a_made_up_header),
		cmocka_unit_test(test_old_versions_have_the_lengths_the_other_way_round),
		cmocka_unit_test(test_records_are_cut_to_the_snapshot_length),
		cmocka_unit_test(test_pcapng_with_everything),
		cmocka_unit_test(test_times_of_all_resolutions),
		cmocka_unit_test(test_times_out_of_range_are_the_nearest_there_is),
		cmocka_unit_test(test_all_frames_before_a_cut_are_given),
		cmocka_unit_test(test_a_cut_pcap_is_told_with_its_place),
		cmocka_unit_test(test_absurd_lengths_are_damage),
		cmocka_unit_test(test_damaged_blocks_are_told_with_their_place),
		cmocka_unit_test(test_a_damaged_unknown_block_is_told_with_its_place),
		cmocka_unit_test(test_what_is_no_trace_is_refused),
		cmocka_unit_test(test_a_missing_file_is_named),
		cmocka_unit_test(test_a_pipe_that_gives_single_bytes_is_read),
		cmocka_unit_test(test_a_signal_interrupts_and_nothing_is_lost),
		cmocka_unit_test(test_link_types_have_names),
	};

	return unit_run(tests);
}
