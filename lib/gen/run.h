/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef GEN_RUN_H
#define GEN_RUN_H

#include "gen/program.h"
#include "pkt/checksum.h"

/* The numbers of a frame. */
struct gen_nr {
	uint64_t global; /* in the whole run */
	uint64_t own;	 /* among the frames of its template, in the whole run */
	uint64_t local;	 /* the odometer's: place in the template's sets, or as far as
			  * it likes beyond them: every digit begins anew by itself */
};

/* Makes n <= GEN_BATCH frames of one program. pkts[].len are set. consecutive: .local
 * goes up by one. */
void gen_run(const struct gen_template *t, const struct gen_program *p, const struct gen_nr *nr,
	     bool consecutive, struct weir_pkt *pkts, unsigned n);

#endif
