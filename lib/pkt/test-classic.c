/* SPDX-License-Identifier: BSD-2-Clause */
#include "pkt/classic.h"

#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "support/unit.h"

static uint8_t frame[128];

/* Ethernet of that type, and what follows. */
static void put(uint16_t type, const void *p, uint32_t n)
{
	memset(frame, 0, sizeof(frame));
	be16_put(frame + 12, type);
	memcpy(frame + 14, p, n);
}

static int parse(uint32_t len, struct pkt_layers *l)
{
	return pkt_parse_classic(PKT_CLASSIC_REWRITE, PKT_LINKTYPE_ETHERNET, frame, len, l);
}

static void test_short_frames_and_lengths_are_not_read(void **state)
{
	struct pkt_layers l;

	(void)state;
	put(0x0806, "", 0);
	assert_int_equal(parse(18, &l), -ENODATA);
	assert_int_equal(l.payload_off, PKT_ABSENT);
	assert_int_equal(parse(19, &l), 0);
	put(1535, "", 0);
	assert_int_equal(parse(60, &l), -EBADMSG);
	put(1536, "", 0);
	assert_int_equal(parse(60, &l), 0);
}

static void test_ethernet_within_mpls_is_followed(void **state)
{
	static const uint8_t labels[] = { 0, 1, 1, 255, 0, 0, 0, 0 }; /* a control word behind */
	struct pkt_layers l;

	(void)state;
	put(PKT_ETH_MPLS, labels, sizeof(labels));
	be16_put(frame + 22 + 12, PKT_ETH_IPV4);
	frame[36] = 0x45;
	assert_int_equal(parse(80, &l), 0);
	assert_int_equal(l.mac_off, 22);
	assert_int_equal(l.l3_off, 36);
}

static void test_the_version_of_ipv4_is_not_looked_at(void **state)
{
	struct pkt_layers l;

	(void)state;
	put(PKT_ETH_IPV4, "\x65", 1);
	assert_int_equal(parse(60, &l), 0);
	assert_int_equal(l.ip_version, 4);
	put(PKT_ETH_IPV6, "\x45", 1);
	assert_int_equal(parse(60, &l), -EBADMSG);
	assert_int_equal(l.payload_off, 14);
	assert_int_equal(l.ip_version, 0);
}

static void test_extension_headers_are_taken_for_4_bytes_a_unit(void **state)
{
	struct pkt_layers l;

	(void)state;
	put(PKT_ETH_IPV6, "\x60\0\0\0\0\x20", 6);
	frame[14 + 40] = PKT_IP_UDP;
	frame[14 + 41] = 2;
	assert_int_equal(parse(128, &l), 0);
	assert_int_equal(l.proto, PKT_IP_UDP);
	assert_int_equal(l.l4_off, 14 + 40 + 16);
	assert_int_equal(l.l4_len, 0); /* no ports behind an extension header */

	frame[14 + 40] = PKT_IP_NONE;
	assert_int_equal(parse(128, &l), -ENODATA);
	frame[14 + 41] = 40; /* more than there is */
	frame[14 + 40] = PKT_IP_UDP;
	assert_int_equal(parse(128, &l), -ENODATA);
}

static void test_ipv6_within_ipv6_is_refused_but_behind_one_extension_header(void **state)
{
	struct pkt_layers l;

	(void)state;
	put(PKT_ETH_IPV6, "\x60\0\0\0\0\x40\x29", 7);
	assert_int_equal(parse(128, &l), -EBADMSG);

	put(PKT_ETH_IPV6, "\x60\0\0\0\0\x40\x3c", 7);
	frame[14 + 40] = PKT_IP_IPV6;
	frame[14 + 48] = 0x60; /* of the inner header: the next one's kind */
	assert_int_equal(parse(128, &l), 0);
	assert_int_equal(l.proto, 0x60);
	assert_int_equal(l.l4_off, 14 + 40 + 8 + 8);

	frame[14 + 40] = PKT_IP_DSTOPTS;
	frame[14 + 48] = PKT_IP_IPV6;
	frame[14 + 56] = 0x60;
	assert_int_equal(parse(128, &l), -EBADMSG);
	assert_int_equal(l.ip_version, 0);
}

static void test_a_reserved_byte_counts_as_length_of_a_fragment_header(void **state)
{
	struct pkt_layers l;

	(void)state;
	put(PKT_ETH_IPV6, "\x60\0\0\0\0\x40\x2c", 7);
	frame[14 + 40] = PKT_IP_UDP;
	frame[14 + 41] = 3;
	assert_int_equal(parse(128, &l), 0);
	assert_int_equal(l.l4_off, 14 + 40 + 20);
	frame[14 + 41] = 200;
	assert_int_equal(parse(128, &l), -ENODATA);
}

static void test_of_linux_cooked_only_ethernet_and_loopback_are_read(void **state)
{
	uint8_t sll[60] = { [3] = 1, [14] = 8, [16] = 0x45 };
	struct pkt_layers l;

	(void)state;
	assert_int_equal(
		pkt_parse_classic(PKT_CLASSIC_REWRITE, PKT_LINKTYPE_SLL, sll, sizeof(sll), &l), 0);
	assert_int_equal(l.l3_off, 16);
	sll[2] = 2;
	assert_int_equal(
		pkt_parse_classic(PKT_CLASSIC_REWRITE, PKT_LINKTYPE_SLL, sll, sizeof(sll), &l),
		-EBADMSG);
	assert_int_equal(l.payload_off, PKT_ABSENT);
	assert_int_equal(
		pkt_parse_classic(PKT_CLASSIC_PREP, PKT_LINKTYPE_SLL, sll, sizeof(sll), &l), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_short_frames_and_lengths_are_not_read),
		cmocka_unit_test(test_ethernet_within_mpls_is_followed),
		cmocka_unit_test(test_the_version_of_ipv4_is_not_looked_at),
		cmocka_unit_test(test_extension_headers_are_taken_for_4_bytes_a_unit),
		cmocka_unit_test(test_ipv6_within_ipv6_is_refused_but_behind_one_extension_header),
		cmocka_unit_test(test_a_reserved_byte_counts_as_length_of_a_fragment_header),
		cmocka_unit_test(test_of_linux_cooked_only_ethernet_and_loopback_are_read),
	};

	return unit_run(tests);
}
