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

#include "capture/disk.h"
#include "capture/merge.h"
#include "capture/pack.h"
#include "capture/parcel.h"

struct file;

struct file_opts {
	enum weir_trace_format format;
	const void *head; /* what the file begins with; lent until file_open() returns */
	size_t head_len;
	unsigned n_ifaces;
	/* Compresses it; NULL: nobody does. Lent while the file lives, and used by it alone, as is
	 * the next. */
	struct pack *pack;
	/* To write past the page cache, where that is possible: pcapng that is not compressed, in
	 * a file that has a name. NULL: never. */
	struct disk *disk;
	/* Once it is true, a pipe that nobody reads from for 2 s is an error; lent while the
	 * file lives. NULL: never. */
	const _Atomic bool *hurry;
};

/* Makes or empties it; "-" is standard output. To be closed with file_close(). */
int file_open(const char *path, const struct file_opts *opts, struct file **ret_file,
	      struct weir_err *err);

/* Appends a span. *ret_lent: it is written from where it lies, and merge_lend() was called for
 * it; otherwise it is needed no more. After the first error every call gives it again, and what
 * it is given is lost. */
int file_put(struct file *f, const struct span *span, bool *ret_lent, struct weir_err *err);

/* Are whole chunks better than their parts? */
bool file_likes_chunks(const struct file *f);

/* Sees what has become of what is on its way, and gives back what was lent; waits for some of it
 * at most so long. */
int file_settle(struct file *f, uint64_t wait_ns, struct weir_err *err);

/* Nothing is on its way? */
bool file_is_settled(const struct file *f);

/* Hands to the kernel what was put so far; if it is compressed, only every few times. */
int file_flush(struct file *f, struct weir_err *err);

/* The same, and waits until everything is in the file. */
int file_complete(struct file *f, struct weir_err *err);

/* Appends the blocks that end the file (pcapng; else tail is not written) and closes it. */
int file_finish(struct file *f, const void *tail, size_t len, struct weir_err *err);

/* What was lost of interface i since the last call. */
struct file_loss file_loss(struct file *f, unsigned i);

/* Bytes written and to be written, before compression. */
uint64_t file_size(const struct file *f);

/* A pipe, say: somebody reads what is written at once. */
bool file_is_read(const struct file *f);

/* Is it what the path stands for? Also true of what is no regular file. */
bool file_is_at(const struct file *f, const char *path);

/* NULL is allowed. Returns NULL. */
struct file *file_close(struct file *f);

#endif
