/* SPDX-License-Identifier: BSD-2-Clause */
/* weir capture: what its files share. */
#ifndef CLI_CAPTURE_H
#define CLI_CAPTURE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <weir/capture.h>

/* capture-stats.c: the result, as text and as one JSON object: 0, or -ENOMEM. */
void capture_print_text(FILE *to, const struct weir_capture *c, unsigned n_ports,
			uint64_t elapsed_ns);
int capture_print_json(FILE *to, const struct weir_capture *c, unsigned n_ports,
		       uint64_t elapsed_ns);

/* Sums over all ports. */
void capture_sum(const struct weir_capture *c, unsigned n_ports,
		 struct weir_capture_figures *ret_sum);

/* Frames that arrived, were wanted and are not in the file. */
static inline uint64_t capture_lost(const struct weir_capture_figures *f)
{
	return f->kernel_dropped + f->ring_dropped + f->writer_dropped;
}

#endif
