/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Launch times on a veth pair whose sending end has an ETF queueing discipline. How exact they
 * are depends on the machine and is not asked here; but nothing leaves too early, all that is
 * counted as sent arrives, and all that is not is counted as dropped.
 *
 *     launch TX-NAME RX-NAME TX-NAMESPACE RX-NAMESPACE DELTA-NS [print]
 *
 * "print" tells the time between launch and arrival of each frame, for people.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <weir/port.h>

#include "frames.h"
#include "pair.h"
#include "support/unit.h"

#define N     200
#define LEN   200
#define GAP   500000 /* ns */
#define AHEAD (50 * (int64_t)MSEC)

struct config cfg; /* pair.c asks */
static int64_t delta_ns;
static bool print;

struct arrivals {
	int64_t tai_ns[N]; /* 0: did not come */
	unsigned n;
};

static int64_t clock_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return ts.tv_sec * (int64_t)SEC + ts.tv_nsec;
}

/* The kernel stamps what comes in with CLOCK_REALTIME: the whole seconds between. */
static int64_t tai_offset_ns(void)
{
	int64_t diff = clock_ns(CLOCK_TAI) - clock_ns(CLOCK_REALTIME);

	return (diff + (int64_t)SEC / 2) / (int64_t)SEC * (int64_t)SEC;
}

static struct pair open_launch_pair(void)
{
	const struct weir_port_opts tx = { .dir = WEIR_PORT_TX, .launch_time = true };
	const struct weir_port_opts rx = { .dir = WEIR_PORT_RX, .promisc = true };

	return (struct pair){
		.rx = open_port(cfg.rx_name, cfg.rxns, &rx),
		.tx = open_port(cfg.tx_name, cfg.txns, &tx),
	};
}

/* N frames; frame i has the time times[i]. */
static void send_at(struct pair *p, const int64_t *times)
{
	struct batch *b = batch_new();

	p->len_of = len_fixed;
	p->fixed_len = LEN;
	batch_fill(b, p, 0, N);
	for (unsigned i = 0; i < N; i++)
		b->pkts[i].ts_ns = times[i];
	send_whole(p, b->pkts, N);
	batch_free(b);
}

static void note_arrival(struct arrivals *a, const struct weir_pkt *pkt, int64_t offset)
{
	uint32_t nr;

	if (!frame_is_ours(pkt->data, pkt->len, false, &nr))
		return;
	assert_true(nr < N);
	assert_int_equal(pkt->len, LEN);
	assert_int_equal(a->tai_ns[nr], 0);
	a->tai_ns[nr] = pkt->ts_ns + offset;
	a->n++;
}

/* Drains, and receives all that the sender still counts as sent. */
static struct arrivals collect(struct pair *p)
{
	const int64_t offset = tai_offset_ns();
	uint64_t end = now_ns() + PATIENCE, want;
	struct arrivals a = { 0 };

	drain(p->tx, 0, N);
	check_sums(p->tx, N);
	want = stats_of(p->tx).tx_frames;
	assert_int_equal(stats_of(p->tx).tx_bytes, want * LEN);
	assert_int_equal(want + stats_of(p->tx).tx_refused[WEIR_REFUSED_DROPPED], N);
	while (a.n < want) {
		struct weir_pkt pkts[64];
		int n = weir_port_rx(p->rx, 0, pkts, 64);

		assert_true(n >= 0);
		for (int i = 0; i < n; i++)
			note_arrival(&a, &pkts[i], offset);
		weir_port_rx_release(p->rx, 0);
		assert_true(now_ns() < end);
		if (n == 0)
			assert_true(weir_port_rx_wait(p->rx, 0, 10 * MSEC) >= 0);
	}
	return a;
}

static void show(const struct arrivals *a, const int64_t *times)
{
	for (unsigned i = 0; print && i < N; i++) {
		if (a->tai_ns[i])
			printf("# frame %u: %lld ns after its time\n", i,
			       (long long)(a->tai_ns[i] - times[i]));
	}
}

static void test_no_frame_leaves_before_its_time(void **state)
{
	struct pair p = open_launch_pair();
	int64_t times[N], start = clock_ns(CLOCK_TAI) + AHEAD;
	struct arrivals a;

	(void)state;
	for (unsigned i = 0; i < N; i++)
		times[i] = start + i * (int64_t)GAP;
	send_at(&p, times);
	a = collect(&p);
	for (unsigned i = 0; i < N; i++) {
		if (a.tai_ns[i])
			assert_true(a.tai_ns[i] >= times[i]);
	}
	show(&a, times);
	close_pair(&p);
}

static void test_frames_without_a_time_leave_at_once_and_in_order(void **state)
{
	const int64_t times[N] = { 0 };
	struct pair p = open_launch_pair();
	struct arrivals a;
	int64_t last = 0;

	(void)state;
	send_at(&p, times);
	a = collect(&p);
	for (unsigned i = 0; i < N; i++) {
		if (!a.tai_ns[i])
			continue;
		assert_true(a.tai_ns[i] >= last);
		last = a.tai_ns[i];
	}
	close_pair(&p);
}

static void test_frames_whose_time_has_gone_by_are_dropped_and_counted(void **state)
{
	struct pair p = open_launch_pair();
	struct weir_port_stats s;
	int64_t times[N];

	(void)state;
	for (unsigned i = 0; i < N; i++)
		times[i] = clock_ns(CLOCK_TAI) - delta_ns - (int64_t)MSEC;
	send_at(&p, times);
	assert_int_equal(collect(&p).n, 0);
	s = stats_of(p.tx);
	assert_int_equal(s.tx_frames, 0);
	assert_int_equal(s.tx_refused[WEIR_REFUSED_DROPPED], N);
	close_pair(&p);
}

/* Every other frame is late. The rest are not harmed by it. */
static void test_late_ones_among_others(void **state)
{
	struct pair p = open_launch_pair();
	int64_t times[N], start = clock_ns(CLOCK_TAI) + AHEAD;
	struct arrivals a;

	(void)state;
	for (unsigned i = 0; i < N; i++)
		times[i] = i % 2 ? 1 : start + i * (int64_t)GAP;
	send_at(&p, times);
	a = collect(&p);
	for (unsigned i = 1; i < N; i += 2)
		assert_int_equal(a.tai_ns[i], 0);
	close_pair(&p);
}

static void test_drain_waits_for_the_time(void **state)
{
	struct pair p = open_launch_pair();
	int64_t times[N], start = clock_ns(CLOCK_TAI) + 10 * AHEAD;
	int drained;

	(void)state;
	for (unsigned i = 0; i < N; i++)
		times[i] = start;
	send_at(&p, times);
	drained = weir_port_tx_drain(p.tx, 0, 0);
	if (clock_ns(CLOCK_TAI) < start)
		assert_int_equal(drained, 0);
	drain(p.tx, 0, N);
	if (stats_of(p.tx).tx_frames)
		assert_true(clock_ns(CLOCK_TAI) >= start);
	close_pair(&p);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_frame_leaves_before_its_time),
		cmocka_unit_test(test_frames_without_a_time_leave_at_once_and_in_order),
		cmocka_unit_test(test_frames_whose_time_has_gone_by_are_dropped_and_counted),
		cmocka_unit_test(test_late_ones_among_others),
		cmocka_unit_test(test_drain_waits_for_the_time),
	};

	if (argc < 6)
		return 2;
	cfg = (struct config){
		.tx_name = argv[1],
		.rx_name = argv[2],
		.txns = argv[3],
		.rxns = argv[4],
	};
	delta_ns = strtoll(argv[5], NULL, 10);
	print = argc > 6 && !strcmp(argv[6], "print");
	return unit_run(tests);
}
