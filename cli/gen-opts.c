/* SPDX-License-Identifier: BSD-2-Clause */
/* The options of weir gen. */
#include "gen.h"
#include "send-rows.h"

const struct gen_cfg gen_defaults = {
	.send = { .pps_multi = 1, .unique_ip_loops = "1.0", .no_flow_stats = true },
};

const struct opt gen_rows[] = {
	{ OPT(struct gen_cfg, send.intf1), .name = "intf1", .letter = 'i', .metavar = "PORT",
	  .conflicts = "write print", .help = "send through this port" },
	{ OPT(struct gen_cfg, send.write), .name = "write", .letter = 'w', .metavar = "FILE",
	  .conflicts = "intf1 print", .help = "write a trace file; - is standard output" },
	{ OPT(struct gen_cfg, out.format), .name = "format", .metavar = "FORMAT",
	  .requires = "write",
	  .help = "write pcap, pcap-ns or pcapng, whatever the file's name ends with" },
	{ OPT(struct gen_cfg, out.compress), .name = "compress", .metavar = "HOW",
	  .requires = "write", .help = "compress the file: gzip, zstd or lz4" },
	{ OPT(struct gen_cfg, print), .name = "print", .conflicts = "intf1 write",
	  .help = "print each frame: a line of what it is, one of its bytes" },
	{ OPT(struct gen_cfg, list), .name = "layers", .flags = OPT_ALONE,
	  .help = "list the layers and their fields and leave" },
	{ OPT(struct gen_cfg, file), .name = "file", .letter = 'f', .metavar = "FILE",
	  .help = "read templates from a file; - is standard input" },
	{ OPT(struct gen_cfg, count), .name = "count", .letter = 'n', .metavar = "N", .min = 1,
	  .conflicts = "loop", .help = "stop after N frames" },
	{ OPT(struct gen_cfg, send.loop), .name = "loop", .letter = 'l', .metavar = "N",
	  .conflicts = "count",
	  .help = "go N times through all sets; 0, which a port begins with: for ever" },
	{ OPT(struct gen_cfg, size), .name = "size", .letter = 's', .metavar = "SIZE",
	  .help = "length of frames: 64, 64-1500 (drawn), 64:7,594:4,1518:1 or IMIX" },
	{ OPT(struct gen_cfg, no_fcs), .name = "no-fcs",
	  .help = "sizes do not count the 4 bytes of the frame check sequence" },
	{ OPT(struct gen_cfg, stamp), .name = "stamp",
	  .help = "end each frame with stream, number and time of sending, for weir sink" },
	{ OPT(struct gen_cfg, random_order), .name = "random-order",
	  .help = "shuffle the frames of each pass" },
	PACE_SEED_ROW(struct gen_cfg, send.pace, "seed", NULL),
	ROW_PPS(struct gen_cfg, send., "mbps topspeed"),
	ROW_MBPS(struct gen_cfg, send., "pps topspeed"),
	ROW_TOPSPEED(struct gen_cfg, send., "pps mbps"),
	ROW_PPS_MULTI(struct gen_cfg, send.),
	PACE_ROWS(struct gen_cfg, send.pace, "pps mbps topspeed"),
	ROW_DURATION(struct gen_cfg, send.),
	ROW_TIMER(struct gen_cfg, send.),
	ROW_QUIET(struct gen_cfg, send.),
	ROW_STATS(struct gen_cfg, send.),
	ROW_PID(struct gen_cfg, send.),
	ROW_SUPPRESS_WARNINGS(struct gen_cfg, send.),
	ROW_JSON(struct gen_cfg, send.),
	{ 0 },
};
