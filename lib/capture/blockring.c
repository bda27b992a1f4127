/* SPDX-License-Identifier: BSD-2-Clause */
#include "capture/blockring.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>

#include "base/err.h"
#include "base/macros.h"
#include "trace/pcapng.h"

#define SNAPSHOT_TRIES 100000

void blockring_init_at(struct blockring *r, void *mem, uint64_t size)
{
	*r = (struct blockring){ .shared = mem,
				 .data = (uint8_t *)mem + CAPTURE_PAGE,
				 .size = size,
				 .limit = UINT64_MAX };
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

uint64_t blockring_frames_between(const struct blockring *r, uint64_t pos, uint64_t end)
{
	uint64_t n = 0;

	while (pos != end) {
		const uint8_t *block = blockring_at(r, pos);

		n += block_is_frame(block);
		pos += block_len(block);
	}
	return n;
}

/* Counters and a head that belong together: of a moment when no frame was on its way in. Who
 * fills the ring is never stopped, but seldom busy for more than a few hundred nanoseconds. */
static struct blockring_counts snapshot(const struct blockring *r, uint64_t *ret_head)
{
	const struct capture_ring *shared = r->shared;
	struct blockring_counts c;
	uint64_t frames;
	bool busy;

	for (unsigned i = 0;; i++) {
		c.frames = __atomic_load_n(&shared->frames, __ATOMIC_ACQUIRE);
		*ret_head = __atomic_load_n(&shared->head, __ATOMIC_ACQUIRE);
		c.filtered = blockring_counter(&shared->filtered);
		c.dropped = blockring_counter(&shared->dropped);
		c.nested = blockring_counter(&shared->nested);
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		busy = __atomic_load_n(&shared->busy, __ATOMIC_ACQUIRE);
		frames = __atomic_load_n(&shared->frames, __ATOMIC_RELAXED);
		if ((!busy && frames == c.frames) || i == SNAPSHOT_TRIES)
			return c;
		if (i % 64 == 63)
			(void)sched_yield(); /* the one that is busy may have been stopped */
	}
}

void blockring_join(struct blockring *r)
{
	const struct capture_ring *shared = r->shared;
	uint64_t head;

	r->outlives = true;
	r->base = snapshot(r, &head);
	r->base.frames -= blockring_frames_between(r, shared->tail, head);
	r->base.filtered = shared->told_filtered;
	r->base.dropped = shared->told_dropped;
	r->base.nested = shared->told_nested;
}

void blockring_set_iface(struct blockring *r, uint32_t iface)
{
	const uint64_t head = blockring_head(r);

	r->iface = iface;
	for (uint64_t pos = r->shared->tail; pos != head;) {
		uint8_t *block = blockring_at(r, pos);

		if (block_is_frame(block))
			raw32_put(block + 8, iface);
		pos += block_len(block);
	}
}

void blockring_stop_at(struct blockring *r, uint64_t pos)
{
	if (pos < atomic_load(&r->limit))
		atomic_store(&r->limit, pos);
}

void blockring_leave(struct blockring *r)
{
	r->last = snapshot(r, &r->last_head);
	blockring_stop_at(r, r->last_head);
	atomic_store(&r->left, true);
}

void blockring_told(struct blockring *r)
{
	if (!atomic_load(&r->left))
		return;
	r->shared->told_filtered = r->last.filtered;
	r->shared->told_dropped = r->last.dropped;
	r->shared->told_nested = r->last.nested;
}

struct blockring_counts blockring_counts(const struct blockring *r)
{
	const struct capture_ring *shared = r->shared;
	struct blockring_counts c = { .frames = blockring_counter(&shared->frames),
				      .filtered = blockring_counter(&shared->filtered),
				      .dropped = blockring_counter(&shared->dropped),
				      .nested = blockring_counter(&shared->nested) };

	if (atomic_load(&r->left)) {
		c = r->last;
		c.frames -= blockring_frames_between(r, atomic_load(&r->limit), r->last_head);
	}
	c.frames -= r->base.frames;
	c.filtered -= r->base.filtered;
	c.dropped -= r->base.dropped;
	c.nested -= r->base.nested;
	return c;
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
	raw32_put(at + 8, f->hw_time ? r->hw_iface : r->iface);
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

void blockring_set_line(struct blockring *r, const struct capture_line *line)
{
	const uint32_t next = r->shared->line + 1; /* it is ours */

	r->shared->lines[next & 1] = *line;
	__atomic_store_n(&r->shared->line, next, __ATOMIC_RELEASE); /* with capture_line_now() */
}
