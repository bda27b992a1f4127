/* SPDX-License-Identifier: BSD-2-Clause */
/* What forwarding (forward.h) and monitors (tap.h) do with rings and slots. */
#ifndef VALE_KRING_H
#define VALE_KRING_H

#include <unistd.h>

#include "base/copy.h"
#include "base/macros.h"
#include "vale/cycle.h"
#include "vale/forward.h"
#include "vale/tap.h"

/* The first eight bytes of a slot, which are read and written as one. */
union slot_word {
	uint64_t word;
	struct {
		uint32_t buf_idx;
		uint16_t len;
		uint16_t flags;
	};
};

static inline union slot_word slot_read(const struct vale_slot *slot)
{
	return (union slot_word){ .word = __atomic_load_n((const uint64_t *)(const void *)slot,
							  __ATOMIC_RELAXED) };
}

/* What it says already is not written: the client keeps its copy of the line. */
static inline void slot_write(struct vale_slot *slot, union slot_word old, union slot_word w)
{
	if (w.word != old.word)
		__atomic_store_n((uint64_t *)(void *)slot, w.word, __ATOMIC_RELAXED);
}

/* The buffer of that number, or NULL if the client has none. */
static inline uint8_t *kring_buffer(const struct vale_port *p, uint32_t idx)
{
	if (unlikely(idx - VALE_FIRST_BUF >= p->layout.in.n_bufs - VALE_FIRST_BUF))
		return NULL;
	return p->bufs + (size_t)idx * VALE_BUF_SIZE;
}

/* Where the bytes of a slot lie that points into the client's arena; NULL: not in it. */
static inline const uint8_t *kring_arena(const struct vale_arena *a, const struct vale_slot *slot,
					 uint32_t len)
{
	uint64_t off = __atomic_load_n(&slot->ptr, __ATOMIC_RELAXED) - a->address;

	if (unlikely(!a->mem || off > a->size || len > a->size - off))
		return NULL;
	return a->mem + off;
}

static inline uint64_t frame_bytes(const struct vale_frag *f)
{
	uint64_t bytes = 0;

	for (unsigned j = 0; j < f->n; j++)
		bytes += f[j].len;
	return bytes;
}

/* Free slots of a ring to receive. */
static inline uint32_t kring_room(const struct vale_port *p, struct vale_kring *k)
{
	/* Pairs with the client's release: it has done with the slots before head. */
	uint32_t head = atomic_load_explicit(&k->ctl->head, memory_order_acquire);
	uint32_t used = cycle_distance(k->head, k->pos, k->n);
	uint32_t left = cycle_distance(head, k->pos, k->n);

	if (unlikely(head >= k->n || left > used)) {
		counter_add(&k->bad_index, 1);
		return k->n - 1 - used;
	}
	if (unlikely(k->ztap) && head != k->head)
		vale_ztap_take(p, k, k->head, cycle_distance(k->head, head, k->n));
	k->head = head;
	return k->n - 1 - left;
}

/* Copies a frame into the slots from pos on. False: a slot has no buffer. */
static inline bool kring_put(const struct vale_port *dst, const struct vale_kring *k, uint32_t pos,
			     const struct vale_frag *f)
{
	for (unsigned j = 0; j < f->n; j++) {
		struct vale_slot *slot = &k->slots[pos];
		const union slot_word old = slot_read(slot);
		uint8_t *buf = kring_buffer(dst, old.buf_idx);
		union slot_word w = old;

		if (unlikely(!buf))
			return false;
		copy_ahead(buf, f[j].data, f[j].len, VALE_BUF_SIZE);
		w.len = f[j].len;
		w.flags = (uint16_t)(f->n << VALE_SLOT_FRAGS_SHIFT |
				     (j + 1 < f->n ? VALE_SLOT_MOREFRAG : 0));
		slot_write(slot, old, w);
		pos = cycle_next(pos, k->n);
	}
	return true;
}

/* Wakes the client of a ring if it sleeps. */
static inline void kring_wake(const struct vale_kring *k)
{
	if (!atomic_load_explicit(&k->ctl->sleeps, memory_order_relaxed))
		return;
	atomic_store_explicit(&k->ctl->sleeps, 0, memory_order_relaxed);
	/* A full pipe wakes as well; one that is gone hangs up its connection, too. */
	for (unsigned i = 0; i < k->n_wakes; i++)
		if (write(k->wakes[i], "", 1) < 0)
			continue;
}

#endif
