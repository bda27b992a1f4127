/* SPDX-License-Identifier: BSD-2-Clause */
#include <weir/stream.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>

#include "base/macros.h"
#include "support/pcapfile.h"
#include "support/unit.h"
#include "trace/arena.h"

#define MANY 40000u /* frames; with the sizes below more than a streamed ring holds */

/* A trace of MANY numbered frames, 24 MiB, made once. */
static struct pcapfile big;

static uint32_t big_len(uint64_t i)
{
	return 14 + (uint32_t)(i * 977 % 1200);
}

static int make_big(void **state)
{
	(void)state;
	pcapfile_begin(&big, 1);
	for (uint64_t i = 0; i < MANY; i++)
		pcapfile_add_numbered(&big, 1000000000 + (int64_t)i * 1000, big_len(i));
	pcapfile_end(&big);
	return 0;
}

static int remove_big(void **state)
{
	(void)state;
	pcapfile_remove(&big);
	return 0;
}

static struct weir_stream *open_files(const char *const *files, unsigned n,
				      struct weir_stream_opts opts)
{
	struct weir_stream *s = NULL;
	struct weir_err err = { 0 };

	opts.files = files;
	opts.n_files = n;
	opts.n_cursors = opts.n_cursors ? opts.n_cursors : 1;
	if (weir_stream_open(&opts, &s, &err) < 0)
		fail_msg("%s", err.text);
	return s;
}

/* Where a walk over a stream has got to. */
struct walk {
	uint64_t frames, bytes;
};

static void check_frame(const struct weir_view *v, uint32_t i)
{
	const struct weir_frame *f = &v->frames[i];
	uint32_t first_page = f->off / ARENA_PAGE, last_page = (f->off + f->len - 1) / ARENA_PAGE;

	if (f->len <= ARENA_PAGE)
		assert_int_equal(first_page, last_page);
	else
		assert_int_equal(f->off % ARENA_PAGE, 0);
}

/* Walks over all views of the big trace and checks every frame and every sum. */
static struct walk walk_big(struct weir_stream *s, unsigned cursor)
{
	struct walk w = { 0 };
	struct weir_view v;
	int r;

	while ((r = weir_stream_next(s, cursor, &v)) > 0) {
		uint64_t in_loop = w.frames % MANY;

		assert_int_equal(v.loop, w.frames / MANY);
		assert_int_equal(v.frames_before, w.frames);
		assert_int_equal(v.bytes_before, w.bytes);
		assert_int_equal(v.loop_begins, in_loop == 0);
		assert_int_equal(v.time_before, v.loop * (MANY - 1) * 1000);
		for (uint32_t i = 0; i < v.n; i++) {
			uint64_t nr = in_loop + i, got;

			check_frame(&v, i);
			memcpy(&got, v.mem + v.frames[i].off, sizeof(got));
			assert_int_equal(got, nr);
			assert_int_equal(v.frames[i].len, big_len(nr));
			assert_int_equal(v.mem[v.frames[i].off + v.frames[i].len - 1], nr & 0xff);
			assert_int_equal(v.frames[i].ts_ns, 1000000000 + nr * 1000);
			assert_int_equal(v.bytes_before + v.frames[i].before, w.bytes);
			w.bytes += v.frames[i].len;
		}
		w.frames += v.n;
		weir_stream_release(s, cursor);
	}
	assert_int_equal(r, 0);
	return w;
}

static void test_preloaded_frames_come_in_order_in_each_loop(void **state)
{
	const char *files[] = { big.path };
	struct weir_stream *s =
		open_files(files, 1, (struct weir_stream_opts){ .preload = true, .loops = 3 });
	struct weir_stream_info info;

	(void)state;
	assert_int_equal(walk_big(s, 0).frames, 3 * MANY);
	weir_stream_info(s, &info);
	assert_int_equal(info.n_frames, MANY);
	assert_int_equal(info.span_ns, (MANY - 1) * 1000);
	assert_int_equal(info.linktype, 1);
	assert_int_equal(info.problems, 0);
	weir_stream_close(s);
}

static void test_streamed_frames_are_the_same(void **state)
{
	const char *files[] = { big.path };
	struct weir_stream *s = open_files(files, 1, (struct weir_stream_opts){ .loops = 3 });
	struct weir_stream_info info;

	(void)state;
	assert_int_equal(walk_big(s, 0).frames, 3 * MANY);
	weir_stream_info(s, &info);
	assert_int_equal(info.n_frames, MANY);
	assert_int_equal(info.input_done, 3 * info.input_size);
	weir_stream_close(s);
}

struct second {
	struct weir_stream *s;
	struct walk w;
};

static void *walk_second(void *arg)
{
	struct second *t = arg;

	t->w = walk_big(t->s, 1);
	return NULL;
}

static void test_two_cursors_see_the_same(void **state)
{
	const char *files[] = { big.path };
	struct second t = { 0 };
	pthread_t thread;

	(void)state;
	t.s = open_files(files, 1, (struct weir_stream_opts){ .loops = 2, .n_cursors = 2 });
	assert_int_equal(pthread_create(&thread, NULL, walk_second, &t), 0);
	assert_int_equal(walk_big(t.s, 0).frames, 2 * MANY);
	pthread_join(thread, NULL);
	assert_int_equal(t.w.frames, 2 * MANY);
	weir_stream_close(t.s);
}

static void test_a_preload_that_does_not_fit_is_refused_with_its_size(void **state)
{
	const char *files[] = { big.path };
	struct weir_stream_opts opts = { .files = files,
					 .n_files = 1,
					 .n_cursors = 1,
					 .loops = 1,
					 .preload = true,
					 .max_memory = 5 << 20 };
	struct weir_stream *s = NULL;
	struct weir_err err = { 0 };
	unsigned need = 0, may = 0;

	(void)state;
	assert_int_equal(weir_stream_open(&opts, &s, &err), -ENOMEM);
	assert_null(s);
	assert_int_equal(
		sscanf(err.text, "preloading takes %u MiB of memory and %u MiB may", &need, &may),
		2);
	assert_int_equal(may, 5);
	assert_in_range(need, 23, 40);
}

static void test_stopping_wakes_who_waits(void **state)
{
	const char *files[] = { big.path };
	struct weir_stream *s = open_files(files, 1, (struct weir_stream_opts){ .loops = 0 });
	struct weir_view v;

	(void)state;
	for (int i = 0; i < 4; i++) /* held, none given back: the reader has to wait */
		assert_int_equal(weir_stream_next(s, 0, &v), 1);
	weir_stream_stop(s);
	assert_int_equal(weir_stream_next(s, 0, &v), -ECANCELED);
	weir_stream_close(s);
}

static void make_small(struct pcapfile *p, uint8_t tag, const int64_t *ts, unsigned n)
{
	uint8_t data[60] = { tag };

	pcapfile_begin(p, 1);
	for (unsigned i = 0; i < n; i++)
		pcapfile_add(p, ts[i], data, sizeof(data), sizeof(data) + 40);
	pcapfile_end(p);
}

#define FILE_HEADER 24
#define RECORD	    (16 + 60) /* of make_small() */

/* A stream of a pipe in which the first bytes of a file with two frames are. */
struct piped {
	struct weir_stream *s;
	char bytes[FILE_HEADER + 2 * RECORD];
	char path[64];
	const char *files[1];
	int fds[2];
};

static void piped_open(struct piped *p, size_t len)
{
	static const int64_t ts[] = { 1, 2 };
	struct pcapfile a;
	int fd;

	make_small(&a, 9, ts, 2);
	fd = open(a.path, O_RDONLY);
	assert_int_equal(read(fd, p->bytes, sizeof(p->bytes)), sizeof(p->bytes));
	close(fd);
	pcapfile_remove(&a);
	assert_int_equal(pipe(p->fds), 0);
	assert_int_equal(write(p->fds[1], p->bytes, len), len);
	(void)snprintf(p->path, sizeof(p->path), "/dev/fd/%d", p->fds[0]);
	p->files[0] = p->path;
	p->s = open_files(p->files, 1, (struct weir_stream_opts){ .loops = 1 });
}

static void piped_close(struct piped *p)
{
	weir_stream_close(p->s);
	close(p->fds[0]);
	close(p->fds[1]);
}

static void test_stopping_ends_waiting_for_a_pipe(void **state)
{
	struct weir_view v;
	struct piped p;

	(void)state;
	/* The pipe stays open and silent: nothing more will ever come. */
	piped_open(&p, FILE_HEADER);
	weir_stream_stop(p.s);
	assert_int_equal(weir_stream_next(p.s, 0, &v), -ECANCELED);
	piped_close(&p);
}

static void test_a_pipe_that_is_silent_from_the_start_keeps_nothing_up(void **state)
{
	static const int64_t ts[] = { 1 };
	char path[64];
	struct pcapfile a;
	struct weir_stream *s;
	struct weir_view v;
	int fds[2];

	(void)state;
	make_small(&a, 9, ts, 1);
	assert_int_equal(pipe(fds), 0);
	(void)snprintf(path, sizeof(path), "/dev/fd/%d", fds[0]);
	s = open_files((const char *[]){ a.path, path }, 2,
		       (struct weir_stream_opts){ .loops = 1 });
	assert_int_equal(weir_stream_next(s, 0, &v), 1); /* the first file's frame */
	assert_int_equal(v.n, 1);
	weir_stream_close(s);
	close(fds[0]);
	close(fds[1]);
	pcapfile_remove(&a);
}

static void test_frames_of_a_pipe_do_not_wait_for_later_ones(void **state)
{
	const size_t begun = FILE_HEADER + RECORD + 20; /* within the second record */
	struct weir_view v;
	struct piped p;

	(void)state;
	piped_open(&p, begun);
	assert_int_equal(weir_stream_next(p.s, 0, &v), 1);
	assert_int_equal(v.n, 1);
	assert_int_equal(v.frames[0].len, 60);
	assert_int_equal(write(p.fds[1], p.bytes + begun, sizeof(p.bytes) - begun),
			 sizeof(p.bytes) - begun);
	assert_int_equal(weir_stream_next(p.s, 0, &v), 1);
	assert_int_equal(v.n, 1);
	assert_int_equal(v.frames_before, 1);
	piped_close(&p);
}

/* Collects (port, number, time) of all frames of a stream. */
struct seen {
	uint8_t port;
	uint8_t first;
	uint32_t len;
	int64_t ts_ns;
	uint64_t when; /* recorded time in the run */
	uint64_t loop;
};

static unsigned collect(struct weir_stream *s, struct seen *seen, unsigned max)
{
	struct weir_view v;
	unsigned n = 0;

	while (weir_stream_next(s, 0, &v) > 0) {
		for (uint32_t i = 0; i < v.n; i++, n++) {
			const struct weir_frame *f = &v.frames[i];

			assert_true(n < max);
			seen[n] = (struct seen){ f->port,
						 v.mem[f->off],
						 f->len,
						 f->ts_ns,
						 v.time_before + (uint64_t)(f->ts_ns - v.ts_zero),
						 v.loop };
		}
		weir_stream_release(s, 0);
	}
	weir_stream_close(s);
	return n;
}

static void test_pairs_are_merged_by_time_and_ties_go_to_the_first(void **state)
{
	static const int64_t one[] = { 10, 20, 40 }, two[] = { 5, 20, 30, 50 };
	static const uint8_t want[] = { 1, 0, 0, 1, 1, 0, 1 };
	struct pcapfile a, b;
	struct seen seen[16];

	(void)state;
	make_small(&a, 1, one, 3);
	make_small(&b, 2, two, 4);
	for (int preload = 0; preload < 2; preload++) {
		const char *files[] = { a.path, b.path };
		struct weir_stream *s = open_files(
			files, 2,
			(struct weir_stream_opts){ .dual = true, .loops = 1, .preload = preload });

		assert_int_equal(collect(s, seen, 16), 7);
		for (int i = 0; i < 7; i++) {
			assert_int_equal(seen[i].port, want[i]);
			assert_int_equal(seen[i].first, want[i] + 1);
		}
	}
	pcapfile_remove(&a);
	pcapfile_remove(&b);
}

static void test_each_file_begins_where_the_one_before_ended(void **state)
{
	static const int64_t one[] = { 1000, 1500, 1400 }, two[] = { 77, 177 };
	static const uint64_t want[] = { 0, 500, 400, 500, 600, 600, 1100, 1000, 1100, 1200 };
	struct pcapfile a, b;
	struct seen seen[16];

	(void)state;
	make_small(&a, 1, one, 3);
	make_small(&b, 2, two, 2);
	for (int preload = 0; preload < 2; preload++) {
		const char *files[] = { a.path, b.path };
		struct weir_stream *s = open_files(
			files, 2, (struct weir_stream_opts){ .loops = 2, .preload = preload });

		assert_int_equal(collect(s, seen, 16), 10);
		for (int i = 0; i < 10; i++)
			assert_int_equal(seen[i].when, want[i]);
	}
	pcapfile_remove(&a);
	pcapfile_remove(&b);
}

/* Stages: drop odd numbers; add the loop to the first byte and grow by one. */
static int drop_odd(void *ctx, struct weir_buf *b, unsigned n)
{
	(void)ctx;
	for (unsigned i = 0; i < n; i++)
		if (b[i].nr & 1)
			b[i].port = WEIR_NO_PORT;
	return 0;
}

static int mark_loop(void *ctx, struct weir_buf *b, unsigned n)
{
	(void)ctx;
	for (unsigned i = 0; i < n; i++) {
		assert_true(b[i].room > b[i].len);
		b[i].data[0] = (uint8_t)(b[i].data[0] + b[i].loop);
		b[i].data[b[i].len++] = 0xee;
	}
	return 0;
}

static void test_stages_run_at_loading_and_again_for_each_loop(void **state)
{
	static const int64_t ts[] = { 1, 2, 3, 4 };
	static const struct weir_stage stages[] = {
		{ .run = drop_odd },
		{ .run = mark_loop, .changes = true, .per_loop = true },
	};
	struct pcapfile a;
	struct seen seen[16];

	(void)state;
	make_small(&a, 10, ts, 4);
	for (int preload = 0; preload < 2; preload++) {
		const char *files[] = { a.path };
		struct weir_stream *s = open_files(
			files, 1,
			(struct weir_stream_opts){
				.loops = 3, .preload = preload, .stages = stages, .n_stages = 2 });

		assert_int_equal(collect(s, seen, 16), 6);
		for (int i = 0; i < 6; i++) {
			assert_int_equal(seen[i].ts_ns, i % 2 ? 4 : 2);
			assert_int_equal(seen[i].first, 10 + i / 2);
			assert_int_equal(seen[i].len, 61);
			assert_int_equal(seen[i].loop, i / 2);
		}
	}
	pcapfile_remove(&a);
}

/* A stage: each frame twice, the second time a nanosecond later; the first of a file only
 * behind all others. */
struct twice {
	struct weir_buf first, out[2], *in;
	uint8_t bytes[60];
	bool have;
};

static int twice_run(void *ctx, struct weir_buf *b, unsigned n)
{
	struct twice *t = ctx;

	assert_in_range(n, 0, 1);
	t->in = n ? b : &t->first;
	if (n && !t->have) {
		assert_int_equal(b->nr, 1);
		t->first = *b;
		t->first.data = memcpy(t->bytes, b->data, b->len);
		t->in = NULL;
	}
	t->have = n > 0;
	return 0;
}

static int twice_next(void *ctx, struct weir_buf **ret_bufs)
{
	struct twice *t = ctx;

	if (!t->in)
		return 0;
	t->out[0] = t->out[1] = *t->in;
	t->out[1].ts_ns++;
	t->in = NULL;
	*ret_bufs = t->out;
	return 2;
}

static void test_stages_make_frames_and_hold_them_back_to_the_end_of_the_file(void **state)
{
	static const int64_t ts_a[] = { 10, 20, 30 }, ts_b[] = { 5, 15 };
	static const int64_t want[] = { 20, 21, 30, 31, 10, 11, 15, 16, 5, 6 };
	struct twice twice = { 0 };
	const struct weir_stage stage = {
		.run = twice_run, .next = twice_next, .ctx = &twice, .holds = true
	};
	struct pcapfile a, b;
	struct seen seen[32];

	(void)state;
	make_small(&a, 1, ts_a, 3);
	make_small(&b, 2, ts_b, 2);
	for (int preload = 0; preload < 2; preload++) {
		const char *files[] = { a.path, b.path };
		struct weir_stream *s = open_files(
			files, 2,
			(struct weir_stream_opts){
				.loops = 2, .preload = preload, .stages = &stage, .n_stages = 1 });

		assert_int_equal(collect(s, seen, 32), 20);
		for (int i = 0; i < 20; i++) {
			assert_int_equal(seen[i].ts_ns, want[i % 10]);
			assert_int_equal(seen[i].first, i % 10 < 6 ? 1 : 2);
			assert_int_equal(seen[i].loop, i / 10);
		}
	}
	pcapfile_remove(&a);
	pcapfile_remove(&b);
}

static void test_padding_gives_cut_frames_their_wire_length(void **state)
{
	static const int64_t ts[] = { 1 };
	struct pcapfile a;
	struct seen seen[2];
	const char *files[] = { a.path };

	(void)state;
	make_small(&a, 9, ts, 1);
	assert_int_equal(
		collect(open_files(files, 1, (struct weir_stream_opts){ .loops = 1, .pad = true }),
			seen, 2),
		1);
	assert_int_equal(seen[0].len, 100);
	pcapfile_remove(&a);
}

static int drop_all(void *ctx, struct weir_buf *b, unsigned n)
{
	(void)ctx;
	for (unsigned i = 0; i < n; i++)
		b[i].port = WEIR_NO_PORT;
	return 0;
}

static void test_an_endless_loop_over_nothing_ends(void **state)
{
	static const int64_t ts[] = { 1 };
	static const struct weir_stage stage = { .run = drop_all };
	struct pcapfile a;
	struct seen seen[1];
	const char *files[] = { a.path };

	(void)state;
	make_small(&a, 9, ts, 1);
	for (int preload = 0; preload < 2; preload++)
		assert_int_equal(collect(open_files(files, 1,
						    (struct weir_stream_opts){ .preload = preload,
									       .stages = &stage,
									       .n_stages = 1 }),
					 seen, 1),
				 0);
	pcapfile_remove(&a);
}

static char reported[512];

static void keep_report(void *ctx, const char *text)
{
	(void)ctx;
	(void)snprintf(reported, sizeof(reported), "%s", text);
}

static void test_what_stands_before_damage_is_used_and_told_once(void **state)
{
	static const int64_t ts[] = { 1, 2, 3 };
	struct pcapfile a;
	struct weir_stream_info info;
	const char *files[] = { a.path };

	(void)state;
	make_small(&a, 9, ts, 3);
	assert_int_equal(truncate(a.path, 24 + 3 * (16 + 60) - 5), 0);
	for (int preload = 0; preload < 2; preload++) {
		const struct weir_stream_opts opts = { .loops = 2,
						       .preload = preload,
						       .report = keep_report };
		struct weir_stream *s;
		struct weir_view v;
		unsigned n = 0;

		reported[0] = 0;
		s = open_files(files, 1, opts);
		while (weir_stream_next(s, 0, &v) > 0) {
			n += v.n;
			weir_stream_release(s, 0);
		}
		weir_stream_info(s, &info);
		assert_int_equal(n, 4);
		assert_int_equal(info.problems, 1);
		assert_non_null(strstr(reported, a.path));
		weir_stream_close(s);
	}
	pcapfile_remove(&a);
}

static void test_flows_are_new_once(void **state)
{
	/* Ethernet, IPv4, UDP 53 -> 53, as short as can be. */
	static const uint8_t udp[] = {
		2, 0,  0,  0, 0, 2,  2, 0, 0, 0,  0, 1, 8, 0, 0x45, 0, 0,  28, 0, 1, 0,
		0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 0, 53,   0, 53, 0,  8, 0, 0,
	};
	static const uint8_t arp[] = { 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 6, 0, 1, 8, 0, 6, 4 };
	struct pcapfile a;
	const char *files[] = { a.path };

	(void)state;
	pcapfile_begin(&a, 1);
	pcapfile_add(&a, 1, udp, sizeof(udp), sizeof(udp));
	pcapfile_add(&a, 2, udp, sizeof(udp), sizeof(udp));
	pcapfile_add(&a, 3, arp, sizeof(arp), sizeof(arp));
	pcapfile_end(&a);
	for (int preload = 0; preload < 2; preload++) {
		struct weir_stream *s = open_files(
			files, 1,
			(struct weir_stream_opts){ .loops = 2, .preload = preload, .flows = true });
		unsigned fresh = 0, flow = 0, other = 0;
		struct weir_view v;

		while (weir_stream_next(s, 0, &v) > 0) {
			for (uint32_t i = 0; i < v.n; i++) {
				unsigned flags = v.frames[i].flags & v.flags_mask;

				fresh += !!(flags & WEIR_FRAME_FLOW_NEW);
				flow += !!(flags & WEIR_FRAME_FLOW);
				other += !(flags & WEIR_FRAME_FLOW);
			}
			weir_stream_release(s, 0);
		}
		assert_int_equal(fresh, 1);
		assert_int_equal(flow, 4);
		assert_int_equal(other, 2);
		weir_stream_close(s);
	}
	pcapfile_remove(&a);
}

/* Stages as of an editor that gives frames another link layer. */
static int to_ethernet(void *ctx, struct weir_buf *b, unsigned n)
{
	static const uint8_t head[] = { 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0 };

	(void)ctx;
	for (unsigned i = 0; i < n; i++) {
		assert_int_equal(b[i].linktype, 101);
		assert_true(b[i].room >= b[i].len + sizeof(head));
		memmove(b[i].data + sizeof(head), b[i].data, b[i].len);
		memcpy(b[i].data, head, sizeof(head));
		b[i].len += sizeof(head);
		b[i].linktype = 1;
	}
	return 0;
}

static uint32_t ethernet(void *ctx, uint32_t linktype)
{
	(void)ctx;
	assert_int_equal(linktype, 101);
	return 1;
}

static int expect_ethernet(void *ctx, struct weir_buf *b, unsigned n)
{
	unsigned *files = ctx;

	for (unsigned i = 0; i < n; i++) {
		assert_int_equal(b[i].linktype, 1);
		files[b[i].file]++;
	}
	return 0;
}

static void test_the_link_type_is_what_stages_make_it(void **state)
{
	/* IPv4, UDP 53 -> 53. */
	static const uint8_t udp[] = { 0x45, 0, 0,  28, 0, 1, 0, 0,  64, 17, 0, 0, 10, 0,
				       0,    1, 10, 0,	0, 2, 0, 53, 0,	 53, 0, 8, 0,  0 };
	struct pcapfile a;
	unsigned seen[2] = { 0 };
	const struct weir_stage stages[] = {
		{ .run = to_ethernet, .linktype = ethernet, .changes = true },
		{ .run = expect_ethernet, .ctx = seen, .per_loop = true },
	};

	(void)state;
	pcapfile_begin(&a, 101);
	pcapfile_add(&a, 1, udp, sizeof(udp), sizeof(udp));
	pcapfile_end(&a);
	for (int preload = 0; preload < 2; preload++) {
		const char *files[] = { a.path, a.path };
		struct weir_stream *s = open_files(files, 2,
						   (struct weir_stream_opts){ .loops = 2,
									      .preload = preload,
									      .flows = true,
									      .stages = stages,
									      .n_stages = 2 });
		struct weir_stream_info info;
		struct weir_view v;
		unsigned flows = 0;

		while (weir_stream_next(s, 0, &v) > 0) {
			for (uint32_t i = 0; i < v.n; i++)
				flows += !!(v.frames[i].flags & WEIR_FRAME_FLOW);
			weir_stream_release(s, 0);
		}
		assert_int_equal(flows, 4);
		weir_stream_info(s, &info);
		assert_int_equal(info.linktype, 1);
		weir_stream_close(s);
	}
	assert_int_equal(seen[0], 4);
	assert_int_equal(seen[1], 4);
	pcapfile_remove(&a);
}

static void test_wrong_options_are_refused(void **state)
{
	const char *files[] = { "-", big.path, "/nonexistent/x.pcap" };
	struct weir_stream_opts opts = { .files = files, .n_files = 1, .n_cursors = 1, .loops = 2 };
	struct weir_stream *s = NULL;
	struct weir_err err = { 0 };

	(void)state;
	assert_int_equal(weir_stream_open(&opts, &s, &err), -EINVAL);
	assert_string_equal(err.text, "standard input can be looped only if it is preloaded");
	opts.files = files + 1;
	opts.dual = true;
	assert_int_equal(weir_stream_open(&opts, &s, &err), -EINVAL);
	opts.dual = false;
	opts.n_files = 2;
	assert_int_equal(weir_stream_open(&opts, &s, &err), -ENOENT);
	assert_non_null(strstr(err.text, "/nonexistent/x.pcap"));
	assert_null(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_preloaded_frames_come_in_order_in_each_loop),
		cmocka_unit_test(test_streamed_frames_are_the_same),
		cmocka_unit_test(test_two_cursors_see_the_same),
		cmocka_unit_test(test_a_preload_that_does_not_fit_is_refused_with_its_size),
		cmocka_unit_test(test_stopping_wakes_who_waits),
		cmocka_unit_test(test_stopping_ends_waiting_for_a_pipe),
		cmocka_unit_test(test_a_pipe_that_is_silent_from_the_start_keeps_nothing_up),
		cmocka_unit_test(test_frames_of_a_pipe_do_not_wait_for_later_ones),
		cmocka_unit_test(test_pairs_are_merged_by_time_and_ties_go_to_the_first),
		cmocka_unit_test(test_each_file_begins_where_the_one_before_ended),
		cmocka_unit_test(test_stages_run_at_loading_and_again_for_each_loop),
		cmocka_unit_test(test_stages_make_frames_and_hold_them_back_to_the_end_of_the_file),
		cmocka_unit_test(test_padding_gives_cut_frames_their_wire_length),
		cmocka_unit_test(test_an_endless_loop_over_nothing_ends),
		cmocka_unit_test(test_what_stands_before_damage_is_used_and_told_once),
		cmocka_unit_test(test_flows_are_new_once),
		cmocka_unit_test(test_the_link_type_is_what_stages_make_it),
		cmocka_unit_test(test_wrong_options_are_refused),
	};

	return cmocka_run_group_tests(tests, make_big, remove_big);
}
