/* SPDX-License-Identifier: BSD-2-Clause */
#include "pkt/addr.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "support/unit.h"

static int read_cidr(const char *text, struct pkt_cidr *ret)
{
	struct scan s = scan_begin("cidr", text, NULL);
	int r = cidr_scan(&s, ret);

	return r < 0 ? r : scan_end(&s);
}

static void test_networks_hold_what_begins_alike(void **state)
{
	struct pkt_cidr c;

	(void)state;
	assert_int_equal(read_cidr("10.1.128.0/17", &c), 0);
	assert_true(cidr_has(&c, 4, (const uint8_t[]){ 10, 1, 255, 3 }));
	assert_false(cidr_has(&c, 4, (const uint8_t[]){ 10, 1, 127, 3 }));
	assert_false(cidr_has(&c, 6, (const uint8_t[16]){ 10, 1, 255 }));
	assert_int_equal(read_cidr("0.0.0.0/0", &c), 0);
	assert_true(cidr_has(&c, 4, (const uint8_t[]){ 255, 1, 127, 3 }));
	assert_int_equal(read_cidr("1.2.3.4", &c), 0);
	assert_int_equal(c.bits, 32);
	assert_false(cidr_has(&c, 4, (const uint8_t[]){ 1, 2, 3, 5 }));
}

static void test_ipv6_stands_in_brackets(void **state)
{
	struct pkt_cidr in, out;

	(void)state;
	assert_int_equal(read_cidr("[2001:db8::/33]", &in), 0);
	assert_int_equal(read_cidr("[2001:db8::]/33", &out), 0);
	assert_memory_equal(&in, &out, sizeof(in));
	assert_int_equal(in.bits, 33);
	assert_true(cidr_has(&in, 6, (const uint8_t[16]){ 0x20, 1, 0xd, 0xb8, 0x7f }));
	assert_false(cidr_has(&in, 6, (const uint8_t[16]){ 0x20, 1, 0xd, 0xb8, 0x80 }));
	assert_int_equal(read_cidr("[::]", &in), 0);
	assert_int_equal(in.bits, 128);
}

static void test_what_is_no_network_is_refused(void **state)
{
	static const char *const bad[] = { "",	       "10.0.0",    "10.0.0.0/33", "10.0.0.0/",
					   "2001::/3", "[::1/129]", "[::1",	   "1.2.3.4x" };
	struct pkt_cidr c;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(read_cidr(bad[i], &c), -EINVAL);
}

static void test_lists_are_joined_by_commas(void **state)
{
	struct scan s = scan_begin("cidr", "10.0.0.0/8,[fe80::/10]", NULL);
	struct pkt_cidrs list;

	(void)state;
	assert_int_equal(cidrs_scan(&s, &list), 0);
	assert_int_equal(list.n, 2);
	assert_true(cidrs_have(&list, 6, (const uint8_t[16]){ 0xfe, 0xbf }));
	assert_false(cidrs_have(&list, 4, (const uint8_t[]){ 11, 0, 0, 0 }));
	free(list.list);
	s = scan_begin("cidr", "10.0.0.0/8,", NULL);
	assert_int_equal(cidrs_scan(&s, &list), -EINVAL);
}

static void test_mixing_takes_bits_from_both(void **state)
{
	uint8_t mix[4];

	(void)state;
	addr_mix(12, 4, (const uint8_t[]){ 1, 0x2f, 3, 4 }, (const uint8_t[]){ 9, 8, 7, 6 }, mix);
	assert_memory_equal(mix, ((const uint8_t[]){ 1, 0x28, 7, 6 }), 4);
	addr_mix(0, 4, (const uint8_t[]){ 1, 2, 3, 4 }, (const uint8_t[]){ 9, 8, 7, 6 }, mix);
	assert_memory_equal(mix, ((const uint8_t[]){ 9, 8, 7, 6 }), 4);
	addr_mix(32, 4, (const uint8_t[]){ 1, 2, 3, 4 }, (const uint8_t[]){ 9, 8, 7, 6 }, mix);
	assert_memory_equal(mix, ((const uint8_t[]){ 1, 2, 3, 4 }), 4);
}

static void test_macs_have_six_parts(void **state)
{
	struct scan s = scan_begin("mac", "00:1F:f3-3c:e1:3", NULL);
	uint8_t mac[6];

	(void)state;
	assert_int_equal(mac_scan(&s, mac), 0);
	assert_memory_equal(mac, "\x00\x1f\xf3\x3c\xe1\x03", 6);
	s = scan_begin("mac", "00:1f:f3:3c:e1", NULL);
	assert_int_equal(mac_scan(&s, mac), -EINVAL);
	s = scan_begin("mac", "00:1f:f3:3c:e1:100", NULL);
	assert_int_equal(mac_scan(&s, mac), -EINVAL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_networks_hold_what_begins_alike),
		cmocka_unit_test(test_ipv6_stands_in_brackets),
		cmocka_unit_test(test_what_is_no_network_is_refused),
		cmocka_unit_test(test_lists_are_joined_by_commas),
		cmocka_unit_test(test_mixing_takes_bits_from_both),
		cmocka_unit_test(test_macs_have_six_parts),
	};

	return unit_run(tests);
}
