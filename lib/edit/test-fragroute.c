/* SPDX-License-Identifier: BSD-2-Clause */
#include <weir/fragroute.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <weir/chain.h>

#include "base/macros.h"
#include "edit/test-support.h"

#define MAX_OUT 64

/* What has come out, and the lines that were printed. */
static struct test_frame out[MAX_OUT];
static unsigned n_out;
static char printed[1024];
static struct weir_edit_counts counts;
static struct weir_fragroute_opts opts;

static int setup(void **state)
{
	(void)state;
	opts = (struct weir_fragroute_opts){ .name = "rules" };
	return 0;
}

static void print(void *ctx, const char *line)
{
	(void)ctx;
	strncat(printed, line, sizeof(printed) - strlen(printed) - 2);
	strcat(printed, "\n");
}

static void take(struct weir_chain *c)
{
	struct weir_buf *bufs;
	int n;

	while ((n = weir_chain_take(c, &bufs)) > 0) {
		for (int i = 0; i < n; i++) {
			struct test_frame *f = &out[n_out++];

			assert_in_range(n_out, 1, MAX_OUT);
			assert_true(bufs[i].room >= bufs[i].len && bufs[i].orig_len >= bufs[i].len);
			f->buf = bufs[i];
			memcpy(f->mem, bufs[i].data, bufs[i].len);
			f->buf.data = f->mem;
		}
	}
	assert_int_equal(n, 0);
}

/* Frames one by one through the rules. */
static void apply(const char *rules, const struct test_frame *frames, unsigned n)
{
	struct weir_err err = { 0 };
	struct weir_fragroute *f;
	struct weir_stage stage;
	struct weir_chain c;

	opts.rules = rules;
	opts.print = print;
	n_out = 0;
	printed[0] = '\0';
	if (weir_fragroute_new(&opts, &f, &err) < 0)
		fail_msg("%s", err.text);
	stage = weir_fragroute_stage(f);
	weir_chain_init(&c, &stage, 1);
	for (unsigned i = 0; i < n; i++) {
		struct test_frame copy = frames[i];

		copy.buf.data = copy.mem;
		assert_int_equal(weir_chain_put(&c, &copy.buf, 1), 0);
		take(&c);
	}
	weir_chain_end(&c);
	take(&c);
	weir_fragroute_counts(f, &counts);
	weir_fragroute_free(f);
}

static struct test_frame tcp, udp, udp6;

/* TCP with PSH, DF; payloads that count. */
static void make(uint32_t payload)
{
	frame_ipv4(&tcp, 6, 20 + payload);
	frame_ipv4(&udp, 17, 8 + payload);
	frame_ipv6(&udp6, 8 + payload);
	tcp.mem[47] = 0x18;
	tcp.mem[20] = 0x40;
	be16_put(tcp.mem + 24, 0);
	naive_put(tcp.mem + 24, naive_sum(tcp.mem + 14, 20, 0));
	for (uint32_t i = 0; i < payload; i++)
		tcp.mem[54 + i] = (uint8_t)i;
	be16_put(tcp.mem + 50, 0);
	naive_put(tcp.mem + 50, naive_l4(tcp.mem + 14, 20 + payload));
}

static void refused(const char *rules, const char *why)
{
	struct weir_err err = { 0 };
	struct weir_fragroute *f = NULL;

	opts.rules = rules;
	assert_int_equal(weir_fragroute_new(&opts, &f, &err), -EINVAL);
	assert_string_equal(err.text, why);
	assert_null(f);
}

static void test_errors_in_rules_name_line_and_column(void **state)
{
	(void)state;
	refused("nosuch", "rules: line 1, column 1: no such directive");
	refused("# one\n\n  ip_ttl x\n",
		"rules: line 3, column 10: the TTL must be between 1 and 255");
	refused("ip_ttl", "rules: line 1, column 7: the TTL must be between 1 and 255");
	refused("ip_ttl 5 6", "rules: line 1, column 10: the end of the line expected");
	refused("tcp_seg 8 odd", "rules: line 1, column 11: old or new expected");
	refused("ip_frag 12", "rules: line 1, column 9: the fragment size must be a multiple of 8");
	refused("ip_frag 65536",
		"rules: line 1, column 9: the fragment size must be between 1 and 65535");
	refused("order up", "rules: line 1, column 7: random or reverse expected");
	refused("delay first", "rules: line 1, column 12: milliseconds must be between 0 and "
			       "4294967295");
	refused("drop some 5", "rules: line 1, column 6: first, last or random expected");
	refused("ip_opt lsrr 3 1.2.3.4",
		"rules: line 1, column 13: the pointer must be between 4 and 255");
	refused("ip_opt lsrr 4 1.2.3", "rules: line 1, column 15: an IPv4 address expected");
	refused("ip6_opt route 1 1.2.3.4", "rules: line 1, column 17: an IPv6 address expected");
	refused("ip6_opt raw 60 1 2",
		"rules: line 1, column 19: 2 bytes and 2 of the header are no multiple of 8");
	refused("tcp_opt raw 1 222",
		"rules: line 1, column 15: bytes in hexadecimal expected, 0f 1a ...");
	refused("tcp_chaff off", "rules: line 1, column 11: cksum, null, paws, rexmit, seq, syn or "
				 "a TTL expected");
	refused("echo", "rules: line 1, column 5: a text expected");
	opts.quirks = WEIR_FRAGROUTE_QUIRKS_TCPREWRITE;
	refused("ip_ttl 1\nIP_tos 300", "invalid argument to directive 'ip_tos' (line 2)");
	refused("nosuch 1", "unknown directive 'nosuch' (line 1)");
}

static void test_without_rules_nothing_changes_but_padding(void **state)
{
	(void)state;
	make(4);
	tcp.buf.len = tcp.buf.orig_len += 10;
	apply("\n# nothing\n", &tcp, 1);
	assert_int_equal(n_out, 1);
	assert_int_equal(out[0].buf.len, 58);
	assert_int_equal(out[0].buf.orig_len, 58);
	assert_memory_equal(out[0].mem, tcp.mem, 58);
	assert_int_equal(counts.frames, 1);
}

static void test_fields_are_set_and_checksums_stay_right(void **state)
{
	(void)state;
	make(20);
	apply("ip_ttl 9\nip_tos 0x10\nip6_qos 3 4", &tcp, 1);
	assert_int_equal(out[0].mem[22], 9);
	assert_int_equal(out[0].mem[15], 0x10);
	assert_sums_right(&out[0], 14);
	apply("ip_ttl 9\nip_tos 0x10\nip6_qos 3 4", &udp6, 1);
	assert_int_equal(out[0].mem[21], 9);
	assert_int_equal(be32_at(out[0].mem + 14), 0x60300004);
}

static void test_segments_have_the_size_and_the_whole_stream(void **state)
{
	(void)state;
	make(100);
	apply("tcp_seg 24", &tcp, 1);
	assert_int_equal(n_out, 5);
	for (unsigned i = 0; i < 5; i++) {
		assert_int_equal(out[i].buf.len, 54 + (i < 4 ? 24 : 4));
		assert_int_equal(be32_at(out[i].mem + 38), 0xfffffff0 + i * 24);
		assert_int_equal(out[i].mem[47], i < 4 ? 0x10 : 0x18);
		assert_memory_equal(out[i].mem + 54, tcp.mem + 54 + i * 24, out[i].buf.len - 54);
		assert_sums_right(&out[i], 14);
	}
	opts.quirks = WEIR_FRAGROUTE_QUIRK_COPY_ALL;
	apply("tcp_seg 24", &tcp, 1);
	assert_int_equal(out[0].mem[47], 0x18);
	apply("tcp_seg 24", &udp, 1);
	assert_int_equal(n_out, 1);
	tcp.mem[47] = 0x02; /* SYN */
	apply("tcp_seg 24", &tcp, 1);
	assert_int_equal(n_out, 1);
}

/* What a receiver that keeps what came first (or last) makes of segments or fragments of
 * which at(i) tells the place. */
static void reassemble(uint32_t head, bool newer, uint8_t *ret, bool tcp_places)
{
	bool have[2048] = { false };

	for (unsigned i = 0; i < n_out; i++) {
		const uint8_t *p = out[i].mem;
		uint32_t at =
			tcp_places ? be32_at(p + 38) - 0xfffffff0 : (be16_at(p + 20) & 0x1fffu) * 8;

		for (uint32_t j = head; j < out[i].buf.len; j++, at++) {
			if (newer || !have[at])
				ret[at] = p[j];
			have[at] = true;
		}
	}
}

static void test_overlaps_favour_old_or_new_data(void **state)
{
	static const char *const words[] = { "old", "new" };
	uint8_t data[2048];
	char rule[64];

	(void)state;
	make(148);
	for (int newer = 0; newer < 2; newer++) {
		snprintf(rule, sizeof(rule), "tcp_seg 24 %s", words[newer]);
		apply(rule, &tcp, 1);
		assert_int_equal(n_out, 7);
		assert_int_equal(out[1].buf.len, 54 + 48);
		reassemble(54, newer, data, true);
		assert_memory_equal(data, tcp.mem + 54, 148);
		reassemble(54, !newer, data, true);
		assert_memory_not_equal(data, tcp.mem + 54, 148);
		for (unsigned i = 0; i < n_out; i++)
			assert_sums_right(&out[i], 14);

		snprintf(rule, sizeof(rule), "ip_frag 24 %s", words[newer]);
		apply(rule, &udp, 1);
		assert_int_equal(n_out, 7);
		assert_int_equal(out[0].buf.len, 34 + 24);
		assert_int_equal(out[2].buf.len, 34 + 48);
		reassemble(34, newer, data, false);
		assert_memory_equal(data, udp.mem + 34, 156);
		reassemble(34, !newer, data, false);
		assert_memory_not_equal(data, udp.mem + 34, 156);
		for (unsigned i = 0; i < n_out; i++)
			assert_int_equal(naive_sum(out[i].mem + 14, 20, 0), 0xffff);
	}
}

static void test_the_first_fragment_has_the_whole_transport_header(void **state)
{
	(void)state;
	make(100);
	apply("ip_frag 8", &tcp, 1);
	assert_int_equal(out[0].buf.len, 34 + 24);
	assert_int_equal(out[1].buf.len, 34 + 8);
	assert_int_equal(be16_at(out[0].mem + 20), 0x2000); /* DF is gone */
	assert_int_equal(n_out, 1 + 96 / 8);
	apply("ip_frag 8", &udp6, 1);
	assert_int_equal(out[0].buf.len, 62 + 8);
	assert_int_equal(n_out, 1 + 13);
	make(4);
	apply("ip_frag 24", &tcp, 1);
	assert_int_equal(n_out, 1);
	assert_int_equal(be16_at(out[0].mem + 20), 0);
	assert_sums_right(&out[0], 14);
}

static void test_order_dup_and_drop(void **state)
{
	(void)state;
	make(100);
	apply("tcp_seg 24\norder reverse", &tcp, 1);
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(be32_at(out[i].mem + 38), 0xfffffff0 + (4 - i) * 24);
	apply("tcp_seg 24\ndup last 100\ndrop first 100\nip_ttl 5", &tcp, 1);
	assert_int_equal(n_out, 5);
	assert_int_equal(be32_at(out[0].mem + 38), 0xfffffff0 + 24);
	assert_memory_equal(out[3].mem, out[4].mem, out[3].buf.len);
	apply("drop first 100", &tcp, 1);
	assert_int_equal(n_out, 0);
}

static void test_what_is_drawn_repeats_and_depends_on_the_seed(void **state)
{
	static struct test_frame first[MAX_OUT];

	(void)state;
	make(100);
	apply("tcp_seg 8\norder random", &tcp, 1);
	memcpy(first, out, sizeof(first));
	apply("tcp_seg 8\norder random", &tcp, 1);
	assert_int_equal(n_out, 13);
	for (unsigned i = 0; i < n_out; i++)
		assert_memory_equal(first[i].mem, out[i].mem, out[i].buf.len);
	opts.seed = 1;
	apply("tcp_seg 8\norder random", &tcp, 1);
	for (unsigned i = 0; i < n_out; i++)
		if (memcmp(first[i].mem, out[i].mem, 54) != 0)
			return;
	fail_msg("another seed gives the same");
}

static void test_delayed_frames_are_overtaken_and_come_in_the_order_of_time(void **state)
{
	static struct test_frame f[4];
	static const int64_t ms[] = { 0, 4, 10, 11 };

	(void)state;
	make(10);
	for (unsigned i = 0; i < 4; i++) {
		f[i] = i == 2 ? udp : tcp;
		f[i].buf.ts_ns = ms[i] * 1000000;
		f[i].buf.nr = i + 1;
		f[i].buf.port = i == 2;
	}
	opts.dir = WEIR_FRAGDIR_C2S;
	apply("delay first 10", f, 4);
	assert_int_equal(n_out, 4);
	/* 1 is due at 10 and leaves before 3; 2 and 4 at 14 and 21, after the end. */
	for (unsigned i = 0; i < 4; i++) {
		static const unsigned nrs[] = { 1, 3, 2, 4 }, at[] = { 10, 10, 14, 21 };

		assert_int_equal(out[i].buf.nr, nrs[i]);
		assert_int_equal(out[i].buf.ts_ns, (int64_t)at[i] * 1000000);
	}
	opts.quirks = WEIR_FRAGROUTE_QUIRK_DELAY;
	apply("delay first 10", f, 4);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(out[i].buf.ts_ns, f[i].buf.ts_ns);
}

static void test_rules_are_for_one_side_only_if_asked(void **state)
{
	(void)state;
	make(100);
	for (uint8_t port = 0; port < 2; port++) {
		tcp.buf.port = port;
		opts.dir = WEIR_FRAGDIR_C2S;
		apply("tcp_seg 50", &tcp, 1);
		assert_int_equal(n_out, port ? 1 : 2);
		opts.dir = WEIR_FRAGDIR_S2C;
		apply("tcp_seg 50", &tcp, 1);
		assert_int_equal(n_out, port ? 2 : 1);
		opts.dir = WEIR_FRAGDIR_BOTH;
		apply("tcp_seg 50", &tcp, 1);
		assert_int_equal(n_out, 2);
	}
	tcp.buf.port = WEIR_NO_PORT;
	apply("tcp_seg 50", &tcp, 1);
	assert_int_equal(n_out, 1);
}

static void test_options_are_added_and_checksums_stay_right(void **state)
{
	static const uint8_t lsrr[] = { 131, 11, 4, 1, 2, 3, 4, 5, 6, 7, 8, 1 };
	static const uint8_t mss[] = { 2, 4, 0x04, 0xb0 }, wscale[] = { 3, 3, 7, 1 };
	const uint8_t *ip;

	(void)state;
	make(21);
	apply("ip_opt lsrr 4 1.2.3.4 5.6.7.8", &tcp, 1);
	ip = out[0].mem + 14;
	assert_int_equal(ip[0], 0x48);
	assert_int_equal(be16_at(ip + 2), 61 + 12);
	assert_memory_equal(ip + 20, lsrr, 12);
	assert_int_equal(naive_sum(ip, 32, 0), 0xffff);
	assert_memory_equal(ip + 32, tcp.mem + 34, 41);

	apply("tcp_opt wscale 7\ntcp_opt mss 1200", &tcp, 1);
	assert_int_equal(out[0].mem[46], 0x70);
	assert_memory_equal(out[0].mem + 54, mss, 4);
	assert_memory_equal(out[0].mem + 58, wscale, 4);
	assert_memory_equal(out[0].mem + 62, tcp.mem + 54, 21);
	assert_sums_right(&out[0], 14);
	apply("tcp_opt raw 8 a 1 2 3 4 5 6 7 8", &udp, 1);
	assert_memory_equal(out[0].mem, udp.mem, udp.buf.len);

	apply("ip6_opt route 1 2001:db8::9\nip6_opt raw 60 1 4 0 0 0 0", &udp6, 1);
	ip = out[0].mem + 14;
	assert_int_equal(be16_at(ip + 4), 29 + 24 + 8);
	assert_int_equal(ip[6], 60);
	assert_int_equal(ip[40], 43);
	assert_int_equal(ip[48], 17);
	assert_int_equal(ip[49], 2);
	assert_int_equal(ip[51], 1);
	assert_memory_equal(ip + 72, udp6.mem + 54, 29);
}

static void test_options_that_do_not_fit_are_counted(void **state)
{
	(void)state;
	make(10);
	apply("ip_opt raw 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1\nip_opt raw "
	      "1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1",
	      &tcp, 1);
	assert_int_equal(out[0].mem[14], 0x40 + 5 + 6);
	assert_int_equal(counts.failed[WEIR_EDIT_NO_ROOM], 1);
}

/* The chaff among two frames that came out, and the true one, which is as it was. */
static const struct test_frame *find_chaff(const struct test_frame *was)
{
	unsigned i;

	assert_int_equal(n_out, 2);
	i = out[0].buf.len == was->buf.len && !memcmp(out[0].mem, was->mem, was->buf.len);
	assert_memory_equal(out[!i].mem, was->mem, was->buf.len);
	return &out[i];
}

static void test_ip_chaff_is_what_its_receiver_drops(void **state)
{
	const struct test_frame *chaff;

	(void)state;
	make(30);
	apply("ip_chaff 3", &tcp, 1);
	chaff = find_chaff(&tcp);
	assert_int_equal(chaff->mem[22], 3);
	assert_int_equal(naive_sum(chaff->mem + 14, 20, 0), 0xffff);
	assert_memory_not_equal(chaff->mem + 34, tcp.mem + 34, 50);

	apply("ip_chaff dup", &tcp, 1);
	assert_ptr_equal(find_chaff(&tcp), &out[1]);
	apply("ip_chaff opt", &tcp, 1);
	chaff = find_chaff(&tcp);
	assert_int_equal(chaff->mem[14], 0x46);
	assert_int_equal(chaff->mem[34], 131);
	assert_int_equal(naive_sum(chaff->mem + 14, 24, 0), 0xffff);

	apply("ip_chaff opt", &udp6, 1);
	chaff = find_chaff(&udp6);
	assert_int_equal(chaff->mem[20], 60);
	assert_int_equal(chaff->mem[54], 17);
	apply("ip_chaff 3", &udp6, 1);
	assert_int_equal(find_chaff(&udp6)->mem[21], 3);
}

static void test_tcp_chaff_is_what_its_receiver_drops(void **state)
{
	const struct test_frame *chaff;

	(void)state;
	make(30);
	apply("tcp_chaff cksum", &tcp, 1);
	chaff = find_chaff(&tcp);
	assert_int_not_equal(naive_l4(chaff->mem + 14, 50), 0xffff);
	assert_memory_not_equal(chaff->mem + 54, tcp.mem + 54, 30);
	apply("tcp_chaff null", &tcp, 1);
	chaff = find_chaff(&tcp);
	assert_int_equal(chaff->mem[47], 0);
	assert_sums_right(chaff, 14);
	apply("tcp_chaff seq", &tcp, 1);
	chaff = find_chaff(&tcp);
	assert_in_range(be32_at(chaff->mem + 38) - 0xfffffff0, 1u << 30, 1u << 31);
	assert_sums_right(chaff, 14);
	apply("tcp_chaff syn", &tcp, 1);
	chaff = find_chaff(&tcp);
	assert_int_equal(chaff->buf.len, 54);
	assert_int_equal(chaff->mem[47], 2);
	assert_sums_right(chaff, 14);
	apply("tcp_chaff rexmit", &tcp, 1);
	assert_ptr_equal(find_chaff(&tcp), &out[1]);
	apply("tcp_chaff 3", &tcp, 1);
	chaff = find_chaff(&tcp);
	assert_int_equal(chaff->mem[22], 3);
	assert_sums_right(chaff, 14);
	apply("tcp_chaff 3", &udp, 1);
	assert_int_equal(n_out, 1);
}

static void test_paws_chaff_has_an_old_time_stamp(void **state)
{
	static const uint8_t zero[] = { 1, 1, 8, 10, 0, 0, 0, 0, 0, 0, 0, 0 };
	const struct test_frame *chaff;

	(void)state;
	make(30);
	apply("tcp_chaff paws", &tcp, 1);
	chaff = find_chaff(&tcp);
	assert_memory_equal(chaff->mem + 54, zero, 12);
	assert_sums_right(chaff, 14);
	tcp.mem[46] = 0x80; /* the first 12 bytes of payload are options now */
	memcpy(tcp.mem + 54, "\1\1\10\12\0\0\0\5\0\0\0\6", 12);
	apply("tcp_chaff paws", &tcp, 1);
	chaff = find_chaff(&tcp);
	assert_int_equal(chaff->buf.len, tcp.buf.len);
	assert_int_equal(be32_at(chaff->mem + 58), 5 - (1u << 30));
	assert_int_equal(be32_at(chaff->mem + 62), 6);
	assert_sums_right(chaff, 14);
}

static void test_echo_and_print_say_what_passes(void **state)
{
	(void)state;
	make(60);
	apply("echo  a   b\nprint\nip_frag 40\nprint", &tcp, 1);
	assert_string_equal(printed,
			    "a b\n"
			    "10.0.0.1.1000 > 10.0.0.2.80: P 4294967280:44(60) ack 7 win 0 (DF)\n"
			    "10.0.0.1.1000 > 10.0.0.2.80: P 4294967280:4(20) ack 7 win 0 "
			    "(frag 1:40@0+)\n"
			    "10.0.0.1 > 10.0.0.2: (frag 1:40@40)\n");
	apply("print", &udp6, 1);
	assert_string_equal(printed, "2001:db8::1.1000 > 2001:db8::2.80: udp 60\n");
}

static void test_what_is_no_ip_passes_and_damage_is_counted(void **state)
{
	(void)state;
	make(10);
	tcp.mem[12] = 0x99;
	apply("ip_ttl 3", &tcp, 1);
	assert_memory_equal(out[0].mem, tcp.mem, tcp.buf.len);
	assert_int_equal(counts.failed[WEIR_EDIT_NOT_IP], 0);
	make(10);
	tcp.mem[46] = 0x20;
	apply("ip_ttl 3", &tcp, 1);
	assert_memory_equal(out[0].mem, tcp.mem, tcp.buf.len);
	assert_int_equal(counts.failed[WEIR_EDIT_BAD_TRANSPORT], 1);
	opts.drop_failed = true;
	apply("ip_ttl 3", &tcp, 1);
	assert_int_equal(out[0].buf.port, WEIR_NO_PORT);
	assert_int_equal(counts.dropped, 1);
}

static void test_rules_that_multiply_without_end_leave_the_frame(void **state)
{
	char rules[20 * 20] = "";

	(void)state;
	make(100);
	for (int i = 0; i < 12; i++)
		strcat(rules, "ip_chaff 3\n");
	strcat(rules, "tcp_seg 1\nip_frag 8\n");
	for (int i = 0; i < 6; i++)
		strcat(rules, "ip_chaff 3\n");
	apply(rules, &tcp, 1);
	assert_int_equal(n_out, 1);
	assert_memory_equal(out[0].mem, tcp.mem, tcp.buf.len);
	assert_int_equal(counts.failed[WEIR_EDIT_TOO_MANY], 1);
}

static void test_every_quirk_has_a_name_and_a_text(void **state)
{
	unsigned n = 0;

	(void)state;
	while (weir_fragroute_quirk_name(n))
		assert_non_null(weir_fragroute_quirk_text(n++));
	assert_int_equal((1u << n) - 1, WEIR_FRAGROUTE_QUIRKS_TCPREWRITE);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_errors_in_rules_name_line_and_column, setup),
		cmocka_unit_test_setup(test_without_rules_nothing_changes_but_padding, setup),
		cmocka_unit_test_setup(test_fields_are_set_and_checksums_stay_right, setup),
		cmocka_unit_test_setup(test_segments_have_the_size_and_the_whole_stream, setup),
		cmocka_unit_test_setup(test_overlaps_favour_old_or_new_data, setup),
		cmocka_unit_test_setup(test_the_first_fragment_has_the_whole_transport_header,
				       setup),
		cmocka_unit_test_setup(test_order_dup_and_drop, setup),
		cmocka_unit_test_setup(test_what_is_drawn_repeats_and_depends_on_the_seed, setup),
		cmocka_unit_test_setup(
			test_delayed_frames_are_overtaken_and_come_in_the_order_of_time, setup),
		cmocka_unit_test_setup(test_rules_are_for_one_side_only_if_asked, setup),
		cmocka_unit_test_setup(test_options_are_added_and_checksums_stay_right, setup),
		cmocka_unit_test_setup(test_options_that_do_not_fit_are_counted, setup),
		cmocka_unit_test_setup(test_ip_chaff_is_what_its_receiver_drops, setup),
		cmocka_unit_test_setup(test_tcp_chaff_is_what_its_receiver_drops, setup),
		cmocka_unit_test_setup(test_paws_chaff_has_an_old_time_stamp, setup),
		cmocka_unit_test_setup(test_echo_and_print_say_what_passes, setup),
		cmocka_unit_test_setup(test_what_is_no_ip_passes_and_damage_is_counted, setup),
		cmocka_unit_test(test_every_quirk_has_a_name_and_a_text),
		cmocka_unit_test_setup(test_rules_that_multiply_without_end_leave_the_frame, setup),
	};

	return unit_run(tests);
}
