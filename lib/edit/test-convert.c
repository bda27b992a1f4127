/* SPDX-License-Identifier: BSD-2-Clause */
#include "edit/edit.h"
#include "edit/test-support.h"

#include <errno.h>

static struct test_frame now, old;

/* All that frames can become. */
static const uint16_t linktypes[] = { 0, 1, 9, 50, 101, 104, 108, 113, 276 };

#define N_LINKTYPES (sizeof(linktypes) / sizeof(linktypes[0]))

static void keep(void)
{
	memcpy(&old, &now, sizeof(old));
}

static void convert(uint16_t linktype)
{
	EDIT(&now, .dlt = WEIR_DLT_OTHER, .dlt_number = linktype);
	assert_int_equal(now.buf.linktype, linktype);
	assert_int_equal(now.buf.orig_len, now.buf.len);
}

/* It fails, and nothing has changed. */
static void assert_refused(uint16_t linktype)
{
	struct weir_edit_opts o = { .dlt = WEIR_DLT_OTHER, .dlt_number = linktype };
	struct weir_edit_counts counts;

	keep();
	edit_counted(&o, &now, &counts);
	assert_int_equal(counts.failed[WEIR_EDIT_NO_LINK], 1);
	assert_int_equal(now.buf.linktype, old.buf.linktype);
	assert_int_equal(now.buf.len, old.buf.len);
	assert_memory_equal(now.mem, old.mem, old.buf.len);
}

static void assert_head(const char *bytes, uint32_t n)
{
	assert_memory_equal(now.mem, bytes, n);
}

#define ASSERT_HEAD(bytes) assert_head(bytes, sizeof(bytes) - 1)

#define TO   "\2\0\0\0\0\2"
#define FROM "\2\0\0\0\0\1"

static void test_ip_goes_from_each_to_each_and_back(void **state)
{
	(void)state;
	for (unsigned a = 0; a < N_LINKTYPES; a++) {
		for (unsigned b = 0; b < N_LINKTYPES; b++) {
			for (unsigned v6 = 0; v6 < 2; v6++) {
				v6 ? frame_ipv6(&old, 30) : frame_ipv4(&old, 6, 30);
				v6 ? frame_ipv6(&now, 30) : frame_ipv4(&now, 6, 30);
				convert(linktypes[a]);
				convert(linktypes[b]);
				convert(v6 ? 229 : 228);
				assert_int_equal(now.buf.len, old.buf.len - 14);
				assert_memory_equal(now.mem, old.mem + 14, now.buf.len);
			}
		}
	}
}

static void test_headers_are_as_readers_expect_them(void **state)
{
	static const struct {
		uint16_t linktype;
		const char *head;
		uint32_t n;
	} heads[] = {
		{ 9, "\xff\3\0\x21", 4 },
		{ 50, "\xff\3\0\x21", 4 },
		{ 104, "\x0f\0\x08\0", 4 },
		{ 108, "\0\0\0\2", 4 },
		{ 113, "\0\0\0\1\0\6" FROM "\0\0\x08\0", 16 },
		{ 276, "\x08\0\0\0\0\0\0\0\0\1\0\6" FROM "\0\0", 20 },
		{ 1, TO FROM "\x08\0", 14 },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		frame_ipv4(&now, 6, 30);
		convert(heads[i].linktype);
		assert_head(heads[i].head, heads[i].n);
	}
}

static void test_steps_behind_find_their_fields(void **state)
{
	(void)state;
	for (unsigned a = 0; a < N_LINKTYPES; a++) {
		frame_ipv4(&now, 6, 30);
		convert(linktypes[a]);
		EDIT(&now, .dlt = WEIR_DLT_ENET, .ttl = "3", .vlan = WEIR_VLAN_ADD,
		     .vlan_tag = { true, 5 }, .src_mac = "02:00:00:00:00:09",
		     .src_map = "10.0.0.0/8:11.0.0.0/8");
		assert_memory_equal(now.mem + 6, "\2\0\0\0\0\x09\x81\0\0\5\x08\0", 12);
		assert_int_equal(now.mem[18 + 8], 3);
		assert_sums_right(&now, 18);
	}
}

static void test_what_linux_tells_is_passed_on(void **state)
{
	static const uint8_t sll[] = "\0\4\0\1\0\6" FROM "\7\7\x08\0";

	(void)state;
	frame_ipv4(&now, 6, 30);
	convert(113);
	memcpy(now.mem, sll, 16);
	keep();
	convert(276);
	ASSERT_HEAD("\x08\0\0\0\0\0\0\0\0\1\4\6" FROM "\7\7");
	convert(113);
	assert_memory_equal(now.mem, old.mem, old.buf.len);
	convert(1);
	ASSERT_HEAD("\0\0\0\0\0\0" FROM "\x08\0");
}

static void test_whom_frames_go_to_is_told_as_far_as_it_is_known(void **state)
{
	struct weir_edit_opts o = { .dlt = WEIR_DLT_ENET };
	struct weir_edit_counts counts;

	(void)state;
	frame_ipv4(&now, 17, 30);
	memset(now.mem, 0xff, 6);
	convert(113);
	assert_int_equal(be16_at(now.mem), 1); /* to all */
	convert(1);
	ASSERT_HEAD("\xff\xff\xff\xff\xff\xff" FROM);

	convert(104);
	ASSERT_HEAD("\x8f\0\x08\0");
	convert(1);
	ASSERT_HEAD("\xff\xff\xff\xff\xff\xff\0\0\0\0\0\0");

	memcpy(now.mem + 30, "\xe0\0\0\xfb", 4);
	convert(101);
	edit_counted(&o, &now, &counts);
	ASSERT_HEAD("\1\0\x5e\0\0\xfb\0\0\0\0\0\0");
	assert_int_equal(counts.zero_macs, 1);

	convert(101);
	o.src_mac = o.dst_mac = "02:02:02:02:02:02";
	edit_counted(&o, &now, &counts);
	ASSERT_HEAD("\2\2\2\2\2\2\2\2\2\2\2\2\x08\0");
	assert_int_equal(counts.zero_macs, 0);
}

static void test_tags_stay_where_they_can(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		frame_ipv4(&now, 6, 30);
		EDIT(&now, .vlan = WEIR_VLAN_ADD, .vlan_stack = "802.1ad:100/5,200");
		keep();
		convert(i ? 276 : 113);
		assert_memory_equal(now.mem + (i ? 0 : 14), "\x88\xa8", 2);
		assert_memory_equal(now.mem + (i ? 20 : 16), "\xa0\x64\x81\0\0\xc8\x08\0\x45", 9);
		convert(1); /* only who sent it has been told */
		assert_int_equal(now.buf.len, old.buf.len);
		assert_memory_equal(now.mem + 6, old.mem + 6, old.buf.len - 6);
	}
	convert(104);
	ASSERT_HEAD("\x0f\0\x08\0\x45");
}

static void test_llc_keeps_its_length_and_type(void **state)
{
	static const char stp[] = "\1\x80\xc2\0\0\0" FROM "\0\x07\x42\x42\3\0\0\0\0";

	(void)state;
	frame_init(&now, stp, sizeof(stp) - 1);
	keep();
	convert(113);
	ASSERT_HEAD("\0\2\0\1\0\6" FROM "\0\0\0\4\x42\x42\3\0\0\0\0");
	assert_int_equal(now.buf.len, 16 + 7);
	convert(276);
	ASSERT_HEAD("\0\4");
	EDIT(&now, .dlt = WEIR_DLT_ENET, .dst_mac = "01:80:c2:00:00:00");
	assert_int_equal(now.buf.len, old.buf.len);
	assert_memory_equal(now.mem, old.mem, old.buf.len);
	assert_refused(104);
	assert_refused(101);
	assert_refused(9);
}

static void test_what_cannot_be_carried_stays_as_it_was(void **state)
{
	static const char arp[] = TO FROM "\x08\x06\0\1\x08\0\6\4\0\1....................";
	static const char lcp[] = "\xff\3\xc0\x21\1\1\0\4";

	(void)state;
	frame_init(&now, arp, sizeof(arp) - 1);
	assert_refused(0);
	assert_refused(101);
	assert_refused(9);
	convert(113);
	convert(276);
	convert(104);
	ASSERT_HEAD("\x0f\0\x08\x06");

	frame_init(&now, lcp, sizeof(lcp) - 1);
	now.buf.linktype = 9;
	assert_refused(1);
	assert_refused(113);
	convert(50);
	assert_memory_equal(now.mem, lcp, 8);
	frame_init(&now, "\x21\x45", 2); /* a number in one byte, nothing in front of it */
	now.buf.linktype = 9;
	frame_ipv4(&now, 6, 30);
	assert_refused(229);
}

static void test_the_way_through_access_points_tells_the_macs(void **state)
{
	static const char *const macs[] = { "AAAAAABBBBBB", "CCCCCCBBBBBB", "AAAAAACCCCCC",
					    "CCCCCCDDDDDD" };

	(void)state;
	for (unsigned way = 0; way < 4; way++) {
		char wifi[80] = "\x08\0\0\0AAAAAABBBBBBCCCCCC\0\0DDDDDD";
		uint32_t n = way == 3 ? 30 : 24;
		struct test_frame ip;

		wifi[1] = (char)way;
		memcpy(wifi + n, "\xaa\xaa\3\0\0\0\x08\0", 8);
		frame_ipv4(&ip, 17, 8);
		memcpy(wifi + n + 8, ip.mem + 14, 28);
		frame_init(&now, wifi, n + 8 + 28);
		now.buf.linktype = 105;
		convert(1);
		assert_head(macs[way], 12);
		assert_memory_equal(now.mem + 12, ip.mem + 12, 30);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ip_goes_from_each_to_each_and_back),
		cmocka_unit_test(test_headers_are_as_readers_expect_them),
		cmocka_unit_test(test_steps_behind_find_their_fields),
		cmocka_unit_test(test_what_linux_tells_is_passed_on),
		cmocka_unit_test(test_whom_frames_go_to_is_told_as_far_as_it_is_known),
		cmocka_unit_test(test_tags_stay_where_they_can),
		cmocka_unit_test(test_llc_keeps_its_length_and_type),
		cmocka_unit_test(test_what_cannot_be_carried_stays_as_it_was),
		cmocka_unit_test(test_the_way_through_access_points_tells_the_macs),
	};

	return unit_run(tests);
}
