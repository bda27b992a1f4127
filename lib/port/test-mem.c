/* SPDX-License-Identifier: BSD-2-Clause */
/* mem: what is special about it; that it is a port is the conformance suite's. */
#include <weir/port.h>

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "support/unit.h"

#define FOREVER UINT64_MAX

static struct weir_port *open_port(const char *name, unsigned dir)
{
	const struct weir_port_opts opts = { .dir = dir };
	struct weir_port *port = NULL;
	struct weir_err err = { 0 };

	if (weir_port_open(name, &opts, &port, &err) < 0)
		fail_msg("%s", err.text);
	return port;
}

static void test_frames_wait_for_the_other_end(void **state)
{
	struct weir_port *a = open_port("mem:x", WEIR_PORT_TX), *b;
	uint8_t data[60] = "hello";
	struct weir_pkt pkt = { .data = data, .len = sizeof(data) }, got[4];

	(void)state;
	assert_int_equal(weir_port_tx(a, 0, &pkt, 1), 1);
	data[0] = 'x'; /* it was copied */
	b = open_port("mem:x", WEIR_PORT_RX);
	assert_int_equal(weir_port_rx_wait(b, 0, 0), 1);
	assert_int_equal(weir_port_rx(b, 0, got, 4), 1);
	assert_int_equal(got[0].len, 60);
	assert_int_equal(got[0].orig_len, 60);
	assert_true(got[0].ts_ns > 0);
	assert_string_equal((char *)got[0].data, "hello");
	weir_port_rx_release(b, 0);
	assert_int_equal(weir_port_rx(b, 0, got, 4), 0);
	assert_int_equal(weir_port_rx_wait(b, 0, 0), 0);
	weir_port_close(b);
	weir_port_close(a);
}

static void test_third_end_is_refused_and_names_come_free(void **state)
{
	struct weir_port *a = open_port("mem:x", WEIR_PORT_TX), *c = NULL;
	struct weir_port *b = open_port("mem:x", WEIR_PORT_RX);
	struct weir_err err = { 0 };

	(void)state;
	assert_int_equal(weir_port_open("mem:x", NULL, &c, &err), -EBUSY);
	assert_non_null(strstr(err.text, "mem:x"));
	weir_port_close(a);
	assert_int_equal(weir_port_open("mem:x", NULL, &c, &err), -EBUSY);
	weir_port_close(b);
	a = open_port("mem:x", WEIR_PORT_TX);
	weir_port_close(a);
}

static void test_queue_counts_must_agree(void **state)
{
	struct weir_port *a = open_port("mem:x@0-2", WEIR_PORT_TX), *b = NULL;

	(void)state;
	assert_int_equal(weir_port_open("mem:x@0-1", NULL, &b, NULL), -EINVAL);
	b = open_port("mem:x", WEIR_PORT_RX);
	assert_int_equal(weir_port_info(b)->n_queues, 3);
	weir_port_close(a);
	weir_port_close(b);
}

static void test_closed_peer_ends_the_port_after_the_last_frame(void **state)
{
	struct weir_port *a = open_port("mem:x", WEIR_PORT_TX | WEIR_PORT_RX);
	struct weir_port *b = open_port("mem:x", WEIR_PORT_TX | WEIR_PORT_RX);
	struct weir_pkt pkt = { .data = (uint8_t[60]){ 1 }, .len = 60 }, got;

	(void)state;
	assert_int_equal(weir_port_tx(a, 0, &pkt, 1), 1);
	weir_port_close(a);
	assert_int_equal(weir_port_tx(b, 0, &pkt, 1), -EPIPE);
	assert_int_equal(weir_port_tx_wait(b, 0, FOREVER), -EPIPE);
	assert_int_equal(weir_port_rx_wait(b, 0, FOREVER), 1);
	assert_int_equal(weir_port_rx(b, 0, &got, 1), 1);
	weir_port_rx_release(b, 0);
	assert_int_equal(weir_port_rx_wait(b, 0, FOREVER), -EPIPE);
	assert_int_equal(weir_port_rx(b, 0, &got, 1), -EPIPE);
	weir_port_close(b);
}

static void test_snaplen_cuts_what_is_lent_only(void **state)
{
	const struct weir_port_opts opts = { .dir = WEIR_PORT_RX, .snaplen = 20 };
	struct weir_port *a = open_port("mem:x", WEIR_PORT_TX), *b;
	struct weir_pkt pkt = { .data = (uint8_t[60]){ 1 }, .len = 60 }, got;

	(void)state;
	assert_int_equal(weir_port_open("mem:x", &opts, &b, NULL), 0);
	assert_int_equal(weir_port_tx(a, 0, &pkt, 1), 1);
	assert_int_equal(weir_port_rx(b, 0, &got, 1), 1);
	assert_int_equal(got.len, 20);
	assert_int_equal(got.orig_len, 60);
	weir_port_close(a);
	weir_port_close(b);
}

enum {
	N_FRAMES = 20000
};

static void *send_all(void *arg)
{
	struct weir_port *port = arg;
	uint8_t *data = calloc(1, WEIR_FRAME_MAX);

	for (uint32_t i = 0; data && i < N_FRAMES;) {
		uint32_t len = i % 1000 ? 4 + i % 3000 : WEIR_FRAME_MAX;
		struct weir_pkt pkt = { .data = data, .len = len };
		int r;

		memcpy(data, &i, sizeof(i));
		r = weir_port_tx(port, 0, &pkt, 1);
		if (r == 0)
			r = weir_port_tx_wait(port, 0, FOREVER) - 1;
		if (r < 0)
			break;
		i += (uint32_t)r;
	}
	free(data);
	return NULL;
}

static void test_two_threads_keep_order_through_a_full_ring(void **state)
{
	struct weir_port *a = open_port("mem:x", WEIR_PORT_TX);
	struct weir_port *b = open_port("mem:x", WEIR_PORT_RX);
	struct weir_pkt got[64];
	pthread_t thread;
	uint32_t next = 0;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, send_all, a), 0);
	while (next < N_FRAMES) {
		int n = weir_port_rx(b, 0, got, 64);

		assert_true(n >= 0);
		for (int i = 0; i < n; i++, next++) {
			uint32_t nr;

			memcpy(&nr, got[i].data, sizeof(nr));
			assert_int_equal(nr, next);
			assert_int_equal(got[i].len, nr % 1000 ? 4 + nr % 3000 : WEIR_FRAME_MAX);
		}
		weir_port_rx_release(b, 0);
		if (!n)
			assert_true(weir_port_rx_wait(b, 0, FOREVER) >= 0);
	}
	pthread_join(thread, NULL);
	weir_port_close(a);
	weir_port_close(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frames_wait_for_the_other_end),
		cmocka_unit_test(test_third_end_is_refused_and_names_come_free),
		cmocka_unit_test(test_queue_counts_must_agree),
		cmocka_unit_test(test_closed_peer_ends_the_port_after_the_last_frame),
		cmocka_unit_test(test_snaplen_cuts_what_is_lent_only),
		cmocka_unit_test(test_two_threads_keep_order_through_a_full_ring),
	};

	return unit_run(tests);
}
