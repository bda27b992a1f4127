/* SPDX-License-Identifier: BSD-2-Clause */
/* pkt-gen's names of ports, ranges of addresses, frames and lines. */
#include <errno.h>
#include <string.h>

#include "pktgen-frame.h"
#include "pktgen-name.h"
#include "pktgen-text.h"
#include "support/unit.h"
#include "util.h"

static void test_names_of_netmap_are_those_of_weir(void **state)
{
	static const struct {
		const char *given, *config, *weir, *shown;
		bool vale;
	} names[] = {
		{ "eth0", NULL, "eth0", "netmap:eth0", false },
		{ "netmap:eth0", NULL, "eth0", "netmap:eth0", false },
		{ "netmap:br-lan", NULL, "br-lan", "netmap:br-lan", false },
		{ "netmap:eth0-2", NULL, "eth0@2", "netmap:eth0-2", false },
		{ "netmap:br-lan-3/x@5", NULL, "br-lan@3", "netmap:br-lan-3/x@5", false },
		{ "vale0:p1", NULL, "vale0:p1", "vale0:p1", true },
		{ "vale0:p1", "512", "vale0:p1,slots=512", "vale0:p1", true },
		{ "vale0:p1", "512,256,1,4", "vale0:p1,slots=512,rx-slots=256", "vale0:p1", true },
		{ "vale0:p1@conf:slots=64,rings=2", NULL, "vale0:p1,slots=64",
		  "vale0:p1@conf:slots=64,rings=2", true },
		{ "vale0:x{1", "0,256", "vale0:x{1", "vale0:x{1", true },
		{ "netmap:x}1", "256", "netmap:x}1,slots=256", "netmap:x}1", true },
		{ "x}1", NULL, "netmap:x}1", "netmap:x}1", true },
		{ "null", NULL, "null:", "null", false },
		{ "tap7", NULL, "tap:tap7", "tap7", false },
		{ "tap:t", NULL, "tap:t", "tap:t", false },
		{ "pcap:eth0", NULL, "packet:eth0", "pcap:eth0", false },
		{ "xdp:eth0@0-3", NULL, "xdp:eth0@0-3", "xdp:eth0@0-3", false },
		{ "file:a-1", NULL, "file:a-1", "file:a-1", false },
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
		struct pktgen_name n;
		struct weir_err err;

		if (pktgen_name_parse(names[i].given, names[i].config, false, &n, &err) < 0)
			fail_msg("%s: %s", names[i].given, err.text);
		assert_string_equal(n.weir, names[i].weir);
		assert_string_equal(n.shown, names[i].shown);
		assert_int_equal(n.vale, names[i].vale);
	}
}

static void test_rings_are_those_of_the_direction(void **state)
{
	struct pktgen_name n;
	struct weir_err err;

	(void)state;
	assert_int_equal(pktgen_name_parse("vale0:p", "0,0,2,3", true, &n, &err), 0);
	assert_int_equal(n.rings, 2);
	assert_int_equal(pktgen_name_parse("vale0:p", "0,0,2,3", false, &n, &err), 0);
	assert_int_equal(n.rings, 3);
	assert_int_equal(pktgen_name_parse("vale0:p", "0,0,2", false, &n, &err), 0);
	assert_int_equal(n.rings, 2);
	assert_int_equal(pktgen_name_parse("eth0", "0,0,2", false, &n, &err), 0);
	assert_int_equal(n.rings, 0);
	assert_true(n.set_aside);
}

static void test_ports_that_are_not_to_be_had_are_refused(void **state)
{
	static const struct {
		const char *given, *config, *text;
		int error;
	} bad[] = {
		{ "eth0^", NULL, "host rings", -ENOTSUP },
		{ "netmap:eth0^1", NULL, "host rings", -ENOTSUP },
		{ "netmap:eth0*", NULL, "host rings", -ENOTSUP },
		{ "vale0:p-1", NULL, "single rings", -ENOTSUP },
		{ "vale0:p/z", NULL, "monitors", -ENOTSUP },
		{ "eth0/q", NULL, "unknown flag 'q'", -EINVAL },
		{ "vale0:p@extmem:f", NULL, "'@extmem:f'", -ENOTSUP },
		{ "vale0:p@conf:rongs=2", NULL, "'rongs=2'", -EINVAL },
		{ "vale0:p", "1,2,3,4,5", "-C: ", -EINVAL },
		{ "vale0:p", "many", "-C: ", -EINVAL },
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
		struct pktgen_name n;
		struct weir_err err;

		assert_int_equal(pktgen_name_parse(bad[i].given, bad[i].config, true, &n, &err),
				 bad[i].error);
		if (!strstr(err.text, bad[i].text))
			fail_msg("%s: %s", bad[i].given, err.text);
	}
}

static struct pktgen_range range(const char *text, bool ipv6)
{
	struct pktgen_range r;
	struct weir_err err;

	if (pktgen_range_parse('s', text, ipv6, &r, &err) < 0)
		fail_msg("%s", err.text);
	return r;
}

static void range_is(const char *text, bool ipv6, const char *want)
{
	struct pktgen_range r = range(text, ipv6);
	char told[160];

	pktgen_range_text(&r, told, sizeof(told));
	assert_string_equal(told, want);
}

static void test_ranges_have_ends_and_ports(void **state)
{
	(void)state;
	range_is("10.0.0.1", false, "10.0.0.1:1234 to 10.0.0.1:1234");
	range_is("10.0.0.1:80", false, "10.0.0.1:80 to 10.0.0.1:80");
	range_is("10.0.0.1:80-10.0.1.0", false, "10.0.0.1:80 to 10.0.1.0:80");
	range_is("10.0.0.9:90-10.0.0.1:80", false, "10.0.0.1:80 to 10.0.0.9:90");
	range_is("2001:db8::1", true, "7@[2001:db8::1]:1234 to 7@[2001:db8::1]:1234");
	range_is("[2001:db8::1]:5-[2001:db8::f]:6", true, "7@[2001:db8::1]:5 to 7@[2001:db8::f]:6");
	range_is("2@2001:db8:3::-2001:db8:5::", true,
		 "2@[2001:db8:3::]:1234 to 2@[2001:db8:5::]:1234");
}

static void test_what_is_no_range_is_refused(void **state)
{
	char *const bad[] = { "",	    "10.0.0",	     "10.0.0.1:",      "10.0.0.1:65536",
			      "10.0.0.1:x", "10.0.0.1-",     "10.0.0.1-80",    "2001:db8::1",
			      "::1-1@::2",  "8@2001:db8::1", "[2001:db8::1:5", "[::1]5" };
	struct pktgen_range r;
	struct weir_err err;

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(pktgen_range_parse('d', bad[i], i > 7, &r, &err), -EINVAL);
}

/* Frames of the defaults, with other lengths and ranges. */
static struct pktgen_frames frames(uint32_t len, const char *src, const char *dst)
{
	bool ipv6 = strchr(src, 'b') != NULL;

	return (struct pktgen_frames){ .ipv6 = ipv6,
				       .src = range(src, ipv6),
				       .dst = range(dst, ipv6),
				       .src_mac = { 2, 0, 0, 0, 0, 10 },
				       .dst_mac = { 255, 255, 255, 255, 255, 255 },
				       .len = len,
				       .seed = 7 };
}

/* What netmap's program sends with nothing but -S 02:00:00:00:00:0a. */
static const uint8_t plain[60] = {
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02, 0x00, 0x00, 0x00, 0x00, 0x0a, 0x08, 0x00, 0x45,
	0x10, 0x00, 0x2e, 0x00, 0x00, 0x40, 0x00, 0x40, 0x11, 0x26, 0xad, 0x0a, 0x00, 0x00, 0x01,
	0x0a, 0x01, 0x00, 0x01, 0x04, 0xd2, 0x04, 0xd2, 0x00, 0x1a, 0x15, 0x80, 0x6e, 0x65, 0x74,
	0x6d, 0x61, 0x70, 0x20, 0x70, 0x6b, 0x74, 0x2d, 0x67, 0x65, 0x6e, 0x20, 0x44, 0x49, 0x52,
};

static void test_a_frame_has_the_bytes_that_pkt_gen_sends(void **state)
{
	struct pktgen_frames f = frames(60, "10.0.0.1", "10.1.0.1");
	uint8_t data[PKTGEN_MAX_HEADER + 60];
	uint64_t n;

	(void)state;
	pktgen_frames_init(&f, NULL);
	assert_true(pktgen_frames_period(&f, &n));
	assert_int_equal(n, 1);
	for (uint64_t i = 0; i < 3; i++) {
		assert_int_equal(pktgen_frame_len(&f, i), 60);
		pktgen_frame_make(&f, i, data);
		assert_memory_equal(data, plain, 60);
	}
	f.header_len = 12;
	assert_int_equal(pktgen_frame_len(&f, 0), 72);
	pktgen_frame_make(&f, 0, data);
	assert_memory_equal(data, (uint8_t[12]){ 0 }, 12);
	assert_memory_equal(data + 12, plain, 60);
	pktgen_frames_done(&f);
}

/* The sum of 16-bit words, folded: 0xffff is what a right checksum makes of it. */
static uint32_t folded(uint32_t sum, const uint8_t *p, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++)
		sum += (uint32_t)p[i] << (i % 2 ? 0 : 8);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* Are the checksums of a frame right, by what its own headers tell? */
static void sums_are_right(const struct pktgen_frames *f, const uint8_t *data)
{
	uint32_t udp = pktgen_payload_at(f->ipv6) - 8;
	uint32_t udp_len = (uint32_t)data[udp + 4] << 8 | data[udp + 5];

	if (!f->ipv6)
		assert_int_equal(folded(0, data + 14, 20), 0xffff);
	else
		assert_true(data[udp + 6] || data[udp + 7]);
	assert_int_equal(folded(folded(17 + udp_len, data + (f->ipv6 ? 22 : 26), f->ipv6 ? 32 : 8),
				data + udp, udp_len),
			 0xffff);
}

static void ends_are(const uint8_t *data, unsigned src, unsigned sport, unsigned dst,
		     unsigned dport)
{
	assert_int_equal(data[29], src);
	assert_int_equal(data[34] << 8 | data[35], sport);
	assert_int_equal(data[33], dst);
	assert_int_equal(data[36] << 8 | data[37], dport);
}

static void test_walks_count_up_one_after_another(void **state)
{
	struct pktgen_frames f = frames(90, "10.0.0.1:1000-10.0.0.3:1001", "10.1.0.7:5-10.1.0.8:7");
	uint8_t data[90];
	uint64_t n, i = 0;

	(void)state;
	pktgen_frames_init(&f, NULL);
	assert_true(pktgen_frames_period(&f, &n));
	assert_int_equal(n, 2 * 3 * 3 * 2);
	for (unsigned round = 0; round < 2; round++)
		for (unsigned dst = 7; dst <= 8; dst++)
			for (unsigned dport = 5; dport <= 7; dport++)
				for (unsigned src = 1; src <= 3; src++)
					for (unsigned sport = 1000; sport <= 1001; sport++) {
						pktgen_frame_make(&f, i++, data);
						ends_are(data, src, sport, dst, dport);
						sums_are_right(&f, data);
					}
	pktgen_frames_done(&f);
}

static void test_of_ipv6_one_group_counts_up(void **state)
{
	struct pktgen_frames f =
		frames(100, "3@2001:db8::1-2001:db8:0:3::1", "[2001:db8::9]:5-[2001:db8::a]:6");
	uint8_t data[100];
	uint64_t n;

	(void)state;
	pktgen_frames_init(&f, NULL);
	assert_true(pktgen_frames_period(&f, &n));
	assert_int_equal(n, 4 * 2 * 2);
	for (unsigned i = 0; i < n; i++) {
		pktgen_frame_make(&f, i, data);
		assert_int_equal(data[22 + 7], i % 4);
		assert_int_equal(data[22 + 15], 1);
		assert_int_equal(data[57], 5 + i / 4 % 2);
		assert_int_equal(data[53], 9 + i / 8);
		sums_are_right(&f, data);
	}
	pktgen_frames_done(&f);
}

static void test_drawn_ends_differ_and_are_drawn_again_alike(void **state)
{
	struct pktgen_frames f = frames(60, "10.0.0.1", "10.1.0.1");
	uint8_t data[60], other[60];
	uint64_t n;

	(void)state;
	f.src.random = f.dst.random = true;
	pktgen_frames_init(&f, NULL);
	assert_false(pktgen_frames_period(&f, &n));
	pktgen_frame_make(&f, 0, data);
	assert_memory_equal(data, plain, 60);
	for (uint64_t i = 1; i < 100; i++) {
		pktgen_frame_make(&f, i - 1, other);
		pktgen_frame_make(&f, i, data);
		assert_memory_not_equal(data + 26, other + 26, 4);
		assert_memory_not_equal(data + 30, other + 30, 4);
		sums_are_right(&f, data);
		pktgen_frame_make(&f, i, other);
		assert_memory_equal(data, other, 60);
	}
	pktgen_frames_done(&f);
}

static void test_a_drawn_destination_stays_while_sources_are_walked(void **state)
{
	struct pktgen_frames f = frames(60, "10.0.0.1-10.0.0.4", "10.1.0.1");
	uint8_t data[60], other[60];

	(void)state;
	f.dst.random = true;
	pktgen_frames_init(&f, NULL);
	pktgen_frame_make(&f, 4, data);
	pktgen_frame_make(&f, 7, other);
	assert_memory_equal(data + 30, other + 30, 4);
	pktgen_frame_make(&f, 8, other);
	assert_memory_not_equal(data + 30, other + 30, 4);
	pktgen_frames_done(&f);
}

static void test_drawn_lengths_are_below_the_longest(void **state)
{
	struct pktgen_frames f = frames(200, "10.0.0.1", "10.1.0.1");
	uint8_t data[200];
	bool seen[200] = { false };
	unsigned different = 0;

	(void)state;
	f.min_len = 61;
	f.fit_headers = true;
	pktgen_frames_init(&f, NULL);
	for (uint64_t i = 0; i < 2000; i++) {
		uint32_t len = pktgen_frame_len(&f, i);

		assert_in_range(len, 61, 199);
		different += !seen[len];
		seen[len] = true;
		pktgen_frame_make(&f, i, data);
		assert_int_equal(data[16] << 8 | data[17], len - 14);
		assert_int_equal(data[38] << 8 | data[39], len - 34);
		sums_are_right(&f, data);
	}
	assert_true(different > 100);
	f.fit_headers = false;
	pktgen_frame_make(&f, 1, data);
	assert_int_equal(data[16] << 8 | data[17], 200 - 14);
	pktgen_frames_done(&f);
}

static void test_short_frames_are_the_beginning_of_headers(void **state)
{
	(void)state;
	for (uint32_t len = PKTGEN_MIN_LEN; len < 70; len++) {
		struct pktgen_frames f = frames(len, "10.0.0.1", "10.1.0.1");
		uint8_t data[70];

		memset(data, 0xee, sizeof(data));
		pktgen_frames_init(&f, NULL);
		pktgen_frame_make(&f, 1, data);
		assert_memory_equal(data, plain, 16);
		assert_int_equal(data[len], 0xee);
		if (len >= 42)
			sums_are_right(&f, data);
		pktgen_frames_done(&f);
	}
}

static void test_numbers_stand_in_payloads(void **state)
{
	struct pktgen_frames f = frames(60, "10.0.0.1:1-10.0.0.1:9", "10.1.0.1");
	uint8_t data[60];
	uint64_t n;

	(void)state;
	f.sequence = true;
	pktgen_frames_init(&f, NULL);
	assert_false(pktgen_frames_period(&f, &n));
	for (uint64_t i = 0xfffffff0; i < 0x100000010; i++) {
		pktgen_frame_make(&f, i, data);
		assert_int_equal((uint32_t)data[42] << 24 | (uint32_t)data[43] << 16 |
					 (uint32_t)data[44] << 8 | data[45],
				 (uint32_t)i);
		assert_int_equal(data[35], 1 + i % 9);
		sums_are_right(&f, data);
	}
	pktgen_frames_done(&f);
}

static void test_given_bytes_are_sent_as_they_are(void **state)
{
	const uint8_t bytes[16] = { 1, 2, 3 };
	struct pktgen_frames f = frames(16, "10.0.0.1-10.0.0.9", "10.1.0.1");
	uint8_t data[16];
	uint64_t n;

	(void)state;
	pktgen_frames_init(&f, bytes);
	assert_true(pktgen_frames_period(&f, &n));
	assert_int_equal(n, 1);
	pktgen_frame_make(&f, 3, data);
	assert_memory_equal(data, bytes, 16);
	pktgen_frames_done(&f);
}

static void test_a_report_tells_rates(void **state)
{
	const struct pktgen_counts before = { .packets = 1000, .bytes = 60000, .events = 10 };
	struct pktgen_counts now = { .packets = 1489000, .bytes = 89340000, .events = 2916 };
	struct pktgen_style style = { 0 };
	struct pktgen_window window = { 0 };
	char text[512];

	(void)state;
	pktgen_report(&style, &window, &now, &before, 1000000, text, sizeof(text));
	assert_string_equal(text, "1.488 Mpps (1.488 Mpkts 714.240 Mbps in 1000000 usec) "
				  "512.04 avg_batch 99999 min_space");
	style = (struct pktgen_style){ .plain_units = true, .framing_bits = 192, .averages = true };
	pktgen_report(&style, &window, &now, &before, 2000000, text, sizeof(text));
	assert_string_equal(text, "744000 pps [avg/std 744000 /0  pps](1488000 pkts 499968000 bps "
				  "in 2000000 usec) 512.04 avg_batch 99999 min_space");
	pktgen_report(&style, &window, &now, &now, 2000000, text, sizeof(text));
	assert_string_equal(text, "0 pps [avg/std 744000 /0  pps](0 pkts 0 bps in 2000000 usec) "
				  "0.00 avg_batch 99999 min_space");
	now.waited = 7;
	pktgen_report(&(struct pktgen_style){ 0 }, &window, &now, &now, 1000000, text,
		      sizeof(text));
	assert_string_equal(text, "0.000 pps (0.000 pkts 0.000 bps in 1000000 usec) "
				  "0.00 avg_batch 7 min_space");
}

static void total_is(const struct pktgen_counts *c, const char *want)
{
	const struct pktgen_style style = { .framing_bits = 192 };
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	assert_non_null(to);
	pktgen_print_total(to, &style, "Sent", c);
	assert_int_equal(fclose(to), 0);
	assert_string_equal(text, want);
	free(text);
}

static void test_the_total_tells_what_and_how_fast(void **state)
{
	(void)state;
	total_is(&(struct pktgen_counts){ 0 }, "Sent nothing.\n");
	total_is(&(struct pktgen_counts){ 1000, 60000, 2, 1000000 },
		 "Sent 1000 packets 60000 bytes 2 events 60 bytes each in 0.00 seconds.\n"
		 "Speed: 1.000 Mpps Bandwidth: 480.000 Mbps (raw 672.000 Mbps). "
		 "Average batch: 500.00 pkts\n");
}

static void test_a_dump_has_rows_of_sixteen(void **state)
{
	const struct weir_pkt pkt = { .data = (uint8_t *)"ABCDEFGHIJKLMNOP\n", .len = 18 };
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	(void)state;
	assert_non_null(to);
	pktgen_print_dump(to, 0, 3, &pkt);
	assert_int_equal(fclose(to), 0);
	assert_string_equal(
		text, "ring 0 cur     3 [buf      0 flags 0x0000 len    18]\n"
		      "    0: 41 42 43 44 45 46 47 48 49 4a 4b 4c 4d 4e 4f 50 ABCDEFGHIJKLMNOP\n"
		      "   16: 0a 00                                           ..\n");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_of_netmap_are_those_of_weir),
		cmocka_unit_test(test_rings_are_those_of_the_direction),
		cmocka_unit_test(test_ports_that_are_not_to_be_had_are_refused),
		cmocka_unit_test(test_ranges_have_ends_and_ports),
		cmocka_unit_test(test_what_is_no_range_is_refused),
		cmocka_unit_test(test_a_frame_has_the_bytes_that_pkt_gen_sends),
		cmocka_unit_test(test_walks_count_up_one_after_another),
		cmocka_unit_test(test_of_ipv6_one_group_counts_up),
		cmocka_unit_test(test_drawn_ends_differ_and_are_drawn_again_alike),
		cmocka_unit_test(test_a_drawn_destination_stays_while_sources_are_walked),
		cmocka_unit_test(test_drawn_lengths_are_below_the_longest),
		cmocka_unit_test(test_short_frames_are_the_beginning_of_headers),
		cmocka_unit_test(test_numbers_stand_in_payloads),
		cmocka_unit_test(test_given_bytes_are_sent_as_they_are),
		cmocka_unit_test(test_a_report_tells_rates),
		cmocka_unit_test(test_the_total_tells_what_and_how_fast),
		cmocka_unit_test(test_a_dump_has_rows_of_sixteen),
	};

	return unit_run(tests);
}
