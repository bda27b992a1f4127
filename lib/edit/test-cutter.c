/* SPDX-License-Identifier: BSD-2-Clause */
#include <weir/cut.h>

#include <errno.h>
#include <stdlib.h>

#include "base/macros.h"
#include "edit/made.h"
#include "edit/test-support.h"

#define MAX_PARTS 64

/* The frame that is cut, what it was, and what became of it. */
static struct test_frame whole, was;
static struct weir_edit_counts counts;
static struct test_frame parts[MAX_PARTS];
static unsigned n_parts;

static void cut(struct weir_cut_opts opts)
{
	struct weir_err err = { 0 };
	struct weir_cutter *c;
	struct weir_stage s;
	struct weir_buf *out;
	int n;

	was = whole;
	if (weir_cutter_new(&opts, &c, &err) < 0)
		fail_msg("%s", err.text);
	s = weir_cutter_stage(c);
	n_parts = 0;
	assert_int_equal(s.run(s.ctx, &whole.buf, 1), 0);
	while ((n = s.next(s.ctx, &out)) > 0) {
		for (int i = 0; i < n; i++) {
			struct test_frame *f = &parts[n_parts++];

			assert_in_range(n_parts, 1, MAX_PARTS);
			assert_true(out[i].room >= out[i].len);
			f->buf = out[i];
			memcpy(f->mem, out[i].data, out[i].len);
			f->buf.data = f->mem;
		}
	}
	assert_int_equal(n, 0);
	weir_cutter_counts(c, &counts);
	weir_cutter_free(c);
}

#define CUT(...) cut((struct weir_cut_opts){ __VA_ARGS__ })

/* Nothing became of it but itself, for this reason. */
static void assert_left(enum weir_edit_reason why)
{
	assert_int_equal(n_parts, 1);
	assert_int_equal(parts[0].buf.len, was.buf.len);
	assert_memory_equal(parts[0].mem, was.mem, was.buf.len);
	assert_int_equal(counts.failed[why], 1);
	assert_int_equal(counts.first_nr[why], 1);
}

/* TCP with flags FIN, PSH, CWR, ACK and a payload that counts. */
static void make_tcp(uint32_t payload)
{
	frame_ipv4(&whole, 6, 20 + payload);
	whole.mem[47] = 0x99;
	for (uint32_t i = 0; i < payload; i++)
		whole.mem[54 + i] = (uint8_t)(i * 7);
	be16_put(whole.mem + 50, 0);
	naive_put(whole.mem + 50, naive_l4(whole.mem + 14, 20 + payload));
	whole.buf.ts_ns = 123456789;
	whole.buf.iface = 3;
}

/* Payloads of all parts behind head bytes are the whole's. */
static void assert_payload(uint32_t head, uint32_t from)
{
	uint32_t at = from;

	for (unsigned i = 0; i < n_parts; i++) {
		uint32_t n = parts[i].buf.len - head;

		assert_memory_equal(parts[i].mem + head, was.mem + at, n);
		at += n;
	}
	assert_int_equal(at, was.buf.len);
}

static void test_tcp_is_cut_as_a_network_card_does(void **state)
{
	static const uint8_t flags[] = { 0x90, 0x10, 0x19 };

	(void)state;
	make_tcp(1000);
	be16_put(whole.mem + 18, 0xffff); /* the id goes around */
	be16_put(whole.mem + 24, 0);
	naive_put(whole.mem + 24, naive_sum(whole.mem + 14, 20, 0));
	CUT(.segment = 440);
	assert_int_equal(n_parts, 3);
	for (unsigned i = 0; i < 3; i++) {
		const struct test_frame *f = &parts[i];
		uint32_t n = i < 2 ? 400 : 200;

		assert_int_equal(f->buf.len, 54 + n);
		assert_int_equal(f->buf.orig_len, 54 + n);
		assert_int_equal(f->buf.ts_ns, 123456789);
		assert_int_equal(f->buf.nr, 1);
		assert_int_equal(f->buf.iface, 3);
		assert_memory_equal(f->mem, was.mem, 14);
		assert_int_equal(be16_at(f->mem + 16), 40 + n);
		assert_int_equal(be16_at(f->mem + 18), (0xffff + i) & 0xffff);
		assert_int_equal(be32_at(f->mem + 38), 0xfffffff0 + i * 400);
		assert_int_equal(f->mem[47], flags[i]);
		assert_sums_right(f, 14);
	}
	assert_payload(54, 54);
	assert_int_equal(counts.frames, 1);
}

static void test_what_is_short_enough_is_not_touched(void **state)
{
	(void)state;
	make_tcp(400);
	CUT(.segment = 440, .fragment = 440);
	assert_int_equal(n_parts, 1);
	assert_memory_equal(parts[0].mem, was.mem, was.buf.len);
	assert_int_equal(counts.frames, 0);
	make_tcp(1900);
	whole.buf.port = WEIR_NO_PORT;
	CUT(.segment = 440);
	assert_int_equal(n_parts, 1);
}

static void test_frames_around_a_long_one_keep_their_places(void **state)
{
	struct test_frame f[3];
	struct weir_buf bufs[3], *out;
	struct weir_cut_opts opts = { .segment = 540 };
	struct weir_cutter *c;
	struct weir_stage s;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		make_tcp(i == 1 ? 1000 : 10);
		f[i] = whole;
		bufs[i] = whole.buf;
		bufs[i].data = f[i].mem;
	}
	assert_int_equal(weir_cutter_new(&opts, &c, NULL), 0);
	s = weir_cutter_stage(c);
	assert_int_equal(s.run(s.ctx, bufs, 3), 0);
	assert_int_equal(s.next(s.ctx, &out), 1);
	assert_ptr_equal(out, &bufs[0]);
	assert_int_equal(s.next(s.ctx, &out), 2);
	assert_int_equal(out[1].len, 554);
	assert_int_equal(s.next(s.ctx, &out), 1);
	assert_ptr_equal(out, &bufs[2]);
	assert_int_equal(s.next(s.ctx, &out), 0);
	weir_cutter_free(c);
}

static void test_wrong_checksums_stay_as_wrong(void **state)
{
	(void)state;
	make_tcp(1000);
	be16_put(whole.mem + 50, (uint16_t)(be16_at(whole.mem + 50) + 5));
	be16_put(whole.mem + 24, (uint16_t)(be16_at(whole.mem + 24) + 9));
	CUT(.segment = 440);
	for (unsigned i = 0; i < n_parts; i++) {
		const uint8_t *ip = parts[i].mem + 14;

		assert_int_equal(naive_sum(ip, 20, 0), 9);
		assert_int_equal(naive_l4(ip, be16_at(ip + 2) - 20u), 5);
	}
}

static void test_a_checksum_left_to_the_card_is_completed(void **state)
{
	(void)state;
	for (int with_length = 0; with_length < 2; with_length++) {
		make_tcp(1000);
		be16_put(whole.mem + 50,
			 naive_sum(whole.mem + 26, 8, 6 + (with_length ? 1020 : 0)));
		CUT(.segment = 440);
		assert_int_equal(n_parts, 3);
		for (unsigned i = 0; i < n_parts; i++)
			assert_sums_right(&parts[i], 14);
	}
}

static void test_a_length_left_to_the_card_is_what_the_frame_holds(void **state)
{
	(void)state;
	make_tcp(1000);
	be16_put(whole.mem + 16, 0);
	be16_put(whole.mem + 24, 0);
	CUT(.segment = 440);
	assert_int_equal(n_parts, 3);
	for (unsigned i = 0; i < n_parts; i++)
		assert_sums_right(&parts[i], 14);
	assert_payload(54, 54);
}

static void test_syn_with_data_counts_as_a_byte(void **state)
{
	(void)state;
	make_tcp(1000);
	whole.mem[47] = 0x02;
	CUT(.segment = 440);
	assert_int_equal(parts[0].mem[47], 0x02);
	assert_int_equal(parts[1].mem[47], 0);
	assert_int_equal(be32_at(parts[1].mem + 38), 0xfffffff0 + 401u);
}

static void test_parts_of_a_frame_that_was_cut_tell_their_lengths(void **state)
{
	(void)state;
	make_tcp(1000);
	whole.buf.len = 54 + 500;
	CUT(.segment = 440);
	assert_int_equal(n_parts, 3);
	assert_int_equal(parts[0].buf.len, 454);
	assert_int_equal(parts[1].buf.len, 154);
	assert_int_equal(parts[2].buf.len, 54);
	assert_int_equal(parts[1].buf.orig_len, 454);
	assert_int_equal(parts[2].buf.orig_len, 254);
	assert_memory_equal(parts[1].mem + 54, was.mem + 454, 100);
	assert_int_equal(be16_at(parts[2].mem + 50), be16_at(was.mem + 50));
	assert_int_equal(naive_sum(parts[2].mem + 14, 20, 0), 0xffff);
}

/* Ethernet, a tag, MPLS, IPv6 with destination options, TCP with options. */
static void make_tagged_ipv6(uint32_t payload)
{
	uint8_t *p = whole.mem, *ip = p + 22, *tcp = ip + 48;
	uint32_t l4_len = 24 + payload;

	memset(&whole, 0, sizeof(whole));
	memcpy(p + 12, "\x81\0\0\x07\x88\x47\0\x01\x01\xff", 10);
	ip[0] = 0x60;
	be16_put(ip + 4, (uint16_t)(8 + l4_len));
	ip[6] = 60;
	ip[39] = 1;
	ip[40] = 6;
	ip[42] = 1; /* PadN */
	ip[43] = 4;
	tcp[12] = 0x60;
	for (uint32_t i = 20; i < l4_len; i++)
		tcp[i] = (uint8_t)i;
	naive_put(tcp + 16, naive_sum(tcp, l4_len, naive_sum(ip + 8, 32, 6 + l4_len)));
	whole.buf = (struct weir_buf){ .data = p,
				       .len = 22 + 48 + l4_len,
				       .room = sizeof(whole.mem),
				       .orig_len = 22 + 48 + l4_len,
				       .nr = 1,
				       .linktype = 1 };
}

static void test_headers_of_all_kinds_go_with_each_segment(void **state)
{
	(void)state;
	make_tagged_ipv6(900);
	CUT(.segment = 372);
	assert_int_equal(n_parts, 3);
	for (unsigned i = 0; i < 3; i++) {
		const uint8_t *p = parts[i].mem, *ip = p + 22;
		uint32_t l4_len = 24 + 300;

		assert_memory_equal(p, was.mem, 26);
		assert_int_equal(be16_at(ip + 4), 8 + l4_len);
		assert_int_equal(be32_at(ip + 52), i * 300);
		assert_int_equal(naive_sum(ip + 48, l4_len, naive_sum(ip + 8, 32, 6 + l4_len)),
				 0xffff);
	}
	assert_payload(94, 94);
}

static void test_jumbograms_lose_their_option(void **state)
{
	uint8_t *ip = whole.mem + 22;

	(void)state;
	make_tagged_ipv6(900);
	be16_put(ip + 4, 0);
	ip[6] = 0;
	memcpy(ip + 42, "\xc2\4", 2);
	be32_put(ip + 44, 8 + 924);
	CUT(.segment = 364);
	assert_int_equal(n_parts, 3);
	for (unsigned i = 0; i < 3; i++) {
		ip = parts[i].mem + 22;
		assert_int_equal(be16_at(ip + 4), 324);
		assert_int_equal(ip[6], 6);
		assert_int_equal(naive_l4(ip, 324), 0xffff);
	}
	assert_payload(86, 94);
}

static void test_802_3_frames_get_their_length(void **state)
{
	uint8_t head[22] = { 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0, 0, 0xaa, 0xaa, 3, 0, 0, 0, 8 };

	(void)state;
	make_tcp(1000);
	memmove(whole.mem + 22, whole.mem + 14, 1040);
	be16_put(head + 12, 8 + 1040);
	memcpy(whole.mem, head, 22);
	whole.buf.len = whole.buf.orig_len = 22 + 1040;
	CUT(.segment = 540);
	assert_int_equal(n_parts, 2);
	assert_int_equal(be16_at(parts[1].mem + 12), 8 + 540);
	assert_sums_right(&parts[1], 22);
}

/* Puts the fragments together again and compares with the data at from of the whole. */
static void assert_fragments(uint32_t frag_at, uint32_t head_first, uint32_t from)
{
	static uint8_t data[4096];
	bool v6 = was.mem[14] >> 4 == 6;
	uint32_t end = 0;

	for (unsigned i = 0; i < n_parts; i++) {
		const uint8_t *p = parts[i].mem;
		uint16_t frag = be16_at(p + frag_at);
		uint32_t off = v6 ? frag & 0xfff8u : (frag & 0x1fffu) * 8;
		uint32_t head = v6 || !off ? head_first : 14u + 4 * (p[14] & 0xf);
		bool more = v6 ? frag & 1 : frag & 0x2000;

		assert_int_equal(more, i + 1 < n_parts);
		assert_int_equal(off, end);
		memcpy(data + off, p + head, parts[i].buf.len - head);
		end += parts[i].buf.len - head;
		assert_int_equal(parts[i].buf.orig_len, parts[i].buf.len);
		assert_int_equal(v6 ? be16_at(p + 18) + 40u : be16_at(p + 16),
				 parts[i].buf.len - 14);
		if (!v6)
			assert_int_equal(naive_sum(p + 14, 4u * (p[14] & 0xf), 0), 0xffff);
	}
	assert_int_equal(end, was.buf.len - from);
	assert_memory_equal(data, was.mem + from, end);
}

static void test_ipv4_is_fragmented(void **state)
{
	(void)state;
	frame_ipv4(&whole, 17, 1700);
	CUT(.fragment = 700);
	assert_int_equal(n_parts, 3);
	assert_int_equal(parts[0].buf.len, 14 + 20 + 680);
	assert_fragments(20, 34, 34);
	CUT(.segment = 700);
	assert_left(WEIR_EDIT_NOT_TCP);
}

static void test_a_last_fragment_needs_no_multiple_of_eight(void **state)
{
	(void)state;
	frame_ipv4(&whole, 17, 1358);
	CUT(.fragment = 699);
	assert_int_equal(n_parts, 3);
	frame_ipv4(&whole, 17, 672 + 679);
	CUT(.fragment = 699);
	assert_int_equal(n_parts, 2);
	assert_int_equal(parts[1].buf.len, 14 + 699);
}

static void test_ipv6_gets_a_fragment_header(void **state)
{
	(void)state;
	frame_ipv6(&whole, 1700);
	whole.buf.nr = 77;
	CUT(.fragment = 700);
	assert_int_equal(n_parts, 3);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(parts[i].mem[20], 44);
		assert_int_equal(parts[i].mem[54], 17);
		assert_int_equal(be32_at(parts[i].mem + 58), 77u * 65537u);
	}
	assert_fragments(56, 62, 54);
}

static void test_what_forbids_it_is_fragmented_only_if_asked(void **state)
{
	(void)state;
	frame_ipv4(&whole, 17, 1000);
	whole.mem[20] = 0x40;
	be16_put(whole.mem + 24, 0);
	naive_put(whole.mem + 24, naive_sum(whole.mem + 14, 20, 0));
	CUT(.fragment = 700);
	assert_left(WEIR_EDIT_NO_FRAGMENTS);
	whole = was;
	whole.buf.data = whole.mem;
	whole.buf.nr = 0x10005;
	CUT(.fragment = 700, .fragment_df = true);
	assert_int_equal(n_parts, 2);
	assert_int_equal(be16_at(parts[0].mem + 18), 5);
	assert_fragments(20, 34, 34);
}

static void test_fragments_are_cut_further(void **state)
{
	(void)state;
	frame_ipv4(&whole, 17, 1000);
	be16_put(whole.mem + 20, 0x2000 | 10);
	be16_put(whole.mem + 24, 0);
	naive_put(whole.mem + 24, naive_sum(whole.mem + 14, 20, 0));
	CUT(.fragment = 600);
	assert_int_equal(n_parts, 2);
	assert_int_equal(be16_at(parts[0].mem + 20), 0x2000 | 10);
	assert_int_equal(be16_at(parts[1].mem + 20), 0x2000 | (10 + 72));
	make_tcp(1000);
	be16_put(whole.mem + 20, 0x2000);
	CUT(.segment = 600);
	assert_left(WEIR_EDIT_NOT_TCP);
}

static void test_only_options_to_be_copied_are_in_later_fragments(void **state)
{
	/* record route (not copied), 3 bytes; NOP; router alert (copied), 4 */
	static const uint8_t options[] = { 7, 3, 4, 1, 0x94, 4, 0, 0 };

	(void)state;
	frame_ipv4(&whole, 17, 1000);
	memmove(whole.mem + 42, whole.mem + 34, 1000);
	memcpy(whole.mem + 34, options, 8);
	whole.mem[14] = 0x47;
	be16_put(whole.mem + 16, 1028);
	be16_put(whole.mem + 24, 0);
	naive_put(whole.mem + 24, naive_sum(whole.mem + 14, 28, 0));
	whole.buf.len = whole.buf.orig_len = 42 + 1000;
	CUT(.fragment = 600);
	assert_int_equal(n_parts, 2);
	assert_int_equal(parts[0].mem[14], 0x47);
	assert_int_equal(parts[1].mem[14], 0x46);
	assert_memory_equal(parts[1].mem + 34, options + 4, 4);
	assert_fragments(20, 42, 42);
}

static void test_both_cut_tcp_and_fragment_what_is_left(void **state)
{
	(void)state;
	make_tcp(1000);
	CUT(.segment = 540, .fragment = 300);
	assert_int_equal(n_parts, 4);
	assert_int_equal(be16_at(parts[0].mem + 18), be16_at(parts[1].mem + 18));
	assert_int_equal(be16_at(parts[2].mem + 18), be16_at(parts[0].mem + 18) + 1);
	assert_int_equal(be16_at(parts[1].mem + 20), 280 / 8);
	frame_ipv4(&whole, 17, 1000);
	CUT(.segment = 540, .fragment = 600);
	assert_int_equal(n_parts, 2);
}

static void test_segments_in_fragments_have_ids_of_their_own(void **state)
{
	(void)state;
	make_tagged_ipv6(900);
	CUT(.segment = 372, .fragment = 200);
	assert_int_equal(n_parts, 9);
	for (unsigned i = 0; i < 9; i++)
		assert_int_equal(be32_at(parts[i].mem + 66), 65537 + i / 3);
}

static void test_what_cannot_be_cut_stays_or_goes(void **state)
{
	(void)state;
	make_tcp(1000);
	whole.mem[12] = 0x99; /* not IP */
	CUT(.segment = 440);
	assert_left(WEIR_EDIT_NOT_IP);
	make_tcp(1000);
	whole.mem[46] = 0x40; /* a header of 16 bytes */
	CUT(.segment = 440);
	assert_left(WEIR_EDIT_BAD_TRANSPORT);
	make_tcp(1000);
	be16_put(whole.mem + 16, 1100);
	CUT(.segment = 440);
	assert_left(WEIR_EDIT_BAD_LENGTH);
	make_tagged_ipv6(900);
	CUT(.segment = 68);
	assert_left(WEIR_EDIT_ALL_HEADERS);
	frame_ipv6(&whole, 1000);
	whole.buf.linktype = 147;
	CUT(.fragment = 500);
	assert_left(WEIR_EDIT_UNKNOWN_LINK);
	CUT(.fragment = 500, .drop_failed = true);
	assert_int_equal(parts[0].buf.port, WEIR_NO_PORT);
	assert_int_equal(counts.dropped, 1);
}

static void test_limits_that_make_no_sense_are_refused(void **state)
{
	struct weir_cut_opts opts = { .segment = 67 };
	struct weir_err err = { 0 };
	struct weir_cutter *c = NULL;

	(void)state;
	assert_int_equal(weir_cutter_new(&opts, &c, &err), -EINVAL);
	assert_string_equal(err.text, "segment: 67 is not 68 to 65535");
	opts = (struct weir_cut_opts){ .fragment = 65536 };
	assert_int_equal(weir_cutter_new(&opts, &c, &err), -EINVAL);
	assert_null(c);
}

static void test_memory_of_made_frames_is_used_again_and_has_an_end(void **state)
{
	struct made_pool pool = { 0 };
	struct made_list list = { 0 };
	struct weir_buf b = { .data = whole.mem, .len = 100 }, *f;
	unsigned n = 0;

	(void)state;
	for (int round = 0; round < 2; round++) {
		const uint8_t *first;

		assert_int_equal(made_add(&list, &pool, &b, 10, 300000, &f), 0);
		first = f->data;
		while (made_add(&list, &pool, &b, 100, 300000, &f) == 0)
			n++;
		assert_in_range(n, 200, 500);
		made_pool_empty(&pool);
		list.n = 0;
		assert_int_equal(made_add(&list, &pool, &b, 10, 100, &f), 0);
		assert_ptr_equal(f->data, first);
		made_pool_empty(&pool);
		list.n = n = 0;
	}
	while (made_keep(&list, &b) == 0)
		n++;
	assert_int_equal(n, MADE_MAX_FRAMES);
	assert_int_equal(made_keep(&list, &b), -E2BIG);
	made_list_done(&list);
	made_pool_done(&pool);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tcp_is_cut_as_a_network_card_does),
		cmocka_unit_test(test_what_is_short_enough_is_not_touched),
		cmocka_unit_test(test_frames_around_a_long_one_keep_their_places),
		cmocka_unit_test(test_wrong_checksums_stay_as_wrong),
		cmocka_unit_test(test_a_checksum_left_to_the_card_is_completed),
		cmocka_unit_test(test_a_length_left_to_the_card_is_what_the_frame_holds),
		cmocka_unit_test(test_syn_with_data_counts_as_a_byte),
		cmocka_unit_test(test_parts_of_a_frame_that_was_cut_tell_their_lengths),
		cmocka_unit_test(test_headers_of_all_kinds_go_with_each_segment),
		cmocka_unit_test(test_jumbograms_lose_their_option),
		cmocka_unit_test(test_802_3_frames_get_their_length),
		cmocka_unit_test(test_ipv4_is_fragmented),
		cmocka_unit_test(test_a_last_fragment_needs_no_multiple_of_eight),
		cmocka_unit_test(test_ipv6_gets_a_fragment_header),
		cmocka_unit_test(test_what_forbids_it_is_fragmented_only_if_asked),
		cmocka_unit_test(test_fragments_are_cut_further),
		cmocka_unit_test(test_only_options_to_be_copied_are_in_later_fragments),
		cmocka_unit_test(test_both_cut_tcp_and_fragment_what_is_left),
		cmocka_unit_test(test_segments_in_fragments_have_ids_of_their_own),
		cmocka_unit_test(test_what_cannot_be_cut_stays_or_goes),
		cmocka_unit_test(test_limits_that_make_no_sense_are_refused),
		cmocka_unit_test(test_memory_of_made_frames_is_used_again_and_has_an_end),
	};

	return unit_run(tests);
}
