/* SPDX-License-Identifier: BSD-2-Clause */
#include "edit/edit.h"
#include "edit/test-support.h"

#include <errno.h>

#include "pkt/tunnel.h"

/* The frame that is edited, and as it was. */
static struct test_frame now, old;
static uint32_t inner_off; /* of the IP header within */

static const uint8_t vxlan[8] = { 8, 0, 0, 0, 0, 0, 7, 0 };

enum {
	BARE,
	WITH_MACS,
	SUMMED = 2
};

/* Puts the frame into a tunnel of a protocol (UDP: to that port) from 10.1.0.1 to
 * 10.1.0.2, with its Ethernet header or without, and with a right checksum if SUMMED. */
static void wrap(uint8_t proto, uint16_t port, const uint8_t *head, uint32_t n, unsigned how)
{
	uint32_t skip = how & WITH_MACS ? 0 : 14;
	uint32_t l4_len = (proto == PKT_IP_UDP ? 8 : 0) + n + now.buf.len - skip;
	struct test_frame outer;
	uint8_t *l4 = outer.mem + 34;
	uint32_t at = l4_len - (now.buf.len - skip);

	frame_ipv4(&outer, proto, l4_len);
	memcpy(outer.mem + 26, "\x0a\1\0\1\x0a\1\0\2", 8);
	be16_put(outer.mem + 24, 0);
	naive_put(outer.mem + 24, naive_sum(outer.mem + 14, 20, 0));
	if (n)
		memcpy(l4 + at - n, head, n);
	memcpy(l4 + at, now.mem + skip, now.buf.len - skip);
	if (proto == PKT_IP_UDP) {
		be16_put(l4 + 2, port);
		be16_put(l4 + 6, 0);
		if (how & SUMMED)
			naive_put(l4 + 6, naive_l4(outer.mem + 14, l4_len));
	}
	if (proto == PKT_IP_GRE && how & SUMMED)
		naive_put(l4 + 4, naive_sum(l4, l4_len, 0));
	inner_off += 34 + at - skip;
	frame_init(&now, outer.mem, 34 + l4_len);
}

static void begin(uint8_t proto)
{
	frame_ipv4(&now, proto, 60);
	inner_off = 14;
}

static void keep(void)
{
	memcpy(&old, &now, sizeof(old));
	old.buf.data = old.mem;
}

/* The packet within has these last bytes of its addresses, and right checksums. */
static void assert_inner(const char *addrs, uint8_t ttl)
{
	assert_memory_equal(now.mem + inner_off + 12, addrs, 8);
	assert_int_equal(now.mem[inner_off + 8], ttl);
	assert_sums_right(&now, inner_off);
}

#define MAP "10.0.0.0/16:172.16.0.0/16,10.1.0.0/16:192.168.0.0/16"
#define OLD "\x0a\0\0\1\x0a\0\0\2"
#define NEW "\xac\x10\0\1\xac\x10\0\2"

static void test_only_the_packet_within_is_edited(void **state)
{
	static const struct {
		uint8_t proto;
		uint16_t port;
		const char *head;
		uint32_t n;
		unsigned how;
	} tunnels[] = {
		{ PKT_IP_IPV4, 0, "", 0, BARE },
		{ PKT_IP_GRE, 0, "\0\0\x08\0", 4, BARE },
		{ PKT_IP_GRE, 0, "\x80\0\x65\x58\0\0\0\0", 8, WITH_MACS | SUMMED },
		{ PKT_IP_UDP, 4789, "\x08\0\0\0\0\0\7\0", 8, WITH_MACS },
		{ PKT_IP_UDP, 4789, "\x08\0\0\0\0\0\7\0", 8, WITH_MACS | SUMMED },
		{ PKT_IP_UDP, 6081, "\0\0\x65\x58\0\0\7\0", 8, WITH_MACS | SUMMED },
		{ PKT_IP_UDP, 2152, "\x30\xff\0\x50\0\0\0\1", 8, BARE | SUMMED },
	};
	static const char *const ports[] = { "80:8080,4789:1,6081:1,2152:1" };

	(void)state;
	for (unsigned i = 0; i < sizeof(tunnels) / sizeof(tunnels[0]); i++) {
		begin(i % 2 ? 6 : 17);
		wrap(tunnels[i].proto, tunnels[i].port, (const uint8_t *)tunnels[i].head,
		     tunnels[i].n, tunnels[i].how);
		keep();
		EDIT(&now, .pnat = MAP, .ttl = "9", .tos = { true, 4 }, .port_maps = ports,
		     .n_port_maps = 1, .inner = "");
		assert_inner(NEW, 9);
		assert_int_equal(be16_at(now.mem + inner_off + 22), 8080);
		assert_memory_equal(now.mem, old.mem, 34);
		if (tunnels[i].proto == PKT_IP_UDP && tunnels[i].how & SUMMED)
			assert_sums_right(&now, 14);
		else if (tunnels[i].how & SUMMED)
			assert_int_equal(naive_sum(now.mem + 34, now.buf.len - 34, 0), 0xffff);
		else if (tunnels[i].proto == PKT_IP_UDP)
			assert_int_equal(be16_at(now.mem + 40), 0);
	}
}

static void test_checksums_of_nested_tunnels_are_kept(void **state)
{
	(void)state;
	begin(6);
	wrap(PKT_IP_UDP, 4789, vxlan, 8, WITH_MACS | SUMMED);
	wrap(PKT_IP_GRE, 0, (const uint8_t *)"\x80\0\x08\0\0\0\0\0", 8, BARE | SUMMED);
	wrap(PKT_IP_UDP, 4789, vxlan, 8, WITH_MACS | SUMMED);
	EDIT(&now, .pnat = MAP, .ttl = "9", .inner = "");
	assert_inner(NEW, 9);
	assert_sums_right(&now, inner_off - 14 - 8 - 8 - 20);
	assert_sums_right(&now, 14);
}

static void test_a_number_is_the_depth(void **state)
{
	(void)state;
	begin(6);
	wrap(PKT_IP_IPV4, 0, NULL, 0, BARE);
	wrap(PKT_IP_UDP, 4789, vxlan, 8, WITH_MACS | SUMMED);
	EDIT(&now, .pnat = MAP, .inner = "1");
	assert_inner(OLD, 64);
	assert_memory_equal(now.mem + inner_off - 8, "\xc0\xa8\0\1\xc0\xa8\0\2", 8);
	assert_memory_equal(now.mem + 26, "\x0a\1\0\1\x0a\1\0\2", 8);
	assert_sums_right(&now, 14);
	EDIT(&now, .pnat = MAP, .inner = "2");
	assert_inner(NEW, 64);
	keep();
	EDIT(&now, .ttl = "3", .inner = "3"); /* there is none */
	assert_memory_equal(now.mem, old.mem, old.buf.len);
}

static void test_all_packets_are_edited_once(void **state)
{
	(void)state;
	begin(6);
	wrap(PKT_IP_UDP, 4789, vxlan, 8, WITH_MACS | SUMMED);
	EDIT(&now, .pnat = MAP, .ttl = "-1", .inner = "all");
	assert_inner(NEW, 63);
	assert_memory_equal(now.mem + 26, "\xc0\xa8\0\1\xc0\xa8\0\2", 8);
	assert_int_equal(now.mem[22], 63);
	assert_sums_right(&now, 14);
	begin(6);
	EDIT(&now, .ttl = "-1", .inner = "all");
	assert_inner(OLD, 63);
}

static void test_a_packet_behind_labels_is_within_and_edited_once(void **state)
{
	(void)state;
	for (unsigned all = 0; all < 2; all++) {
		begin(17);
		memmove(now.mem + 18, now.mem + 14, now.buf.len - 14);
		memcpy(now.mem + 12, "\x88\x47\0\1\1\x40", 6);
		now.buf.len = now.buf.orig_len += 4;
		inner_off = 18;
		EDIT(&now, .pnat = MAP, .ttl = "-1", .inner = all ? "all" : "mpls");
		assert_inner(NEW, 63);
	}
}

static void test_tunnels_that_are_not_named_are_not_looked_into(void **state)
{
	(void)state;
	begin(6);
	wrap(PKT_IP_UDP, 4789, vxlan, 8, WITH_MACS | SUMMED);
	keep();
	EDIT(&now, .ttl = "3", .inner = "gre,gtpu");
	assert_memory_equal(now.mem, old.mem, old.buf.len);
	EDIT(&now, .ttl = "3", .inner = "gre,vxlan");
	assert_inner(OLD, 3);
}

static void test_a_frame_without_tunnel_is_left(void **state)
{
	(void)state;
	begin(6);
	keep();
	EDIT(&now, .ttl = "3", .pnat = MAP, .inner = "");
	assert_memory_equal(now.mem, old.mem, old.buf.len);
}

static void test_fix_csum_mends_every_packet(void **state)
{
	(void)state;
	begin(6);
	wrap(PKT_IP_GRE, 0, (const uint8_t *)"\x80\0\x08\0\0\0\0\0", 8, BARE | SUMMED);
	wrap(PKT_IP_UDP, 4789, vxlan, 8, WITH_MACS | SUMMED);
	keep();
	now.mem[24] ^= 1;	      /* IP */
	now.mem[40] ^= 1;	      /* UDP */
	now.mem[inner_off - 4] ^= 1;  /* GRE */
	now.mem[inner_off + 10] ^= 1; /* IP */
	now.mem[inner_off + 36] ^= 1; /* TCP */
	EDIT(&now, .fix_csum = true, .inner = "");
	assert_memory_equal(now.mem, old.mem, old.buf.len);
}

static void test_wrong_checksums_stay_as_wrong(void **state)
{
	uint16_t wrong;

	(void)state;
	begin(6);
	wrap(PKT_IP_UDP, 4789, vxlan, 8, WITH_MACS | SUMMED);
	now.mem[40] ^= 1;
	wrong = naive_l4(now.mem + 14, now.buf.len - 34);
	EDIT(&now, .ttl = "3", .inner = "");
	assert_int_equal(naive_l4(now.mem + 14, now.buf.len - 34), wrong);
}

static void test_a_packet_within_that_is_cut_leaves_the_frame(void **state)
{
	static const char *const ports[] = { "80:8080" };
	struct weir_edit_opts o = {
		.port_maps = ports, .n_port_maps = 1, .src_mac = "02:02:02:02:02:02", .inner = ""
	};

	(void)state;
	begin(6);
	wrap(PKT_IP_UDP, 4789, vxlan, 8, WITH_MACS | SUMMED);
	for (uint32_t len = 43; len < inner_off + 40; len++) {
		struct weir_edit_counts counts;

		now.buf.len = len;
		keep();
		edit_counted(&o, &now, &counts);
		assert_int_equal(counts.failed[WEIR_EDIT_BAD_INNER], 1);
		assert_memory_equal(now.mem, old.mem, old.buf.orig_len);
	}
}

static void test_wrong_words_are_named_with_their_place(void **state)
{
	static const struct {
		const char *text, *error;
	} wrong[] = {
		{ "gre,vlan", "inner: \"gre,vlan\", at 5: 'vlan' is not a number, all, mpls, ipip, "
			      "gre, vxlan, geneve or gtpu" },
		{ "0", "inner: \"0\", at 1: the first packet within is number 1" },
		{ "8", "inner: \"8\", at 1: the number is more than 7" },
		{ "gre,", "inner: \"gre,\", at 5: a kind of tunnel expected" },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct weir_edit_opts o = { .inner = wrong[i].text };
		struct weir_err err = { 0 };
		struct weir_editor *e;

		assert_int_equal(weir_editor_new(&o, &e, &err), -EINVAL);
		assert_string_equal(err.text, wrong[i].error);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_only_the_packet_within_is_edited),
		cmocka_unit_test(test_checksums_of_nested_tunnels_are_kept),
		cmocka_unit_test(test_a_number_is_the_depth),
		cmocka_unit_test(test_all_packets_are_edited_once),
		cmocka_unit_test(test_a_packet_behind_labels_is_within_and_edited_once),
		cmocka_unit_test(test_tunnels_that_are_not_named_are_not_looked_into),
		cmocka_unit_test(test_a_frame_without_tunnel_is_left),
		cmocka_unit_test(test_fix_csum_mends_every_packet),
		cmocka_unit_test(test_wrong_checksums_stay_as_wrong),
		cmocka_unit_test(test_a_packet_within_that_is_cut_leaves_the_frame),
		cmocka_unit_test(test_wrong_words_are_named_with_their_place),
	};

	return unit_run(tests);
}
