/* SPDX-License-Identifier: BSD-2-Clause */
#include "replay-edit.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include "util.h"

/* The thread that loads frames writes, others read. */
struct replay_edit {
	struct replay_edit_opts opts;
	struct weir_editor *editor;
	struct weir_stage stage;
	struct cuts cuts;
	bool old; /* as tcpreplay-edit */
	_Atomic uint64_t failed[WEIR_N_EDIT_REASONS], first_nr[WEIR_N_EDIT_REASONS];
	_Atomic uint32_t first_file[WEIR_N_EDIT_REASONS];
	_Atomic uint64_t left_out;
	char failure[256];
	_Atomic bool has_failed; /* releases .failure */
};

static void add(_Atomic uint64_t *n)
{
	atomic_store_explicit(n, atomic_load_explicit(n, memory_order_relaxed) + 1,
			      memory_order_relaxed); /* it has one writer */
}

static uint32_t file_of(const struct replay_edit *e, const struct weir_buf *b)
{
	return b->file + (e->opts.dual && b->port == 1);
}

static void fail(struct replay_edit *e, const struct weir_buf *b, const char *why)
{
	if (e->has_failed)
		return; /* the first counts */
	if (e->old)
		(void)snprintf(e->failure, sizeof(e->failure), "Error editing packet #%llu: %s",
			       (unsigned long long)b->nr, why);
	else
		(void)snprintf(e->failure, sizeof(e->failure),
			       "%s: frame %llu cannot be edited: %s",
			       e->opts.files->paths[file_of(e, b)], (unsigned long long)b->nr, why);
	atomic_store_explicit(&e->has_failed, true, memory_order_release);
}

/* The editor's word of each frame that an edit cannot be applied to. */
static void report(void *ctx, const struct weir_buf *b, enum weir_edit_reason why, const char *text)
{
	struct replay_edit *e = ctx;

	if (e->opts.strict)
		fail(e, b, text);
	/* tcpreplay-edit says something of few kinds of them. */
	if (e->old && !e->opts.quiet && strcmp(text, weir_edit_reason_text(why)) != 0)
		cmd_warn(e->opts.run, "%s", text);
	if (b->loop)
		return; /* the same frames */
	if (!e->failed[why]) {
		atomic_store_explicit(&e->first_nr[why], b->nr, memory_order_relaxed);
		atomic_store_explicit(&e->first_file[why], file_of(e, b), memory_order_relaxed);
	}
	add(&e->failed[why]);
}

/* Frames that have kept their link layer are no frames for a port of the new one. */
static void leave_out(struct replay_edit *e, struct weir_buf *bufs, unsigned n, uint32_t linktype)
{
	for (unsigned i = 0; i < n; i++) {
		struct weir_buf *b = &bufs[i];

		if (b->port == WEIR_NO_PORT || b->linktype == linktype)
			continue;
		b->port = WEIR_NO_PORT;
		if (!b->loop)
			add(&e->left_out);
	}
}

static uint32_t linktype_after(void *ctx, uint32_t linktype)
{
	struct replay_edit *e = ctx;

	return e->stage.linktype(e->stage.ctx, linktype);
}

static int run_edits(void *ctx, struct weir_buf *bufs, unsigned n)
{
	struct replay_edit *e = ctx;
	uint32_t linktype = n ? linktype_after(e, bufs[0].linktype) : 0;
	int r = e->stage.run(e->stage.ctx, bufs, n);

	if (r < 0)
		fail(e, &bufs[0], strerror(-r));
	if (e->has_failed)
		return -EBADMSG;
	leave_out(e, bufs, n, linktype);
	return 0;
}

static void set_linktype(struct weir_buf *bufs, unsigned n, uint16_t linktype)
{
	for (unsigned i = 0; i < n; i++)
		bufs[i].linktype = linktype;
}

/* tcpreplay-edit edits frames as if they were what its interface sends, whatever their file
 * says, and sends them whatever becomes of them. */
static int run_edits_old(void *ctx, struct weir_buf *bufs, unsigned n)
{
	struct replay_edit *e = ctx;
	uint16_t linktype = n ? bufs[0].linktype : 0;
	int r;

	set_linktype(bufs, n, WEIR_LINKTYPE_ETHERNET);
	r = e->stage.run(e->stage.ctx, bufs, n);
	set_linktype(bufs, n, linktype);
	if (r < 0)
		fail(e, &bufs[0], strerror(-r));
	return r;
}

static bool is_asked_for(const struct cmd_run *run)
{
	for (const struct opt *row = run->cmd->more_opts; row && row->name; row++)
		if (cmd_is_personality(run) || opt_given(run->opts, row->name))
			return true;
	return false;
}

static int open_cuts(struct replay_edit *e, struct weir_err *err)
{
	struct cut_plan plan;
	int r = cut_opts(e->opts.run, e->opts.cut, &plan, err);

	if (r >= 0)
		r = cuts_open(&plan, report, e, &e->cuts, err);
	cut_plan_done(&plan);
	return r;
}

int replay_edit_new(const struct replay_edit_opts *opts, struct replay_edit **ret_edit,
		    struct weir_err *err)
{
	struct weir_edit_opts edits;
	struct replay_edit *e;
	int r;

	*ret_edit = NULL;
	if (!is_asked_for(opts->run))
		return 0;
	r = edit_opts(opts->run, opts->edit, &edits, err);
	if (r < 0)
		return r;
	e = xcalloc(1, sizeof(*e));
	e->opts = *opts;
	e->old = cmd_is_personality(opts->run);
	edits.report = report;
	edits.report_ctx = e;
	r = weir_editor_new(&edits, &e->editor, err);
	if (r >= 0)
		r = open_cuts(e, err);
	if (r < 0) {
		replay_edit_free(e);
		return r;
	}
	e->stage = weir_editor_stage(e->editor);
	*ret_edit = e;
	return 0;
}

unsigned replay_edit_stages(struct replay_edit *e, struct weir_stage *ret_stages)
{
	struct weir_stage stage = e->stage;

	stage.run = e->old ? run_edits_old : run_edits;
	stage.linktype = e->old ? NULL : linktype_after;
	stage.ctx = e;
	ret_stages[0] = stage;
	return 1 + cuts_stages(&e->cuts, ret_stages + 1);
}

bool replay_edit_has_sides(const struct replay_edit *e)
{
	return weir_editor_has_sides(e->editor) || e->opts.cut->fragdir;
}

const char *replay_edit_failure(const struct replay_edit *e)
{
	return e && atomic_load_explicit(&e->has_failed, memory_order_acquire) ? e->failure : NULL;
}

void replay_edit_result(const struct replay_edit *e, struct replay_edit_result *ret_result)
{
	struct replay_edit_result res = { .any = e != NULL };

	for (unsigned i = 0; e && i < WEIR_N_EDIT_REASONS; i++) {
		res.failed[i] = atomic_load_explicit(&e->failed[i], memory_order_relaxed);
		res.first_nr[i] = atomic_load_explicit(&e->first_nr[i], memory_order_relaxed);
		res.first_file[i] = atomic_load_explicit(&e->first_file[i], memory_order_relaxed);
	}
	if (e)
		res.left_out = atomic_load_explicit(&e->left_out, memory_order_relaxed);
	*ret_result = res;
}

struct replay_edit *replay_edit_free(struct replay_edit *e)
{
	if (!e)
		return NULL;
	weir_editor_free(e->editor);
	cuts_done(&e->cuts);
	free(e);
	return NULL;
}
