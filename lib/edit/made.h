/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames made of one: a list that grows, and the memory that their bytes lie in. Both are
 * used again for the next frame.
 */
#ifndef EDIT_MADE_H
#define EDIT_MADE_H

#include <stdbool.h>
#include <stdint.h>

#include <weir/frame.h>

/* What becomes of one frame ends here: rules can multiply without end. */
#define MADE_MAX_FRAMES 65536u
#define MADE_MAX_BYTES	(64u << 20)

/* Memory that is given back all at once. */
struct made_pool {
	struct made_block *first, *now; /* the blocks, and the one in use */
	uint32_t used;			/* of it */
	uint64_t total;			/* since it was emptied */
};

struct made_list {
	struct weir_buf *bufs;
	unsigned n, room;
};

/* What was taken from it is gone. */
void made_pool_empty(struct made_pool *p);
void made_pool_done(struct made_pool *p);
/* Memory of size bytes, aligned to 8. -ENOMEM, or -E2BIG. */
int made_take(struct made_pool *p, uint32_t size, uint8_t **ret_mem);

/* Gives *b memory of its own for len bytes and some room behind them; its first head bytes
 * come with it, the others are undefined. -ENOMEM, or -E2BIG. */
int made_move(struct made_pool *p, struct weir_buf *b, uint32_t head, uint32_t len);

/*
 * Appends a frame of len bytes with the fields of b, which has memory of its own with some
 * room behind it; its first head bytes are those of b, the others undefined. -E2BIG: there
 * are too many.
 */
int made_add(struct made_list *m, struct made_pool *p, const struct weir_buf *b, uint32_t head,
	     uint32_t len, struct weir_buf **ret_buf);

/* Appends b as it is. -E2BIG: there are too many. */
int made_keep(struct made_list *m, const struct weir_buf *b);
/* The same, however many there are. */
int made_put(struct made_list *m, const struct weir_buf *b);

void made_list_done(struct made_list *m);

#endif
