/* SPDX-License-Identifier: BSD-2-Clause */
#include "netmap/ring.h"

#include <string.h>

#include "base/time.h"

static inline uint32_t load(const uint32_t *p)
{
	return __atomic_load_n(p, __ATOMIC_RELAXED);
}

static inline void store(uint32_t *p, uint32_t value)
{
	__atomic_store_n(p, value, __ATOMIC_RELAXED);
}

static bool has_buffer(const struct nm_ring *k, uint32_t idx)
{
	return idx >= VALE_FIRST_BUF && idx < k->n_bufs;
}

/* Puts slots right that could not be: how many. */
static unsigned repair_slots(struct nm_ring *k)
{
	unsigned wrong = 0;

	for (uint32_t i = 0; i < k->n; i++) {
		struct vale_slot *slot = &k->ring->slot[i];

		if (!has_buffer(k, slot->buf_idx)) {
			slot->buf_idx = 0;
			slot->len = 0;
			wrong++;
		} else if (slot->len > VALE_BUF_SIZE) {
			slot->len = 0;
			wrong++;
		}
	}
	return wrong;
}

/* As netmap does it: where nothing is out of its bounds by itself, the ring stays as it is. */
static bool reinit(struct nm_ring *k, uint32_t hwcur, uint32_t hwtail)
{
	struct vale_ring *ring = k->ring;
	bool wrong =
		load(&ring->head) >= k->n || load(&ring->cur) >= k->n || load(&ring->tail) >= k->n;

	if (repair_slots(k) || wrong) {
		store(&ring->head, hwcur);
		store(&ring->cur, hwcur);
		store(&ring->tail, hwtail);
	}
	return false;
}

/* Are hwcur <= head <= cur <= hwtail, going round? */
static bool in_order(const struct nm_ring *k, uint32_t hwcur, uint32_t head, uint32_t cur,
		     uint32_t hwtail)
{
	uint32_t n = k->n;

	return head < n && cur < n &&
	       cycle_distance(hwcur, head, n) <= cycle_distance(hwcur, cur, n) &&
	       cycle_distance(hwcur, cur, n) <= cycle_distance(hwcur, hwtail, n);
}

/* A switch cannot read where the bytes of such a slot lie. */
static void make_direct(struct nm_ring *k, struct vale_slot *slot)
{
	if (has_buffer(k, slot->buf_idx) && slot->len <= VALE_BUF_SIZE)
		memcpy(k->bufs + (size_t)slot->buf_idx * VALE_BUF_SIZE,
		       (const void *)(uintptr_t)slot->ptr, slot->len);
}

static bool prepare_to_send(struct nm_ring *k, uint32_t from, uint32_t to)
{
	for (uint32_t i = from; i != to; i = cycle_next(i, k->n)) {
		struct vale_slot *slot = &k->ring->slot[i];

		if (likely(!(slot->flags & (VALE_SLOT_BUF_CHANGED | VALE_SLOT_INDIRECT))))
			continue;
		if (slot->flags & VALE_SLOT_INDIRECT)
			make_direct(k, slot);
		slot->flags &= (uint16_t) ~(VALE_SLOT_BUF_CHANGED | VALE_SLOT_INDIRECT);
	}
	return true;
}

/* Of a pipe: slots become the other end's. False: one of them has no buffer. */
static bool pass_on(struct nm_ring *k, uint32_t from, uint32_t to)
{
	for (uint32_t i = from; i != to; i = cycle_next(i, k->n)) {
		struct vale_slot *slot = &k->ring->slot[i];

		if (unlikely(!has_buffer(k, slot->buf_idx)))
			return false;
		k->peer[i] = *slot;
		if (unlikely(slot->flags & VALE_SLOT_BUF_CHANGED))
			slot->flags &= (uint16_t)~VALE_SLOT_BUF_CHANGED;
	}
	return true;
}

/* Slots that the program gives back. False: one of them has no buffer. */
static bool prepare_to_return(struct nm_ring *k, uint32_t from, uint32_t to)
{
	for (uint32_t i = from; i != to; i = cycle_next(i, k->n)) {
		struct vale_slot *slot = &k->ring->slot[i];

		if (unlikely(!has_buffer(k, slot->buf_idx)))
			return false;
		if (likely(!(slot->flags & VALE_SLOT_BUF_CHANGED)))
			continue;
		slot->flags &= (uint16_t)~VALE_SLOT_BUF_CHANGED;
		if (k->peer) {
			k->peer[i].buf_idx = slot->buf_idx;
			k->peer[i].flags = VALE_SLOT_BUF_CHANGED;
		}
	}
	return true;
}

static void stamp(struct vale_ring *ring)
{
	uint64_t now = time_now(CLOCK_REALTIME);

	ring->ts_sec = (int64_t)(now / NSEC_PER_SEC);
	ring->ts_usec = (int64_t)(now % NSEC_PER_SEC / NSEC_PER_USEC);
}

static bool hand_over(struct nm_ring *k, uint32_t from, uint32_t to)
{
	if (!k->sends)
		return prepare_to_return(k, from, to);
	return k->peer ? pass_on(k, from, to) : prepare_to_send(k, from, to);
}

static bool sync_ring(struct nm_ring *k)
{
	struct vale_ring *ring = k->ring;
	uint32_t hwcur = vale_link_told(&k->link), hwtail = vale_link_limit(&k->link, hwcur);
	uint32_t head = load(&ring->head), cur = load(&ring->cur), was = load(&ring->tail);

	if (unlikely(!in_order(k, hwcur, head, cur, hwtail)))
		return reinit(k, hwcur, hwtail);
	if (head != hwcur) {
		if (!hand_over(k, hwcur, head))
			return reinit(k, hwcur, hwtail);
		vale_link_tell(&k->link, head);
	}
	hwtail = vale_link_limit(&k->link, head);
	if (hwtail != was) {
		if (!k->sends)
			stamp(ring);
		store(&ring->tail, hwtail);
	}
	return true;
}

bool nm_ring_sync(struct nm_ring *k)
{
	bool right;

	if (atomic_flag_test_and_set_explicit(&k->busy, memory_order_acquire))
		return true;
	right = sync_ring(k);
	atomic_flag_clear_explicit(&k->busy, memory_order_release);
	return right;
}
