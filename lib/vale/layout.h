/* SPDX-License-Identifier: BSD-2-Clause */
/* Where things lie in the memory of ports (shm.h), computed from their shapes. Pure. */
#ifndef VALE_LAYOUT_H
#define VALE_LAYOUT_H

#include <weir/err.h>

#include "vale/shm.h"

#define VALE_PAGE 4096u
/* Bytes of a vale_if with as many rings as there can be. */
#define VALE_IF_SIZE 384u
/* Connections that a region can have: each has a vale_if. */
#define VALE_MAX_IFS	128u
#define VALE_MAX_PIPES	64u
#define VALE_PIPE_RINGS 4u

/* What a port consists of. */
struct vale_shape {
	uint32_t tx_rings, rx_rings;
	uint32_t tx_slots, rx_slots; /* of each ring */
	uint32_t extra_bufs;
};

/* A region: memory of a port and of what belongs to it. */
struct vale_region {
	size_t rings_at; /* pages of rings */
	uint32_t n_pages;
	size_t bufs_at;
	uint32_t n_bufs;
	size_t size; /* whole pages */
};

/* A port in a region. */
struct vale_layout {
	struct vale_shape shape;
	struct vale_region in;
	size_t if_at;		   /* of a connection */
	size_t ring_at, ring_size; /* bytes: of ring 0; of each ring, the next one follows */
	uint32_t first_buf; /* of ring 0; those of the others follow. 0: they are scattered */
	size_t ctl_size;    /* of the control page(s) */
};

/* -EINVAL with a text if there can be no such port. */
int vale_shape_check(const struct vale_shape *shape, struct weir_err *err);

/* Pages that a ring takes in a port of that shape. */
uint32_t vale_ring_pages(const struct vale_shape *shape);
/* Buffers of all rings. */
uint32_t vale_ring_bufs(const struct vale_shape *shape);

/* A region for a port with its extra buffers, and with room for so many pipes or as much of other
 * things. The shape is right. */
struct vale_region vale_region_of(const struct vale_shape *shape, unsigned n_pipes);

/* Bytes of the control page(s) of so many rings. */
size_t vale_ctl_size(unsigned n_rings);

/* Ring i: those to send, then those to receive. Of a pipe: see shm.h. */
static inline struct vale_ring *vale_layout_ring(const struct vale_layout *l, void *mem, unsigned i)
{
	return (struct vale_ring *)(void *)((uint8_t *)mem + l->ring_at + i * l->ring_size);
}

/* The ring of a pipe whose slots are on the way that leads from an end. */
static inline unsigned vale_pipe_ring(unsigned end)
{
	return end ? 1 : 3;
}

static inline uint32_t vale_layout_slots(const struct vale_layout *l, unsigned i)
{
	return i < l->shape.tx_rings ? l->shape.tx_slots : l->shape.rx_slots;
}

/* The buffer that slot 0 of ring i has to begin with; those of the others follow. */
uint32_t vale_layout_first_buf(const struct vale_layout *l, unsigned i);

/* Writes a ring: place is the offset of where it is from the start of mem. Its slots name
 * buffers from first_buf on. */
struct vale_ring_format {
	size_t at;
	uint16_t ringid;
	uint16_t dir; /* 0: to send, 1: to receive */
	uint32_t n_slots;
	uint32_t first_buf;
};
void vale_format_ring(const struct vale_region *in, void *mem, const struct vale_ring_format *f);

/* Writes the rings of a port, and the indices into the zeroed control page: nothing is handed
 * over yet. */
void vale_layout_format(const struct vale_layout *l, void *mem, struct vale_ctl *ctl);

/* Writes the vale_if of a connection that has opened the rings of a port whose bits are set.
 * name is cut to what fits. */
void vale_layout_format_if(const struct vale_layout *l, void *mem, const char *name,
			   uint32_t tx_mask, uint32_t rx_mask);

/* The first bytes of a buffer, where the number of the next one of a chain stands. */
static inline uint32_t *vale_chain_at(const struct vale_region *in, void *mem, uint32_t buf)
{
	return (uint32_t *)(void *)((uint8_t *)mem + in->bufs_at + (size_t)buf * VALE_BUF_SIZE);
}

#endif
