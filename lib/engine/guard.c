/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The loop guard: a table of hosts by MAC address, in buckets of four.
 *
 * Lanes share it. A bucket is looked into under one of a few locks; frames of a batch that
 * have the addresses of the one before them get its verdict, so that a lane that carries
 * few hosts takes a lock once or twice a batch.
 */
#include <weir/guard.h>

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/counter.h"
#include "base/err.h"
#include "base/lines.h"
#include "base/macros.h"
#include "engine/repeat.h"

#define WAYS	     4u
#define N_LOCKS	     64u
#define DEFAULT_MAX  65536u
#define MAX_HOSTS    (1u << 24)
#define LOOP_NS	     (100 * (int64_t)NSEC_PER_MSEC)
#define HOLD_NS	     (30 * (int64_t)NSEC_PER_SEC)
#define AGE_NS	     (5 * NSEC_PER_SEC)
#define MACS_LEN     12u
#define HEADER_LEN   14u
#define NO_KEY	     0u
#define KEY_OF_MAC   (1ULL << 48) /* so that no address has key 0 */
#define GOLDEN_RATIO 0x9e3779b97f4a7c15ULL
#define NEVER	     INT64_MIN

enum verdict {
	PASS,
	OWN,
	ELSEWHERE,
	LOOPED,
	BAD,
	N_VERDICTS
};

struct host {
	uint64_t key;
	int64_t seen[2]; /* when last, by side */
	int64_t looped;	 /* when it was last seen on both sides at once */
	uint8_t side;	 /* that it belongs to */
};

struct guard_lane {
	_Alignas(64) struct weir_guard *guard;
	unsigned side;
	struct repeats *repeats; /* WEIR_GUARD_LOOP */
	_Atomic uint64_t counts[N_VERDICTS];
};

struct weir_guard {
	enum weir_guard_mode mode;
	int64_t age_ns; /* INT64_MAX: for ever */
	struct host *hosts;
	unsigned n_buckets, shift;
	unsigned n_lanes;
	struct guard_lane *lanes; /* n_lanes of each side */
	uint64_t *own;
	unsigned n_own;
	pthread_mutex_t locks[N_LOCKS];
};

DEFINE_CLEANUP(struct weir_guard *, weir_guard_free)

/* The address as a number. */
static uint64_t key_of(const uint8_t *mac)
{
	return KEY_OF_MAC | (uint64_t)be16_at(mac) << 32 | be32_at(mac + 2);
}

static bool is_group(uint64_t key)
{
	return key >> 40 & 1;
}

static int64_t apart(int64_t a, int64_t b)
{
	if (a == NEVER || b == NEVER)
		return INT64_MAX;
	return a > b ? a - b : b - a;
}

static unsigned bucket_of(const struct weir_guard *g, uint64_t key)
{
	return (unsigned)(key * GOLDEN_RATIO >> g->shift);
}

/* The bucket is locked. NULL: the host is not known. */
static struct host *find(const struct weir_guard *g, unsigned bucket, uint64_t key)
{
	struct host *h = &g->hosts[(size_t)bucket * WAYS];

	for (unsigned i = 0; i < WAYS; i++) {
		if (h[i].key == key)
			return &h[i];
	}
	return NULL;
}

/* Enters a host in a place that is free, or that of the one silent longest. */
static struct host *enter(const struct weir_guard *g, unsigned bucket, uint64_t key, unsigned side)
{
	struct host *h = &g->hosts[(size_t)bucket * WAYS], *oldest = h;

	for (unsigned i = 0; i < WAYS; i++) {
		if (h[i].key == NO_KEY) {
			oldest = &h[i];
			break;
		}
		if (MAX(h[i].seen[0], h[i].seen[1]) < MAX(oldest->seen[0], oldest->seen[1]))
			oldest = &h[i];
	}
	*oldest = (struct host){
		.key = key, .seen = { NEVER, NEVER }, .looped = NEVER, .side = (uint8_t)side
	};
	return oldest;
}

static enum verdict judge_pinned(const struct weir_guard *g, struct host *h, unsigned side,
				 int64_t now)
{
	if (h->side != side) {
		if (apart(h->seen[h->side], now) < g->age_ns)
			return ELSEWHERE;
		h->side = (uint8_t)side;
	}
	h->seen[side] = now;
	return PASS;
}

static enum verdict judge_looped(struct host *h, unsigned side, int64_t now)
{
	h->side = (uint8_t)side;
	h->seen[side] = now;
	if (apart(h->seen[1 - side], now) < LOOP_NS)
		h->looped = now;
	return apart(h->looped, now) < HOLD_NS ? LOOPED : PASS;
}

static enum verdict judge_source(struct weir_guard *g, uint64_t key, unsigned side, int64_t now)
{
	unsigned bucket = bucket_of(g, key);
	pthread_mutex_t *lock = &g->locks[bucket % N_LOCKS];
	enum verdict v;
	struct host *h;

	(void)pthread_mutex_lock(lock); /* neither fails for a lock that is in order */
	h = find(g, bucket, key);
	if (!h)
		h = enter(g, bucket, key, side);
	v = g->mode == WEIR_GUARD_PIN ? judge_pinned(g, h, side, now) : judge_looped(h, side, now);
	(void)pthread_mutex_unlock(lock);
	return v;
}

/* Switches around a loop have learned from circling frames where hosts are not. */
static enum verdict judge_destination(struct weir_guard *g, uint64_t key, int64_t now)
{
	unsigned bucket = bucket_of(g, key);
	pthread_mutex_t *lock = &g->locks[bucket % N_LOCKS];
	const struct host *h;
	bool looped;

	if (g->mode != WEIR_GUARD_LOOP || is_group(key))
		return PASS;
	(void)pthread_mutex_lock(lock); /* as above */
	h = find(g, bucket, key);
	looped = h && apart(h->looped, now) < HOLD_NS;
	(void)pthread_mutex_unlock(lock);
	return looped ? LOOPED : PASS;
}

static bool is_own(const struct weir_guard *g, uint64_t key)
{
	for (unsigned i = 0; i < g->n_own; i++) {
		if (g->own[i] == key)
			return true;
	}
	return false;
}

static enum verdict judge(struct weir_guard *g, unsigned side, const struct weir_buf *b)
{
	uint64_t from = key_of(b->data + 6);
	enum verdict v;

	if (is_own(g, from))
		return OWN;
	if (is_group(from))
		return BAD;
	v = judge_source(g, from, side, b->ts_ns);
	return v == PASS ? judge_destination(g, key_of(b->data), b->ts_ns) : v;
}

/* What addresses do not tell: frames to groups that come round on the same side. Drops the
 * frame if it is not to pass. */
static enum verdict judge_again(const struct guard_lane *lane, struct weir_buf *b, enum verdict v)
{
	if (v == PASS && lane->repeats && b->data[0] & 1 &&
	    repeats_drop(lane->repeats, b->data, b->len, b->ts_ns))
		v = LOOPED;
	if (v != PASS)
		b->port = WEIR_NO_PORT;
	return v;
}

static int guard_run(void *ctx, struct weir_buf *bufs, unsigned n)
{
	struct guard_lane *lane = ctx;
	uint64_t counts[N_VERDICTS] = { 0 };
	uint8_t before[MACS_LEN] = { 0xff }; /* a source that is never asked after */
	enum verdict v = BAD;

	for (unsigned i = 0; i < n; i++) {
		struct weir_buf *b = &bufs[i];

		if (b->port == WEIR_NO_PORT)
			continue;
		if (unlikely(b->len < HEADER_LEN)) {
			b->port = WEIR_NO_PORT;
			counts[BAD]++;
			continue;
		}
		if (v == BAD || memcmp(before, b->data, MACS_LEN) != 0) {
			memcpy(before, b->data, MACS_LEN);
			v = judge(lane->guard, lane->side, b);
		}
		counts[judge_again(lane, b, v)]++;
	}
	for (unsigned i = OWN; i < N_VERDICTS; i++)
		counter_add(&lane->counts[i], counts[i]);
	return 0;
}

struct weir_stage weir_guard_stage(struct weir_guard *g, unsigned side, unsigned lane)
{
	return (struct weir_stage){ .run = guard_run, .ctx = &g->lanes[side * g->n_lanes + lane] };
}

void weir_guard_counts(const struct weir_guard *g, unsigned side, unsigned lane,
		       struct weir_guard_counts *ret_counts)
{
	const _Atomic uint64_t *c = g->lanes[side * g->n_lanes + lane].counts;

	*ret_counts = (struct weir_guard_counts){
		.own = counter_get(&c[OWN]),
		.elsewhere = counter_get(&c[ELSEWHERE]),
		.looped = counter_get(&c[LOOPED]),
		.bad = counter_get(&c[BAD]),
	};
}

static int make_table(struct weir_guard *g, unsigned max_hosts)
{
	unsigned bits = 4; /* of the number of buckets */

	while (bits < 30 && (WAYS << bits) < max_hosts)
		bits++;
	g->n_buckets = 1u << bits;
	g->shift = 64 - bits;
	g->hosts = calloc((size_t)g->n_buckets * WAYS, sizeof(*g->hosts));
	return g->hosts ? 0 : -ENOMEM;
}

static int make_lanes(struct weir_guard *g, unsigned n)
{
	g->n_lanes = n;
	g->lanes = lines_new(2 * (size_t)n, sizeof(*g->lanes));
	if (!g->lanes)
		return -ENOMEM;
	for (unsigned i = 0; i < 2 * n; i++) {
		struct guard_lane *lane = &g->lanes[i];

		lane->guard = g;
		lane->side = i >= n;
		if (g->mode != WEIR_GUARD_LOOP)
			continue;
		lane->repeats = calloc(1, sizeof(*lane->repeats));
		if (!lane->repeats)
			return -ENOMEM;
	}
	return 0;
}

static int make_own(struct weir_guard *g, const uint8_t (*own)[6], unsigned n)
{
	g->own = calloc(MAX(n, 1u), sizeof(*g->own));
	if (!g->own)
		return -ENOMEM;
	for (g->n_own = 0; g->n_own < n; g->n_own++)
		g->own[g->n_own] = key_of(own[g->n_own]);
	return 0;
}

int weir_guard_new(const struct weir_guard_opts *o, struct weir_guard **ret_guard,
		   struct weir_err *err)
{
	CLEANUP(weir_guard_freep)
	struct weir_guard *g = NULL;

	if (o->max_hosts > MAX_HOSTS)
		return err_set(err, -EINVAL, "a guard remembers at most %u hosts", MAX_HOSTS);
	g = calloc(1, sizeof(*g));
	if (!g)
		return err_set(err, -ENOMEM, "out of memory");
	for (unsigned i = 0; i < N_LOCKS; i++)
		(void)pthread_mutex_init(&g->locks[i], NULL); /* cannot fail on Linux */
	g->mode = o->mode;
	g->age_ns = (int64_t)MIN(o->age_ns ? o->age_ns : AGE_NS, (uint64_t)INT64_MAX);
	if (make_table(g, o->max_hosts ? o->max_hosts : DEFAULT_MAX) < 0 ||
	    make_lanes(g, o->n_lanes ? o->n_lanes : 1) < 0 || make_own(g, o->own, o->n_own) < 0)
		return err_set(err, -ENOMEM, "out of memory");

	*ret_guard = TAKE_PTR(g);
	return 0;
}

struct weir_guard *weir_guard_free(struct weir_guard *g)
{
	if (!g)
		return NULL;
	for (unsigned i = 0; i < N_LOCKS; i++)
		(void)pthread_mutex_destroy(&g->locks[i]); /* nobody holds it */
	for (unsigned i = 0; g->lanes && i < 2 * g->n_lanes; i++)
		free(g->lanes[i].repeats);
	free(g->hosts);
	free(g->lanes);
	free(g->own);
	free(g);
	return NULL;
}
