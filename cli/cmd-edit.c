/* SPDX-License-Identifier: BSD-2-Clause */
/* weir edit, and tcprewrite: a trace in, the edited trace out. */
#include <errno.h>
#include <string.h>

#include <weir/block.h>
#include <weir/split.h>
#include <weir/trace.h>

#include "cmd.h"
#include "commands.h"
#include "cut-opts.h"
#include "decoder.h"
#include "edit-opts.h"
#include "edit-run.h"
#include "files.h"
#include "signals.h"
#include "snaplen.h"
#include "trace-out.h"
#include "util.h"

struct edit_cmd_cfg {
	struct edit_cfg edit;
	struct cut_cfg cut;
	struct trace_out_cfg out;
	const char *infile, *outfile, *cachefile, *decode;
	bool verbose, skip_soft_errors, suppress_warnings, strict;
	uint32_t workers;
};

static const struct opt edit_rows[] = {
	EDIT_ROWS(struct edit_cmd_cfg, edit),
	EDIT_ENDPOINTS_ROW(struct edit_cmd_cfg, edit, "cachefile"),
	{ OPT(struct edit_cmd_cfg, infile), .name = "infile", .letter = 'i', .metavar = "FILE",
	  .flags = OPT_REQUIRED | OPT_AGAIN, .help = "the trace to edit; - is standard input" },
	{ OPT(struct edit_cmd_cfg, outfile), .name = "outfile", .letter = 'o', .metavar = "FILE",
	  .flags = OPT_REQUIRED, .help = "where the result goes; - is standard output" },
	{ OPT(struct edit_cmd_cfg, cachefile), .name = "cachefile", .letter = 'c',
	  .metavar = "FILE", .help = "a tcpprep cache tells which side each frame comes from" },
	{ OPT(struct edit_cmd_cfg, verbose), .name = "verbose", .letter = 'v', .flags = OPT_AGAIN,
	  .help = "print the edited frames by tcpdump" },
	{ OPT(struct edit_cmd_cfg, decode), .name = "decode", .letter = 'A', .metavar = "ARGS",
	  .requires = "verbose", .help = "more arguments for tcpdump" },
	FRAGROUTE_ROWS(struct edit_cmd_cfg, cut, "cachefile", 0),
	{ OPT(struct edit_cmd_cfg, skip_soft_errors), .name = "skip-soft-errors",
	  .help = "leave out frames that an edit cannot be applied to" },
	{ OPT(struct edit_cmd_cfg, suppress_warnings), .name = "suppress-warnings", .letter = 'w',
	  .flags = OPT_AGAIN, .help = "print no warnings" },
	{ OPT(struct edit_cmd_cfg, strict), .name = "strict", .flags = OPT_WEIR_ONLY,
	  .help = "stop at the first frame that an edit cannot be applied to" },
	{ OPT(struct edit_cmd_cfg, workers), .name = "workers", .flags = OPT_WEIR_ONLY,
	  .metavar = "N", .min = 1, .max = MAX_WORKERS,
	  .help = "threads that edit side by side (one for each processor, at most 4)" },
	CUT_ROWS(struct edit_cmd_cfg, cut),
	TRACE_OUT_ROWS(struct edit_cmd_cfg, out),
	{ 0 },
};

#define LINKTYPE_ETHERNET 1

/* What tcprewrite says about its input before it begins. */
static int check_input(const struct edit_run *r, const struct edit_cmd_cfg *c, struct weir_err *err)
{
	static const uint32_t known[] = { 1, 104, 113, 276, 101, 0, 108, 105, 127, 178, 50 };
	const struct weir_trace_iface *iface;

	if (!cmd_is_personality(r->run))
		return 0;
	if (!weir_reader_info(r->reader)->n_ifaces)
		return err_text(err, -EINVAL, "%s: it has no interface", c->infile);
	iface = weir_reader_iface(r->reader, 0);
	if (!c->suppress_warnings)
		snaplen_warn(r->run, c->infile, r->reader);
	for (unsigned i = 0; i < ARRAY_SIZE(known); i++) {
		if (iface->linktype != known[i])
			continue;
		if (c->cut.fragroute && iface->linktype != LINKTYPE_ETHERNET)
			return err_text(err, -ENOTSUP,
					"Fragroute only supports DLT_EN10MB pcap files");
		return 0;
	}
	return err_text(err, -ENOTSUP,
			"Error initializing tcpedit: No DLT plugin available for source DLT: 0x%x",
			iface->linktype);
}

static int open_editor(struct edit_run *r, const struct edit_cmd_cfg *c, struct weir_err *err)
{
	int q;

	q = edit_run_init(r, err);
	if (q < 0)
		return q;
	if (!cmd_is_personality(r->run) && weir_editor_has_sides(edit_run_editor(r)) &&
	    !c->cachefile)
		cmd_warn(r->run, "no --cachefile tells sides apart: all frames count as those of "
				 "clients");
	return 0;
}

/* What a pcapng tells beside its frames and the edits leave true; and it must not give away whom
 * they are to hide. */
static unsigned true_notes(const struct weir_edit_opts *o)
{
	if (o->seed.given || o->mac_seed.given || o->anonymize)
		return 0;
	if (o->pnat || o->src_map || o->dst_map || o->endpoints)
		return WEIR_NOTES_ALL & ~WEIR_NOTES_NAMES;
	return WEIR_NOTES_ALL;
}

static int open_all(struct edit_run *r, const struct edit_cmd_cfg *c, struct weir_err *err)
{
	int q;

	if (files_are_same(c->infile, c->outfile))
		return err_text(err, -EINVAL, "--infile and --outfile cannot be the same file");
	r->signals = signals_open_ends();
	if (r->signals < 0)
		return err_text(err, r->signals, "pipe: %s", strerror(-r->signals));
	q = weir_reader_open_until(c->infile, r->signals, &r->reader, err);
	if (q >= 0 && c->cachefile)
		q = weir_cache_load(c->cachefile, &r->cache, err);
	if (q >= 0 && c->verbose)
		q = decoder_new(c->decode, &r->decoder, err);
	if (q >= 0)
		q = check_input(r, c, err);
	if (q >= 0)
		q = trace_out_open(c->outfile, &c->out, r->reader, edit_run_editor(r),
				   true_notes(r->opts), cmd_is_personality(r->run), &r->out, err);
	return q;
}

/* What has not been edited, and why. */
static void tell(const struct edit_run *r, const struct edit_cmd_cfg *c)
{
	struct weir_edit_counts counts;

	if (cmd_is_personality(r->run) || c->suppress_warnings)
		return;
	edit_run_counts(r, &counts);
	for (unsigned i = 0; i < WEIR_N_EDIT_REASONS; i++) {
		if (counts.failed[i])
			cmd_warn(r->run, "%s: %llu frames %s: %s (the first is frame %llu)",
				 c->infile, (unsigned long long)counts.failed[i],
				 c->skip_soft_errors || i == WEIR_EDIT_NO_LINK ? "left out"
									       : "not edited",
				 weir_edit_reason_text((enum weir_edit_reason)i),
				 (unsigned long long)counts.first_nr[i]);
	}
	if (counts.zero_macs)
		cmd_warn(r->run,
			 "%s: %llu frames have a MAC address of zeros: --enet-smac and --enet-dmac "
			 "give them others",
			 c->infile, (unsigned long long)counts.zero_macs);
	if (r->cache && weir_cache_count(r->cache) < r->n_read)
		cmd_warn(r->run,
			 "%s tells of %llu frames, but %s has more: the others are not edited",
			 c->cachefile, (unsigned long long)weir_cache_count(r->cache), c->infile);
	if (r->unconverted > counts.failed[WEIR_EDIT_NO_LINK])
		cmd_warn(r->run, "%s: %llu frames left out: not of the new link type", c->infile,
			 (unsigned long long)(r->unconverted - counts.failed[WEIR_EDIT_NO_LINK]));
}

static void close_all(struct edit_run *r)
{
	trace_out_close(r->out);
	decoder_free(r->decoder);
	weir_cache_free(r->cache);
	weir_reader_close(r->reader);
	edit_run_done(r);
	if (r->signals >= 0)
		signals_close(r->signals);
}

/* All that is needed is open: edits, and finishes the file. Returns the exit status. */
static int edit_trace(struct edit_run *r, const struct edit_cmd_cfg *c)
{
	struct weir_err err = { 0 };
	int q = edit_run_all(r, &err), status = 0;

	tell(r, c);
	/* tcprewrite takes damage for the end of the file. */
	if (q < 0 && !((q == -EBADMSG || q == -ENODATA) && cmd_is_personality(r->run)))
		status = cmd_fail(r->run, "%s", weir_err_text(&err));
	if (trace_out_finish(r->out, &err) < 0)
		status = cmd_fail(r->run, "%s", weir_err_text(&err));
	if (r->stopped && !status)
		status = cmd_fail(r->run, "%s: stopped by a signal: the rest has not been edited",
				  c->infile);
	return status;
}

static int edit_cmd(const struct cmd_run *run, const void *cfg)
{
	const struct edit_cmd_cfg *c = cfg;
	struct weir_edit_opts opts;
	struct cut_plan plan = { 0 };
	struct edit_run r = {
		.run = run,
		.opts = &opts,
		.plan = &plan,
		.infile = c->infile,
		.strict = c->strict,
		.tell_warnings = cmd_is_personality(run) && !c->suppress_warnings,
		.n_workers = c->workers,
		.signals = -EBADF,
	};
	struct weir_err err = { 0 };
	int q, status;

	if (run->n_operands)
		return cmd_usage(run, "'%s' is one argument too many", run->operands[0]);
	q = edit_opts(run, &c->edit, &opts, &err);
	if (q >= 0)
		q = cut_opts(run, &c->cut, &plan, &err);
	opts.drop_failed = plan.cut.drop_failed = plan.rules.drop_failed = c->skip_soft_errors;
	if (q >= 0)
		q = open_editor(&r, c, &err);
	if (q == -EINVAL && !cmd_is_personality(run)) {
		status = cmd_usage(run, "%s", err.text);
	} else {
		if (q >= 0)
			q = open_all(&r, c, &err);
		status = q < 0 ? cmd_fail(run, "%s", weir_err_text(&err)) : edit_trace(&r, c);
	}
	close_all(&r);
	cut_plan_done(&plan);
	return status;
}

const struct cmd cmd_edit = {
	.name = "edit",
	.summary = "change frames of a trace",
	.operands = "-i FILE -o FILE",
	.about =
		"Only what is asked for is changed; checksums stay as right or wrong as they were.",
	.dialect = OPT_WEIR,
	.opts = edit_rows,
	.cfg_size = sizeof(struct edit_cmd_cfg),
	.section = "tcprewrite",
	.run = edit_cmd,
};

const struct cmd cmd_tcprewrite = {
	.name = "tcprewrite",
	.summary = "Rewrite the packets in a pcap file.",
	.operands = "",
	.dialect = OPT_AUTOOPTS,
	.opts = edit_rows,
	.cfg_size = sizeof(struct edit_cmd_cfg),
	.section = "tcprewrite",
	.run = edit_cmd,
};
