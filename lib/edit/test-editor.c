/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>

#include <weir/edit.h>

#include "edit/edit.h"
#include "edit/test-support.h"

/* The frame as it was, to see which bytes an edit changes. */
static struct test_frame old, now;

static void begin_ipv4(uint8_t proto, uint32_t l4_len)
{
	frame_ipv4(&old, proto, l4_len);
	frame_ipv4(&now, proto, l4_len);
}

static void begin_ipv6(uint32_t l4_len)
{
	frame_ipv6(&old, l4_len);
	frame_ipv6(&now, l4_len);
}

/* Nothing but the bytes named has changed. Ends with 0. */
static void assert_only(const uint32_t *offs)
{
	assert_int_equal(now.buf.len, old.buf.len);
	for (uint32_t i = 0; i < now.buf.len; i++) {
		const uint32_t *o = offs;

		while (*o && *o != i)
			o++;
		if (!*o && now.mem[i] != old.mem[i])
			fail_msg("byte %u has changed", i);
	}
}

#define ASSERT_ONLY(...) assert_only((const uint32_t[]){ __VA_ARGS__, 0 })

static void test_an_editor_without_edits_changes_nothing(void **state)
{
	(void)state;
	begin_ipv4(6, 60);
	EDIT(&now, .quirks = 0);
	assert_memory_equal(now.mem, old.mem, old.buf.len);
}

static void test_ttl_is_set_added_to_and_taken_from(void **state)
{
	(void)state;
	begin_ipv4(6, 60);
	EDIT(&now, .ttl = "7");
	assert_int_equal(now.mem[22], 7);
	ASSERT_ONLY(22, 24, 25);
	assert_sums_right(&now, 14);
	EDIT(&now, .ttl = "+250");
	assert_int_equal(now.mem[22], 255);
	EDIT(&now, .ttl = "-255");
	assert_int_equal(now.mem[22], 1);
	assert_sums_right(&now, 14);
	begin_ipv6(30);
	EDIT(&now, .ttl = "+1");
	assert_int_equal(now.mem[21], 65);
	ASSERT_ONLY(21);
}

static void test_tos_class_and_flow_label_go_where_they_belong(void **state)
{
	struct weir_edit_opts o = { .tos = { true, 0xb8 },
				    .traffic_class = { true, 0x21 },
				    .flow_label = { true, 0x12345 } };

	(void)state;
	begin_ipv4(17, 30);
	edit(&o, &now);
	assert_int_equal(now.mem[15], 0xb8);
	ASSERT_ONLY(15, 24, 25);
	assert_sums_right(&now, 14);
	begin_ipv6(30);
	edit(&o, &now);
	assert_int_equal(be32_at(now.mem + 14), 0x62112345);
	ASSERT_ONLY(14, 15, 16, 17);
}

static void test_the_first_port_map_that_fits_counts(void **state)
{
	static const char *const maps[] = { "80:8080,79-81:1", "1000+7:2000" };

	(void)state;
	begin_ipv4(6, 60);
	EDIT(&now, .port_maps = maps, .n_port_maps = 2);
	assert_int_equal(be16_at(now.mem + 36), 8080);
	assert_int_equal(be16_at(now.mem + 34), 2000);
	ASSERT_ONLY(34, 35, 36, 37, 50, 51);
	assert_sums_right(&now, 14);
	begin_ipv6(30);
	EDIT(&now, .port_maps = maps, .n_port_maps = 2);
	assert_int_equal(be16_at(now.mem + 56), 8080);
	assert_sums_right(&now, 14);
}

static void test_udp_without_a_checksum_keeps_none(void **state)
{
	static const char *const maps[] = { "80:8080" };

	(void)state;
	begin_ipv4(17, 30);
	be16_put(now.mem + 40, 0);
	EDIT(&now, .port_maps = maps, .n_port_maps = 1, .src_map = "10.0.0.0/8:11.0.0.0/8",
	     .fix_csum = true);
	assert_int_equal(be16_at(now.mem + 40), 0);
}

static void test_later_fragments_have_no_ports_and_no_checksum(void **state)
{
	static const char *const maps[] = { "1000:8080" };

	(void)state;
	begin_ipv4(17, 30);
	be16_put(now.mem + 20, 5);
	naive_put(now.mem + 24, (be16_put(now.mem + 24, 0), naive_sum(now.mem + 14, 20, 0)));
	memcpy(&old.mem, now.mem, sizeof(now.mem));
	EDIT(&now, .port_maps = maps, .n_port_maps = 1, .src_map = "10.0.0.0/8:11.0.0.0/8",
	     .fix_csum = true);
	ASSERT_ONLY(24, 25, 26);
	assert_int_equal(naive_sum(now.mem + 14, 20, 0), 0xffff);
}

static void test_tcp_numbers_move_alike_but_not_the_one_of_a_syn(void **state)
{
	(void)state;
	begin_ipv4(6, 60);
	EDIT(&now, .tcp_sequence = { true, 42 });
	/* the fifth number drawn from 42 is 0x7eef51b5 */
	assert_int_equal(be32_at(now.mem + 38), 0xfffffff0u + 0x7eef51b5u);
	assert_int_equal(be32_at(now.mem + 42), 7u + 0x7eef51b5u);
	assert_sums_right(&now, 14);
	begin_ipv4(6, 60);
	now.mem[47] = 0x02;
	EDIT(&now, .tcp_sequence = { true, 42 });
	assert_int_equal(be32_at(now.mem + 42), 7);
}

static void test_numbers_are_those_of_tcpreplay(void **state)
{
	uint32_t draw;

	(void)state;
	assert_int_equal(lcg_mix(42, &draw), 0x75b59d85);
	assert_int_equal(draw, 0x7eef51b5);
	assert_int_equal(lcg_mix(55, &draw), 0xab505be6);
	assert_int_equal(draw, 0x5d42fb50);
	assert_int_equal(lcg_mix(0, &draw), 0x525f3673);
	assert_int_equal(draw, 0x61b87a5f);
}

static void test_maps_replace_the_first_bits(void **state)
{
	(void)state;
	begin_ipv4(6, 60);
	EDIT(&now, .pnat = "10.0.0.2/32:192.168.1.0/24,10.0.0.0/8:172.16.0.0/12");
	assert_memory_equal(now.mem + 26, "\xac\x10\0\1\xc0\xa8\1\2", 8);
	assert_sums_right(&now, 14);
	begin_ipv6(30);
	EDIT(&now, .src_map = "[2001:db8::/32]:[fd00::/8]", .dst_map = "[::/0]:[fe80::/16]");
	assert_memory_equal(now.mem + 22, "\xfd\1\x0d\xb8", 4);
	assert_memory_equal(now.mem + 38, "\xfe\x80\x0d\xb8", 4);
	assert_sums_right(&now, 14);
	begin_ipv4(6, 60);
	EDIT(&now, .pnat = "0.0.0.0/0:1.2.3.4/0");
	assert_memory_equal(now.mem, old.mem, old.buf.len);
}

static void test_each_side_has_its_map(void **state)
{
	struct weir_edit_opts o = { .endpoints = "1.1.1.1:2.2.2.2" };

	(void)state;
	begin_ipv4(6, 60);
	edit(&o, &now);
	assert_memory_equal(now.mem + 26, "\1\1\1\1\2\2\2\2", 8);
	begin_ipv4(6, 60);
	now.buf.port = 1;
	edit(&o, &now);
	assert_memory_equal(now.mem + 26, "\2\2\2\2\1\1\1\1", 8);
	begin_ipv4(6, 60);
	now.buf.port = WEIR_NO_PORT;
	edit(&o, &now);
	assert_memory_equal(now.mem, old.mem, old.buf.len);
}

static void test_arp_is_mapped_and_by_maps_of_one_side_is_not(void **state)
{
	static const uint8_t arp[42] = { [0] = 0xff, [12] = 8,	6, 0, 1, 8,	    0, 6, 4, 0,
					 1,	     [28] = 10, 0, 0, 1, [38] = 10, 0, 0, 2 };

	(void)state;
	frame_init(&now, arp, sizeof(arp));
	EDIT(&now, .pnat = "10.0.0.0/8:11.0.0.0/8");
	assert_int_equal(now.mem[28], 11);
	assert_int_equal(now.mem[38], 11);
	frame_init(&now, arp, sizeof(arp));
	EDIT(&now, .src_map = "10.0.0.0/8:11.0.0.0/8");
	assert_int_equal(now.mem[28], 10);
}

static void test_groups_and_broadcast_can_be_left(void **state)
{
	(void)state;
	begin_ipv4(17, 30);
	memset(now.mem + 30, 0xff, 4);
	EDIT(&now, .dst_map = "0.0.0.0/0:1.1.1.1/32", .skip_broadcast = true);
	assert_int_equal(now.mem[30], 0xff);
	EDIT(&now, .dst_map = "0.0.0.0/0:1.1.1.1/32", .skip_broadcast = true,
	     .quirks = WEIR_QUIRK_BROADCAST_IP);
	assert_int_equal(now.mem[30], 1);
}

static void test_a_seed_scatters_addresses_and_keeps_groups(void **state)
{
	(void)state;
	begin_ipv4(17, 30);
	EDIT(&now, .seed = { true, 55 });
	/* H = byte swap of 0xab505be6; w = 0x0100000a little-endian: (w ^ H) - (w & H) */
	assert_int_equal(le32_at(now.mem + 26),
			 (0x0100000au ^ 0xe65b50abu) - (0x0100000au & 0xe65b50abu));
	assert_sums_right(&now, 14);
	begin_ipv4(17, 30);
	memcpy(now.mem + 30, "\xe0\0\0\5", 4);
	EDIT(&now, .seed = { true, 55 });
	assert_int_equal(now.mem[30] >> 4, 0xe);
	assert_memory_equal(now.mem, "\x01\x00\x5e", 3);
}

static void test_macs_by_side_by_list_and_by_seed(void **state)
{
	static const char *const subs[] = { "02:00:00:00:00:01,02:00:00:00:00:09",
					    "02:00:00:00:00:09,02:00:00:00:00:0a" };

	(void)state;
	begin_ipv4(6, 60);
	EDIT(&now, .src_mac = "00:11:22:33:44:55,", .dst_mac = ",00:66:77:88:99:aa");
	assert_memory_equal(now.mem, "\2\0\0\0\0\2\x00\x11\x22\x33\x44\x55", 12);
	now.buf.port = 1;
	EDIT(&now, .src_mac = "00:11:22:33:44:55,", .dst_mac = ",00:66:77:88:99:aa");
	assert_memory_equal(now.mem, "\x00\x66\x77\x88\x99\xaa", 6);
	begin_ipv4(6, 60);
	EDIT(&now, .sub_macs = subs, .n_sub_macs = 2);
	assert_memory_equal(now.mem + 6, "\2\0\0\0\0\x0a", 6);
	begin_ipv4(6, 60);
	EDIT(&now, .mac_seed = { true, 42 }); /* mask a5:45:61:12:b5:0b */
	assert_memory_equal(now.mem, "\xa6\x45\x61\x12\xb5\x07", 6);
	begin_ipv4(6, 60);
	EDIT(&now, .mac_seed = { true, 42 }, .mac_seed_keep = 5);
	assert_memory_equal(now.mem, "\2\0\0\0\0\x07", 6);
}

static void test_broadcast_macs_can_be_left(void **state)
{
	(void)state;
	begin_ipv4(6, 60);
	memcpy(now.mem, "\0\0\x5e\0\1\1", 6);
	EDIT(&now, .dst_mac = "00:11:22:33:44:55", .skip_l2_broadcast = true);
	/* VRRP: a virtual router */
	assert_memory_equal(now.mem, "\0\0\x5e\0\1\1", 6);
}

static void test_tags_go_in_and_out(void **state)
{
	struct weir_edit_opts add = { .vlan = WEIR_VLAN_ADD, .vlan_tag = { true, 45 } };

	(void)state;
	begin_ipv4(6, 60);
	edit(&add, &now);
	assert_int_equal(now.buf.len, old.buf.len + 4);
	assert_int_equal(now.buf.orig_len, old.buf.orig_len + 4);
	assert_memory_equal(now.mem + 12, "\x81\0\0\x2d\x08\0", 6);
	assert_memory_equal(now.mem + 18, old.mem + 14, old.buf.len - 14);

	add.vlan_pri = (struct weir_edit_num){ true, 5 };
	add.vlan_cfi = (struct weir_edit_num){ true, 1 };
	add.vlan_type = 0x88a8;
	edit(&add, &now);
	assert_memory_equal(now.mem + 12, "\x88\xa8\xb0\x2d\x81\0\0\x2d", 8);
	add.vlan_pri.given = add.vlan_cfi.given = false;
	edit(&add, &now);
	assert_memory_equal(now.mem + 12, "\x88\xa8\xb0\x2d\x88\xa8", 6); /* kept */

	for (unsigned i = 0; i < 3; i++)
		EDIT(&now, .vlan = WEIR_VLAN_DEL);
	assert_int_equal(now.buf.len, old.buf.len);
	assert_memory_equal(now.mem, old.mem, old.buf.len);
}

static void test_steps_behind_a_tag_find_their_fields(void **state)
{
	(void)state;
	begin_ipv4(6, 60);
	EDIT(&now, .vlan = WEIR_VLAN_ADD, .vlan_tag = { true, 45 }, .ttl = "3",
	     .pnat = "10.0.0.0/8:11.0.0.0/8", .fix_csum = true);
	assert_int_equal(now.mem[26], 3);
	assert_sums_right(&now, 18);
}

static void test_link_layers_are_exchanged(void **state)
{
	(void)state;
	begin_ipv4(6, 60);
	EDIT(&now, .dlt = WEIR_DLT_HDLC, .hdlc_address = { true, 15 }, .hdlc_control = { true, 0 });
	assert_memory_equal(now.mem, "\x0f\0\x08\0\x45", 5);
	assert_int_equal(now.buf.linktype, 104);
	assert_int_equal(now.buf.len, old.buf.len - 10);
	EDIT(&now, .dlt = WEIR_DLT_ENET, .src_mac = "02:00:00:00:00:01",
	     .dst_mac = "02:00:00:00:00:02");
	assert_int_equal(now.buf.linktype, 1);
	assert_memory_equal(now.mem, old.mem, old.buf.len);
	EDIT(&now, .dlt = WEIR_DLT_USER, .user_dlink = "1,0xff", .user_dlt = { true, 147 });
	assert_memory_equal(now.mem, "\1\xff\x45", 3);
	assert_int_equal(now.buf.linktype, 147);
}

static void test_cut_frames_are_padded_shortened_or_dropped(void **state)
{
	(void)state;
	begin_ipv4(17, 100);
	now.buf.len -= 40;
	EDIT(&now, .fixlen = WEIR_FIXLEN_PAD);
	assert_int_equal(now.buf.len, old.buf.len);
	assert_int_equal(now.mem[old.buf.len - 1], 0);

	begin_ipv4(17, 100);
	now.buf.len -= 40;
	EDIT(&now, .fixlen = WEIR_FIXLEN_TRUNC);
	assert_int_equal(now.buf.orig_len, now.buf.len);
	assert_int_equal(be16_at(now.mem + 16), 80);
	assert_int_equal(be16_at(now.mem + 38), 60);
	assert_sums_right(&now, 14);

	now.buf.len -= 1;
	EDIT(&now, .fixlen = WEIR_FIXLEN_DEL);
	assert_int_equal(now.buf.len, 0);
	assert_int_equal(now.buf.port, WEIR_NO_PORT);
}

static void test_too_long_frames_are_cut_to_the_mtu_and_are_whole(void **state)
{
	(void)state;
	begin_ipv4(6, 1000);
	EDIT(&now, .mtu_trunc = true, .mtu = 300);
	assert_int_equal(now.buf.len, 314);
	assert_int_equal(now.buf.orig_len, 314);
	assert_sums_right(&now, 14);
	begin_ipv6(1000);
	EDIT(&now, .mtu_trunc = true, .mtu = 300);
	assert_int_equal(be16_at(now.mem + 18), 260);
	assert_int_equal(be16_at(now.mem + 58), 260);
	assert_sums_right(&now, 14);
	begin_ipv4(6, 60);
	old.mem[24] = now.mem[24] = 1; /* wrong, and left so */
	EDIT(&now, .mtu_trunc = true);
	assert_memory_equal(now.mem, old.mem, old.buf.len);
}

static void test_header_lengths_are_mended_but_padding_is_no_payload(void **state)
{
	(void)state;
	begin_ipv4(6, 60);
	be16_put(now.mem + 16, 999);
	EDIT(&now, .fix_hdrlen = true, .fix_csum = true);
	assert_memory_equal(now.mem, old.mem, old.buf.len);
	begin_ipv4(17, 10);
	now.buf.len = now.buf.orig_len = 60;
	EDIT(&now, .fix_hdrlen = true);
	assert_int_equal(be16_at(now.mem + 16), 30);
	EDIT(&now, .fix_hdrlen = true, .quirks = WEIR_QUIRK_LENGTHS);
	assert_int_equal(be16_at(now.mem + 16), 46);
}

static void test_only_asking_mends_checksums(void **state)
{
	(void)state;
	begin_ipv4(6, 61);
	memset(now.mem + 24, 0x55, 2);
	memset(now.mem + 50, 0x55, 2);
	EDIT(&now, .fix_csum = true);
	assert_memory_equal(now.mem, old.mem, old.buf.len);
	begin_ipv4(17, 10);
	now.buf.len = now.buf.orig_len = 60; /* padded */
	memset(now.mem + 40, 0x55, 2);
	EDIT(&now, .fix_csum = true);
	assert_sums_right(&now, 14);
}

static void test_the_fcs_is_cut_off(void **state)
{
	(void)state;
	begin_ipv4(6, 60);
	EDIT(&now, .cut_fcs = true);
	assert_int_equal(now.buf.len, old.buf.len - 4);
	assert_int_equal(now.buf.orig_len, old.buf.len - 4);
	begin_ipv4(6, 60);
	now.buf.len = 50;
	EDIT(&now, .cut_fcs = true);
	assert_int_equal(now.buf.len, 50);
}

static void test_what_cannot_be_edited_stays_whole_and_is_counted(void **state)
{
	static const struct weir_edit_opts opts = { .ttl = "9", .src_mac = "02:00:00:00:00:09" };
	struct weir_edit_opts drop = opts;
	struct weir_edit_counts c;

	(void)state;
	begin_ipv4(6, 60);
	now.buf.len = 30; /* within IP */
	edit_counted(&opts, &now, &c);
	assert_memory_equal(now.mem, old.mem, old.buf.len);
	assert_int_equal(c.failed[WEIR_EDIT_BAD_NETWORK], 1);
	assert_int_equal(c.first_nr[WEIR_EDIT_BAD_NETWORK], 1);

	now.buf.linktype = 147;
	edit_counted(&opts, &now, &c);
	assert_int_equal(c.failed[WEIR_EDIT_UNKNOWN_LINK], 1);

	drop.drop_failed = true;
	edit_counted(&drop, &now, &c);
	assert_int_equal(c.dropped, 1);
	assert_int_equal(now.buf.len, 0);
}

static void test_an_icmpv6_error_and_what_it_tells_of_are_mapped(void **state)
{
	uint8_t p[14 + 40 + 8 + 40 + 8] = { 0 };
	uint8_t *ip = p + 14, *icmp = ip + 40, *inner = icmp + 8;

	(void)state;
	begin_ipv6(8);
	memcpy(p, old.mem, 14 + 40);
	be16_put(ip + 4, 8 + 40 + 8);
	ip[6] = 58;
	icmp[0] = 1;
	memcpy(inner, old.mem + 14, 48);
	memcpy(inner + 8, old.mem + 38, 16); /* it went the other way */
	memcpy(inner + 24, old.mem + 22, 16);
	naive_put(icmp + 2, naive_l4(ip, 56));
	frame_init(&now, p, sizeof(p));
	EDIT(&now, .endpoints = "[fd00::1]:[fd00::2]");
	assert_int_equal(now.mem[14 + 8], 0xfd);
	assert_memory_equal(now.mem + 14 + 8, now.mem + 14 + 48 + 24, 16);
	assert_memory_equal(now.mem + 14 + 24, now.mem + 14 + 48 + 8, 16);
	assert_int_equal(naive_l4(now.mem + 14, 56), 0xffff);
	assert_int_equal(naive_l4(now.mem + 14 + 48, 8), 0xffff);
}

static void test_the_checksum_behind_a_routing_header_covers_the_last_hop(void **state)
{
	uint8_t p[14 + 40 + 24 + 8];

	(void)state;
	begin_ipv6(8);
	memcpy(p, old.mem, 54);
	memset(p + 54, 0, 24);
	p[14 + 5] = 32;
	p[14 + 6] = 43;
	p[54] = 17; /* next header, length 2 units, type 0, one segment left */
	p[55] = 2;
	p[57] = 1;
	memcpy(p + 62, old.mem + 38, 16);
	memcpy(p + 78, old.mem + 54, 8);
	frame_init(&now, p, sizeof(p));
	EDIT(&now, .dst_map = "[::/0]:[fd00::/8]");
	assert_int_equal(now.mem[38], 0xfd);
	assert_memory_equal(now.mem + 78, p + 78, 8);
}

static void test_fuzzing_damages_some_frames_and_repeats_itself(void **state)
{
	struct weir_edit_opts o = { .fuzz_seed = { true, 7 }, .fuzz_factor = 2 };
	unsigned changed = 0;
	struct weir_editor *e[2];

	(void)state;
	assert_int_equal(weir_editor_new(&o, &e[0], NULL), 0);
	assert_int_equal(weir_editor_new(&o, &e[1], NULL), 0);
	for (unsigned i = 0; i < 100; i++) {
		struct weir_stage s[2] = { weir_editor_stage(e[0]), weir_editor_stage(e[1]) };

		begin_ipv4(17, 100);
		s[0].run(s[0].ctx, &old.buf, 1);
		s[1].run(s[1].ctx, &now.buf, 1);
		assert_int_equal(old.buf.len, now.buf.len);
		assert_memory_equal(old.mem, now.mem, now.buf.len);
		frame_ipv4(&old, 17, 100);
		changed += old.buf.len != now.buf.len || memcmp(old.mem, now.mem, now.buf.len);
		if (now.buf.len == old.buf.len)
			assert_sums_right(&now, 14);
	}
	assert_in_range(changed, 30, 70);
	weir_editor_free(e[0]);
	weir_editor_free(e[1]);
}

static void test_frames_cut_within_their_headers_get_no_checksum_behind_ip(void **state)
{
	(void)state;
	for (uint32_t seed = 0; seed < 300; seed++) {
		struct weir_edit_opts o = { .fuzz_seed = { true, seed }, .fuzz_factor = 1 };
		struct test_frame f;

		frame_ipv4(&f, 1, 60);
		edit(&o, &f);
		assert_in_range(f.buf.len, 0, 94);
	}
}

static void test_bad_options_are_named_with_their_place(void **state)
{
	static const char *const ports[] = { "80-70:1" };
	static const char *const subs[] = { "00:00:00:00:00:01" };
	static const struct {
		struct weir_edit_opts opts;
		const char *text;
	} bad[] = {
		{ { .pnat = "10.0.0.0/8:11.0.0.0/33" },
		  "pnat: \"10.0.0.0/8:11.0.0.0/33\", at 21: the number is more than 32" },
		{ { .pnat = "10.0.0.0/8:[::/0]" },
		  "pnat: \"10.0.0.0/8:[::/0]\", at 1: IPv4 cannot become IPv6" },
		{ { .ttl = "+x" }, "ttl: \"+x\", at 2: a number expected" },
		{ { .ttl = "256" }, "ttl: \"256\", at 1: the number is more than 255" },
		{ { .port_maps = ports, .n_port_maps = 1 },
		  "portmap: \"80-70:1\", at 1: the range ends before it begins" },
		{ { .sub_macs = subs, .n_sub_macs = 1 },
		  "enet-subsmac: \"00:00:00:00:00:01\", at 18: ',' expected" },
		{ { .endpoints = "1.2.3.4" }, "endpoints: \"1.2.3.4\", at 8: ':' expected" },
		{ { .tos = { true, 256 } }, "tos: 256 is more than 255" },
		{ { .vlan = WEIR_VLAN_ADD }, "enet-vlan: add needs enet-vlan-tag" },
		{ { .dlt = WEIR_DLT_USER }, "dlt: user needs user-dlink" },
		{ { .dlt = WEIR_DLT_OTHER, .dlt_number = 105 },
		  "dlt: frames cannot be changed to link type 105" },
		{ { .dlt = WEIR_DLT_USER, .user_dlink = "1,100" },
		  "user-dlink: \"1,100\", at 3: the number is more than 255" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct weir_editor *e = NULL;
		struct weir_err err = { 0 };

		assert_int_equal(weir_editor_new(&bad[i].opts, &e, &err), -EINVAL);
		assert_string_equal(err.text, bad[i].text);
		assert_null(e);
	}
}

static void test_every_quirk_has_a_name_and_a_text(void **state)
{
	unsigned n = 0;

	(void)state;
	while (weir_edit_quirk_name(n)) {
		assert_non_null(weir_edit_quirk_text(n));
		n++;
	}
	assert_int_equal((1u << n) - 1, WEIR_QUIRKS_TCPREWRITE);
}

static void test_editor_knows_whether_it_edits(void **state)
{
	struct weir_edit_opts opts = { 0 };
	struct weir_editor *e = NULL;

	(void)state;
	assert_int_equal(weir_editor_new(&opts, &e, NULL), 0);
	assert_false(weir_editor_edits(e));
	weir_editor_free(e);
	opts.tos.given = true; /* to 0 */
	assert_int_equal(weir_editor_new(&opts, &e, NULL), 0);
	assert_true(weir_editor_edits(e));
	weir_editor_free(e);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_editor_knows_whether_it_edits),
		cmocka_unit_test(test_an_editor_without_edits_changes_nothing),
		cmocka_unit_test(test_ttl_is_set_added_to_and_taken_from),
		cmocka_unit_test(test_tos_class_and_flow_label_go_where_they_belong),
		cmocka_unit_test(test_the_first_port_map_that_fits_counts),
		cmocka_unit_test(test_udp_without_a_checksum_keeps_none),
		cmocka_unit_test(test_later_fragments_have_no_ports_and_no_checksum),
		cmocka_unit_test(test_tcp_numbers_move_alike_but_not_the_one_of_a_syn),
		cmocka_unit_test(test_numbers_are_those_of_tcpreplay),
		cmocka_unit_test(test_maps_replace_the_first_bits),
		cmocka_unit_test(test_each_side_has_its_map),
		cmocka_unit_test(test_arp_is_mapped_and_by_maps_of_one_side_is_not),
		cmocka_unit_test(test_groups_and_broadcast_can_be_left),
		cmocka_unit_test(test_a_seed_scatters_addresses_and_keeps_groups),
		cmocka_unit_test(test_macs_by_side_by_list_and_by_seed),
		cmocka_unit_test(test_broadcast_macs_can_be_left),
		cmocka_unit_test(test_tags_go_in_and_out),
		cmocka_unit_test(test_steps_behind_a_tag_find_their_fields),
		cmocka_unit_test(test_link_layers_are_exchanged),
		cmocka_unit_test(test_cut_frames_are_padded_shortened_or_dropped),
		cmocka_unit_test(test_too_long_frames_are_cut_to_the_mtu_and_are_whole),
		cmocka_unit_test(test_header_lengths_are_mended_but_padding_is_no_payload),
		cmocka_unit_test(test_only_asking_mends_checksums),
		cmocka_unit_test(test_the_fcs_is_cut_off),
		cmocka_unit_test(test_what_cannot_be_edited_stays_whole_and_is_counted),
		cmocka_unit_test(test_an_icmpv6_error_and_what_it_tells_of_are_mapped),
		cmocka_unit_test(test_the_checksum_behind_a_routing_header_covers_the_last_hop),
		cmocka_unit_test(test_fuzzing_damages_some_frames_and_repeats_itself),
		cmocka_unit_test(test_frames_cut_within_their_headers_get_no_checksum_behind_ip),
		cmocka_unit_test(test_bad_options_are_named_with_their_place),
		cmocka_unit_test(test_every_quirk_has_a_name_and_a_text),
	};

	return unit_run(tests);
}
