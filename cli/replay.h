/* SPDX-License-Identifier: BSD-2-Clause */
/* weir replay: what its files share. */
#ifndef CLI_REPLAY_H
#define CLI_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

#include <weir/edit.h>
#include <weir/pace.h>
#include <weir/port.h>
#include <weir/send.h>
#include <weir/split.h>
#include <weir/stream.h>

#include "cmd.h"
#include "edit-opts.h"
#include "files.h"
#include "pace-opts.h"
#include "replay-edit.h"
#include "replay-split.h"
#include "replay-stats.h"

/* The options, as replay-opts.c reads them. Texts are NULL unless given. */
struct replay_cfg {
	/* where to */
	const char *intf1, *intf2, *write;
	const char *cachefile;
	bool dualfile;
	const char *split;    /* the mode, as one text */
	struct split_cfg how; /* and its options */
	bool netmap;
	uint32_t nm_delay_s; /* before the first frame, with netmap */
	bool xdp;
	uint32_t xdp_batch_size; /* 0: what the engine thinks best */
	bool listnics;
	/* when */
	const char *multiplier, *pps, *mbps;
	bool topspeed, oneatatime;
	uint32_t pps_multi;
	uint64_t maxsleep_ms;
	const char *timer;
	struct pace_cfg pace;
	/* what */
	const char *include, *exclude;
	bool pktlen, preload;
	uint64_t loop, loopdelay_ms, loopdelay_ns;
	uint64_t limit, duration_s;
	bool unique_ip;
	const char *unique_ip_loops;
	struct edit_cfg edit;
	struct cut_cfg cut;
	bool strict;
	/* what is told */
	bool no_flow_stats;
	uint32_t flow_expiry_s;
	uint64_t stats_s; /* meant when --stats was given */
	bool verbose, quiet, pid, suppress_warnings, json;
	const char *decode;
};

extern const struct opt replay_rows[];
extern const struct opt replay_edit_rows[]; /* of those that edit */
extern const struct replay_cfg replay_defaults;

/* What a replay is made of. Zeroed, then filled by replay_open(). */
struct replay {
	const struct cmd_run *run;
	const struct replay_cfg *cfg;
	const struct weir_maker *maker; /* frames of this instead of files; or NULL */
	uint64_t maker_loop;		/* frames of what counts as one loop of it */
	/* The port makes the frames, which the maker only numbers; or NULL. */
	const struct weir_recipe *recipe;
	const char *remark; /* on how frames are made, instead of the port's; or NULL */
	struct weir_rate rate;
	struct weir_profile *profile;
	struct weir_send_opts send; /* what the options say of the sender */
	unsigned n_workers;
	struct file_list files;
	struct weir_numset *numbers;
	struct weir_cache *cache;
	struct replay_split *split;
	struct replay_edit *edit;
	struct weir_unique_ip *unique;
	struct decoder *decoder;
	struct weir_stage stages[5 + MAX_EDIT_STAGES];
	unsigned n_stages;
	struct weir_stream *stream;
	struct weir_port *ports[WEIR_SEND_MAX_PORTS];
	const char *names[WEIR_SEND_MAX_PORTS]; /* of the ports, as the user wrote them */
	unsigned n_ports;
	struct asker *asker;
	struct weir_sender *sender;
	int signals; /* to poll and for signals_next() */
	FILE *out;   /* where statistics go; lent */
	bool interrupted;
};

/* replay-plan.c: the rate and the timer that the options ask for. 0, or -EINVAL: the text
 * names option and value. personality: take what tcpreplay takes. */
int replay_rate(const struct replay_cfg *cfg, bool personality, struct weir_rate *ret_rate,
		struct weir_err *err);
/* ret_remark: something to tell the user, or NULL; static. */
int replay_timer(const struct replay_cfg *cfg, bool personality, enum weir_timer *ret_timer,
		 const char **ret_remark, struct weir_err *err);
/* The port's name that the user's name of it stands for: "%2", "eth0" with --xdp or --netmap. To be
 * freed with free(3). -ENODEV: there is no interface with that number. */
int replay_port_name(const struct replay_cfg *cfg, const char *name, char **ret_name,
		     struct weir_err *err);

/* replay-open.c: everything up to the first frame. 0, or a negative errno; *ret_usage: it
 * was the options' fault. replay_close() undoes it, whatever came of it. */
int replay_open(struct replay *p, bool *ret_usage, struct weir_err *err);
void replay_close(struct replay *p);

/* replay-drive.c: sends everything, with signals, progress and statistics on the way. 0, or
 * the error that ended it. */
int replay_drive(struct replay *p, struct weir_err *err);
/* What it has come to. */
void replay_result(struct replay *p, struct replay_result *ret_res);

/* replay-run.c: all of it, from opening to the statistics. The exit status. run, cfg,
 * maker, maker_loop, recipe and remark of p are set, and of send what is none of the options; the
 * rest is 0. */
int replay_run(struct replay *p);

#endif
