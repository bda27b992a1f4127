/* SPDX-License-Identifier: BSD-2-Clause */
#include "edit/crypto-pan.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "support/unit.h"

/* The key and the addresses of the sample trace that came with Crypto-PAn; those of IPv6
 * are what several later programs agree on. */
static const uint8_t key[CRYPTO_PAN_KEY] = {
	21,  34,  23,  141, 51,	 164, 207, 128, 19, 10, 91, 22, 73, 144, 125, 16,
	216, 152, 143, 131, 121, 121, 101, 39,	98, 87, 76, 45, 42, 132, 34,  2,
};

static struct crypto_pan *open_pan(bool groups_stay)
{
	struct weir_err err = { 0 };
	struct crypto_pan *p;
	int r = crypto_pan_new(key, groups_stay, &p, &err);

	if (r == -ENOSYS)
		skip(); /* built without libcrypto */
	if (r < 0)
		fail_msg("%s", err.text);
	return p;
}

static void assert_maps(struct crypto_pan *p, const char *from, const char *to)
{
	int family = strchr(from, ':') ? AF_INET6 : AF_INET;
	char text[INET6_ADDRSTRLEN];
	uint8_t addr[16];

	assert_int_equal(inet_pton(family, from, addr), 1);
	assert_int_equal(crypto_pan_map(p, family == AF_INET ? 4 : 6, addr), 0);
	assert_non_null(inet_ntop(family, addr, text, sizeof(text)));
	assert_string_equal(text, to);
}

static void test_addresses_become_what_was_published(void **state)
{
	static const char *const pairs[][2] = {
		{ "128.11.68.132", "135.242.180.132" },
		{ "129.118.74.4", "134.136.186.123" },
		{ "130.132.252.244", "133.68.164.234" },
		{ "141.223.7.43", "141.167.8.160" },
		{ "141.233.145.108", "141.129.237.235" },
		{ "152.163.225.39", "151.140.114.167" },
		{ "156.29.3.236", "147.225.12.42" },
		{ "165.247.96.84", "162.9.99.234" },
		{ "166.107.77.190", "160.132.178.185" },
		{ "192.102.249.13", "252.138.62.131" },
		{ "::1", "78ff:f001:9fc0:20df:8380:b1f1:704:ed" },
		{ "::2", "78ff:f001:9fc0:20df:8380:b1f1:704:ef" },
		{ "::ffff", "78ff:f001:9fc0:20df:8380:b1f1:704:f838" },
		{ "2001:db8::1", "4401:2bc:603f:d91d:27f:ff8e:e6f1:dc1e" },
		{ "2001:db8::2", "4401:2bc:603f:d91d:27f:ff8e:e6f1:dc1c" },
	};
	struct crypto_pan *p = open_pan(false);

	(void)state;
	/* The second time they are known. */
	for (unsigned i = 0; i < 2 * sizeof(pairs) / sizeof(pairs[0]); i++)
		assert_maps(p, pairs[i / 2][0], pairs[i / 2][1]);
	crypto_pan_free(p);
}

/* Numbers that are the same each time. */
static uint32_t draw(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*state >> 32);
}

static uint32_t map4(struct crypto_pan *p, uint32_t v)
{
	uint8_t addr[4];

	be32_put(addr, v);
	assert_int_equal(crypto_pan_map(p, 4, addr), 0);
	return be32_at(addr);
}

static unsigned common(uint32_t a, uint32_t b)
{
	return a == b ? 32 : (unsigned)__builtin_clz(a ^ b);
}

static void test_common_prefixes_are_as_long_as_before(void **state)
{
	(void)state;
	for (unsigned groups_stay = 0; groups_stay < 2; groups_stay++) {
		struct crypto_pan *p = open_pan(groups_stay);
		uint64_t seed = 1;

		for (unsigned i = 0; i < 5000; i++) {
			uint32_t a = draw(&seed),
				 b = a ^ draw(&seed) >> (i % 33 == 32 ? 31 : i % 33);

			assert_int_equal(common(map4(p, a), map4(p, b)), common(a, b));
		}
		crypto_pan_free(p);
	}
}

static void test_groups_stay_groups_and_nothing_becomes_one(void **state)
{
	struct crypto_pan *p = open_pan(true);
	uint64_t seed = 2;

	(void)state;
	assert_maps(p, "255.255.255.255", "255.255.255.255");
	for (unsigned i = 0; i < 5000; i++) {
		uint32_t v = i % 2 ? draw(&seed) : draw(&seed) >> 4 | 0xe0000000;
		uint8_t addr[16] = { 0xff, i % 2 ? 0x02 : 0xfe };

		assert_int_equal(map4(p, v) >> 28 == 0xe, v >> 28 == 0xe);
		be32_put(addr + 12, v);
		addr[0] = i % 3 ? 0xff : (uint8_t)v;
		v = addr[0];
		assert_int_equal(crypto_pan_map(p, 6, addr), 0);
		assert_int_equal(addr[0] == 0xff, v == 0xff);
	}
	crypto_pan_free(p);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses_become_what_was_published),
		cmocka_unit_test(test_common_prefixes_are_as_long_as_before),
		cmocka_unit_test(test_groups_stay_groups_and_nothing_becomes_one),
	};

	return unit_run(tests);
}
