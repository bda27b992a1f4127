/* SPDX-License-Identifier: BSD-2-Clause */
#include "pktgen-frame.h"

#include <string.h>

#include "util.h"

#define ETHER_LEN 14u
#define UDP_LEN	  8u
#define PROTO_UDP 17u
#define TTL	  64u
#define TOS	  0x10u	  /* low delay */
#define IP_DF	  0x4000u /* never cut it */

static const char direct_text[] = "netmap pkt-gen DIRECT payload\n"
				  "http://info.iet.unipi.it/~luigi/netmap/ ";
static const char indirect_text[] = "netmap pkt-gen indirect payload\n"
				    "http://info.iet.unipi.it/~luigi/netmap/ ";

static void put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static uint32_t get16(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

/* The sum of 16-bit words, an odd byte being the upper half of one: at most 2^15 words. */
static uint32_t sum_of(const uint8_t *p, uint32_t len)
{
	uint32_t sum = len % 2 ? (uint32_t)p[len - 1] << 8 : 0;

	for (uint32_t i = 0; i + 1 < len; i += 2)
		sum += get16(p + i);
	return sum;
}

/* A sum as the checksum of a header. */
static uint32_t closed(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~(uint32_t)sum & 0xffff;
}

/* 0 says that there is no checksum, which IPv6 does not allow. */
static void put_udp_sum(bool ipv6, uint8_t *p, uint64_t sum)
{
	uint32_t closed_sum = closed(sum);

	put16(p, ipv6 && !closed_sum ? 0xffff : closed_sum);
}

/* Where things are in a frame. */
struct places {
	uint32_t ip_len, src, dst, addr_len, udp;
};

static struct places places_of(bool ipv6)
{
	return ipv6 ? (struct places){ 40, ETHER_LEN + 8, ETHER_LEN + 24, 16, ETHER_LEN + 40 }
		    : (struct places){ 20, ETHER_LEN + 12, ETHER_LEN + 16, 4, ETHER_LEN + 20 };
}

/* What is drawn; at most four things. */
enum draw_kind {
	DRAW_SRC,
	DRAW_DST,
	DRAW_LEN
};

/* Uniform bits that belong to a number. */
static uint64_t draw(const struct pktgen_frames *f, uint64_t number, enum draw_kind kind)
{
	uint64_t z = f->seed + (number * 4 + kind + 1) * 0x9e3779b97f4a7c15; /* splitmix64 */

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static uint64_t n_addrs(const struct pktgen_range *r)
{
	return (uint64_t)r->high - r->low + 1;
}

static uint64_t n_ports(const struct pktgen_range *r)
{
	return (uint64_t)r->port_high - r->port_low + 1;
}

/* Address and port of step i of a walk; what is left of i is the next walk's. */
static uint64_t walk(const struct pktgen_range *r, uint64_t i, uint32_t *ret_part,
		     uint32_t *ret_port)
{
	*ret_port = r->port_low + (uint32_t)(i % n_ports(r));
	i /= n_ports(r);
	*ret_part = r->low + (uint32_t)(i % n_addrs(r));
	return i / n_addrs(r);
}

/* The same if it is drawn: number 0 is where walks begin. */
static void draw_end(const struct pktgen_frames *f, const struct pktgen_range *r, uint64_t i,
		     enum draw_kind kind, uint32_t *part, uint32_t *port)
{
	uint64_t bits = draw(f, i, kind);

	if (!i)
		return;
	*part = (uint32_t)(bits >> 32);
	if (r->part_len == 2)
		*part >>= 16;
	*port = bits & 0xffff;
}

/* Writes one end and returns the sum of what it wrote. */
static uint32_t put_end(const struct pktgen_range *r, uint8_t *addr, uint8_t *port_at,
			uint32_t part, uint32_t port)
{
	uint8_t *at = addr + r->part_at;

	if (r->part_len == 4) {
		put16(at, part >> 16);
		at += 2;
	}
	put16(at, part & 0xffff);
	put16(port_at, port);
	return (r->part_len == 4 ? part >> 16 : 0) + (part & 0xffff);
}

/* The sum of UDP's part of a frame of len bytes, apart from what put_end() writes. */
static uint32_t udp_sum_of(const struct pktgen_frames *f, uint32_t len)
{
	struct places at = places_of(f->ipv6);
	uint32_t udp_len = len - at.udp, sum;

	sum = PROTO_UDP + 2 * udp_len; /* in the pseudo header and in UDP's own */
	sum += sum_of(f->base + at.udp + UDP_LEN, udp_len - UDP_LEN);
	for (unsigned i = 0; i < at.addr_len; i += 2) {
		if (i < f->src.part_at || i >= f->src.part_at + f->src.part_len)
			sum += get16(f->src.addr + i);
		if (i < f->dst.part_at || i >= f->dst.part_at + f->dst.part_len)
			sum += get16(f->dst.addr + i);
	}
	return sum;
}

/* Tells in the headers that a frame has len bytes. */
static void put_lens(const struct pktgen_frames *f, uint8_t *data, uint32_t len)
{
	struct places at = places_of(f->ipv6);

	if (f->ipv6)
		put16(data + ETHER_LEN + 4, len - at.udp);
	else
		put16(data + ETHER_LEN + 2, len - ETHER_LEN);
	put16(data + at.udp + 4, len - at.udp);
}

static void put_headers(struct pktgen_frames *f)
{
	struct places at = places_of(f->ipv6);
	uint8_t *ip = f->base + ETHER_LEN;

	memcpy(f->base, f->dst_mac, 6);
	memcpy(f->base + 6, f->src_mac, 6);
	put16(f->base + 12, f->ipv6 ? 0x86dd : 0x0800);
	if (f->ipv6) {
		ip[0] = 0x60;
		ip[6] = PROTO_UDP;
		ip[7] = TTL;
	} else {
		ip[0] = 0x45;
		ip[1] = TOS;
		put16(ip + 6, IP_DF);
		ip[8] = TTL;
		ip[9] = PROTO_UDP;
	}
	memcpy(f->base + at.src, f->src.addr, at.addr_len);
	memcpy(f->base + at.dst, f->dst.addr, at.addr_len);
	put_lens(f, f->base, f->len);
}

void pktgen_frames_done(struct pktgen_frames *f)
{
	free(f->base);
	f->base = NULL;
}

bool pktgen_frames_period(const struct pktgen_frames *f, uint64_t *ret_n)
{
	const uint64_t lens[] = { n_ports(&f->src), n_addrs(&f->src), n_ports(&f->dst),
				  n_addrs(&f->dst) };
	uint64_t n = 1;

	*ret_n = 1;
	if (f->min_len || f->sequence)
		return false;
	if (f->still)
		return true;
	if (f->src.random || f->dst.random)
		return false;
	for (unsigned i = 0; i < ARRAY_SIZE(lens); i++)
		if (__builtin_mul_overflow(n, lens[i], &n))
			return false;
	*ret_n = n;
	return true;
}

/* Without the header. */
static uint32_t bare_len(const struct pktgen_frames *f, uint64_t number)
{
	if (!f->min_len || f->min_len >= f->len)
		return f->len;
	return f->min_len + (uint32_t)(draw(f, number, DRAW_LEN) % (f->len - f->min_len));
}

uint32_t pktgen_frame_len(const struct pktgen_frames *f, uint64_t number)
{
	return f->header_len + bare_len(f, number);
}

/* Both ends and the checksums of a frame whose headers are there: of len bytes by what they
 * tell. */
static void put_ends(const struct pktgen_frames *f, uint64_t number, uint8_t *data, uint32_t len)
{
	struct places at = places_of(f->ipv6);
	uint32_t src, dst, sport, dport, addrs, cut = f->len - len;
	uint64_t i = number, after = walk(&f->src, number, &src, &sport);

	if (f->src.random)
		draw_end(f, &f->src, number, DRAW_SRC, &src, &sport);
	else
		i = after;
	(void)walk(&f->dst, i, &dst, &dport);
	if (f->dst.random)
		draw_end(f, &f->dst, i, DRAW_DST, &dst, &dport);
	addrs = put_end(&f->src, data + at.src, data + at.udp, src, sport) +
		put_end(&f->dst, data + at.dst, data + at.udp + 2, dst, dport);
	if (!f->ipv6) /* 0xffff - cut: less that much */
		put16(data + ETHER_LEN + 10, closed(f->ip_sum + (0xffff - cut) + addrs));
	if (len >= at.udp + UDP_LEN)
		put_udp_sum(f->ipv6, data + at.udp + 6,
			    (uint64_t)(cut ? udp_sum_of(f, len) : f->udp_sum) + addrs + sport +
				    dport);
}

void pktgen_frames_init(struct pktgen_frames *f, const uint8_t *bytes)
{
	const char *text = f->indirect ? indirect_text : direct_text;
	uint32_t text_len = (uint32_t)strlen(text), payload_at = pktgen_payload_at(f->ipv6);

	/* Short frames are cut from one that has room for the headers. */
	f->base = xcalloc(1, f->len + payload_at);
	if (bytes) {
		memcpy(f->base, bytes, f->len);
		f->still = true;
		return;
	}
	put_headers(f);
	for (uint32_t i = payload_at; i < f->len; i++)
		f->base[i] = (uint8_t)text[(i - payload_at) % text_len];
	if (!f->ipv6)
		f->ip_sum = sum_of(f->base + ETHER_LEN, 12);
	if (f->len >= payload_at)
		f->udp_sum = udp_sum_of(f, f->len);
	put_ends(f, 0, f->base, f->len);
}

void pktgen_frame_make(const struct pktgen_frames *f, uint64_t number, uint8_t *data)
{
	uint32_t len = bare_len(f, number), room = pktgen_payload_at(f->ipv6);
	uint8_t headers[62], sequence[4];
	uint32_t told = f->fit_headers && len >= room ? len : f->len;

	memset(data, 0, f->header_len);
	data += f->header_len;
	memcpy(data, f->base, len);
	if (f->still)
		return;
	memcpy(headers, f->base, room); /* all of them, whatever the frame has room for */
	if (told < f->len)
		put_lens(f, headers, told);
	put_ends(f, number, headers, told);
	memcpy(data, headers, MIN(len, room));
	if (f->sequence && len >= room + sizeof(sequence)) {
		put16(sequence, (uint32_t)(number >> 16) & 0xffff);
		put16(sequence + 2, (uint32_t)number & 0xffff);
		pktgen_payload_put(f->ipv6, data, sequence, sizeof(sequence));
	}
}

void pktgen_payload_put(bool ipv6, uint8_t *data, const uint8_t *bytes, unsigned n)
{
	uint8_t *payload = data + pktgen_payload_at(ipv6), *sum_at = payload - 2;
	uint64_t sum = ~get16(sum_at) & 0xffff;

	for (unsigned i = 0; i < n; i += 2)
		sum += (~get16(payload + i) & 0xffff) + get16(bytes + i); /* RFC 1624 */
	memcpy(payload, bytes, n);
	put_udp_sum(ipv6, sum_at, sum);
}

static void maker_lens(void *ctx, uint64_t first, unsigned n, uint32_t *ret_lens)
{
	for (unsigned i = 0; i < n; i++)
		ret_lens[i] = pktgen_frame_len(ctx, first + i);
}

static void maker_frames(void *ctx, uint64_t first, struct weir_pkt *pkts, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		pkts[i].len = pkts[i].orig_len = pktgen_frame_len(ctx, first + i);
		pktgen_frame_make(ctx, first + i, pkts[i].data);
	}
}

void pktgen_frames_maker(struct pktgen_frames *f, struct weir_maker *ret)
{
	*ret = (struct weir_maker){ .lens = maker_lens,
				    .frames = maker_frames,
				    .ctx = f,
				    .max_len = f->header_len + f->len,
				    .linktype = WEIR_LINKTYPE_ETHERNET };
}
