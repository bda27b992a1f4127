/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames for the tests of the editor, and what checks them. */
#ifndef EDIT_TEST_SUPPORT_H
#define EDIT_TEST_SUPPORT_H

#include <string.h>

#include <weir/edit.h>

#include "base/bytes.h"
#include "support/unit.h"

/* A frame in memory that it may grow in. */
struct test_frame {
	struct weir_buf buf;
	uint8_t mem[4096];
};

/* The Internet checksum, byte by byte. */
static inline uint16_t naive_sum(const uint8_t *p, size_t n, uint32_t sum)
{
	for (size_t i = 0; i < n; i++)
		sum += i % 2 ? p[i] : (uint32_t)p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* Of TCP or UDP with its pseudo header: 0xffff if the checksum is right. */
static inline uint16_t naive_l4(const uint8_t *ip, size_t l4_len)
{
	bool v6 = ip[0] >> 4 == 6;
	uint8_t proto = v6 ? ip[6] : ip[9];
	uint32_t sum = (uint32_t)(proto + l4_len);

	sum += naive_sum(v6 ? ip + 8 : ip + 12, v6 ? 32 : 8, 0);
	return naive_sum(v6 ? ip + 40 : ip + 20, l4_len, sum);
}

/* Puts a big-endian checksum so that the sum over everything becomes 0xffff. */
static inline void naive_put(uint8_t *at, uint16_t sum_without)
{
	be16_put(at, (uint16_t)~sum_without);
}

static inline void frame_init(struct test_frame *f, const void *p, uint32_t n)
{
	memset(f, 0, sizeof(*f));
	memcpy(f->mem, p, n);
	f->buf = (struct weir_buf){ .data = f->mem,
				    .len = n,
				    .room = sizeof(f->mem),
				    .orig_len = n,
				    .nr = 1,
				    .linktype = 1 };
}

/* Ethernet, IPv4 10.0.0.1 -> 10.0.0.2, proto, l4_len bytes of it; right checksums. Ports
 * 1000 and 80; a payload of 'A's. */
static inline void frame_ipv4(struct test_frame *f, uint8_t proto, uint32_t l4_len)
{
	uint8_t p[2048] = { 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0, 0x45 };
	uint8_t *ip = p + 14, *l4 = ip + 20;

	be16_put(ip + 2, (uint16_t)(20 + l4_len));
	ip[8] = 64;
	ip[9] = proto;
	memcpy(ip + 12, "\x0a\0\0\1\x0a\0\0\2", 8);
	naive_put(ip + 10, naive_sum(ip, 20, 0));
	memset(l4, 'A', l4_len);
	be16_put(l4, 1000);
	be16_put(l4 + 2, 80);
	if (proto == 6) {
		memset(l4 + 4, 0, 16);
		be32_put(l4 + 4, 0xfffffff0);
		be32_put(l4 + 8, 7);
		l4[12] = 0x50;
		l4[13] = 0x10;
		naive_put(l4 + 16, naive_l4(ip, l4_len));
	} else if (proto == 17) {
		be16_put(l4 + 4, (uint16_t)l4_len);
		be16_put(l4 + 6, 0);
		naive_put(l4 + 6, naive_l4(ip, l4_len));
	}
	frame_init(f, p, 34 + l4_len);
}

/* The same with IPv6, 2001:db8::1 -> 2001:db8::2, only UDP. */
static inline void frame_ipv6(struct test_frame *f, uint32_t l4_len)
{
	uint8_t p[2048] = { 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x86, 0xdd, 0x60 };
	uint8_t *ip = p + 14, *l4 = ip + 40;

	be16_put(ip + 4, (uint16_t)l4_len);
	ip[6] = 17;
	ip[7] = 64;
	memcpy(ip + 8, "\x20\1\x0d\xb8", 4);
	ip[23] = 1;
	memcpy(ip + 24, "\x20\1\x0d\xb8", 4);
	ip[39] = 2;
	memset(l4, 'A', l4_len);
	be16_put(l4, 1000);
	be16_put(l4 + 2, 80);
	be16_put(l4 + 4, (uint16_t)l4_len);
	be16_put(l4 + 6, 0);
	naive_put(l4 + 6, naive_l4(ip, l4_len));
	frame_init(f, p, 54 + l4_len);
}

/* Both checksums of a whole IP datagram at off are right. */
static inline void assert_sums_right(const struct test_frame *f, uint32_t off)
{
	const uint8_t *ip = f->buf.data + off;
	bool v6 = ip[0] >> 4 == 6;
	uint32_t l4_len = v6 ? be16_at(ip + 4) : be16_at(ip + 2) - 20u;

	if (!v6)
		assert_int_equal(naive_sum(ip, 20, 0), 0xffff);
	assert_int_equal(naive_l4(ip, l4_len), 0xffff);
}

/* Runs an editor over one frame. */
static inline void edit_counted(const struct weir_edit_opts *opts, struct test_frame *f,
				struct weir_edit_counts *ret_counts)
{
	struct weir_err err = { 0 };
	struct weir_editor *e;
	struct weir_stage s;

	if (weir_editor_new(opts, &e, &err) < 0)
		fail_msg("%s", err.text);
	s = weir_editor_stage(e);
	assert_int_equal(s.run(s.ctx, &f->buf, 1), 0);
	weir_editor_counts(e, ret_counts);
	weir_editor_free(e);
}

static inline void edit(const struct weir_edit_opts *opts, struct test_frame *f)
{
	struct weir_edit_counts counts;

	edit_counted(opts, f, &counts);
	for (unsigned i = 0; i < WEIR_N_EDIT_REASONS; i++)
		assert_int_equal(counts.failed[i], 0);
}

#define EDIT(f, ...) edit(&(struct weir_edit_opts){ __VA_ARGS__ }, f)

#endif
