/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory of one compilation: taken piece by piece, given back all at once.
 */
#ifndef GEN_POOL_H
#define GEN_POOL_H

#include <stddef.h>

struct gen_block;

struct gen_pool {
	struct gen_block *blocks;
	size_t used, room; /* bytes of the newest block */
	size_t total, limit;
};

/* limit: bytes that may be taken in all. */
void gen_pool_init(struct gen_pool *p, size_t limit);
void gen_pool_done(struct gen_pool *p);

/* Zeroed, aligned for anything. NULL: no memory, or the limit is reached. */
void *gen_alloc(struct gen_pool *p, size_t size);

/* n items of size bytes each; NULL also when that overflows. */
void *gen_alloc_array(struct gen_pool *p, size_t n, size_t size);

#endif
