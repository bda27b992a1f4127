/* SPDX-License-Identifier: BSD-2-Clause */
#include "port/name.h"

#include <errno.h>
#include <string.h>

#include <weir/port.h>

#include "support/unit.h"

static void expect_args(const char *rest, const char *target, const char *options, unsigned first,
			unsigned n)
{
	struct weir_err err = { 0 };
	struct port_args a;

	assert_int_equal(port_name_args(rest, false, &a, &err), 0);
	assert_string_equal(a.target, target);
	assert_string_equal(a.options, options);
	assert_int_equal(a.has_queues, n > 0);
	assert_int_equal(a.first_queue, first);
	assert_int_equal(a.n_queues, n);
}

static void test_parts_are_told_apart(void **state)
{
	(void)state;
	expect_args("eth0", "eth0", "", 0, 0);
	expect_args("", "", "", 0, 0);
	expect_args("eth0,zc", "eth0", "zc", 0, 0);
	expect_args("eth0,zc,ring=512@0-3", "eth0", "zc,ring=512", 0, 4);
	expect_args("eth0@5", "eth0", "", 5, 1);
	expect_args("eth0@2-2", "eth0", "", 2, 1);
}

static void test_raw_target_keeps_everything(void **state)
{
	struct port_args a;

	(void)state;
	assert_int_equal(port_name_args("/tmp/a,b@1.pcap", true, &a, NULL), 0);
	assert_string_equal(a.target, "/tmp/a,b@1.pcap");
	assert_string_equal(a.options, "");
	assert_false(a.has_queues);
}

static void test_wrong_names_are_refused(void **state)
{
	static const char *const wrong[] = {
		"eth0@",     "eth0@x",	  "eth0@1-",   "eth0@3-1", "eth0@-1", "eth0@4096",
		"eth0@1-2x", "eth0@1,zc", "eth0@0x10", "eth0,",	   "eth0,,a", "eth0,=3",
	};
	char longest[400];

	(void)state;
	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct weir_err err = { 0 };
		struct port_args a = { .n_queues = 77 };

		assert_int_equal(port_name_args(wrong[i], false, &a, &err), -EINVAL);
		assert_true(err.text[0]);
		assert_int_equal(a.n_queues, 77);
	}
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(port_name_args(longest, true, &(struct port_args){ 0 }, NULL), -EINVAL);
}

static void test_options_are_matched_whole(void **state)
{
	const struct port_args a = { .options = "zc,ring=512,b=" };
	const char *value = "";

	(void)state;
	assert_true(port_option(&a, "zc", &value));
	assert_null(value);
	assert_true(port_option(&a, "ring", &value));
	assert_memory_equal(value, "512,", 4);
	assert_true(port_option(&a, "b", &value));
	assert_string_equal(value, "");
	assert_false(port_option(&a, "z", NULL));
	assert_false(port_option(&a, "zcc", NULL));
	assert_false(port_option(&a, "512", NULL));
}

static void test_unknown_option_is_found(void **state)
{
	const struct port_args a = { .options = "zc,rin=512" };
	const char *option = NULL;

	(void)state;
	assert_int_equal(port_name_unknown_option(&a, "ring zc rin", &option), 0);
	assert_int_equal(port_name_unknown_option(&a, "ring zc", &option), 3);
	assert_memory_equal(option, "rin", 3);
	assert_int_equal(port_name_unknown_option(&a, NULL, &option), 2);
	assert_memory_equal(option, "zc", 2);
}

static void test_numbers_have_a_range(void **state)
{
	static const char *const wrong[] = { "n", "n=", "n=x", "n=1x", "n=0", "n=10001", "n=-1" };
	uint64_t v = 7;

	(void)state;
	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct port_args a = { 0 };
		struct weir_err err = { 0 };

		strcpy(a.options, wrong[i]);
		assert_int_equal(port_option_number(&a, "n", 1, 10000, &v, &err), -EINVAL);
		assert_true(strchr(err.text, 'n') != NULL);
		assert_int_equal(v, 7);
	}
	assert_int_equal(port_option_number(&(struct port_args){ .options = "m,n=42,x" }, "n", 1,
					    10000, &v, NULL),
			 0);
	assert_int_equal(v, 42);
	assert_int_equal(
		port_option_number(&(struct port_args){ .options = "m" }, "n", 1, 9, &v, NULL), 0);
	assert_int_equal(v, 42);
}

static void expect_open_error(const char *name, const struct weir_port_opts *opts, int code,
			      const char *part)
{
	struct weir_port *port = NULL;
	struct weir_err err = { 0 };

	assert_int_equal(weir_port_open(name, opts, &port, &err), code);
	assert_int_equal(err.code, code);
	assert_null(port);
	if (!strstr(err.text, part))
		fail_msg("'%s' is not in: %s", part, err.text);
}

static void test_open_errors_name_what_is_wrong(void **state)
{
	const struct weir_port_opts four = { .dir = WEIR_PORT_TX, .queues = 4 };

	(void)state;
	expect_open_error("veil0:1", NULL, -EINVAL, "'veil0:'");
	expect_open_error("veil0:1", NULL, -EINVAL, "null: mem:");
	expect_open_error(":x", NULL, -EINVAL, "unknown kind");
	expect_open_error("", NULL, -EINVAL, "empty");
	expect_open_error("null:,fast", NULL, -EINVAL, "'fast'");
	expect_open_error("null:,fast", NULL, -EINVAL, "has none");
	expect_open_error("null:@2", NULL, -EINVAL, "begin at 0");
	expect_open_error("null:@0-1", &four, -EINVAL, "4 queues");
	expect_open_error("mem:", NULL, -EINVAL, "missing");
	expect_open_error("null:", &(struct weir_port_opts){ 0 }, -EINVAL, "direction");
}

static void test_queues_come_from_the_name_or_the_caller(void **state)
{
	const struct weir_port_opts three = { .dir = WEIR_PORT_TX, .queues = 3 };
	struct weir_port *port;

	(void)state;
	assert_int_equal(weir_port_open("null:", NULL, &port, NULL), 0);
	assert_int_equal(weir_port_info(port)->n_queues, 1);
	weir_port_close(port);
	assert_int_equal(weir_port_open("null:", &three, &port, NULL), 0);
	assert_int_equal(weir_port_info(port)->n_queues, 3);
	weir_port_close(port);
	assert_int_equal(weir_port_open("null:@0-1", NULL, &port, NULL), 0);
	assert_int_equal(weir_port_info(port)->n_queues, 2);
	assert_string_equal(weir_port_info(port)->backend, "null");
	assert_null(weir_port_close(port));
	assert_null(weir_port_close(NULL));
}

static void test_calls_out_of_range_are_refused(void **state)
{
	const struct weir_port_opts tx_only = { .dir = WEIR_PORT_TX };
	struct weir_pkt pkt = { .data = (uint8_t[60]){ 0 }, .len = 60 };
	struct weir_port_stats s;
	struct weir_port *port;

	(void)state;
	assert_int_equal(weir_port_open("null:", &tx_only, &port, NULL), 0);
	assert_int_equal(weir_port_tx(port, 1, &pkt, 1), -EINVAL);
	assert_int_equal(weir_port_rx(port, 0, &pkt, 1), -EINVAL);
	assert_int_equal(weir_port_rx_fd(port, 0), -EINVAL);
	assert_int_equal(weir_port_tx(port, 0, &pkt, 1), 1);
	assert_int_equal(weir_port_tx_done(port, 0), 1);
	assert_int_equal(weir_port_tx_wait(port, 0, 0), 1);
	assert_int_equal(weir_port_tx_drain(port, 0, 0), 1);
	weir_port_stats(port, &s);
	assert_int_equal(s.tx_frames, 1);
	assert_int_equal(s.tx_bytes, 60);
	assert_int_equal(s.tx_refused_total, 0);
	weir_port_close(port);
}

static void test_names_of_interfaces_are_told_from_others(void **state)
{
	(void)state;
	assert_false(weir_port_name_has_kind("eth0"));
	assert_false(weir_port_name_has_kind("eth0:1"));
	assert_true(weir_port_name_has_kind("xdp:eth0"));
	assert_true(weir_port_name_has_kind("vale0:eth0"));
	assert_true(weir_port_name_on_iface("eth0"));
	assert_true(weir_port_name_on_iface("packet:eth0"));
	assert_true(weir_port_name_on_iface("xdp:eth0,zc@0-3"));
	assert_true(weir_port_name_on_iface("tap:tap0"));
	assert_false(weir_port_name_on_iface("file:eth0"));
	assert_false(weir_port_name_on_iface("vale0:eth0"));
	assert_false(weir_port_name_on_iface("unknown:eth0"));
	assert_false(weir_port_name_on_iface(":eth0"));
	assert_false(weir_port_name_on_iface(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parts_are_told_apart),
		cmocka_unit_test(test_raw_target_keeps_everything),
		cmocka_unit_test(test_wrong_names_are_refused),
		cmocka_unit_test(test_options_are_matched_whole),
		cmocka_unit_test(test_unknown_option_is_found),
		cmocka_unit_test(test_numbers_have_a_range),
		cmocka_unit_test(test_open_errors_name_what_is_wrong),
		cmocka_unit_test(test_queues_come_from_the_name_or_the_caller),
		cmocka_unit_test(test_calls_out_of_range_are_refused),
		cmocka_unit_test(test_names_of_interfaces_are_told_from_others),
	};

	return unit_run(tests);
}
