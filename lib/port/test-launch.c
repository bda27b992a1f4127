/* SPDX-License-Identifier: BSD-2-Clause */
/* Who can send at launch times, and what those say who cannot. tests/conformance/launch.c
 * has the ones that can. */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <weir/port.h>

#include "support/unit.h"

static int open_launch(const char *name, unsigned dir, struct weir_port **ret_port,
		       struct weir_err *err)
{
	const struct weir_port_opts opts = { .dir = dir, .launch_time = true };

	return weir_port_open(name, &opts, ret_port, err);
}

static void expect_refusal(const char *name, const char *part)
{
	struct weir_port *port = NULL;
	struct weir_err err = { 0 };
	int r = open_launch(name, WEIR_PORT_TX, &port, &err);

	weir_port_close(port);
	if (r != -ENOTSUP || !strstr(err.text, part))
		fail_msg("%s: %d, '%s'; not -ENOTSUP with '%s'", name, r, err.text, part);
}

static void test_back_ends_that_cannot_say_why(void **state)
{
	(void)state;
	expect_refusal("tap:wtap", "'tap:' cannot send at launch times: ");
	expect_refusal("xdp:lo", "'xdp:' cannot send at launch times: AF_XDP");
}

/* In a namespace of our own lo has no queueing discipline. */
static void test_an_interface_without_etf_is_told_how_to_get_it(void **state)
{
	(void)state;
	if (unshare(CLONE_NEWNET) < 0) {
		print_message("no namespace: %s\n", strerror(errno));
		skip();
	}
	expect_refusal("packet:lo", "tc qdisc add dev lo root etf clockid CLOCK_TAI delta");
	/* A plain name does not end with AF_XDP, which would not keep them. */
	expect_refusal("lo", "tc qdisc add dev lo root etf clockid CLOCK_TAI delta");
}

static void test_a_port_that_only_receives_does_not_ask(void **state)
{
	struct weir_port *port = NULL;
	struct weir_err err = { 0 };
	int r = open_launch("packet:lo", WEIR_PORT_RX, &port, &err);

	(void)state;
	weir_port_close(port);
	assert_true(r == 0 || r == -EPERM); /* not everybody may receive */
}

static void test_null_does_not_look_at_it(void **state)
{
	struct weir_pkt pkt = { .data = (uint8_t[60]){ 0 }, .len = 60, .orig_len = 60 };
	struct weir_port *port = NULL;

	(void)state;
	assert_int_equal(open_launch("null:", WEIR_PORT_TX, &port, NULL), 0);
	pkt.ts_ns = INT64_MAX;
	assert_int_equal(weir_port_tx(port, 0, &pkt, 1), 1);
	assert_int_equal(weir_port_tx_done(port, 0), 1);
	weir_port_close(port);
}

static void test_mem_hands_the_time_on(void **state)
{
	struct weir_pkt got, pkt = { .data = (uint8_t[60]){ 0 }, .len = 60, .orig_len = 60 };
	struct weir_port *tx = NULL, *rx = NULL;

	(void)state;
	assert_int_equal(open_launch("mem:launch", WEIR_PORT_TX, &tx, NULL), 0);
	assert_int_equal(open_launch("mem:launch", WEIR_PORT_RX, &rx, NULL), 0);
	for (int64_t t = 0; t < 3; t++) {
		pkt.ts_ns = t;
		assert_int_equal(weir_port_tx(tx, 0, &pkt, 1), 1);
		assert_int_equal(weir_port_rx(rx, 0, &got, 1), 1);
		assert_int_equal(got.ts_ns, t);
		weir_port_rx_release(rx, 0);
	}
	weir_port_close(tx);
	weir_port_close(rx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_back_ends_that_cannot_say_why),
		cmocka_unit_test(test_an_interface_without_etf_is_told_how_to_get_it),
		cmocka_unit_test(test_a_port_that_only_receives_does_not_ask),
		cmocka_unit_test(test_null_does_not_look_at_it),
		cmocka_unit_test(test_mem_hands_the_time_on),
	};

	return unit_run(tests);
}
