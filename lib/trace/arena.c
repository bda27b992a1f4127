/* SPDX-License-Identifier: BSD-2-Clause */
#include "trace/arena.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/macros.h"

/* As many frames as fit at this many bytes each. */
#define LEAST_FRAME 32u

static_assert(sizeof(struct weir_frame) == 24, "the index is compact");
static_assert(WEIR_FRAME_MAX + ARENA_PAGE <= ARENA_SMALL_CHUNK, "any frame fits an empty chunk");

static void *reserve(size_t size)
{
	void *p = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static size_t index_size(const struct arena *a)
{
	return a->chunk_size / LEAST_FRAME * sizeof(struct weir_frame);
}

/* Address space that begins where a huge page does. */
static uint8_t *reserve_aligned(size_t size)
{
	uint8_t *p = reserve(size + ARENA_BIG_CHUNK), *base;

	if (!p)
		return NULL;
	base = p + (-(uintptr_t)p & (ARENA_BIG_CHUNK - 1));
	(void)munmap(p, (size_t)(base - p)); /* empty if it was aligned: EINVAL */
	(void)munmap(base + size, ARENA_BIG_CHUNK - (size_t)(base - p));
	return base;
}

/* The same as a file in memory, which cannot shrink: who maps it may rely on that. */
static uint8_t *reserve_shared(size_t size, int *ret_fd)
{
	CLEANUP(closep)
	int fd = memfd_create("weir-arena", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	void *p;

	if (fd < 0 || ftruncate(fd, (off_t)size) < 0 || fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK) < 0)
		return NULL;
	p = mmap(NULL, size, PROT_NONE, MAP_SHARED | MAP_NORESERVE, fd, 0);
	if (p == MAP_FAILED)
		return NULL;
	*ret_fd = TAKE_FD(fd);
	return p;
}

int arena_init(struct arena *a, uint64_t size, uint32_t chunk_size, bool shared,
	       struct weir_err *err)
{
	size_t n = (size_t)(size / chunk_size + 1), whole = n * chunk_size;

	*a = (struct arena){ .max_chunks = n, .chunk_size = chunk_size, .fd = -EBADF };
	a->base = shared ? reserve_shared(whole, &a->fd) : reserve_aligned(whole);
	if (!a->base)
		return err_set(err, -ENOMEM, "no address space for %zu MiB of frames", whole >> 20);
	a->index = reserve(n * index_size(a));
	if (!a->index) {
		arena_done(a);
		return err_set(err, -ENOMEM, "no address space for an index of %zu MiB",
			       n * index_size(a) >> 20);
	}
	return 0;
}

void arena_done(struct arena *a)
{
	if (a->base)
		(void)munmap(a->base, a->max_chunks * a->chunk_size);
	if (a->index)
		(void)munmap(a->index, a->max_chunks * index_size(a));
	if (a->base)
		closep(&a->fd);
	*a = (struct arena){ .fd = -EBADF };
}

int arena_grow(struct arena *a, struct arena_chunk *ret_chunk, struct weir_err *err)
{
	struct arena_chunk c = {
		.mem = a->base + a->n_chunks * a->chunk_size,
		.frames = a->index + a->n_chunks * (a->chunk_size / LEAST_FRAME),
		.size = a->chunk_size,
		.max_frames = a->chunk_size / LEAST_FRAME,
	};

	if (a->n_chunks == a->max_chunks)
		return err_set(err, -ENOMEM, "the arena is full at %zu MiB",
			       a->n_chunks * a->chunk_size >> 20);
	if (mprotect(c.mem, c.size, PROT_READ | PROT_WRITE) < 0 ||
	    mprotect(c.frames, index_size(a), PROT_READ | PROT_WRITE) < 0)
		return err_set(err, -errno, "no memory for frames beyond %zu MiB",
			       a->n_chunks * a->chunk_size >> 20);
	(void)madvise(c.mem, c.size, MADV_HUGEPAGE); /* faster where it works */
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

	if (c->n == c->max_frames || off + frame->len > c->size)
		return false;
	*f = (struct weir_frame){
		.ts_ns = frame->ts_ns,
		.off = off,
		.before = c->bytes,
		.len = frame->len,
		.port = frame->port,
		.orig_len = MIN(frame->orig_len, (1u << 24) - 1),
	};
	if (frame->len && frame->data)
		memcpy(c->mem + off, frame->data, frame->len);
	c->n++;
	c->used = off + frame->len;
	c->bytes += frame->len;
	return true;
}
