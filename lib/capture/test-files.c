/* SPDX-License-Identifier: BSD-2-Clause */
/* Rows of files, over days that take no time. */
#include "capture/files.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/macros.h"
#include "support/unit.h"

#define SECOND NSEC_PER_SEC
#define HOUR   (3600 * NSEC_PER_SEC)

/* 2026-12-31 23:00:00 UTC */
#define EVE (1798758000ull * SECOND)

static char folder[] = "/tmp/weir-files-XXXXXX";

/* The ring that frames come from, and the files that they go to. */
struct stage {
	struct blockring ring;
	struct merge merge;
	struct files *files;
	uint64_t put;
};

static void *no_tail(void *ctx, size_t *ret_len)
{
	(void)ctx;
	*ret_len = 0;
	return calloc(1, 1);
}

static struct stage *begin(const char *name, const struct weir_capture_rotation *rotation,
			   uint64_t now_ns)
{
	struct stage *s = calloc(1, sizeof(*s));
	struct blockring *rings[] = { &s->ring };
	struct weir_err err = { 0 };
	struct files_opts opts = { .rotation = *rotation,
				   .file = { .format = WEIR_TRACE_PCAP_NS,
					     .head = "0123456789abcdefghijklmn",
					     .head_len = 24,
					     .n_ifaces = 1 },
				   .tail = no_tail };
	char path[64];

	assert_non_null(s);
	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	opts.path = path;
	assert_int_equal(blockring_init(&s->ring, CAPTURE_CHUNK, NULL), 0);
	assert_int_equal(merge_init(&s->merge, rings, 1), 0);
	if (files_open(&opts, now_ns, &s->files, &err) < 0)
		fail_msg("%s", err.text);
	return s;
}

static void put(struct stage *s, uint64_t ts_ns, uint32_t len)
{
	const uint8_t data[1500] = { 0 };
	struct blockring_frame f = { .data = data, .len = len, .orig_len = len, .ts_ns = ts_ns };
	uint64_t head = s->ring.shared->head;

	assert_true(blockring_put(&s->ring, &head, &f));
	blockring_publish(&s->ring, head);
	s->put++;
}

static void write_all(struct stage *s)
{
	struct span span;
	bool lent;

	(void)merge_refresh(&s->merge);
	for (;;) {
		struct span_limit limit = { .before_ns = UINT64_MAX - 1,
					    .frames = UINT64_MAX,
					    .len = UINT64_MAX };

		if (merge_time(&s->merge) == UINT64_MAX)
			return;
		assert_int_equal(files_prepare(s->files, merge_time(&s->merge), &limit, NULL), 0);
		assert_true(merge_next(&s->merge, &limit, &span));
		assert_int_equal(files_put(s->files, &span, &lent, NULL), 0);
		if (!lent)
			merge_release(&span);
	}
}

static uint64_t end(struct stage *s)
{
	uint64_t n = files_count(s->files);

	assert_int_equal(files_finish(s->files, NULL), 0);
	files_close(s->files);
	merge_done(&s->merge);
	blockring_done(&s->ring);
	free(s);
	return n;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Takes the folder's files away; their names, in order, and of each its size. */
static unsigned collect(char names[][64], long *sizes, unsigned max)
{
	DIR *dir = opendir(folder);
	char *found[64];
	unsigned n = 0;

	assert_non_null(dir);
	for (struct dirent *e = readdir(dir); e; e = readdir(dir)) {
		if (e->d_name[0] == '.')
			continue;
		assert_true(n < max && n < ARRAY_SIZE(found));
		found[n++] = strdup(e->d_name);
	}
	(void)closedir(dir); /* only read */
	qsort(found, n, sizeof(*found), by_name);
	for (unsigned i = 0; i < n; i++) {
		char path[128];
		FILE *f;

		(void)snprintf(path, sizeof(path), "%s/%s", folder, found[i]);
		(void)snprintf(names[i], 64, "%s", found[i]);
		f = fopen(path, "r");
		assert_non_null(f);
		(void)fseek(f, 0, SEEK_END);
		sizes[i] = ftell(f);
		(void)fclose(f); /* only read */
		assert_int_equal(unlink(path), 0);
		free(found[i]);
	}
	return n;
}

/* Bytes of a file of n frames of 100 bytes. */
static long size_of(unsigned n)
{
	return 24 + (long)n * (16 + 100);
}

static void test_frames_fill_files_exactly(void **state)
{
	const struct weir_capture_rotation rotation = { .frames = 10 };
	struct stage *s = begin("a.pcap", &rotation, EVE);
	char names[8][64];
	long sizes[8];

	(void)state;
	for (unsigned i = 0; i < 25; i++)
		put(s, EVE + i, 100);
	write_all(s);
	assert_int_equal(end(s), 3);
	assert_int_equal(collect(names, sizes, 8), 3);
	assert_string_equal(names[0], "a_00001_20261231230000.pcap");
	assert_string_equal(names[2], "a_00003_20261231230000.pcap");
	assert_int_equal(sizes[0], size_of(10));
	assert_int_equal(sizes[1], size_of(10));
	assert_int_equal(sizes[2], size_of(5));
}

static void test_sizes_are_kept_to_a_block(void **state)
{
	const struct weir_capture_rotation rotation = { .size = 1000 };
	struct stage *s = begin("a.pcap", &rotation, EVE);
	char names[32][64];
	long sizes[32], sum = 0;
	unsigned n;

	(void)state;
	for (unsigned i = 0; i < 100; i++)
		put(s, EVE + i, 100);
	put(s, EVE + 100, 1500); /* alone is more than a file */
	write_all(s);
	(void)end(s);
	n = collect(names, sizes, 32);
	for (unsigned i = 0; i + 1 < n; i++) {
		assert_true(sizes[i] < 1000 + 1516);
		sum += sizes[i] - 24;
	}
	assert_int_equal(sum + sizes[n - 1] - 24, 100 * 116 + 1516);
}

static void test_periods_follow_one_another_across_midnight(void **state)
{
	const struct weir_capture_rotation rotation = { .duration_ns = HOUR };
	struct stage *s = begin("%Y-%m-%d.%H.pcap", &rotation, EVE);
	char names[8][64];
	long sizes[8];

	(void)state;
	put(s, EVE + HOUR - 1, 100);
	put(s, EVE + HOUR, 100);
	put(s, EVE + HOUR + 1, 100);
	/* nothing for an hour */
	put(s, EVE + 3 * HOUR + SECOND, 100);
	put(s, EVE + 4 * HOUR - 1, 100);
	put(s, EVE + 4 * HOUR, 100);
	write_all(s);
	assert_int_equal(end(s), 4);
	assert_int_equal(collect(names, sizes, 8), 4);
	assert_string_equal(names[0], "2026-12-31.23.pcap");
	assert_string_equal(names[1], "2027-01-01.00.pcap");
	assert_string_equal(names[2], "2027-01-01.02.pcap");
	assert_string_equal(names[3], "2027-01-01.03.pcap");
	assert_int_equal(sizes[0], size_of(1));
	assert_int_equal(sizes[1], size_of(2));
	assert_int_equal(sizes[2], size_of(2));
	assert_int_equal(sizes[3], size_of(1));
}

static void test_intervals_begin_at_their_multiples(void **state)
{
	const struct weir_capture_rotation rotation = { .interval_ns = 900 * SECOND };
	struct stage *s = begin("%H%M.pcap", &rotation, EVE + 7 * 60 * SECOND);
	char names[8][64];
	long sizes[8];

	(void)state;
	put(s, EVE + 15 * 60 * SECOND - 1, 100);
	put(s, EVE + 15 * 60 * SECOND, 100);
	write_all(s);
	/* ended by the clock: the next frame begins another */
	assert_int_equal(files_tick(s->files, EVE + 30 * 60 * SECOND, NULL), 0);
	put(s, EVE + 31 * 60 * SECOND, 100);
	write_all(s);
	assert_int_equal(end(s), 3);
	assert_int_equal(collect(names, sizes, 8), 3);
	assert_string_equal(names[0], "2307.pcap");
	assert_string_equal(names[1], "2315.pcap");
	assert_string_equal(names[2], "2331.pcap");
}

static void test_names_are_never_used_twice(void **state)
{
	const struct weir_capture_rotation rotation = { .frames = 1 };
	struct stage *s = begin("%H.pcap", &rotation, EVE);
	char names[8][64];
	long sizes[8];

	(void)state;
	for (unsigned i = 0; i < 4; i++)
		put(s, EVE + i, 100);
	write_all(s);
	(void)end(s);
	assert_int_equal(collect(names, sizes, 8), 4);
	assert_string_equal(names[0], "23.pcap");
	assert_string_equal(names[1], "23_00002.pcap");
	assert_string_equal(names[3], "23_00004.pcap");
}

static void use_zone(const char *zone)
{
	(void)setenv("TZ", zone, 1); /* has room */
	tzset();
}

/* Files of half an hour in Berlin, one frame each, from begin_ns on: their names. */
static unsigned half_hours(uint64_t begin_ns, unsigned n, char names[][64])
{
	const struct weir_capture_rotation rotation = { .interval_ns = HOUR / 2 };
	struct stage *s;
	long sizes[16];

	use_zone("CET-1CEST,M3.5.0,M10.5.0/3");
	s = begin("%m%d-%H%M.pcap", &rotation, begin_ns);
	for (unsigned i = 0; i < n; i++) {
		put(s, begin_ns + i * HOUR / 2, 100);
		write_all(s);
	}
	assert_int_equal(end(s), n);
	use_zone("UTC");
	n = collect(names, sizes, 16);
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(sizes[i], size_of(1));
	return n;
}

static void test_hour_that_comes_twice_overwrites_nothing(void **state)
{
	static const char *const want[] = { "1025-0130.pcap",	    "1025-0200.pcap",
					    "1025-0200_00004.pcap", "1025-0230.pcap",
					    "1025-0230_00005.pcap", "1025-0300.pcap" };
	char names[16][64];

	(void)state;
	/* 2026-10-25 01:30 CEST; an hour and a half later it is 02:00 CET. */
	assert_int_equal(half_hours(1792884600ull * SECOND, 6, names), 6);
	for (unsigned i = 0; i < 6; i++)
		assert_string_equal(names[i], want[i]);
}

static void test_hour_that_is_left_out_is_left_out(void **state)
{
	static const char *const want[] = { "0329-0130.pcap", "0329-0300.pcap", "0329-0330.pcap" };
	char names[16][64];

	(void)state;
	/* 2026-03-29 01:30 CET; half an hour later it is 03:00 CEST. */
	assert_int_equal(half_hours(1774744200ull * SECOND, 3, names), 3);
	for (unsigned i = 0; i < 3; i++)
		assert_string_equal(names[i], want[i]);
}

static void test_leap_days_have_names(void **state)
{
	const struct weir_capture_rotation rotation = { .interval_ns = 24 * HOUR };
	/* 2028-02-28 00:00 UTC */
	const uint64_t begin_ns = 1835308800ull * SECOND;
	struct stage *s = begin("%Y%m%d.pcap", &rotation, begin_ns);
	char names[8][64];
	long sizes[8];

	(void)state;
	for (unsigned i = 0; i < 6; i++)
		put(s, begin_ns + i * 12 * HOUR, 100);
	write_all(s);
	assert_int_equal(end(s), 3);
	assert_int_equal(collect(names, sizes, 8), 3);
	assert_string_equal(names[0], "20280228.pcap");
	assert_string_equal(names[1], "20280229.pcap");
	assert_string_equal(names[2], "20280301.pcap");
}

/* The system's clock has the last second of the day twice. */
static void test_leap_second_overwrites_nothing(void **state)
{
	const struct weir_capture_rotation rotation = { .frames = 2 };
	const uint64_t last = EVE + HOUR - SECOND;
	struct stage *s = begin("%H%M%S.pcap", &rotation, last);
	char names[8][64];
	long sizes[8];

	(void)state;
	put(s, last, 100);
	put(s, last + SECOND - 1, 100);
	write_all(s);
	put(s, last, 100);
	put(s, last + SECOND - 1, 100);
	write_all(s);
	put(s, last + SECOND, 100);
	write_all(s);
	assert_int_equal(end(s), 3);
	assert_int_equal(collect(names, sizes, 8), 3);
	assert_string_equal(names[0], "000000.pcap");
	assert_string_equal(names[1], "235959.pcap");
	assert_string_equal(names[2], "235959_00002.pcap");
	assert_int_equal(sizes[1], size_of(2));
	assert_int_equal(sizes[2], size_of(2));
}

/* 24 hours, a file every 8.64 seconds, of which the last three stay. */
static void test_ten_thousand_files_leave_the_last(void **state)
{
	const struct weir_capture_rotation rotation = { .duration_ns = 8640 * NSEC_PER_MSEC,
							.files = 3 };
	struct stage *s = begin("day.pcap", &rotation, EVE);
	char names[8][64];
	long sizes[8];

	(void)state;
	for (uint64_t i = 0; i < 20000; i++) {
		put(s, EVE + i * 4320 * NSEC_PER_MSEC, 100);
		write_all(s);
	}
	assert_int_equal(end(s), 10000);
	assert_int_equal(collect(names, sizes, 8), 3);
	assert_string_equal(names[0], "day_09998_20270101225934.pcap");
	assert_string_equal(names[2], "day_10000_20270101225951.pcap");
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(sizes[i], size_of(2));
}

/* The name of the day before comes again, where that file was to be deleted, and later. */
static void test_file_whose_name_comes_again_is_not_the_one_deleted(void **state)
{
	static const uint64_t n_files[] = { 24, 30 };

	(void)state;
	for (unsigned k = 0; k < ARRAY_SIZE(n_files); k++) {
		const struct weir_capture_rotation rotation = { .interval_ns = HOUR,
								.files = n_files[k] };
		struct stage *s = begin("%H.pcap", &rotation, EVE);
		char names[32][64];
		long sizes[32];

		for (uint64_t i = 0; i < 40; i++)
			put(s, EVE + i * HOUR, 100 + (uint32_t)i);
		write_all(s);
		assert_int_equal(end(s), 40);
		assert_int_equal(collect(names, sizes, 32), 24);
		for (unsigned hour = 0; hour < 24; hour++) /* the last was begun at 14:00 */
			assert_int_equal(sizes[hour], size_of(1) + 1 + hour + (hour < 15 ? 24 : 0));
	}
}

static void test_rotation_by_hand_needs_another_name(void **state)
{
	const struct weir_capture_rotation none = { 0 };
	struct stage *s = begin("a.pcap", &none, EVE);
	char names[8][64], path[64], moved[64];
	long sizes[8];

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/a.pcap", folder);
	(void)snprintf(moved, sizeof(moved), "%s/b.pcap", folder);
	put(s, EVE, 100);
	write_all(s);
	assert_int_equal(files_rotate(s->files, NULL), 0);
	put(s, EVE + 1, 100);
	write_all(s);
	assert_int_equal(files_count(s->files), 1); /* it would have emptied the file */

	assert_int_equal(rename(path, moved), 0);
	assert_int_equal(files_rotate(s->files, NULL), 0);
	put(s, EVE + 2, 100);
	write_all(s);
	assert_int_equal(end(s), 2);
	assert_int_equal(collect(names, sizes, 8), 2);
	assert_int_equal(sizes[0], size_of(1));
	assert_int_equal(sizes[1], size_of(2));
}

static void test_what_makes_a_name_unique_stands_before_its_extensions(void **state)
{
	static const struct {
		const char *path;
		size_t len;
	} rows[] = {
		{ "a.pcapng", 1 },	{ "x.y/a.pcapng.zst", 5 },
		{ "eth0.100.pcap", 8 }, { "a.b.trace", 3 },
		{ "x.y/a", 5 },		{ ".hidden", 7 },
		{ "a.pcap.pcapng", 6 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(files_stem_len(rows[i].path), rows[i].len);
}

static void test_folder_that_is_gone_is_an_error(void **state)
{
	const struct weir_capture_rotation rotation = { .frames = 1 };
	struct weir_err err = { 0 };
	struct files_opts opts = { .path = "/nowhere/at/all.pcap",
				   .rotation = rotation,
				   .file = { .head = "", .n_ifaces = 1 },
				   .tail = no_tail };
	struct files *files = NULL;

	(void)state;
	assert_int_equal(files_open(&opts, EVE, &files, &err), -ENOENT);
	assert_non_null(strstr(err.text, "/nowhere/at/all_00001_20261231230000.pcap"));
	assert_null(files);
}

static int make_folder(void **state)
{
	(void)state;
	use_zone("UTC");
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	(void)state;
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frames_fill_files_exactly),
		cmocka_unit_test(test_sizes_are_kept_to_a_block),
		cmocka_unit_test(test_periods_follow_one_another_across_midnight),
		cmocka_unit_test(test_intervals_begin_at_their_multiples),
		cmocka_unit_test(test_names_are_never_used_twice),
		cmocka_unit_test(test_hour_that_comes_twice_overwrites_nothing),
		cmocka_unit_test(test_hour_that_is_left_out_is_left_out),
		cmocka_unit_test(test_leap_days_have_names),
		cmocka_unit_test(test_leap_second_overwrites_nothing),
		cmocka_unit_test(test_ten_thousand_files_leave_the_last),
		cmocka_unit_test(test_file_whose_name_comes_again_is_not_the_one_deleted),
		cmocka_unit_test(test_rotation_by_hand_needs_another_name),
		cmocka_unit_test(test_what_makes_a_name_unique_stands_before_its_extensions),
		cmocka_unit_test(test_folder_that_is_gone_is_an_error),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
