/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The contract of the compression formats: codec-NAME.c has one decoder and one
 * encoder, over the library of that name. All state is in what new() made.
 */
#ifndef TRACE_CODEC_H
#define TRACE_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weir/trace.h>

enum decoder_result {
	DECODER_END,  /* between two frames: the file may end here */
	DECODER_MORE, /* in the middle of one */
};

struct decoder {
	const char *name;
	enum weir_compression compression;
	uint32_t magic, magic_mask; /* of the first four bytes as a little-endian number */

	void *(*new)(void); /* NULL: no memory */
	void (*free)(void *state);
	/* Reads from in, writes to out. *used and *made are the sizes of both, and on
	 * return how much of them was used. Both 0 means that there is nothing to be
	 * had without more input. Negative: -EBADMSG or -ENOMEM with a static
	 * *ret_reason; *made bytes before the damage are good. */
	int (*run)(void *state, const uint8_t *in, size_t *used, uint8_t *out, size_t *made,
		   const char **ret_reason);
};

extern const struct decoder gzip_decoder, zstd_decoder, lz4_decoder;

enum {
	ENCODER_ROOM = 256 * 1024, /* the least room that an encoder gets */
};

/* What follows the input that an encoder is given. */
enum encoder_then {
	ENCODER_MORE,  /* more input; some of this may be kept until then */
	ENCODER_FLUSH, /* the same, but whatever was put in by now is to come out */
	ENCODER_END,   /* nothing: the frame ends. What may come later is another one */
};

struct encoder {
	enum weir_compression compression;

	/* May use so many threads beside the caller's. NULL: no memory. */
	void *(*new)(unsigned threads);
	void (*free)(void *state);
	/* Like a decoder's run(). 1: it wants to be called again for the same, with more room.
	 * Otherwise 0, or negative with a static *ret_reason. Without input only to flush or to
	 * end. */
	int (*run)(void *state, const uint8_t *in, size_t *used, uint8_t *out, size_t *made,
		   enum encoder_then then, const char **ret_reason);
};

extern const struct encoder gzip_encoder, zstd_encoder, lz4_encoder;

#endif
