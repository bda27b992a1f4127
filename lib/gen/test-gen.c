/* SPDX-License-Identifier: BSD-2-Clause */
/* Templates as a whole: bytes, order, numbers, sizes, errors. */
#include <weir/gen.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <weir/stamp.h>

#include "base/bytes.h"
#include "base/macros.h"
#include "pkt/checksum.h"
#include "support/unit.h"

#define BASE                                                                                       \
	"B = Ether(src='02:00:00:00:00:01', dst='02:00:00:00:00:02')\n"                            \
	"I = IP(src='10.0.0.1', dst='10.0.0.2')\n"

#define MAX_FRAME 70000u

static struct weir_gen *make_opts(const char *text, struct weir_gen_opts o)
{
	struct weir_gen *g = NULL;
	struct weir_err err = { 0 };
	char all[4096];

	(void)snprintf(all, sizeof(all), BASE "%s", text);
	o.text = all;
	o.len = strlen(all);
	if (weir_gen_new(&o, &g, &err) < 0)
		fail_msg("%s: %s", text, weir_err_text(&err));
	return g;
}

static struct weir_gen *make(const char *text)
{
	return make_opts(text, (struct weir_gen_opts){ 0 });
}

/* The lone frame nr, in static memory. */
static struct weir_pkt frame(const struct weir_gen *g, uint64_t nr)
{
	static uint8_t mem[MAX_FRAME];
	struct weir_pkt p = { .data = mem };
	uint32_t len;

	weir_gen_frames(g, nr, &p, 1);
	weir_gen_lens(g, nr, 1, &len);
	assert_int_equal(len, p.len);
	return p;
}

static struct weir_gen_info info(const struct weir_gen *g)
{
	struct weir_gen_info i;

	weir_gen_info(g, &i);
	return i;
}

static void assert_error(const char *text, const char *want)
{
	struct weir_gen_opts o = { .text = text, .len = strlen(text) };
	struct weir_gen *g = NULL;
	struct weir_err err = { 0 };

	if (weir_gen_new(&o, &g, &err) >= 0)
		fail_msg("'%s' was taken", text);
	if (!strstr(weir_err_text(&err), want))
		fail_msg("'%s' is answered with '%s', not '%s'", text, weir_err_text(&err), want);
	assert_null(g);
}

static void test_errors_point_at_the_column(void **state)
{
	(void)state;
	assert_error("Ether()/IP(dst=)", "column 16: a layer or a value expected");
	assert_error("Ether()/TCQ()", "column 9: there is no layer 'TCQ'");
	assert_error("Ether()/TCP(dprot=80)",
		     "column 19: TCP has no field 'dprot', but sport, dport");
	assert_error("IP(src=\"10.0.0.256\")", "column 8: '10.0.0.256' is no IPv4 address");
	assert_error("X = Ether()\nX/IP(ttl=256)", "line 2, column 10: ttl is at most 255");
	assert_error("IP(ttl=(5,2))", "column 8: the range is empty");
	assert_error("TCP(flags=\"SX\")", "column 11: flags has no flag 'X'");
	assert_error("UDP(sport=1, sport=2)", "column 20: sport is given twice");
	assert_error("IP(\"10.0.0.1\")", "column 4: IP takes its fields by name");
	assert_error("Ether()/", "column 9: a layer or a value expected");
	assert_error("Ether()/IP", "column 9: 'IP' is not known; a layer is written 'IP()'");
	assert_error("Raw(\"abc", "column 5: the string has no end");
	assert_error("GRE(key_present=RandNum(0,1))", "column 17: key_present decides the layout");
	assert_error("Ether() @ wait=3", "column 11: 'wait' is none of");
	assert_error("Ether() @ size=60-10", "size '60-10' is none of");
	assert_error("UDP(sport=RandPool(1, 2))", "column 11: RandPool() is no value of sport");
	assert_error("Ether()/IP()\nIPv6()",
		     "line 2, column 1: frames that begin with IPv6 cannot");
	assert_error("", "there is no template");
	assert_error("X = Ether()", "there is no template");
}

static void test_text_of_any_nesting_is_refused_and_not_run_out_of(void **state)
{
	char deep[400];

	(void)state;
	memset(deep, '(', sizeof(deep) - 1);
	deep[sizeof(deep) - 1] = 0;
	assert_error(deep, "brackets nested too deep");
	/* 2^70 members out of 70 short lines. */
	{
		char text[4096] = "a0 = [1, 1]\n";
		size_t len = strlen(text);

		for (unsigned i = 1; i < 70; i++)
			len += (size_t)snprintf(text + len, sizeof(text) - len,
						"a%u = [a%u, a%u]\n", i, i - 1, i - 1);
		(void)snprintf(text + len, sizeof(text) - len, "IP(id=a69)");
		assert_error(text, "more than");
	}
}

static void test_strings_are_those_of_python(void **state)
{
	static const uint8_t want[] = { 'a',  0,   0xff, '\n', 'b',  'b', 0xc3, 0xbf,
					'\\', 'x', '1',	 0xde, 0xad, 'z', 'z',	'z' };
	struct weir_gen *g = make("Raw(b'a\\x00\\xff\\n' 'b' \"b\" + '\\xff' + r'\\x1' + "
				  "bytes.fromhex('de ad') + 'z' * 3)");
	struct weir_pkt p = frame(g, 0);

	(void)state;
	assert_int_equal(p.len, sizeof(want));
	assert_memory_equal(p.data, want, sizeof(want));
	weir_gen_free(g);
}

static void test_a_string_goes_on_behind_a_backslash(void **state)
{
	char text[400];
	struct weir_gen *g;
	struct weir_pkt p;

	(void)state;
	memset(text, 'y', sizeof(text));
	memcpy(text, "Raw('x\\\n", 8);
	memcpy(text + sizeof(text) - 3, "')", 3);
	g = make(text);
	p = frame(g, 0);
	assert_int_equal(p.len, 1 + 400 - 8 - 3);
	assert_memory_equal(p.data, "xyyy", 4);
	weir_gen_free(g);
	assert_error("Raw('x\\\ny\nz')", "line 1, column 5: the string has no end");
}

/* A mixture of everything that changes; checked against the frames made one by one, in
 * any order, and against checksums summed anew. */
static const char *const mixtures[] = {
	"B/IP(src=RandIP('10.0.0.0/8'), dst='10.1.0.0/29', ttl=[1, (7, 9)])/"
	"UDP(sport=(1, 70), dport=Inc(5, 8))/Raw(load=['ab', 'cd', 'ef'])",
	"B/IP(src='10.0.0.0/30', dst='10.0.0.9', options=[IPOption_Router_Alert()])/"
	"TCP(flags=['S', 'A'], seq=RandInt(), dport=(1, 90), options=[('Timestamp', (1, 2))])/"
	"RandPayload",
	"B/I/UDP(sport=[1, 2])/VXLAN(vni=(1, 3))/B/IP(dst='10.0.0.0/28', id=RandShort())/"
	"UDP(sport=RandNum(1, 7))/Raw(load=['abc', 'd'])",
	"[B/I/UDP(sport=(1, 100)), B/I/TCP(dport=(1, 100))/'abc', B/I/UDP(dport=RandShort())]",
	"B/I/UDP(sport=(1, 100)) @ weight=3\n B/I/TCP(dport=(1, 10))/'abc' @ weight=2",
	"B/IP(src='10.0.0.1', dst='10.0.0.2', id=Dec(9, 3))/UDP(sport=Inc(1, 65), dport=(1, 130))/"
	"Raw(RandBin(9))",
	"B/IP(src=RandChoice('10.0.0.1', '11.0.0.0/8'), dst='10.0.0.2')/UDP(dport=(1, 130))",
	"B/IPv6(src='fd00::ffff:ffff:0:0/120', dst=RandIP6('fd00::/64'), fl=RandShort())/"
	"TCP(seq=RandInt(), ack=Inc(4294967000, 4294967290), dport=(1, 9))/RandPayload",
	"B/Dot1Q(vlan=(1, 5), prio=(0, 7))/IP(flags=(0, 7), frag=(0, 3), tos=(0, 2))/UDP()/'odd'",
};

static void check_transport(const uint8_t *ip, bool ipv6, uint8_t proto, uint32_t header,
			    uint32_t len)
{
	uint32_t sum = csum_pseudo(ip, ipv6, proto, len - header);

	assert_int_equal(csum_fold(csum_add(sum, ip + header, len - header)), 0);
}

static void check_sums(const struct weir_pkt *p)
{
	uint32_t at = be16_at(p->data + 12) == 0x8100 ? 18 : 14;
	const uint8_t *ip = p->data + at;
	uint32_t header = (ip[0] & 15u) * 4;

	if (ip[0] >> 4 == 6) {
		assert_int_equal(be16_at(ip + 4), p->len - at - 40);
		check_transport(ip, true, ip[6], 40, p->len - at);
		return;
	}
	assert_int_equal(be16_at(ip + 2), p->len - at);
	assert_int_equal(csum_fold(csum_add(0, ip, header)), 0);
	check_transport(ip, false, ip[9], header, p->len - at);
}

static const char *mixture(unsigned i, char *text, size_t size)
{
	const char *at = strstr(mixtures[i], "RandPayload");

	if (!at)
		return mixtures[i];
	(void)snprintf(text, size, "%.*sRaw(RandString(33))", (int)(at - mixtures[i]), mixtures[i]);
	return text;
}

static void check_mixture(const char *text, struct weir_gen_opts o)
{
	enum {
		N = 700,
		ROOM = 2048
	};
	struct weir_gen *g = make_opts(text, o);
	uint8_t *mem = malloc((size_t)N * ROOM);
	struct weir_pkt pkts[N];

	assert_non_null(mem);
	for (unsigned i = 0; i < N; i++)
		pkts[i].data = mem + (size_t)i * ROOM;
	weir_gen_frames(g, 0, pkts, N);
	for (unsigned i = N; i-- > 0;) {
		struct weir_pkt p = frame(g, i);

		assert_int_equal(p.len, pkts[i].len);
		assert_memory_equal(p.data, pkts[i].data, p.len);
		check_sums(&p);
	}
	free(mem);
	weir_gen_free(g);
}

static void test_a_frame_depends_on_nothing_but_its_number(void **state)
{
	char text[512];

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(mixtures); i++)
		check_mixture(mixture(i, text, sizeof(text)), (struct weir_gen_opts){ .seed = 7 });
}

static void test_sizes_and_stamps_keep_lengths_and_checksums_right(void **state)
{
	char text[512];

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(mixtures); i++) {
		const char *t = mixture(i, text, sizeof(text));

		check_mixture(t, (struct weir_gen_opts){ .size = "200-1500" });
		check_mixture(t, (struct weir_gen_opts){ .size = "300:2,201:1,1518:4" });
		check_mixture(t, (struct weir_gen_opts){ .size = "512", .stamp = true });
		check_mixture(t, (struct weir_gen_opts){ .size = "200-999", .stamp = true });
		check_mixture(t, (struct weir_gen_opts){ .stamp = true });
		check_mixture(t, (struct weir_gen_opts){ .random_order = true });
	}
}

static void test_sizes_count_the_check_sequence_unless_told_otherwise(void **state)
{
	struct weir_gen *g = make_opts("B/I/UDP()", (struct weir_gen_opts){ .size = "64" });

	(void)state;
	assert_int_equal(frame(g, 5).len, 60);
	weir_gen_free(g);
	g = make_opts("B/I/UDP()", (struct weir_gen_opts){ .size = "64", .no_fcs = true });
	assert_int_equal(frame(g, 5).len, 64);
	weir_gen_free(g);
	g = make_opts("B/I/UDP() @ size=100", (struct weir_gen_opts){ .size = "64" });
	assert_int_equal(frame(g, 0).len, 96);
	weir_gen_free(g);
	assert_error("Ether()/IP()/UDP()/('x'*100) @ size=64",
		     "has 146 bytes with its check sequence, which is more than its size of 64");
}

static void test_imix_is_seven_to_four_to_one(void **state)
{
	struct weir_gen *g = make_opts("B/I/UDP()", (struct weir_gen_opts){ .size = "imix" });
	unsigned n[3] = { 0 };

	(void)state;
	assert_int_equal(info(g).n_frames, 12);
	assert_int_equal(info(g).max_len, 1514);
	assert_true(info(g).repeats);
	for (unsigned i = 0; i < 1200; i++) {
		uint32_t len = frame(g, i).len;

		n[len == 60 ? 0 : len == 590 ? 1 : 2]++;
	}
	assert_int_equal(n[0], 700);
	assert_int_equal(n[1], 400);
	assert_int_equal(n[2], 100);
	weir_gen_free(g);
}

static void test_drawn_sizes_cover_their_range(void **state)
{
	struct weir_gen *g = make_opts("B/I/UDP()", (struct weir_gen_opts){ .size = "64-67" });
	unsigned n[4] = { 0 };

	(void)state;
	assert_false(info(g).repeats);
	for (unsigned i = 0; i < 4000; i++)
		n[frame(g, i).len - 60]++;
	for (unsigned i = 0; i < 4; i++)
		assert_in_range(n[i], 850, 1150);
	weir_gen_free(g);
}

static uint16_t sport_of(struct weir_pkt p)
{
	return be16_at(p.data + 34);
}

static void test_random_values_follow_the_seed_and_stay_in_range(void **state)
{
	const char *text = "B/I/UDP(sport=RandNum(100, 109))";
	struct weir_gen *a = make_opts(text, (struct weir_gen_opts){ .seed = 1 });
	struct weir_gen *b = make_opts(text, (struct weir_gen_opts){ .seed = 1 });
	struct weir_gen *c = make_opts(text, (struct weir_gen_opts){ .seed = 2 });
	unsigned n[10] = { 0 }, differ = 0;

	(void)state;
	assert_int_equal(info(a).n_frames, 1);
	assert_false(info(a).repeats);
	for (unsigned i = 0; i < 10000; i++) {
		uint16_t v = sport_of(frame(a, i));

		assert_in_range(v, 100, 109);
		n[v - 100]++;
		assert_int_equal(sport_of(frame(b, i)), v);
		differ += sport_of(frame(c, i)) != v;
	}
	for (unsigned i = 0; i < 10; i++)
		assert_in_range(n[i], 850, 1150);
	assert_true(differ > 8500);
	weir_gen_free(a);
	weir_gen_free(b);
	weir_gen_free(c);
}

static void test_choices_are_members_of_their_set_and_equally_often(void **state)
{
	struct weir_gen *g = make("B/I/UDP(sport=RandChoice(80, 443, (100, 101)))");
	unsigned n[444] = { 0 };

	(void)state;
	assert_int_equal(info(g).n_frames, 1);
	assert_false(info(g).repeats);
	for (unsigned i = 0; i < 4000; i++) {
		struct weir_pkt p = frame(g, i);

		check_sums(&p);
		n[sport_of(p)]++;
	}
	assert_in_range(n[80], 850, 1150);
	assert_in_range(n[100], 850, 1150);
	assert_in_range(n[101], 850, 1150);
	assert_in_range(n[443], 850, 1150);
	assert_int_equal(n[80] + n[100] + n[101] + n[443], 4000);
	weir_gen_free(g);
}

static void test_random_order_has_every_frame_once_a_pass(void **state)
{
	enum {
		N = 1000
	};
	struct weir_gen *g = make_opts("B/I/UDP(sport=(0, 999))",
				       (struct weir_gen_opts){ .random_order = true });
	unsigned seen[N] = { 0 }, in_place = 0;

	(void)state;
	for (unsigned pass = 0; pass < 3; pass++) {
		for (unsigned i = 0; i < N; i++) {
			uint16_t v = sport_of(frame(g, pass * N + i));

			assert_int_equal(seen[v]++, pass);
			in_place += v == i;
		}
	}
	assert_true(in_place < 30);
	weir_gen_free(g);
}

static void test_weights_are_kept_in_every_round(void **state)
{
	struct weir_gen *g =
		make("B/I/UDP(sport=1) @ weight=3\nB/I/UDP(sport=[2, 3]) @ weight=1\n");
	const uint16_t want[] = { 1, 1, 2, 1, 1, 1, 3, 1 };

	(void)state;
	assert_int_equal(info(g).n_templates, 2);
	assert_int_equal(info(g).n_frames, 8);
	for (unsigned i = 0; i < 16; i++)
		assert_int_equal(sport_of(frame(g, i)), want[i % 8]);
	weir_gen_free(g);
}

static void test_rates_are_weights_and_add_up(void **state)
{
	struct weir_gen *g = make("B/I/UDP(sport=1) @ rate=2000\nB/I/UDP(sport=2) @ rate=1000\n");
	unsigned n[3] = { 0 };

	(void)state;
	assert_int_equal(info(g).rate_fps, 3000);
	for (unsigned i = 0; i < 300; i++)
		n[sport_of(frame(g, i))]++;
	assert_int_equal(n[1], 200);
	assert_int_equal(n[2], 100);
	weir_gen_free(g);
	assert_error("Ether() @ rate=5\nEther()", "either all templates have a rate or none");
}

static void test_packets_can_be_repeated_and_listed(void **state)
{
	struct weir_gen *g = make("[B/I/UDP(sport=(1, 2)), B/I/UDP(sport=9)]");
	const uint16_t want[] = { 1, 2, 9 };

	(void)state;
	assert_int_equal(info(g).n_frames, 3);
	for (unsigned i = 0; i < 9; i++)
		assert_int_equal(sport_of(frame(g, i)), want[i % 3]);
	weir_gen_free(g);
	g = make("B/I/UDP(sport=(1, 2)) * 3");
	assert_int_equal(info(g).n_frames, 6);
	weir_gen_free(g);
}

static void test_sets_larger_than_memory_cost_none(void **state)
{
	struct weir_gen *g = make("B/IP(src='10.0.0.0/8', dst=['11.0.0.0/8', '12.0.0.0/8'])/"
				  "UDP(sport=(0, 255))");
	struct weir_pkt p;

	(void)state;
	assert_int_equal(info(g).n_frames, 1ULL << (24 + 25 + 8));
	weir_gen_free(g);
	g = make("B/IP(src='10.0.0.0/8', dst=['11.0.0.0/8', '12.0.0.0/8'])");
	p = frame(g, (1ULL << 48) + 5);
	assert_int_equal(be32_at(p.data + 26), 0x0a000005);
	assert_int_equal(be32_at(p.data + 30), 0x0c000000);
	weir_gen_free(g);
	assert_error("IPv6(dst='::/0')", "the set has too many members");
}

static void test_the_default_address_is_the_interface_s(void **state)
{
	static const uint8_t mac[6] = { 2, 3, 4, 5, 6, 7 };
	struct weir_gen *g = make_opts("Ether()/ARP()", (struct weir_gen_opts){ .mac = mac });
	struct weir_pkt p = frame(g, 0);

	(void)state;
	assert_memory_equal(p.data + 6, mac, 6);
	assert_memory_equal(p.data + 22, mac, 6);
	weir_gen_free(g);
}

static void test_counted_values_begin_anew_behind_their_last(void **state)
{
	struct weir_gen *g = make("B/I/UDP(sport=Inc(10, 79), dport=Dec(3, 1))");

	(void)state;
	for (unsigned i = 0; i < 500; i++) {
		struct weir_pkt p = frame(g, i);

		assert_int_equal(sport_of(p), 10 + i % 70);
		assert_int_equal(be16_at(p.data + 36), 3 - i % 3);
	}
	weir_gen_free(g);
	assert_error("UDP(sport=Inc(5, 1))", "column 11: the range is empty");
}

static void test_a_sum_of_zero_is_sent_as_all_ones(void **state)
{
	struct weir_gen *g = make("B/I/UDP(sport=(60320, 60332))");
	unsigned ones = 0;

	(void)state;
	for (unsigned i = 0; i < 13; i++) {
		struct weir_pkt p = frame(g, i);

		check_sums(&p);
		assert_int_not_equal(be16_at(p.data + 40), 0);
		ones += be16_at(p.data + 40) == 0xffff;
	}
	assert_int_equal(ones, 1);
	weir_gen_free(g);
}

static void test_stamps_count_each_template_s_frames(void **state)
{
	struct weir_gen *g = make_opts("B/I/UDP(sport=(1, 5)) @ weight=2\n"
				       "B/I/UDP() @ weight=1, stream=7",
				       (struct weir_gen_opts){ .stamp = true });
	uint32_t next[8] = { 0 };

	(void)state;
	for (unsigned i = 0; i < 3000; i++) {
		struct weir_pkt p = frame(g, i);
		struct weir_stamp s;

		assert_true(weir_stamp_find(p.data, p.len, &s));
		assert_true(s.stream == 0 || s.stream == 7);
		assert_int_equal(s.sequence, next[s.stream]++);
	}
	assert_int_equal(next[0], 2000);
	weir_gen_free(g);
}

static void test_a_stamp_changes_no_checksum(void **state)
{
	struct weir_gen *g = make_opts("B/I/UDP()/'x'", (struct weir_gen_opts){ .stamp = true });
	struct weir_pkt p = frame(g, 123456);
	uint8_t padded[128] = { 0 };
	struct weir_stamp s;

	(void)state;
	check_sums(&p);
	weir_stamp_set_time(p.data + p.len - WEIR_STAMP_LEN, 0x1122334455667788);
	check_sums(&p);
	memcpy(padded, p.data, p.len); /* a port on the way filled it up */
	assert_true(weir_stamp_find(padded, sizeof(padded), &s));
	assert_int_equal(s.sequence, 123456);
	assert_int_equal(s.time_ns, 0x1122334455667788);
	p.data[p.len - 3] ^= 1;
	assert_false(weir_stamp_find(p.data, p.len, &s));
	assert_false(weir_stamp_find(p.data, 10, &s));
	weir_gen_free(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_errors_point_at_the_column),
		cmocka_unit_test(test_text_of_any_nesting_is_refused_and_not_run_out_of),
		cmocka_unit_test(test_strings_are_those_of_python),
		cmocka_unit_test(test_a_string_goes_on_behind_a_backslash),
		cmocka_unit_test(test_a_frame_depends_on_nothing_but_its_number),
		cmocka_unit_test(test_sizes_and_stamps_keep_lengths_and_checksums_right),
		cmocka_unit_test(test_sizes_count_the_check_sequence_unless_told_otherwise),
		cmocka_unit_test(test_imix_is_seven_to_four_to_one),
		cmocka_unit_test(test_drawn_sizes_cover_their_range),
		cmocka_unit_test(test_random_values_follow_the_seed_and_stay_in_range),
		cmocka_unit_test(test_choices_are_members_of_their_set_and_equally_often),
		cmocka_unit_test(test_random_order_has_every_frame_once_a_pass),
		cmocka_unit_test(test_weights_are_kept_in_every_round),
		cmocka_unit_test(test_rates_are_weights_and_add_up),
		cmocka_unit_test(test_packets_can_be_repeated_and_listed),
		cmocka_unit_test(test_sets_larger_than_memory_cost_none),
		cmocka_unit_test(test_the_default_address_is_the_interface_s),
		cmocka_unit_test(test_counted_values_begin_anew_behind_their_last),
		cmocka_unit_test(test_a_sum_of_zero_is_sent_as_all_ones),
		cmocka_unit_test(test_stamps_count_each_template_s_frames),
		cmocka_unit_test(test_a_stamp_changes_no_checksum),
	};

	return unit_run(tests);
}
