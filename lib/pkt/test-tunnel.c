/* SPDX-License-Identifier: BSD-2-Clause */
#include "pkt/tunnel.h"

#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "support/unit.h"

/* A frame that is written from left to right. */
static struct {
	uint8_t p[512];
	uint32_t len;
} frame;

static uint8_t *put(const char *bytes, uint32_t n)
{
	uint8_t *at = frame.p + frame.len;

	memcpy(at, bytes, n);
	frame.len += n;
	return at;
}

#define PUT(bytes) put(bytes, sizeof(bytes) - 1)

static void put_ethernet(uint16_t type)
{
	be16_put(PUT("\2\0\0\0\0\2\2\0\0\0\0\1\0\0") + 12, type);
}

/* Lengths are 0, "to the end": the walk takes what there is. */
static void put_ipv4(uint8_t proto)
{
	PUT("\x45\0\0\0\0\0\0\0\x40\0\0\0\x0a\0\0\1\x0a\0\0\2")[9] = proto;
}

static void put_ipv6(uint8_t proto)
{
	uint8_t *ip = PUT("\x60\0\0\0\0\0\0\x40");

	ip[6] = proto;
	PUT("\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\2");
}

static void put_udp(uint16_t port)
{
	be16_put(PUT("\x30\x39\0\0\0\0\0\0") + 2, port);
}

static void begin(uint16_t type)
{
	frame.len = 0;
	put_ethernet(type);
}

static int parse_inner(unsigned kinds, struct pkt_layers *ret_inner)
{
	struct pkt_layers outer;

	assert_true(pkt_parse(PKT_LINKTYPE_ETHERNET, frame.p, frame.len, &outer) >= 0);
	return pkt_parse_inner(kinds, frame.p, &outer, ret_inner);
}

/* What follows is an IPv4 packet to port 53; it is found, by this kind only. */
static void assert_found(unsigned kind)
{
	uint32_t off = frame.len;
	struct pkt_layers l;

	put_ipv4(PKT_IP_UDP);
	put_udp(53);
	assert_int_equal(parse_inner(PKT_TUNNELS & ~kind, &l), -ENOENT);
	assert_int_equal(parse_inner(kind, &l), 0);
	assert_int_equal(l.ip_version, 4);
	assert_int_equal(l.l3_off, off);
	assert_int_equal(l.l4_off, off + 20);
	assert_int_equal(l.dst_port, 53);
	assert_int_equal(l.end, frame.len);
	assert_int_equal(pkt_parse_inner(PKT_TUNNELS, frame.p, &l, &(struct pkt_layers){ 0 }),
			 -ENOENT);
	for (frame.len--; frame.len > off; frame.len--)
		assert_true(parse_inner(kind, &l) < 0); /* cut */
}

static void test_ip_in_ip_is_found(void **state)
{
	(void)state;
	begin(PKT_ETH_IPV4);
	put_ipv4(PKT_IP_IPV4);
	assert_found(PKT_TUNNEL_IPIP);
	begin(PKT_ETH_IPV6);
	put_ipv6(PKT_IP_IPV4);
	assert_found(PKT_TUNNEL_IPIP);
}

static void test_tunnels_nest(void **state)
{
	struct pkt_layers l, deeper;

	(void)state;
	begin(PKT_ETH_IPV4);
	put_ipv4(PKT_IP_IPV6);
	put_ipv6(PKT_IP_GRE);
	PUT("\0\0\x65\x58");
	put_ethernet(PKT_ETH_IPV4);
	put_ipv4(PKT_IP_TCP);
	PUT("\0\1\0\2\0\0\0\0\0\0\0\0\x50\0\0\0\0\0\0\0");
	assert_int_equal(parse_inner(PKT_TUNNELS, &l), 0);
	assert_int_equal(l.ip_version, 6);
	assert_int_equal(pkt_parse_inner(PKT_TUNNELS, frame.p, &l, &deeper), 0);
	assert_int_equal(deeper.ip_version, 4);
	assert_int_equal(deeper.link, PKT_LINK_ETHERNET);
	assert_int_equal(deeper.proto, PKT_IP_TCP);
	assert_int_equal(deeper.l3_off, 14 + 20 + 40 + 4 + 14);
}

static void test_gre_is_found_with_each_field(void **state)
{
	static const struct {
		uint8_t flags, size;
	} headers[] = { { 0, 4 },     { 0x80, 8 },  { 0x20, 8 }, { 0x10, 8 },
			{ 0xa0, 12 }, { 0x30, 12 }, { 0xb0, 16 } };

	(void)state;
	for (unsigned i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		begin(PKT_ETH_IPV4);
		put_ipv4(PKT_IP_GRE);
		put("\0\0\x08\0\0\0\0\0\0\0\0\0\0\0\0", headers[i].size)[0] = headers[i].flags;
		assert_found(PKT_TUNNEL_GRE);
	}
}

static void test_gre_that_is_not_followed_is_none(void **state)
{
	static const char *const headers[] = { "\0\1\x08\0", "\x40\0\x08\0", "\0\0\x12\x34" };
	struct pkt_layers l;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		begin(PKT_ETH_IPV4);
		put_ipv4(PKT_IP_GRE);
		put(headers[i], 4);
		put_ipv4(PKT_IP_UDP);
		assert_int_equal(parse_inner(PKT_TUNNELS, &l), -ENOENT);
	}
}

static void test_vxlan_is_found_with_tags_in_it(void **state)
{
	struct pkt_layers l;

	(void)state;
	begin(PKT_ETH_IPV4);
	put_ipv4(PKT_IP_UDP);
	put_udp(4789);
	PUT("\x08\0\0\0\0\0\x2a\0");
	put_ethernet(PKT_ETH_VLAN);
	PUT("\0\7\x08\0");
	assert_found(PKT_TUNNEL_VXLAN);

	begin(PKT_ETH_IPV4);
	put_ipv4(PKT_IP_UDP);
	put_udp(4789);
	PUT("\0\0\0\0\0\0\x2a\0"); /* has no number: not VXLAN */
	put_ethernet(PKT_ETH_IPV4);
	assert_int_equal(parse_inner(PKT_TUNNELS, &l), -ENOENT);
}

static void test_geneve_is_found_behind_its_options(void **state)
{
	(void)state;
	begin(PKT_ETH_IPV6);
	put_ipv6(PKT_IP_UDP);
	put_udp(6081);
	PUT("\2\0\x65\x58\0\0\1\0OPTIONS!");
	put_ethernet(PKT_ETH_IPV4);
	assert_found(PKT_TUNNEL_GENEVE);
}

static void test_gtpu_is_found_behind_extensions(void **state)
{
	static const char *const headers[] = {
		"\x30\xff\0\x20\0\0\0\1",
		"\x32\xff\0\x20\0\0\0\1\0\1\0\0",
		"\x34\xff\0\x20\0\0\0\1\0\0\0\x85\1\x10\1\x85\2......\0",
	};
	static const uint32_t sizes[] = { 8, 12, 24 };

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		begin(PKT_ETH_IPV4);
		put_ipv4(PKT_IP_UDP);
		put_udp(2152);
		put(headers[i], sizes[i]);
		assert_found(PKT_TUNNEL_GTPU);
	}
}

static void test_gtpu_that_carries_nothing_is_none(void **state)
{
	struct pkt_layers l;

	(void)state;
	begin(PKT_ETH_IPV4);
	put_ipv4(PKT_IP_UDP);
	put_udp(2152);
	PUT("\x32\1\0\4\0\0\0\0\0\1\0\0"); /* echo request */
	assert_int_equal(parse_inner(PKT_TUNNELS, &l), -ENOENT);
}

static void test_what_is_behind_labels_is_within_them(void **state)
{
	struct pkt_layers l;

	(void)state;
	begin(PKT_ETH_MPLS);
	PUT("\0\1\0\x40\0\2\1\x40");
	put_ipv4(PKT_IP_UDP);
	put_udp(53);
	assert_int_equal(parse_inner(PKT_TUNNEL_MPLS, &l), 0);
	assert_int_equal(l.l3_off, 14 + 8);
	assert_int_equal(l.n_mpls, 0);
	assert_int_equal(parse_inner(PKT_TUNNELS & ~PKT_TUNNEL_MPLS, &l), -ENOENT);
}

static void test_ethernet_behind_labels_is_found_with_and_without_control_word(void **state)
{
	struct pkt_layers l;

	(void)state;
	for (unsigned word = 0; word <= 4; word += 4) {
		begin(PKT_ETH_MPLS);
		PUT("\0\1\1\x40");
		put("\0\0\0\0", word);
		put_ethernet(PKT_ETH_IPV4);
		frame.p[frame.len - 14] = 0; /* as vendors' addresses begin */
		assert_found(PKT_TUNNEL_MPLS);
	}
	begin(PKT_ETH_MPLS);
	PUT("\0\1\1\x40\0\0\0\0");
	put_ethernet(0x1234);
	assert_int_equal(parse_inner(PKT_TUNNELS, &l), -ENOENT);
}

static void test_a_tunnel_header_that_is_cut_is_told(void **state)
{
	struct pkt_layers l;

	(void)state;
	begin(PKT_ETH_IPV4);
	put_ipv4(PKT_IP_UDP);
	put_udp(4789);
	PUT("\x08\0\0\0\0");
	assert_int_equal(parse_inner(PKT_TUNNELS, &l), -ENODATA);
	assert_int_equal(l.payload_off, PKT_ABSENT);
	begin(PKT_ETH_IPV4);
	put_ipv4(PKT_IP_UDP);
	put_udp(2152);
	PUT("\x34\xff\0\x20\0\0\0\1\0\0\0\x85\0\0\0\0"); /* an extension of no length */
	assert_int_equal(parse_inner(PKT_TUNNELS, &l), -ENODATA);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ip_in_ip_is_found),
		cmocka_unit_test(test_tunnels_nest),
		cmocka_unit_test(test_gre_is_found_with_each_field),
		cmocka_unit_test(test_gre_that_is_not_followed_is_none),
		cmocka_unit_test(test_vxlan_is_found_with_tags_in_it),
		cmocka_unit_test(test_geneve_is_found_behind_its_options),
		cmocka_unit_test(test_gtpu_is_found_behind_extensions),
		cmocka_unit_test(test_gtpu_that_carries_nothing_is_none),
		cmocka_unit_test(test_what_is_behind_labels_is_within_them),
		cmocka_unit_test(
			test_ethernet_behind_labels_is_found_with_and_without_control_word),
		cmocka_unit_test(test_a_tunnel_header_that_is_cut_is_told),
	};

	return unit_run(tests);
}
