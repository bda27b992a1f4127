/* SPDX-License-Identifier: BSD-2-Clause */
#include "vale/forward.h"

#include <errno.h>

#include "base/macros.h"
#include "base/time.h"
#include "vale/kring.h"
#include "vale/sieve.h"

/* The list of frames for every port but the one they come from. */
#define EVERYBODY 255u
/* Batches for which a receiver is not waited for, at most, after one time in vain. */
#define MAX_NO_WAIT 1023u
/* What part of the time there is for that while others wait. */
#define SHARED 16u

static_assert(FORWARD_BATCH > VALE_MAX_FRAGS, "a whole frame fits a batch");

const char *vale_drop_name(enum vale_drop d)
{
	static const char *const name[VALE_N_DROPS] = {
		[VALE_DROP_BAD_SLOT] = "bad_slot",  [VALE_DROP_SHORT] = "short",
		[VALE_DROP_FRAGS] = "fragments",    [VALE_DROP_SELF] = "self",
		[VALE_DROP_NOBODY] = "nobody",	    [VALE_DROP_FULL] = "full",
		[VALE_DROP_BAD_BUF] = "bad_buffer", [VALE_DROP_FILTERED] = "filtered",
		[VALE_DROP_EDITED] = "edited",	    [VALE_DROP_OFFLOAD] = "offload",
	};

	return name[d];
}

void vale_scratch_init(struct vale_scratch *s)
{
	memset(s, 0, sizeof(*s));
	for (unsigned i = 0; i < ARRAY_SIZE(s->list); i++)
		s->list[i].first = FORWARD_NONE;
}

static void kring_init(struct vale_kring *k, const struct vale_layout *l, void *mem,
		       struct vale_ctl *ctl, unsigned i)
{
	k->slots = vale_layout_ring(l, mem, i)->slot;
	k->ctl = &ctl->ring[i];
	k->n = vale_layout_slots(l, i);
	(void)pthread_mutex_init(&k->lock, NULL); /* cannot fail without attributes */
}

static void kring_done(struct vale_kring *k)
{
	(void)pthread_mutex_destroy(&k->lock); /* nobody has it */
	k->sieve = sieve_free(k->sieve);
}

void vale_port_init(struct vale_port *p, unsigned nr, const struct vale_layout *l, void *mem,
		    struct vale_ctl *ctl)
{
	memset(p, 0, sizeof(*p));
	p->nr = (uint8_t)nr;
	p->layout = *l;
	p->mem = mem;
	p->bufs = (uint8_t *)mem + l->in.bufs_at;
	p->ctl = ctl;
	p->last_mac = UINT64_MAX;
	for (unsigned i = 0; i < l->shape.tx_rings; i++)
		kring_init(&p->tx[i], l, mem, ctl, i);
	for (unsigned i = 0; i < l->shape.rx_rings; i++)
		kring_init(&p->rx[i], l, mem, ctl, l->shape.tx_rings + i);
}

void vale_port_done(struct vale_port *p)
{
	for (unsigned i = 0; i < p->layout.shape.tx_rings; i++)
		kring_done(&p->tx[i]);
	for (unsigned i = 0; i < p->layout.shape.rx_rings; i++)
		kring_done(&p->rx[i]);
}

void vale_kring_wakes(struct vale_kring *k, int fd)
{
	k->wakes[k->n_wakes++] = fd;
}

void vale_kring_forgets(struct vale_kring *k, int fd)
{
	for (unsigned i = 0; i < k->n_wakes; i++)
		if (k->wakes[i] == fd)
			k->wakes[i--] = k->wakes[--k->n_wakes];
}

void vale_core_add(struct vale_core *core, struct vale_port *p)
{
	core->ports[p->nr] = p;
	core->n_ports++;
	core->end = MAX(core->end, p->nr + 1u);
}

void vale_core_remove(struct vale_core *core, struct vale_port *p)
{
	core->ports[p->nr] = NULL;
	core->n_ports--;
	while (core->end && !core->ports[core->end - 1])
		core->end--;
	table_forget(&core->table, p->nr);
}

static inline void take_slot(const struct vale_port *p, const struct vale_slot *slot,
			     struct vale_frag *frag)
{
	const union slot_word w = slot_read(slot);
	const uint8_t *data;

	if (unlikely(w.flags & VALE_SLOT_INDIRECT))
		data = kring_arena(&p->arena, slot, w.len);
	else
		data = kring_buffer(p, w.buf_idx);
	if (unlikely(w.len > VALE_BUF_SIZE))
		data = NULL;
	__builtin_prefetch(data);
	frag->data = data;
	frag->len = w.len;
	frag->flags = w.flags;
}

static void drop(struct vale_kring *k, enum vale_drop why)
{
	counter_add(&k->dropped[why], 1);
}

/* Where a frame of n slots has its addresses, behind the header; NULL: nowhere. */
static inline const uint8_t *frame_addresses(const struct vale_frag *frag, unsigned n,
					     uint32_t hdr_len)
{
	if (unlikely(hdr_len && hdr_len == frag->len && n > 1)) {
		frag++;
		hdr_len = 0;
	}
	return likely(frag->len >= hdr_len + VALE_MIN_FRAME) ? frag->data + hdr_len : NULL;
}

/* A frame of n slots at frag: may it go on? */
static bool frame_is_good(struct vale_kring *k, const struct vale_frag *frag, unsigned n,
			  uint32_t hdr_len)
{
	for (unsigned i = 0; i < n; i++) {
		if (unlikely(!frag[i].data)) {
			drop(k, VALE_DROP_BAD_SLOT);
			return false;
		}
	}
	if (unlikely(!frame_addresses(frag, n, hdr_len))) {
		drop(k, VALE_DROP_SHORT);
		return false;
	}
	return true;
}

/*
 * Reads slots that were handed over, and puts their number to the first of each frame.
 * How many slots whole frames take: a last one that goes on behind what was read is left
 * where it is, until the rest has been handed over.
 */
static unsigned take(const struct vale_port *p, struct vale_kring *k, struct vale_frag *frag)
{
	/* Pairs with the client's release: the slots before head are written. */
	uint32_t head = atomic_load_explicit(&k->ctl->head, memory_order_acquire);
	unsigned begin = 0, n;
	uint32_t pos = k->pos;

	if (likely(head == pos))
		return 0;
	if (unlikely(head >= k->n)) {
		counter_add(&k->bad_index, 1);
		return 0;
	}
	n = MIN(cycle_distance(pos, head, k->n), FORWARD_BATCH);
	for (unsigned i = 0; i < n; i++) {
		take_slot(p, &k->slots[pos], &frag[i]);
		frag[i].n = 0;
		pos = cycle_next(pos, k->n);
		if (unlikely(frag[i].flags & VALE_SLOT_MOREFRAG)) {
			if (i - begin + 1 < VALE_MAX_FRAGS)
				continue;
			k->cut = true;
		} else if (unlikely(k->cut)) {
			drop(k, VALE_DROP_FRAGS);
			k->cut = false;
		} else if (frame_is_good(k, &frag[begin], i - begin + 1, p->hdr_len)) {
			frag[begin].n = (uint16_t)(i - begin + 1);
		}
		begin = i + 1;
	}
	return begin;
}

static struct vale_kring *ring_to(struct vale_port *dst, unsigned r)
{
	return &dst->rx[r % dst->layout.shape.rx_rings];
}

/* Lossless: is there room for so many slots? If not, the client will tell. */
static bool has_room(const struct vale_port *dst, struct vale_kring *k, uint32_t slots)
{
	if (kring_room(dst, k) >= slots)
		return true;
	atomic_store_explicit(&k->ctl->wants_room, 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_seq_cst); /* pairs with the client's, see shm.h */
	return kring_room(dst, k) >= slots;
}

/* Lossless: can a frame of n slots go to port to, behind those that are in lists? */
static bool everybody_has_room(struct vale_core *core, const struct vale_port *src, unsigned r,
			       const struct vale_scratch *s, unsigned to, unsigned n)
{
	unsigned first = to == EVERYBODY ? 0 : to, end = to == EVERYBODY ? core->end : to + 1;

	for (unsigned d = first; d < end; d++) {
		struct vale_port *dst = core->ports[d];
		uint32_t need = s->list[d].slots + s->list[EVERYBODY].slots + n;

		if (dst && dst != src && !has_room(dst, ring_to(dst, r), need))
			return false;
	}
	return true;
}

static void list_add(struct vale_scratch *s, unsigned to, unsigned frame)
{
	if (s->list[to].first == FORWARD_NONE) {
		s->list[to].first = (uint16_t)frame;
		s->touched[s->n_touched++] = (uint8_t)to;
	} else {
		s->frag[s->list[to].last].next = (uint16_t)frame;
	}
	s->frag[frame].next = FORWARD_NONE;
	s->list[to].last = (uint16_t)frame;
	s->list[to].slots += s->frag[frame].n;
}

/* Learns the source of a frame, by its flags; who is to get it: a port, EVERYBODY, or a
 * negative -vale_drop - 1. */
static int destination(struct vale_core *core, struct vale_port *p, uint64_t to, uint64_t from,
		       uint16_t flags, uint32_t now_s)
{
	unsigned nr;

	if (unlikely((from != p->last_mac || now_s != p->last_mac_s) && table_is_station(from)) &&
	    !(flags & VALE_SLOT_NO_LEARN)) {
		table_learn(&core->table, from, p->nr, now_s);
		p->last_mac = from;
		p->last_mac_s = now_s;
	}
	if (core->n_ports < 2)
		return -(int)VALE_DROP_NOBODY - 1;
	if (table_is_group(to))
		return EVERYBODY;
	nr = table_find(&core->table, to, now_s);
	if (unlikely(nr == p->nr))
		return -(int)VALE_DROP_SELF - 1;
	return nr == TABLE_NO_PORT || !core->ports[nr] ? (int)EVERYBODY : (int)nr;
}

/* Where frames with certain addresses go. */
struct way {
	uint64_t to, from;
	uint16_t flags;
	int destination;
};

/* destination() of a frame; of several alike in a row it is asked once. */
static inline int way_of(struct vale_core *core, struct vale_port *p, struct way *last,
			 const struct vale_frag *frame, uint32_t now_s)
{
	const uint8_t *addresses = frame->data;
	uint64_t to, from;

	if (unlikely(p->hdr_len))
		addresses = frame_addresses(frame, frame->n, p->hdr_len);
	if (unlikely(!addresses))
		return -(int)VALE_DROP_SHORT - 1; /* edits have made it so */
	to = table_mac(addresses);
	from = table_mac(addresses + 6);

	if (unlikely(to != last->to || from != last->from || frame->flags != last->flags)) {
		last->to = to;
		last->from = from;
		last->flags = frame->flags;
		last->destination = destination(core, p, to, from, frame->flags, now_s);
	}
	return last->destination;
}

/* Sorts the frames of n slots into lists. How many slots may be taken. */
static unsigned classify(struct vale_core *core, struct vale_port *p, unsigned r,
			 struct vale_scratch *s, unsigned n, uint32_t now_s)
{
	struct way way = { .to = UINT64_MAX };
	struct vale_kring *k = &p->tx[r];
	uint64_t frames = 0, bytes = 0;
	unsigned i, step;

	for (i = 0; i < n; i += step) {
		struct vale_frag *f = &s->frag[i];
		enum vale_drop why;
		int to;

		step = f->n ? f->n : 1;
		if (unlikely(!f->n))
			continue;
		if (unlikely(k->sieve && !sieve_take(k->sieve, f, i, &why))) {
			drop(k, why);
			continue;
		}
		to = way_of(core, p, &way, f, now_s);
		if (unlikely(to < 0)) {
			drop(k, (enum vale_drop)(-to - 1));
			continue;
		}
		if (core->lossless && !everybody_has_room(core, p, r, s, (unsigned)to, f->n))
			break;
		list_add(s, (unsigned)to, i);
		frames++;
		bytes += frame_bytes(f);
	}
	counter_add(&k->frames, frames);
	counter_add(&k->bytes, bytes);
	return i;
}

/*
 * The same frame with a header of another length before it: empty, in a slot of its own, or none.
 * NULL: its header asks for what nobody has done yet, a checksum or cutting into pieces.
 */
static const struct vale_frag *change_header(struct vale_scratch *s, const struct vale_frag *f,
					     uint32_t hdr_len)
{
	static const uint8_t empty[VALE_MAX_HDR];
	struct vale_frag *to = s->changed;
	unsigned n = f->n, at = hdr_len ? 1 : 0;

	if (s->hdr_len && (f->data[0] & VALE_HDR_NEEDS_CSUM || f->data[1]))
		return NULL;
	memcpy(&to[at], f, n * sizeof(*f));
	if (f->len == s->hdr_len && n > 1) {
		n--;
		memmove(&to[at], &to[at + 1], n * sizeof(*f));
	} else {
		to[at].data += s->hdr_len;
		to[at].len = (uint16_t)(to[at].len - s->hdr_len);
	}
	if (at) {
		to[0].data = empty;
		to[0].len = (uint16_t)hdr_len;
	}
	to[0].n = (uint16_t)(n + at);
	return to[0].n <= VALE_MAX_FRAGS ? to : NULL;
}

/* Delivers what is for a port and what is for everybody, in the order in which it was sent, to
 * a ring with so many free slots. */
static void deliver(const struct vale_port *dst, struct vale_kring *k, uint32_t room,
		    struct vale_scratch *s)
{
	unsigned a = s->list[dst->nr].first, b = s->list[EVERYBODY].first;
	uint32_t pos = k->pos;
	uint64_t frames = 0, bytes = 0, full = 0, bad = 0;
	enum vale_drop why;

	while (a != FORWARD_NONE || b != FORWARD_NONE) {
		unsigned *next = a < b ? &a : &b; /* the end is greater than any */
		const struct vale_frag *f = &s->frag[*next];

		*next = f->next;
		if (unlikely(s->hdr_len != dst->hdr_len)) {
			f = change_header(s, f, dst->hdr_len);
			if (!f) {
				drop(k, VALE_DROP_OFFLOAD);
				continue;
			}
		}
		if (unlikely(k->sieve)) {
			f = sieve_give(k->sieve, f, &why);
			if (!f) {
				drop(k, why);
				continue;
			}
		}
		if (unlikely(f->n > room)) {
			full++; /* VALE's rule: who does not read loses, nobody waits */
			continue;
		}
		if (unlikely(!kring_put(dst, k, pos, f))) {
			bad++;
			continue;
		}
		if (unlikely(k->taps))
			vale_taps_put(k->taps, f);
		pos += f->n;
		pos -= pos >= k->n ? k->n : 0;
		room -= f->n;
		frames++;
		bytes += frame_bytes(f);
	}
	k->pos = pos;
	atomic_store_explicit(&k->is_half_full, room < k->n / 2, memory_order_relaxed);
	/* Pairs with the client's acquire: the slots before tail are written. */
	atomic_store_explicit(&k->ctl->tail, pos, memory_order_release);
	/* Zero-copy monitors want to know what is given back. */
	atomic_store_explicit(&k->ctl->wants_room, k->ztap != NULL, memory_order_relaxed);
	if (unlikely(k->taps))
		vale_taps_flush(k->taps);
	counter_add(&k->frames, frames);
	counter_add(&k->bytes, bytes);
	if (unlikely(full + bad)) {
		counter_add(&k->dropped[VALE_DROP_FULL], full);
		counter_add(&k->dropped[VALE_DROP_BAD_BUF], bad);
		counter_set(&k->ctl->dropped, counter_get(&k->dropped[VALE_DROP_FULL]) +
						      counter_get(&k->dropped[VALE_DROP_BAD_BUF]));
	}
}

/*
 * Free slots of a ring for frames that take so many. A receiver without room that is busy
 * reading is given a moment, above all if it wants the processor that we have: until half of
 * the ring is free, so that it is not for a few frames. One that does not use it gets it more
 * and more rarely, and while others wait to be forwarded a moment is short.
 */
static uint32_t wait_for_room(const struct vale_core *core, const struct vale_port *dst,
			      struct vale_kring *k, struct vale_scratch *s, uint32_t slots)
{
	uint32_t half = k->n / 2, room = kring_room(dst, k);
	uint64_t end;

	if (likely(room >= MIN(slots, half)) || !core->patience_ns || dst->is_ours)
		return room;
	if (k->no_wait) {
		k->no_wait--;
		return room;
	}
	end = time_now(CLOCK_MONOTONIC) + core->patience_ns / (s->others_wait ? SHARED : 1);
	while (room < half && patience_step_aside(&s->patience)) {
		room = kring_room(dst, k);
		if (time_now(CLOCK_MONOTONIC) >= end)
			break;
	}
	k->in_vain = room < half ? MIN(2 * k->in_vain + 1, MAX_NO_WAIT) : 0;
	k->no_wait = k->in_vain;
	return room;
}

static void deliver_locked(const struct vale_core *core, struct vale_port *dst, unsigned r,
			   struct vale_scratch *s)
{
	struct vale_kring *k = ring_to(dst, r);
	uint32_t slots = s->list[dst->nr].slots + s->list[EVERYBODY].slots;

	if (core->locked)
		(void)pthread_mutex_lock(&k->lock);
	deliver(dst, k, wait_for_room(core, dst, k, s, slots), s);
	if (core->locked)
		(void)pthread_mutex_unlock(&k->lock);
}

/* A receiver that has little yet, while more is to come, is woken later: waking takes longer
 * than forwarding a batch. */
static void wake_or_owe(struct vale_core *core, struct vale_kring *k, bool more)
{
	if (!more || atomic_load_explicit(&k->is_half_full, memory_order_relaxed)) {
		kring_wake(k);
		return;
	}
	atomic_store_explicit(&k->owes_wake, true, memory_order_relaxed);
	atomic_store_explicit(&core->owes_wake, true, memory_order_relaxed);
}

void vale_wake_owed(struct vale_core *core)
{
	if (!atomic_exchange_explicit(&core->owes_wake, false, memory_order_relaxed))
		return;
	/* Indices were published, now the flags are read: pairs with the client's fence. */
	atomic_thread_fence(memory_order_seq_cst);
	for (unsigned nr = 0; nr < core->end; nr++) {
		struct vale_port *p = core->ports[nr];

		for (unsigned r = 0; p && r < p->layout.shape.rx_rings; r++)
			if (atomic_exchange_explicit(&p->rx[r].owes_wake, false,
						     memory_order_relaxed))
				kring_wake(&p->rx[r]);
	}
}

/* Delivers what is in the lists. more: the ring has more behind it. */
static void deliver_all(struct vale_core *core, struct vale_port *src, unsigned r,
			struct vale_scratch *s, bool more)
{
	bool everybody = s->list[EVERYBODY].first != FORWARD_NONE;
	unsigned n = everybody ? core->end : s->n_touched;

	for (unsigned i = 0; i < n; i++) {
		struct vale_port *dst = core->ports[everybody ? i : s->touched[i]];

		if (dst && dst != src)
			deliver_locked(core, dst, r, s);
	}
	/* Indices are published, now the flags are read: pairs with the client's fence. */
	atomic_thread_fence(memory_order_seq_cst);
	for (unsigned i = 0; i < n; i++) {
		struct vale_port *dst = core->ports[everybody ? i : s->touched[i]];

		if (dst && dst != src)
			wake_or_owe(core, ring_to(dst, r), more);
	}
	for (unsigned i = 0; i < s->n_touched; i++) {
		s->list[s->touched[i]].first = FORWARD_NONE;
		s->list[s->touched[i]].slots = 0;
	}
	s->n_touched = 0;
}

/* Gives copies of the frames of n slots to those who monitor the ring. */
static void tap_sent(const struct vale_kring *k, const struct vale_scratch *s, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (s->frag[i].n)
			vale_taps_put(k->taps, &s->frag[i]);
	vale_taps_flush(k->taps);
}

/* Gives n slots back to the sender, which is woken when half of the ring is free: not for
 * each batch of a busy one. */
static void give_back(const struct vale_port *p, struct vale_kring *k, unsigned n)
{
	uint32_t head = atomic_load_explicit(&k->ctl->head, memory_order_relaxed), left;

	if (unlikely(k->ztap))
		vale_ztap_take(p, k, k->pos, n);
	k->pos += n;
	k->pos -= k->pos >= k->n ? k->n : 0;
	/* Pairs with the client's acquire: their contents are read. */
	atomic_store_explicit(&k->ctl->tail, cycle_before(k->pos, k->n), memory_order_release);
	atomic_thread_fence(memory_order_seq_cst); /* pairs with the client's, see shm.h */
	left = cycle_distance(k->pos, head, k->n);
	if (left <= k->n / 2)
		kring_wake(k);
}

unsigned vale_forward(struct vale_core *core, struct vale_port *p, unsigned r,
		      struct vale_scratch *s, uint32_t now_s)
{
	struct vale_kring *k = &p->tx[r];
	bool alone = core->lossless && core->locked; /* room that was seen has to stay */
	unsigned n = take(p, k, s->frag);
	const unsigned taken = n;

	if (!n)
		return 0;
	s->hdr_len = p->hdr_len;
	if (alone)
		(void)pthread_mutex_lock(&core->all);
	n = classify(core, p, r, s, n, now_s);
	if (s->n_touched)
		deliver_all(core, p, r, s, taken == FORWARD_BATCH);
	if (alone)
		(void)pthread_mutex_unlock(&core->all);
	if (unlikely(k->taps))
		tap_sent(k, s, n);
	if (n)
		give_back(p, k, n);
	return n;
}

unsigned vale_look_back(struct vale_core *core, struct vale_port *p)
{
	bool alone = core->lossless && core->locked;
	unsigned n = 0;

	for (unsigned r = 0; r < p->layout.shape.rx_rings; r++) {
		struct vale_kring *k = &p->rx[r];
		uint32_t before;

		if (!k->ztap)
			continue;
		if (alone)
			(void)pthread_mutex_lock(&core->all);
		if (core->locked)
			(void)pthread_mutex_lock(&k->lock);
		before = k->head;
		(void)kring_room(p, k);
		n += before != k->head;
		if (core->locked)
			(void)pthread_mutex_unlock(&k->lock);
		if (alone)
			(void)pthread_mutex_unlock(&core->all);
	}
	return n;
}

unsigned vale_take(struct vale_port *p, unsigned r, struct vale_frag frag[static FORWARD_BATCH])
{
	return take(p, &p->tx[r], frag);
}

void vale_give_back(struct vale_port *p, unsigned r, unsigned n)
{
	give_back(p, &p->tx[r], n);
}

/* As fragments for n slots. */
static void cut_packet(const struct weir_pkt *pkt, struct vale_frag *frag, unsigned n)
{
	uint32_t at = 0;

	for (unsigned i = 0; i < n; i++) {
		uint32_t len = MIN(pkt->len - at, VALE_BUF_SIZE);

		frag[i] = (struct vale_frag){ .data = pkt->data + at, .len = (uint16_t)len };
		at += len;
	}
	frag->n = (uint16_t)n;
}

/* Copies packets into free slots: how many. */
static unsigned receive_all(struct vale_port *p, struct vale_kring *k, const struct weir_pkt *pkts,
			    unsigned n)
{
	struct vale_frag frag[VALE_MAX_FRAGS];
	uint64_t frames = 0, bytes = 0;
	unsigned i;

	for (i = 0; i < n; i++) {
		uint32_t slots = cycle_slots_for(pkts[i].len);

		/* Longer than any frame may be, or not all of it is there. */
		if (unlikely(slots > MIN(VALE_MAX_FRAGS, k->n - 1) ||
			     pkts[i].len < pkts[i].orig_len)) {
			drop(k, VALE_DROP_FRAGS);
			continue;
		}
		if (!has_room(p, k, slots))
			break;
		cut_packet(&pkts[i], frag, slots);
		if (unlikely(!kring_put(p, k, k->pos, frag))) {
			drop(k, VALE_DROP_BAD_BUF);
			continue;
		}
		k->pos += slots;
		k->pos -= k->pos >= k->n ? k->n : 0;
		frames++;
		bytes += pkts[i].len;
	}
	counter_add(&k->frames, frames);
	counter_add(&k->bytes, bytes);
	return i;
}

unsigned vale_receive(struct vale_port *p, unsigned r, const struct weir_pkt *pkts, unsigned n)
{
	struct vale_kring *k = &p->rx[r];
	unsigned done = receive_all(p, k, pkts, n);

	/* Pairs with the client's acquire: the slots before tail are written. */
	atomic_store_explicit(&k->ctl->tail, k->pos, memory_order_release);
	if (done == n)
		atomic_store_explicit(&k->ctl->wants_room, 0, memory_order_relaxed);
	/* The index is published, now the flag is read: pairs with the client's fence. */
	atomic_thread_fence(memory_order_seq_cst);
	kring_wake(k);
	return done;
}
