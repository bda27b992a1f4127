/* SPDX-License-Identifier: BSD-2-Clause */
#include "capture/blockring.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "base/err.h"
#include "base/macros.h"
#include "trace/pcapng.h"

void blockring_init_at(struct blockring *r, void *mem, uint64_t size)
{
	*r = (struct blockring){ .shared = mem,
				 .data = (uint8_t *)mem + CAPTURE_PAGE,
				 .size = size };
}

int blockring_init(struct blockring *r, uint64_t size, struct weir_err *err)
{
	void *p = mmap(NULL, blockring_memory(size), PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return err_set(err, -errno, "cannot take a buffer of %llu MiB: %s",
			       (unsigned long long)(size >> 20), strerror(errno));
	blockring_init_at(r, p, size);
	r->mapped = blockring_memory(size);
	return 0;
}

void blockring_done(struct blockring *r)
{
	if (r->mapped)
		(void)munmap(r->shared, r->mapped); /* was mapped */
	*r = (struct blockring){ 0 };
}

void blockring_count(__u64 *counter, uint64_t n)
{
	__atomic_store_n(counter, *counter + n, __ATOMIC_RELAXED);
}

static uint32_t options_len(const struct blockring *r, uint64_t untold)
{
	uint32_t n = 0;

	n += r->options & CAPTURE_FLAGS ? 8 : 0;
	n += r->options & CAPTURE_ID ? 12 : 0;
	n += r->options & CAPTURE_QUEUE ? 8 : 0;
	n += untold ? 12 : 0;
	return n ? n + OPT_HEADER : 0;
}

static uint8_t *put_option32(uint8_t *at, uint16_t code, uint32_t value)
{
	raw16_put(at, code);
	raw16_put(at + 2, 4);
	raw32_put(at + 4, value);
	return at + 8;
}

static uint8_t *put_option64(uint8_t *at, uint16_t code, uint64_t value)
{
	raw16_put(at, code);
	raw16_put(at + 2, 8);
	raw64_put(at + 4, value);
	return at + 12;
}

static uint8_t *put_options(struct blockring *r, uint8_t *at, uint32_t flags, uint64_t untold)
{
	const uint8_t *begin = at;

	if (r->options & CAPTURE_FLAGS)
		at = put_option32(at, OPT_EPB_FLAGS, flags);
	if (r->options & CAPTURE_ID)
		at = put_option64(at, OPT_EPB_PACKETID, r->shared->next_id);
	if (r->options & CAPTURE_QUEUE)
		at = put_option32(at, OPT_EPB_QUEUE, r->queue);
	if (untold)
		at = put_option64(at, OPT_EPB_DROPCOUNT, untold);
	if (at != begin) {
		memset(at, 0, OPT_HEADER);
		at += OPT_HEADER;
	}
	return at;
}

/* What is left of a chunk has to be nothing, or to hold a filler. */
static bool fits_chunk(uint64_t pos, uint32_t len)
{
	uint64_t left = CAPTURE_CHUNK - pos % CAPTURE_CHUNK;

	return len == left || len + CAPTURE_FILLER_MIN <= left;
}

/* Where the block is to begin; a filler is written before it if need be. UINT64_MAX: there
 * is no room. */
static uint64_t make_room(struct blockring *r, uint64_t head, uint32_t len)
{
	uint64_t tail = __atomic_load_n(&r->shared->tail, __ATOMIC_ACQUIRE), at = head;

	if (!fits_chunk(at, len))
		at += CAPTURE_CHUNK - at % CAPTURE_CHUNK;
	if (at + len - tail > r->size)
		return UINT64_MAX;
	if (at != head) {
		raw32_put(blockring_at(r, head), CAPTURE_FILLER);
		raw32_put(blockring_at(r, head) + 4, (uint32_t)(at - head));
	}
	return at;
}

bool blockring_put(struct blockring *r, uint64_t *head, const struct blockring_frame *f)
{
	const uint32_t frame_len = (uint32_t)padded(f->len);
	const uint64_t untold = r->shared->untold;
	const uint32_t len = EPB_FIXED + frame_len + options_len(r, untold) + BLOCK_TRAILER;
	const uint64_t pos = make_room(r, *head, len);
	uint8_t *at;

	if (unlikely(pos == UINT64_MAX)) {
		blockring_count(&r->shared->dropped, 1);
		r->shared->untold++;
		r->shared->next_id++;
		return false;
	}
	at = blockring_at(r, pos);
	raw32_put(at, BLOCK_EPB);
	raw32_put(at + 4, len);
	raw32_put(at + 8, r->iface);
	raw32_put(at + 12, (uint32_t)(f->ts_ns >> 32));
	raw32_put(at + 16, (uint32_t)f->ts_ns);
	raw32_put(at + 20, f->len);
	raw32_put(at + 24, f->orig_len);
	at += EPB_FIXED;
	if (frame_len != f->len)
		raw32_put(at + frame_len - 4, 0);
	memcpy(at, f->data, f->len);
	at = put_options(r, at + frame_len, f->flags, untold);
	raw32_put(at, len);
	r->shared->untold = 0;
	r->shared->next_id++;
	blockring_count(&r->shared->frames, 1);
	*head = pos + len;
	return true;
}

void blockring_publish(struct blockring *r, uint64_t head)
{
	__atomic_store_n(&r->shared->head, head, __ATOMIC_RELEASE); /* with blockring_head() */
}
