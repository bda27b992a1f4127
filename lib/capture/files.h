/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A row of files of captured frames: when one is full the next begins. Times are those of the
 * frames and of the caller's clock, so that a day of captures takes a test no time.
 */
#ifndef CAPTURE_FILES_H
#define CAPTURE_FILES_H

#include <stdbool.h>
#include <stdint.h>

#include <weir/capture.h>

#include "capture/file.h"
#include "capture/merge.h"

struct files;

struct files_opts {
	const char *path; /* "-", a name, or what makes names; copied */
	struct weir_capture_rotation rotation;
	enum weir_compression compression;
	struct file_opts file; /* of each; its head is lent while the files live, it has neither
				* disk nor pack */
	/* Makes what a file ends with, of *ret_len bytes, to be freed with free(3); NULL: no
	 * memory. */
	void *(*tail)(void *ctx, size_t *ret_len);
	void *tail_ctx;
};

/* Begins the first file, at now_ns of the wall clock. To be closed with files_close(). */
int files_open(const struct files_opts *opts, uint64_t now_ns, struct files **ret_files,
	       struct weir_err *err);

/* Before the next frames are put, of which the first has this time: begins the next file if it
 * is time for that, and lowers the limit to what the file takes yet. */
int files_prepare(struct files *fs, uint64_t ts_ns, struct span_limit *limit, struct weir_err *err);

/* Puts a span that keeps to the limit; as file_put(). */
int files_put(struct files *fs, const struct span *span, bool *ret_lent, struct weir_err *err);

/* As file_likes_chunks(), file_settle() and file_is_settled(). */
bool files_like_chunks(const struct files *fs);
int files_settle(struct files *fs, uint64_t wait_ns, struct weir_err *err);
bool files_are_settled(const struct files *fs);

/* Ends the file if its time is over; the next frame begins another. */
int files_tick(struct files *fs, uint64_t now_ns, struct weir_err *err);

/* Ends the file, if it has frames and another can be made that is not the same. */
int files_rotate(struct files *fs, struct weir_err *err);

/* As file_flush(). */
int files_flush(struct files *fs, struct weir_err *err);

/* Ends the last file. */
int files_finish(struct files *fs, struct weir_err *err);

/* Of all files; as file_loss(). */
struct file_loss files_loss(struct files *fs, unsigned iface);

/* As file_is_read(). */
bool files_are_read(const struct files *fs);

/* That were begun. From any thread. */
uint64_t files_count(const struct files *fs);

/* Does it ask for a row of files? */
bool files_make_row(const struct weir_capture_rotation *rotation);

/* How much of the path stands before its extensions: what makes it unique goes there. */
size_t files_stem_len(const char *path);

/* NULL is allowed. Returns NULL. */
struct files *files_close(struct files *fs);

#endif
