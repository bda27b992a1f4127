/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tcpprep cache files, version "04": for each frame of a trace, whether it is sent
 * and to which of two ports. Numbers are big-endian on disk:
 *
 *      0  8  "tcpprep\0"
 *      8  4  "04\0\0"
 *     12  8  number of frames
 *     20  2  frames a byte = 4
 *     22  2  length of the comment
 *     24  n  comment, no NUL
 *   24+n     2 bits a frame, low bits first: 0 = do not send,
 *            2 = secondary port, 3 = primary port
 */
#ifndef WEIR_SPLIT_H
#define WEIR_SPLIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weir/err.h>
#include <weir/frame.h>

#ifdef __cplusplus
extern "C" {
#endif

enum weir_verdict {
	WEIR_DONT_SEND = 0,
	WEIR_SECONDARY = 2, /* port 1 */
	WEIR_PRIMARY = 3,   /* port 0 */
};

/* For struct weir_buf. */
static inline uint8_t weir_verdict_port(enum weir_verdict v)
{
	return v == WEIR_PRIMARY ? 0 : v == WEIR_SECONDARY ? 1 : WEIR_NO_PORT;
}

struct weir_cache;

/* An empty cache. comment may be NULL; copied; at most 65,534 bytes (-E2BIG). */
int weir_cache_new(const char *comment, struct weir_cache **ret_cache, struct weir_err *err);

/* Reads a cache from size bytes; name stands for the file in messages.
 * -EINVAL: not a cache, damaged, or cut off; the text names the offset. */
int weir_cache_parse(const char *name, const void *data, size_t size, struct weir_cache **ret_cache,
		     struct weir_err *err);
int weir_cache_load(const char *path, struct weir_cache **ret_cache, struct weir_err *err);
int weir_cache_save(const struct weir_cache *c, const char *path, struct weir_err *err);

uint64_t weir_cache_count(const struct weir_cache *c);
const char *weir_cache_comment(const struct weir_cache *c); /* lent; never NULL */
/* Verdict of frame nr (from 1); WEIR_DONT_SEND past the end. */
enum weir_verdict weir_cache_get(const struct weir_cache *c, uint64_t nr);
int weir_cache_append(struct weir_cache *c, enum weir_verdict v);

/* A stage that sends each frame where the cache says. c is lent to the stage. */
struct weir_stage weir_cache_stage(const struct weir_cache *c);

/* NULL is allowed. Returns NULL. */
struct weir_cache *weir_cache_free(struct weir_cache *c);

/*
 * A set of frame numbers, written "1-5,9,15,72-". From 1; an open end reaches to
 * the last frame. -EINVAL: the text names the place.
 */
struct weir_numset;
int weir_numset_parse(const char *text, struct weir_numset **ret_set, struct weir_err *err);
bool weir_numset_has(const struct weir_numset *s, uint64_t nr); /* O(log n) */
/* A stage that drops what is in the set (exclude) or is not (!exclude). */
struct weir_stage weir_numset_stage(const struct weir_numset *s, bool exclude);
struct weir_numset *weir_numset_free(struct weir_numset *s);

#ifdef __cplusplus
}
#endif
#endif
