/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The Internet checksum (RFC 1071) and its incremental update (RFC 1624).
 *
 * Sums are carried as 32-bit partial sums of big-endian 16-bit words and made a
 * checksum by csum_fold(). A checksum as it stands in a header is read with
 * be16_at() and written with be16_put().
 */
#ifndef PKT_CHECKSUM_H
#define PKT_CHECKSUM_H

#include <stdbool.h>
#include <stdint.h>

/* Adds len bytes at p, padded with a zero to an even number, to a partial sum.
 * Parts before the last must have an even length. */
uint32_t csum_add(uint32_t sum, const uint8_t *p, uint32_t len);

/* The checksum that a partial sum makes. */
static inline uint16_t csum_fold(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* Partial sum of the pseudo header of the IP header at ip (src and dst are taken
 * from there: behind a routing header dst is not what the checksum covers). */
uint32_t csum_pseudo(const uint8_t *ip, bool ipv6, uint8_t proto, uint32_t l4_len);

/* The checksum after a word under it changed from old to new. */
uint16_t csum_update16(uint16_t check, uint16_t old, uint16_t new);
uint16_t csum_update32(uint16_t check, uint32_t old, uint32_t new);
/* The checksum after a part under it changed whose partial sum was before and is after. */
uint16_t csum_replace(uint16_t check, uint32_t before, uint32_t after);

/* A 16-bit word of the IPv4 header at ip has changed: its checksum stays as right or wrong. */
void csum_ipv4_changed16(uint8_t *ip, uint16_t old, uint16_t new);
/* Computes the checksum of the IPv4 header at ip whole. */
void csum_put_ipv4(uint8_t *ip);

#endif
