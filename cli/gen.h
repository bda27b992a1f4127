/* SPDX-License-Identifier: BSD-2-Clause */
/* weir gen: what its files share. */
#ifndef CLI_GEN_H
#define CLI_GEN_H

#include <weir/gen.h>

#include "replay.h"
#include "trace-out.h"

struct gen_cfg {
	struct replay_cfg send; /* those of its options that gen has too */
	const char *file, *size;
	struct trace_out_cfg out;
	bool no_fcs, stamp, random_order, print, list;
	uint64_t count;
};

extern const struct opt gen_rows[];
extern const struct gen_cfg gen_defaults;

/* Frames to make in all: --count, or as many passes as --loop says. UINT64_MAX: no end. */
uint64_t gen_total(const struct gen_cfg *cfg, const struct weir_gen *g);

/* gen-write.c: makes them into a trace file; into text on stdout. The exit status. rate:
 * the times in the file. */
int gen_write(const struct cmd_run *run, const struct gen_cfg *cfg, const struct weir_gen *g,
	      const struct weir_rate *rate);
int gen_print(const struct cmd_run *run, const struct gen_cfg *cfg, const struct weir_gen *g);

#endif
