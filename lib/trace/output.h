/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Byte sinks: what a trace is written to.
 *
 * Bytes gather in one buffer, are compressed if that is wanted, and reach the file
 * in large pieces. The first error stays: every later call returns it.
 */
#ifndef TRACE_OUTPUT_H
#define TRACE_OUTPUT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <weir/trace.h>

#include "base/macros.h"

struct output {
	uint8_t *buf; /* of OUTPUT_SIZE bytes */
	size_t len;
	const struct encoder *encoder; /* NULL: the buffer is written as it is */
	void *state;		       /* the encoder's */
	uint8_t *packed;	       /* what came out of it */
	size_t packed_len;
	int fd;
	struct weir_err failure;
	char name[]; /* for messages */
};

enum {
	OUTPUT_SIZE = 256 * 1024,
};

/* Makes or empties a file; "-" is standard output. */
int output_open(const char *path, enum weir_compression compression, struct output **ret_out,
		struct weir_err *err);

/* The slow part of output_put(). */
int output_spill(struct output *o, const void *data, size_t n, struct weir_err *err);

/* Appends n bytes. */
static inline int output_put(struct output *o, const void *data, size_t n, struct weir_err *err)
{
	if (unlikely(n > OUTPUT_SIZE - o->len))
		return output_spill(o, data, n, err);
	memcpy(o->buf + o->len, data, n);
	o->len += n;
	return 0;
}

/* The same for many bytes, which are not copied but written at once, behind what was put. */
int output_write(struct output *o, const void *data, size_t n, struct weir_err *err);

/* Hands what was put so far to the file (compressed: to the encoder, which may keep some). */
int output_flush(struct output *o, struct weir_err *err);

/* Writes what is left and closes the file: errors that only show then count too.
 * Nothing can be put afterwards. */
int output_finish(struct output *o, struct weir_err *err);

/* Closes without a word about errors. Returns NULL. */
struct output *output_close(struct output *o);

#endif
