/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Options about when frames leave and who sends them, beyond tcpreplay's. Every command
 * that sends takes them: they are rows over a struct that the command's own contains.
 */
#ifndef CLI_PACE_OPTS_H
#define CLI_PACE_OPTS_H

#include <stdbool.h>
#include <stdint.h>

#include <weir/err.h>
#include <weir/pace.h>
#include <weir/port.h>
#include <weir/send.h>

#include "opt.h"

/* Texts are NULL unless given. */
struct pace_cfg {
	const char *gbps, *line_rate, *speed, *gap, *rate_profile;
	uint32_t burst;
	bool poisson;
	uint64_t seed;
	const char *rt;
	bool spin;
	uint32_t on_late; /* enum weir_on_late: place in the list of choices */
	const char *late_limit;
	uint32_t max_burst;
	const char *start_at, *launch_time;
	uint32_t workers;
	uint32_t shard; /* enum weir_shard */
	bool ordered;
	const char *share;
	bool strict_rate;
};

/* Rows of a command whose struct strct holds a struct pace_cfg in field. others: the
 * command's own ways to say a rate. The seed has a row of its own: a command may draw
 * other things too, and then it goes without --poisson, or have another option --seed. */
/* clang-format off */
#define PACE_ROWS(strct, field, others) \
	{ OPT(strct, field.gbps), .name = "gbps", .flags = OPT_WEIR_ONLY, .metavar = "RATE", \
	  .conflicts = others " line-rate gap rate-profile", \
	  .help = "gigabits (10^9) a second of frame bytes" }, \
	{ OPT(strct, field.line_rate), .name = "line-rate", .flags = OPT_WEIR_ONLY, .metavar = "PERCENT", \
	  .conflicts = others " gbps gap rate-profile", \
	  .help = "percent of the link's speed, with preamble, FCS and gap (24 bytes a frame)" }, \
	{ OPT(strct, field.speed), .name = "speed", .flags = OPT_WEIR_ONLY, .metavar = "RATE", \
	  .requires = "line-rate", \
	  .help = "the link's speed, such as 10Gbps, if it tells none" }, \
	{ OPT(strct, field.gap), .name = "gap", .flags = OPT_WEIR_ONLY, .metavar = "TIME", \
	  .conflicts = others " gbps line-rate rate-profile", \
	  .help = "the same time, such as 10us, from each frame's start to the next one's" }, \
	{ OPT(strct, field.rate_profile), .name = "rate-profile", .flags = OPT_WEIR_ONLY, .metavar = "FILE", \
	  .conflicts = others " gbps line-rate gap", \
	  .help = "a rate that changes with time: rows of TIME RATE [ramp]" }, \
	{ OPT(strct, field.burst), .name = "burst", .flags = OPT_WEIR_ONLY, .min = 1, .metavar = "N", \
	  .help = "send N frames back to back, at the same mean rate" }, \
	{ OPT(strct, field.poisson), .name = "poisson", .flags = OPT_WEIR_ONLY, \
	  .help = "draw gaps from an exponential distribution, with the same mean" }, \
	{ OPT(strct, field.rt), .name = "rt", .flags = OPT_WEIR_ONLY | OPT_OPTIONAL, .metavar = "PRIO", \
	  .help = "send in the real-time class SCHED_FIFO, at priority PRIO or 50" }, \
	{ OPT(strct, field.spin), .name = "spin", .flags = OPT_WEIR_ONLY, \
	  .conflicts = "timer", \
	  .help = "the same as --timer=spin" }, \
	{ OPT(strct, field.on_late), .name = "on-late", .flags = OPT_WEIR_ONLY, .choices = "catchup shift drop", .metavar = "WHAT", \
	  .help = "what becomes of late frames" }, \
	{ OPT(strct, field.late_limit), .name = "late-limit", .flags = OPT_WEIR_ONLY, .metavar = "TIME", \
	  .requires = "on-late", \
	  .help = "how late a frame may be before it is dropped or shifts the schedule; 1ms" }, \
	{ OPT(strct, field.max_burst), .name = "max-burst", .flags = OPT_WEIR_ONLY, .min = 1, .metavar = "N", \
	  .help = "catch up with at most N frames back to back, then at twice the rate" }, \
	{ OPT(strct, field.start_at), .name = "start-at", .flags = OPT_WEIR_ONLY, .metavar = "TIME", \
	  .help = "begin the schedule at [tai:]YYYY-MM-DDThh:mm:ss[.s], [tai:]@SECONDS or +TIME from now" }, \
	{ OPT(strct, field.launch_time), .name = "launch-time", .flags = OPT_WEIR_ONLY | OPT_OPTIONAL, .metavar = "LEAD", \
	  .help = "hand frames over LEAD (2ms) before their time, which the port keeps" }, \
	{ OPT(strct, field.workers), .name = "workers", .flags = OPT_WEIR_ONLY, .min = 1, .max = WEIR_SEND_MAX_WORKERS, .metavar = "N", \
	  .conflicts = "ordered", \
	  .help = "sending threads, each with its own queue; as many as the port's queues if not given" }, \
	{ OPT(strct, field.shard), .name = "shard", .flags = OPT_WEIR_ONLY, .choices = "flow round-robin", .metavar = "HOW", \
	  .help = "how frames are shared out: flow keeps the order of each flow" }, \
	{ OPT(strct, field.ordered), .name = "ordered", .flags = OPT_WEIR_ONLY, \
	  .conflicts = "workers", \
	  .help = "keep the order of all frames: one sending thread" }, \
	{ OPT(strct, field.share), .name = "share", .flags = OPT_WEIR_ONLY, .metavar = "K/N", \
	  .help = "send only part K of N, on the schedule of the whole" }, \
	{ OPT(strct, field.strict_rate), .name = "strict-rate", .flags = OPT_WEIR_ONLY, \
	  .help = "exit with status 3 if the rate was not reached" }
#define PACE_SEED_ROW(strct, field, named, needs) \
	{ OPT(strct, field.seed), .name = named, .flags = OPT_WEIR_ONLY, .metavar = "N", \
	  .requires = needs, \
	  .help = "of what is drawn: the same seed, the same draws" }
/* clang-format on */

/* Does cfg say a rate? Then *ret_rate's mode, num, den, overhead and profile are set;
 * --line-rate needs a port for that: see pace_line_rate(). The profile is the caller's.
 * 1, 0 if it says none, or -EINVAL: the text names option and value. */
int pace_rate(const struct pace_cfg *cfg, struct weir_rate *rate, struct weir_profile **ret_profile,
	      struct weir_err *err);

/* --line-rate of this port. -EINVAL: its speed is not known. */
int pace_line_rate(const struct pace_cfg *cfg, const struct weir_port_info *port,
		   struct weir_rate *rate, struct weir_err *err);

/* What cfg says of the sender: lateness, start, class. Sets those fields of opts and, in
 * rate, bursts and draws. 0 or -EINVAL. */
int pace_opts(const struct pace_cfg *cfg, struct weir_rate *rate, struct weir_send_opts *opts,
	      struct weir_err *err);

/* What cfg says of sharing frames out among n_workers here and others elsewhere. Sets
 * cursors and parts. 0 or -EINVAL. */
int pace_shares(const struct pace_cfg *cfg, unsigned n_workers, struct weir_stream_opts *opts,
		struct weir_err *err);

/* How many workers a run over these ports has. names may hold NULL. */
unsigned pace_workers(const struct pace_cfg *cfg, const char *const *names, unsigned n);

#endif
