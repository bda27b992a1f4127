/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A region of memory that the ports of one family share (shm.h): who has which part of it.
 *
 * It has a fixed size, with room for more than the port that it was made for; pages that are
 * not used take no memory. The parts are handed out by the switch. What clients have written
 * there is not believed when they are taken back: a buffer is free again if it is one, if it
 * was not free, and if no ring has it. Whoever can write to a region can do harm to all in
 * it, but not to anybody else.
 */
#ifndef VALE_POOL_H
#define VALE_POOL_H

#include <stdbool.h>
#include <sys/types.h>

#include "vale/layout.h"

/* Things that are handed out by number. */
struct pool_set {
	uint64_t *used; /* a bit each */
	uint32_t n, n_free;
};

struct pool {
	uint32_t id; /* netmap's mem_id */
	uid_t uid;
	unsigned refs;
	int fd;
	uint8_t *mem;
	struct vale_region in;
	struct pool_set ifs, pages, bufs;
	uint32_t *slots_at; /* of the ring that begins at a page: slots; 0: none does */
};

/* Makes a region that nobody has: pool_unref() after the first pool_ref() frees it. */
int pool_new(const struct vale_region *in, struct pool **ret_pool, struct weir_err *err);
struct pool *pool_ref(struct pool *pool);
/* NULL is allowed. Returns NULL. */
struct pool *pool_unref(struct pool *pool);

/* Takes n_rings rings of l->ring_size bytes in a row, and n_bufs buffers in a row: l says where
 * from then on. If there are as many buffers, but in no row, l->first_buf is 0, and they are to
 * be taken by pool_fill_slots() when the rings are formatted. -ENOMEM: there is no room. */
int pool_take_rings(struct pool *pool, unsigned n_rings, uint32_t n_bufs, struct vale_layout *l,
		    struct weir_err *err);

/* Takes buffers for n slots; also: slots that are to have the same, or NULL. */
void pool_fill_slots(struct pool *pool, struct vale_slot *slots, struct vale_slot *also,
		     uint32_t n);

/* From now on a ring is there, whose buffers are not to be given to others. */
void pool_note_ring(struct pool *pool, size_t at, uint32_t n_slots);

/* Gives rings back, and the buffers that their slots name. */
void pool_drop_rings(struct pool *pool, unsigned n_rings, const struct vale_layout *l);

/* A vale_if for a connection, zeroed. -ENOMEM. */
int pool_take_if(struct pool *pool, size_t *ret_at, struct weir_err *err);
void pool_drop_if(struct pool *pool, size_t at);

/* Takes up to n buffers and makes a chain of them, which begins at *ret_head; 0: it is empty.
 * How many it has. */
uint32_t pool_take_chain(struct pool *pool, uint32_t n, uint32_t *ret_head);
/* Takes back what a client says is a chain. */
void pool_drop_chain(struct pool *pool, uint32_t head);

#endif
