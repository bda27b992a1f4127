/* SPDX-License-Identifier: BSD-2-Clause */
#include "edit/made.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"

#define BLOCK_SIZE (256u << 10)
/* Behind each frame, for tags and link layers of later stages. */
#define GROWTH 64u

struct made_block {
	struct made_block *next;
	uint32_t size;
	uint8_t mem[];
};

void made_pool_empty(struct made_pool *p)
{
	p->now = p->first;
	p->used = 0;
	p->total = 0;
}

void made_pool_done(struct made_pool *p)
{
	while (p->first) {
		struct made_block *b = p->first;

		p->first = b->next;
		free(b);
	}
	*p = (struct made_pool){ 0 };
}

/* Goes on with a block that has size bytes: the next one, or a new one before it. */
static int next_block(struct made_pool *p, uint32_t size)
{
	struct made_block **at = p->now ? &p->now->next : &p->first;

	if (!*at || (*at)->size < size) {
		struct made_block *b;

		size = MAX(size, BLOCK_SIZE);
		b = malloc(sizeof(*b) + size);
		if (!b)
			return -ENOMEM;
		b->size = size;
		b->next = *at;
		*at = b;
	}
	p->now = *at;
	p->used = 0;
	return 0;
}

int made_take(struct made_pool *p, uint32_t size, uint8_t **ret_mem)
{
	size = (size + 7) & ~7u;
	p->total += size;
	if (p->total > MADE_MAX_BYTES)
		return -E2BIG;
	if (!p->now || p->now->size - p->used < size) {
		int r = next_block(p, size);

		if (r < 0)
			return r;
	}
	*ret_mem = p->now->mem + p->used;
	p->used += size;
	return 0;
}

int made_put(struct made_list *m, const struct weir_buf *b)
{
	if (m->n == m->room) {
		unsigned room = m->room ? 2 * m->room : 64;
		struct weir_buf *p = realloc(m->bufs, room * sizeof(*p));

		if (!p)
			return -ENOMEM;
		m->bufs = p;
		m->room = room;
	}
	m->bufs[m->n++] = *b;
	return 0;
}

int made_keep(struct made_list *m, const struct weir_buf *b)
{
	return m->n == MADE_MAX_FRAMES ? -E2BIG : made_put(m, b);
}

int made_move(struct made_pool *p, struct weir_buf *b, uint32_t head, uint32_t len)
{
	const uint8_t *from = b->data;
	int r = made_take(p, len + GROWTH, &b->data);

	if (r < 0)
		return r;
	memcpy(b->data, from, head);
	b->len = len;
	b->room = len + GROWTH;
	return 0;
}

int made_add(struct made_list *m, struct made_pool *p, const struct weir_buf *b, uint32_t head,
	     uint32_t len, struct weir_buf **ret_buf)
{
	struct weir_buf new = *b;
	int r = made_move(p, &new, head, len);

	if (r >= 0)
		r = made_keep(m, &new);
	if (r < 0)
		return r;
	*ret_buf = &m->bufs[m->n - 1];
	return 0;
}

void made_list_done(struct made_list *m)
{
	free(m->bufs);
	*m = (struct made_list){ 0 };
}
