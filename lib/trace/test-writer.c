/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <pcap/pcap.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <weir/trace.h>

#include "base/bytes.h"
#include "base/macros.h"
#include "support/data.h"
#include "support/unit.h"
#include "trace/test-open.h"

static char scratch[] = "/tmp/weir-writer-XXXXXX"; /* a file that every test may write */

static const enum weir_compression compressions[] = {
	WEIR_COMPRESSION_NONE,
	WEIR_COMPRESSION_GZIP,
	WEIR_COMPRESSION_ZSTD,
	WEIR_COMPRESSION_LZ4,
};

static uint8_t *slurp(size_t *ret_size)
{
	FILE *f = fopen(scratch, "r");
	uint8_t *data = malloc(1 << 20);

	assert_non_null(f);
	assert_non_null(data);
	*ret_size = fread(data, 1, 1 << 20, f);
	(void)fclose(f); /* only read from */
	return data;
}

/* What a frame is, beside where it stands. */
static bool same_record(const struct weir_record *a, const struct weir_record *b, bool one_iface)
{
	return a->len == b->len && a->orig_len == b->orig_len && a->ts_ns == b->ts_ns &&
	       (one_iface || a->iface == b->iface) && a->linktype == b->linktype &&
	       a->nr == b->nr && memcmp(a->data, b->data, a->len) == 0;
}

/* Does the scratch file hold the frames of path that can be read, and nothing else? */
static bool same_traces(const char *path, bool one_iface)
{
	struct weir_reader *want = open_reader(path), *got = open_reader(scratch);
	struct weir_record a, b;
	bool same = true;

	while (same && weir_reader_next(want, &a, NULL) == 1)
		same = weir_reader_next(got, &b, NULL) == 1 && same_record(&a, &b, one_iface);
	same = same && weir_reader_next(got, &b, NULL) == 0;
	weir_reader_close(want);
	weir_reader_close(got);
	return same;
}

static void open_like(const struct weir_reader *r, enum weir_trace_format format,
		      enum weir_compression compression, struct weir_writer **ret_writer)
{
	const struct weir_trace_iface *iface = weir_reader_iface(r, 0);
	const struct weir_writer_opts opts = {
		.format = format,
		.compression = compression,
		.linktype = iface->linktype,
		.snaplen = iface->snaplen,
		.iface_name = iface->name,
	};

	assert_int_equal(weir_writer_open(scratch, &opts, ret_writer, NULL), 0);
}

/* Copies what can be read of path. false: it cannot be held by the format. */
static bool copy_trace(const char *path, enum weir_trace_format format,
		       enum weir_compression compression)
{
	struct weir_reader *r = open_reader(path);
	const struct weir_trace_info *info = weir_reader_info(r);
	struct weir_writer *w;
	struct weir_record rec;
	uint32_t n_ifaces = 1;
	bool held = true;

	open_like(r, format, compression, &w);
	while (held && weir_reader_next(r, &rec, NULL) == 1) {
		for (; n_ifaces < info->n_ifaces && format == WEIR_TRACE_PCAPNG; n_ifaces++)
			assert_int_equal(weir_writer_add_iface(w, weir_reader_iface(r, n_ifaces),
							       &(uint32_t){ 0 }, NULL),
					 0);
		held = format == WEIR_TRACE_PCAPNG ||
		       rec.linktype == weir_reader_iface(r, 0)->linktype;
		if (held)
			assert_int_equal(weir_writer_write(w, &rec, NULL, NULL), 0);
	}
	finish(w);
	weir_reader_close(r);
	return held;
}

static bool readable(const char *path)
{
	struct weir_reader *r;
	bool has_iface;

	if (weir_reader_open(path, &r, NULL) < 0)
		return false;
	has_iface = weir_reader_info(r)->n_ifaces > 0;
	weir_reader_close(r);
	return has_iface;
}

static void round_trip(enum weir_trace_format format)
{
	unsigned n = 0, n_wrong = 0;
	struct data_walk *walk;
	char root[PATH_MAX];
	const char *path;

	if (!data_find(root, sizeof(root))) {
		print_message("# there is no folder of recorded traces\n");
		return;
	}
	walk = data_walk_begin(root);
	assert_non_null(walk);
	while ((path = data_walk_next(walk))) {
		if (!readable(path) ||
		    !copy_trace(path, format, compressions[n % ARRAY_SIZE(compressions)]))
			continue;
		n++;
		if (!same_traces(path, format != WEIR_TRACE_PCAPNG)) {
			print_message("%s: became another one\n", path);
			n_wrong++;
		}
	}
	data_walk_end(walk);
	assert_int_equal(n_wrong, 0);
	assert_true(n > 0);
}

static void test_recorded_traces_survive_as_pcapng(void **state)
{
	(void)state;
	round_trip(WEIR_TRACE_PCAPNG);
}

static void test_recorded_traces_survive_as_nanosecond_pcap(void **state)
{
	(void)state;
	round_trip(WEIR_TRACE_PCAP_NS);
}

/* Frames of many sizes, longer than all buffers together. */
static void write_many(struct weir_writer *w, unsigned n)
{
	static uint8_t data[100000];

	for (unsigned i = 0; i < n; i++) {
		const struct weir_record rec = {
			.data = data,
			.len = i * 797 % sizeof(data),
			.orig_len = 100001,
			.ts_ns = 1600000000123456789 + i,
		};

		memset(data, (int)(i * 31 & 0xff), rec.len);
		assert_int_equal(weir_writer_write(w, &rec, NULL, NULL), 0);
	}
	finish(w);
}

static void check_many(unsigned n, enum weir_compression compression, int64_t ts_unit)
{
	struct weir_reader *r = open_reader(scratch);
	struct weir_record rec;

	assert_int_equal(weir_reader_info(r)->compression, compression);
	for (unsigned i = 0; i < n; i++) {
		assert_int_equal(weir_reader_next(r, &rec, NULL), 1);
		assert_int_equal(rec.len, i * 797 % 100000);
		assert_int_equal(rec.ts_ns, (1600000000123456789 + i) / ts_unit * ts_unit);
		for (uint32_t k = 0; k < rec.len; k++)
			if (rec.data[k] != (i * 31 & 0xff))
				fail_msg("frame %u differs at byte %u", i, k);
	}
	assert_int_equal(weir_reader_next(r, &rec, NULL), 0);
	assert_int_equal(weir_reader_position(r), weir_reader_info(r)->size);
	weir_reader_close(r);
}

static void test_every_format_and_compression_is_read_back(void **state)
{
	const enum weir_trace_format formats[] = { WEIR_TRACE_PCAP_US, WEIR_TRACE_PCAP_NS,
						   WEIR_TRACE_PCAPNG };

	(void)state;
	for (size_t f = 0; f < ARRAY_SIZE(formats); f++) {
		for (size_t c = 0; c < ARRAY_SIZE(compressions); c++) {
			write_many(open_writer(scratch, formats[f], compressions[c]), 200);
			check_many(200, compressions[c],
				   formats[f] == WEIR_TRACE_PCAP_US ? 1000 : 1);
		}
	}
}

/* n frames of write_many(), made where they are written, in two rows. */
static void write_made(struct weir_writer *w, unsigned n)
{
	const size_t room = (size_t)n * (100000 + WEIR_RECORD_ROOM);
	struct weir_pkt *pkts = calloc(n, sizeof(*pkts));
	uint8_t *mem = malloc(room);

	assert_non_null(pkts);
	assert_non_null(mem);
	for (unsigned i = 0; i < n; i++)
		pkts[i] = (struct weir_pkt){ .len = i * 797 % 100000,
					     .orig_len = 100001,
					     .ts_ns = 1600000000123456789 + i };
	weir_writer_place(w, mem, pkts, n);
	assert_true(pkts[n - 1].data + pkts[n - 1].len <= mem + room);
	for (unsigned i = 0; i < n; i++)
		memset(pkts[i].data, (int)(i * 31 & 0xff), pkts[i].len);
	assert_int_equal(weir_writer_make(w, pkts, n, NULL), n);
	assert_int_equal(weir_writer_append(w, pkts, n / 3, NULL), 0);
	assert_int_equal(weir_writer_append(w, pkts + n / 3, n - n / 3, NULL), 0);
	free(pkts);
	free(mem);
	finish(w);
}

static void test_records_made_in_place_are_those_that_are_written_one_by_one(void **state)
{
	const enum weir_trace_format formats[] = { WEIR_TRACE_PCAP_US, WEIR_TRACE_PCAP_NS,
						   WEIR_TRACE_PCAPNG };

	(void)state;
	for (size_t f = 0; f < ARRAY_SIZE(formats); f++) {
		for (size_t c = 0; c < ARRAY_SIZE(compressions); c++) {
			write_made(open_writer(scratch, formats[f], compressions[c]), 100);
			check_many(100, compressions[c],
				   formats[f] == WEIR_TRACE_PCAP_US ? 1000 : 1);
		}
	}
}

static void test_making_records_ends_at_one_that_cannot_be_written(void **state)
{
	struct weir_writer *w = open_writer(scratch, WEIR_TRACE_PCAPNG, WEIR_COMPRESSION_NONE);
	struct weir_pkt pkts[] = { { .len = 1, .orig_len = 1, .ts_ns = 8 },
				   { .len = 2, .orig_len = 2, .ts_ns = -1 },
				   { .len = 3, .orig_len = 3, .ts_ns = 9 } };
	uint8_t mem[3 * (3 + WEIR_RECORD_ROOM)] = { 0 };
	struct weir_err err = { 0 };
	struct weir_record rec;
	struct weir_reader *r;

	(void)state;
	weir_writer_place(w, mem, pkts, 3);
	assert_int_equal(weir_writer_make(w, pkts, 3, &err), 1);
	assert_int_equal(err.code, -ERANGE);
	assert_int_equal(weir_writer_append(w, pkts, 1, NULL), 0);
	assert_int_equal(weir_writer_append(w, pkts, 0, NULL), 0);
	finish(w);

	r = open_reader(scratch);
	assert_int_equal(weir_reader_next(r, &rec, NULL), 1);
	assert_int_equal(rec.ts_ns, 8);
	assert_int_equal(weir_reader_next(r, &rec, NULL), 0);
	weir_reader_close(r);
}

static void test_libpcap_reads_what_is_written(void **state)
{
	char errbuf[PCAP_ERRBUF_SIZE];
	struct pcap_pkthdr *h;
	const uint8_t *data;
	struct weir_writer *w = open_writer(scratch, WEIR_TRACE_PCAPNG, WEIR_COMPRESSION_NONE);
	const struct weir_record rec = {
		.data = (const uint8_t *)"abcde", .len = 5, .orig_len = 60, .ts_ns = 1000000007
	};
	pcap_t *p;

	(void)state;
	assert_int_equal(weir_writer_write(w, &rec, "a comment", NULL), 0);
	assert_int_equal(weir_writer_stats(w, 0, 17, 3, NULL), 0);
	finish(w);

	p = pcap_open_offline_with_tstamp_precision(scratch, PCAP_TSTAMP_PRECISION_NANO, errbuf);
	assert_non_null(p);
	assert_int_equal(pcap_next_ex(p, &h, &data), 1);
	assert_int_equal(h->caplen, 5);
	assert_int_equal(h->len, 60);
	assert_int_equal(h->ts.tv_sec, 1);
	assert_int_equal(h->ts.tv_usec, 7);
	assert_memory_equal(data, "abcde", 5);
	assert_int_equal(pcap_next_ex(p, &h, &data), PCAP_ERROR_BREAK);
	pcap_close(p);
}

static void test_comments_names_and_statistics_are_in_the_file(void **state)
{
	const struct weir_writer_opts opts = {
		.format = WEIR_TRACE_PCAPNG,
		.linktype = 1,
		.iface_name = "eth7",
		.application = "a tool",
		.comment = "of the section",
	};
	const struct weir_record rec = { .data = (const uint8_t *)"x", .len = 1, .ts_ns = 77 };
	struct weir_writer *w;
	struct weir_reader *r;
	uint8_t *file;
	size_t size;

	(void)state;
	assert_int_equal(weir_writer_open(scratch, &opts, &w, NULL), 0);
	assert_int_equal(weir_writer_write(w, &rec, "of the frame", NULL), 0);
	assert_int_equal(weir_writer_stats(w, 0, 0x1122334455667788, 9, NULL), 0);
	finish(w);

	file = slurp(&size);
	assert_non_null(memmem(file, size, "eth7", 4));
	assert_non_null(memmem(file, size, "a tool", 6));
	assert_non_null(memmem(file, size, "of the section", 14));
	assert_non_null(memmem(file, size, "of the frame", 12));
	/* The last block: statistics of 20 fixed bytes, two options of 12, end, length. */
	assert_int_equal(raw32_at(file + size - 4), 52);
	assert_int_equal(raw32_at(file + size - 52), 5);
	assert_int_equal(raw32_at(file + size - 52 + 16), 77);
	assert_true(raw64_at(file + size - 52 + 24) == 0x1122334455667788);
	assert_int_equal(raw64_at(file + size - 52 + 36), 9);
	free(file);

	r = open_reader(scratch);
	assert_string_equal(weir_reader_iface(r, 0)->name, "eth7");
	assert_int_equal(weir_reader_iface(r, 0)->tsresol, 9);
	weir_reader_close(r);
}

static void test_what_a_format_cannot_hold_is_refused_and_the_file_goes_on(void **state)
{
	struct weir_record rec = { .data = (const uint8_t *)"x", .len = 1, .ts_ns = -1 };
	struct weir_writer *w = open_writer(scratch, WEIR_TRACE_PCAP_NS, WEIR_COMPRESSION_NONE);
	struct weir_reader *r;

	(void)state;
	assert_int_equal(weir_writer_write(w, &rec, NULL, NULL), -ERANGE);
	rec.ts_ns = (UINT32_MAX + 1LL) * (int64_t)NSEC_PER_SEC;
	assert_int_equal(weir_writer_write(w, &rec, NULL, NULL), -ERANGE);
	rec.ts_ns--;
	assert_int_equal(weir_writer_write(w, &rec, NULL, NULL), 0);
	rec.len = 262145;
	assert_int_equal(weir_writer_write(w, &rec, NULL, NULL), -EMSGSIZE);
	assert_int_equal(
		weir_writer_add_iface(w, &(struct weir_trace_iface){ 0 }, &(uint32_t){ 0 }, NULL),
		-ENOTSUP);
	assert_int_equal(weir_writer_stats(w, 0, 1, 1, NULL), 0);
	finish(w);

	r = open_reader(scratch);
	assert_int_equal(weir_reader_next(r, &rec, NULL), 1);
	assert_int_equal(rec.ts_ns, UINT32_MAX * (int64_t)NSEC_PER_SEC + 999999999);
	assert_int_equal(weir_reader_next(r, &rec, NULL), 0);
	weir_reader_close(r);

	w = open_writer(scratch, WEIR_TRACE_PCAPNG, WEIR_COMPRESSION_NONE);
	rec.iface = 1;
	assert_int_equal(weir_writer_write(w, &rec, NULL, NULL), -EINVAL);
	assert_int_equal(weir_writer_stats(w, 1, 0, 0, NULL), -EINVAL);
	weir_writer_close(w);
}

static void test_wrong_options_leave_the_file_alone(void **state)
{
	struct weir_writer_opts opts = { .format = WEIR_TRACE_PCAPNG, .linktype = 65536 };
	struct weir_writer *w = NULL;
	size_t before, after;
	char *text = calloc(1, 65537);

	(void)state;
	assert_non_null(text);
	memset(text, 'x', 65536);
	write_many(open_writer(scratch, WEIR_TRACE_PCAP_NS, WEIR_COMPRESSION_NONE), 3);
	free(slurp(&before));
	assert_int_equal(weir_writer_open(scratch, &opts, &w, NULL), -EINVAL);
	opts.linktype = 1;
	opts.comment = text;
	assert_int_equal(weir_writer_open(scratch, &opts, &w, NULL), -EINVAL);
	opts.comment = NULL;
	opts.format = WEIR_TRACE_PCAP_KUZNETZOV;
	assert_int_equal(weir_writer_open(scratch, &opts, &w, NULL), -EINVAL);
	free(slurp(&after));
	assert_int_equal(before, after);
	assert_null(w);
	free(text);
}

static void test_flushed_frames_can_be_read_while_the_file_is_open(void **state)
{
	struct weir_writer *w = open_writer(scratch, WEIR_TRACE_PCAP_NS, WEIR_COMPRESSION_NONE);
	const struct weir_record rec = { .data = (const uint8_t *)"abcd", .len = 4, .orig_len = 4 };
	struct weir_record got;
	struct weir_reader *r;

	(void)state;
	for (unsigned i = 1; i <= 2; i++) {
		assert_int_equal(weir_writer_write(w, &rec, NULL, NULL), 0);
		assert_int_equal(weir_writer_flush(w, NULL), 0);
		assert_int_equal(weir_reader_open(scratch, &r, NULL), 0);
		for (unsigned k = 0; k < i; k++)
			assert_int_equal(weir_reader_next(r, &got, NULL), 1);
		assert_int_equal(weir_reader_next(r, &got, NULL), 0);
		weir_reader_close(r);
	}
	weir_writer_close(w);
}

static void test_a_full_disk_is_told(void **state)
{
	const struct weir_writer_opts opts = { .format = WEIR_TRACE_PCAP_US, .linktype = 1 };

	(void)state;
	for (size_t c = 0; c < ARRAY_SIZE(compressions); c++) {
		struct weir_writer_opts o = opts;
		struct weir_err err = { 0 };
		struct weir_writer *w;

		o.compression = compressions[c];
		assert_int_equal(weir_writer_open("/dev/full", &o, &w, NULL), 0);
		assert_int_equal(weir_writer_finish(w, &err), -ENOSPC);
		assert_string_equal(err.text, "/dev/full: No space left on device");
		assert_int_equal(weir_writer_finish(w, NULL), -ENOSPC);
		weir_writer_close(w);
	}
}

static void test_a_file_that_cannot_be_made_is_named(void **state)
{
	const struct weir_writer_opts opts = { .format = WEIR_TRACE_PCAP_US, .linktype = 1 };
	struct weir_err err = { 0 };
	struct weir_writer *w = NULL;

	(void)state;
	assert_int_equal(weir_writer_open("/nowhere/x.pcap", &opts, &w, &err), -ENOENT);
	assert_string_equal(err.text, "/nowhere/x.pcap: No such file or directory");
	assert_int_equal(weir_writer_open("/nowhere/x.pcap", &opts, &w, NULL), -ENOENT);
	assert_null(w);
}

static void test_closing_without_finishing_keeps_the_frames(void **state)
{
	struct weir_writer *w = open_writer(scratch, WEIR_TRACE_PCAPNG, WEIR_COMPRESSION_ZSTD);
	const struct weir_record rec = { .data = (const uint8_t *)"abc", .len = 3 };
	struct weir_record got;
	struct weir_reader *r;

	(void)state;
	assert_int_equal(weir_writer_write(w, &rec, NULL, NULL), 0);
	assert_null(weir_writer_close(w));
	r = open_reader(scratch);
	assert_int_equal(weir_reader_next(r, &got, NULL), 1);
	assert_int_equal(weir_reader_next(r, &got, NULL), 0);
	weir_reader_close(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_recorded_traces_survive_as_pcapng),
		cmocka_unit_test(test_recorded_traces_survive_as_nanosecond_pcap),
		cmocka_unit_test(test_every_format_and_compression_is_read_back),
		cmocka_unit_test(test_records_made_in_place_are_those_that_are_written_one_by_one),
		cmocka_unit_test(test_making_records_ends_at_one_that_cannot_be_written),
		cmocka_unit_test(test_libpcap_reads_what_is_written),
		cmocka_unit_test(test_comments_names_and_statistics_are_in_the_file),
		cmocka_unit_test(test_what_a_format_cannot_hold_is_refused_and_the_file_goes_on),
		cmocka_unit_test(test_wrong_options_leave_the_file_alone),
		cmocka_unit_test(test_flushed_frames_can_be_read_while_the_file_is_open),
		cmocka_unit_test(test_a_full_disk_is_told),
		cmocka_unit_test(test_a_file_that_cannot_be_made_is_named),
		cmocka_unit_test(test_closing_without_finishing_keeps_the_frames),
	};
	int fd = mkstemp(scratch);
	int failed;

	if (fd < 0)
		return 1;
	(void)close(fd); /* nothing written */
	failed = unit_run(tests);
	(void)unlink(scratch); /* it was there a moment ago */
	return failed;
}
