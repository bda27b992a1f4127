/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Forwarding between mem: ports. "near" ends are the forwarder's; what it does shows at
 * the far ends of the same pairs.
 */
#include <weir/forward.h>

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "base/macros.h"
#include "support/pcapfile.h"
#include "support/unit.h"

#define LEN	60u
#define PATIENT (1000 * NSEC_PER_SEC) /* so that slow machines show the same */

struct setup {
	struct weir_port *near[2], *far[2];
	struct weir_forwarder *f;
	struct weir_err err;
};

static struct weir_port *open_port(const char *name, const struct weir_port_opts *opts)
{
	struct weir_port *p = NULL;
	struct weir_err err = { 0 };

	if (weir_port_open(name, opts, &p, &err) < 0)
		fail_msg("%s", err.text);
	return p;
}

static void begin(struct setup *t)
{
	*t = (struct setup){ 0 };
	for (unsigned i = 0; i < 2; i++) {
		t->near[i] = open_port(i ? "mem:b" : "mem:a", NULL);
		t->far[i] = open_port(i ? "mem:b" : "mem:a", NULL);
	}
}

static void end(struct setup *t)
{
	weir_forwarder_free(t->f);
	for (unsigned i = 0; i < 2; i++) {
		weir_port_close(t->near[i]);
		weir_port_close(t->far[i]);
	}
}

/* Starts with a lane in each direction; stages are for the first. */
static void start(struct setup *t, struct weir_forward_opts opts, const struct weir_stage *stages,
		  unsigned n_stages)
{
	const struct weir_lane lanes[2] = {
		{ .from = t->near[0], .to = t->near[1], .stages = stages, .n_stages = n_stages },
		{ .from = t->near[1], .to = t->near[0], .side = 1 },
	};

	opts.lanes = lanes;
	opts.n_lanes = 2;
	if (!opts.patience_ns)
		opts.patience_ns = PATIENT;
	if (weir_forwarder_new(&opts, &t->f, &t->err) < 0 ||
	    weir_forwarder_start(t->f, &t->err) < 0)
		fail_msg("%s", t->err.text);
}

/* Sends numbered frames from a far end. */
static void send_numbers(struct weir_port *p, uint32_t first, uint32_t n)
{
	for (uint32_t i = first; i < first + n; i++) {
		uint8_t data[LEN] = { 0 };
		struct weir_pkt pkt = { .data = data, .len = LEN, .orig_len = LEN };

		memcpy(data, &i, sizeof(i));
		while (weir_port_tx(p, 0, &pkt, 1) == 0)
			assert_true(weir_port_tx_wait(p, 0, PATIENT) >= 0);
	}
}

static uint32_t number_of(const struct weir_pkt *pkt)
{
	uint32_t nr;

	assert_true(pkt->len >= sizeof(nr));
	memcpy(&nr, pkt->data, sizeof(nr));
	return nr;
}

/* Receives frames with these numbers, in order. */
static void expect_numbers(struct weir_port *p, uint32_t first, uint32_t n, uint32_t step)
{
	for (uint32_t i = 0; i < n;) {
		struct weir_pkt pkts[16];
		int got = weir_port_rx(p, 0, pkts, MIN(16u, n - i));

		assert_true(got >= 0);
		for (int k = 0; k < got; k++, i++)
			assert_int_equal(number_of(&pkts[k]), first + i * step);
		weir_port_rx_release(p, 0);
		if (!got)
			assert_true(weir_port_rx_wait(p, 0, PATIENT) >= 0);
	}
}

static struct weir_lane_stats stats_of(const struct setup *t, unsigned lane)
{
	struct weir_lane_stats s;

	assert_int_equal(weir_forwarder_lane(t->f, lane, &s), 1);
	return s;
}

static void assert_adds_up(const struct weir_lane_stats *s)
{
	assert_int_equal(s->frames + s->made,
			 s->dropped + s->cut + s->given + s->no_room + s->left_over);
}

/* Stops, and looks whether all frames are accounted for. */
static void stop(struct setup *t)
{
	weir_forwarder_stop(t->f);
	if (weir_forwarder_join(t->f, &t->err) < 0)
		fail_msg("%s", t->err.text);
	for (unsigned i = 0; i < 2; i++) {
		struct weir_lane_stats s = stats_of(t, i);

		assert_adds_up(&s);
	}
}

static void await_end(struct setup *t)
{
	struct pollfd pfd = { .fd = weir_forwarder_fd(t->f), .events = POLLIN };

	assert_int_equal(poll(&pfd, 1, 60000), 1);
}

static void test_frames_pass_both_ways_in_order(void **state)
{
	struct setup t;
	struct weir_lane_stats s;

	(void)state;
	begin(&t);
	start(&t, (struct weir_forward_opts){ 0 }, NULL, 0);
	send_numbers(t.far[0], 0, 1000);
	send_numbers(t.far[1], 5000, 700);
	expect_numbers(t.far[1], 0, 1000, 1);
	expect_numbers(t.far[0], 5000, 700, 1);
	stop(&t);
	s = stats_of(&t, 0);
	assert_int_equal(s.frames, 1000);
	assert_int_equal(s.bytes, 1000 * LEN);
	assert_int_equal(s.given, 1000);
	assert_int_equal(stats_of(&t, 1).given, 700);
	assert_int_equal(weir_forwarder_lane(t.f, 2, &s), 0);
	end(&t);
}

/* Drops odd numbers. */
static int drop_odd(void *ctx, struct weir_buf *bufs, unsigned n)
{
	uint64_t *nr = ctx;

	for (unsigned i = 0; i < n; i++) {
		assert_int_equal(bufs[i].nr, ++*nr);
		assert_int_equal(bufs[i].linktype, 1);
		assert_int_equal(bufs[i].port, 0);
		assert_true(bufs[i].ts_ns > 0);
		if (bufs[i].data[0] & 1)
			bufs[i].port = WEIR_NO_PORT;
	}
	return 0;
}

/* Frames become as long as they may. */
static int grow(void *ctx, struct weir_buf *bufs, unsigned n)
{
	(void)ctx;
	for (unsigned i = 0; i < n; i++) {
		assert_true(bufs[i].room >= bufs[i].len + 128);
		memset(bufs[i].data + bufs[i].len, 0xaa, bufs[i].room - bufs[i].len);
		bufs[i].len = bufs[i].room;
	}
	return 0;
}

/* Leads 2000 frames through stages that drop the odd ones. */
static struct weir_lane_stats pass_even(const struct weir_stage *stages, unsigned n)
{
	struct weir_lane_stats s;
	struct setup t;

	begin(&t);
	start(&t, (struct weir_forward_opts){ 0 }, stages, n);
	send_numbers(t.far[0], 0, 2000);
	expect_numbers(t.far[1], 0, 1000, 2);
	stop(&t);
	s = stats_of(&t, 0);
	end(&t);
	return s;
}

static void test_stages_see_frames_in_order_and_their_drops_are_counted(void **state)
{
	uint64_t nr = 0;
	const struct weir_stage stages[] = { { .run = drop_odd, .ctx = &nr } };
	struct weir_lane_stats s = pass_even(stages, 1);

	(void)state;
	assert_int_equal(s.dropped, 1000);
	assert_int_equal(s.given, 1000);
}

static void test_frames_may_grow_without_harm_to_their_neighbours(void **state)
{
	uint64_t nr = 0;
	const struct weir_stage stages[] = { { .run = drop_odd, .ctx = &nr },
					     { .run = grow, .changes = true } };

	(void)state;
	assert_int_equal(pass_even(stages, 2).given, 1000);
}

/* The longest frames do not all fit into the memory for a batch at once. */
static void test_long_frames_are_changed_too(void **state)
{
	const struct weir_stage stages[] = { { .run = grow, .changes = true } };
	enum {
		N = 40
	};
	uint8_t *data = test_calloc(1, WEIR_FRAME_MAX - 128);
	struct weir_pkt pkt = { .data = data,
				.len = WEIR_FRAME_MAX - 128,
				.orig_len = WEIR_FRAME_MAX - 128 };
	struct setup t;

	(void)state;
	begin(&t);
	start(&t, (struct weir_forward_opts){ 0 }, stages, 1);
	for (uint32_t i = 0, got = 0; got < N;) {
		struct weir_pkt in;

		memcpy(data, &i, sizeof(i));
		if (i < N)
			i += (uint32_t)weir_port_tx(t.far[0], 0, &pkt, 1);
		if (weir_port_rx(t.far[1], 0, &in, 1) == 1) {
			assert_int_equal(number_of(&in), got++);
			assert_int_equal(in.len, WEIR_FRAME_MAX);
			assert_int_equal(in.data[WEIR_FRAME_MAX - 1], 0xaa);
		}
		weir_port_rx_release(t.far[1], 0);
	}
	stop(&t);
	assert_int_equal(stats_of(&t, 0).given, N);
	end(&t);
	test_free(data);
}

/* Gives each frame twice, from memory of its own. */
struct twice {
	struct weir_buf *in, out[2];
	uint8_t data[2][LEN];
	unsigned n, at;
};

static int twice_run(void *ctx, struct weir_buf *bufs, unsigned n)
{
	struct twice *w = ctx;

	w->in = bufs;
	w->n = n;
	w->at = 0;
	return 0;
}

static int twice_next(void *ctx, struct weir_buf **ret_bufs)
{
	struct twice *w = ctx;

	if (w->at == w->n)
		return 0;
	for (unsigned i = 0; i < 2; i++) {
		w->out[i] = w->in[w->at];
		w->out[i].data = w->data[i];
		memcpy(w->data[i], w->in[w->at].data, LEN);
	}
	w->at++;
	*ret_bufs = w->out;
	return 2;
}

static void test_stages_may_make_frames(void **state)
{
	struct twice w = { 0 };
	const struct weir_stage stages[] = { { .run = twice_run, .next = twice_next, .ctx = &w } };
	struct setup t;

	(void)state;
	begin(&t);
	start(&t, (struct weir_forward_opts){ 0 }, stages, 1);
	for (uint32_t i = 0; i < 100; i++) {
		send_numbers(t.far[0], i, 1);
		expect_numbers(t.far[1], i, 2, 0);
	}
	stop(&t);
	assert_int_equal(stats_of(&t, 0).frames, 100);
	assert_int_equal(stats_of(&t, 0).made, 100);
	assert_int_equal(stats_of(&t, 0).given, 200);
	end(&t);
}

static int refuse_all(void *ctx, struct weir_buf *bufs, unsigned n)
{
	(void)ctx, (void)bufs, (void)n;
	return -EBADMSG;
}

static void test_stage_that_fails_ends_the_run_with_its_error(void **state)
{
	const struct weir_stage stages[] = { { .run = refuse_all } };
	struct setup t;

	(void)state;
	begin(&t);
	start(&t, (struct weir_forward_opts){ 0 }, stages, 1);
	send_numbers(t.far[0], 0, 1);
	await_end(&t);
	assert_int_equal(weir_forwarder_join(t.f, &t.err), -EBADMSG);
	assert_non_null(strstr(t.err.text, "mem:a"));
	end(&t);
}

static void test_stage_that_holds_frames_back_is_refused(void **state)
{
	const struct weir_stage stages[] = { { .run = refuse_all, .holds = true } };
	struct setup t;
	struct weir_lane lane = { .stages = stages, .n_stages = 1 };
	struct weir_forward_opts opts = { .lanes = &lane, .n_lanes = 1 };

	(void)state;
	begin(&t);
	lane.from = t.near[0];
	lane.to = t.near[1];
	assert_int_equal(weir_forwarder_new(&opts, &t.f, &t.err), -EINVAL);
	assert_null(t.f);
	lane.n_stages = 0;
	lane.to_queue = 1;
	assert_int_equal(weir_forwarder_new(&opts, &t.f, &t.err), -EINVAL);
	opts.n_lanes = 0;
	assert_int_equal(weir_forwarder_new(&opts, &t.f, &t.err), -EINVAL);
	end(&t);
}

/* Nobody reads at the far end: its ring gets full. */
static uint32_t fill(struct setup *t)
{
	uint32_t n = 0;
	struct weir_lane_stats s;

	do {
		send_numbers(t->far[0], n, 1000);
		n += 1000;
		s = stats_of(t, 0);
	} while (!s.waits && !s.no_room);
	return n;
}

static void test_port_that_hesitates_loses_nothing(void **state)
{
	struct setup t;
	uint32_t n;

	(void)state;
	begin(&t);
	start(&t, (struct weir_forward_opts){ 0 }, NULL, 0);
	n = fill(&t);
	expect_numbers(t.far[1], 0, n, 1);
	stop(&t);
	assert_int_equal(stats_of(&t, 0).given, n);
	assert_int_equal(stats_of(&t, 0).no_room, 0);
	end(&t);
}

static void test_port_that_is_stuck_loses_frames_until_it_goes_on(void **state)
{
	struct setup t;
	struct weir_lane_stats s;
	uint32_t n;
	int r;

	(void)state;
	begin(&t);
	start(&t, (struct weir_forward_opts){ .patience_ns = 1 }, NULL, 0);
	n = fill(&t);
	/* Nothing blocks: whatever comes is taken in, and lost. */
	send_numbers(t.far[0], n, 100000);
	do {
		s = stats_of(&t, 0);
	} while (s.given + s.no_room < n + 100000);
	do {
		struct weir_pkt pkts[64];

		r = weir_port_rx(t.far[1], 0, pkts, 64);
		weir_port_rx_release(t.far[1], 0);
	} while (r > 0);
	send_numbers(t.far[0], 7, 1);
	expect_numbers(t.far[1], 7, 1, 1);
	stop(&t);
	s = stats_of(&t, 0);
	assert_true(s.no_room > 0);
	assert_int_equal(s.given + s.no_room, n + 100001);
	end(&t);
}

static void test_limit_is_exact_over_all_lanes(void **state)
{
	struct setup t;
	struct weir_port_stats a, b;

	(void)state;
	begin(&t);
	send_numbers(t.far[0], 0, 3000);
	send_numbers(t.far[1], 0, 3000);
	start(&t, (struct weir_forward_opts){ .limit = 4001 }, NULL, 0);
	await_end(&t);
	stop(&t);
	weir_port_stats(t.near[0], &a);
	weir_port_stats(t.near[1], &b);
	assert_int_equal(a.tx_frames + b.tx_frames, 4001);
	assert_int_equal(stats_of(&t, 0).given + stats_of(&t, 1).given, 4001);
	end(&t);
}

static void test_frames_that_found_no_room_do_not_count_for_the_limit(void **state)
{
	struct setup t;
	struct weir_lane_stats s;
	uint32_t n;
	int r;

	(void)state;
	begin(&t);
	start(&t, (struct weir_forward_opts){ .limit = 1000000, .patience_ns = 1 }, NULL, 0);
	n = fill(&t);
	while (stats_of(&t, 0).given + stats_of(&t, 0).no_room < 1000000) {
		send_numbers(t.far[0], n, 1000);
		n += 1000;
	}
	s = stats_of(&t, 0);
	assert_true(s.given < 1000000);
	do { /* it goes on, once it is read from */
		struct weir_pkt pkts[256];
		struct pollfd pfd = { .fd = weir_forwarder_fd(t.f), .events = POLLIN };

		r = weir_port_rx(t.far[1], 0, pkts, 256);
		weir_port_rx_release(t.far[1], 0);
		if (weir_port_tx_wait(t.far[0], 0, 0) > 0)
			send_numbers(t.far[0], 0, 1);
		if (poll(&pfd, 1, 0) == 1)
			break;
	} while (r >= 0);
	stop(&t);
	assert_int_equal(stats_of(&t, 0).given, 1000000);
	end(&t);
}

static void test_frames_received_in_part_are_not_handed_on(void **state)
{
	const struct weir_port_opts opts = { .dir = WEIR_PORT_TX | WEIR_PORT_RX, .snaplen = LEN };
	struct setup t = { 0 };
	uint8_t data[LEN + 1] = { 0 };
	struct weir_pkt pkt = { .data = data, .len = LEN + 1, .orig_len = LEN + 1 };

	(void)state;
	t.near[0] = open_port("mem:a", &opts);
	t.near[1] = open_port("mem:b", NULL);
	t.far[0] = open_port("mem:a", NULL);
	t.far[1] = open_port("mem:b", NULL);
	send_numbers(t.far[0], 0, 1);
	assert_int_equal(weir_port_tx(t.far[0], 0, &pkt, 1), 1);
	send_numbers(t.far[0], 1, 1);
	start(&t, (struct weir_forward_opts){ 0 }, NULL, 0);
	expect_numbers(t.far[1], 0, 2, 1);
	stop(&t);
	assert_int_equal(stats_of(&t, 0).cut, 1);
	end(&t);
}

static void test_port_that_goes_away_ends_the_run_by_name(void **state)
{
	struct setup t;
	int r;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		begin(&t);
		start(&t, (struct weir_forward_opts){ 0 }, NULL, 0);
		t.far[i] = weir_port_close(t.far[i]);
		await_end(&t);
		r = weir_forwarder_join(t.f, &t.err);
		assert_int_equal(r, -EPIPE);
		assert_non_null(strstr(t.err.text, i ? "mem:b" : "mem:a"));
		end(&t);
	}
}

static void test_end_of_a_file_ends_its_lane(void **state)
{
	const struct weir_port_opts rx = { .dir = WEIR_PORT_RX }, tx = { .dir = WEIR_PORT_TX };
	struct pcapfile trace;
	struct weir_lane lane = { 0 };
	const struct weir_forward_opts opts = { .lanes = &lane, .n_lanes = 1 };
	struct setup t = { 0 };
	char name[80];

	(void)state;
	pcapfile_begin(&trace, 1);
	for (unsigned i = 0; i < 300; i++)
		pcapfile_add_numbered(&trace, 0, LEN);
	pcapfile_end(&trace);
	snprintf(name, sizeof(name), "file:%s", trace.path);
	t.near[0] = open_port(name, &rx);
	t.near[1] = open_port("null:", &tx);
	lane.from = t.near[0];
	lane.to = t.near[1];
	assert_int_equal(weir_forwarder_new(&opts, &t.f, NULL), 0);
	assert_int_equal(weir_forwarder_start(t.f, NULL), 0);
	await_end(&t);
	assert_int_equal(weir_forwarder_join(t.f, &t.err), 0);
	assert_int_equal(stats_of(&t, 0).given, 300);
	end(&t);
	pcapfile_remove(&trace);
}

static void test_may_be_freed_without_a_start_and_while_it_runs(void **state)
{
	struct setup t;
	struct weir_lane lane = { 0 };
	const struct weir_forward_opts opts = { .lanes = &lane, .n_lanes = 1 };

	(void)state;
	begin(&t);
	lane.from = t.near[0];
	lane.to = t.near[1];
	assert_int_equal(weir_forwarder_new(&opts, &t.f, NULL), 0);
	t.f = weir_forwarder_free(t.f);
	start(&t, (struct weir_forward_opts){ 0 }, NULL, 0);
	send_numbers(t.far[0], 0, 100);
	end(&t);
	assert_null(weir_forwarder_free(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frames_pass_both_ways_in_order),
		cmocka_unit_test(test_stages_see_frames_in_order_and_their_drops_are_counted),
		cmocka_unit_test(test_frames_may_grow_without_harm_to_their_neighbours),
		cmocka_unit_test(test_long_frames_are_changed_too),
		cmocka_unit_test(test_stages_may_make_frames),
		cmocka_unit_test(test_stage_that_fails_ends_the_run_with_its_error),
		cmocka_unit_test(test_stage_that_holds_frames_back_is_refused),
		cmocka_unit_test(test_port_that_hesitates_loses_nothing),
		cmocka_unit_test(test_port_that_is_stuck_loses_frames_until_it_goes_on),
		cmocka_unit_test(test_limit_is_exact_over_all_lanes),
		cmocka_unit_test(test_frames_that_found_no_room_do_not_count_for_the_limit),
		cmocka_unit_test(test_frames_received_in_part_are_not_handed_on),
		cmocka_unit_test(test_port_that_goes_away_ends_the_run_by_name),
		cmocka_unit_test(test_end_of_a_file_ends_its_lane),
		cmocka_unit_test(test_may_be_freed_without_a_start_and_while_it_runs),
	};

	return unit_run(tests);
}
