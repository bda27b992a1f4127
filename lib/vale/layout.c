/* SPDX-License-Identifier: BSD-2-Clause */
#include "vale/layout.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/err.h"
#include "base/macros.h"

#define PAGE 4096u

static size_t whole_pages(size_t size)
{
	return (size + PAGE - 1) & ~(size_t)(PAGE - 1);
}

static int check_shape(const struct vale_shape *s, struct weir_err *err)
{
	if (!s->tx_rings || !s->rx_rings || MAX(s->tx_rings, s->rx_rings) > VALE_MAX_RINGS)
		return err_set(err, -EINVAL, "%u rings to send and %u to receive: 1 to %u can be",
			       s->tx_rings, s->rx_rings, VALE_MAX_RINGS);
	if (MIN(s->tx_slots, s->rx_slots) < VALE_MIN_SLOTS ||
	    MAX(s->tx_slots, s->rx_slots) > VALE_MAX_SLOTS)
		return err_set(err, -EINVAL, "%u slots to send and %u to receive: %u to %u can be",
			       s->tx_slots, s->rx_slots, VALE_MIN_SLOTS, VALE_MAX_SLOTS);
	if (s->extra_bufs > VALE_MAX_EXTRA)
		return err_set(err, -EINVAL, "%u extra buffers are more than %u", s->extra_bufs,
			       VALE_MAX_EXTRA);
	return 0;
}

int vale_layout_of(const struct vale_shape *shape, struct vale_layout *ret_layout,
		   struct weir_err *err)
{
	struct vale_layout l = { .shape = *shape };
	size_t n_rings, offsets;
	int r = check_shape(shape, err);

	if (r < 0)
		return r;
	n_rings = shape->tx_rings + shape->rx_rings;
	offsets = (n_rings + 2) * sizeof(int64_t); /* two for the host's, which are none */
	l.ring_at = whole_pages(sizeof(struct vale_if) + offsets);
	l.ring_size = whole_pages(sizeof(struct vale_ring) +
				  MAX(shape->tx_slots, shape->rx_slots) * sizeof(struct vale_slot));
	l.bufs_at = l.ring_at + n_rings * l.ring_size;
	l.n_bufs = VALE_FIRST_BUF + shape->tx_rings * shape->tx_slots +
		   shape->rx_rings * shape->rx_slots + shape->extra_bufs;
	l.size = whole_pages(l.bufs_at + (size_t)l.n_bufs * VALE_BUF_SIZE);
	l.ctl_size = whole_pages(sizeof(struct vale_ctl) + n_rings * sizeof(struct vale_ctl_ring));
	*ret_layout = l;
	return 0;
}

uint32_t vale_layout_first_buf(const struct vale_layout *l, unsigned i)
{
	const struct vale_shape *s = &l->shape;

	if (i < s->tx_rings)
		return VALE_FIRST_BUF + i * s->tx_slots;
	return VALE_FIRST_BUF + s->tx_rings * s->tx_slots + (i - s->tx_rings) * s->rx_slots;
}

static void format_ring(const struct vale_layout *l, void *mem, unsigned i)
{
	struct vale_ring *ring = vale_layout_ring(l, mem, i);
	bool receives = i >= l->shape.tx_rings;
	uint32_t buf = vale_layout_first_buf(l, i);

	ring->buf_ofs = (int64_t)l->bufs_at - (int64_t)(l->ring_at + i * l->ring_size);
	ring->num_slots = vale_layout_slots(l, i);
	ring->buf_size = VALE_BUF_SIZE;
	ring->ringid = (uint16_t)(receives ? i - l->shape.tx_rings : i);
	ring->dir = receives;
	ring->tail = receives ? 0 : ring->num_slots - 1;
	for (uint32_t s = 0; s < ring->num_slots; s++)
		ring->slot[s].buf_idx = buf + s;
}

void vale_layout_format(const struct vale_layout *l, void *mem, struct vale_ctl *ctl,
			const char *name)
{
	const struct vale_shape *s = &l->shape;
	struct vale_if *nif = mem;
	uint32_t next = 0;

	(void)snprintf(nif->name, sizeof(nif->name), "%s", name); /* cut, as netmap's */
	nif->version = VALE_API_VERSION;
	nif->tx_rings = s->tx_rings;
	nif->rx_rings = s->rx_rings;
	nif->host_tx_rings = nif->host_rx_rings = 1; /* always told, never there */
	for (unsigned i = 0; i < s->tx_rings + s->rx_rings; i++) {
		unsigned place = i < s->tx_rings ? i : i + 1;

		nif->ring_ofs[place] = (int64_t)(l->ring_at + i * l->ring_size);
		format_ring(l, mem, i);
		atomic_store_explicit(&ctl->ring[i].tail, i < s->tx_rings ? s->tx_slots - 1 : 0,
				      memory_order_relaxed);
	}
	for (uint32_t i = 0; i < s->extra_bufs; i++) {
		uint32_t buf = l->n_bufs - 1 - i;

		*(uint32_t *)(void *)((uint8_t *)mem + l->bufs_at + (size_t)buf * VALE_BUF_SIZE) =
			next;
		next = buf;
	}
	nif->bufs_head = next;
}
