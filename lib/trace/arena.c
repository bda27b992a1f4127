/* SPDX-License-Identifier: BSD-2-Clause */
#include "trace/arena.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "base/err.h"
#include "base/macros.h"

#define INDEX_CHUNK_SIZE (ARENA_CHUNK_FRAMES * sizeof(struct weir_frame))

static_assert(sizeof(struct weir_frame) == 24, "the index is compact");
static_assert(WEIR_FRAME_MAX + ARENA_PAGE <= ARENA_CHUNK_SIZE, "any frame fits an empty chunk");

static void *reserve(size_t size)
{
	void *p = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

int arena_init(struct arena *a, uint64_t size, struct weir_err *err)
{
	size_t n = (size_t)(size / ARENA_CHUNK_SIZE + 1);
	uint8_t *p;

	*a = (struct arena){ .max_chunks = n };
	/* One chunk more than needed, so that it can begin where a huge page does. */
	p = reserve((n + 1) * ARENA_CHUNK_SIZE);
	if (!p)
		return err_set(err, -ENOMEM, "no address space for %zu MiB of frames",
			       n * ARENA_CHUNK_SIZE >> 20);
	a->base = p + (-(uintptr_t)p & (ARENA_CHUNK_SIZE - 1));
	(void)munmap(p, (size_t)(a->base - p)); /* empty if it was aligned: EINVAL */
	(void)munmap(a->base + n * ARENA_CHUNK_SIZE, ARENA_CHUNK_SIZE - (size_t)(a->base - p));
	a->index = reserve(n * INDEX_CHUNK_SIZE);
	if (!a->index) {
		arena_done(a);
		return err_set(err, -ENOMEM, "no address space for an index of %zu MiB",
			       n * INDEX_CHUNK_SIZE >> 20);
	}
	return 0;
}

void arena_done(struct arena *a)
{
	if (a->base)
		(void)munmap(a->base, a->max_chunks * ARENA_CHUNK_SIZE);
	if (a->index)
		(void)munmap(a->index, a->max_chunks * INDEX_CHUNK_SIZE);
	*a = (struct arena){ 0 };
}

int arena_grow(struct arena *a, struct arena_chunk *ret_chunk, struct weir_err *err)
{
	struct arena_chunk c = {
		.mem = a->base + a->n_chunks * ARENA_CHUNK_SIZE,
		.frames = a->index + a->n_chunks * ARENA_CHUNK_FRAMES,
	};

	if (a->n_chunks == a->max_chunks)
		return err_set(err, -ENOMEM, "the arena is full at %zu MiB",
			       a->n_chunks * ARENA_CHUNK_SIZE >> 20);
	if (mprotect(c.mem, ARENA_CHUNK_SIZE, PROT_READ | PROT_WRITE) < 0 ||
	    mprotect(c.frames, INDEX_CHUNK_SIZE, PROT_READ | PROT_WRITE) < 0)
		return err_set(err, -errno, "no memory for frames beyond %zu MiB",
			       a->n_chunks * ARENA_CHUNK_SIZE >> 20);
	(void)madvise(c.mem, ARENA_CHUNK_SIZE, MADV_HUGEPAGE); /* faster where it works */
	a->n_chunks++;
	*ret_chunk = c;
	return 0;
}

/* Where a frame of len bytes goes when used bytes are taken: on the next multiple of
 * eight, or on the next page if it would cross into it. */
static uint32_t place(uint32_t used, uint32_t len)
{
	uint32_t off = (used + 7) & ~7u;
	uint32_t in_page = off & (ARENA_PAGE - 1);

	if (in_page && in_page + len > ARENA_PAGE)
		off += ARENA_PAGE - in_page;
	return off;
}

bool arena_chunk_put(struct arena_chunk *c, const struct arena_frame *frame)
{
	uint32_t off = place(c->used, frame->len);
	struct weir_frame *f = &c->frames[c->n];

	if (c->n == ARENA_CHUNK_FRAMES || off + frame->len > ARENA_CHUNK_SIZE)
		return false;
	*f = (struct weir_frame){
		.ts_ns = frame->ts_ns,
		.off = off,
		.before = c->bytes,
		.len = frame->len,
		.port = frame->port,
		.flags = frame->flags,
		.orig_len = MIN(frame->orig_len, (1u << 24) - 1),
		.lane = frame->lane,
	};
	if (frame->len)
		memcpy(c->mem + off, frame->data, frame->len);
	c->n++;
	c->used = off + frame->len;
	c->bytes += frame->len;
	return true;
}
