/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An open-addressed table of 16-byte slots, {hash, last second}, with linear probing:
 * a frame of a known flow costs one cache line. The hash is seeded from the kernel,
 * so that no trace can be made whose flows all probe the same slots. Lanes are
 * hashed with a fixed seed, as they must be the same everywhere.
 */
#include "pkt/flow.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/macros.h"
#include "pkt/parse.h"

#define FIRST_SLOTS 1024u
#define FRAG_SLOTS  1024u

#define LANE_SEED 0x77656972u /* any number: it must only never change */

struct slot {
	uint64_t hash;	/* 0: free */
	int64_t last_s; /* capture time of its last frame */
};

/* The lane of a datagram that was fragmented. */
struct frag {
	uint64_t hash;
	uint8_t lane;
};

struct flow_table {
	struct slot *slots;
	uint64_t n_slots; /* a power of two */
	uint64_t n_used;
	uint64_t seed;
	struct frag frags[FRAG_SLOTS]; /* by hash; a newer datagram takes the place */
};

/*
 * What is hashed: the same bytes on every machine.
 *
 *     |source, destination: 2 x 4 or 2 x 16 bytes|ports 4|protocol 1|0 0 0|
 */
struct key {
	uint8_t v[40];
	bool wide; /* IPv6: all 40 bytes count, otherwise the first 16 */
};

struct flow_table *flow_table_new(void)
{
	struct flow_table *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;

	t->n_slots = FIRST_SLOTS;
	t->slots = calloc(t->n_slots, sizeof(*t->slots));
	if (!t->slots)
		return flow_table_free(t);

	/* Early in the boot the kernel may have no random bytes yet; then the address
	 * space's randomness must do. */
	if (getrandom(&t->seed, sizeof(t->seed), GRND_NONBLOCK) != sizeof(t->seed))
		t->seed = (uint64_t)(uintptr_t)t;
	return t;
}

struct flow_table *flow_table_free(struct flow_table *t)
{
	if (t)
		free(t->slots);
	free(t);
	return NULL;
}

static struct slot *find(struct slot *slots, uint64_t n_slots, uint64_t hash)
{
	uint64_t i = hash & (n_slots - 1);

	while (slots[i].hash && slots[i].hash != hash)
		i = (i + 1) & (n_slots - 1);
	return &slots[i];
}

static int grow(struct flow_table *t)
{
	uint64_t n = 2 * t->n_slots;
	struct slot *slots = calloc(n, sizeof(*slots));

	if (!slots)
		return -ENOMEM;

	for (uint64_t i = 0; i < t->n_slots; i++) {
		if (t->slots[i].hash)
			*find(slots, n, t->slots[i].hash) = t->slots[i];
	}
	free(t->slots);
	t->slots = slots;
	t->n_slots = n;
	return 0;
}

static int64_t seconds(int64_t ts_ns)
{
	int64_t s = ts_ns / (int64_t)NSEC_PER_SEC;

	return s - (ts_ns % (int64_t)NSEC_PER_SEC < 0);
}

static int table_see(struct flow_table *t, uint64_t hash, int64_t now_s, uint32_t expiry_s)
{
	struct slot *slot;
	bool expired;

	hash += !hash; /* 0 means free */
	slot = find(t->slots, t->n_slots, hash);
	if (slot->hash) {
		expired = expiry_s && now_s - slot->last_s > (int64_t)expiry_s;
		slot->last_s = now_s;
		return expired ? FLOW_EXPIRED : FLOW_KNOWN;
	}

	if (t->n_used >= t->n_slots / 4 * 3) {
		if (grow(t) < 0)
			return -ENOMEM;
		slot = find(t->slots, t->n_slots, hash);
	}
	*slot = (struct slot){ .hash = hash, .last_s = now_s };
	t->n_used++;
	return FLOW_NEW;
}

/* Sizes are constants on both ways, so that both are compiled to a few instructions. */
static uint64_t key_hash(const struct key *k, uint64_t seed)
{
	return k->wide ? XXH3_64bits_withSeed(k->v, 40, seed)
		       : XXH3_64bits_withSeed(k->v, 16, seed);
}

static void key_tail(struct key *k, uint8_t proto, uint32_t ports)
{
	le64_put(k->v + (k->wide ? 32 : 8), ports | (uint64_t)proto << 32);
}

/* From the frame: joining l's two halves would stall on the stores of the walk. */
static uint32_t ports_of(const struct pkt_layers *l, const uint8_t *frame)
{
	return l->flags & PKT_PORTS ? be32_at(frame + l->l4_off) : 0;
}

/* Filled in place: copied by value, a key would stall on stores not yet done. */
static void key_set(struct key *k, const struct pkt_layers *l, const uint8_t *frame, uint8_t proto,
		    uint32_t ports)
{
	const uint8_t *ip = frame + l->l3_off;

	k->wide = l->ip_version == 6;
	if (k->wide)
		memcpy(k->v, ip + 8, 32);
	else
		memcpy(k->v, ip + 12, 8);
	key_tail(k, proto, ports);
}

/* The same key for both directions: the lower end first. No protocol, because the later
 * fragments of an IPv6 datagram may not tell it. */
static void key_set_lane(struct key *k, const struct pkt_layers *l, const uint8_t *frame)
{
	const uint8_t *ip = frame + l->l3_off;
	uint32_t ports = ports_of(l, frame), swapped = ports << 16 | ports >> 16;
	uint64_t src, dst;
	int order;

	k->wide = l->ip_version == 6;
	if (k->wide) {
		order = memcmp(ip + 8, ip + 24, 16);
		memcpy(k->v, ip + (order > 0 ? 24 : 8), 16);
		memcpy(k->v + 16, ip + (order > 0 ? 8 : 24), 16);
	} else {
		src = be32_at(ip + 12);
		dst = be32_at(ip + 16);
		order = (src > dst) - (src < dst);
		be64_put(k->v, order > 0 ? dst << 32 | src : src << 32 | dst);
	}
	if (order == 0)
		order = ports > swapped ? 1 : -1;
	key_tail(k, 0, order > 0 ? swapped : ports);
}

static uint8_t ip_lane(const struct pkt_layers *l, const uint8_t *frame)
{
	struct key k;

	key_set_lane(&k, l, frame);
	return (uint8_t)(key_hash(&k, LANE_SEED) >> 56);
}

static uint8_t mac_lane(const struct pkt_layers *l, const uint8_t *frame)
{
	const uint8_t *a;
	uint8_t k[12];

	if (l->mac_off == PKT_ABSENT)
		return 0;

	a = frame + l->mac_off;
	if (memcmp(a, a + 6, 6) > 0) {
		memcpy(k, a + 6, 6);
		memcpy(k + 6, a, 6);
	} else {
		memcpy(k, a, 12);
	}
	return (uint8_t)(XXH3_64bits_withSeed(k, sizeof(k), LANE_SEED) >> 56);
}

/* Hash of a fragmented datagram: addresses and identification. */
static uint64_t datagram_hash(const struct flow_table *t, const struct pkt_layers *l,
			      const uint8_t *frame)
{
	struct key k;
	uint32_t id;

	if (l->ip_version == 4)
		id = be16_at(frame + l->l3_off + 4);
	else
		id = be32_at(frame + l->ip6frag_off + 4);
	key_set(&k, l, frame, 0, id);
	return key_hash(&k, ~t->seed); /* apart from the flows' hashes */
}

/* The first fragment leaves its lane for the others. */
static uint8_t fragment_lane(struct flow_table *t, const struct pkt_layers *l, const uint8_t *frame)
{
	uint64_t hash = datagram_hash(t, l, frame);
	struct frag *f = &t->frags[hash % FRAG_SLOTS];

	if (!(l->flags & PKT_LATER_FRAGMENT))
		*f = (struct frag){ .hash = hash, .lane = ip_lane(l, frame) };
	return f->hash == hash ? f->lane : ip_lane(l, frame);
}

static uint8_t lane_of(struct flow_table *t, const struct pkt_layers *l, const uint8_t *frame)
{
	struct pkt_layers portless;

	if (!l->ip_version)
		return mac_lane(l, frame);
	if (likely(!(l->flags & PKT_FRAGMENT)))
		return ip_lane(l, frame);
	if (t)
		return fragment_lane(t, l, frame);

	portless = *l;
	portless.flags &= (uint8_t)~PKT_PORTS;
	return ip_lane(&portless, frame);
}

/* Is a flow told by numbers in the transport header? As tcpreplay has it. */
static bool is_told_by_transport(uint8_t proto)
{
	return proto == PKT_IP_TCP || proto == PKT_IP_UDP || proto == PKT_IP_ICMP ||
	       proto == PKT_IP_ICMPV6;
}

static uint64_t flow_hash(const struct flow_table *t, const struct pkt_layers *l,
			  const uint8_t *frame)
{
	struct key k;
	uint32_t ports = 0;

	if (l->proto == PKT_IP_TCP || l->proto == PKT_IP_UDP)
		ports = ports_of(l, frame);
	else if (is_told_by_transport(l->proto) && l->l4_len)
		ports = be16_at(frame + l->l4_off); /* type and code */
	key_set(&k, l, frame, l->proto, ports);
	return key_hash(&k, t->seed);
}

int flow_see_parsed(struct flow_table *t, int parsed, const struct pkt_layers *l,
		    const uint8_t *frame, int64_t ts_ns, uint32_t expiry_s)
{
	if (parsed == -ENODATA && (!l->ip_version || is_told_by_transport(l->proto)))
		return FLOW_INVALID;
	if (!l->ip_version)
		return l->flags & PKT_LLC && !l->ethertype ? FLOW_INVALID : FLOW_NONE;
	return table_see(t, flow_hash(t, l, frame), seconds(ts_ns), expiry_s);
}

int flow_see(struct flow_table *t, uint32_t linktype, const uint8_t *frame, uint32_t len,
	     int64_t ts_ns, uint32_t expiry_s, uint8_t *ret_lane)
{
	struct pkt_layers l;
	int r;

	r = pkt_parse(linktype, frame, len, &l);
	if (ret_lane)
		*ret_lane = lane_of(t, &l, frame);
	return flow_see_parsed(t, r, &l, frame, ts_ns, expiry_s);
}

uint8_t flow_lane(struct flow_table *t, uint32_t linktype, const uint8_t *frame, uint32_t len)
{
	struct pkt_layers l;

	(void)pkt_parse(linktype, frame, len, &l); /* what it found is enough */
	return lane_of(t, &l, frame);
}
