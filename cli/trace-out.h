/* SPDX-License-Identifier: BSD-2-Clause */
/* A trace made from another one: of the same kind, unless the options say otherwise. */
#ifndef CLI_TRACE_OUT_H
#define CLI_TRACE_OUT_H

#include <stdbool.h>
#include <stdint.h>

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

struct trace_out;

/* editor tells the link types of the frames; NULL: they stay. old: as tcprewrite writes,
 * pcap in microseconds. reader and editor are lent as long as the result lives. -EINVAL:
 * the options' fault. */
int trace_out_open(const char *path, const struct trace_out_cfg *cfg, struct weir_reader *reader,
		   const struct weir_editor *editor, bool old, struct trace_out **ret_out,
		   struct weir_err *err);

/* Writes a frame that came from this interface. 1; or 0: its link type is not the one that
 * frames of the interface get, and it was left out, unless any may be. */
int trace_out_write(struct trace_out *o, const struct weir_buf *frame, uint32_t iface, bool any,
		    struct weir_err *err);

/* Writes a frame as it was read. 0, or a negative errno. */
int trace_out_write_record(struct trace_out *o, const struct weir_record *rec,
			   struct weir_err *err);

/* Once, last. */
int trace_out_finish(struct trace_out *o, struct weir_err *err);
/* NULL is allowed. Returns NULL. */
struct trace_out *trace_out_close(struct trace_out *o);

#endif
