/* SPDX-License-Identifier: BSD-2-Clause */
#include "trace/codec.h"

#define ZLIB_CONST 1 /* next_in points to const */

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <zlib.h>

#include "base/macros.h"

enum {
	GZIP_WINDOW = 15 + 16, /* zlib: the largest window, gzip header */
};

struct gzip_state {
	z_stream z;
	bool between; /* a member has ended: another, zeros, or the end of the file */
	bool zeros;   /* the padding after the last member has begun */
};

static void gzip_decoder_free(void *state)
{
	struct gzip_state *s = state;

	(void)inflateEnd(&s->z); /* tells only of misuse */
	free(s);
}

static void *gzip_decoder_new(void)
{
	struct gzip_state *s = calloc(1, sizeof(*s));

	if (s && inflateInit2(&s->z, GZIP_WINDOW) != Z_OK) {
		free(s);
		return NULL;
	}
	return s;
}

/* Padding with zeros after the last member is allowed, as for gzip(1). */
static int skip_zeros(struct gzip_state *s, const uint8_t *in, size_t *used, size_t *made,
		      const char **ret_reason)
{
	s->zeros = true;
	*made = 0;
	for (size_t i = 0; i < *used; i++) {
		if (in[i]) {
			*ret_reason = "bytes after the padding";
			return -EBADMSG;
		}
	}
	return DECODER_END;
}

static int gzip_decoder_run(void *state, const uint8_t *in, size_t *used, uint8_t *out,
			    size_t *made, const char **ret_reason)
{
	struct gzip_state *s = state;
	const uInt in_size = (uInt)MIN(*used, (size_t)UINT_MAX);
	const uInt out_size = (uInt)MIN(*made, (size_t)UINT_MAX);
	int ret;

	if (s->between && *used && (s->zeros || !in[0]))
		return skip_zeros(s, in, used, made, ret_reason);
	s->between = false;

	s->z.next_in = in;
	s->z.avail_in = in_size;
	s->z.next_out = out;
	s->z.avail_out = out_size;
	ret = inflate(&s->z, Z_NO_FLUSH);
	*used = in_size - s->z.avail_in;
	*made = out_size - s->z.avail_out;

	switch (ret) {
	case Z_OK:
	case Z_BUF_ERROR: /* no progress without more input */
		return DECODER_MORE;
	case Z_STREAM_END:
		s->between = true;
		(void)inflateReset(&s->z); /* fails only for a state that is none */
		return DECODER_END;
	case Z_MEM_ERROR:
		*ret_reason = "no memory";
		return -ENOMEM;
	default:
		*ret_reason = s->z.msg ? s->z.msg : "damaged data";
		return -EBADMSG;
	}
}

const struct decoder gzip_decoder = {
	.name = "gzip",
	.compression = WEIR_COMPRESSION_GZIP,
	.magic = 0x8b1f,
	.magic_mask = 0xffff,
	.new = gzip_decoder_new,
	.free = gzip_decoder_free,
	.run = gzip_decoder_run,
};

static void gzip_encoder_free(void *state)
{
	(void)deflateEnd(state); /* tells only that something was left unfinished */
	free(state);
}

static void *gzip_encoder_new(unsigned threads)
{
	z_stream *z = calloc(1, sizeof(*z));

	(void)threads; /* it cannot use them */
	if (z && deflateInit2(z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, 8,
			      Z_DEFAULT_STRATEGY) != Z_OK) {
		free(z);
		return NULL;
	}
	return z;
}

static int gzip_encoder_run(void *state, const uint8_t *in, size_t *used, uint8_t *out,
			    size_t *made, enum encoder_then then, const char **ret_reason)
{
	static const int flushes[] = {
		[ENCODER_MORE] = Z_NO_FLUSH,
		[ENCODER_FLUSH] = Z_SYNC_FLUSH,
		[ENCODER_END] = Z_FINISH,
	};
	z_stream *z = state;
	const uInt in_size = (uInt)MIN(*used, (size_t)UINT_MAX);
	const uInt out_size = (uInt)MIN(*made, (size_t)UINT_MAX);
	int ret;

	z->next_in = in;
	z->avail_in = in_size;
	z->next_out = out;
	z->avail_out = out_size;
	ret = deflate(z, flushes[then]);
	*used = in_size - z->avail_in;
	*made = out_size - z->avail_out;

	if (ret == Z_STREAM_ERROR) {
		*ret_reason = "internal error";
		return -EIO;
	}
	if (ret == Z_STREAM_END)
		(void)deflateReset(z); /* fails only for a state that is none */
	return then == ENCODER_END ? ret != Z_STREAM_END : then == ENCODER_FLUSH && !z->avail_out;
}

const struct encoder gzip_encoder = {
	.compression = WEIR_COMPRESSION_GZIP,
	.new = gzip_encoder_new,
	.free = gzip_encoder_free,
	.run = gzip_encoder_run,
};
