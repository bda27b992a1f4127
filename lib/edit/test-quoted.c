/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets that ICMP errors quote keep to their flows. */
#include "edit/test-support.h"

/* 10.0.0.2 says to 10.0.0.1 that port 80 cannot be reached: quotes the IP header and
 * quoted_len bytes of UDP from there. */
static void make_error(struct test_frame *f, uint32_t quoted_len)
{
	uint8_t p[128] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45 };
	uint8_t *ip = p + 14, *icmp = ip + 20;
	uint32_t icmp_len = 8 + 20 + quoted_len;
	struct test_frame quoted;

	frame_ipv4(&quoted, 17, 32);
	be16_put(ip + 2, (uint16_t)(20 + icmp_len));
	ip[8] = 64;
	ip[9] = 1;
	memcpy(ip + 12, "\x0a\0\0\2\x0a\0\0\1", 8);
	naive_put(ip + 10, naive_sum(ip, 20, 0));
	icmp[0] = icmp[1] = 3;
	memcpy(icmp + 8, quoted.mem + 14, 20 + quoted_len);
	naive_put(icmp + 2, naive_sum(icmp, icmp_len, 0));
	frame_init(f, p, 34 + icmp_len);
}

static void assert_error_right(const struct test_frame *f)
{
	assert_int_equal(naive_sum(f->mem + 14, 20, 0), 0xffff);
	assert_int_equal(naive_sum(f->mem + 34, f->buf.len - 34, 0), 0xffff);
	assert_int_equal(naive_sum(f->mem + 42, 20, 0), 0xffff);
}

static void test_quoted_addresses_are_mapped_as_those_of_the_flow(void **state)
{
	struct test_frame f;

	(void)state;
	make_error(&f, 32);
	EDIT(&f, .src_map = "10.0.0.1:1.1.1.1", .dst_map = "10.0.0.2:2.2.2.2");
	assert_memory_equal(f.mem + 42 + 12, "\1\1\1\1\2\2\2\2", 8);
	assert_memory_equal(f.mem + 14 + 12, "\x0a\0\0\2\x0a\0\0\1", 8);
	assert_error_right(&f);
	assert_int_equal(naive_l4(f.mem + 42, 32), 0xffff);
}

static void test_sides_of_quoted_packets_are_exchanged(void **state)
{
	struct test_frame f;

	(void)state;
	make_error(&f, 32);
	f.buf.port = 1; /* the server's error: its packet was the client's */
	EDIT(&f, .endpoints = "1.1.1.1:2.2.2.2");
	assert_memory_equal(f.mem + 14 + 12, "\2\2\2\2\1\1\1\1", 8);
	assert_memory_equal(f.mem + 42 + 12, "\1\1\1\1\2\2\2\2", 8);
	assert_error_right(&f);
}

static void test_ports_of_a_cut_quote_are_mapped(void **state)
{
	static const char *const map[] = { "80:8080" };

	(void)state;
	for (uint32_t n = 4; n <= 8; n += 2) {
		struct test_frame f;

		make_error(&f, n);
		EDIT(&f, .port_maps = map, .n_port_maps = 1);
		assert_int_equal(be16_at(f.mem + 62), 1000);
		assert_int_equal(be16_at(f.mem + 64), 8080);
		assert_error_right(&f);
	}
}

static void test_a_quote_without_ports_is_left(void **state)
{
	static const char *const map[] = { "80:8080,1000:7" };

	(void)state;
	for (uint32_t n = 0; n < 4; n++) {
		struct test_frame f, before;

		make_error(&f, n);
		before = f;
		EDIT(&f, .port_maps = map, .n_port_maps = 1);
		assert_memory_equal(f.mem, before.mem, f.buf.len);
	}
}

static void test_a_wrong_checksum_stays_wrong(void **state)
{
	struct test_frame f;

	(void)state;
	make_error(&f, 32);
	be16_put(f.mem + 36, (uint16_t)(be16_at(f.mem + 36) + 5));
	EDIT(&f, .src_map = "10.0.0.1:1.1.1.1");
	assert_int_equal(naive_sum(f.mem + 34, f.buf.len - 34, 0), 5);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_quoted_addresses_are_mapped_as_those_of_the_flow),
		cmocka_unit_test(test_sides_of_quoted_packets_are_exchanged),
		cmocka_unit_test(test_ports_of_a_cut_quote_are_mapped),
		cmocka_unit_test(test_a_quote_without_ports_is_left),
		cmocka_unit_test(test_a_wrong_checksum_stays_wrong),
	};

	return unit_run(tests);
}
