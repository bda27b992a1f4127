/* SPDX-License-Identifier: BSD-2-Clause */
#include "pkt/parse.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/macros.h"
#include "support/unit.h"

/* A frame that is written header by header. */
struct frame {
	uint8_t data[512];
	uint32_t len;
};

static void put(struct frame *f, const void *p, uint32_t n)
{
	assert_true(f->len + n <= sizeof(f->data));
	memcpy(f->data + f->len, p, n);
	f->len += n;
}

#define PUT(f, ...)                                                                                \
	do {                                                                                       \
		const uint8_t bytes_[] = { __VA_ARGS__ };                                          \
		put(f, bytes_, sizeof(bytes_));                                                    \
	} while (0)

static void put_macs(struct frame *f)
{
	PUT(f, 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2);
}

static void put_eth(struct frame *f, uint16_t type)
{
	put_macs(f);
	PUT(f, (uint8_t)(type >> 8), (uint8_t)type);
}

/* size: of what follows the header. */
static void put_ipv4(struct frame *f, uint8_t proto, uint16_t frag, uint16_t size)
{
	uint8_t ip[20] = { 0x45, 0, 0, 0, 0, 9, 0, 0, 64, proto, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2 };

	be16_put(ip + 2, (uint16_t)(size + 20));
	be16_put(ip + 6, frag);
	put(f, ip, sizeof(ip));
}

static void put_ipv6(struct frame *f, uint8_t proto, uint16_t size)
{
	uint8_t ip[40] = { 0x60, [6] = proto, [8] = 0xfd, [23] = 1, [24] = 0xfd, [39] = 2 };

	be16_put(ip + 4, size);
	put(f, ip, sizeof(ip));
}

static void put_udp(struct frame *f)
{
	PUT(f, 0x12, 0x34, 0x00, 0x35, 0, 12, 0, 0, 'd', 'a', 't', 'a');
}

static void put_tcp(struct frame *f, uint8_t words)
{
	const uint8_t tcp[60] = { 0x12, 0x34, 0, 80, [12] = (uint8_t)(words << 4) };

	put(f, tcp, 4u * words);
}

static struct pkt_layers walk(uint32_t linktype, const struct frame *f, int want)
{
	struct pkt_layers l;

	assert_int_equal(pkt_parse(linktype, f->data, f->len, &l), want);
	return l;
}

static void assert_udp(const struct pkt_layers *l, uint32_t l4_off)
{
	assert_int_equal(l->proto, PKT_IP_UDP);
	assert_int_equal(l->l4_off, l4_off);
	assert_int_equal(l->l4_len, 8);
	assert_int_equal(l->payload_off, l4_off + 8);
	assert_true(l->flags & PKT_PORTS);
	assert_int_equal(l->src_port, 0x1234);
	assert_int_equal(l->dst_port, 53);
}

static void test_ethernet_ipv4_udp(void **state)
{
	struct frame f = { 0 };
	struct pkt_layers l;

	(void)state;
	put_eth(&f, PKT_ETH_IPV4);
	put_ipv4(&f, PKT_IP_UDP, 0, 12);
	put_udp(&f);
	PUT(&f, 0, 0, 0, 0); /* padding */

	l = walk(1, &f, 0);
	assert_int_equal(l.link, PKT_LINK_ETHERNET);
	assert_int_equal(l.mac_off, 0);
	assert_int_equal(l.type_off, 12);
	assert_int_equal(l.l2_len, 14);
	assert_int_equal(l.l3_off, 14);
	assert_int_equal(l.l3_len, 20);
	assert_int_equal(l.end, 46);
	assert_int_equal(l.flags, PKT_PORTS);
	assert_udp(&l, 34);
}

static void test_vlan_tags_are_stacked(void **state)
{
	struct frame f = { 0 };
	struct pkt_layers l;

	(void)state;
	put_eth(&f, PKT_ETH_QINQ);
	PUT(&f, 0, 100, 0x81, 0x00, 0, 7, 0x91, 0x00, 0, 8, 0x86, 0xdd);
	put_ipv6(&f, PKT_IP_UDP, 12);
	put_udp(&f);

	l = walk(1, &f, 0);
	assert_int_equal(l.n_vlans, 3);
	assert_int_equal(l.vlan_off, 14);
	assert_int_equal(l.type_off, 24);
	assert_int_equal(l.ethertype, PKT_ETH_IPV6);
	assert_int_equal(l.l2_len, 26);
	assert_int_equal(l.l3_off, 26);
	assert_udp(&l, 66);
}

static void test_mpls_ends_at_the_bottom_of_the_stack(void **state)
{
	struct frame f = { 0 };
	struct pkt_layers l;

	(void)state;
	put_eth(&f, PKT_ETH_MPLS);
	PUT(&f, 0, 1, 0x00, 64, 0, 2, 0x01, 64);
	put_ipv4(&f, PKT_IP_UDP, 0, 12);
	put_udp(&f);

	l = walk(1, &f, 0);
	assert_int_equal(l.n_mpls, 2);
	assert_int_equal(l.mpls_off, 14);
	assert_int_equal(l.l3_off, 22);
	assert_int_equal(l.ip_version, 4);
	assert_udp(&l, 42);
}

static void test_ipv4_options_are_walked_over(void **state)
{
	struct frame f = { 0 };
	struct pkt_layers l;

	(void)state;
	put_ipv4(&f, PKT_IP_UDP, 0, 16);
	f.data[0] = 0x46;
	PUT(&f, 1, 1, 1, 0);
	put_udp(&f);

	l = walk(PKT_LINKTYPE_RAW, &f, 0);
	assert_int_equal(l.link, PKT_LINK_NONE);
	assert_int_equal(l.l3_off, 0);
	assert_int_equal(l.l3_len, 24);
	assert_udp(&l, 24);
}

static void test_ipv6_extension_headers_are_walked_over(void **state)
{
	struct frame f = { 0 };
	struct pkt_layers l;

	(void)state;
	put_ipv6(&f, PKT_IP_HOPOPTS, 8 + 16 + 8 + 12 + 8 + 12);
	PUT(&f, PKT_IP_ROUTING, 0, 0, 0, 0, 0, 0, 0);
	PUT(&f, PKT_IP_FRAGMENT, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
	PUT(&f, PKT_IP_AH, 0, 0, 0x01, 0, 0, 0, 1); /* first fragment */
	PUT(&f, PKT_IP_DSTOPTS, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
	PUT(&f, PKT_IP_UDP, 0, 0, 0, 0, 0, 0, 0);
	put_udp(&f);

	l = walk(PKT_LINKTYPE_IPV6, &f, 0);
	assert_int_equal(l.ip6frag_off, 64);
	assert_int_equal(l.l3_len, 92);
	assert_true(l.flags & PKT_FRAGMENT);
	assert_false(l.flags & PKT_LATER_FRAGMENT);
	assert_udp(&l, 92);
}

static void test_later_fragments_have_no_transport_header(void **state)
{
	struct frame v4 = { 0 }, v6 = { 0 };
	struct pkt_layers l;

	(void)state;
	put_ipv4(&v4, PKT_IP_UDP, 0x2001, 12);
	put_udp(&v4);
	l = walk(PKT_LINKTYPE_IPV4, &v4, 0);
	assert_int_equal(l.flags, PKT_FRAGMENT | PKT_LATER_FRAGMENT);
	assert_int_equal(l.l4_off, PKT_ABSENT);
	assert_int_equal(l.payload_off, 20);

	put_ipv6(&v6, PKT_IP_FRAGMENT, 20);
	PUT(&v6, PKT_IP_DSTOPTS, 0, 0x05, 0xa8, 0, 0, 0, 1);
	put_udp(&v6);
	l = walk(PKT_LINKTYPE_RAW, &v6, 0);
	assert_int_equal(l.flags, PKT_FRAGMENT | PKT_LATER_FRAGMENT);
	assert_int_equal(l.proto, PKT_IP_DSTOPTS);
	assert_int_equal(l.payload_off, 48);
}

static void test_an_atomic_fragment_is_none(void **state)
{
	struct frame f = { 0 };
	struct pkt_layers l;

	(void)state;
	put_ipv6(&f, PKT_IP_FRAGMENT, 20);
	PUT(&f, PKT_IP_UDP, 0, 0, 0, 0, 0, 0, 1);
	put_udp(&f);
	l = walk(PKT_LINKTYPE_RAW, &f, 0);
	assert_int_equal(l.flags, PKT_PORTS);
	assert_udp(&l, 48);
}

static void test_tcp_options_belong_to_the_header(void **state)
{
	struct frame f = { 0 };
	struct pkt_layers l;

	(void)state;
	put_ipv4(&f, PKT_IP_TCP, 0x4000, 32);
	put_tcp(&f, 8);
	l = walk(PKT_LINKTYPE_RAW, &f, 0);
	assert_int_equal(l.l4_len, 32);
	assert_int_equal(l.payload_off, 52);
	assert_int_equal(l.dst_port, 80);
}

static void test_zero_length_datagrams_reach_to_the_end(void **state)
{
	struct frame v4 = { 0 }, v6 = { 0 };
	struct pkt_layers l;

	(void)state;
	put_ipv4(&v4, PKT_IP_UDP, 0, 0);
	be16_put(v4.data + 2, 0);
	put_udp(&v4);
	l = walk(PKT_LINKTYPE_RAW, &v4, 0);
	assert_int_equal(l.end, 32);
	assert_udp(&l, 20);

	put_ipv6(&v6, PKT_IP_UDP, 0);
	put_udp(&v6);
	l = walk(PKT_LINKTYPE_RAW, &v6, 0);
	assert_udp(&l, 40);
}

static void test_a_cut_transport_header_still_gives_ports(void **state)
{
	struct frame f = { 0 };
	struct pkt_layers l;

	(void)state;
	put_ipv4(&f, PKT_IP_TCP, 0, 20);
	put_tcp(&f, 5);
	f.len = 30;
	l = walk(PKT_LINKTYPE_RAW, &f, -ENODATA);
	assert_int_equal(l.flags, PKT_PORTS | PKT_PAYLOAD_CUT);
	assert_int_equal(l.src_port, 0x1234);
	assert_int_equal(l.l4_off, 20);
	assert_int_equal(l.l4_len, 0);
	assert_int_equal(l.end, 30);
}

/* Every link type puts the same datagram behind a header of its own. */
static void test_link_types(void **state)
{
	static const struct {
		uint32_t linktype;
		uint32_t size;
		uint8_t head[64];
	} rows[] = {
		{ PKT_LINKTYPE_NULL, 4, { 2, 0, 0, 0 } },
		{ PKT_LINKTYPE_NULL, 4, { 0, 0, 0, 2 } },
		{ PKT_LINKTYPE_LOOP, 4, { 0, 0, 0, 2 } },
		{ PKT_LINKTYPE_PPP, 4, { 0xff, 3, 0, 0x21 } },
		{ PKT_LINKTYPE_PPP, 1, { 0x21 } },
		{ PKT_LINKTYPE_PPP_HDLC, 2, { 0, 0x21 } },
		{ PKT_LINKTYPE_C_HDLC, 4, { 0x0f, 0, 8, 0 } },
		{ PKT_LINKTYPE_SLL, 16, { [5] = 6, [14] = 8, 0 } },
		{ PKT_LINKTYPE_SLL2, 20, { 8, 0 } },
		{ PKT_LINKTYPE_SLL, 20, { [14] = 0x81, 0, 0, 5, 8, 0 } },
		{ PKT_LINKTYPE_SLL2, 24, { 0x81, 0, [20] = 0, 5, 8, 0 } },
		{ PKT_LINKTYPE_SLL, 24, { [14] = 0, 4, 0xaa, 0xaa, 3, 0, 0, 0, 8, 0 } },
		{ PKT_LINKTYPE_80211, 32, { 8, 1, [24] = 0xaa, 0xaa, 3, 0, 0, 0, 8, 0 } },
		{ PKT_LINKTYPE_80211, 34, { 0x88, 2, [26] = 0xaa, 0xaa, 3, 0, 0, 0, 8, 0 } },
		{ PKT_LINKTYPE_80211, 44, { 0x88, 0x83, [36] = 0xaa, 0xaa, 3, 0, 0, 0, 8, 0 } },
		{ PKT_LINKTYPE_80211_RADIOTAP,
		  42,
		  { 0, 0, 10, 0, [10] = 8, 1, [34] = 0xaa, 0xaa, 3, 0, 0, 0, 8, 0 } },
		{ PKT_LINKTYPE_JUNIPER_ETHER, 18, { 0x4d, 0x47, 0x43, 0, [16] = 8, 0 } },
		{ PKT_LINKTYPE_JUNIPER_ETHER, 23, { 0x4d, 0x47, 0x43, 0x80, 0, 3, [21] = 8, 0 } },
		{ PKT_LINKTYPE_ETHERNET, 22, { [13] = 40, 0xaa, 0xaa, 3, 0, 0, 0, 8, 0 } },
		{ PKT_LINKTYPE_RAW, 0, { 0 } },
		{ PKT_LINKTYPE_IPV4, 0, { 0 } },
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		struct frame f = { 0 };
		struct pkt_layers l;

		put(&f, rows[i].head, rows[i].size);
		put_ipv4(&f, PKT_IP_UDP, 0, 12);
		put_udp(&f);
		l = walk(rows[i].linktype, &f, 0);
		if (l.l3_off != rows[i].size)
			fail_msg("row %u, link type %u: L3 at %u", i, rows[i].linktype, l.l3_off);
		assert_udp(&l, rows[i].size + 20);
	}
}

static void test_what_carries_no_ip_ends_quietly(void **state)
{
	struct frame arp = { 0 }, stp = { 0 }, beacon = { 0 };
	struct pkt_layers l;

	(void)state;
	put_eth(&arp, PKT_ETH_ARP);
	PUT(&arp, 0, 1, 8, 0);
	l = walk(1, &arp, 0);
	assert_int_equal(l.ethertype, PKT_ETH_ARP);
	assert_int_equal(l.ip_version, 0);
	assert_int_equal(l.l3_off, PKT_ABSENT);
	assert_int_equal(l.payload_off, 14);

	put_eth(&stp, 38);
	PUT(&stp, 0x42, 0x42, 0x03, 0, 0);
	l = walk(1, &stp, 0);
	assert_int_equal(l.flags, PKT_LLC);
	assert_int_equal(l.ethertype, 0);
	assert_int_equal(l.payload_off, 17);

	PUT(&beacon, 0x80, 0);
	beacon.len = 40;
	l = walk(PKT_LINKTYPE_80211, &beacon, 0);
	assert_int_equal(l.mac_off, 4);
	assert_int_equal(l.ip_version, 0);
}

static void test_encrypted_wifi_is_not_looked_into(void **state)
{
	struct frame f = { 0 };

	(void)state;
	PUT(&f, 0x08, 0x41);
	f.len = 24;
	PUT(&f, 0xaa, 0xaa, 3, 0, 0, 0, 8, 0);
	put_ipv4(&f, PKT_IP_UDP, 0, 12);
	put_udp(&f);
	assert_int_equal(walk(PKT_LINKTYPE_80211, &f, 0).ip_version, 0);
}

static void test_a_wifi_header_that_is_cut_has_nothing_behind_it(void **state)
{
	uint8_t four_addresses[27] = { 0x48, 3 }; /* 30 bytes would be whole; no data */
	struct pkt_layers l;

	(void)state;
	assert_int_equal(pkt_parse(PKT_LINKTYPE_80211, four_addresses, sizeof(four_addresses), &l),
			 -ENODATA);
	assert_int_equal(l.payload_off, PKT_ABSENT);
}

static void test_headers_that_contradict_themselves(void **state)
{
	struct frame f = { 0 };

	(void)state;
	put_ipv4(&f, PKT_IP_UDP, 0, 12);
	put_udp(&f);

	f.data[0] = 0x44; /* a header shorter than an IPv4 header */
	assert_int_equal(walk(PKT_LINKTYPE_IPV4, &f, -EBADMSG).ip_version, 0);
	f.data[0] = 0x65; /* not IPv4 */
	assert_int_equal(walk(PKT_LINKTYPE_IPV4, &f, -EBADMSG).ip_version, 0);
	f.data[0] = 0x45;
	be16_put(f.data + 2, 19); /* a datagram shorter than its header */
	assert_int_equal(walk(PKT_LINKTYPE_IPV4, &f, -EBADMSG).l3_off, 0);
	be16_put(f.data + 2, 27); /* too short for UDP */
	assert_int_equal(walk(PKT_LINKTYPE_IPV4, &f, -EBADMSG).l4_len, 0);
	be16_put(f.data + 2, 32);
	f.data[9] = PKT_IP_TCP;
	assert_int_equal(walk(PKT_LINKTYPE_IPV4, &f, -EBADMSG).l4_len, 0);
}

static void test_an_extension_header_longer_than_its_datagram_is_bad(void **state)
{
	struct frame f = { 0 };

	(void)state;
	put_ipv6(&f, PKT_IP_DSTOPTS, 20);
	PUT(&f, PKT_IP_UDP, 3, 0, 0, 0, 0, 0, 0);
	put_udp(&f);
	assert_int_equal(walk(PKT_LINKTYPE_RAW, &f, -EBADMSG).l3_len, 40);
}

static void test_an_unknown_link_type_is_said(void **state)
{
	struct frame f = { .len = 64 };
	struct pkt_layers l;

	(void)state;
	l = walk(147, &f, -ENOTSUP);
	assert_int_equal(l.l3_off, PKT_ABSENT);
	assert_int_equal(l.end, 64);
}

/* Each prefix of a frame is walked in memory of just its size, for the sanitizer to see. */
static void test_cut_frames_are_never_read_past_their_end(void **state)
{
	static const uint32_t linktypes[] = { 0,   1,	9,   50,  101, 104, 105,
					      108, 113, 127, 178, 228, 229, 276 };
	struct frame f = { 0 };

	(void)state;
	put_eth(&f, PKT_ETH_VLAN);
	PUT(&f, 0, 1, 0x88, 0x47, 0, 1, 0x01, 64);
	put_ipv6(&f, PKT_IP_HOPOPTS, 8 + 8 + 20);
	PUT(&f, PKT_IP_FRAGMENT, 0, 0, 0, 0, 0, 0, 0);
	PUT(&f, PKT_IP_TCP, 0, 0, 1, 0, 0, 0, 1);
	put_tcp(&f, 5);

	for (uint32_t len = 0; len <= f.len; len++) {
		uint8_t *cut = malloc(len ? len : 1);
		struct pkt_layers l;

		assert_non_null(cut);
		memcpy(cut, f.data, len);
		for (unsigned i = 0; i < ARRAY_SIZE(linktypes); i++)
			(void)pkt_parse(linktypes[i], cut, len, &l);
		assert_int_equal(pkt_parse(1, cut, len, &l), len < f.len ? -ENODATA : 0);
		free(cut);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ethernet_ipv4_udp),
		cmocka_unit_test(test_vlan_tags_are_stacked),
		cmocka_unit_test(test_mpls_ends_at_the_bottom_of_the_stack),
		cmocka_unit_test(test_ipv4_options_are_walked_over),
		cmocka_unit_test(test_ipv6_extension_headers_are_walked_over),
		cmocka_unit_test(test_later_fragments_have_no_transport_header),
		cmocka_unit_test(test_an_atomic_fragment_is_none),
		cmocka_unit_test(test_tcp_options_belong_to_the_header),
		cmocka_unit_test(test_zero_length_datagrams_reach_to_the_end),
		cmocka_unit_test(test_a_cut_transport_header_still_gives_ports),
		cmocka_unit_test(test_link_types),
		cmocka_unit_test(test_what_carries_no_ip_ends_quietly),
		cmocka_unit_test(test_a_wifi_header_that_is_cut_has_nothing_behind_it),
		cmocka_unit_test(test_encrypted_wifi_is_not_looked_into),
		cmocka_unit_test(test_headers_that_contradict_themselves),
		cmocka_unit_test(test_an_extension_header_longer_than_its_datagram_is_bad),
		cmocka_unit_test(test_an_unknown_link_type_is_said),
		cmocka_unit_test(test_cut_frames_are_never_read_past_their_end),
	};

	return unit_run(tests);
}
