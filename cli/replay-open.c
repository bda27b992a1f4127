/* SPDX-License-Identifier: BSD-2-Clause */
/* From options to everything that a replay needs, and back. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <string.h>

#include "asker.h"
#include "decoder.h"
#include "interfaces.h"
#include "old-files.h"
#include "old-split.h"
#include "replay.h"
#include "signals.h"
#include "snaplen.h"
#include "util.h"

/* Frames are announced so long before their time to ports that keep it. */
#define LEAD_NS (2 * NSEC_PER_MSEC)

DEFINE_CLEANUP(struct weir_reader *, weir_reader_close)

static bool personality(const struct replay *p)
{
	return cmd_is_personality(p->run);
}

static unsigned plan_workers(const struct replay *p)
{
	const char *names[] = { p->cfg->intf1, p->cfg->intf2 };

	if (personality(p) || p->cfg->write || p->cfg->oneatatime)
		return 1;
	return pace_workers(&p->cfg->pace, names, ARRAY_SIZE(names));
}

static int plan(struct replay *p, struct weir_err *err)
{
	struct weir_stream_opts shares;
	const char *remark;
	int r;

	r = replay_rate(p->cfg, personality(p), &p->rate, err);
	if (r < 0)
		return r;
	r = replay_timer(p->cfg, personality(p), &p->send.timer, &remark, err);
	if (r < 0)
		return r;
	r = pace_rate(&p->cfg->pace, &p->rate, &p->profile, err);
	if (r < 0)
		return r;
	r = pace_opts(&p->cfg->pace, &p->rate, &p->send, err);
	if (r < 0)
		return r;
	p->n_workers = plan_workers(p);
	r = pace_shares(&p->cfg->pace, p->n_workers, &shares, err);
	if (r < 0)
		return r;
	if (remark && !p->cfg->suppress_warnings)
		cmd_warn(p->run, "%s", remark);
	return 0;
}

/* "1.5" loops between changes, as an exact fraction. */
static int open_unique_ip(struct replay *p, struct weir_err *err)
{
	struct weir_unique_ip_opts opts = { .drop_others = personality(p) };
	int r;

	r = weir_rate_parse(p->cfg->unique_ip_loops, 1, &opts.loops_num, &opts.loops_den);
	if (r < 0 || opts.loops_num < opts.loops_den)
		return err_text(err, -EINVAL,
				personality(p) ? "Unable to parse args: --unique-ip-loops requires "
						 "loop count >= 1.0"
					       : "--unique-ip-loops: '%s' is not 1 or more",
				p->cfg->unique_ip_loops);
	return weir_unique_ip_new(&opts, &p->unique, err);
}

/* Which frames: those faults are the options'. */
static int open_numbers(struct replay *p, struct weir_err *err)
{
	const char *list = p->cfg->include ? p->cfg->include : p->cfg->exclude;
	struct weir_err why = { 0 };
	int r;

	if (!list)
		return 0;
	r = personality(p) ? old_numbers(p->run, list, &list, err) : 0;
	if (r < 0)
		return r;
	r = weir_numset_parse(list, &p->numbers, &why);
	if (r < 0)
		return err_text(err, r, "--%s: %s", p->cfg->include ? "include" : "exclude",
				weir_err_text(&why));
	return 0;
}

/* Who tells the sides, if not a cache. */
static int open_split(struct replay *p, struct weir_err *err)
{
	struct weir_err why = { 0 };
	int r;

	if (!p->cfg->split)
		return 0;
	r = replay_split_new(p->cfg->split, &p->cfg->how, &p->split, &why);
	return r < 0 ? err_text(err, r, "--split: %s", weir_err_text(&why)) : 0;
}

static int open_edit(struct replay *p, struct weir_err *err)
{
	const struct replay_edit_opts opts = { .run = p->run,
					       .edit = &p->cfg->edit,
					       .cut = &p->cfg->cut,
					       .files = &p->files,
					       .dual = p->cfg->dualfile,
					       .strict = p->cfg->strict,
					       .quiet = p->cfg->suppress_warnings };
	int r = replay_edit_new(&opts, &p->edit, err);

	if (r < 0 || !p->edit || personality(p) || p->cfg->suppress_warnings)
		return r;
	if (replay_edit_has_sides(p->edit) && !p->cfg->intf2)
		cmd_warn(p->run, "nothing tells sides apart: all frames count as those of clients");
	return 0;
}

/* Sides are told by frames as they were recorded; edits may go by them. */
static void add_stages(struct replay *p)
{
	if (p->numbers)
		p->stages[p->n_stages++] = weir_numset_stage(p->numbers, p->cfg->exclude);
	if (p->cache)
		p->stages[p->n_stages++] = weir_cache_stage(p->cache);
	if (p->split)
		p->stages[p->n_stages++] = replay_split_stage(p->split);
	if (p->edit)
		p->n_stages += replay_edit_stages(p->edit, p->stages + p->n_stages);
	if (p->unique)
		p->stages[p->n_stages++] = weir_unique_ip_stage(p->unique);
	if (p->decoder)
		p->stages[p->n_stages++] = decoder_stage(p->decoder);
}

static void report(void *ctx, const char *text)
{
	struct replay *p = ctx;

	/* What an edit says ends the run, and is told at its end. */
	if (!p->cfg->suppress_warnings && !replay_edit_failure(p->edit))
		cmd_warn(p->run, "%s", text);
}

/* What tcpreplay says before it begins. */
static void remark(const struct replay *p)
{
	if (p->cfg->suppress_warnings)
		return;
	if (p->cfg->pktlen)
		cmd_warn(p->run, "--pktlen may cause problems.  Use with caution.");
	for (unsigned i = 0; i < p->files.n && !p->cfg->preload; i++) {
		CLEANUP(weir_reader_closep)
		struct weir_reader *reader = NULL;
		struct weir_err err = { 0 };

		if (files_is_regular(p->files.paths[i]) &&
		    weir_reader_open(p->files.paths[i], &reader, &err) == 0)
			snaplen_warn(p->run, p->files.paths[i], reader);
	}
}

/* Is a port there that sends from memory that it shares with somebody? */
static bool shares(const struct replay *p)
{
	const struct replay_cfg *cfg = p->cfg;

	return (cfg->intf1 && !cfg->write && weir_port_name_shares(cfg->intf1)) ||
	       (cfg->intf2 && weir_port_name_shares(cfg->intf2));
}

/* A file is no trace. It is named in the text, and nowhere else. */
static int stream_fault_old(const struct replay *p, int code, struct weir_err *err)
{
	for (unsigned i = 0; i < p->files.n; i++) {
		size_t n = strlen(p->files.paths[i]);

		if (strncmp(err->text, p->files.paths[i], n) != 0 || err->text[n] != ':')
			continue;
		(void)old_trace_fault("Error opening pcap file", p->files.paths[i], code, err);
		break;
	}
	if (p->cfg->preload)
		return code;
	return err_text(err, -ENOMSG, "\nFailed: %s\n", weir_err_text(err));
}

static int open_stream(struct replay *p, struct weir_err *err)
{
	const struct replay_cfg *cfg = p->cfg;
	struct weir_stream_opts opts = {
		.maker = p->maker,
		.files = (const char *const *)p->files.paths,
		.n_files = p->files.n,
		.dual = cfg->dualfile,
		.preload = cfg->preload,
		.shared = shares(p),
		.pad = cfg->pktlen,
		/* Drawn frames are mostly new flows each: telling them is all cost. */
		.flows = !cfg->no_flow_stats && !p->maker,
		.flow_expiry_s = cfg->flow_expiry_s,
		.loops = cfg->loop,
		.stages = p->stages,
		.n_stages = p->n_stages,
		.report = report,
		.report_ctx = p,
	};
	int r;

	if (personality(p))
		remark(p);
	(void)pace_shares(&cfg->pace, p->n_workers, &opts, err); /* read before: see plan() */
	r = weir_stream_open(&opts, &p->stream, err);
	if (r < 0 && replay_edit_failure(p->edit))
		return err_text(err, r, "%s", replay_edit_failure(p->edit));
	return r < 0 && personality(p) ? stream_fault_old(p, r, err) : r;
}

/* A trace must not be written over while it is read, nor by two ports. name: the port's, in
 * full. */
static int check_file(const struct replay *p, const char *name, struct weir_err *err)
{
	const char file[] = "file:";

	if (strncmp(name, file, strlen(file)) != 0)
		return 0;
	for (unsigned i = 0; i < p->files.n; i++)
		if (files_are_same(name + strlen(file), p->files.paths[i]))
			return err_text(err, -EEXIST, "%s: this file is also one of those to read",
					name);
	for (unsigned i = 0; i < p->n_ports; i++) {
		const struct weir_port_info *other = weir_port_info(p->ports[i]);

		if (strcmp(other->backend, "file") == 0 &&
		    files_are_same(name + strlen(file), other->name + strlen(file)))
			return err_text(err, -EEXIST, "%s: this file is also the other port", name);
	}
	return 0;
}

/* Is there an option that makes frames such as the port sends? */
static bool offers_ethernet(const struct replay *p, const struct weir_port_info *port)
{
	return port->linktype == WEIR_LINKTYPE_ETHERNET && p->run->cmd->more_opts &&
	       !p->cfg->edit.dlt;
}

static int open_port(struct replay *p, const char *name, struct weir_err *err)
{
	struct weir_stream_info trace;
	struct weir_port_opts opts = {
		.dir = WEIR_PORT_TX,
		/* If the name picks as many, or more, it is asked for no others. */
		.queues = weir_port_name_queues(name) < p->n_workers ? p->n_workers : 0,
		.launch_time = p->send.launch_lead_ns > 0,
		.microseconds = personality(p), /* tcpreplay's files are for its own kind */
		.recipe = p->recipe,
	};
	CLEANUP(freep)
	char *full = NULL;
	const struct weir_port_info *info;
	int r;

	weir_stream_info(p->stream, &trace);
	opts.linktype = trace.linktype;
	opts.usual_len = trace.usual_len;
	opts.region = weir_stream_region(p->stream);
	if (p->cfg->write)
		r = asprintf(&full, "file:%s", name) < 0 ? -ENOMEM : 0;
	else
		r = replay_port_name(p->cfg, name, &full, err);
	if (r < 0)
		return r;
	r = check_file(p, full, err);
	if (r < 0)
		return r;
	r = weir_port_open(full, &opts, &p->ports[p->n_ports], err);
	if (r < 0)
		return r;

	info = weir_port_info(p->ports[p->n_ports]);
	p->names[p->n_ports++] = *name == '%' ? info->device : name;
	if (info->linktype != trace.linktype && !p->cfg->suppress_warnings)
		cmd_warn(p->run,
			 "%s: the frames have link type %" PRIu32 " but the port sends %" PRIu32
			 "; they go out as they are%s",
			 name, trace.linktype, info->linktype,
			 offers_ethernet(p, info) ? " (--dlt=enet gives them Ethernet headers)"
						  : "");
	return 0;
}

/* Ports that wait better than we can are given the times of frames, unasked. */
static void lend_times(struct replay *p, const char *const *names, unsigned n)
{
	if (p->cfg->write || p->rate.mode == WEIR_RATE_TOPSPEED || p->cfg->oneatatime)
		return;
	for (unsigned i = 0; i < n && names[i]; i++)
		if (!weir_port_name_keeps_time(names[i]))
			return;
	if (!p->send.launch_lead_ns)
		p->send.launch_lead_ns = LEAD_NS;
	p->send.launch_past = true;
}

static int port_fault_old(const struct replay *p, const char *name, int code, struct weir_err *err)
{
	/* Not where a trace would be written over. */
	if (!p->cfg->write || code == -EEXIST)
		return interface_fault_old(name, code, err);
	return err_text(err, code, "failed to open device %s: %s: %s", name, name,
			strerror(*name ? -code : ENOENT));
}

static int open_ports(struct replay *p, struct weir_err *err)
{
	const char *names[] = { p->cfg->write ? p->cfg->write : p->cfg->intf1, p->cfg->intf2 };

	lend_times(p, names, ARRAY_SIZE(names));

	for (unsigned i = 0; i < ARRAY_SIZE(names) && names[i]; i++) {
		int r = open_port(p, names[i], err);

		if (r < 0)
			return personality(p) ? port_fault_old(p, names[i], r, err) : r;
	}
	return 0;
}

/* Some drivers set their link anew for netmap. A signal ends this and, soon, the replay. */
static void wait_for_links(const struct replay *p)
{
	struct pollfd fd = { .fd = p->signals, .events = POLLIN };

	(void)poll(&fd, 1, (int)p->cfg->nm_delay_s * 1000);
}

/* The interfaces in tcpreplay's words; it does not look for a second one that it has no frames
 * for. */
static int check_ports_old(const struct replay *p, struct weir_err *err)
{
	const char *names[] = { p->cfg->intf1, p->cfg->intf2 };

	for (unsigned i = 0; i < ARRAY_SIZE(names) && !p->cfg->write; i++) {
		int r = names[i] ? interface_check_old(names[i], err) : 0;

		if (r == -ENODEV)
			return err_text(err, r, "Unable to parse args: %s", weir_err_text(err));
		if (r < 0)
			return r;
	}
	return 0;
}

/* What only reads options. */
static int open_by_options(struct replay *p, struct weir_err *err)
{
	int r;

	r = plan(p, err);
	if (r >= 0 && personality(p))
		r = check_ports_old(p, err);
	if (r < 0)
		return r;
	r = open_numbers(p, err);
	if (r < 0)
		return r;
	r = open_split(p, err);
	if (r < 0)
		return r;
	r = open_edit(p, err);
	if (r < 0)
		return r;
	return p->cfg->unique_ip ? open_unique_ip(p, err) : 0;
}

/* What stands between files and stream. */
static int open_stages(struct replay *p, struct weir_err *err)
{
	int r = 0;

	if (p->cfg->cachefile)
		r = weir_cache_load(p->cfg->cachefile, &p->cache, err);
	if (r < 0 && personality(p))
		return old_cache_fault(p->cfg->cachefile, r, err);
	if (r >= 0 && p->split)
		r = replay_split_read(p->split, &p->files, err);
	if (r >= 0 && p->cfg->verbose)
		r = decoder_new(p->cfg->decode, &p->decoder, err);
	if (r >= 0)
		add_stages(p);
	return r;
}

/* Files by name, and those in folders. */
static int open_files(struct replay *p, struct weir_err *err)
{
	int r = 0;

	if (p->cfg->preload && !p->cfg->quiet && personality(p))
		fputs("File Cache is enabled\n", stderr);
	if (personality(p))
		r = old_operands(p->run, err);
	if (r < 0)
		return r;
	r = files_expand(p->run->operands, p->run->n_operands, &p->files, err);
	if (r == -ENOENT && personality(p))
		return err_text(err, -ENOMSG, "\nFailed: invalid source count: 0\n");
	return r;
}

/* How many there are, as tcpreplay says it: of operands. */
static int check_pairs(const struct replay *p, struct weir_err *err)
{
	if (!p->cfg->dualfile || p->files.n % 2 == 0)
		return 0;
	if (!personality(p))
		return err_text(err, -EINVAL, "--dualfile needs pairs of files, and there are %u",
				p->files.n);
	return err_text(err, -EINVAL,
			p->files.n < 2 ? "Unable to parse args: --dualfile mode requires at least "
					 "two pcap files"
				       : "Unable to parse args: --dualfile mode requires an even "
					 "number of pcap files");
}

int replay_open(struct replay *p, bool *ret_usage, struct weir_err *err)
{
	int r;

	r = open_by_options(p, err);
	*ret_usage = r < 0;
	if (r < 0)
		return r;
	if (!p->maker)
		r = open_files(p, err);
	if (r < 0)
		return r;
	r = check_pairs(p, err);
	*ret_usage = r < 0;
	if (r < 0)
		return r;
	r = open_stages(p, err);
	if (r < 0)
		return r;
	r = open_stream(p, err);
	if (r < 0)
		return r;
	/* Until here a signal just ends the program. Ports change the host, which is to be
	 * undone. */
	p->signals = signals_open();
	if (p->signals < 0)
		return err_text(err, p->signals, "pipe: %s", strerror(-p->signals));
	r = open_ports(p, err);
	if (r == 0 && p->cfg->netmap)
		wait_for_links(p);
	if (r == 0 && p->cfg->pace.line_rate)
		r = pace_line_rate(&p->cfg->pace, weir_port_info(p->ports[0]), &p->rate, err);
	*ret_usage = r == -EINVAL; /* what cannot be the name of a port, or has no speed */
	return r;
}

void replay_close(struct replay *p)
{
	weir_sender_free(p->sender);
	asker_free(p->asker);
	for (unsigned i = 0; i < p->n_ports; i++)
		weir_port_close(p->ports[i]);
	signals_close(p->signals);
	weir_stream_close(p->stream);
	decoder_free(p->decoder);
	weir_unique_ip_free(p->unique);
	replay_edit_free(p->edit);
	replay_split_free(p->split);
	weir_cache_free(p->cache);
	weir_numset_free(p->numbers);
	weir_profile_free(p->profile);
	files_done(&p->files);
}
