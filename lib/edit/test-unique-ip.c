/* SPDX-License-Identifier: BSD-2-Clause */
#include <weir/edit.h>

#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "base/macros.h"
#include "pkt/checksum.h"
#include "support/unit.h"

/* An Ethernet frame with one VLAN tag and a TCP/IPv4 or IPv6 header. */
struct frame {
	uint8_t data[80];
	uint32_t len, src_off, dst_off;
};

static void make(struct frame *f, bool ipv6, uint32_t src, uint32_t dst)
{
	uint8_t *ip = f->data + 18;

	memset(f, 0, sizeof(*f));
	be16_put(f->data + 12, 0x8100);
	be16_put(f->data + 16, ipv6 ? 0x86dd : 0x0800);
	ip[0] = ipv6 ? 0x60 : 0x45;
	be16_put(ip + (ipv6 ? 4 : 2), ipv6 ? 20 : 40);
	ip[ipv6 ? 6 : 9] = 6;
	f->src_off = 18 + (ipv6 ? 20 : 12);
	f->dst_off = 18 + (ipv6 ? 36 : 16);
	f->len = 18 + (ipv6 ? 60 : 40);
	be32_put(f->data + f->src_off, src);
	be32_put(f->data + f->dst_off, dst);
}

static struct weir_unique_ip *unique(uint64_t num, uint64_t den, bool drop)
{
	struct weir_unique_ip_opts opts = { .loops_num = num,
					    .loops_den = den,
					    .drop_others = drop };
	struct weir_unique_ip *u = NULL;

	assert_int_equal(weir_unique_ip_new(&opts, &u, NULL), 0);
	return u;
}

/* Runs the stage on a frame as it is in a loop; the port it gets. */
static uint8_t in_loop(struct weir_unique_ip *u, struct frame *f, uint64_t loop)
{
	struct weir_buf b = {
		.data = f->data, .len = f->len, .room = sizeof(f->data), .loop = loop, .linktype = 1
	};
	struct weir_stage stage = weir_unique_ip_stage(u);

	assert_true(stage.changes && stage.per_loop);
	assert_int_equal(stage.run(stage.ctx, &b, 1), 0);
	return b.port;
}

static void becomes(bool ipv6, uint32_t src, uint32_t dst, uint64_t loop, uint32_t want_src,
		    uint32_t want_dst)
{
	struct weir_unique_ip *u = unique(1, 1, false);
	struct frame f, before;

	make(&f, ipv6, src, dst);
	before = f;
	assert_int_equal(in_loop(u, &f, loop), 0);
	assert_int_equal(be32_at(f.data + f.src_off), want_src);
	assert_int_equal(be32_at(f.data + f.dst_off), want_dst);
	/* Nothing else is touched. */
	be32_put(f.data + f.src_off, src);
	be32_put(f.data + f.dst_off, dst);
	assert_memory_equal(f.data, before.data, sizeof(f.data));
	weir_unique_ip_free(u);
}

static void test_the_greater_address_grows_and_the_other_shrinks(void **state)
{
	(void)state;
	for (int ipv6 = 0; ipv6 <= 1; ipv6++) {
		becomes(ipv6, 0x0a000001, 0x0a000002, 0, 0x0a000001, 0x0a000002);
		becomes(ipv6, 0x0a000001, 0x0a000002, 1, 0x0a000000, 0x0a000003);
		becomes(ipv6, 0x0a000002, 0x0a000001, 3, 0x0a000005, 0x09fffffe);
		becomes(ipv6, 7, 7, 2, 9, 5);
	}
}

static void test_numbers_that_wrap_are_corrected_by_one(void **state)
{
	(void)state;
	becomes(false, 0x0a000000, 0xffffffff, 1, 0x09ffffff, 1);
	becomes(false, 0, 5, 2, 0xfffffffd, 7);
	becomes(false, 0, 0xffffffff, 1, 0xffffffff, 0); /* both wrap: no correction */
}

static uint16_t address_sum(const struct frame *f)
{
	return csum_fold(csum_add(csum_add(0, f->data + f->src_off, 4), f->data + f->dst_off, 4));
}

static void test_the_sum_of_the_addresses_is_kept(void **state)
{
	static const uint32_t addresses[] = { 0x0a000001, 0xc0a80101, 0xffffffff, 0xfffffff0,
					      1,	  0x80000000, 0xffff0000, 0x0000ffff };
	static const uint64_t loops[] = {
		1, 2, 255, 65535, 65536, 1000000, 0x7fffffff, 0xfffffffe
	};
	struct weir_unique_ip *u = unique(1, 1, false);

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(addresses) * ARRAY_SIZE(addresses); i++) {
		for (unsigned l = 0; l < ARRAY_SIZE(loops); l++) {
			struct frame f;
			uint16_t before;

			make(&f, false, addresses[i / 8], addresses[i % 8]);
			before = address_sum(&f);
			(void)in_loop(u, &f, loops[l]);
			assert_int_equal(address_sum(&f), before);
		}
	}
	weir_unique_ip_free(u);
}

static void test_loops_share_an_address(void **state)
{
	static const uint32_t by_3[] = { 0, 0, 0, 1, 1, 1, 2 };
	static const uint32_t by_1_5[] = { 0, 0, 1, 2, 2, 3, 4 };
	struct weir_unique_ip *three = unique(3, 1, false), *half = unique(3, 2, false);

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(by_3); i++) {
		assert_int_equal(weir_unique_ip_shift(three, i), by_3[i]);
		assert_int_equal(weir_unique_ip_shift(half, i), by_1_5[i]);
	}
	weir_unique_ip_free(three);
	weir_unique_ip_free(half);
}

static void test_frames_without_ip_are_kept_or_dropped(void **state)
{
	struct weir_unique_ip *keep = unique(1, 1, false), *drop = unique(1, 1, true);
	struct frame arp;

	(void)state;
	make(&arp, false, 1, 2);
	be16_put(arp.data + 16, 0x0806);
	assert_int_equal(in_loop(keep, &arp, 1), 0);
	assert_int_equal(in_loop(drop, &arp, 0), 0);
	assert_int_equal(weir_unique_ip_dropped(drop), 0);
	assert_int_equal(in_loop(drop, &arp, 1), WEIR_NO_PORT);
	assert_int_equal(weir_unique_ip_dropped(drop), 1);
	assert_int_equal(weir_unique_ip_dropped(keep), 0);
	weir_unique_ip_free(keep);
	weir_unique_ip_free(drop);
}

static void test_a_header_that_is_cut_is_not_touched(void **state)
{
	struct weir_unique_ip *u = unique(1, 1, true);
	struct frame f, before;

	(void)state;
	for (uint32_t len = 0; len < 18 + 20; len++) {
		make(&f, false, 1, 2);
		before = f;
		f.len = len;
		assert_int_equal(in_loop(u, &f, 1), WEIR_NO_PORT);
		assert_memory_equal(f.data, before.data, sizeof(f.data));
	}
	weir_unique_ip_free(u);
}

static void test_less_than_a_loop_is_refused(void **state)
{
	struct weir_unique_ip_opts opts = { .loops_num = 1, .loops_den = 2 };
	struct weir_unique_ip *u = NULL;

	(void)state;
	assert_int_equal(weir_unique_ip_new(&opts, &u, NULL), -EINVAL);
	opts.loops_den = 0;
	assert_int_equal(weir_unique_ip_new(&opts, &u, NULL), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_greater_address_grows_and_the_other_shrinks),
		cmocka_unit_test(test_numbers_that_wrap_are_corrected_by_one),
		cmocka_unit_test(test_the_sum_of_the_addresses_is_kept),
		cmocka_unit_test(test_loops_share_an_address),
		cmocka_unit_test(test_frames_without_ip_are_kept_or_dropped),
		cmocka_unit_test(test_a_header_that_is_cut_is_not_touched),
		cmocka_unit_test(test_less_than_a_loop_is_refused),
	};

	return unit_run(tests);
}
