/* SPDX-License-Identifier: BSD-2-Clause */
#include "vale/layout.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/err.h"
#include "base/macros.h"

static_assert(sizeof(struct vale_if) + (2 * VALE_MAX_RINGS + 2) * sizeof(int64_t) <= VALE_IF_SIZE,
	      "all rings are told");

static size_t whole_pages(size_t size)
{
	return (size + VALE_PAGE - 1) & ~(size_t)(VALE_PAGE - 1);
}

int vale_shape_check(const struct vale_shape *s, struct weir_err *err)
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

uint32_t vale_ring_pages(const struct vale_shape *s)
{
	return (uint32_t)(whole_pages(sizeof(struct vale_ring) +
				      MAX(s->tx_slots, s->rx_slots) * sizeof(struct vale_slot)) /
			  VALE_PAGE);
}

uint32_t vale_ring_bufs(const struct vale_shape *s)
{
	return s->tx_rings * s->tx_slots + s->rx_rings * s->rx_slots;
}

struct vale_region vale_region_of(const struct vale_shape *s, unsigned n_pipes)
{
	struct vale_region r = {
		.rings_at = whole_pages((size_t)VALE_MAX_IFS * VALE_IF_SIZE),
		.n_pages = (s->tx_rings + s->rx_rings + n_pipes * VALE_PIPE_RINGS) *
			   vale_ring_pages(s),
		.n_bufs = VALE_FIRST_BUF + vale_ring_bufs(s) + s->extra_bufs +
			  n_pipes * 2 * MAX(s->tx_slots, s->rx_slots),
	};

	r.bufs_at = r.rings_at + (size_t)r.n_pages * VALE_PAGE;
	r.size = whole_pages(r.bufs_at + (size_t)r.n_bufs * VALE_BUF_SIZE);
	return r;
}

size_t vale_ctl_size(unsigned n_rings)
{
	return whole_pages(sizeof(struct vale_ctl) + n_rings * sizeof(struct vale_ctl_ring));
}

uint32_t vale_layout_first_buf(const struct vale_layout *l, unsigned i)
{
	const struct vale_shape *s = &l->shape;

	if (i < s->tx_rings)
		return l->first_buf + i * s->tx_slots;
	return l->first_buf + s->tx_rings * s->tx_slots + (i - s->tx_rings) * s->rx_slots;
}

void vale_format_ring(const struct vale_region *in, void *mem, const struct vale_ring_format *f)
{
	struct vale_ring *ring = (void *)((uint8_t *)mem + f->at);

	*ring = (struct vale_ring){
		.buf_ofs = (int64_t)in->bufs_at - (int64_t)f->at,
		.num_slots = f->n_slots,
		.buf_size = VALE_BUF_SIZE,
		.ringid = f->ringid,
		.dir = f->dir,
		.tail = f->dir ? 0 : f->n_slots - 1,
	};
	for (uint32_t s = 0; s < f->n_slots; s++)
		ring->slot[s] = (struct vale_slot){ .buf_idx = f->first_buf + s };
}

void vale_layout_format(const struct vale_layout *l, void *mem, struct vale_ctl *ctl)
{
	const struct vale_shape *s = &l->shape;

	for (unsigned i = 0; i < s->tx_rings + s->rx_rings; i++) {
		bool receives = i >= s->tx_rings;
		const struct vale_ring_format f = {
			.at = l->ring_at + i * l->ring_size,
			.ringid = (uint16_t)(receives ? i - s->tx_rings : i),
			.dir = receives,
			.n_slots = vale_layout_slots(l, i),
			.first_buf = vale_layout_first_buf(l, i),
		};

		vale_format_ring(&l->in, mem, &f);
		atomic_store_explicit(&ctl->ring[i].tail, receives ? 0 : s->tx_slots - 1,
				      memory_order_relaxed);
	}
}

void vale_layout_format_if(const struct vale_layout *l, void *mem, const char *name,
			   uint32_t tx_mask, uint32_t rx_mask)
{
	const struct vale_shape *s = &l->shape;
	struct vale_if *nif = (void *)((uint8_t *)mem + l->if_at);

	*nif = (struct vale_if){
		.version = VALE_API_VERSION,
		.tx_rings = s->tx_rings,
		.rx_rings = s->rx_rings,
		.host_tx_rings = 1, /* always told, never there */
		.host_rx_rings = 1,
	};
	(void)snprintf(nif->name, sizeof(nif->name), "%s", name); /* cut, as netmap's */
	for (unsigned i = 0; i < s->tx_rings + s->rx_rings + 2; i++) {
		bool receives = i > s->tx_rings;
		unsigned ring = receives ? i - 1 : i; /* one place is the host's */
		bool mine = receives ? rx_mask >> (ring - s->tx_rings) & 1 : tx_mask >> ring & 1;

		nif->ring_ofs[i] = 0;
		if (i != s->tx_rings && ring < s->tx_rings + s->rx_rings && mine)
			nif->ring_ofs[i] =
				(int64_t)(l->ring_at + ring * l->ring_size) - (int64_t)l->if_at;
	}
}
