/* SPDX-License-Identifier: BSD-2-Clause */
#include "vale/tap.h"

#include "vale/kring.h"

static void lock(const struct vale_tap *tap)
{
	if (tap->locked)
		(void)pthread_mutex_lock(&tap->to->lock);
}

static void unlock(const struct vale_tap *tap)
{
	if (tap->locked)
		(void)pthread_mutex_unlock(&tap->to->lock);
}

static void count_full(struct vale_kring *k)
{
	counter_add(&k->dropped[VALE_DROP_FULL], 1);
	counter_set(&k->ctl->dropped, counter_get(&k->dropped[VALE_DROP_FULL]));
}

static void advance(struct vale_kring *k, uint32_t n)
{
	k->pos += n;
	k->pos -= k->pos >= k->n ? k->n : 0;
}

static void count_frame(struct vale_kring *k, uint64_t bytes)
{
	counter_add(&k->frames, 1);
	counter_add(&k->bytes, bytes);
}

static void put(const struct vale_tap *tap, const struct vale_frag *frame)
{
	struct vale_kring *k = tap->to;

	lock(tap);
	if (kring_room(tap->port, k) < frame->n) {
		count_full(k);
	} else if (kring_put(tap->port, k, k->pos, frame)) {
		advance(k, frame->n);
		count_frame(k, frame_bytes(frame));
	} else {
		counter_add(&k->dropped[VALE_DROP_BAD_BUF], 1);
	}
	unlock(tap);
}

void vale_taps_put(struct vale_tap *taps, const struct vale_frag *frame)
{
	for (; taps; taps = taps->next)
		put(taps, frame);
}

static void flush(const struct vale_tap *tap)
{
	struct vale_kring *k = tap->to;

	lock(tap);
	/* Pairs with the client's acquire: the slots before tail are written. */
	atomic_store_explicit(&k->ctl->tail, k->pos, memory_order_release);
	atomic_thread_fence(memory_order_seq_cst); /* pairs with the client's, see shm.h */
	kring_wake(k);
	unlock(tap);
}

void vale_taps_flush(struct vale_tap *taps)
{
	for (; taps; taps = taps->next)
		flush(taps);
}

/* Reads a slot; false: it names nothing that there is. */
static bool read_slot(const struct vale_port *p, const struct vale_slot *slot,
		      struct vale_frag *ret_frag)
{
	const union slot_word w = slot_read(slot);

	ret_frag->len = w.len;
	ret_frag->flags = w.flags;
	ret_frag->data = w.flags & VALE_SLOT_INDIRECT ? kring_arena(&p->arena, slot, w.len)
						      : kring_buffer(p, w.buf_idx);
	return ret_frag->data && w.len <= VALE_BUF_SIZE;
}

/* The frame from slot pos on, of n slots at most: how many it has, 0: none, or it has no end.
 * *ret_good: it can be copied. */
static uint32_t read_frame(const struct vale_port *p, const struct vale_kring *k, uint32_t pos,
			   uint32_t n, struct vale_frag frags[VALE_MAX_FRAGS], bool *ret_good)
{
	*ret_good = true;
	for (uint32_t i = 0; i < MIN(n, VALE_MAX_FRAGS); i++) {
		*ret_good = read_slot(p, &k->slots[pos], &frags[i]) && *ret_good;
		pos = cycle_next(pos, k->n);
		if (!(frags[i].flags & VALE_SLOT_MOREFRAG)) {
			frags->n = (uint16_t)(i + 1);
			return i + 1;
		}
	}
	return 0;
}

void vale_taps_copy(struct vale_tap *taps, const struct vale_port *p, const struct vale_kring *k,
		    uint32_t from, uint32_t n)
{
	struct vale_frag frags[VALE_MAX_FRAGS];
	uint32_t step;
	bool good;

	for (; n; n -= step) {
		step = read_frame(p, k, from, n, frags, &good);
		if (!step)
			break;
		if (good)
			vale_taps_put(taps, frags);
		from = (from + step) % k->n;
	}
	vale_taps_flush(taps);
}

/* Puts the buffer of a slot into the monitor's slot, and that one's in its place. What lies
 * elsewhere is copied. False: the monitor's slot has no buffer. */
static bool exchange(const struct vale_tap *tap, struct vale_slot *slot, uint32_t pos,
		     const struct vale_frag *frag, unsigned n_frags)
{
	struct vale_slot *mine = &tap->to->slots[pos];
	const union slot_word theirs = slot_read(slot), old = slot_read(mine);
	union slot_word now = theirs, got = old;
	uint8_t *buf = kring_buffer(tap->port, old.buf_idx);

	if (!buf)
		return false;
	if (frag->flags & VALE_SLOT_INDIRECT) {
		copy_ahead(buf, frag->data, frag->len, VALE_BUF_SIZE);
	} else {
		got.buf_idx = theirs.buf_idx;
		now.buf_idx = old.buf_idx;
		now.flags = theirs.flags | VALE_SLOT_BUF_CHANGED;
		slot_write(slot, theirs, now);
	}
	got.len = frag->len;
	got.flags = (uint16_t)(n_frags << VALE_SLOT_FRAGS_SHIFT | VALE_SLOT_BUF_CHANGED |
			       (frag->flags & VALE_SLOT_MOREFRAG));
	slot_write(mine, old, got);
	return true;
}

/* A frame of n slots. */
static void take_frame(const struct vale_tap *tap, const struct vale_kring *k, uint32_t from,
		       const struct vale_frag *frags, uint32_t n)
{
	struct vale_kring *to = tap->to;
	uint32_t pos = to->pos;
	uint64_t bytes = 0;

	if (kring_room(tap->port, to) < n) {
		count_full(to);
		return;
	}
	for (uint32_t i = 0; i < n; i++) {
		if (!exchange(tap, &k->slots[from], pos, &frags[i], n)) {
			counter_add(&to->dropped[VALE_DROP_BAD_BUF], 1);
			return;
		}
		bytes += frags[i].len;
		from = cycle_next(from, k->n);
		pos = cycle_next(pos, to->n);
	}
	to->pos = pos;
	count_frame(to, bytes);
}

void vale_ztap_take(const struct vale_port *p, const struct vale_kring *k, uint32_t from,
		    uint32_t n)
{
	const struct vale_tap *tap = k->ztap;
	struct vale_frag frags[VALE_MAX_FRAGS];
	uint32_t step;
	bool good;

	lock(tap);
	for (; n; n -= step) {
		step = read_frame(p, k, from, n, frags, &good);
		if (!step)
			break;
		if (good)
			take_frame(tap, k, from, frags, step);
		from = (from + step) % k->n;
	}
	unlock(tap);
	flush(tap);
}
