/* SPDX-License-Identifier: BSD-2-Clause */
/* What goes past the page cache or is compressed by threads is in the file, in its order, up to
 * where the disk is full. */
#include "capture/files.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/macros.h"
#include "capture/ngblock.h"
#include "support/unit.h"
#include "trace/pcapng.h"

#define RING	  (16ull << 20)
#define FRAME_LEN 1500u
/* Frames of it that surely fit a ring. */
#define FRAMES 9000u

static char folder[] = "/tmp/weir-direct-XXXXXX";

struct stage {
	struct blockring rings[2];
	unsigned n;
	struct merge merge;
	struct files *files;
	struct ngblock head;
	enum weir_compression compression;
	char path[64];
	uint64_t put, lent, lost;
};

static void *make_tail(void *ctx, size_t *ret_len)
{
	(void)ctx;
	*ret_len = 0;
	return calloc(1, 1);
}

static void make_head(struct ngblock *head)
{
	ngblock_section(head, "a test");
	assert_int_equal(ngblock_end(head, BLOCK_SHB), 0);
	for (unsigned i = 0; i < 2; i++) {
		ngblock_iface(head, 1, 0, "some");
		assert_int_equal(ngblock_end(head, BLOCK_IDB), 0);
	}
}

static struct stage *begin(unsigned n, enum weir_compression compression)
{
	struct stage *s = calloc(1, sizeof(*s));
	struct blockring *rings[2];
	struct weir_err err = { 0 };
	struct files_opts opts = { .compression = compression,
				   .file = { .format = WEIR_TRACE_PCAPNG, .n_ifaces = 2 },
				   .tail = make_tail };

	assert_non_null(s);
	make_head(&s->head);
	opts.file.head = s->head.data;
	opts.file.head_len = s->head.len;
	s->compression = compression;
	(void)snprintf(s->path, sizeof(s->path), "%s/got", folder);
	opts.path = s->path;
	s->n = n;
	for (unsigned i = 0; i < n; i++) {
		assert_int_equal(blockring_init(&s->rings[i], RING, NULL), 0);
		s->rings[i].iface = i;
		rings[i] = &s->rings[i];
	}
	assert_int_equal(merge_init(&s->merge, rings, n), 0);
	if (files_open(&opts, 1, &s->files, &err) < 0)
		fail_msg("%s", err.text);
	return s;
}

/* Each frame's time is its number, and its data begins with it. They hardly get shorter. */
static void put_frames(struct stage *s, unsigned n)
{
	uint8_t data[FRAME_LEN];

	for (unsigned i = 0; i < FRAME_LEN; i++)
		data[i] = (uint8_t)rand();
	for (unsigned i = 0; i < n; i++) {
		struct blockring *r = &s->rings[s->put % s->n];
		struct blockring_frame f = {
			.data = data, .len = FRAME_LEN, .orig_len = FRAME_LEN, .ts_ns = s->put
		};
		uint64_t head = r->shared->head;

		for (unsigned k = 0; k < FRAME_LEN; k += 8)
			data[k] = (uint8_t)rand();
		memcpy(data, &s->put, sizeof(s->put));
		assert_true(blockring_put(r, &head, &f));
		blockring_publish(r, head);
		s->put++;
	}
}

static void write_frames(struct stage *s)
{
	const struct span_limit limit = { .before_ns = UINT64_MAX - 1,
					  .frames = UINT64_MAX,
					  .len = UINT64_MAX };
	struct span span;
	bool lent;

	(void)merge_refresh(&s->merge);
	while (merge_next(&s->merge, &limit, &span)) {
		(void)files_put(s->files, &span, &lent, NULL); /* what is lost is counted */
		s->lent += lent;
		if (!lent)
			merge_release(&span);
	}
}

/* Frames that are in the file, which are the first; it ends with a whole one. */
static uint64_t read_blocks(const struct stage *s)
{
	int fd = open(s->path, O_RDONLY | O_CLOEXEC);
	size_t at = s->head.len;
	uint64_t n = 0, nr;
	struct stat st;
	uint8_t *all;

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	all = malloc((size_t)st.st_size + 1);
	assert_non_null(all);
	assert_int_equal(read(fd, all, (size_t)st.st_size), st.st_size);
	(void)close(fd); /* only read */
	assert_memory_equal(all, s->head.data, at);
	while (at < (size_t)st.st_size) {
		const uint32_t len = block_len(all + at);

		assert_true(len >= BLOCK_MIN && len % 4 == 0 && len <= st.st_size - at);
		assert_int_equal(raw32_at(all + at + len - 4), len);
		if (raw32_at(all + at) == BLOCK_EPB) {
			memcpy(&nr, all + at + EPB_FIXED, sizeof(nr));
			assert_int_equal(nr, n);
			n++;
		} else {
			assert_int_equal(raw32_at(all + at), BLOCK_NRB);
		}
		at += len;
	}
	free(all);
	return n;
}

/* The same of a compressed one, which may lack its end. */
static uint64_t read_frames(const struct stage *s)
{
	struct weir_reader *r = NULL;
	struct weir_err err = { 0 };
	struct weir_record frame;
	uint64_t n = 0, nr;

	assert_int_equal(weir_reader_open(s->path, &r, &err), 0);
	for (; weir_reader_next(r, &frame, &err) > 0; n++) {
		memcpy(&nr, frame.data, sizeof(nr));
		assert_int_equal(nr, n);
	}
	weir_reader_close(r);
	return n;
}

/* Frames in the file. */
static uint64_t end(struct stage *s)
{
	uint64_t n;

	(void)files_finish(s->files, NULL); /* what is lost is counted */
	for (unsigned i = 0; i < s->n; i++)
		s->lost += files_loss(s->files, i).frames;
	for (unsigned i = 0; i < s->n; i++)
		assert_int_equal(s->rings[i].shared->tail, s->rings[i].shared->head);
	files_close(s->files);
	merge_done(&s->merge);
	for (unsigned i = 0; i < s->n; i++)
		blockring_done(&s->rings[i]);
	n = s->compression ? read_frames(s) : read_blocks(s);
	assert_int_equal(n + s->lost, s->put);
	assert_int_equal(unlink(s->path), 0);
	ngblock_done(&s->head);
	return n;
}

static void write_much(unsigned n_rings, bool lends)
{
	struct stage *s = begin(n_rings, WEIR_COMPRESSION_NONE);

	for (unsigned i = 0; i < 4; i++) {
		put_frames(s, FRAMES);
		write_frames(s);
		assert_int_equal(files_settle(s->files, UINT64_MAX, NULL), 0);
		if (i == 1) /* its place is none for what goes past the page cache */
			assert_int_equal(files_flush(s->files, NULL), 0);
	}
	assert_int_equal(end(s), 4 * FRAMES);
	assert_int_equal(s->lost, 0);
	if (lends)
		assert_true(s->lent > 30);
	else
		assert_int_equal(s->lent, 0);
	free(s);
}

static void test_whole_chunks_are_written_as_they_lie(void **state)
{
	(void)state;
	write_much(1, true);
}

static void test_what_is_merged_is_written_in_order(void **state)
{
	(void)state;
	write_much(2, false);
}

/* A file that must not be longer is a disk that is full. Frames: with few, this is seen when
 * the last have been put. */
static void fill_disk(unsigned n_rings, rlim_t limit, enum weir_compression compression,
		      unsigned frames)
{
	struct rlimit before, now;
	struct stage *s = begin(n_rings, compression);
	uint64_t n;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	now = (struct rlimit){ .rlim_cur = limit, .rlim_max = before.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &now), 0);
	put_frames(s, frames);
	write_frames(s);
	(void)files_settle(s->files, UINT64_MAX, NULL); /* maybe it is full */
	put_frames(s, 10);
	write_frames(s);
	n = end(s);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_true(n < frames);
	assert_true(compression || n >= (limit - (2 << 20)) / (FRAME_LEN + 100));
	free(s);
}

static void fill_disks(unsigned frames)
{
	fill_disk(1, 5 << 20, WEIR_COMPRESSION_NONE, frames);
	fill_disk(1, (5 << 20) + DISK_ALIGN, WEIR_COMPRESSION_NONE, frames);
	/* no length for what goes past the page cache: */
	fill_disk(1, (5 << 20) + 1001, WEIR_COMPRESSION_NONE, frames);
	fill_disk(2, 5 << 20, WEIR_COMPRESSION_NONE, frames);
	fill_disk(2, (5 << 20) + 1001, WEIR_COMPRESSION_NONE, frames);
}

static void test_full_disk_leaves_whole_frames_and_counts_the_rest(void **state)
{
	(void)state;
	fill_disks(FRAMES);
	fill_disks(5000);
}

static const enum weir_compression compressions[] = {
	WEIR_COMPRESSION_GZIP,
	WEIR_COMPRESSION_ZSTD,
	WEIR_COMPRESSION_LZ4,
};

static void test_threads_compress_all_in_order(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(compressions); i++) {
		struct stage *s = begin(1, compressions[i]);

		for (unsigned k = 0; k < 3; k++) {
			put_frames(s, 1000);
			write_frames(s);
			for (unsigned j = 0; j < 4; j++)
				assert_int_equal(files_flush(s->files, NULL), 0);
		}
		assert_int_equal(end(s), 3000);
		assert_int_equal(s->lost, 0);
		free(s);
	}
}

static void test_full_disk_leaves_whole_compressed_parcels(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(compressions); i++) {
		fill_disk(1, 1 << 20, compressions[i], FRAMES);
		fill_disk(1, 128 << 10, compressions[i], 1000);
	}
}

/* The last test: there is no way back. */
static void test_without_io_uring_it_is_the_same(void **state)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0), /* the call's number */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_setup, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog prog = { .len = ARRAY_SIZE(code), .filter = code };

	(void)state;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) < 0)
		skip();
	write_much(1, true);
	write_much(2, false);
	fill_disks(FRAMES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_chunks_are_written_as_they_lie),
		cmocka_unit_test(test_what_is_merged_is_written_in_order),
		cmocka_unit_test(test_full_disk_leaves_whole_frames_and_counts_the_rest),
		cmocka_unit_test(test_threads_compress_all_in_order),
		cmocka_unit_test(test_full_disk_leaves_whole_compressed_parcels),
		cmocka_unit_test(test_without_io_uring_it_is_the_same),
	};
	int failed;

	(void)signal(SIGXFSZ, SIG_IGN); /* an error is enough */
	if (!mkdtemp(folder))
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	(void)rmdir(folder); /* what a test has left may stay */
	return failed;
}
