/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Options that every command that sends has, as rows. S is the struct that the row sets
 * and M what leads from it to a struct replay_cfg: nothing, or "send.".
 */
#ifndef CLI_SEND_ROWS_H
#define CLI_SEND_ROWS_H

#include "opt.h"

/* clang-format off */
#define ROW_QUIET(S, M)                                                                            \
	{ OPT(S, M quiet), .name = "quiet", .letter = 'q', .help = "no progress and no remarks" }
#define ROW_TIMER(S, M)                                                                            \
	{ OPT(S, M timer), .name = "timer", .letter = 'T', .metavar = "NAME",                      \
	  .help = "how to wait: auto, spin, sleep (gtod, nano and select are taken too)" }
#define ROW_DURATION(S, M)                                                                         \
	{ OPT(S, M duration_s), .name = "duration", .metavar = "S", .min = 1,                      \
	  .max = UINT64_MAX / 1000000000, .help = "stop after S seconds" }
#define ROW_PPS(S, M, OTHERS)                                                                      \
	{ OPT(S, M pps), .name = "pps", .letter = 'p', .metavar = "RATE", .conflicts = OTHERS,     \
	  .help = "frames a second" }
#define ROW_MBPS(S, M, OTHERS)                                                                     \
	{ OPT(S, M mbps), .name = "mbps", .letter = 'M', .metavar = "RATE", .conflicts = OTHERS,   \
	  .help = "megabits (10^6) a second of frame bytes; 0 is --topspeed" }
#define ROW_TOPSPEED(S, M, OTHERS)                                                                 \
	{ OPT(S, M topspeed), .name = "topspeed", .letter = 't', .conflicts = OTHERS,              \
	  .help = "as fast as the port takes them" }
#define ROW_PPS_MULTI(S, M)                                                                        \
	{ OPT(S, M pps_multi), .name = "pps-multi", .metavar = "N", .min = 1, .requires = "pps",   \
	  .help = "send N frames together, at the time of the first" }
#define ROW_PID(S, M)                                                                              \
	{ OPT(S, M pid), .name = "pid", .letter = 'P', .help = "print the process id" }
#define ROW_STATS(S, M)                                                                            \
	{ OPT(S, M stats_s), .name = "stats", .metavar = "S", .max = UINT64_MAX / 1000000000,      \
	  .help = "print statistics every S seconds; 0: after each loop" }
#define ROW_SUPPRESS_WARNINGS(S, M)                                                                \
	{ OPT(S, M suppress_warnings), .name = "suppress-warnings", .letter = 'W',                 \
	  .flags = OPT_AGAIN, .help = "print no warnings" }
#define ROW_JSON(S, M)                                                                             \
	{ OPT(S, M json), .name = "json", .flags = OPT_WEIR_ONLY,                                  \
	  .help = "print the statistics as one JSON object" }
/* clang-format on */

#endif
