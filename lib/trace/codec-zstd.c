/* SPDX-License-Identifier: BSD-2-Clause */
#include "trace/codec.h"

#include <errno.h>
#include <stdlib.h>
#include <zstd.h>

#include "base/macros.h"

enum {
	JOB_SIZE = 1 << 20, /* input of a thread at a time */
};

struct zstd_decoder {
	ZSTD_DCtx *ctx;
	size_t wanted; /* input of the next step, as zstd wishes */
};

static void zstd_decoder_free(void *state)
{
	struct zstd_decoder *s = state;

	ZSTD_freeDCtx(s->ctx);
	free(s);
}

static void *zstd_decoder_new(void)
{
	struct zstd_decoder *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->ctx = ZSTD_createDCtx();
	if (!s->ctx) {
		free(s);
		return NULL;
	}
	s->wanted = ZSTD_initDStream(s->ctx);
	return s;
}

/* One step at a time: when a step fails zstd does not tell how much it had written
 * before, and what stands before the damage must not be lost. */
static int zstd_decoder_run(void *state, const uint8_t *in, size_t *used, uint8_t *out,
			    size_t *made, const char **ret_reason)
{
	struct zstd_decoder *s = state;
	ZSTD_inBuffer i = { .src = in, .size = MIN(*used, s->wanted) };
	ZSTD_outBuffer o = { .dst = out, .size = *made };
	size_t ret = ZSTD_decompressStream(s->ctx, &o, &i);

	*used = i.pos;
	*made = o.pos;
	if (ZSTD_isError(ret)) {
		*ret_reason = ZSTD_getErrorName(ret);
		return -EBADMSG;
	}
	s->wanted = MAX(ret, (size_t)1);
	return ret ? DECODER_MORE : DECODER_END;
}

const struct decoder zstd_decoder = {
	.name = "zstd",
	.compression = WEIR_COMPRESSION_ZSTD,
	.magic = 0xfd2fb528,
	.magic_mask = 0xffffffff,
	.new = zstd_decoder_new,
	.free = zstd_decoder_free,
	.run = zstd_decoder_run,
};

static void zstd_encoder_free(void *state)
{
	ZSTD_freeCCtx(state);
}

static void *zstd_encoder_new(unsigned threads)
{
	ZSTD_CCtx *ctx = ZSTD_createCCtx();

	if (ctx && ZSTD_isError(ZSTD_CCtx_setParameter(ctx, ZSTD_c_checksumFlag, 1))) {
		ZSTD_freeCCtx(ctx);
		return NULL;
	}
	if (ctx && threads > 1) {
		/* A library that was built without threads does without. */
		(void)ZSTD_CCtx_setParameter(ctx, ZSTD_c_nbWorkers, (int)threads);
		(void)ZSTD_CCtx_setParameter(ctx, ZSTD_c_jobSize, JOB_SIZE);
	}
	return ctx;
}

static int zstd_encoder_run(void *state, const uint8_t *in, size_t *used, uint8_t *out,
			    size_t *made, enum encoder_then then, const char **ret_reason)
{
	static const ZSTD_EndDirective directives[] = {
		[ENCODER_MORE] = ZSTD_e_continue,
		[ENCODER_FLUSH] = ZSTD_e_flush,
		[ENCODER_END] = ZSTD_e_end,
	};
	ZSTD_inBuffer i = { .src = in, .size = *used };
	ZSTD_outBuffer o = { .dst = out, .size = *made };
	size_t ret = ZSTD_compressStream2(state, &o, &i, directives[then]);

	*used = i.pos;
	*made = o.pos;
	if (ZSTD_isError(ret)) {
		*ret_reason = ZSTD_getErrorName(ret);
		return -EIO;
	}
	return then != ENCODER_MORE && ret;
}

const struct encoder zstd_encoder = {
	.compression = WEIR_COMPRESSION_ZSTD,
	.new = zstd_encoder_new,
	.free = zstd_encoder_free,
	.run = zstd_encoder_run,
};
