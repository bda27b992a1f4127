/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A trace through editors: blocks are read in turn, edited side by side by as many workers
 * as are wanted, and written in the order of the trace.
 */
#ifndef CLI_EDIT_RUN_H
#define CLI_EDIT_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include <weir/edit.h>
#include <weir/split.h>
#include <weir/trace.h>

#include "cmd.h"
#include "cut-opts.h"
#include "decoder.h"
#include "trace-out.h"

#define MAX_WORKERS 64u

/* The caller sets what is above the blank line; all of it is lent. */
struct edit_run {
	const struct cmd_run *run;
	const struct weir_edit_opts *opts; /* but for .report */
	const struct cut_plan *plan;	   /* what else is asked for */
	const char *infile;
	bool strict;	    /* a frame that an edit cannot be applied to ends the run */
	bool tell_warnings; /* of such frames, each */
	uint32_t n_workers; /* 0: as many as there are processors for; at most MAX_WORKERS */
	struct weir_reader *reader;
	struct weir_cache *cache;
	struct decoder *decoder;
	struct trace_out *out;
	int signals; /* see signals_open_ends() */

	struct edit_load *loads[MAX_WORKERS];
	unsigned n_loads;
	struct edit_load *last; /* whose reader came to the end of the file */
	uint64_t n_read;	/* frames */
	uint64_t unconverted;	/* frames left out: not of the new link type */
	bool stopped;		/* by a signal */
};

/* Makes the first editor, and who makes several frames of one. Of the fields above only
 * .run, .opts, .plan, .infile and the three behind it count. Errors as of
 * weir_editor_new() and cuts_open(). */
int edit_run_init(struct edit_run *r, struct weir_err *err);

/* The first editor, lent, for questions about all. */
const struct weir_editor *edit_run_editor(const struct edit_run *r);

/* Takes all frames through. 0, also when stopped; or what ended it: what stands before
 * has been written. -ENOMSG: an empty frame, behind which tcprewrite does not go on. */
int edit_run_all(struct edit_run *r, struct weir_err *err);

/* Sums of all editors. */
void edit_run_counts(const struct edit_run *r, struct weir_edit_counts *ret_counts);

void edit_run_done(struct edit_run *r);

#endif
