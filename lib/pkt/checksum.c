/* SPDX-License-Identifier: BSD-2-Clause */
#include "pkt/checksum.h"

#include <string.h>

#include "base/bytes.h"

static uint32_t reduce(uint64_t sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffffffff) + (sum >> 32);
	return (uint32_t)sum;
}

/* Two sums at once, in a register of any processor that has such: as wide as every 64-bit
 * x86 and arm has them. */
typedef uint64_t two_sums __attribute__((vector_size(16)));

static inline two_sums load(const uint8_t *p)
{
	two_sums v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* The sum of size bytes, a multiple of 32, as 32-bit words. */
static uint64_t add_wide(const uint8_t *p, uint32_t size)
{
	const two_sums low_half = { 0xffffffff, 0xffffffff };
	two_sums low = { 0 }, high = { 0 };

	for (; size; size -= 32, p += 32) {
		const two_sums a = load(p), b = load(p + 16);

		low += (a & low_half) + (b & low_half);
		high += (a >> 32) + (b >> 32);
	}
	low += high; /* a frame is too short for any of them to overflow */
	return low[0] + low[1];
}

/* Words are added as this machine reads them, 32 bits at once: 2^16 = 1 modulo 65,535, and
 * with the bytes of all words swapped only those of the sum are (RFC 1071, 2). */
uint32_t csum_add(uint32_t sum, const uint8_t *p, uint32_t len)
{
	uint64_t wide = add_wide(p, len & ~31u);
	uint16_t words;

	p += len & ~31u;
	len &= 31u;
	for (; len >= 4; len -= 4, p += 4)
		wide += raw32_at(p);
	if (len) {
		uint8_t rest[4] = { 0 };

		memcpy(rest, p, len);
		wide += raw32_at(rest);
	}
	words = (uint16_t)~csum_fold(reduce(wide));
	return reduce((uint64_t)sum + be16toh(words));
}

uint32_t csum_pseudo(const uint8_t *ip, bool ipv6, uint8_t proto, uint32_t l4_len)
{
	uint32_t sum = ipv6 ? csum_add(0, ip + 8, 32) : csum_add(0, ip + 12, 8);

	return reduce((uint64_t)sum + proto + l4_len);
}

/* RFC 1624, equation 3: HC' = ~(~HC + ~m + m') */
uint16_t csum_update16(uint16_t check, uint16_t old, uint16_t new)
{
	return csum_fold((uint32_t)(uint16_t)~check + (uint16_t)~old + new);
}

uint16_t csum_update32(uint16_t check, uint32_t old, uint32_t new)
{
	uint64_t sum = (uint16_t)~check;

	sum += (uint32_t)~old;
	return csum_fold(reduce(sum + new));
}

uint16_t csum_replace(uint16_t check, uint32_t before, uint32_t after)
{
	return csum_update16(check, (uint16_t)~csum_fold(before), (uint16_t)~csum_fold(after));
}

void csum_ipv4_changed16(uint8_t *ip, uint16_t old, uint16_t new)
{
	be16_put(ip + 10, csum_update16(be16_at(ip + 10), old, new));
}

void csum_put_ipv4(uint8_t *ip)
{
	be16_put(ip + 10, 0);
	be16_put(ip + 10, csum_fold(csum_add(0, ip, 4u * (ip[0] & 0xf))));
}
