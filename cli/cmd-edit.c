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
#include "old-files.h"
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

/* A call of the command. */
struct edit_job {
	struct edit_run run;
	const struct edit_cmd_cfg *cfg;
	struct weir_edit_opts opts;
	struct cut_plan plan;
};

static bool old(const struct edit_job *j)
{
	return cmd_is_personality(j->run.run);
}

/* What is done before the first frame is read. Each is a step, 0 or a negative errno. */

static int read_edits(struct edit_job *j, struct weir_err *err)
{
	int q = edit_opts(j->run.run, &j->cfg->edit, &j->opts, err);

	j->opts.drop_failed = j->cfg->skip_soft_errors;
	return q;
}

static int read_cuts(struct edit_job *j, struct weir_err *err)
{
	int q = cut_opts(j->run.run, &j->cfg->cut, &j->plan, err);

	j->plan.cut.drop_failed = j->plan.rules.drop_failed = j->cfg->skip_soft_errors;
	return q;
}

static int make_editor(struct edit_job *j, struct weir_err *err)
{
	int q = edit_run_init(&j->run, err);

	if (q < 0)
		return q;
	if (!old(j) && weir_editor_has_sides(edit_run_editor(&j->run)) && !j->cfg->cachefile)
		cmd_warn(j->run.run,
			 "no --cachefile tells sides apart: all frames count as those of clients");
	return 0;
}

static int check_output(struct edit_job *j, struct weir_err *err)
{
	if (files_are_same(j->cfg->infile, j->cfg->outfile))
		return err_text(err, -EEXIST, "%s--infile and --outfile cannot be the same file",
				old(j) ? "\n" : "");
	return 0;
}

static int open_input(struct edit_job *j, struct weir_err *err)
{
	int q;

	j->run.signals = signals_open_ends();
	if (j->run.signals < 0)
		return err_text(err, j->run.signals, "pipe: %s", strerror(-j->run.signals));
	q = weir_reader_open_until(j->cfg->infile, j->run.signals, &j->run.reader, err);
	if (q < 0 && old(j))
		return old_trace_fault("Unable to open input pcap file", j->cfg->infile, q, err);
	return q;
}

/* What tcprewrite says about its input before it begins. */
static int check_input(struct edit_job *j, struct weir_err *err)
{
	static const uint32_t known[] = { 1, 104, 113, 276, 101, 0, 108, 105, 127, 178, 50 };
	const struct weir_trace_iface *iface;

	if (!weir_reader_info(j->run.reader)->n_ifaces)
		return err_text(err, -EINVAL,
				"Unable to open input pcap file: the capture file has no Interface "
				"Description Blocks");
	iface = weir_reader_iface(j->run.reader, 0);
	if (!j->cfg->suppress_warnings)
		snaplen_warn(j->run.run, j->cfg->infile, j->run.reader);
	for (unsigned i = 0; i < ARRAY_SIZE(known); i++) {
		if (iface->linktype == known[i])
			return 0;
	}
	return err_text(err, -ENOTSUP,
			"Error initializing tcpedit: No DLT plugin available for source DLT: 0x%x",
			iface->linktype);
}

static int check_cuts(struct edit_job *j, struct weir_err *err)
{
	if (j->cfg->cut.fragroute &&
	    weir_reader_iface(j->run.reader, 0)->linktype != WEIR_LINKTYPE_ETHERNET)
		return err_text(err, -ENOTSUP, "Fragroute only supports DLT_EN10MB pcap files");
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

static int open_cache(struct edit_job *j, struct weir_err *err)
{
	const char *path = j->cfg->cachefile;
	int q = path ? weir_cache_load(path, &j->run.cache, err) : 0;

	return q < 0 && old(j) ? old_cache_fault(path, q, err) : q;
}

static int open_decoder(struct edit_job *j, struct weir_err *err)
{
	return j->cfg->verbose ? decoder_new(j->cfg->decode, &j->run.decoder, err) : 0;
}

static int open_output(struct edit_job *j, struct weir_err *err)
{
	int q = trace_out_open(j->cfg->outfile, &j->cfg->out, j->run.reader,
			       edit_run_editor(&j->run), true_notes(&j->opts), old(j), &j->run.out,
			       err);

	if (q < 0 && old(j))
		return err_text(err, q, "Unable to open output pcap file: %s", weir_err_text(err));
	return q;
}

struct edit_prep {
	int (*run)(struct edit_job *j, struct weir_err *err); /* NULL: all is done */
	bool of_options;				      /* -EINVAL is wrong usage */
};

/* Nothing is opened before the options are known to be right. */
static const struct edit_prep preps[] = {
	{ read_edits, true }, { read_cuts, true }, { make_editor, true },
	{ check_output },     { open_input },	   { open_cache },
	{ open_decoder },     { open_output },	   { 0 }
};

/* tcprewrite does it in this order: of several faults it tells the first. */
static const struct edit_prep old_preps[] = { { open_cache },
					      { open_input },
					      { check_input },
					      { read_edits },
					      { check_cuts },
					      { check_output },
					      { read_cuts },
					      { make_editor },
					      { open_decoder },
					      { open_output },
					      { 0 } };

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
	if (q == -ENOMSG)
		status = cmd_fail_as_is(r->run, "%s", weir_err_text(&err));
	else if (q < 0 && !((q == -EBADMSG || q == -ENODATA) && cmd_is_personality(r->run)))
		status = cmd_fail(r->run, "%s", weir_err_text(&err));
	if (trace_out_finish(r->out, &err) < 0 && !status)
		status = cmd_fail(r->run, "%s", weir_err_text(&err));
	if (r->stopped && !status)
		status = cmd_fail(r->run, "%s: stopped by a signal: the rest has not been edited",
				  c->infile);
	return status;
}

/* 0, or the exit status. */
static int prepare(struct edit_job *j)
{
	const struct edit_prep *prep = old(j) ? old_preps : preps;
	struct weir_err err = { 0 };

	for (; prep->run; prep++) {
		int q = prep->run(j, &err);

		if (q == -EINVAL && prep->of_options && !old(j))
			return cmd_usage(j->run.run, "%s", weir_err_text(&err));
		if (q < 0)
			return cmd_fail(j->run.run, "%s", weir_err_text(&err));
	}
	return 0;
}

static int edit_cmd(const struct cmd_run *run, const void *cfg)
{
	const struct edit_cmd_cfg *c = cfg;
	struct edit_job j = {
		.run = {
			.run = run,
			.opts = &j.opts,
			.plan = &j.plan,
			.infile = c->infile,
			.strict = c->strict,
			.tell_warnings = cmd_is_personality(run) && !c->suppress_warnings,
			.n_workers = c->workers,
			.signals = -EBADF,
		},
		.cfg = c,
	};
	int status;

	if (run->n_operands)
		return cmd_usage(run, "'%s' is one argument too many", run->operands[0]);
	status = prepare(&j);
	if (!status)
		status = edit_trace(&j.run, c);
	close_all(&j.run);
	cut_plan_done(&j.plan);
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
	.summary = "change frames of a trace",
	.operands = "",
	.dialect = OPT_AUTOOPTS,
	.opts = edit_rows,
	.cfg_size = sizeof(struct edit_cmd_cfg),
	.section = "tcprewrite",
	.run = edit_cmd,
};
