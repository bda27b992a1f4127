/* SPDX-License-Identifier: BSD-2-Clause */
#include "replay.h"

#include <errno.h>
#include <string.h>

#include "live.h"
#include "support/unit.h"
#include "util.h"

static struct weir_rate rate_of(struct replay_cfg cfg, bool personality)
{
	struct weir_rate rate = { 0 };
	struct weir_err err = { 0 };

	if (replay_rate(&cfg, personality, &rate, &err) < 0)
		fail_msg("%s", err.text);
	return rate;
}

#define RATE(...) rate_of((struct replay_cfg){ __VA_ARGS__ }, false)

static void is_rate(struct weir_rate rate, enum weir_rate_mode mode, double value)
{
	assert_int_equal(rate.mode, mode);
	if (mode != WEIR_RATE_TOPSPEED)
		assert_float_equal((double)rate.num / (double)rate.den, value, 1e-9);
}

static void test_each_option_makes_its_rate(void **state)
{
	(void)state;
	is_rate(RATE(.pps = NULL), WEIR_RATE_TIME, 1);
	is_rate(RATE(.multiplier = "2.5"), WEIR_RATE_TIME, 2.5);
	is_rate(RATE(.pps = "0.5"), WEIR_RATE_FRAMES, 0.5);
	is_rate(RATE(.mbps = "1.5"), WEIR_RATE_BITS, 1500000);
	is_rate(RATE(.topspeed = true), WEIR_RATE_TOPSPEED, 0);
	is_rate(RATE(.oneatatime = true), WEIR_RATE_TOPSPEED, 0);
}

static void test_zero_is_what_scapy_and_scripts_mean_by_it(void **state)
{
	(void)state;
	is_rate(RATE(.multiplier = "0.000000"), WEIR_RATE_TIME, 1);
	is_rate(RATE(.mbps = "0"), WEIR_RATE_TOPSPEED, 0);
}

static void test_pauses_are_nanoseconds(void **state)
{
	struct weir_rate rate =
		RATE(.pps = "3", .pps_multi = 7, .maxsleep_ms = 5, .loopdelay_ms = 2);

	(void)state;
	assert_int_equal(rate.group, 7);
	assert_int_equal(rate.max_gap_ns, 5000000);
	assert_int_equal(rate.loop_gap_ns, 2000000);
	assert_int_equal(RATE(.loopdelay_ns = 9).loop_gap_ns, 9);
}

static void refuses(struct replay_cfg cfg, bool personality, const char *text)
{
	struct weir_rate rate;
	struct weir_err err = { 0 };

	assert_true(replay_rate(&cfg, personality, &rate, &err) < 0);
	assert_string_equal(err.text, text);
}

static void test_what_is_no_rate_is_refused_by_name(void **state)
{
	(void)state;
	refuses((struct replay_cfg){ .pps = "fast" }, false, "--pps: 'fast' is not a rate");
	refuses((struct replay_cfg){ .pps = "0" }, false, "--pps: '0' is not a rate");
	refuses((struct replay_cfg){ .mbps = "-3" }, false,
		"--mbps: '-3' is not a rate that can be kept");
	refuses((struct replay_cfg){ .multiplier = "x" }, false, "--multiplier: 'x' is not a rate");
}

static void test_tcpreplay_reads_what_is_no_number_as_zero(void **state)
{
	(void)state;
	is_rate(rate_of((struct replay_cfg){ .multiplier = "x" }, true), WEIR_RATE_TIME, 1);
	is_rate(rate_of((struct replay_cfg){ .mbps = "x" }, true), WEIR_RATE_TOPSPEED, 0);
	refuses((struct replay_cfg){ .pps = "abc" }, true,
		"Unable to parse args: invalid pps value 'abc'");
}

static enum weir_timer timer_of(const char *name, const char **ret_remark)
{
	const struct replay_cfg cfg = { .timer = name };
	enum weir_timer timer = WEIR_TIMER_SPIN;
	struct weir_err err = { 0 };

	if (replay_timer(&cfg, false, &timer, ret_remark, &err) < 0)
		fail_msg("%s", err.text);
	return timer;
}

static void test_old_timers_have_new_ones(void **state)
{
	const struct replay_cfg cfg = { .timer = "foo" };
	enum weir_timer timer;
	const char *remark;
	struct weir_err err = { 0 };

	(void)state;
	assert_int_equal(timer_of(NULL, &remark), WEIR_TIMER_AUTO);
	assert_int_equal(timer_of("spin", &remark), WEIR_TIMER_SPIN);
	assert_int_equal(timer_of("GTOD", &remark), WEIR_TIMER_AUTO);
	assert_null(remark);
	assert_int_equal(timer_of("nano", &remark), WEIR_TIMER_SLEEP);
	assert_int_equal(timer_of("select", &remark), WEIR_TIMER_SLEEP);
	assert_int_equal(timer_of("ioport", &remark), WEIR_TIMER_AUTO);
	assert_non_null(strstr(remark, "ioport"));
	assert_int_equal(replay_timer(&cfg, true, &timer, &remark, &err), -EINVAL);
	assert_string_equal(err.text, "Unable to parse args: Unsupported timer mode: foo");
	assert_int_equal(replay_timer(&cfg, false, &timer, &remark, &err), -EINVAL);
	assert_string_equal(err.text, "--timer: 'foo' is none of auto, spin, sleep");
}

static void is_port(struct replay_cfg cfg, const char *name, const char *want)
{
	CLEANUP(freep)
	char *got = NULL;
	struct weir_err err = { 0 };

	if (replay_port_name(&cfg, name, &got, &err) < 0)
		fail_msg("%s", err.text);
	assert_string_equal(got, want);
}

static void test_xdp_is_put_before_bare_names(void **state)
{
	(void)state;
	is_port((struct replay_cfg){ 0 }, "eth0", "eth0");
	is_port((struct replay_cfg){ .xdp = true }, "eth0", "xdp:eth0");
	is_port((struct replay_cfg){ .xdp = true }, "packet:eth0", "packet:eth0");
	is_port((struct replay_cfg){ .netmap = true }, "eth0", "netmap:eth0");
	is_port((struct replay_cfg){ .netmap = true }, "vale0:p1", "vale0:p1");
}

static void test_interfaces_that_are_not_there_have_no_number(void **state)
{
	const char *const bad[] = { "%", "%0", "%99999", "%1x", "%-1" };
	const struct replay_cfg cfg = { 0 };

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
		CLEANUP(freep)
		char *name = NULL;
		struct weir_err err = { 0 };

		assert_int_equal(replay_port_name(&cfg, bad[i], &name, &err), -ENODEV);
		assert_non_null(strstr(err.text, bad[i]));
	}
}

static void test_the_live_line_tells_rate_share_and_time_left(void **state)
{
	const struct live_figures then = { .frames = 1000,
					   .bytes = 60000,
					   .elapsed_ns = 1000000000 };
	struct live_figures now = {
		.frames = 2500, .bytes = 1060000, .elapsed_ns = 1500000000, .done = 0.25
	};
	char line[160];

	(void)state;
	live_line(&now, &then, line, sizeof(line));
	assert_string_equal(line, "2500 packets, 3.00 kpps, 16.0 Mbit/s, 25 %, 0:04 left");
	now.done = -1;
	live_line(&now, &then, line, sizeof(line));
	assert_string_equal(line, "2500 packets, 3.00 kpps, 16.0 Mbit/s");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_option_makes_its_rate),
		cmocka_unit_test(test_zero_is_what_scapy_and_scripts_mean_by_it),
		cmocka_unit_test(test_pauses_are_nanoseconds),
		cmocka_unit_test(test_what_is_no_rate_is_refused_by_name),
		cmocka_unit_test(test_tcpreplay_reads_what_is_no_number_as_zero),
		cmocka_unit_test(test_old_timers_have_new_ones),
		cmocka_unit_test(test_xdp_is_put_before_bare_names),
		cmocka_unit_test(test_interfaces_that_are_not_there_have_no_number),
		cmocka_unit_test(test_the_live_line_tells_rate_share_and_time_left),
	};

	return unit_run(tests);
}
