/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The writer: a thread that takes frames from rings and hands them to a file. All that
 * waits for the disk waits here.
 */
#ifndef CAPTURE_WRITER_H
#define CAPTURE_WRITER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <weir/capture.h>

#include "capture/blockring.h"

struct writer;

/* What became of the frames of one interface. */
struct writer_counts {
	_Atomic uint64_t kept, kept_bytes, lost, late;
};

struct writer_opts {
	const char *path; /* NULL: frames are only looked at */
	struct weir_capture_rotation rotation;
	enum weir_trace_format format;
	enum weir_compression compression;
	const void *head; /* of a file; lent while the writer lives */
	size_t head_len;
	/* Makes what a file ends with, of *ret_len bytes, to be freed with free(3); NULL: no
	 * memory. */
	void *(*tail)(void *ctx, size_t *ret_len);
	void *tail_ctx;
	uint64_t count; /* frames to keep; UINT64_MAX: no limit */
	uint64_t hold_ns;
	int (*look)(void *ctx, struct weir_buf *frames, unsigned n);
	void *look_ctx;
	const uint32_t *linktypes; /* of the interfaces */
	unsigned n_ifaces;
};

/* Makes the file. Texts are copied; rings and what they are is lent while the writer lives.
 * To be closed with writer_close(). */
int writer_open(const struct writer_opts *opts, struct blockring *const *rings, unsigned n,
		struct writer **ret_writer, struct weir_err *err);

int writer_start(struct writer *w, struct weir_err *err);

/* Has it all that it wants, or failed? Then it throws away what comes. From any thread. */
bool writer_over(const struct writer *w);

/* The next file is to begin, see weir_capture_rotate(). From any thread. */
void writer_rotate(struct writer *w);

/* Files that were begun. From any thread. */
uint64_t writer_files(const struct writer *w);

/* Writes what the rings hold, which nobody fills any more. */
void writer_drain(struct writer *w);

/* After that: finishes the file. 0, or what went wrong first. */
int writer_stop(struct writer *w, struct weir_err *err);

/* Lent while w lives. */
const struct writer_counts *writer_counts(const struct writer *w, unsigned iface);

/* NULL is allowed. Returns NULL. */
struct writer *writer_close(struct writer *w);

#endif
