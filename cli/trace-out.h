/* SPDX-License-Identifier: BSD-2-Clause */
/* A trace made from another one: of the same kind, unless the options say otherwise. */
#ifndef CLI_TRACE_OUT_H
#define CLI_TRACE_OUT_H

#include <stdbool.h>
#include <stdint.h>

#include <weir/block.h>
#include <weir/edit.h>
#include <weir/trace.h>

#include "opt.h"

struct trace_out_cfg {
	const char *format, *compress;
};

/* clang-format off */
#define TRACE_OUT_ROWS(strct, field) \
	{ OPT(strct, field.format), .name = "format", .flags = OPT_WEIR_ONLY, .metavar = "FORMAT", \
	  .help = "write pcap, pcap-ns or pcapng instead of what was read" }, \
	{ OPT(strct, field.compress), .name = "compress", .flags = OPT_WEIR_ONLY, .metavar = "HOW", \
	  .help = "compress what is written: gzip, zstd or lz4" }
/* clang-format on */

/* Sets of opts what cfg asks for. -EINVAL. */
int trace_out_opts(const struct trace_out_cfg *cfg, struct weir_writer_opts *opts,
		   struct weir_err *err);

struct trace_out;

/* editor tells the link types of the frames; NULL: they stay. old: as tcprewrite writes,
 * pcap in microseconds. reader and editor are lent as long as the result lives. -EINVAL:
 * the options' fault. */
int trace_out_open(const char *path, const struct trace_out_cfg *cfg, struct weir_reader *reader,
		   const struct weir_editor *editor, bool old, struct trace_out **ret_out,
		   struct weir_err *err);

/* Learns of interfaces that the reader has found. After frames have been read, by who reads
 * them; what follows may be done by another thread, which has its own frames only. */
void trace_out_see(struct trace_out *o);

/* Writes the frames of a block, but those with WEIR_NO_PORT. Frames whose link type is not
 * the one that frames of their interface get are left out, unless any may be, and counted.
 * 0, or a negative errno: what stands before the frame that it is about has been written. */
int trace_out_write(struct trace_out *o, struct weir_block *b, bool any, uint64_t *left_out,
		    struct weir_err *err);

/* Writes a frame as it was read. 0, or a negative errno. */
int trace_out_write_record(struct trace_out *o, const struct weir_record *rec,
			   struct weir_err *err);

/* Once, last. */
int trace_out_finish(struct trace_out *o, struct weir_err *err);
/* NULL is allowed. Returns NULL. */
struct trace_out *trace_out_close(struct trace_out *o);

#endif
