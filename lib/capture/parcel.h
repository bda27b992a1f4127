/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames as a file will have them, in memory: blocks of pcapng or records of pcap, one after
 * another. And how many of them there are, should they not reach the file.
 */
#ifndef CAPTURE_PARCEL_H
#define CAPTURE_PARCEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weir/trace.h>

enum {
	PARCEL_SIZE = 1 << 20, /* holds several of the longest blocks, and a filler */
	FILLER_MAX = 2 * 4096,
};

/* Frames that were put and did not reach the file. */
struct file_loss {
	uint64_t frames, bytes; /* bytes: as long as they were on the wire */
};

struct parcel {
	uint8_t *data; /* PARCEL_SIZE bytes; it begins with a page */
	size_t len;
	enum weir_trace_format format;
	uint32_t *ifaces; /* of records, which do not say it themselves; pcapng: NULL */
	unsigned n_records;
};

/* NULL: no memory. */
struct parcel *parcel_new(enum weir_trace_format format);

/* Adds the blocks of frames at data; records are made of them for classic pcap. How many bytes
 * of data it took, whole blocks: less than len if there is no room for more. */
size_t parcel_put(struct parcel *p, const uint8_t *data, size_t len);

/* How many of its first len bytes are whole blocks or records. */
size_t parcel_whole(const struct parcel *p, size_t len);

/* Counts frames behind its first so many bytes, by interface. */
void parcel_count(const struct parcel *p, size_t from, struct file_loss *loss);

/* The same two of blocks of pcapng that are in no parcel. */
size_t blocks_whole(const uint8_t *data, size_t len);
void blocks_count(const uint8_t *data, size_t len, struct file_loss *loss);

/* Makes an empty block of len bytes, a multiple of 4 and at least CAPTURE_FILLER_MIN, which
 * every reader goes over. */
void block_fill(uint8_t *at, size_t len);

/* How long one is, if something is to be a multiple of align (at most 4096) behind size bytes;
 * 0: it is one. */
size_t filler_len(uint64_t size, size_t align);

static inline void parcel_empty(struct parcel *p)
{
	p->len = p->n_records = 0;
}

/* NULL is allowed. Returns NULL. */
struct parcel *parcel_free(struct parcel *p);

#endif
