/* SPDX-License-Identifier: BSD-2-Clause */
#include "gen/pool.h"

#include <stdlib.h>
#include <string.h>

#include "base/macros.h"

#define BLOCK_SIZE (64u << 10)
#define ALIGN	   16u

struct gen_block {
	struct gen_block *next;
	_Alignas(ALIGN) unsigned char mem[];
};

void gen_pool_init(struct gen_pool *p, size_t limit)
{
	*p = (struct gen_pool){ .limit = limit };
}

void gen_pool_done(struct gen_pool *p)
{
	struct gen_block *b = p->blocks;

	while (b) {
		struct gen_block *next = b->next;

		free(b);
		b = next;
	}
	*p = (struct gen_pool){ 0 };
}

void *gen_alloc(struct gen_pool *p, size_t size)
{
	void *mem;

	if (size > p->limit || p->total > p->limit - size)
		return NULL;
	size = (size + ALIGN - 1) / ALIGN * ALIGN;
	if (!p->blocks || p->room - p->used < size) {
		size_t room = MAX(size, (size_t)BLOCK_SIZE);
		struct gen_block *b = calloc(1, sizeof(*b) + room);

		if (!b)
			return NULL;
		b->next = p->blocks;
		p->blocks = b;
		p->room = room;
		p->used = 0;
	}
	mem = p->blocks->mem + p->used;
	p->used += size;
	p->total += size;
	return mem;
}

void *gen_alloc_array(struct gen_pool *p, size_t n, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes))
		return NULL;
	return gen_alloc(p, bytes);
}
