/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Byte sources: what a trace is read from.
 *
 * A source gives the bytes of a file, a pipe, a piece of memory or a compressed
 * one of those as contiguous windows:
 *
 *	buf |.....consumed.....|pos ~~~~ unread ~~~~ end|...room...|
 *
 * source_need() is the hot call: in nearly all cases it is one comparison. Memory
 * is one window and never copied. Files and pipes are read with large read(2)
 * calls into one buffer that stays in the processor's cache.
 *
 * Why no mmap: a file that somebody cuts while it is mapped kills the program with
 * SIGBUS, and no check made beforehand can prevent it; a handler would be process
 * wide state that a library must not own. read(2) just returns fewer bytes. With a
 * buffer of 256 KiB it costs the same as mapping (1 GB from the page cache: 140 ms
 * against 130 ms with MADV_POPULATE_READ, `cat >/dev/null` 150 ms), because a page
 * fault costs about what copying a page does.
 *
 * The buffer grows by doubling and only when it is full of bytes that really came,
 * so a length that a damaged file claims never allocates memory.
 */
#ifndef TRACE_SOURCE_H
#define TRACE_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <weir/err.h>

#include "base/macros.h"

struct source;

enum {
	SOURCE_CHUNK = 256 * 1024, /* fits the second-level cache; more is slower */
};

/* What a kind of source does. */
struct source_ops {
	/* Puts up to room bytes at buf: how many, 0 at the end, or a negative errno
	 * with the reason, without a file name, in s->err. After -EINTR it can be
	 * called again. NULL: everything was in the first window. */
	ssize_t (*read)(struct source *s, uint8_t *buf, size_t room);
	/* Releases what the kind holds, not s itself. */
	void (*close)(struct source *s);
};

/* The head of every kind of source. Callers use the functions below. */
struct source {
	const struct source_ops *ops;
	const uint8_t *pos, *end; /* the unread bytes of the window */
	uint64_t end_offset;	  /* of end in the stream of bytes */
	uint8_t *buf;
	size_t buf_size;
	struct source *inner; /* what a decompressing source reads, owned; or NULL */
	int64_t size;	      /* bytes of the file, -1 if it is none */
	int cancel_fd;	      /* see source_set_wait(); -1: none */
	const bool *hurry;    /* the same; NULL: never */
	bool held;	      /* see source_hold() */
	int status;	      /* 1: the end was reached; negative: reading failed */
	struct weir_err err;  /* why */
};

/* Opens a file or, for "-", standard input. The text names the path. */
int source_open_path(const char *path, struct source **ret_src, struct weir_err *err);

/* Over size bytes at data, lent until the source is closed. -ENOMEM. */
int source_open_mem(const void *data, size_t size, struct source **ret_src, struct weir_err *err);

/* NULL is allowed. Returns NULL. */
struct source *source_close(struct source *s);

static inline size_t source_left(const struct source *s)
{
	return (size_t)(s->end - s->pos);
}

/* Offset of the next byte in the stream. */
static inline uint64_t source_offset(const struct source *s)
{
	return s->end_offset - source_left(s);
}

/* The slow part of source_need(). */
const uint8_t *source_fill(struct source *s, size_t n);

/* The next n bytes, lent until the next source_need(), or NULL: there are only
 * source_left() of them, and s->status tells why. -EINTR there is no end: a signal
 * came while a pipe was waited for, or it was not to be waited for, and the call may be
 * repeated. */
static inline const uint8_t *source_need(struct source *s, size_t n)
{
	if (likely(source_left(s) >= n))
		return s->pos;
	return source_fill(s, n);
}

/* Goes on by n bytes, which source_need() has given. */
static inline void source_consume(struct source *s, size_t n)
{
	s->pos += n;
}

/* While held, a window stays as it is, and all that was given of it: where it ends,
 * source_need() answers -EINTR. */
static inline void source_hold(struct source *s, bool held)
{
	s->held = held;
}

/*
 * Reading by others: the nr-th chunk of SOURCE_CHUNK bytes behind base is put at buf. Any
 * threads, also while the source is used otherwise. Bytes, 0 behind the end, or a negative
 * errno. Only where source_can_fetch().
 */
ssize_t source_fetch(const struct source *s, uint64_t base, uint64_t nr, uint8_t *buf);
bool source_can_fetch(const struct source *s);

/* Goes on with what source_fetch() gave at data, in front of which is room for what is left.
 * It is lent until source_keep(). Chunks come in order, and the source reads no more. */
void source_feed(struct source *s, uint8_t *data, ssize_t n);

/* What is left is copied to the source's own memory. -ENOMEM. */
int source_keep(struct source *s);

/* Is the window in memory of the source's own? */
static inline bool source_has_memory(const struct source *s)
{
	return s->buf;
}

/*
 * Exchanges the memory of the window for *buf, of *size bytes and to be free()d, or NULL.
 * What was consumed stays where it is, what was not is copied to where reading goes on.
 * Only if it has memory. -ENOMEM: nothing has changed.
 */
int source_exchange(struct source *s, uint8_t **buf, size_t *size);

/* Bytes consumed of the file itself: with compression, of the compressed bytes. */
uint64_t source_position(const struct source *s);

/* Size of the file itself, -1 for a pipe. */
int64_t source_size(const struct source *s);

/* Waiting for a pipe ends with -ECANCELED once cancel_fd (an eventfd) is readable. While
 * *hurry, a pipe that has nothing is not waited for: -EINTR. Both are lent. */
void source_set_wait(struct source *s, int cancel_fd, const bool *hurry);

/* For kinds of sources: sets the head up and allocates the first buffer. */
int source_init(struct source *s, const struct source_ops *ops, size_t buf_size);

#endif
