/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include <weir/info.h>

#include "base/bytes.h"
#include "support/unit.h"

#define SECOND 1000000000LL

static uint8_t zeros[65536]; /* no protocol: an IEEE 802.3 frame of length 0 */

static struct weir_summary *summary_new(enum weir_trace_format format)
{
	struct weir_summary *s = NULL;

	assert_int_equal(weir_summary_new(format, &s, NULL), 0);
	return s;
}

static void add(struct weir_summary *s, int64_t ts_ns, uint32_t len, uint32_t orig_len)
{
	const struct weir_record rec = {
		.data = zeros, .len = len, .orig_len = orig_len, .ts_ns = ts_ns, .linktype = 1
	};

	assert_int_equal(weir_summary_add(s, &rec), 0);
}

static void test_nothing_sums_to_nothing(void **state)
{
	struct weir_summary *s = summary_new(WEIR_TRACE_PCAP_US);
	const struct weir_totals none = { 0 };

	(void)state;
	assert_memory_equal(weir_summary_totals(s), &none, sizeof(none));
	assert_int_equal(weir_summary_iface(s, 3).frames, 0);
	weir_summary_free(s);
}

static void test_bytes_are_counted_as_recorded_and_as_sent(void **state)
{
	struct weir_summary *s = summary_new(WEIR_TRACE_PCAP_US);
	const struct weir_totals *t = weir_summary_totals(s);

	(void)state;
	add(s, 1, 60, 60);
	add(s, 1, 100, 1514);
	add(s, 1, 0, 0);
	assert_int_equal(t->frames, 3);
	assert_int_equal(t->bytes, 160);
	assert_int_equal(t->wire_bytes, 1574);
	assert_int_equal(t->snapped, 1);
	assert_int_equal(t->size_min, 0);
	assert_int_equal(t->size_max, 1514);
	weir_summary_free(s);
}

static void test_sizes_fall_into_ranges_that_leave_nothing_out(void **state)
{
	struct weir_summary *s = summary_new(WEIR_TRACE_PCAP_US);
	const struct weir_totals *t = weir_summary_totals(s);

	(void)state;
	for (unsigned i = 0; i + 1 < WEIR_SUMMARY_SIZES; i++) {
		uint32_t max = weir_summary_size_max(i);

		add(s, 1, 14, max);
		add(s, 1, 14, max + 1);
	}
	assert_int_equal(t->sizes[0], 1);
	for (unsigned i = 1; i + 1 < WEIR_SUMMARY_SIZES; i++)
		assert_int_equal(t->sizes[i], 2);
	assert_int_equal(t->sizes[WEIR_SUMMARY_SIZES - 1], 1);
	assert_int_equal(weir_summary_size_max(WEIR_SUMMARY_SIZES - 1), UINT32_MAX);
	weir_summary_free(s);
}

static void test_times_are_earliest_and_latest_and_may_go_backwards(void **state)
{
	struct weir_summary *s = summary_new(WEIR_TRACE_PCAPNG);
	const struct weir_totals *t = weir_summary_totals(s);

	(void)state;
	add(s, 10 * SECOND, 14, 14);
	add(s, 8 * SECOND, 14, 14); /* 2 s back */
	add(s, 9 * SECOND, 14, 14);
	add(s, 9 * SECOND, 14, 14);
	add(s, 6 * SECOND - 1, 14, 14); /* 3 s and 1 ns back */
	assert_int_equal(t->first_ns, 6 * SECOND - 1);
	assert_int_equal(t->last_ns, 10 * SECOND);
	assert_int_equal(t->backwards, 2);
	assert_int_equal(t->backwards_max_ns, 3 * SECOND + 1);
	assert_int_equal(t->untimed, 0);
	weir_summary_free(s);
}

static void test_frames_without_a_time_leave_times_alone(void **state)
{
	struct weir_summary *s = summary_new(WEIR_TRACE_PCAPNG);
	const struct weir_totals *t = weir_summary_totals(s);

	(void)state;
	add(s, 0, 14, 14);
	add(s, 5 * SECOND, 14, 14);
	add(s, 0, 14, 14);
	assert_int_equal(t->untimed, 2);
	assert_int_equal(t->first_ns, 5 * SECOND);
	assert_int_equal(t->last_ns, 5 * SECOND);
	assert_int_equal(t->backwards, 0);
	weir_summary_free(s);
}

static void test_the_year_1970_is_a_time_in_pcap(void **state)
{
	struct weir_summary *s = summary_new(WEIR_TRACE_PCAP_NS);
	const struct weir_totals *t = weir_summary_totals(s);

	(void)state;
	add(s, 0, 14, 14);
	add(s, SECOND, 14, 14);
	add(s, -SECOND, 14, 14);
	assert_int_equal(t->untimed, 0);
	assert_int_equal(t->first_ns, -SECOND);
	assert_int_equal(t->last_ns, SECOND);
	assert_int_equal(t->backwards_max_ns, 2 * SECOND);
	weir_summary_free(s);
}

static void test_interfaces_are_counted_apart(void **state)
{
	struct weir_summary *s = summary_new(WEIR_TRACE_PCAPNG);
	struct weir_record rec = { .data = zeros, .len = 20, .orig_len = 20, .linktype = 1 };

	(void)state;
	for (rec.iface = 0; rec.iface < 1000; rec.iface += 333)
		assert_int_equal(weir_summary_add(s, &rec), 0);
	assert_int_equal(weir_summary_iface(s, 0).frames, 1);
	assert_int_equal(weir_summary_iface(s, 999).bytes, 20);
	assert_int_equal(weir_summary_iface(s, 998).frames, 0);
	assert_int_equal(weir_summary_iface(s, UINT32_MAX).frames, 0);
	weir_summary_free(s);
}

static void test_protocols_and_flows_are_counted(void **state)
{
	static const uint8_t udp[] = { 2, 0, 0,	   0, 0, 1,  2, 0, 0,	 0, 0,	2,  0x81, 0, 0,	 9,
				       8, 0, 0x45, 0, 0, 28, 0, 0, 0x20, 0, 64, 17, 0,	  0, 10, 0,
				       0, 1, 10,   0, 0, 2,  0, 1, 0,	 2, 0,	8,  0,	  0 };
	struct weir_summary *s = summary_new(WEIR_TRACE_PCAP_US);
	const struct weir_totals *t = weir_summary_totals(s);
	uint8_t arp[60] = { 0 };
	struct weir_record rec = {
		.data = udp, .len = sizeof(udp), .orig_len = sizeof(udp), .linktype = 1
	};

	(void)state;
	be16_put(arp + 12, 0x0806);
	assert_int_equal(weir_summary_add(s, &rec), 0);
	assert_int_equal(weir_summary_add(s, &rec), 0);
	rec.data = arp;
	rec.len = rec.orig_len = sizeof(arp);
	assert_int_equal(weir_summary_add(s, &rec), 0);
	add(s, 1, 60, 60);

	assert_int_equal(t->protos[WEIR_SUMMARY_VLAN], 2);
	assert_int_equal(t->protos[WEIR_SUMMARY_IPV4], 2);
	assert_int_equal(t->protos[WEIR_SUMMARY_UDP], 2);
	assert_int_equal(t->protos[WEIR_SUMMARY_FRAGMENT], 2);
	assert_int_equal(t->protos[WEIR_SUMMARY_ARP], 1);
	assert_int_equal(t->protos[WEIR_SUMMARY_OTHER_NETWORK], 1);
	assert_int_equal(t->protos[WEIR_SUMMARY_OTHER_TRANSPORT], 0);
	assert_int_equal(t->flows, 1);
	assert_int_equal(t->flow_frames, 2);
	assert_int_equal(t->non_flow_frames, 1);
	assert_int_equal(t->flow_invalid, 1);
	weir_summary_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_sums_to_nothing),
		cmocka_unit_test(test_bytes_are_counted_as_recorded_and_as_sent),
		cmocka_unit_test(test_sizes_fall_into_ranges_that_leave_nothing_out),
		cmocka_unit_test(test_times_are_earliest_and_latest_and_may_go_backwards),
		cmocka_unit_test(test_frames_without_a_time_leave_times_alone),
		cmocka_unit_test(test_the_year_1970_is_a_time_in_pcap),
		cmocka_unit_test(test_interfaces_are_counted_apart),
		cmocka_unit_test(test_protocols_and_flows_are_counted),
	};

	return unit_run(tests);
}
