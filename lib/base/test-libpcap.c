/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/libpcap.h"

#include <errno.h>
#include <string.h>

#include "base/library.h"
#include "support/unit.h"

static void test_it_is_loaded_as_often_as_one_likes(void **state)
{
	struct libpcap first = { 0 }, again = { 0 };

	(void)state;
	assert_int_equal(libpcap_load(&first, NULL), 0);
	assert_int_equal(libpcap_load(&again, NULL), 0);
	assert_memory_equal(&first, &again, sizeof(first));
	assert_string_equal(first.datalink_val_to_name(DLT_EN10MB), "EN10MB");
	assert_null(first.datalink_val_to_name(-1));
}

static void test_a_filter_compiles_and_runs(void **state)
{
	const struct pcap_pkthdr head = { .caplen = 14, .len = 14 };
	const uint8_t arp[14] = { [12] = 0x08, [13] = 0x06 }, ip[14] = { [12] = 0x08 };
	struct bpf_program program;
	struct libpcap pcap;
	pcap_t *dead;

	(void)state;
	assert_int_equal(libpcap_load(&pcap, NULL), 0);
	dead = pcap.open_dead(DLT_EN10MB, 65535);
	assert_non_null(dead);
	assert_int_equal(pcap.compile(dead, &program, "nonsense (", 1, 0), -1);
	assert_true(pcap.geterr(dead)[0] != 0);
	assert_int_equal(pcap.compile(dead, &program, "arp", 1, PCAP_NETMASK_UNKNOWN), 0);
	pcap.close(dead);
	assert_true(pcap.offline_filter(&program, &head, arp) != 0);
	assert_int_equal(pcap.offline_filter(&program, &head, ip), 0);
	pcap.freecode(&program);
}

static void test_what_is_not_there_is_told(void **state)
{
	static const char *const none[] = { "libnone.so.1", NULL };
	static const char *const pcap[] = { "libnone.so.1", "libpcap.so.0.8", "libpcap.so.1",
					    NULL };
	static const struct library_function wrong[] = { { "pcap_nothing_like_it", 0 } };
	struct weir_err err;
	void *table = NULL;

	(void)state;
	assert_int_equal(library_load(none, wrong, 1, &table, &err), -ENOENT);
	assert_non_null(strstr(weir_err_text(&err), "libnone.so.1 is needed: "));
	assert_int_equal(library_load(pcap, wrong, 1, &table, &err), -ENOENT);
	assert_non_null(strstr(weir_err_text(&err), "pcap_nothing_like_it"));
	assert_null(table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_it_is_loaded_as_often_as_one_likes),
		cmocka_unit_test(test_a_filter_compiles_and_runs),
		cmocka_unit_test(test_what_is_not_there_is_told),
	};

	return unit_run(tests);
}
