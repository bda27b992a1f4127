/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inside the reader: what reader.c shares with the two file formats.
 *
 * A format is a pair of functions: open reads the file's header, next gives one
 * frame after another. Both read from r->src and consume a record or block only
 * once it is known to be whole, so that everything can be repeated after -EINTR.
 */
#ifndef TRACE_READER_H
#define TRACE_READER_H

#include <byteswap.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weir/frame.h>
#include <weir/trace.h>

#include "base/bytes.h"
#include "base/macros.h"
#include "trace/notes.h"
#include "trace/source.h"

/* A time stamp in ticks of an interface becomes
 *
 *	ns = (ticks * mul / div >> shift) + offset_ns
 *
 * For ticks below quick_end nothing is divided and nothing overflows. */
struct tick {
	uint64_t mul, div, quick_end;
	unsigned shift;
	int64_t offset_s;
	int64_t offset_ns; /* of the quick way */
};

struct reader_iface {
	struct weir_trace_iface pub;
	uint32_t max_caplen; /* the most that such a frame can hold */
	struct tick tick;
	uint8_t *options; /* those of .pub, owned */
};

struct weir_reader {
	struct source *src;
	int (*next)(struct weir_reader *r, struct weir_record *ret_rec, struct weir_err *err);
	struct weir_trace_info info;
	struct reader_iface *ifaces; /* info.n_ifaces of them */
	uint32_t ifaces_room;
	uint64_t nr;	     /* frames given so far */
	uint64_t fetch_base; /* where fetched chunks begin, if fetching */
	bool fetching;

	struct {
		uint8_t header_size; /* of a record */
		bool lengths_swapped, lengths_maybe_swapped;
		uint32_t frac_ns; /* ns in a unit of the second time field */
	} pcap;
	struct {
		uint64_t block_nr;    /* blocks consumed so far */
		uint32_t iface_base;  /* index of the section's first interface */
		uint32_t skip_len;    /* length of the block that is being passed over, or 0 */
		uint64_t skip;	      /* bytes of its body still to go */
		uint64_t skip_offset; /* where it begins */
		uint8_t *section;     /* options of the first one, owned */
		/* Where blocks and options without frames are taken down; NULL: nowhere. */
		struct weir_notes *notes;
		struct weir_notes early; /* what stands before the first interface */
	} pcapng;

	struct weir_err failure; /* what every later call answers, if .code */
	char name[];
};

/* Reads a number of the file in the byte order of the current section. */
static inline uint32_t reader_u32(const struct weir_reader *r, const uint8_t *p)
{
	uint32_t v = raw32_at(p);

	return unlikely(r->info.swapped) ? bswap_32(v) : v;
}

static inline uint16_t reader_u16(const struct weir_reader *r, const uint8_t *p)
{
	uint16_t v = raw16_at(p);

	return unlikely(r->info.swapped) ? bswap_16(v) : v;
}

static inline uint64_t reader_u64(const struct weir_reader *r, const uint8_t *p)
{
	uint64_t v = raw64_at(p);

	return unlikely(r->info.swapped) ? bswap_64(v) : v;
}

/* Ends the reading: "FILE: WHERE: text", for this call and all later ones. WHERE is
 * the number and place of the record or block that begins at the source's offset. */
int reader_fail(struct weir_reader *r, struct weir_err *err, int code, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* What to return when source_need() gave NULL within a record or block of size bytes:
 * the source's error, or "cut off". */
int reader_short(struct weir_reader *r, struct weir_err *err, size_t size);

/* Another interface at the end of r->ifaces; ret_iface is zeroed but for the link
 * type and snapshot length, which are read as libpcap does. */
int reader_add_iface(struct weir_reader *r, uint32_t linktype, uint32_t snaplen,
		     struct reader_iface **ret_iface, struct weir_err *err);

enum {
	READER_CAPLEN_MAX = 128 * 1024 * 1024, /* the longest frame of any link type */
};

/* How long a frame of this link type can be. libpcap makes three exceptions from
 * WEIR_FRAME_MAX, and so does the reader. */
uint32_t reader_max_caplen(uint32_t linktype);

/* Does the file begin like this format? There are at least 4 bytes at magic. */
bool pcap_match(const uint8_t *magic);
bool pcapng_match(const uint8_t *magic);

int pcap_open(struct weir_reader *r, struct weir_err *err);
int pcapng_open(struct weir_reader *r, struct weir_err *err);

#endif
