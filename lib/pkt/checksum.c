/* SPDX-License-Identifier: BSD-2-Clause */
#include "pkt/checksum.h"

#include "base/bytes.h"

static uint32_t reduce(uint64_t sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffffffff) + (sum >> 32);
	return (uint32_t)sum;
}

uint32_t csum_add(uint32_t sum, const uint8_t *p, uint32_t len)
{
	uint64_t wide = sum; /* 32-bit words: 2^16 = 1 modulo 65,535, so two at a time do */

	for (; len >= 4; len -= 4, p += 4)
		wide += be32_at(p);
	if (len >= 2) {
		wide += be16_at(p);
		len -= 2;
		p += 2;
	}
	if (len)
		wide += (uint32_t)*p << 8;
	return reduce(wide);
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
	check = csum_update16(check, (uint16_t)(old >> 16), (uint16_t)(new >> 16));
	return csum_update16(check, (uint16_t)old, (uint16_t) new);
}
