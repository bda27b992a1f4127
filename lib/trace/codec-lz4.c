/* SPDX-License-Identifier: BSD-2-Clause */
#include "trace/codec.h"

#include <errno.h>
#include <lz4frame.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/macros.h"

enum {
	HEADER_MIN = 7,		  /* of a frame */
	ENCODER_STEP = 64 * 1024, /* input whose result surely fits ENCODER_ROOM */
};

struct lz4_decoder {
	LZ4F_dctx *ctx;
	size_t wanted; /* input of the next step, as lz4 wishes */
};

static void lz4_decoder_free(void *state)
{
	struct lz4_decoder *s = state;

	(void)LZ4F_freeDecompressionContext(s->ctx); /* tells only how far it was */
	free(s);
}

static void *lz4_decoder_new(void)
{
	struct lz4_decoder *s = calloc(1, sizeof(*s));

	if (!s || LZ4F_isError(LZ4F_createDecompressionContext(&s->ctx, LZ4F_VERSION))) {
		free(s);
		return NULL;
	}
	s->wanted = HEADER_MIN;
	return s;
}

/* One step at a time, for the same reason as with zstd. */
static int lz4_decoder_run(void *state, const uint8_t *in, size_t *used, uint8_t *out, size_t *made,
			   const char **ret_reason)
{
	struct lz4_decoder *s = state;
	size_t ret;

	*used = MIN(*used, s->wanted);
	ret = LZ4F_decompress(s->ctx, out, made, in, used, NULL);
	if (LZ4F_isError(ret)) {
		*used = *made = 0;
		*ret_reason = LZ4F_getErrorName(ret);
		return -EBADMSG;
	}
	s->wanted = ret ? ret : HEADER_MIN;
	return ret ? DECODER_MORE : DECODER_END;
}

const struct decoder lz4_decoder = {
	.name = "lz4",
	.compression = WEIR_COMPRESSION_LZ4,
	.magic = 0x184d2204,
	.magic_mask = 0xffffffff,
	.new = lz4_decoder_new,
	.free = lz4_decoder_free,
	.run = lz4_decoder_run,
};

struct lz4_encoder {
	LZ4F_cctx *ctx;
	bool begun; /* the frame's header is written */
};

static const LZ4F_preferences_t lz4_preferences = {
	.frameInfo.blockSizeID = LZ4F_max64KB,
	.frameInfo.contentChecksumFlag = LZ4F_contentChecksumEnabled,
};

static void lz4_encoder_free(void *state)
{
	struct lz4_encoder *s = state;

	(void)LZ4F_freeCompressionContext(s->ctx); /* cannot fail */
	free(s);
}

static void *lz4_encoder_new(unsigned threads)
{
	struct lz4_encoder *s = calloc(1, sizeof(*s));

	(void)threads; /* it is fast enough */
	if (!s || LZ4F_isError(LZ4F_createCompressionContext(&s->ctx, LZ4F_VERSION))) {
		free(s);
		return NULL;
	}
	return s;
}

/* One step: the header, then the input bit by bit, then what follows it. */
static size_t lz4_encoder_step(struct lz4_encoder *s, const uint8_t *in, size_t used, uint8_t *out,
			       size_t room, enum encoder_then then)
{
	if (!s->begun) {
		s->begun = true;
		return LZ4F_compressBegin(s->ctx, out, room, &lz4_preferences);
	}
	if (used)
		return LZ4F_compressUpdate(s->ctx, out, room, in, used, NULL);
	if (then == ENCODER_FLUSH)
		return LZ4F_flush(s->ctx, out, room, NULL);
	s->begun = false;
	return LZ4F_compressEnd(s->ctx, out, room, NULL);
}

static int lz4_encoder_run(void *state, const uint8_t *in, size_t *used, uint8_t *out, size_t *made,
			   enum encoder_then then, const char **ret_reason)
{
	struct lz4_encoder *s = state;
	const bool last_step = s->begun && !*used;
	size_t ret;

	*used = s->begun ? MIN(*used, (size_t)ENCODER_STEP) : 0;
	ret = lz4_encoder_step(s, in, *used, out, *made, then);
	if (LZ4F_isError(ret)) {
		*ret_reason = LZ4F_getErrorName(ret);
		return -EIO;
	}
	*made = ret;
	return then != ENCODER_MORE && !last_step;
}

const struct encoder lz4_encoder = {
	.compression = WEIR_COMPRESSION_LZ4,
	.new = lz4_encoder_new,
	.free = lz4_encoder_free,
	.run = lz4_encoder_run,
};
