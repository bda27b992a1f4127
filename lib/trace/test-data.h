/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Trace files in memory, built field by field in either byte order and not checked:
 * tests and the corpus of the fuzz targets need wrong ones too.
 */
#ifndef TRACE_TEST_DATA_H
#define TRACE_TEST_DATA_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"

struct blob {
	uint8_t *data; /* free with blob_done() */
	size_t size;
	bool big_endian; /* of the numbers put from now on */
};

static inline void blob_done(struct blob *b)
{
	free(b->data);
	*b = (struct blob){ 0 };
}

/* Room for n more bytes, zeroed. */
static inline uint8_t *blob_grow(struct blob *b, size_t n)
{
	b->data = realloc(b->data, b->size + n + 1);
	assert(b->data);
	memset(b->data + b->size, 0, n);
	b->size += n;
	return b->data + b->size - n;
}

static inline void blob_put(struct blob *b, const void *data, size_t n)
{
	uint8_t *p = blob_grow(b, n);

	if (n)
		memcpy(p, data, n);
}

static inline void blob_16(struct blob *b, uint16_t v)
{
	uint8_t *p = blob_grow(b, 2);

	b->big_endian ? be16_put(p, v) : le16_put(p, v);
}

static inline void blob_32_at(struct blob *b, size_t at, uint32_t v)
{
	b->big_endian ? be32_put(b->data + at, v) : le32_put(b->data + at, v);
}

static inline void blob_32(struct blob *b, uint32_t v)
{
	(void)blob_grow(b, 4);
	blob_32_at(b, b->size - 4, v);
}

static inline void blob_64(struct blob *b, uint64_t v)
{
	uint8_t *p = blob_grow(b, 8);

	b->big_endian ? be64_put(p, v) : le64_put(p, v);
}

/* Classic pcap. */
static inline void blob_pcap(struct blob *b, uint32_t magic, uint16_t minor, uint32_t snaplen,
			     uint32_t linktype)
{
	blob_32(b, magic);
	blob_16(b, 2);
	blob_16(b, minor);
	blob_64(b, 0);
	blob_32(b, snaplen);
	blob_32(b, linktype);
}

/* A record header with extra bytes behind it, and a frame of its number repeated. */
static inline void blob_record(struct blob *b, uint32_t sec, uint32_t frac, uint32_t caplen,
			       uint32_t len, size_t extra, uint8_t fill)
{
	blob_32(b, sec);
	blob_32(b, frac);
	blob_32(b, caplen);
	blob_32(b, len);
	(void)blob_grow(b, extra);
	memset(blob_grow(b, caplen), fill, caplen);
}

/* pcapng: blob_begin() a block, put its body, blob_end() it. */
static inline size_t blob_begin(struct blob *b, uint32_t type)
{
	blob_32(b, type);
	blob_32(b, 0);
	return b->size - 8;
}

static inline void blob_pad(struct blob *b)
{
	(void)blob_grow(b, -b->size % 4);
}

static inline void blob_end(struct blob *b, size_t begin)
{
	uint32_t total;

	blob_pad(b);
	total = (uint32_t)(b->size - begin + 4);
	blob_32(b, total);
	blob_32_at(b, begin + 4, total);
}

static inline void blob_section(struct blob *b)
{
	size_t begin = blob_begin(b, 0x0a0d0d0a);

	blob_32(b, 0x1a2b3c4d);
	blob_16(b, 1);
	blob_16(b, 0);
	blob_64(b, UINT64_MAX);
	blob_end(b, begin);
}

static inline void blob_option(struct blob *b, uint16_t code, const void *value, uint16_t len)
{
	blob_16(b, code);
	blob_16(b, len);
	blob_put(b, value, len);
	blob_pad(b);
}

/* An interface; tsresol 0 and tsoffset 0 leave these options out. */
static inline void blob_iface(struct blob *b, uint16_t linktype, uint32_t snaplen, uint8_t tsresol,
			      int64_t tsoffset)
{
	size_t begin = blob_begin(b, 1);

	blob_16(b, linktype);
	blob_16(b, 0);
	blob_32(b, snaplen);
	if (tsresol)
		blob_option(b, 9, &tsresol, 1);
	if (tsoffset) {
		blob_16(b, 14);
		blob_16(b, 8);
		blob_64(b, (uint64_t)tsoffset);
	}
	if (tsresol || tsoffset)
		blob_option(b, 0, NULL, 0);
	blob_end(b, begin);
}

/* The rest of a packet block, from the time on. */
static inline void blob_packet_end(struct blob *b, size_t begin, uint64_t ticks, uint32_t caplen,
				   uint32_t len, uint8_t fill)
{
	blob_32(b, (uint32_t)(ticks >> 32));
	blob_32(b, (uint32_t)ticks);
	blob_32(b, caplen);
	blob_32(b, len);
	memset(blob_grow(b, caplen), fill, caplen);
	blob_end(b, begin);
}

/* An enhanced packet block. */
static inline void blob_epb(struct blob *b, uint32_t iface, uint64_t ticks, uint32_t caplen,
			    uint32_t len, uint8_t fill)
{
	size_t begin = blob_begin(b, 6);

	blob_32(b, iface);
	blob_packet_end(b, begin, ticks, caplen, len, fill);
}

/* The obsolete packet block. */
static inline void blob_pb(struct blob *b, uint16_t iface, uint64_t ticks, uint32_t caplen,
			   uint32_t len, uint8_t fill)
{
	size_t begin = blob_begin(b, 2);

	blob_16(b, iface);
	blob_16(b, 0); /* drops */
	blob_packet_end(b, begin, ticks, caplen, len, fill);
}

/* A simple packet block that holds caplen bytes. */
static inline void blob_spb(struct blob *b, uint32_t caplen, uint32_t len, uint8_t fill)
{
	size_t begin = blob_begin(b, 3);

	blob_32(b, len);
	memset(blob_grow(b, caplen), fill, caplen);
	blob_end(b, begin);
}

/* A block of a type that no frame is in. */
static inline void blob_other(struct blob *b, uint32_t type, size_t n)
{
	size_t begin = blob_begin(b, type);

	(void)blob_grow(b, n);
	blob_end(b, begin);
}

/*
 * One of everything: a pcapng of two sections in different byte orders, three
 * interfaces, each kind of packet block and some others. Seven frames; ends, if not
 * NULL, gets the offset after each.
 */
static inline void blob_everything(struct blob *b, size_t ends[7])
{
	size_t n = 0;
	size_t unused[7];

	if (!ends)
		ends = unused;
	blob_section(b);
	blob_iface(b, 1, 100, 0, 0);
	blob_iface(b, 101, 0, 9, 0);
	blob_epb(b, 0, 1600000000000001, 60, 60, 1);
	ends[n++] = b->size;
	blob_epb(b, 1, 1600000000000000002, 61, 1500, 2);
	ends[n++] = b->size;
	blob_spb(b, 100, 1500, 3);
	ends[n++] = b->size;
	blob_other(b, 5, 12);	       /* interface statistics */
	blob_other(b, 0x40000bad, 99); /* nobody's */
	blob_pb(b, 0, 1600000000000003, 33, 33, 4);
	ends[n++] = b->size;

	b->big_endian = !b->big_endian;
	blob_section(b);
	blob_other(b, 4, 8); /* names */
	blob_iface(b, 113, 0, 0x80 | 10, 1600000000);
	blob_epb(b, 0, 512, 0, 0, 5);
	ends[n++] = b->size;
	blob_spb(b, 62, 62, 6);
	ends[n++] = b->size;
	blob_pb(b, 0, 1024, 1, 1, 7);
	ends[n++] = b->size;
}

#endif
