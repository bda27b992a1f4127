/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The forwarding table: which port a MAC address was last seen at.
 *
 * It has a fixed number of entries, in buckets of a cache line. When a bucket is full, the
 * new address takes the place of one of the port that has the most entries in the table: so
 * a port that makes up addresses loses its own, not those of others.
 *
 * Any thread may look up and learn at any time; at worst an address is forgotten. Addresses
 * are 48-bit numbers (table_mac()), times seconds of any clock that does not go back.
 */
#ifndef VALE_TABLE_H
#define VALE_TABLE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

#define TABLE_WAYS    8u
#define TABLE_BUCKETS 512u
#define TABLE_NO_PORT 255u

struct table {
	_Alignas(64) _Atomic uint64_t entry[TABLE_BUCKETS][TABLE_WAYS]; /* MAC << 16 | port << 8 |
									 * 1; 0: free */
	_Atomic uint32_t seen[TABLE_BUCKETS][TABLE_WAYS];		/* when last */
	_Atomic uint32_t n_of_port[256];
	uint32_t age_s; /* forget after so many seconds; 0: never */
};

/* The address at p, as a number with its first byte uppermost. In two loads: copying six
 * bytes goes through memory, and the next load would wait for it. */
static inline uint64_t table_mac(const uint8_t *p)
{
	return (uint64_t)be32_at(p) << 16 | be16_at(p + 4);
}

/* Is it of a group (multicast, broadcast)? */
static inline bool table_is_group(uint64_t mac)
{
	return mac >> 40 & 1;
}

/* The address of one station, as a source is? Frames behind a header that the switch does not
 * know begin with zeros, which nobody has. */
static inline bool table_is_station(uint64_t mac)
{
	return mac && !table_is_group(mac);
}

static inline unsigned table_bucket(uint64_t mac)
{
	return (unsigned)(mac * 0x9e3779b97f4a7c15u >> 55) % TABLE_BUCKETS;
}

/* The port of an address, or TABLE_NO_PORT. */
static inline unsigned table_find(const struct table *t, uint64_t mac, uint32_t now_s)
{
	unsigned b = table_bucket(mac);

	for (unsigned i = 0; i < TABLE_WAYS; i++) {
		uint64_t e = atomic_load_explicit(&t->entry[b][i], memory_order_relaxed);

		if (e >> 16 != mac || !(e & 1))
			continue;
		if (t->age_s &&
		    now_s - atomic_load_explicit(&t->seen[b][i], memory_order_relaxed) >= t->age_s)
			return TABLE_NO_PORT;
		return e >> 8 & 255;
	}
	return TABLE_NO_PORT;
}

/* An address was seen at a port. Not for groups. Zeroed memory is an empty table. */
void table_learn(struct table *t, uint64_t mac, unsigned port, uint32_t now_s);

/* Forgets a port that is gone. */
void table_forget(struct table *t, unsigned port);

struct table_row {
	uint64_t mac;
	unsigned port;
	uint32_t seen;
};

/* The first entry at place *at or after it; *at moves behind it. False: no more. */
bool table_next(const struct table *t, unsigned *at, uint32_t now_s, struct table_row *ret_row);

#endif
