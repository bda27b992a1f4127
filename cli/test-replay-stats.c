/* SPDX-License-Identifier: BSD-2-Clause */
#include "replay-stats.h"

#include <jansson.h>
#include <string.h>

#include "support/unit.h"
#include "util.h"

static char *text_of(const struct replay_result *res,
		     void (*print)(FILE *, const struct replay_result *))
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	assert_non_null(f);
	print(f, res);
	assert_int_equal(fclose(f), 0);
	return text;
}

/* What tcpreplay 4.5.5 printed for these figures, or what follows from its rules. */
static const struct {
	uint64_t frames, bytes, us, failed;
	const char *text;
} rates[] = {
	{ 111, 51483, 134, 0,
	  "Actual: 111 packets (51483 bytes) sent in 0.000134 seconds\n"
	  "Rated: 384201492.5 Bps, 3073.61 Mbps, 828358.20 pps\n" },
	{ 24, 7784, 56, 0,
	  "Actual: 24 packets (7784 bytes) sent in 0.000056 seconds\n"
	  "Rated: 139000000.0 Bps, 1112.00 Mbps, 428571.42 pps\n" },
	{ 3, 158, 100046, 0,
	  "Actual: 3 packets (158 bytes) sent in 0.100046 seconds\n"
	  "Rated: 1579.2 Bps, 0.012 Mbps, 29.98 pps\n" },
	{ 36, 11676, 8750400, 0,
	  "Actual: 36 packets (11676 bytes) sent in 8.75 seconds\n"
	  "Rated: 1334.3 Bps, 0.010 Mbps, 4.11 pps\n" },
	{ 107, 51315, 175, 4,
	  "Actual: 107 packets (51315 bytes) sent in 0.000175 seconds\n"
	  "Rated: 293228571.4 Bps, 2345.82 Mbps, 611428.57 pps\n"
	  "Failed write attempts: 4\n" },
	/* Cut, not rounded. */
	{ 1, 125000, 1999999, 0,
	  "Actual: 1 packets (125000 bytes) sent in 1.99 seconds\n"
	  "Rated: 62500.0 Bps, 0.500 Mbps, 0.50 pps\n" },
	{ 1, 124999, 1000000, 0,
	  "Actual: 1 packets (124999 bytes) sent in 1.00 seconds\n"
	  "Rated: 124999.0 Bps, 0.999 Mbps, 1.00 pps\n" },
	{ 1, 125000, 999999, 0,
	  "Actual: 1 packets (125000 bytes) sent in 0.999999 seconds\n"
	  "Rated: 125000.1 Bps, 1.00 Mbps, 1.00 pps\n" },
	/* More than 10^9 bytes: milliseconds. */
	{ 10, 1000000001, 2000999, 0,
	  "Actual: 10 packets (1000000001 bytes) sent in 2.00 seconds\n"
	  "Rated: 500000000.5 Bps, 4000.00 Mbps, 4.99 pps\n" },
	/* A year at 100 Gbit/s, and less time than can be told. */
	{ 200000000000000, 394200000000000000, 31536000000000, 0,
	  "Actual: 200000000000000 packets (394200000000000000 bytes) sent in 31536000.00 seconds\n"
	  "Rated: 12500000000.0 Bps, 100000.00 Mbps, 6341958.39 pps\n" },
	{ 1, 60, 0, 0,
	  "Actual: 1 packets (60 bytes) sent in 0.000001 seconds\n"
	  "Rated: 60000000.0 Bps, 480.00 Mbps, 1000000.00 pps\n" },
	{ 0, 0, 1000, 3, "" },
};

static void test_rates_are_tcpreplays_lines(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(rates); i++) {
		struct replay_result res = { .frames = rates[i].frames,
					     .bytes = rates[i].bytes,
					     .elapsed_ns = rates[i].us * 1000 + 999,
					     .failed = rates[i].failed };
		CLEANUP(freep)
		char *text = text_of(&res, replay_print_rates);

		assert_string_equal(text, rates[i].text);
	}
}

static const struct weir_port_info info = { .device = "eth0", .backend = "packet" };

/* Two ports, with flows. */
static struct replay_result sample(void)
{
	return (struct replay_result){
		.frames = 111,
		.bytes = 51483,
		.elapsed_ns = 248000,
		.port_flows = true,
		.flows = { .unique = 5, .frames = 102, .non_flow_frames = 6, .invalid = 3 },
		.n_ports = 2,
		.ports = { { .name = "a0",
			     .info = &info,
			     .note = info.note,
			     .stats = { .tx_frames = 63,
					.tx_refused = { [WEIR_REFUSED_TOO_LONG] = 2 },
					.tx_refused_total = 2,
					.tx_truncated = 1,
					.tx_retry_nobufs = 7,
					.tx_retry_again = 9 },
			     .flows = { .unique = 4, .frames = 60, .invalid = 3 } },
			   { .name = "b0",
			     .info = &info,
			     .note = info.note,
			     .stats = { .tx_frames = 48 },
			     .flows = { .unique = 1, .frames = 42, .non_flow_frames = 6 } } },
	};
}

#define PORT_A                                                                                     \
	"Statistics for network device: a0\n"                                                      \
	"\tSuccessful packets:        63\n"                                                        \
	"\tFailed packets:            2\n"                                                         \
	"\tTruncated packets:         1\n"                                                         \
	"\tRetried packets (ENOBUFS): 7\n"                                                         \
	"\tRetried packets (EAGAIN):  9\n"
#define PORT_B                                                                                     \
	"Statistics for network device: b0\n"                                                      \
	"\tSuccessful packets:        48\n"                                                        \
	"\tFailed packets:            0\n"                                                         \
	"\tTruncated packets:         0\n"                                                         \
	"\tRetried packets (ENOBUFS): 0\n"                                                         \
	"\tRetried packets (EAGAIN):  0\n"

static void test_ports_and_flows_are_told(void **state)
{
	struct replay_result res = sample();
	CLEANUP(freep)
	char *text = text_of(&res, replay_print_text);

	(void)state;
	assert_string_equal(
		text, "Actual: 111 packets (51483 bytes) sent in 0.000248 seconds\n"
		      "Rated: 207592741.9 Bps, 1660.74 Mbps, 447580.64 pps\n"
		      "Flows: 5 flows, 20161.29 fps, 102 unique flow packets, "
		      "6 unique non-flow packets\n" PORT_A "\tFlows total:               4\n"
		      "\tFlows unique:              4\n"
		      "\tFlows expired:             0\n"
		      "\tFlow packets:              60\n"
		      "\tNon-flow packets:          0\n"
		      "\tInvalid flow packets:      3\n" PORT_B "\tFlows total:               1\n"
		      "\tFlows unique:              1\n"
		      "\tFlows expired:             0\n"
		      "\tFlow packets:              42\n"
		      "\tNon-flow packets:          6\n"
		      "\tInvalid flow packets:      0\n");
}

static void test_flows_that_expire_are_told_apart(void **state)
{
	struct replay_result res = {
		.frames = 111,
		.bytes = 51483,
		.elapsed_ns = 117000,
		.expiry = true,
		.flows = { .unique = 5, .expired = 87, .frames = 102, .non_flow_frames = 6 }
	};
	CLEANUP(freep)
	char *text = text_of(&res, replay_print_text);

	(void)state;
	assert_string_equal(strstr(text, "Flows:"),
			    "Flows: 92 flows, 5 unique, 87 expired, 786324.78 fps, "
			    "102 unique flow packets, 6 unique non-flow packets\n");
}

static void test_without_flows_there_are_no_flow_lines(void **state)
{
	struct replay_result res = sample();
	CLEANUP(freep)
	char *text = NULL;

	(void)state;
	res.flows = res.ports[0].flows = res.ports[1].flows = (struct replay_flows){ 0 };
	text = text_of(&res, replay_print_text);
	assert_string_equal(strstr(text, "pps\n"), "pps\n" PORT_A PORT_B);
}

static void test_nothing_sent_prints_nothing(void **state)
{
	struct replay_result res = sample();
	CLEANUP(freep)
	char *text = NULL;

	(void)state;
	res.bytes = 0;
	text = text_of(&res, replay_print_text);
	assert_string_equal(text, "");
}

static void print_json(FILE *to, const struct replay_result *res)
{
	assert_int_equal(replay_print_json(to, "replay", res), 0);
}

static json_int_t number_at(json_t *o, const char *name)
{
	json_t *n = json_object_get(o, name);

	if (!json_is_integer(n))
		fail_msg("no number %s", name);
	return json_integer_value(n);
}

static void test_json_holds_the_same_figures(void **state)
{
	struct replay_result res = sample();
	CLEANUP(freep)
	char *text = text_of(&res, print_json);
	json_t *o = json_loads(text, JSON_REJECT_DUPLICATES, NULL), *port;

	(void)state;
	assert_non_null(o);
	assert_int_equal(number_at(o, "frames"), 111);
	assert_int_equal(number_at(o, "bytes"), 51483);
	assert_int_equal(number_at(o, "elapsed_ns"), 248000);
	assert_int_equal(number_at(json_object_get(o, "flows"), "frames"), 102);
	assert_float_equal(json_real_value(json_object_get(o, "bps")), 51483 * 8 / 248e-6, 1);
	assert_int_equal(json_array_size(json_object_get(o, "ports")), 2);
	port = json_array_get(json_object_get(o, "ports"), 0);
	assert_string_equal(json_string_value(json_object_get(port, "name")), "a0");
	assert_string_equal(json_string_value(json_object_get(port, "device")), "eth0");
	assert_int_equal(number_at(port, "frames"), 63);
	assert_int_equal(number_at(port, "failed"), 2);
	assert_int_equal(number_at(json_object_get(port, "refused"),
				   weir_refusal_text(WEIR_REFUSED_TOO_LONG)),
			 2);
	assert_int_equal(json_object_size(json_object_get(port, "refused")), 1);
	json_decref(o);
}

static void test_json_takes_any_name(void **state)
{
	struct replay_result res = sample();
	CLEANUP(freep)
	char *text = NULL;
	json_t *o;

	(void)state;
	res.ports[0].name = "x\xff\"y\n";
	text = text_of(&res, print_json);
	o = json_loads(text, 0, NULL);
	assert_non_null(o);
	json_decref(o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rates_are_tcpreplays_lines),
		cmocka_unit_test(test_ports_and_flows_are_told),
		cmocka_unit_test(test_flows_that_expire_are_told_apart),
		cmocka_unit_test(test_without_flows_there_are_no_flow_lines),
		cmocka_unit_test(test_nothing_sent_prints_nothing),
		cmocka_unit_test(test_json_holds_the_same_figures),
		cmocka_unit_test(test_json_takes_any_name),
	};

	return unit_run(tests);
}
