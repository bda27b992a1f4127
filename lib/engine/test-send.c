/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The sending loop with a clock of our own: what leaves, in which order, and when.
 */
#include <weir/send.h>
#include <weir/trace.h>

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>

#include "base/bytes.h"
#include "base/macros.h"
#include "base/time.h"
#include "support/pcapfile.h"
#include "support/unit.h"

/* A clock that jumps to whatever is waited for, and keeps a list of that. */
#define MAX_WAITS 4096

struct fake_clock {
	_Atomic uint64_t now;
	uint64_t waits[MAX_WAITS];
	_Atomic unsigned n_waits;
	uint64_t cost_ns; /* what it takes each time it is read */
	uint64_t late_ns; /* by which each wait ends late */
};

static uint64_t fake_now(void *ctx)
{
	struct fake_clock *c = ctx;

	return atomic_fetch_add(&c->now, c->cost_ns) + c->cost_ns;
}

static uint64_t fake_wait(void *ctx, uint64_t t, const int *stop)
{
	struct fake_clock *c = ctx;

	uint64_t now = atomic_load(&c->now);
	unsigned n = atomic_fetch_add(&c->n_waits, 1);

	(void)stop;
	if (n < MAX_WAITS)
		c->waits[n] = t;
	while (now < t + c->late_ns &&
	       !atomic_compare_exchange_weak(&c->now, &now, MAX(now, t) + c->late_ns))
		;
	return atomic_load(&c->now);
}

/* When the schedule begins: the sender leaves itself some time. */
#define BEGIN (1000000 + 100 * NSEC_PER_USEC)

/* One run of a sender over a small trace. */
struct setup {
	struct pcapfile trace;
	struct fake_clock time;
	struct weir_clock clock;
	struct weir_stream *stream;
	struct weir_port *ports[2];
	struct weir_send_stats stats;
	struct weir_worker_stats workers[2];
	struct weir_hist lateness;
	int result;
};

/* n frames, 1 us of recorded time apart, 60 bytes and up. */
static void begin(struct setup *t, unsigned n)
{
	*t = (struct setup){ .time = { .now = 1000000 } };
	t->clock = (struct weir_clock){ fake_now, fake_wait, &t->time };
	pcapfile_begin(&t->trace, 1);
	for (unsigned i = 0; i < n; i++)
		pcapfile_add_numbered(&t->trace, 5000 + (int64_t)i * 1000, 60 + i % 7);
	pcapfile_end(&t->trace);
}

static void open_stream(struct setup *t, struct weir_stream_opts opts)
{
	const char *files[] = { t->trace.path };
	struct weir_err err = { 0 };

	opts.files = files;
	opts.n_files = 1;
	opts.n_cursors = MAX(opts.n_cursors, 1u);
	opts.preload = true; /* so that files is not needed any more */
	if (weir_stream_open(&opts, &t->stream, &err) < 0)
		fail_msg("%s", err.text);
}

static struct weir_port *open_queues(const char *name, unsigned dir, unsigned queues)
{
	struct weir_port_opts opts = { .dir = dir, .queues = queues };
	struct weir_port *p = NULL;
	struct weir_err err = { 0 };

	if (weir_port_open(name, &opts, &p, &err) < 0)
		fail_msg("%s", err.text);
	return p;
}

static struct weir_port *open_port(const char *name, unsigned dir)
{
	return open_queues(name, dir, 1);
}

static void run(struct setup *t, struct weir_send_opts opts)
{
	struct weir_sender *s = NULL;
	struct weir_err err = { 0 };
	struct pollfd pfd = { .events = POLLIN };

	opts.stream = t->stream;
	opts.clock = &t->clock;
	if (!t->ports[0])
		t->ports[0] = open_port("null:", WEIR_PORT_TX);
	opts.n_ports = t->ports[1] ? 2 : 1;
	memcpy(opts.ports, t->ports, sizeof(t->ports));
	assert_int_equal(weir_sender_new(&opts, &s, &err), 0);
	assert_int_equal(weir_sender_start(s, &err), 0);
	pfd.fd = weir_sender_fd(s);
	assert_int_equal(poll(&pfd, 1, 10000), 1);
	t->result = weir_sender_join(s, &err);
	weir_sender_stats(s, &t->stats);
	weir_sender_lateness(s, &t->lateness);
	for (unsigned i = 0; i < 2; i++)
		(void)weir_sender_worker(s, i, &t->workers[i]); /* there may be only one */
	weir_sender_free(s);
}

static void end(struct setup *t)
{
	weir_stream_close(t->stream);
	weir_port_close(t->ports[0]);
	weir_port_close(t->ports[1]);
	pcapfile_remove(&t->trace);
}

static const struct weir_rate topspeed = { .mode = WEIR_RATE_TOPSPEED };

static void test_everything_is_sent_once_per_loop(void **state)
{
	struct setup t;

	(void)state;
	begin(&t, 1000);
	open_stream(&t, (struct weir_stream_opts){ .loops = 3 });
	run(&t, (struct weir_send_opts){ .rate = topspeed });
	assert_int_equal(t.result, 0);
	assert_int_equal(t.stats.frames, 3000);
	assert_int_equal(t.stats.loops, 3);
	assert_true(t.stats.finished);
	assert_false(t.stats.stopped);
	assert_int_equal(t.time.n_waits, 0);
	end(&t);
}

static void test_frames_arrive_in_order_and_whole(void **state)
{
	struct weir_pkt pkts[64];
	struct weir_port *rx = open_port("mem:order", WEIR_PORT_RX);
	uint64_t nr = 0;
	struct setup t;
	int n;

	(void)state;
	begin(&t, 200);
	t.ports[0] = open_port("mem:order", WEIR_PORT_TX);
	open_stream(&t, (struct weir_stream_opts){ .loops = 1 });
	run(&t, (struct weir_send_opts){ .rate = topspeed, .batch = 7 });
	assert_int_equal(t.stats.frames, 200);
	assert_int_equal(t.stats.batches, 29);
	while ((n = weir_port_rx(rx, 0, pkts, 64)) > 0) {
		for (int i = 0; i < n; i++, nr++) {
			assert_int_equal(pkts[i].len, 60 + nr % 7);
			assert_memory_equal(pkts[i].data, &nr, sizeof(nr));
		}
		weir_port_rx_release(rx, 0);
	}
	assert_int_equal(nr, 200);
	end(&t);
	weir_port_close(rx);
}

static void test_a_paced_frame_is_waited_for_until_its_deadline(void **state)
{
	struct setup t;

	(void)state;
	begin(&t, 100);
	open_stream(&t, (struct weir_stream_opts){ .loops = 2 });
	run(&t, (struct weir_send_opts){ .rate = { WEIR_RATE_FRAMES, 1000000, 1 } });
	assert_int_equal(t.stats.frames, 200);
	assert_int_equal(t.time.n_waits, 200);
	for (unsigned i = 0; i < 200; i++)
		assert_int_equal(t.time.waits[i], BEGIN + i * 1000);
	assert_int_equal(t.lateness.n, 200);
	assert_int_equal(t.lateness.max, 0);
	assert_int_equal(t.stats.elapsed_ns, 199 * 1000);
	end(&t);
}

static void test_recorded_time_at_half_speed(void **state)
{
	struct setup t;

	(void)state;
	begin(&t, 10);
	open_stream(&t, (struct weir_stream_opts){ .loops = 1 });
	run(&t, (struct weir_send_opts){ .rate = { WEIR_RATE_TIME, 1, 2 } });
	assert_int_equal(t.time.n_waits, 10);
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(t.time.waits[i], BEGIN + i * 2000);
	end(&t);
}

static void test_late_frames_go_at_once_and_the_rate_is_kept(void **state)
{
	struct setup t;

	(void)state;
	begin(&t, 100);
	open_stream(&t, (struct weir_stream_opts){ .loops = 1 });
	t.time.late_ns = 9500; /* each wait ends when nine more frames are due */
	run(&t, (struct weir_send_opts){ .rate = { WEIR_RATE_FRAMES, 1000000, 1 } });
	assert_int_equal(t.stats.frames, 100);
	assert_int_equal(t.time.n_waits, 10);
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(t.time.waits[i], BEGIN + i * 10000);
	assert_int_equal(t.lateness.n, 100);
	assert_int_equal(t.lateness.max, 9500);
	end(&t);
}

static void test_late_frames_are_dropped_if_so_asked(void **state)
{
	struct setup t;

	(void)state;
	begin(&t, 100);
	open_stream(&t, (struct weir_stream_opts){ .loops = 1 });
	t.time.late_ns = 9500;
	run(&t, (struct weir_send_opts){ .rate = { WEIR_RATE_FRAMES, 1000000, 1 },
					 .on_late = WEIR_LATE_DROP,
					 .late_limit_ns = 5000 });
	/* Of each ten frames those 9.5, 8.5, 7.5, 6.5 and 5.5 us late are dropped. */
	assert_int_equal(t.stats.frames, 50);
	assert_int_equal(t.stats.late_dropped, 50);
	assert_int_equal(t.lateness.max, 4500);
	end(&t);
}

static void test_late_frames_shift_the_schedule_if_so_asked(void **state)
{
	struct setup t;

	(void)state;
	begin(&t, 100);
	open_stream(&t, (struct weir_stream_opts){ .loops = 1 });
	t.time.late_ns = 9500;
	run(&t, (struct weir_send_opts){ .rate = { WEIR_RATE_FRAMES, 1000000, 1 },
					 .on_late = WEIR_LATE_SHIFT,
					 .late_limit_ns = 5000 });
	assert_int_equal(t.stats.frames, 100);
	assert_int_equal(t.stats.shifted_ns, 100 * 9500);
	assert_int_equal(t.time.n_waits, 100); /* no two frames leave together */
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(t.time.waits[i], BEGIN + i * (1000 + 9500));
	end(&t);
}

static void test_catching_up_is_bounded_if_so_asked(void **state)
{
	struct setup t;

	(void)state;
	begin(&t, 1000);
	open_stream(&t, (struct weir_stream_opts){ .loops = 1 });
	t.time.now = 10 * NSEC_PER_SEC;
	run(&t, (struct weir_send_opts){ .rate = { WEIR_RATE_FRAMES, 1000000, 1 },
					 .start_clock = CLOCK_REALTIME,
					 .start_ns = time_now(CLOCK_REALTIME) - NSEC_PER_SEC,
					 .max_burst = 11 });
	/* All are late from the beginning. After each eleven frames, 10 us of schedule, a
	 * wait of 5 us. */
	assert_int_equal(t.stats.frames, 1000);
	assert_in_range(t.time.n_waits, 80, 100);
	for (unsigned i = 1; i < t.time.n_waits; i++)
		assert_true(t.time.waits[i] - t.time.waits[i - 1] <= 5000);
	assert_in_range(t.time.now, 10 * NSEC_PER_SEC + 80 * 4500, 10 * NSEC_PER_SEC + 100 * 5000);
	end(&t);
}

static void test_a_start_in_the_future_is_waited_for(void **state)
{
	struct setup t;

	(void)state;
	begin(&t, 10);
	open_stream(&t, (struct weir_stream_opts){ .loops = 1 });
	run(&t, (struct weir_send_opts){ .rate = topspeed,
					 .start_clock = CLOCK_TAI,
					 .start_ns = time_now(CLOCK_TAI) + 3600 * NSEC_PER_SEC });
	assert_int_equal(t.stats.frames, 10);
	assert_int_equal(t.time.n_waits, 1);
	assert_in_range(t.time.waits[0], 1000000 + 3590 * NSEC_PER_SEC,
			1000000 + 3600 * NSEC_PER_SEC);
	end(&t);
}

/* Sends 10 frames, 1 ms apart, to a file; the reader of that file. */
static struct weir_reader *launch_to_file(struct setup *t, struct weir_send_opts opts)
{
	struct weir_reader *reader = NULL;
	char path[64], name[80];

	(void)snprintf(path, sizeof(path), "/tmp/weir-test-launch-%d.pcapng", (int)getpid());
	(void)snprintf(name, sizeof(name), "file:%s", path);
	begin(t, 10);
	t->ports[0] = open_port(name, WEIR_PORT_TX);
	open_stream(t, (struct weir_stream_opts){ .loops = 1 });
	opts.rate = (struct weir_rate){ WEIR_RATE_FRAMES, 1000, 1 };
	run(t, opts);
	end(t);
	assert_int_equal(weir_reader_open(path, &reader, NULL), 0);
	(void)unlink(path);
	return reader;
}

static void test_launch_times_go_down_with_the_frames(void **state)
{
	struct weir_reader *reader;
	struct weir_record rec;
	struct setup t;
	int64_t first = 0;

	(void)state;
	reader = launch_to_file(&t, (struct weir_send_opts){ .launch_lead_ns = 2 * NSEC_PER_MSEC });
	/* Handed over 2 ms before, from 2 ms after the usual beginning on. */
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(t.time.waits[i], BEGIN + i * NSEC_PER_MSEC);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(weir_reader_next(reader, &rec, NULL), 1);
		first = i ? first : rec.ts_ns;
		assert_int_equal(rec.ts_ns, first + i * (int64_t)NSEC_PER_MSEC);
	}
	weir_reader_close(reader);
}

static void test_ports_that_keep_the_time_get_frames_together(void **state)
{
	struct setup t;

	(void)state;
	begin(&t, 10);
	open_stream(&t, (struct weir_stream_opts){ .loops = 1 });
	run(&t, (struct weir_send_opts){ .rate = { WEIR_RATE_FRAMES, 1000, 1 },
					 .launch_lead_ns = 4 * NSEC_PER_MSEC,
					 .launch_past = true });
	/* With a frame those of the 2 ms after it: each third one is waited for. */
	assert_int_equal(t.stats.frames, 10);
	assert_int_equal(t.time.n_waits, 4);
	for (unsigned i = 0; i < t.time.n_waits; i++)
		assert_int_equal(t.time.waits[i], BEGIN + 3 * i * NSEC_PER_MSEC);
	end(&t);
}

static void test_ports_that_keep_the_time_get_no_frames_after_the_duration(void **state)
{
	struct setup t;

	(void)state;
	begin(&t, 10);
	open_stream(&t, (struct weir_stream_opts){ .loops = 1 });
	run(&t, (struct weir_send_opts){ .rate = { WEIR_RATE_FRAMES, 1000, 1 },
					 .duration_ns = 5 * NSEC_PER_MSEC,
					 .launch_lead_ns = 4 * NSEC_PER_MSEC,
					 .launch_past = true });
	assert_int_equal(t.stats.frames, 5);
	end(&t);
}

/* With times far enough ahead not to be past, whatever the machine does. */
static void test_stamps_tell_when_ports_that_keep_the_time_send(void **state)
{
	struct weir_reader *reader;
	struct weir_record rec;
	struct setup t;

	(void)state;
	reader = launch_to_file(&t, (struct weir_send_opts){ .launch_lead_ns = 3600 * NSEC_PER_SEC,
							     .stamp = true });
	for (int i = 0; i < 10; i++) {
		int64_t ahead;

		assert_int_equal(weir_reader_next(reader, &rec, NULL), 1);
		ahead = rec.ts_ns - (int64_t)be64_at(rec.data + rec.len - 8);
		/* Of CLOCK_REALTIME, the other of CLOCK_TAI. */
		assert_int_equal(ahead % (int64_t)NSEC_PER_SEC, 0);
		assert_in_range(ahead / (int64_t)NSEC_PER_SEC, 0, 100);
	}
	weir_reader_close(reader);
}

static void test_a_profile_that_ends_at_zero_ends_the_run(void **state)
{
	struct weir_profile *p = NULL;
	struct setup t;

	(void)state;
	assert_int_equal(weir_profile_parse("p", "0 1kpps\n50ms 0pps", &p, NULL), 0);
	begin(&t, 100);
	open_stream(&t, (struct weir_stream_opts){ .loops = 0 });
	run(&t, (struct weir_send_opts){ .rate = { .mode = weir_profile_mode(p), .profile = p } });
	assert_int_equal(t.stats.frames, 50);
	assert_true(t.stats.stopped);
	weir_profile_free(p);
	end(&t);
}

/* Workers: each frame is sent by exactly one. */
static void share_out(enum weir_shard shard, struct weir_rate rate)
{
	struct setup t;

	begin(&t, 1000);
	t.ports[0] = open_queues("null:", WEIR_PORT_TX, 2);
	open_stream(&t, (struct weir_stream_opts){
				.loops = 3, .n_cursors = 2, .n_parts = 2, .shard = shard });
	run(&t, (struct weir_send_opts){ .rate = rate, .n_workers = 2 });
	assert_int_equal(t.result, 0);
	assert_int_equal(t.stats.frames, 3000);
	assert_int_equal(t.workers[0].frames + t.workers[1].frames, 3000);
	if (shard == WEIR_SHARD_ROUND_ROBIN)
		assert_int_equal(t.workers[0].frames, 1500);
	assert_int_equal(t.stats.loops, 3);
	end(&t);
}

static void test_workers_share_a_trace_out(void **state)
{
	const struct weir_rate paced = { WEIR_RATE_FRAMES, 100000000, 1 };

	(void)state;
	share_out(WEIR_SHARD_ROUND_ROBIN, topspeed);
	share_out(WEIR_SHARD_FLOW, topspeed);
	share_out(WEIR_SHARD_ROUND_ROBIN, paced);
	share_out(WEIR_SHARD_FLOW, paced);
}

static void test_parts_of_a_schedule_make_the_whole(void **state)
{
	unsigned n[3] = { 0 };

	(void)state;
	for (unsigned share = 0; share < 3; share++) {
		struct setup t;

		begin(&t, 100);
		open_stream(&t, (struct weir_stream_opts){ .loops = 1,
							   .n_parts = 3,
							   .first_part = share,
							   .shard = WEIR_SHARD_ROUND_ROBIN });
		run(&t, (struct weir_send_opts){ .rate = { WEIR_RATE_FRAMES, 1000000, 1 } });
		n[share] = (unsigned)t.stats.frames;
		for (unsigned i = 0; i < n[share]; i++) /* on the same schedule */
			assert_int_equal(t.time.waits[i], BEGIN + (3 * i + share) * 1000);
		end(&t);
	}
	assert_int_equal(n[0], 34);
	assert_int_equal(n[1], 33);
	assert_int_equal(n[2], 33);
}

static void test_with_workers_the_limit_is_a_place(void **state)
{
	struct setup t;

	(void)state;
	begin(&t, 100);
	t.ports[0] = open_queues("null:", WEIR_PORT_TX, 2);
	open_stream(&t, (struct weir_stream_opts){ .loops = 0,
						   .n_cursors = 2,
						   .n_parts = 2,
						   .shard = WEIR_SHARD_ROUND_ROBIN });
	run(&t, (struct weir_send_opts){ .rate = topspeed, .limit = 333, .n_workers = 2 });
	assert_int_equal(t.stats.frames, 333);
	assert_int_equal(t.workers[0].frames, 167);
	end(&t);
}

static void test_the_limit_counts_frames_taken(void **state)
{
	struct setup t;

	(void)state;
	begin(&t, 100);
	open_stream(&t, (struct weir_stream_opts){ .loops = 0 });
	run(&t, (struct weir_send_opts){ .rate = topspeed, .limit = 777 });
	assert_int_equal(t.stats.frames, 777);
	assert_true(t.stats.stopped);
	assert_int_equal(t.result, 0);
	end(&t);
}

static void test_the_duration_ends_a_paced_run_on_time(void **state)
{
	struct setup t;

	(void)state;
	begin(&t, 100);
	open_stream(&t, (struct weir_stream_opts){ .loops = 0 });
	run(&t, (struct weir_send_opts){ .rate = { WEIR_RATE_FRAMES, 1000, 1 },
					 .duration_ns = NSEC_PER_SEC + NSEC_PER_MSEC / 2 });
	assert_int_equal(t.stats.frames, 1001); /* at 0, 1, ... 1000 ms */
	assert_int_equal(t.stats.elapsed_ns, NSEC_PER_SEC + NSEC_PER_MSEC / 2);
	assert_true(t.stats.stopped);
	end(&t);
}

static void test_the_duration_ends_a_run_at_top_speed(void **state)
{
	struct setup t;

	(void)state;
	begin(&t, 100);
	open_stream(&t, (struct weir_stream_opts){ .loops = 0 });
	t.time.cost_ns = 1000;
	run(&t, (struct weir_send_opts){ .rate = topspeed, .duration_ns = NSEC_PER_MSEC });
	assert_true(t.stats.stopped);
	assert_true(t.stats.frames > 0);
	end(&t);
}

static int second_half(void *ctx, struct weir_buf *b, unsigned n)
{
	(void)ctx;
	for (unsigned i = 0; i < n; i++)
		b[i].port = (uint8_t)(b[i].nr > 30);
	return 0;
}

static void test_frames_go_to_the_port_they_are_marked_for(void **state)
{
	static const struct weir_stage stage = { .run = second_half };
	struct weir_port_stats st;
	struct setup t;

	(void)state;
	begin(&t, 100);
	t.ports[0] = open_port("null:", WEIR_PORT_TX);
	t.ports[1] = open_port("null:", WEIR_PORT_TX);
	open_stream(&t, (struct weir_stream_opts){ .loops = 1, .stages = &stage, .n_stages = 1 });
	run(&t, (struct weir_send_opts){ .rate = topspeed });
	weir_port_stats(t.ports[0], &st);
	assert_int_equal(st.tx_frames, 30);
	weir_port_stats(t.ports[1], &st);
	assert_int_equal(st.tx_frames, 70);
	end(&t);
}

struct asked {
	unsigned n;
	uint64_t nr[8];
};

static uint64_t answer(void *ctx, uint64_t nr, unsigned port)
{
	static const uint64_t answers[] = { 1, 3, 5, 0 };
	struct asked *a = ctx;

	assert_int_equal(port, 0);
	a->nr[a->n] = nr;
	return answers[a->n++];
}

static void test_one_at_a_time_asks_before_each_lot(void **state)
{
	struct asked a = { 0 };
	struct setup t;

	(void)state;
	begin(&t, 100);
	open_stream(&t, (struct weir_stream_opts){ .loops = 1 });
	run(&t, (struct weir_send_opts){ .rate = topspeed, .ask = answer, .ask_ctx = &a });
	assert_int_equal(t.stats.frames, 9);
	assert_int_equal(a.n, 4);
	assert_int_equal(a.nr[0], 1);
	assert_int_equal(a.nr[1], 2);
	assert_int_equal(a.nr[2], 5);
	assert_int_equal(a.nr[3], 10);
	end(&t);
}

struct begun {
	uint64_t loops[8];
	unsigned n;
};

static void note_loop(void *ctx, uint64_t loop)
{
	struct begun *b = ctx;

	if (b->n < ARRAY_SIZE(b->loops))
		b->loops[b->n] = loop;
	b->n++;
}

static void test_each_loop_is_told_as_it_begins(void **state)
{
	struct begun b = { 0 };
	struct setup t;

	(void)state;
	begin(&t, 10);
	open_stream(&t, (struct weir_stream_opts){ .loops = 3 });
	run(&t,
	    (struct weir_send_opts){ .rate = topspeed, .loop_begins = note_loop, .loop_ctx = &b });
	assert_int_equal(b.n, 3);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(b.loops[i], i);
	end(&t);
}

static void test_pauses_between_loops_are_kept_at_top_speed(void **state)
{
	struct setup t;

	(void)state;
	begin(&t, 10);
	open_stream(&t, (struct weir_stream_opts){ .loops = 3 });
	run(&t, (struct weir_send_opts){
			.rate = { .mode = WEIR_RATE_TOPSPEED, .loop_gap_ns = 5 * NSEC_PER_MSEC } });
	assert_int_equal(t.stats.frames, 30);
	assert_int_equal(t.time.n_waits, 2);
	assert_int_equal(t.stats.elapsed_ns, 10 * NSEC_PER_MSEC);
	end(&t);
}

/* With the real clock: a sender that waits for an hour is stopped, held and freed. */
static void test_a_waiting_sender_stops_at_once(void **state)
{
	struct weir_send_opts opts = { .rate = { WEIR_RATE_FRAMES, 1, 3600 } };
	struct pollfd pfd = { .events = POLLIN };
	struct weir_sender *s = NULL;
	struct setup t;

	(void)state;
	begin(&t, 10);
	open_stream(&t, (struct weir_stream_opts){ .loops = 1 });
	t.ports[0] = open_port("null:", WEIR_PORT_TX);
	opts.stream = t.stream;
	opts.ports[0] = t.ports[0];
	opts.n_ports = 1;
	assert_int_equal(weir_sender_new(&opts, &s, NULL), 0);
	assert_int_equal(weir_sender_start(s, NULL), 0);
	weir_sender_pause(s);
	weir_sender_resume(s);
	weir_sender_stop(s);
	pfd.fd = weir_sender_fd(s);
	assert_int_equal(poll(&pfd, 1, 10000), 1);
	assert_int_equal(weir_sender_join(s, NULL), 0);
	weir_sender_stats(s, &t.stats);
	assert_true(t.stats.frames <= 1);
	weir_sender_free(s);
	end(&t);
}

static void test_freeing_a_running_sender_ends_it(void **state)
{
	struct weir_send_opts opts = { .rate = topspeed };
	struct weir_sender *s = NULL;
	struct setup t;

	(void)state;
	begin(&t, 10);
	open_stream(&t, (struct weir_stream_opts){ .loops = 0 });
	t.ports[0] = open_port("null:", WEIR_PORT_TX);
	opts.stream = t.stream;
	opts.ports[0] = t.ports[0];
	opts.n_ports = 1;
	assert_int_equal(weir_sender_new(&opts, &s, NULL), 0);
	assert_int_equal(weir_sender_start(s, NULL), 0);
	assert_null(weir_sender_free(s));
	end(&t);
}

static void test_wrong_options_are_refused(void **state)
{
	struct weir_send_opts opts = { .rate = topspeed };
	struct weir_sender *s = NULL;
	struct weir_err err = { 0 };

	(void)state;
	assert_int_equal(weir_sender_new(&opts, &s, &err), -EINVAL);
	assert_string_equal(err.text, "there is nothing to send");
	assert_null(s);
	assert_null(weir_sender_free(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_everything_is_sent_once_per_loop),
		cmocka_unit_test(test_frames_arrive_in_order_and_whole),
		cmocka_unit_test(test_a_paced_frame_is_waited_for_until_its_deadline),
		cmocka_unit_test(test_recorded_time_at_half_speed),
		cmocka_unit_test(test_late_frames_go_at_once_and_the_rate_is_kept),
		cmocka_unit_test(test_late_frames_are_dropped_if_so_asked),
		cmocka_unit_test(test_late_frames_shift_the_schedule_if_so_asked),
		cmocka_unit_test(test_catching_up_is_bounded_if_so_asked),
		cmocka_unit_test(test_a_start_in_the_future_is_waited_for),
		cmocka_unit_test(test_launch_times_go_down_with_the_frames),
		cmocka_unit_test(test_ports_that_keep_the_time_get_frames_together),
		cmocka_unit_test(test_ports_that_keep_the_time_get_no_frames_after_the_duration),
		cmocka_unit_test(test_stamps_tell_when_ports_that_keep_the_time_send),
		cmocka_unit_test(test_a_profile_that_ends_at_zero_ends_the_run),
		cmocka_unit_test(test_workers_share_a_trace_out),
		cmocka_unit_test(test_parts_of_a_schedule_make_the_whole),
		cmocka_unit_test(test_with_workers_the_limit_is_a_place),
		cmocka_unit_test(test_the_limit_counts_frames_taken),
		cmocka_unit_test(test_the_duration_ends_a_paced_run_on_time),
		cmocka_unit_test(test_the_duration_ends_a_run_at_top_speed),
		cmocka_unit_test(test_frames_go_to_the_port_they_are_marked_for),
		cmocka_unit_test(test_one_at_a_time_asks_before_each_lot),
		cmocka_unit_test(test_each_loop_is_told_as_it_begins),
		cmocka_unit_test(test_pauses_between_loops_are_kept_at_top_speed),
		cmocka_unit_test(test_a_waiting_sender_stops_at_once),
		cmocka_unit_test(test_freeing_a_running_sender_ends_it),
		cmocka_unit_test(test_wrong_options_are_refused),
	};

	return unit_run(tests);
}
