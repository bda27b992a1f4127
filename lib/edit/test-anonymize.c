/* SPDX-License-Identifier: BSD-2-Clause */
#include "edit/edit.h"
#include "edit/test-support.h"

#include <errno.h>

#include "edit/crypto-pan.h"

static const struct weir_edit_opts opts = { .anonymize = WEIR_ANONYMIZE_PREFIX,
					    .anonymize_key = "0123456789abcdef0123456789abcde" };

static struct test_frame now, old;

/* What addresses of the frames become, as the map itself says. */
static uint8_t a1[4] = { 10, 0, 0, 1 }, a2[4] = { 10, 0, 0, 2 };
static uint8_t b1[16] = { 0x20, 1, 0x0d, 0xb8, [15] = 1 },
	       b2[16] = { 0x20, 1, 0x0d, 0xb8, [15] = 2 };

static int find_addresses(void **state)
{
	struct crypto_pan *p;

	(void)state;
	if (crypto_pan_new(opts.anonymize_key, false, &p, NULL) < 0)
		return 0;
	(void)crypto_pan_map(p, 4, a1);
	(void)crypto_pan_map(p, 4, a2);
	(void)crypto_pan_map(p, 6, b1);
	(void)crypto_pan_map(p, 6, b2);
	crypto_pan_free(p);
	return 0;
}

static void run_with(const struct weir_edit_opts *o)
{
	struct weir_err err = { 0 };
	struct weir_editor *e;

	if (weir_editor_new(o, &e, &err) == -ENOSYS)
		skip(); /* built without libcrypto */
	weir_editor_free(e);
	edit(o, &now);
}

static void run(void)
{
	run_with(&opts);
}

static void keep(void)
{
	memcpy(&old, &now, sizeof(old));
}

static void test_addresses_change_and_checksums_stay_right(void **state)
{
	(void)state;
	frame_ipv4(&now, 6, 40);
	run();
	assert_memory_equal(now.mem + 26, a1, 4);
	assert_memory_equal(now.mem + 30, a2, 4);
	assert_sums_right(&now, 14);
	frame_ipv6(&now, 40);
	run();
	assert_memory_equal(now.mem + 22, b1, 16);
	assert_memory_equal(now.mem + 38, b2, 16);
	assert_sums_right(&now, 14);
}

static void test_arp_tells_the_same(void **state)
{
	static const char arp[] = "\xff\xff\xff\xff\xff\xff\2\0\0\0\0\1\x08\x06"
				  "\0\1\x08\0\6\4\0\1\2\0\0\0\0\1\x0a\0\0\1\0\0\0\0\0\0\x0a\0\0\2";

	(void)state;
	frame_init(&now, arp, sizeof(arp) - 1);
	run();
	assert_memory_equal(now.mem + 28, a1, 4);
	assert_memory_equal(now.mem + 38, a2, 4);
}

/* An ICMP message of a type with rest behind its first 8 bytes, right checksum. */
static void frame_icmp(uint8_t type, const uint8_t *rest, uint32_t n)
{
	uint8_t *icmp = now.mem + 34;

	frame_ipv4(&now, 1, 8 + n);
	memset(icmp, 0, 8);
	icmp[0] = type;
	memcpy(icmp + 4, "\x0a\0\0\2", 4);
	memcpy(icmp + 8, rest, n);
	naive_put(icmp + 2, naive_sum(icmp, 8 + n, 0));
}

static void test_packets_that_icmp_tells_of_agree(void **state)
{
	struct test_frame told;

	(void)state;
	frame_ipv4(&told, 17, 30);
	for (uint32_t n = 28; n <= 50; n += 22) {
		frame_icmp(5, told.mem + 14, n);
		run();
		assert_memory_equal(now.mem + 38, a2, 4); /* the gateway of the redirect */
		assert_memory_equal(now.mem + 42 + 12, a1, 4);
		assert_memory_equal(now.mem + 42 + 16, a2, 4);
		assert_int_equal(naive_sum(now.mem + 14, 20, 0), 0xffff);
		assert_int_equal(naive_sum(now.mem + 34, 8 + n, 0), 0xffff);
		assert_int_equal(naive_sum(now.mem + 42, 20, 0), 0xffff);
	}
	assert_sums_right(&now, 42);
}

static void test_frames_that_are_cut_keep_what_is_left(void **state)
{
	struct weir_edit_opts o = opts;
	struct test_frame told;

	(void)state;
	o.mtu_trunc = true;
	frame_ipv4(&told, 17, 30);
	for (o.mtu = 1; o.mtu < 60; o.mtu++) {
		frame_icmp(3, told.mem + 14, 50);
		run_with(&o);
		assert_int_equal(now.buf.len, 14 + o.mtu);
		assert_memory_equal(now.mem + 26, a1, 4);
	}
	o.mtu_trunc = false;
	o.fuzz_factor = 1;
	o.fuzz_seed.given = true;
	for (o.fuzz_seed.value = 0; o.fuzz_seed.value < 500; o.fuzz_seed.value++) {
		frame_icmp(3, told.mem + 14, 50);
		run_with(&o);
		if (now.buf.port != WEIR_NO_PORT) /* dropped */
			assert_memory_equal(now.mem + 26, a1, 4);
	}
}

static void frame_icmp6(uint8_t type, const uint8_t *rest, uint32_t n)
{
	uint8_t *icmp = now.mem + 54;

	frame_ipv6(&now, 8 + n);
	now.mem[20] = 58;
	memset(icmp, 0, 8);
	icmp[0] = type;
	memcpy(icmp + 8, rest, n);
	naive_put(icmp + 2, naive_l4(now.mem + 14, 8 + n));
}

static void test_icmpv6_errors_and_targets_agree(void **state)
{
	struct test_frame told;

	(void)state;
	frame_ipv6(&told, 30);
	frame_icmp6(1, told.mem + 14, 70);
	run();
	assert_memory_equal(now.mem + 62 + 8, b1, 16);
	assert_memory_equal(now.mem + 62 + 24, b2, 16);
	assert_sums_right(&now, 14);
	assert_sums_right(&now, 62);
	for (uint8_t type = 135; type <= 137; type++) {
		frame_icmp6(type, told.mem + 22, 32);
		run();
		assert_memory_equal(now.mem + 62, b1, 16);
		if (type == 137)
			assert_memory_equal(now.mem + 78, b2, 16);
		else
			assert_memory_equal(now.mem + 78, told.mem + 38, 16);
		assert_sums_right(&now, 14);
	}
}

static void test_multicast_and_broadcast_can_stay(void **state)
{
	struct weir_edit_opts o = opts;

	(void)state;
	o.skip_broadcast = true;
	frame_ipv4(&now, 17, 30);
	memcpy(now.mem + 30, "\xe0\0\0\xfb", 4);
	keep();
	run_with(&o);
	assert_memory_equal(now.mem + 30, old.mem + 30, 4);
	assert_memory_not_equal(now.mem + 26, old.mem + 26, 4);
	memcpy(now.mem + 30, "\xff\xff\xff\xff", 4);
	run_with(&o);
	assert_memory_equal(now.mem + 30, "\xff\xff\xff\xff", 4);
}

static void test_inner_packets_agree(void **state)
{
	struct weir_edit_opts o = opts;
	struct test_frame inner;

	(void)state;
	o.inner = "all";
	frame_ipv4(&inner, 6, 40);
	frame_ipv4(&now, 4, 60);
	memcpy(now.mem + 34, inner.mem + 14, 60);
	run_with(&o);
	assert_memory_equal(now.mem + 26, a1, 4);
	assert_memory_equal(now.mem + 46, a1, 4);
	assert_sums_right(&now, 34);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses_change_and_checksums_stay_right),
		cmocka_unit_test(test_arp_tells_the_same),
		cmocka_unit_test(test_packets_that_icmp_tells_of_agree),
		cmocka_unit_test(test_frames_that_are_cut_keep_what_is_left),
		cmocka_unit_test(test_icmpv6_errors_and_targets_agree),
		cmocka_unit_test(test_multicast_and_broadcast_can_stay),
		cmocka_unit_test(test_inner_packets_agree),
	};

	return cmocka_run_group_tests(tests, find_addresses, NULL);
}
