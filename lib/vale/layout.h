/* SPDX-License-Identifier: BSD-2-Clause */
/* Where things lie in the memory of a port (shm.h), computed from its shape. Pure. */
#ifndef VALE_LAYOUT_H
#define VALE_LAYOUT_H

#include <weir/err.h>

#include "vale/shm.h"

/* What a port consists of. */
struct vale_shape {
	uint32_t tx_rings, rx_rings;
	uint32_t tx_slots, rx_slots; /* of each ring */
	uint32_t extra_bufs;
};

struct vale_layout {
	struct vale_shape shape;
	size_t ring_at, ring_size; /* bytes: of ring 0 from the start; of each ring */
	size_t bufs_at;
	uint32_t n_bufs;
	size_t size;	 /* of the region, whole pages */
	size_t ctl_size; /* of the control page(s) */
};

/* -EINVAL with a text if there can be no such port. */
int vale_layout_of(const struct vale_shape *shape, struct vale_layout *ret_layout,
		   struct weir_err *err);

/* Ring i: those to send, then those to receive. */
static inline struct vale_ring *vale_layout_ring(const struct vale_layout *l, void *mem, unsigned i)
{
	return (struct vale_ring *)(void *)((uint8_t *)mem + l->ring_at + i * l->ring_size);
}

static inline uint32_t vale_layout_slots(const struct vale_layout *l, unsigned i)
{
	return i < l->shape.tx_rings ? l->shape.tx_slots : l->shape.rx_slots;
}

/* The buffer that slot 0 of ring i has to begin with; those of the others follow. */
uint32_t vale_layout_first_buf(const struct vale_layout *l, unsigned i);

/* Writes the rings and the chain of extra buffers into zeroed memory, and the indices into
 * the control page: nothing is handed over yet. name is cut to what fits. */
void vale_layout_format(const struct vale_layout *l, void *mem, struct vale_ctl *ctl,
			const char *name);

#endif
