/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Traces: reading and writing recorded frames.
 *
 * The reader takes pcap (both byte orders; microsecond, nanosecond and modified
 * "Kuznetzov" magic) and pcapng (any number of sections and interfaces), plain or
 * compressed with gzip, zstd or lz4, from a file, a pipe or memory. What a file
 * is, is told by its content, never by its name.
 *
 * Sources: pcap: draft-ietf-opsawg-pcap; pcapng: draft-ietf-opsawg-pcapng;
 * link types: https://www.tcpdump.org/linktypes.html. Where libpcap 1.10 cuts a
 * record to the file's snapshot length (classic pcap), so does this reader. Like
 * libpcap it takes frames of up to WEIR_FRAME_MAX bytes, and longer ones only of the
 * link types DBUS (128 MiB), EBHSCR (8 MiB) and USBPCAP (1 MiB); a record that claims
 * more is damage. The bytes of a frame are given as they stand in the file: pseudo
 * headers in the recording machine's byte order are not swapped.
 *
 * Times of classic pcap are unsigned seconds, as in the draft: up to 2106. A pcapng
 * time beyond 64-bit nanoseconds (before 1677, after 2262) is given as INT64_MIN or
 * INT64_MAX. Finer times than nanoseconds are rounded down.
 */
#ifndef WEIR_TRACE_H
#define WEIR_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weir/err.h>
#include <weir/frame.h>

#ifdef __cplusplus
extern "C" {
#endif

enum weir_trace_format {
	WEIR_TRACE_PCAP_US, /* classic pcap, microseconds */
	WEIR_TRACE_PCAP_NS, /* classic pcap, nanoseconds */
	WEIR_TRACE_PCAP_KUZNETZOV,
	WEIR_TRACE_PCAPNG,
};

enum weir_compression {
	WEIR_COMPRESSION_NONE,
	WEIR_COMPRESSION_GZIP,
	WEIR_COMPRESSION_ZSTD,
	WEIR_COMPRESSION_LZ4,
};

/* Options of a pcapng block, as a file in this machine's byte order has them and without the
 * end mark. .data is NULL where there is no such block. */
struct weir_options {
	const uint8_t *data;
	uint32_t len;
};

/* An interface that a trace describes. Classic pcap has exactly one. */
struct weir_trace_iface {
	uint32_t linktype;	     /* LINKTYPE_ number, as in the file */
	uint32_t snaplen;	     /* as libpcap reads it; 0 in the file is WEIR_FRAME_MAX */
	uint8_t tsresol;	     /* if_tsresol as in the file; 6 is microseconds */
	int64_t tsoffset_s;	     /* if_tsoffset, seconds; already added to frame times */
	char name[64];		     /* if_name, cut to fit; "" if the file has none */
	struct weir_options options; /* all of them; lent until the reader is closed */
};

/* What is known of the file so far. Grows as pcapng blocks are read. */
struct weir_trace_info {
	enum weir_trace_format format;
	enum weir_compression compression;
	bool swapped;	 /* byte order differs from this machine's */
	bool big_endian; /* byte order of the current section */
	uint16_t major, minor;
	uint32_t magic;	     /* first four bytes read in the file's byte order */
	int32_t thiszone;    /* classic pcap only */
	uint32_t sigfigs;    /* classic pcap only */
	uint32_t snaplen;    /* classic pcap: as it stands in the header */
	uint32_t network;    /* the same: the link type with what its upper bits say */
	uint32_t n_sections; /* pcapng: seen so far; pcap: 1 */
	uint32_t n_ifaces;   /* over all sections so far */
	int64_t size;	     /* bytes of the file, -1 for a pipe */
	struct weir_options
		section; /* pcapng: of the first section; lent like those of interfaces */
};

/* One recorded frame. */
struct weir_record {
	const uint8_t *data; /* lent: valid until the next call on the reader */
	uint32_t len;	     /* captured bytes at data */
	uint32_t orig_len;   /* bytes on the wire */
	int64_t ts_ns;	     /* ns since 1970 UTC; 0 if the block carries none (SPB) */
	uint32_t iface;	     /* index for weir_reader_iface() */
	uint32_t linktype;   /* that interface's */
	uint64_t nr;	     /* place in the file, from 1 */
	uint64_t offset;     /* of the record in the decompressed file, bytes */
};

struct weir_reader;

/* Opens a trace for reading. "-" is standard input. ret_reader is the caller's,
 * to be closed with weir_reader_close().
 * Errors: what open(2) gives; -EINVAL: not a trace, or its header is damaged; -EINTR:
 * a signal came before the header did. Of pcapng it reads up to the first interface,
 * if there is one before the first frame. */
int weir_reader_open(const char *path, struct weir_reader **ret_reader, struct weir_err *err);

/* The same, but waiting for a pipe ends with -ECANCELED once stop_fd is readable; it is lent
 * while the reader lives; -1: never. */
int weir_reader_open_until(const char *path, int stop_fd, struct weir_reader **ret_reader,
			   struct weir_err *err);

/* The same over size bytes at data, which are lent until the reader is closed.
 * name stands for the file in messages and is copied. */
int weir_reader_open_mem(const char *name, const void *data, size_t size,
			 struct weir_reader **ret_reader, struct weir_err *err);

/* The next frame. 1: *ret_rec is filled. 0: the end of the file. Negative: the
 * file is damaged or cut off here; the text names file, record, byte offset and
 * reason. All frames before the damage have been given; every later call returns
 * the same error. -EBADMSG is damage, -ENODATA is "cut off", others are I/O. Only
 * -EINTR (a signal without SA_RESTART came while a pipe was waited for) is no end:
 * the call may be repeated and loses nothing. */
int weir_reader_next(struct weir_reader *r, struct weir_record *ret_rec, struct weir_err *err);

/* Lent until the next call on r. */
const struct weir_trace_info *weir_reader_info(const struct weir_reader *r);
/* Interface i < info->n_ifaces; lent until the next call on r. */
const struct weir_trace_iface *weir_reader_iface(const struct weir_reader *r, uint32_t i);
/* Bytes of the (compressed) file consumed so far, for progress. */
int64_t weir_reader_position(const struct weir_reader *r);

/* NULL is allowed. Returns NULL. */
struct weir_reader *weir_reader_close(struct weir_reader *r);

struct weir_writer_opts {
	enum weir_trace_format format; /* not KUZNETZOV */
	enum weir_compression compression;
	uint32_t linktype;	 /* of the first interface */
	uint32_t snaplen;	 /* told in the header; 0 is WEIR_FRAME_MAX */
	const char *iface_name;	 /* pcapng if_name, or NULL; copied */
	const char *application; /* pcapng shb_userappl, NULL is "weir VERSION" */
	const char *comment;	 /* pcapng section comment, or NULL */
	/* pcapng: the options of the section and of its first interface instead of those that
	 * the texts above make, if .data; copied. See weir_writer_add_iface(). */
	struct weir_options section, iface;
};

struct weir_writer;

/* Sets format and compression to what the name ends with: .pcapng, or anything else for
 * classic pcap with nanoseconds; and .gz, .zst or .lz4 behind that. */
void weir_writer_opts_by_name(const char *path, struct weir_writer_opts *opts);

/* Makes (or truncates) a trace file. "-" is standard output. The file is the
 * caller's to finish with weir_writer_finish() and close. -EINVAL: the format cannot
 * hold what opts says; nothing was touched then. */
int weir_writer_open(const char *path, const struct weir_writer_opts *opts,
		     struct weir_writer **ret_writer, struct weir_err *err);

/* pcapng: another interface; its index in *ret_iface. Its linktype and snaplen are used, and
 * its options, if .data: times are written as they have it. Otherwise its name is, and times
 * are nanoseconds since 1970. -ENOTSUP for pcap; -EINVAL: such times are not known. */
int weir_writer_add_iface(struct weir_writer *w, const struct weir_trace_iface *iface,
			  uint32_t *ret_iface, struct weir_err *err);

/* Appends a frame; rec->data, len, orig_len, ts_ns and, for pcapng, iface are used.
 * Times are cut, not rounded, to what the format or interface holds, so that what was read
 * is written again; a time that it cannot hold (before 1970; pcap: after 2106) is -ERANGE, a frame
 * that a reader would refuse for its length -EMSGSIZE, an unknown interface -EINVAL: then nothing
 * was written and the file goes on. comment: pcapng opt_comment of this frame, or NULL. */
int weir_writer_write(struct weir_writer *w, const struct weir_record *rec, const char *comment,
		      struct weir_err *err);

/*
 * Frames made for a file, of its first interface: they are made where their records are to be,
 * by any number of threads, and only appending is one thread's. So they are never copied.
 *
 *	mem|head|frame 0  |head|frame 1 |head|...
 *	         ^ pkts[0].data  ^ pkts[1].data
 */

/* Bytes that a record takes at most beside its frame. */
#define WEIR_RECORD_ROOM 36u

/* Sets pkts[].data, in a row from mem on, so that each of the n frames has its .len there and
 * its record around it. Any thread. */
void weir_writer_place(const struct weir_writer *w, uint8_t *mem, struct weir_pkt *pkts,
		       unsigned n);

/* Makes the records around frames that were so placed; .len, .orig_len and .ts_ns are used.
 * How many, from the first; if not n, err says why, as of weir_writer_write(), the next one
 * cannot be written. Any thread. */
unsigned weir_writer_make(const struct weir_writer *w, const struct weir_pkt *pkts, unsigned n,
			  struct weir_err *err);

/* Appends n such records, placed in a row. */
int weir_writer_append(struct weir_writer *w, const struct weir_pkt *pkts, unsigned n,
		       struct weir_err *err);

/* Writes an interface statistics block (pcapng; otherwise nothing). */
int weir_writer_stats(struct weir_writer *w, uint32_t iface, uint64_t received, uint64_t dropped,
		      struct weir_err *err);

/* Hands everything written so far to the file, for who reads it while it grows or wants
 * to learn of a full disk; of a compressed one some may stay behind. */
int weir_writer_flush(struct weir_writer *w, struct weir_err *err);

/* Everything written reaches the file, which is closed; call it once, last, to learn
 * of a full disk. Frames written so far stay readable whatever it returns. */
int weir_writer_finish(struct weir_writer *w, struct weir_err *err);

/* Closes without a word about errors. NULL is allowed. Returns NULL. */
struct weir_writer *weir_writer_close(struct weir_writer *w);

/* Name of a format or compression for people and JSON. Never NULL. */
const char *weir_trace_format_name(enum weir_trace_format f);
const char *weir_compression_name(enum weir_compression c);
/* "EN10MB" for LINKTYPE 1 and so on; NULL if it has no name. Static. */
const char *weir_linktype_name(uint32_t linktype);
const char *weir_linktype_description(uint32_t linktype);

#ifdef __cplusplus
}
#endif
#endif
