/* SPDX-License-Identifier: BSD-2-Clause */
#include "pkt/checksum.h"

#include <string.h>

#include "base/bytes.h"
#include "support/unit.h"

/* The bytes of RFC 1071, section 3, whose sum it gives as ddf2. */
static const uint8_t rfc1071[] = { 0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7 };

static void test_the_sum_is_that_of_rfc1071(void **state)
{
	(void)state;
	assert_int_equal(csum_fold(csum_add(0, rfc1071, sizeof(rfc1071))), 0xffff ^ 0xddf2);
}

static void test_parts_add_up(void **state)
{
	uint32_t sum;

	(void)state;
	sum = csum_add(0, rfc1071, 2);
	sum = csum_add(sum, rfc1071 + 2, 6);
	assert_int_equal(csum_fold(sum), csum_fold(csum_add(0, rfc1071, 8)));
}

static void test_an_odd_byte_is_the_high_one(void **state)
{
	const uint8_t odd[] = { 0x12, 0x34, 0x56 };

	(void)state;
	assert_int_equal(csum_fold(csum_add(0, odd, 3)), 0xffff ^ (0x1234 + 0x5600));
}

static void test_a_sum_of_all_ones_does_not_overflow(void **state)
{
	uint8_t ones[4096];

	(void)state;
	memset(ones, 0xff, sizeof(ones));
	assert_int_equal(csum_fold(csum_add(0xffffffff, ones, sizeof(ones))), 0);
}

static void test_an_update_gives_what_a_new_sum_gives(void **state)
{
	uint8_t data[20];
	uint16_t check;

	(void)state;
	for (unsigned i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 37);
	for (uint32_t v = 0; v < 0x20000; v += 77) {
		uint32_t new = v * 2654435761u;

		check = csum_fold(csum_add(0, data, sizeof(data)));
		check = csum_update32(check, be32_at(data + 4), new);
		be32_put(data + 4, new);
		assert_int_equal(check, csum_fold(csum_add(0, data, sizeof(data))));
	}
}

static void test_a_part_or_a_word_replaced_gives_what_a_new_sum_gives(void **state)
{
	uint8_t ip[24] = { 0x46, 0, 0, 60, [8] = 64, 17, [12] = 10, 0, 0, 1, 10, 0, 0, 2, 7, 4, 8 };
	uint8_t want[sizeof(ip)];
	uint32_t before;

	(void)state;
	csum_put_ipv4(ip);
	assert_int_equal(csum_fold(csum_add(0, ip, sizeof(ip))), 0);
	before = csum_add(0, ip + 12, 8);
	memcpy(ip + 12, "\xff\xfe\xfd\xfc\xff\xfe\xfd\xfc", 8);
	memcpy(want, ip, sizeof(ip));
	csum_put_ipv4(want);
	be16_put(ip + 10, csum_replace(be16_at(ip + 10), before, csum_add(0, ip + 12, 8)));
	assert_memory_equal(ip, want, sizeof(ip));

	be16_put(want + 2, 1500);
	csum_put_ipv4(want);
	be16_put(ip + 2, 1500);
	csum_ipv4_changed16(ip, 60, 1500);
	assert_memory_equal(ip, want, sizeof(ip));
}

/* RFC 1624, section 4: the case in which RFC 1141's arithmetic fails. */
static void test_an_update_keeps_to_rfc1624(void **state)
{
	(void)state;
	assert_int_equal(csum_update16(0xdd2f, 0x5555, 0x3285), 0x0000);
}

static void test_pseudo_headers_cover_addresses_protocol_and_length(void **state)
{
	uint8_t ip4[20] = { [12] = 192, 0, 2, 1, 198, 51, 100, 2 };
	uint8_t ip6[40] = { [8] = 0x20, 0x01, [39] = 7 };

	(void)state;
	assert_int_equal(csum_fold(csum_pseudo(ip4, false, 17, 8)),
			 0xffff ^ (0xc000 + 0x0201 + 0xc633 + 0x6402 + 17 + 8 - 0xffff));
	assert_int_equal(csum_fold(csum_pseudo(ip6, true, 6, 0x12345)),
			 0xffff ^ (0x2001 + 7 + 6 + 0x2345 + 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_sum_is_that_of_rfc1071),
		cmocka_unit_test(test_parts_add_up),
		cmocka_unit_test(test_an_odd_byte_is_the_high_one),
		cmocka_unit_test(test_a_sum_of_all_ones_does_not_overflow),
		cmocka_unit_test(test_an_update_gives_what_a_new_sum_gives),
		cmocka_unit_test(test_a_part_or_a_word_replaced_gives_what_a_new_sum_gives),
		cmocka_unit_test(test_an_update_keeps_to_rfc1624),
		cmocka_unit_test(test_pseudo_headers_cover_addresses_protocol_and_length),
	};

	return unit_run(tests);
}
