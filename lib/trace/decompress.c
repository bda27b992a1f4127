/* SPDX-License-Identifier: BSD-2-Clause */
#include "trace/decompress.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/err.h"
#include "trace/codec.h"

enum {
	OUT_SIZE = 256 * 1024,
	SKIPPABLE_MAX = 64 * 1024, /* how far to look for the first real frame */
};

struct packed_source {
	struct source src;
	const struct decoder *decoder;
	void *state;
	bool in_frame; /* the end of the file would be too early now */
	int failed;    /* what every later read answers, if negative */
};

static const struct decoder *const decoders[] = { &gzip_decoder, &zstd_decoder, &lz4_decoder };

static int packed_fail(struct packed_source *p, int code, const char *reason)
{
	p->failed =
		err_set(&p->src.err, code, "%s: %s at byte %llu of the compressed file",
			p->decoder->name, reason, (unsigned long long)source_offset(p->src.inner));
	return p->failed;
}

/* There are no more compressed bytes: the end, or not. */
static int packed_end(struct packed_source *p)
{
	const struct source *inner = p->src.inner;

	if (inner->status < 0)
		return err_set(&p->src.err, inner->status, "%s", inner->err.text);
	return p->in_frame ? packed_fail(p, -ENODATA, "cut off") : 0;
}

static ssize_t packed_read(struct source *s, uint8_t *buf, size_t room)
{
	struct packed_source *p = (struct packed_source *)s;

	while (!p->failed) {
		const uint8_t *in = source_need(s->inner, 1);
		size_t used = source_left(s->inner), made = room;
		const char *reason;
		int ret;

		/* At the end the decoder may still hold bytes that had no room. */
		if (!in && (s->inner->status < 0 || !p->in_frame))
			return packed_end(p);
		ret = p->decoder->run(p->state, s->inner->pos, &used, buf, &made, &reason);
		source_consume(s->inner, used);
		if (ret < 0)
			(void)packed_fail(p, ret, reason); /* after what stands before it */
		else if (!used && !made)
			return in ? packed_fail(p, -EBADMSG, "no progress") : packed_end(p);
		p->in_frame = ret != DECODER_END;
		if (made)
			return (ssize_t)made;
	}
	return p->failed;
}

static void packed_close(struct source *s)
{
	const struct packed_source *p = (const struct packed_source *)s;

	p->decoder->free(p->state);
}

static const struct source_ops packed_ops = { .read = packed_read, .close = packed_close };

/*
 * The magic of the first frame that holds data. zstd and lz4 share their skippable
 * frames, magic 0x184d2a50 to 0x184d2a5f and a length, which may stand in front.
 */
static bool first_magic(struct source *s, uint32_t *ret_magic)
{
	const uint8_t *p = source_need(s, 4);
	size_t at = 0;

	while (p && (le32_at(p + at) & ~0xfu) == 0x184d2a50) {
		p = source_need(s, at + 8);
		if (!p || le32_at(p + at + 4) > SKIPPABLE_MAX - at)
			return false;
		at += 8 + le32_at(p + at + 4);
		p = source_need(s, at + 4);
	}
	if (!p)
		return false;
	*ret_magic = le32_at(p + at);
	return true;
}

static const struct decoder *find_decoder(struct source *s)
{
	uint32_t magic;

	if (!first_magic(s, &magic))
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(decoders); i++)
		if ((magic & decoders[i]->magic_mask) == decoders[i]->magic)
			return decoders[i];
	return NULL;
}

int decompress_wrap(struct source **src, enum weir_compression *ret_compression)
{
	const struct decoder *decoder = find_decoder(*src);
	struct packed_source *p;

	if (!decoder) {
		*ret_compression = WEIR_COMPRESSION_NONE;
		return 0;
	}

	p = calloc(1, sizeof(*p));
	if (!p || source_init(&p->src, &packed_ops, OUT_SIZE) < 0)
		goto no_memory;
	p->decoder = decoder;
	p->state = decoder->new ();
	if (!p->state)
		goto no_memory;
	p->src.inner = *src;
	*src = &p->src;
	*ret_compression = decoder->compression;
	return 0;

no_memory:
	if (p)
		free(p->src.buf);
	free(p);
	return err_set(&(*src)->err, -ENOMEM, "no memory to decompress it");
}
