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
	bool no_notes;
};

/* clang-format off */
#define TRACE_OUT_ROWS(strct, field) \
	{ OPT(strct, field.format), .name = "format", .flags = OPT_WEIR_ONLY, .metavar = "FORMAT", \
	  .help = "write pcap, pcap-ns or pcapng instead of what was read" }, \
	{ OPT(strct, field.compress), .name = "compress", .flags = OPT_WEIR_ONLY, .metavar = "HOW", \
	  .help = "compress what is written: gzip, zstd or lz4" }, \
	{ OPT(strct, field.no_notes), .name = "no-notes", .flags = OPT_WEIR_ONLY, \
	  .help = "leave out what a pcapng tells beside frames: comments, names, ..." }
/* clang-format on */

/* Sets of opts what cfg asks for. -EINVAL. */
int trace_out_opts(const struct trace_out_cfg *cfg, struct weir_writer_opts *opts,
		   struct weir_err *err);

struct trace_out;

/* editor tells the link types of the frames; NULL: they stay. notes: WEIR_NOTES_... of what
 * a pcapng tells beside them that are to be kept, where cfg does not forbid it; with any, the
 * options of the section and its interfaces are, too. old: as tcprewrite writes, pcap in
 * microseconds. reader and editor are lent as long as the result lives. -EINVAL:
 * the options' fault. */
int trace_out_open(const char *path, const struct trace_out_cfg *cfg, struct weir_reader *reader,
		   const struct weir_editor *editor, unsigned notes, bool old,
		   struct trace_out **ret_out, struct weir_err *err);

/* Which notes the blocks that are to be written have to take. */
unsigned trace_out_notes(const struct trace_out *o);

/* Learns of interfaces that the reader has found. After frames have been read, by who reads
 * them; what follows may be done by another thread, which has its own frames only. */
void trace_out_see(struct trace_out *o);

/* Writes the frames of a block, which has notes, but those with WEIR_NO_PORT. Frames whose link
 * type is not the one that frames of their interface get are left out, unless any may be, and
 * counted. 0, or a negative errno: what stands before the frame that it is about has been written.
 */
int trace_out_write(struct trace_out *o, struct weir_block *b, bool any, uint64_t *left_out,
		    struct weir_err *err);

/* Once, last. */
int trace_out_finish(struct trace_out *o, struct weir_err *err);
/* NULL is allowed. Returns NULL. */
struct trace_out *trace_out_close(struct trace_out *o);

#endif
