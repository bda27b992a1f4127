/* SPDX-License-Identifier: BSD-2-Clause */
#include "capture/pack.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include <weir/relay.h>

#include "base/cleanup.h"
#include "base/macros.h"
#include "base/time.h"
#include "trace/codec.h"

enum {
	THREADS_MAX = 8,
	SLOTS = 2 * THREADS_MAX, /* a power of two */
	/* What a parcel becomes at most, and the room that an encoder wants. */
	PACKED_MAX = PARCEL_SIZE + 2 * ENCODER_ROOM,
};

struct slot {
	struct packed result;
	uint8_t *room; /* for its data */
	bool last, done;
};

struct hand {
	struct pack *pack;
	void *encoder;
	pthread_t thread;
};

/* Slots first to last are in use, those before next have been given to threads. All count on. */
struct pack {
	const struct encoder *encoder;
	bool members; /* each parcel is one, else a file is one frame, by one thread */
	struct hand hands[THREADS_MAX];
	unsigned n_hands; /* that run */
	unsigned n_slots; /* that may be in use */
	unsigned first, last;

	pthread_mutex_t lock; /* of what follows, and of done: */
	pthread_cond_t wanted, done;
	unsigned next, end; /* end is last, for the threads */
	bool over;
	struct slot slots[SLOTS];
};

/* Slots that a thread works on together: what the first have put in may come out in any room. */
struct load {
	struct pack *pack;
	unsigned from, to;
	unsigned out; /* whose room is filled */
};

static struct slot *slot_at(struct pack *p, unsigned nr)
{
	return &p->slots[nr % SLOTS];
}

/* Room for what an encoder makes. Those of all slots are enough for all of them. */
static struct packed *find_room(struct load *l, uint8_t **ret_at, size_t *ret_room)
{
	struct slot *s = slot_at(l->pack, l->out);

	if (s->result.len + ENCODER_ROOM > PACKED_MAX && l->out + 1 != l->to)
		s = slot_at(l->pack, ++l->out);
	*ret_at = s->room + s->result.len;
	*ret_room = PACKED_MAX - s->result.len;
	return &s->result;
}

/* 0, or a negative errno. */
static int encode(struct load *l, void *state, const struct slot *s, enum encoder_then then,
		  const char **ret_reason)
{
	const struct parcel *in = s->result.parcel;
	size_t at = 0;
	int more;

	do {
		size_t used = in->len - at, made;
		uint8_t *room;
		struct packed *out = find_room(l, &room, &made);

		more = l->pack->encoder->run(state, in->data + at, &used, room, &made, then,
					     ret_reason);
		if (more < 0)
			return more;
		at += used;
		out->len += made;
	} while (at < in->len || more);
	return 0;
}

static enum encoder_then what_follows(const struct load *l, unsigned nr)
{
	if (l->pack->members || slot_at(l->pack, nr)->last)
		return ENCODER_END;
	return nr + 1 == l->to ? ENCODER_FLUSH : ENCODER_MORE;
}

static void encode_all(struct load *l, void *state)
{
	const char *reason = NULL;
	int r = 0;

	l->out = l->from;
	for (unsigned i = l->from; i != l->to; i++) {
		struct slot *s = slot_at(l->pack, i);

		/* A frame has to be ended, if nothing is left to put into it. */
		if (r == 0 && (s->result.parcel->len || (s->last && !l->pack->members)))
			r = encode(l, state, s, what_follows(l, i), &reason);
	}
	for (unsigned i = l->from; i != l->to; i++) {
		slot_at(l->pack, i)->result.error = r;
		slot_at(l->pack, i)->result.reason = reason;
		slot_at(l->pack, i)->result.whole = i + 1 == l->to;
	}
}

/* The next parcels: one of those that are members, else all there are. False: it is over. */
static bool await_load(struct pack *p, struct load *ret)
{
	bool some = false;

	(void)pthread_mutex_lock(&p->lock);
	while (!p->over && p->next == p->end)
		(void)pthread_cond_wait(&p->wanted, &p->lock);
	if (!p->over) {
		*ret = (struct load){ .pack = p,
				      .from = p->next,
				      .to = p->members ? p->next + 1 : p->end };
		p->next = ret->to;
		some = true;
	}
	(void)pthread_mutex_unlock(&p->lock);
	return some;
}

static void *run(void *arg)
{
	struct hand *h = arg;
	struct pack *p = h->pack;
	struct load load;

	while (await_load(p, &load)) {
		encode_all(&load, h->encoder);
		(void)pthread_mutex_lock(&p->lock);
		for (unsigned i = load.from; i != load.to; i++)
			slot_at(p, i)->done = true;
		(void)pthread_cond_signal(&p->done);
		(void)pthread_mutex_unlock(&p->lock);
	}
	return NULL;
}

bool pack_put(struct pack *p, struct parcel *parcel, bool last)
{
	struct slot *s = slot_at(p, p->last);

	if (p->last - p->first == p->n_slots)
		return false;
	s->result = (struct packed){ .parcel = parcel, .data = s->room };
	s->last = last;
	s->done = false; /* no thread has it yet */
	p->last++;
	(void)pthread_mutex_lock(&p->lock);
	p->end = p->last;
	(void)pthread_cond_signal(&p->wanted);
	(void)pthread_mutex_unlock(&p->lock);
	return true;
}

static bool await(struct pack *p, const struct slot *s, uint64_t wait_ns)
{
	const bool for_ever = wait_ns == UINT64_MAX;
	const struct timespec until = time_spec(for_ever ? 0 : time_now(CLOCK_MONOTONIC) + wait_ns);
	bool done;
	int r = 0;

	(void)pthread_mutex_lock(&p->lock);
	while (!s->done && wait_ns && r == 0)
		r = for_ever ? pthread_cond_wait(&p->done, &p->lock)
			     : pthread_cond_timedwait(&p->done, &p->lock, &until);
	done = s->done;
	(void)pthread_mutex_unlock(&p->lock);
	return done;
}

bool pack_take(struct pack *p, uint64_t wait_ns, struct packed *ret)
{
	const struct slot *s = slot_at(p, p->first);

	if (pack_is_idle(p) || !await(p, s, wait_ns))
		return false;
	*ret = s->result;
	p->first++;
	return true;
}

bool pack_is_idle(const struct pack *p)
{
	return p->first == p->last;
}

static const struct encoder *find_encoder(enum weir_compression compression)
{
	static const struct encoder *const all[] = { &gzip_encoder, &zstd_encoder, &lz4_encoder };

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		if (all[i]->compression == compression)
			return all[i];
	return NULL;
}

static bool start_hand(struct pack *p, unsigned helpers)
{
	struct hand *h = &p->hands[p->n_hands];

	h->pack = p;
	h->encoder = p->encoder->new (helpers);
	if (!h->encoder)
		return false;
	if (pthread_create(&h->thread, NULL, run, h) == 0) {
		p->n_hands++;
		return true;
	}
	p->encoder->free(h->encoder);
	return false;
}

static bool make_rooms(struct pack *p)
{
	for (unsigned i = 0; i < SLOTS; i++) {
		p->slots[i].room = malloc(PACKED_MAX); /* is touched when it is used */
		if (!p->slots[i].room)
			return false;
	}
	return true;
}

DEFINE_CLEANUP(struct pack *, pack_free)

struct pack *pack_new(enum weir_compression compression)
{
	const unsigned n = weir_relay_workers(THREADS_MAX);
	CLEANUP(pack_freep)
	struct pack *p = calloc(1, sizeof(*p));
	pthread_condattr_t attr;

	if (!p)
		return NULL;
	p->encoder = find_encoder(compression);
	p->members = compression == WEIR_COMPRESSION_GZIP;
	p->n_slots = 2 * n;
	/* These cannot fail in Linux. */
	(void)pthread_mutex_init(&p->lock, NULL);
	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&p->done, &attr);
	(void)pthread_cond_init(&p->wanted, NULL);
	(void)pthread_condattr_destroy(&attr);
	if (!make_rooms(p))
		return NULL;
	if (p->members)
		while (p->n_hands < n && start_hand(p, 0))
			;
	else
		(void)start_hand(p, n);
	return p->n_hands ? TAKE_PTR(p) : NULL;
}

struct pack *pack_free(struct pack *p)
{
	if (!p)
		return NULL;
	(void)pthread_mutex_lock(&p->lock);
	p->over = true;
	(void)pthread_cond_broadcast(&p->wanted);
	(void)pthread_mutex_unlock(&p->lock);
	for (unsigned i = 0; i < p->n_hands; i++) {
		(void)pthread_join(p->hands[i].thread, NULL);
		p->encoder->free(p->hands[i].encoder);
	}
	for (unsigned i = 0; i < SLOTS; i++)
		free(p->slots[i].room);
	(void)pthread_cond_destroy(&p->wanted);
	(void)pthread_cond_destroy(&p->done);
	(void)pthread_mutex_destroy(&p->lock);
	free(p);
	return NULL;
}
