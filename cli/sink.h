/* SPDX-License-Identifier: BSD-2-Clause */
/* weir sink: what its files share. */
#ifndef CLI_SINK_H
#define CLI_SINK_H

#include <stdio.h>

#include <weir/check.h>
#include <weir/port.h>

#include "receiver.h"

/* What has arrived. */
struct sink_figures {
	struct receiver_counts received;
	uint64_t stamped;
	uint64_t dropped; /* by the kernel: there was no room for them */
};

/* sink-stats.c: a line for the time since before; the result as text, and as one JSON
 * object: 0, or -ENOMEM. */
void sink_print_rate(FILE *to, const struct sink_figures *now, const struct sink_figures *before,
		     uint64_t ns);
void sink_print_text(FILE *to, const struct sink_figures *f, struct weir_check *check);
int sink_print_json(FILE *to, const struct sink_figures *f, struct weir_check *check);

#endif
