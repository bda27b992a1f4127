/* SPDX-License-Identifier: BSD-2-Clause */
#include "edit-run.h"

#include <errno.h>
#include <string.h>

#include <weir/block.h>
#include <weir/chain.h>
#include <weir/relay.h>

#include "edit-opts.h"
#include "old-files.h"
#include "signals.h"
#include "util.h"

/* More are no faster: blocks are read, and written, one after another. */
#define DEFAULT_WORKERS 4u

/* Frames that go through the stages together: what they touch fits the first-level cache. */
#define BATCH 64u

/* What a worker carries: a block, and who edits it. */
struct edit_load {
	struct edit_run *run;
	struct weir_editor *editor;
	struct cuts cuts;
	struct weir_stage stages[3 + MAX_CUT_STAGES];
	struct weir_chain chain;
	struct weir_block *read;
	struct weir_block *made; /* what the stages have made of it; NULL: it is the same */
	char **warnings;
	unsigned n_warnings;
	uint64_t stop_nr;	 /* this frame ends the run; 0: none does */
	struct weir_err failure; /* what ends the run behind this block */
};

static void report(void *ctx, const struct weir_buf *frame, enum weir_edit_reason why,
		   const char *text)
{
	struct edit_load *l = ctx;
	const struct edit_run *r = l->run;
	const bool ends = why == WEIR_EDIT_ENDS;

	/* Stages go over batches: an earlier frame may be told of later. */
	if ((ends || r->strict) && (!l->stop_nr || frame->nr < l->stop_nr)) {
		l->stop_nr = frame->nr;
		if (ends)
			(void)err_text(&l->failure, -EINVAL, "Error rewriting packets: %s", text);
		else
			(void)err_text(&l->failure, -EINVAL, "%s: frame %llu: %s", r->infile,
				       (unsigned long long)frame->nr, text);
	}
	if (!r->tell_warnings || ends)
		return;
	l->warnings = xgrow(l->warnings, l->n_warnings, sizeof(*l->warnings));
	l->warnings[l->n_warnings++] = xstrdup(text);
}

static void free_warnings(struct edit_load *l)
{
	for (unsigned i = 0; i < l->n_warnings; i++)
		free(l->warnings[i]);
	free(l->warnings);
	l->warnings = NULL;
	l->n_warnings = 0;
}

static void tell_warnings(struct edit_load *l)
{
	for (unsigned i = 0; i < l->n_warnings; i++)
		cmd_warn(l->run->run, "%s", l->warnings[i]);
	free_warnings(l);
}

static int add_load(struct edit_run *r, struct weir_err *err)
{
	struct edit_load *l = xcalloc(1, sizeof(*l));
	struct weir_edit_opts opts = *r->opts;
	int q;

	l->run = r;
	r->loads[r->n_loads++] = l;
	opts.report = report;
	opts.report_ctx = l;
	q = weir_editor_new(&opts, &l->editor, err);
	return q < 0 ? q : cuts_open(r->plan, report, l, &l->cuts, err);
}

/* The stages, and memory for what goes through them. */
static int prepare(struct edit_load *l, struct weir_err *err)
{
	const struct edit_run *r = l->run;
	unsigned n = 0, notes = trace_out_notes(r->out);
	int q;

	if (r->cache)
		l->stages[n++] = weir_cache_stage(r->cache);
	l->stages[n++] = weir_editor_stage(l->editor);
	n += cuts_stages(&l->cuts, l->stages + n);
	if (r->decoder)
		l->stages[n++] = decoder_stage(r->decoder);
	weir_chain_init(&l->chain, l->stages, n);

	q = weir_block_new(weir_editor_growth(l->editor), &l->read, err);
	if (q >= 0 && weir_chain_holds(&l->chain))
		notes |= WEIR_NOTES_HELD;
	if (q >= 0)
		q = weir_block_note(l->read, notes, err);
	if (q >= 0 && weir_chain_makes(&l->chain)) {
		q = weir_block_new(0, &l->made, err);
		if (q >= 0)
			l->made->notes = l->read->notes;
	}
	return q;
}

/* tcprewrite does not go on behind a frame of no bytes. */
static void end_at_empty(const struct edit_run *r, struct edit_load *l)
{
	for (unsigned i = 0; i < l->read->n && cmd_is_personality(r->run); i++) {
		if (old_check_frame(&l->read->frames[i], &l->failure) < 0)
			l->read->n = i;
	}
}

static void fetch(void *ctx, void *load, uint64_t nr)
{
	const struct edit_run *r = ctx;
	const struct edit_load *l = load;

	weir_reader_fetch(r->reader, l->read, nr);
}

static int take(void *ctx, void *load, struct weir_err *err)
{
	struct edit_run *r = ctx;
	struct edit_load *l = load;
	int q;

	l->failure.code = 0;
	l->stop_nr = 0;
	r->stopped = signals_next(r->signals) != 0;
	if (r->stopped)
		return 0;
	do
		q = weir_reader_fill(r->reader, l->read, err);
	while (q == -EINTR && !signals_next(r->signals));
	if (q == -EINTR || q == -ECANCELED) {
		r->stopped = true;
		return 0;
	}
	if (q == 1) {
		if (l->read->n) /* what was read may hold none */
			r->n_read = l->read->frames[l->read->n - 1].nr;
		end_at_empty(r, l);
	}
	if (q >= 0)
		trace_out_see(r->out);
	if (q == 0)
		r->last = l;
	return q;
}

/* Frames that the cache says not to send have passed the stages as they are, and are
 * written. */
static void keep_unsent(const struct edit_load *l, struct weir_buf *out, unsigned n)
{
	const struct weir_cache *cache = l->run->cache;

	for (unsigned i = 0; cache && i < n; i++) {
		if (out[i].port == WEIR_NO_PORT &&
		    weir_cache_get(cache, out[i].nr) == WEIR_DONT_SEND)
			out[i].port = 0;
	}
}

/* Takes frames out of the stages. */
static int collect(struct edit_load *l, struct weir_err *err)
{
	struct weir_buf *out;
	int n;

	while ((n = weir_chain_take(&l->chain, &out)) > 0) {
		keep_unsent(l, out, (unsigned)n);
		for (int i = 0; i < n; i++) {
			if (l->made && out[i].port != WEIR_NO_PORT &&
			    weir_block_add(l->made, &out[i], err) < 0)
				return -ENOMEM;
		}
	}
	return n;
}

/* A batch through the stages. */
static int edit(struct edit_load *l, struct weir_buf *bufs, unsigned n, struct weir_err *err)
{
	int q = weir_chain_put(&l->chain, bufs, n);

	if (q >= 0)
		q = collect(l, err);
	else
		keep_unsent(l, bufs, n);
	if (l->stop_nr)
		return err->code;
	if (q == -EPROTONOSUPPORT)
		return err_text(err, q, "%s", cuts_failure(q));
	if (q < 0)
		return err_text(err, q, "frames %llu to %llu cannot be edited: %s",
				(unsigned long long)bufs[0].nr, (unsigned long long)bufs[n - 1].nr,
				strerror(-q));
	return 0;
}

/* How many of n frames, from the first, come before the one that ends the run. */
static unsigned count_before(const struct edit_load *l, const struct weir_buf *frames,
			     unsigned first, unsigned n)
{
	while (l->stop_nr && first < n && frames[first].nr < l->stop_nr)
		first++;
	return first;
}

/* What comes before the frame that ends the run is written, or else the batches before the
 * one that fails. */
static int work(void *ctx, void *load, struct weir_err *err)
{
	struct edit_load *l = load;
	struct weir_block *b = l->read;

	(void)ctx, (void)err; /* what fails is told by give() */
	if (l->made)
		l->made->n = 0;
	for (unsigned i = 0; i < b->n; i += BATCH) {
		unsigned n_made = l->made ? l->made->n : 0;

		if (edit(l, b->frames + i, MIN(b->n - i, BATCH), &l->failure) >= 0)
			continue;
		b->n = count_before(l, b->frames, i, b->n);
		if (l->made)
			l->made->n = count_before(l, l->made->frames, n_made, l->made->n);
	}
	return 0;
}

static int give(void *ctx, void *load, struct weir_err *err)
{
	struct edit_run *r = ctx;
	struct edit_load *l = load;
	int q;

	tell_warnings(l);
	q = trace_out_write(r->out, l->made ? l->made : l->read, cmd_is_personality(r->run),
			    &r->unconverted, err);
	if (q < 0 || !l->failure.code)
		return q;
	*err = l->failure;
	return err->code;
}

int edit_run_init(struct edit_run *r, struct weir_err *err)
{
	return add_load(r, err);
}

const struct weir_editor *edit_run_editor(const struct edit_run *r)
{
	return r->loads[0]->editor;
}

/* Must all frames go through one row of stages, in order? (Behind the one that ends it,
 * none should be looked at and counted.) */
static bool is_one_row(const struct edit_run *r)
{
	const struct edit_load *first = r->loads[0];

	return weir_editor_remembers(first->editor) || weir_chain_holds(&first->chain) ||
	       r->decoder || r->strict;
}

static int add_workers(struct edit_run *r, struct weir_err *err)
{
	unsigned n = r->n_workers ? r->n_workers : weir_relay_workers(DEFAULT_WORKERS);
	int q = prepare(r->loads[0], err);

	if (q >= 0 && is_one_row(r))
		n = 1;
	while (q >= 0 && r->n_loads < n) {
		q = add_load(r, err);
		if (q >= 0)
			q = prepare(r->loads[r->n_loads - 1], err);
	}
	return q;
}

/* What the stages have held back, and what the file has behind its last frame. */
static int end_stages(struct edit_run *r, struct weir_err *err)
{
	struct edit_load *l = r->last ? r->last : r->loads[0];
	int q = 0;

	if (!r->last && !weir_chain_holds(&l->chain))
		return 0;
	l->read->n = 0;
	if (l->made)
		l->made->n = 0;
	if (l->made && !r->last) /* those that are there belong to what has been written */
		l->made->notes = NULL;
	if (weir_chain_holds(&l->chain)) {
		weir_chain_end(&l->chain);
		q = collect(l, err);
	}
	return q < 0 ? q : give(r, l, err);
}

int edit_run_all(struct edit_run *r, struct weir_err *err)
{
	struct weir_relay relay = { .take = take, .work = work, .give = give, .ctx = r };
	void *loads[MAX_WORKERS];
	int q = add_workers(r, err);

	if (q < 0)
		return q;
	/* Frames that grow are copied: then reading is not what takes long. */
	if (!weir_editor_growth(edit_run_editor(r)) && weir_reader_share(r->reader))
		relay.fetch = fetch;
	for (unsigned i = 0; i < r->n_loads; i++)
		loads[i] = r->loads[i];
	q = weir_relay_run(&relay, loads, r->n_loads, err);
	return q < 0 ? q : end_stages(r, err);
}

void edit_run_counts(const struct edit_run *r, struct weir_edit_counts *ret_counts)
{
	*ret_counts = (struct weir_edit_counts){ 0 };
	for (unsigned i = 0; i < r->n_loads; i++) {
		struct weir_edit_counts c;

		weir_editor_counts(r->loads[i]->editor, &c);
		edit_counts_add(&c, ret_counts);
		cuts_count(&r->loads[i]->cuts, ret_counts);
	}
}

void edit_run_done(struct edit_run *r)
{
	for (unsigned i = 0; i < r->n_loads; i++) {
		struct edit_load *l = r->loads[i];

		weir_editor_free(l->editor);
		cuts_done(&l->cuts);
		weir_block_free(l->read);
		weir_block_free(l->made);
		free_warnings(l); /* of a block that did not come to be written */
		free(l);
	}
	r->n_loads = 0;
}
