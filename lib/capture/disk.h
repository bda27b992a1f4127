/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writes of whole pages that go past the page cache (O_DIRECT), several on their way at a
 * time. They reach the file in the order in which they were put, so that it never has a hole,
 * not even when this process is killed. Through io_uring; where the kernel does not give one,
 * through pwrite(2), for which disk_put() waits.
 *
 * One thread uses it. What is written stays as it is until disk_take() gives it back.
 */
#ifndef CAPTURE_DISK_H
#define CAPTURE_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Memory, lengths and places in the file are multiples of this. */
#define DISK_ALIGN 4096u

struct disk;

struct disk_write {
	int fd; /* opened with O_DIRECT; lent, as data */
	uint8_t *data;
	size_t len;
	uint64_t at; /* in the file */
	void *owner; /* the caller's */
	uint64_t mark;
};

/* What became of a write, or of several that were joined since one went on where the other
 * ended, in memory and in the file, and they have the same owner: mark is that of the last. */
struct disk_result {
	struct disk_write write;
	size_t done; /* of its bytes; all, unless there is an error */
	int error;   /* a negative errno, or 0 */
};

/* NULL: no memory. To be ended with disk_free(). */
struct disk *disk_new(void);

/* False: as many are on their way as can be; take one first. */
bool disk_put(struct disk *d, const struct disk_write *w);

/* The oldest write, if it ends within wait_ns; UINT64_MAX: whenever that is. False: it does
 * not, or there is none. */
bool disk_take(struct disk *d, uint64_t wait_ns, struct disk_result *ret);

bool disk_is_idle(const struct disk *d);

/* Of an idle one. NULL is allowed. Returns NULL. */
struct disk *disk_free(struct disk *d);

#endif
