/* SPDX-License-Identifier: BSD-2-Clause */
/* tcpprep's cache files; split.h has their layout. */
#include <weir/split.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/err.h"

enum {
	HEADER_SIZE = 24,
	FRAMES_PER_BYTE = 4,
	COMMENT_MAX = 65534,
};

static const char magic[8] = "tcpprep";

struct weir_cache {
	char *comment;
	uint8_t *bits; /* as in the file */
	size_t room;   /* bytes at bits */
	uint64_t n;    /* frames */
};

DEFINE_CLEANUP(struct weir_cache *, weir_cache_free)

struct weir_cache *weir_cache_free(struct weir_cache *c)
{
	if (c) {
		free(c->comment);
		free(c->bits);
	}
	free(c);
	return NULL;
}

static int make(const char *comment, size_t len, struct weir_cache **ret, struct weir_err *err)
{
	CLEANUP(weir_cache_freep)
	struct weir_cache *c = NULL;

	if (len > COMMENT_MAX)
		return err_set(err, -E2BIG, "a cache's comment has at most %d bytes, not %zu",
			       COMMENT_MAX, len);
	c = calloc(1, sizeof(*c));
	if (c)
		c->comment = strndup(comment, len);
	if (!c || !c->comment)
		return err_set(err, -ENOMEM, "out of memory");
	*ret = TAKE_PTR(c);
	return 0;
}

int weir_cache_new(const char *comment, struct weir_cache **ret_cache, struct weir_err *err)
{
	return make(comment ? comment : "", comment ? strlen(comment) : 0, ret_cache, err);
}

/* Bytes that n verdicts take. */
static uint64_t bytes_for(uint64_t n)
{
	return n / FRAMES_PER_BYTE + (n % FRAMES_PER_BYTE != 0);
}

static unsigned verdict_at(const uint8_t *bits, uint64_t i)
{
	return bits[i / FRAMES_PER_BYTE] >> i % FRAMES_PER_BYTE * 2 & 3;
}

/* The fixed part, up to the comment. */
static int check_header(const char *name, const uint8_t *p, size_t size, struct weir_err *err)
{
	char version[5] = "";

	if (size < HEADER_SIZE)
		return err_set(err, -EINVAL,
			       "%s: a tcpprep cache begins with %d bytes, but there are %zu", name,
			       HEADER_SIZE, size);
	if (memcmp(p, magic, sizeof(magic)) != 0)
		return err_set(err, -EINVAL, "%s: not a tcpprep cache: offset 0 has no \"tcpprep\"",
			       name);
	memcpy(version, p + 8, 4);
	if (strtoul(version, NULL, 10) != 4)
		return err_set(err, -EINVAL, "%s: offset 8: not version 04 of tcpprep's caches",
			       name);
	if (be16_at(p + 20) != FRAMES_PER_BYTE)
		return err_set(err, -EINVAL, "%s: offset 20: %u frames a byte, not %d", name,
			       be16_at(p + 20), FRAMES_PER_BYTE);
	return 0;
}

int weir_cache_parse(const char *name, const void *data, size_t size, struct weir_cache **ret_cache,
		     struct weir_err *err)
{
	CLEANUP(weir_cache_freep)
	struct weir_cache *c = NULL;
	const uint8_t *p = data;
	size_t comment_len, offset;
	uint64_t n;
	int r;

	r = check_header(name, p, size, err);
	if (r < 0)
		return r;
	n = be64_at(p + 12);
	comment_len = be16_at(p + 22);
	offset = HEADER_SIZE + comment_len;
	/* What the file promises is held against what is there before anything is allocated. */
	if (offset > size || bytes_for(n) > size - offset)
		return err_set(err, -EINVAL,
			       "%s: cut off at offset %zu: %llu frames and a comment of %zu "
			       "bytes are told",
			       name, size, (unsigned long long)n, comment_len);
	r = make((const char *)p + HEADER_SIZE, comment_len, &c, err);
	if (r < 0)
		return err_prefix(err, r, "%s", name);
	c->n = n;
	c->room = bytes_for(n);
	c->bits = malloc(c->room ? c->room : 1);
	if (!c->bits)
		return err_set(err, -ENOMEM, "%s: out of memory", name);
	memcpy(c->bits, p + offset, c->room);
	/* Unused bits are 0, so that frames can be appended. */
	if (n % FRAMES_PER_BYTE)
		c->bits[c->room - 1] &= (uint8_t)((1U << n % FRAMES_PER_BYTE * 2) - 1);

	*ret_cache = TAKE_PTR(c);
	return 0;
}

/* All of an open file, to be freed. */
static int read_all(int fd, uint8_t **ret_data, size_t *ret_size)
{
	CLEANUP(freep)
	uint8_t *data = NULL;
	size_t size = 0, room = 0;
	ssize_t n;

	do {
		if (size == room) {
			uint8_t *more = realloc(data, room ? room * 2 : 4096);

			if (!more)
				return -ENOMEM;
			data = more;
			room = room ? room * 2 : 4096;
		}
		n = read(fd, data + size, room - size);
		if (n < 0 && errno != EINTR)
			return -errno;
		size += n > 0 ? (size_t)n : 0;
	} while (n);
	*ret_data = TAKE_PTR(data);
	*ret_size = size;
	return 0;
}

int weir_cache_load(const char *path, struct weir_cache **ret_cache, struct weir_err *err)
{
	CLEANUP(closep)
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	CLEANUP(freep)
	uint8_t *data = NULL;
	size_t size = 0;
	int r;

	r = fd < 0 ? -errno : read_all(fd, &data, &size);
	if (r < 0)
		return err_set(err, r, "%s: %s", path, strerror(-r));
	return weir_cache_parse(path, data, size, ret_cache, err);
}

static int write_all(FILE *f, const struct weir_cache *c)
{
	uint8_t header[HEADER_SIZE] = { 0 };
	size_t comment_len = strlen(c->comment);

	memcpy(header, magic, sizeof(magic));
	memcpy(header + 8, "04", 2);
	be64_put(header + 12, c->n);
	be16_put(header + 20, FRAMES_PER_BYTE);
	be16_put(header + 22, (uint16_t)comment_len);
	if (fwrite(header, sizeof(header), 1, f) != 1 ||
	    fwrite(c->comment, 1, comment_len, f) != comment_len ||
	    fwrite(c->bits, 1, bytes_for(c->n), f) != bytes_for(c->n) || fflush(f) != 0)
		return -errno;
	return 0;
}

int weir_cache_save(const struct weir_cache *c, const char *path, struct weir_err *err)
{
	FILE *f = fopen(path, "we");
	int r = f ? write_all(f, c) : -errno;

	if (f && fclose(f) != 0 && r == 0)
		r = -errno;
	return r < 0 ? err_set(err, r, "%s: %s", path, strerror(-r)) : 0;
}

uint64_t weir_cache_count(const struct weir_cache *c)
{
	return c->n;
}

const char *weir_cache_comment(const struct weir_cache *c)
{
	return c->comment;
}

enum weir_verdict weir_cache_get(const struct weir_cache *c, uint64_t nr)
{
	unsigned verdict = nr > 0 && nr <= c->n ? verdict_at(c->bits, nr - 1) : WEIR_DONT_SEND;

	/* The upper bit says that it is sent at all. */
	return verdict & 2 ? (enum weir_verdict)verdict : WEIR_DONT_SEND;
}

int weir_cache_append(struct weir_cache *c, enum weir_verdict v)
{
	size_t at = (size_t)(c->n / FRAMES_PER_BYTE);

	if (at == c->room) {
		size_t room = c->room ? c->room * 2 : 256;
		uint8_t *more = realloc(c->bits, room);

		if (!more)
			return -ENOMEM;
		memset(more + c->room, 0, room - c->room);
		c->bits = more;
		c->room = room;
	}
	c->bits[at] |= (uint8_t)(v << c->n % FRAMES_PER_BYTE * 2);
	c->n++;
	return 0;
}

static int cache_run(void *ctx, struct weir_buf *bufs, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		enum weir_verdict v = weir_cache_get(ctx, bufs[i].nr);

		if (bufs[i].port == WEIR_NO_PORT)
			continue;
		bufs[i].port = weir_verdict_port(v);
	}
	return 0;
}

struct weir_stage weir_cache_stage(const struct weir_cache *c)
{
	/* The stage only reads it. */
	return (struct weir_stage){ .run = cache_run, .ctx = (void *)(uintptr_t)c };
}
