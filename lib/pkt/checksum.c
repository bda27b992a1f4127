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

/* a + b with the carry added again: ones' complement. */
static inline uint64_t add_around(uint64_t a, uint64_t b)
{
	uint64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? sum + 1 : sum;
}

/* Words are added as this machine reads them, 64 bits at once: 2^16 = 1 modulo 65,535, and
 * with the bytes of all words swapped only those of the sum are (RFC 1071, 2). */
uint32_t csum_add(uint32_t sum, const uint8_t *p, uint32_t len)
{
	uint64_t wide = 0;
	uint16_t words;

	for (; len >= 32; len -= 32, p += 32) {
		wide = add_around(wide, raw64_at(p));
		wide = add_around(wide, raw64_at(p + 8));
		wide = add_around(wide, raw64_at(p + 16));
		wide = add_around(wide, raw64_at(p + 24));
	}
	for (; len >= 8; len -= 8, p += 8)
		wide = add_around(wide, raw64_at(p));
	if (len) {
		uint8_t rest[8] = { 0 };

		memcpy(rest, p, len);
		wide = add_around(wide, raw64_at(rest));
	}
	words = (uint16_t)~csum_fold(reduce(wide));
	return reduce((uint64_t)sum + be16toh(words));
}

uint16_t csum_fold(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
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
