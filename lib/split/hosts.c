/* SPDX-License-Identifier: BSD-2-Clause */
#include "split/hosts.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/bytes.h"
#include "pkt/addr.h"

#define FIRST_SLOTS 256u

static uint32_t hash(const struct hosts *h, uint8_t version, const uint8_t addr[16])
{
	return (uint32_t)XXH3_64bits_withSeed(addr, 16, h->seed + version);
}

static void put_slot(struct hosts *h, uint32_t hashed, uint32_t index)
{
	uint32_t at = hashed & (h->n_slots - 1);

	while (h->slots[at])
		at = (at + 1) & (h->n_slots - 1);
	h->slots[at] = index + 1;
}

/* Doubles list and table; both have room for half as many hosts as there are slots. */
static int grow(struct hosts *h)
{
	uint32_t n_slots = h->n_slots ? 2 * h->n_slots : FIRST_SLOTS;
	struct host *list = realloc(h->list, n_slots / 2 * sizeof(*list));
	uint32_t *slots;

	if (!list)
		return -ENOMEM;
	h->list = list;
	slots = calloc(n_slots, sizeof(*slots));
	if (!slots)
		return -ENOMEM;

	/* No trace can be made whose hosts all probe the same slots. */
	if (!h->n_slots && getrandom(&h->seed, sizeof(h->seed), GRND_NONBLOCK) != sizeof(h->seed))
		h->seed = (uint64_t)(uintptr_t)h;
	free(h->slots);
	h->slots = slots;
	h->n_slots = n_slots;
	for (uint32_t i = 0; i < h->n; i++)
		put_slot(h, hash(h, list[i].version, list[i].addr), i);
	return 0;
}

int64_t hosts_find(struct hosts *h, uint8_t version, const uint8_t *addr)
{
	/* Written in pieces as large as they are read in, or reading waits for writing. */
	const uint64_t words[2] = {
		version == 4 ? htole64(le32_at(addr)) : raw64_at(addr),
		version == 4 ? 0 : raw64_at(addr + 8),
	};
	const uint8_t *whole = (const uint8_t *)words;
	uint32_t hashed, at;

	if (2 * h->n >= h->n_slots && (h->n >= HOSTS_MAX || grow(h) < 0))
		return -ENOMEM;

	hashed = hash(h, version, whole);
	for (at = hashed & (h->n_slots - 1); h->slots[at]; at = (at + 1) & (h->n_slots - 1)) {
		const struct host *old = &h->list[h->slots[at] - 1];

		if (old->version == version && memcmp(old->addr, whole, 16) == 0)
			return h->slots[at] - 1;
	}
	h->list[h->n] = (struct host){ .version = version };
	memcpy(h->list[h->n].addr, whole, 16);
	h->slots[at] = h->n + 1;
	return h->n++;
}

void hosts_done(struct hosts *h)
{
	free(h->list);
	free(h->slots);
}

void hosts_weigh(struct hosts *h, double ratio)
{
	for (uint32_t i = 0; i < h->n; i++) {
		struct host *host = &h->list[i];

		if (!host->client && !host->server)
			host->role = HOST_UNKNOWN;
		else if (host->server >= host->client * ratio)
			host->role = HOST_SERVER;
		else
			host->role = HOST_CLIENT;
	}
}

/* Networks are looked up among the hosts with a role, sorted by address: those that
 * share the longest prefix with a host stand next to where it would stand. */

static int by_address(const void *a, const void *b)
{
	const struct host *x = a, *y = b;

	if (x->version != y->version)
		return x->version < y->version ? -1 : 1;
	return memcmp(x->addr, y->addr, 16);
}

/* Bits that two addresses have in common; 0 if they are of different versions. */
static unsigned common_bits(const struct host *x, const struct host *y)
{
	unsigned i = 0;

	if (x->version != y->version)
		return 0;
	while (i < 16 && x->addr[i] == y->addr[i])
		i++;
	return i == 16 ? 128 : 8 * i + (unsigned)__builtin_clz(x->addr[i] ^ y->addr[i]) - 24;
}

static unsigned mask_bits(uint8_t version, unsigned mask)
{
	return version == 4 ? mask : 128 - 4 * (32 - mask);
}

/* The first of n sorted hosts that is not before host. */
static uint32_t lower_bound(const struct host *sorted, uint32_t n, const struct host *host)
{
	uint32_t begin = 0;

	while (begin < n) {
		uint32_t middle = begin + (n - begin) / 2;

		if (by_address(&sorted[middle], host) < 0)
			begin = middle + 1;
		else
			n = middle;
	}
	return begin;
}

/* Hosts with a role. */
struct known {
	struct host *sorted;
	uint32_t *servers; /* how many of the hosts before each are servers; n + 1 */
	uint32_t n;
};

/* The first host that is not before the network's first, or last, address. */
static uint32_t network_bound(const struct known *k, const struct host *host, unsigned bits,
			      bool last)
{
	struct host edge = *host;
	uint8_t fill[16];

	memset(fill, last ? 0xff : 0, sizeof(fill));
	addr_mix(bits, cidr_size(host->version), host->addr, fill, edge.addr);
	return lower_bound(k->sorted, k->n, &edge);
}

static uint8_t role_nearby(const struct known *k, const struct host *host, unsigned min_mask,
			   unsigned max_mask)
{
	uint32_t at = lower_bound(k->sorted, k->n, host);
	unsigned before = at > 0 ? common_bits(&k->sorted[at - 1], host) : 0;
	unsigned after = at < k->n ? common_bits(&k->sorted[at], host) : 0;
	unsigned bits = before > after ? before : after;
	unsigned longest = mask_bits(host->version, min_mask);
	uint32_t first, last;

	if (bits < mask_bits(host->version, max_mask))
		return HOST_UNKNOWN;
	if (bits > longest)
		bits = longest;
	first = network_bound(k, host, bits, false);
	last = network_bound(k, host, bits, true);
	if (last < k->n && common_bits(&k->sorted[last], host) >= bits)
		last++; /* the last address is a host, too */
	return k->servers[last] > k->servers[first] ? HOST_SERVER : HOST_CLIENT;
}

static int know(const struct hosts *h, struct known *k)
{
	k->sorted = malloc((h->n + 1) * sizeof(*k->sorted));
	k->servers = malloc((h->n + 1) * sizeof(*k->servers));
	if (!k->sorted || !k->servers)
		return -ENOMEM;

	for (uint32_t i = 0; i < h->n; i++) {
		if (h->list[i].role != HOST_UNKNOWN)
			k->sorted[k->n++] = h->list[i];
	}
	qsort(k->sorted, k->n, sizeof(*k->sorted), by_address);
	k->servers[0] = 0;
	for (uint32_t i = 0; i < k->n; i++)
		k->servers[i + 1] = k->servers[i] + (k->sorted[i].role == HOST_SERVER);
	return 0;
}

int hosts_ask_neighbours(struct hosts *h, unsigned min_mask, unsigned max_mask)
{
	struct known k = { 0 };
	int r = know(h, &k);

	for (uint32_t i = 0; r >= 0 && i < h->n; i++) {
		if (h->list[i].role == HOST_UNKNOWN)
			h->list[i].role = role_nearby(&k, &h->list[i], min_mask, max_mask);
	}
	free(k.sorted);
	free(k.servers);
	return r;
}
