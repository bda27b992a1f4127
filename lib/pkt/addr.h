/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Addresses as people write them: MACs, and IP networks "10.0.0.0/8", "[2001:db8::/32]".
 * The base of the editor's maps and the classifier's rules.
 */
#ifndef PKT_ADDR_H
#define PKT_ADDR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/scan.h"

/* Addresses whose first bits are those of addr. */
struct pkt_cidr {
	uint8_t addr[16]; /* IPv4: the first 4 */
	uint8_t bits;	  /* 0 to 32 or 128 */
	uint8_t version;  /* 4 or 6 */
};

static inline unsigned cidr_size(uint8_t version)
{
	return version == 4 ? 4 : 16;
}

/* Is addr, of that IP version, in it? */
bool cidr_has(const struct pkt_cidr *c, uint8_t version, const uint8_t *addr);

/* The first bits of p, the others of q; size bytes. ret_mix may be p or q. */
void addr_mix(unsigned bits, unsigned size, const uint8_t *p, const uint8_t *q, uint8_t *ret_mix);

/* Reads a network: "A.B.C.D", "A.B.C.D/N", "[V6]", "[V6/N]" or "[V6]/N". 0, or -EINVAL. */
int cidr_scan(struct scan *s, struct pkt_cidr *ret_cidr);

/* A list of networks. */
struct pkt_cidrs {
	struct pkt_cidr *list; /* to be freed */
	unsigned n;
};

/* Reads networks joined by commas, to the end of the text. 0, -EINVAL or -ENOMEM. */
int cidrs_scan(struct scan *s, struct pkt_cidrs *ret_cidrs);
bool cidrs_have(const struct pkt_cidrs *c, uint8_t version, const uint8_t *addr);

/* Reads "00:11:22:33:44:55" (also with '-'). 0, or -EINVAL. */
int mac_scan(struct scan *s, uint8_t ret_mac[6]);

#endif
