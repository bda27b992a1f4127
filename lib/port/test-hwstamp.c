/* SPDX-License-Identifier: BSD-2-Clause */
/* Time stamps of devices, as far as they show on a machine that has no such device. */
#include <errno.h>
#include <linux/net_tstamp.h>
#include <string.h>

#include <weir/hwstamp.h>

#include "support/unit.h"

static void test_every_kind_of_frames_has_a_name_of_its_own(void **state)
{
	unsigned n;

	(void)state;
	for (n = 0; strcmp(weir_hwstamp_rx_text(n), "?") != 0; n++)
		assert_int_equal(weir_hwstamp_rx_number(weir_hwstamp_rx_text(n)), (int)n);
	assert_true(n > HWTSTAMP_FILTER_NTP_ALL);
	for (n = 0; strcmp(weir_hwstamp_tx_text(n), "?") != 0; n++)
		assert_int_equal(weir_hwstamp_tx_number(weir_hwstamp_tx_text(n)), (int)n);
	assert_true(n > HWTSTAMP_TX_ONESTEP_P2P);
	assert_int_equal(weir_hwstamp_rx_number("everything"), -EINVAL);
	assert_int_equal(weir_hwstamp_tx_number("?"), -EINVAL);
}

static void test_the_loopback_has_no_clock(void **state)
{
	const struct weir_hwstamp_config all = { .rx = HWTSTAMP_FILTER_ALL };
	struct weir_hwstamp_config made;
	struct weir_err err = { 0 };
	struct weir_hwstamp s;

	(void)state;
	assert_int_equal(weir_hwstamp_get("lo", &s, &err), 0);
	assert_false(s.stamps_rx || s.stamps_tx);
	assert_int_equal(s.clock, -1);
	assert_true(weir_hwstamp_set("lo", &all, &made, &err) < 0);
	assert_true(err.text[0]);
}

static void test_an_interface_that_is_not_there_is_named(void **state)
{
	struct weir_err err = { 0 };
	struct weir_hwstamp s;

	(void)state;
	assert_int_equal(weir_hwstamp_get("nosuch0", &s, &err), -ENODEV);
	assert_non_null(strstr(err.text, "nosuch0"));
	assert_int_equal(weir_hwstamp_get("a-name-that-is-too-long", &s, &err), -ENODEV);
}

static void test_a_clock_that_is_not_there_is_named(void **state)
{
	struct weir_err err = { 0 };

	(void)state;
	assert_true(weir_hwclock_open(4000, &err) < 0);
	assert_non_null(strstr(err.text, "/dev/ptp4000"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_kind_of_frames_has_a_name_of_its_own),
		cmocka_unit_test(test_the_loopback_has_no_clock),
		cmocka_unit_test(test_an_interface_that_is_not_there_is_named),
		cmocka_unit_test(test_a_clock_that_is_not_there_is_named),
	};

	return unit_run(tests);
}
