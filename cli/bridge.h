/* SPDX-License-Identifier: BSD-2-Clause */
/* weir bridge: what its files share. */
#ifndef CLI_BRIDGE_H
#define CLI_BRIDGE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <weir/cut.h>
#include <weir/edit.h>
#include <weir/filter.h>
#include <weir/forward.h>
#include <weir/guard.h>
#include <weir/port.h>

#include "cmd.h"
#include "cut-opts.h"
#include "edit-opts.h"

/* Words of --guard, in their order. */
enum bridge_guard {
	BRIDGE_GUARD_LOOP,
	BRIDGE_GUARD_PIN,
	BRIDGE_GUARD_OFF,
};

/* The options. Texts are NULL unless given. */
struct bridge_cfg {
	struct edit_cfg edit;
	struct cut_cfg cut;
	const char *intf1, *intf2;
	const char *include, *exclude;
	const char *filter, *filter1, *filter2;
	const char *decode;
	struct opt_list macs;
	uint64_t limit, duration_s, stats_s;
	uint32_t guard; /* enum bridge_guard */
	uint32_t queues;
	bool unidir, listnics, pid, verbose, suppress_warnings, quiet, json, strict;
};

/* What stands on the way of the frames of a lane. */
struct bridge_lane {
	struct weir_filter *filter;
	struct weir_editor *editor;
	struct cuts cuts;	    /* that are asked for */
	struct weir_cutter *cutter; /* for a port that does not do it itself */
	struct weir_stage stages[5 + MAX_CUT_STAGES];
	unsigned n_stages;
};

/* One of the two directions: n_queues lanes, from port 0 to port 1 or back. */
struct bridge_dir {
	struct bridge_lane *lanes;
};

struct decoder;

struct bridge {
	const struct cmd_run *run;
	const struct bridge_cfg *cfg;
	struct weir_edit_opts edit; /* what the options ask for */
	char names[2][256];	    /* of the ports */
	struct weir_port *ports[2];
	unsigned n_queues, n_dirs;
	struct bridge_dir dirs[2];
	struct weir_guard *guard;
	struct decoder *decoder;
	pthread_mutex_t decoding; /* lanes share it */
	struct weir_forwarder *forwarder;
	uint64_t begin_ns; /* CLOCK_MONOTONIC */
	int signals;
};

/* What has come of a direction. */
struct bridge_figures {
	const char *from, *to;	/* names of the ports */
	uint64_t frames, bytes; /* that the port took */
	struct weir_lane_stats lanes;
	struct weir_guard_counts guard;
	uint64_t filtered;
	uint64_t edit_dropped;
	uint64_t not_edited[WEIR_N_EDIT_REASONS];
	uint64_t refused[WEIR_N_REFUSALS], refused_total;
	uint64_t lost; /* arrived, but there was no room for them */
};

struct bridge_result {
	uint64_t elapsed_ns;
	unsigned n_dirs;
	struct bridge_figures dirs[2];
};

/* bridge-open.c: everything up to the first frame. 0, or a negative errno; *ret_usage: it
 * was the options' fault. bridge_close() undoes it, whatever came of it. */
int bridge_open(struct bridge *b, bool *ret_usage, struct weir_err *err);
void bridge_close(struct bridge *b);

/* bridge-drive.c: forwards until it is to end. 0, or the error that ended it. */
int bridge_drive(struct bridge *b, struct weir_err *err);
/* What it has come to; what editors have counted only if final: nothing runs any more. */
void bridge_result(const struct bridge *b, bool final, struct bridge_result *ret_res);

/* bridge-stats.c: a line for each direction of the time since before; the result as text
 * and as one JSON object: 0, or -ENOMEM. */
void bridge_print_rates(FILE *to, const struct bridge_result *now,
			const struct bridge_result *before);
void bridge_print_totals(FILE *to, const struct bridge_result *res); /* tcpbridge's lines */
void bridge_print_text(FILE *to, const struct bridge_result *res);
int bridge_print_json(FILE *to, const struct bridge_result *res);

#endif
