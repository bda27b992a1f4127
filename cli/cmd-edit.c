/* SPDX-License-Identifier: BSD-2-Clause */
/* weir edit, and tcprewrite: a trace in, the edited trace out. */
#include <errno.h>
#include <string.h>

#include <weir/split.h>
#include <weir/trace.h>

#include "cmd.h"
#include "commands.h"
#include "decoder.h"
#include "edit-opts.h"
#include "files.h"
#include "trace-out.h"
#include "util.h"

struct edit_cmd_cfg {
	struct edit_cfg edit;
	struct trace_out_cfg out;
	const char *infile, *outfile, *cachefile, *decode;
	bool verbose, skip_soft_errors, suppress_warnings, strict;
};

static const struct opt edit_rows[] = {
	EDIT_ROWS(struct edit_cmd_cfg, edit),
	EDIT_ENDPOINTS_ROW(struct edit_cmd_cfg, edit, "cachefile"),
	{ OPT(struct edit_cmd_cfg, infile), .name = "infile", .letter = 'i', .metavar = "FILE",
	  .flags = OPT_REQUIRED, .help = "the trace to edit; - is standard input" },
	{ OPT(struct edit_cmd_cfg, outfile), .name = "outfile", .letter = 'o', .metavar = "FILE",
	  .flags = OPT_REQUIRED, .help = "where the result goes; - is standard output" },
	{ OPT(struct edit_cmd_cfg, cachefile), .name = "cachefile", .letter = 'c',
	  .metavar = "FILE", .help = "a tcpprep cache tells which side each frame comes from" },
	{ OPT(struct edit_cmd_cfg, verbose), .name = "verbose", .letter = 'v',
	  .help = "print the edited frames by tcpdump" },
	{ OPT(struct edit_cmd_cfg, decode), .name = "decode", .letter = 'A', .metavar = "ARGS",
	  .requires = "verbose", .help = "more arguments for tcpdump" },
	{ OPT(struct edit_cmd_cfg, skip_soft_errors), .name = "skip-soft-errors",
	  .help = "leave out frames that an edit cannot be applied to" },
	{ OPT(struct edit_cmd_cfg, suppress_warnings), .name = "suppress-warnings", .letter = 'w',
	  .help = "print no warnings" },
	{ OPT(struct edit_cmd_cfg, strict), .name = "strict", .flags = OPT_WEIR_ONLY,
	  .help = "stop at the first frame that an edit cannot be applied to" },
	TRACE_OUT_ROWS(struct edit_cmd_cfg, out),
	{ 0 },
};

#define BATCH 64u
/* Frames grow by link layers and tags. */
#define GROWTH	  128u
#define BATCH_MEM (128u * 1024)

/* Frames on their way. */
struct batch {
	struct weir_buf bufs[BATCH];
	uint32_t ifaces[BATCH];
	bool unsent[BATCH]; /* the cache says not to send it: it stays as it is */
	unsigned n;
	uint32_t used;
	uint8_t mem[BATCH_MEM + WEIR_FRAME_MAX + GROWTH];
};

struct edit_run {
	const struct cmd_run *run;
	const struct edit_cmd_cfg *cfg;
	struct weir_reader *reader;
	struct weir_editor *editor;
	struct weir_cache *cache;
	struct decoder *decoder;
	struct trace_out *out;
	struct batch *batch;
	uint64_t unconverted; /* frames left out: not of the new link type */
	bool refused;	      /* --strict: a frame stopped the run */
	char why[256];
};

static void report(void *ctx, const struct weir_buf *frame, enum weir_edit_reason why,
		   const char *text)
{
	struct edit_run *r = ctx;

	(void)why;
	if (r->cfg->strict && !r->refused) {
		r->refused = true;
		(void)snprintf(r->why, sizeof(r->why), "%s: frame %llu: %s", r->cfg->infile,
			       (unsigned long long)frame->nr, text);
	}
	if (cmd_is_personality(r->run) && !r->cfg->suppress_warnings)
		cmd_warn(r->run, "%s", text);
}

static int write_batch(struct edit_run *r, struct weir_err *err)
{
	struct batch *b = r->batch;

	for (unsigned i = 0; i < b->n; i++) {
		const struct weir_buf *f = &b->bufs[i];
		int q;

		if (f->port == WEIR_NO_PORT && !b->unsent[i])
			continue;
		q = trace_out_write(r->out, f, b->ifaces[i], cmd_is_personality(r->run), err);
		if (q < 0)
			return q;
		r->unconverted += q == 0;
	}
	return 0;
}

static int flush(struct edit_run *r, struct weir_err *err)
{
	struct batch *b = r->batch;
	struct weir_stage stages[] = {
		r->cache ? weir_cache_stage(r->cache) : (struct weir_stage){ 0 },
		weir_editor_stage(r->editor),
		r->decoder ? decoder_stage(r->decoder) : (struct weir_stage){ 0 },
	};

	for (unsigned s = 0; s < ARRAY_SIZE(stages); s++) {
		int q = stages[s].run ? stages[s].run(stages[s].ctx, b->bufs, b->n) : 0;

		if (q < 0)
			return err_text(err, q, "frames %llu to %llu cannot be edited: %s",
					(unsigned long long)b->bufs[0].nr,
					(unsigned long long)b->bufs[b->n - 1].nr, strerror(-q));
		for (unsigned i = 0; s == 0 && i < b->n; i++)
			b->unsent[i] = b->bufs[i].port == WEIR_NO_PORT;
	}
	if (r->refused)
		return err_text(err, -EBADMSG, "%s", r->why);
	return write_batch(r, err);
}

static void put(struct batch *b, const struct weir_record *rec)
{
	uint32_t len = rec->len < WEIR_FRAME_MAX ? rec->len : WEIR_FRAME_MAX;
	uint32_t wire = rec->orig_len < WEIR_FRAME_MAX ? rec->orig_len : WEIR_FRAME_MAX;
	uint32_t room = (wire > len ? wire : len) + GROWTH;

	memcpy(b->mem + b->used, rec->data, len);
	b->bufs[b->n] = (struct weir_buf){ .data = b->mem + b->used,
					   .len = len,
					   .room = room,
					   .orig_len = rec->orig_len,
					   .ts_ns = rec->ts_ns,
					   .nr = rec->nr,
					   .linktype = (uint16_t)rec->linktype };
	b->ifaces[b->n++] = rec->iface;
	b->used += room;
}

/* Up to the end: 0; or what ended it. */
static int edit_frames(struct edit_run *r, struct weir_err *err)
{
	struct batch *b = r->batch;
	struct weir_record rec;
	struct weir_err damage = { 0 };
	int more, q;

	do {
		b->n = b->used = 0;
		while ((more = weir_reader_next(r->reader, &rec, &damage)) == 1) {
			if (!rec.len && cmd_is_personality(r->run))
				return err_text(err, -EINVAL,
						"Invalid packet length: packet length=%u capture "
						"length=0",
						rec.orig_len);
			put(b, &rec);
			if (b->n == BATCH || b->used >= BATCH_MEM)
				break;
		}
		q = b->n ? flush(r, err) : 0;
		if (q < 0)
			return q;
	} while (more == 1);
	if (more < 0)
		return err_text(err, more, "%s", weir_err_text(&damage));
	return 0;
}

/* What tcprewrite says about its input before it begins. */
static int check_input(const struct edit_run *r, struct weir_err *err)
{
	static const uint32_t known[] = { 1, 104, 113, 276, 101, 0, 108, 105, 127, 178, 50 };
	const struct weir_trace_iface *iface = weir_reader_iface(r->reader, 0);

	if (!cmd_is_personality(r->run))
		return 0;
	if (weir_reader_info(r->reader)->n_ifaces && iface->snaplen < WEIR_FRAME_MAX &&
	    !r->cfg->suppress_warnings)
		cmd_warn(r->run,
			 "%s was captured using a snaplen of %u bytes.  This may mean you have "
			 "truncated packets.",
			 r->cfg->infile, iface->snaplen);
	for (unsigned i = 0; i < ARRAY_SIZE(known); i++) {
		if (iface->linktype == known[i])
			return 0;
	}
	return err_text(err, -ENOTSUP,
			"Error initializing tcpedit: No DLT plugin available for source DLT: 0x%x",
			iface->linktype);
}

static int open_editor(struct edit_run *r, struct weir_err *err)
{
	const struct edit_cmd_cfg *c = r->cfg;
	struct weir_edit_opts opts;
	int q = edit_opts(r->run, &c->edit, &opts, err);

	if (q < 0)
		return q;
	opts.drop_failed = c->skip_soft_errors;
	opts.report = report;
	opts.report_ctx = r;
	edit_remark(r->run, &opts);
	q = weir_editor_new(&opts, &r->editor, err);
	if (q < 0)
		return q;
	if (!cmd_is_personality(r->run) && weir_editor_has_sides(r->editor) && !c->cachefile)
		cmd_warn(r->run, "no --cachefile tells sides apart: all frames count as those of "
				 "clients");
	return 0;
}

static int open_all(struct edit_run *r, struct weir_err *err)
{
	const struct edit_cmd_cfg *c = r->cfg;
	int q;

	if (strcmp(c->infile, "-") != 0 && files_are_same(c->infile, c->outfile))
		return err_text(err, -EINVAL, "--infile and --outfile cannot be the same file");
	q = weir_reader_open(c->infile, &r->reader, err);
	if (q >= 0 && c->cachefile)
		q = weir_cache_load(c->cachefile, &r->cache, err);
	if (q >= 0 && c->verbose)
		q = decoder_new(c->decode, &r->decoder, err);
	if (q >= 0)
		q = check_input(r, err);
	if (q >= 0)
		q = trace_out_open(c->outfile, &c->out, r->reader, r->editor,
				   cmd_is_personality(r->run), &r->out, err);
	return q;
}

/* What has not been edited, and why. */
static void tell(const struct edit_run *r)
{
	struct weir_edit_counts counts;

	if (cmd_is_personality(r->run) || r->cfg->suppress_warnings)
		return;
	weir_editor_counts(r->editor, &counts);
	for (unsigned i = 0; i < WEIR_N_EDIT_REASONS; i++) {
		if (counts.failed[i])
			cmd_warn(r->run, "%s: %llu frames %s: %s (the first is frame %llu)",
				 r->cfg->infile, (unsigned long long)counts.failed[i],
				 r->cfg->skip_soft_errors ? "left out" : "not edited",
				 weir_edit_reason_text((enum weir_edit_reason)i),
				 (unsigned long long)counts.first_nr[i]);
	}
	if (r->unconverted)
		cmd_warn(r->run, "%s: %llu frames left out: not of the new link type",
			 r->cfg->infile, (unsigned long long)r->unconverted);
}

static int edit_run(const struct cmd_run *run, const void *cfg)
{
	struct edit_run r = { .run = run, .cfg = cfg };
	CLEANUP(freep)
	struct batch *batch = xcalloc(1, sizeof(*batch));
	struct weir_err err = { 0 };
	int q, status = 0;

	if (run->n_operands)
		return cmd_usage(run, "'%s' is one argument too many", run->operands[0]);
	r.batch = batch;
	q = open_editor(&r, &err);
	if (q == -EINVAL && !cmd_is_personality(run))
		return cmd_usage(run, "%s", err.text);
	if (q >= 0)
		q = open_all(&r, &err);
	if (q >= 0) {
		q = edit_frames(&r, &err);
		tell(&r);
	}
	/* tcprewrite takes damage for the end of the file. */
	if (q < 0 && !((q == -EBADMSG || q == -ENODATA) && cmd_is_personality(run)))
		status = cmd_fail(run, "%s", weir_err_text(&err));
	if (r.out && trace_out_finish(r.out, &err) < 0)
		status = cmd_fail(run, "%s", weir_err_text(&err));

	trace_out_close(r.out);
	decoder_free(r.decoder);
	weir_cache_free(r.cache);
	weir_reader_close(r.reader);
	weir_editor_free(r.editor);
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
	.run = edit_run,
};

const struct cmd cmd_tcprewrite = {
	.name = "tcprewrite",
	.summary = "Rewrite the packets in a pcap file.",
	.operands = "",
	.dialect = OPT_AUTOOPTS,
	.opts = edit_rows,
	.cfg_size = sizeof(struct edit_cmd_cfg),
	.section = "tcprewrite",
	.run = edit_run,
};
