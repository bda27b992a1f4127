/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A file of captured frames. It takes blocks as they lie in rings and writes them as they
 * are, or as records of classic pcap. Whatever happens to the disk, it ends with a whole
 * block: what could only be written in part is cut off again, and counted.
 */
#ifndef CAPTURE_FILE_H
#define CAPTURE_FILE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weir/trace.h>

struct file;

/* Frames that were put and did not reach the file. */
struct file_loss {
	uint64_t frames, bytes; /* bytes: as long as they were on the wire */
};

struct file_opts {
	enum weir_trace_format format;
	enum weir_compression compression;
	const void *head; /* what the file begins with; lent until file_open() returns */
	size_t head_len;
	unsigned n_ifaces;
	/* Once it is true, a pipe that nobody reads from for 2 s is an error; lent while the
	 * file lives. NULL: never. */
	const _Atomic bool *hurry;
};

/* Makes or empties it; "-" is standard output. To be closed with file_close(). */
int file_open(const char *path, const struct file_opts *opts, struct file **ret_file,
	      struct weir_err *err);

/* Appends the blocks of frames that len bytes at data are. After the first error every call
 * gives it again, and what it is given is lost. */
int file_put(struct file *f, const uint8_t *data, size_t len, struct weir_err *err);

/* Hands to the kernel what was put so far (to the compression: it may keep some). */
int file_flush(struct file *f, struct weir_err *err);

/* Appends the blocks that end the file (pcapng; else tail is not written) and closes it. */
int file_finish(struct file *f, const void *tail, size_t len, struct weir_err *err);

/* What was lost of interface i since the last call. */
struct file_loss file_loss(struct file *f, unsigned i);

/* Bytes written and to be written. */
uint64_t file_size(const struct file *f);

/* A pipe, say: somebody reads what is written at once. */
bool file_is_read(const struct file *f);

/* Is it what the path stands for? Also true of what is no regular file. */
bool file_is_at(const struct file *f, const char *path);

/* NULL is allowed. Returns NULL. */
struct file *file_close(struct file *f);

#endif
