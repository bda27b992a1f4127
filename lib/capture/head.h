/* SPDX-License-Identifier: BSD-2-Clause */
/* What a file of captured frames begins and ends with. */
#ifndef CAPTURE_HEAD_H
#define CAPTURE_HEAD_H

#include "capture/intake.h"
#include "capture/ngblock.h"

/* Section and interfaces; or the header of a classic pcap, whose link type is that of the
 * first intake. To be ended with ngblock_done(), also after a failure. -ENOMEM. */
int head_make(struct ngblock *b, const struct intake *intakes, unsigned n,
	      const struct weir_capture_opts *opts);

/* What is told of a intake at the end of a file. */
struct tail_figures {
	struct weir_capture_figures figures;
	uint64_t begin_ns, end_ns; /* of the capture so far */
	const char *clock;	   /* struct weir_capture_port */
};

/* Adds the statistics of interface i. -ENOMEM. */
int tail_add(struct ngblock *b, unsigned i, const struct tail_figures *figures);

#endif
