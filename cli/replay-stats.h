/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a replay came to, and how it is told: tcpreplay's lines, which scripts and Scapy
 * parse, or one JSON object.
 */
#ifndef CLI_REPLAY_STATS_H
#define CLI_REPLAY_STATS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <weir/hist.h>
#include <weir/port.h>
#include <weir/send.h>
#include <weir/stream.h>

#include "reached.h"
#include "replay-edit.h"

struct replay_flows {
	uint64_t unique, expired; /* seen for the first time; again after they had expired */
	uint64_t frames, non_flow_frames, invalid;
};

struct replay_port_result {
	const char *name; /* as the user wrote it */
	const struct weir_port_info *info;
	const char *note; /* how it works, or "" */
	struct weir_port_stats stats;
	struct replay_flows flows;
};

struct replay_result {
	uint64_t frames, bytes;
	uint64_t failed; /* frames that should have left but did not */
	uint64_t elapsed_ns;
	bool even_if_none; /* tell of a run in which no byte was sent, too */
	bool expiry;	   /* flows could expire */
	bool port_flows;   /* tell of flows by port */
	struct replay_flows flows;
	unsigned n_ports;
	struct replay_port_result ports[WEIR_SEND_MAX_PORTS];
	struct weir_send_stats send; /* the whole of it, for JSON */
	uint64_t late_limit_ns;	     /* frames beyond it count as late */
	struct weir_hist late;	     /* how late frames left; empty at top speed */
	struct reached reached;
	unsigned n_workers;
	struct weir_worker_stats workers[WEIR_SEND_MAX_WORKERS];
	struct weir_stream_info trace;
	struct replay_edit_result edit;
};

/* Actual, Rated and Failed write attempts: also told while it runs. Every figure is cut,
 * not rounded, as tcpreplay does. */
void replay_print_rates(FILE *to, const struct replay_result *res);

/* "Lateness: p50 0.018 us, ...", of a run with a rate. */
void replay_print_lateness(FILE *to, const struct replay_result *res);

/* All of it. */
void replay_print_text(FILE *to, const struct replay_result *res);

/* One object and a newline; command is the one that was run. 0, or -ENOMEM. See weir-replay(1) for
 * its members. */
int replay_print_json(FILE *to, const char *command, const struct replay_result *res);

#endif
