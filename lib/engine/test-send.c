/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The sending loop with a clock of our own: what leaves, in which order, and when.
 */
#include <weir/send.h>

#include <errno.h>
#include <poll.h>
#include <pthread.h>

#include "base/macros.h"
#include "support/pcapfile.h"
#include "support/unit.h"

/* A clock that jumps to whatever is waited for, and keeps a list of that. */
#define MAX_WAITS 4096

struct fake_clock {
	uint64_t now;
	uint64_t waits[MAX_WAITS];
	unsigned n_waits;
	uint64_t cost_ns; /* what it takes each time it is read */
};

static uint64_t fake_now(void *ctx)
{
	struct fake_clock *c = ctx;

	c->now += c->cost_ns;
	return c->now;
}

static uint64_t fake_wait(void *ctx, uint64_t t, const int *stop)
{
	struct fake_clock *c = ctx;

	(void)stop;
	if (c->n_waits < MAX_WAITS)
		c->waits[c->n_waits++] = t;
	c->now = MAX(c->now, t);
	return c->now;
}

/* One run of a sender over a small trace. */
struct setup {
	struct pcapfile trace;
	struct fake_clock time;
	struct weir_clock clock;
	struct weir_stream *stream;
	struct weir_port *ports[2];
	struct weir_send_stats stats;
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
	opts.n_cursors = 1;
	opts.preload = true; /* so that files is not needed any more */
	if (weir_stream_open(&opts, &t->stream, &err) < 0)
		fail_msg("%s", err.text);
}

static struct weir_port *open_port(const char *name, unsigned dir)
{
	struct weir_port_opts opts = { .dir = dir };
	struct weir_port *p = NULL;
	struct weir_err err = { 0 };

	if (weir_port_open(name, &opts, &p, &err) < 0)
		fail_msg("%s", err.text);
	return p;
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
	assert_int_equal(t.time.n_waits, 199); /* the first is due at once */
	for (unsigned i = 0; i < 199; i++)
		assert_int_equal(t.time.waits[i], 1000000 + (i + 1) * 1000);
	assert_int_equal(t.stats.late_frames, 0);
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
	assert_int_equal(t.time.n_waits, 9);
	for (unsigned i = 0; i < 9; i++)
		assert_int_equal(t.time.waits[i], 1000000 + (i + 1) * 2000);
	end(&t);
}

static void test_late_frames_go_at_once_and_are_counted(void **state)
{
	struct setup t;

	(void)state;
	begin(&t, 100);
	open_stream(&t, (struct weir_stream_opts){ .loops = 1 });
	t.ports[0] = open_port("null:", WEIR_PORT_TX);
	t.time.cost_ns = 50000; /* reading the clock once takes 50 frames' time */
	run(&t, (struct weir_send_opts){ .rate = { WEIR_RATE_FRAMES, 1000000, 1 },
					 .duration_ns = NSEC_PER_SEC });
	assert_int_equal(t.stats.frames, 100);
	assert_true(t.time.n_waits <= 99);
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
		cmocka_unit_test(test_late_frames_go_at_once_and_are_counted),
		cmocka_unit_test(test_the_limit_counts_frames_taken),
		cmocka_unit_test(test_the_duration_ends_a_paced_run_on_time),
		cmocka_unit_test(test_the_duration_ends_a_run_at_top_speed),
		cmocka_unit_test(test_frames_go_to_the_port_they_are_marked_for),
		cmocka_unit_test(test_one_at_a_time_asks_before_each_lot),
		cmocka_unit_test(test_pauses_between_loops_are_kept_at_top_speed),
		cmocka_unit_test(test_a_waiting_sender_stops_at_once),
		cmocka_unit_test(test_freeing_a_running_sender_ends_it),
		cmocka_unit_test(test_wrong_options_are_refused),
	};

	return unit_run(tests);
}
