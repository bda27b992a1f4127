/* SPDX-License-Identifier: BSD-2-Clause */
#include <weir/text.h>

#include "support/unit.h"

/* clang-format off */
#define MACS	  2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2
#define IP4(p, f) 0x45, 0, 0, 40, 0, 1, f, 0, 64, p, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2
#define TCP(f)	  0, 20, 0, 80, 0, 0, 0, 0, 0, 0, 0, 0, 0x50, f, 32, 0, 0, 0, 0, 0

static const uint8_t tcp[] = { MACS, 8, 0, IP4(6, 0), TCP(0x12) };
static const uint8_t plain[] = { MACS, 8, 0, IP4(6, 0), TCP(0) };
static const uint8_t tagged[] = { MACS, 0x88, 0xa8, 0x20, 7, 0x81, 0, 0, 5,
				  8, 0, IP4(47, 0), TCP(0) };
static const uint8_t fragment[] = { MACS, 8, 0, IP4(17, 0x20), TCP(0) };
static const uint8_t mpls[] = { MACS, 0x88, 0x47, 0, 1, 0x01, 64, IP4(1, 0),
				8, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 };
static const uint8_t udp6[] = { MACS, 0x86, 0xdd, 0x60, 0, 0, 0, 0, 8, 17, 64,
				0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
				0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2,
				0, 53, 0, 54, 0, 8, 0, 0 };
static const uint8_t arp[] = { MACS, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 2, 10, 0, 0, 1,
			       0, 0, 0, 0, 0, 0, 10, 0, 0, 2 };
static const uint8_t arp_reply[] = { MACS, 8, 6, 0, 1, 8, 0, 6, 4, 0, 2, 2, 0, 0, 0, 0, 2,
				     10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 10, 0, 0, 2 };
static const uint8_t lldp[] = { MACS, 0x88, 0xcc, 2, 7 };
static const uint8_t stp[] = { MACS, 0, 3, 0x42, 0x42, 3 };
static const uint8_t lies[] = { MACS, 8, 0, 0x42 };
/* clang-format on */

static void says(uint32_t linktype, const uint8_t *frame, size_t len, const char *want)
{
	char text[WEIR_TEXT_LEN];

	assert_string_equal(weir_frame_text(linktype, frame, (uint32_t)len, text, sizeof(text)),
			    want);
}

static void test_layers_are_named_with_their_ends(void **state)
{
	(void)state;
	says(1, tcp, sizeof(tcp), "Ether / IPv4 TCP 10.0.0.1:20 > 10.0.0.2:80 SA");
	says(1, plain, sizeof(plain), "Ether / IPv4 TCP 10.0.0.1:20 > 10.0.0.2:80");
	says(1, tagged, sizeof(tagged), "Ether / VLAN 7 / VLAN 5 / IPv4 GRE 10.0.0.1 > 10.0.0.2");
	says(1, mpls, sizeof(mpls),
	     "Ether / MPLS 16 / IPv4 ICMP 10.0.0.1 > 10.0.0.2 type 8 code 3");
	says(1, udp6, sizeof(udp6), "Ether / IPv6 UDP [fd00::1]:53 > [fd00::2]:54");
	says(101, tcp + 14, sizeof(tcp) - 14, "Raw / IPv4 TCP 10.0.0.1:20 > 10.0.0.2:80 SA");
}

static void test_what_is_not_ip_is_named_too(void **state)
{
	(void)state;
	says(1, arp, sizeof(arp), "Ether / ARP who has 10.0.0.2, tell 10.0.0.1");
	says(1, arp_reply, sizeof(arp_reply), "Ether / ARP 10.0.0.1 is at 02:00:00:00:00:02");
	says(1, lldp, sizeof(lldp), "Ether / type 0x88cc");
	says(1, stp, sizeof(stp), "Ether / LLC");
	says(147, tcp, sizeof(tcp), "link type 147");
}

static void test_fragments_and_damage_are_told(void **state)
{
	(void)state;
	says(1, fragment, sizeof(fragment), "Ether / IPv4 UDP 10.0.0.1:20 > 10.0.0.2:80 fragment");
	says(1, tcp, 40, "Ether / IPv4 TCP 10.0.0.1:20 > 10.0.0.2:80, cut");
	says(1, tcp, 20, "Ether / type 0x0800, cut");
	says(1, arp, sizeof(arp) - 1, "Ether / ARP");
	says(1, lies, sizeof(lies), "Ether / type 0x0800, cut");
	says(1, tcp, 0, "Ether, cut");
}

static void test_text_is_cut_to_the_room_there_is(void **state)
{
	char text[10];

	(void)state;
	assert_string_equal(weir_frame_text(1, tcp, sizeof(tcp), text, sizeof(text)), "Ether / I");
	assert_string_equal(weir_frame_text(1, tcp, sizeof(tcp), text, 1), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_layers_are_named_with_their_ends),
		cmocka_unit_test(test_what_is_not_ip_is_named_too),
		cmocka_unit_test(test_fragments_and_damage_are_told),
		cmocka_unit_test(test_text_is_cut_to_the_room_there_is),
	};

	return unit_run(tests);
}
