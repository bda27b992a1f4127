/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The cutter looks at frames when it is asked for some: those that are short enough are
 * given where they are, run by run, and each that is too long for itself.
 */
#include <weir/cut.h>

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/macros.h"
#include "edit/cut.h"
#include "edit/edit.h"

struct weir_cutter {
	struct weir_cut_opts opts;
	uint32_t limit; /* frames up to this are not looked at */
	struct weir_edit_counts counts;

	struct weir_buf *bufs; /* what is not given yet */
	unsigned n;
	/* What cut_begin() told of the frame it was last asked for, as it was then. */
	struct {
		struct weir_buf of; /* .data NULL: none */
		struct cut cut;
		enum weir_edit_reason why;
		int result;
	} seen;
	struct made_list segments, fragments;
	struct made_pool pool;
};

DEFINE_CLEANUP(struct weir_cutter *, weir_cutter_free)

static int cutter_run(void *ctx, struct weir_buf *bufs, unsigned n)
{
	struct weir_cutter *c = ctx;

	c->bufs = bufs;
	c->n = n;
	c->seen.of.data = NULL;
	return 0;
}

/* cut_begin(), but of a frame that is the one before only once. Its bytes may have been written to
 * since, but not so that its headers would lie elsewhere. */
static int look(struct weir_cutter *c, struct weir_buf *b, struct cut *ret_cut,
		enum weir_edit_reason *ret_why)
{
	const struct weir_buf *of = &c->seen.of;

	if (!of->data || of->data != b->data || of->len != b->len || of->orig_len != b->orig_len) {
		c->seen.result = cut_begin(&c->seen.cut, b, &c->seen.why);
		c->seen.of = *b;
	}
	*ret_cut = c->seen.cut;
	ret_cut->b = b;
	*ret_why = c->seen.why;
	return c->seen.result;
}

/* Counts why a frame is not cut. */
static void fail(struct weir_cutter *c, struct weir_buf *b, enum weir_edit_reason why)
{
	edit_count(&c->counts, b, why);
	if (c->opts.report)
		c->opts.report(c->opts.report_ctx, b, why, weir_edit_reason_text(why));
	if (c->opts.drop_failed)
		edit_drop_buf(&c->counts, b);
}

/* -E2BIG is a reason like others. */
static int judge(int r, enum weir_edit_reason *why)
{
	if (r != -E2BIG)
		return r;
	*why = WEIR_EDIT_TOO_MANY;
	return 0;
}

/* The segments of a frame, or itself, into c->segments. */
static int segment(struct weir_cutter *c, struct weir_buf *b)
{
	enum weir_edit_reason why;
	struct cut cut;
	int r = look(c, b, &cut, &why);

	c->segments.n = 0;
	if (!c->opts.segment || cut.size <= c->opts.segment)
		return made_keep(&c->segments, b);
	if (r > 0)
		r = judge(cut_tcp_mtu(&cut, c->opts.segment, &c->segments, &c->pool, &why), &why);
	if (r)
		return r;

	c->segments.n = 0;
	if (!c->opts.fragment || cut.size <= c->opts.fragment)
		fail(c, b, why);
	return made_keep(&c->segments, b);
}

/* The fragments of segment i, or itself, to those in c->fragments. */
static int fragment(struct weir_cutter *c, unsigned i)
{
	struct weir_buf *b = &c->segments.bufs[i];
	unsigned before = c->fragments.n;
	enum weir_edit_reason why;
	struct cut cut;
	int r = look(c, b, &cut, &why);

	if (cut.size <= c->opts.fragment)
		return made_keep(&c->fragments, b);
	if (r > 0 && cut_is_forbidden(&cut) && !c->opts.fragment_df) {
		why = WEIR_EDIT_NO_FRAGMENTS;
		r = 0;
	}
	cut_number(&cut, i);
	if (r > 0)
		r = judge(cut_ip_mtu(&cut, c->opts.fragment, &c->fragments, &c->pool, &why), &why);
	if (r)
		return r;

	c->fragments.n = before;
	fail(c, b, why);
	return made_keep(&c->fragments, b);
}

/* Cuts the next frame, whose parts become those in *ret_bufs. */
static int cut_next(struct weir_cutter *c, struct weir_buf **ret_bufs)
{
	int r;

	c->counts.frames++;
	made_pool_empty(&c->pool);
	r = segment(c, c->bufs);
	if (r < 0)
		return r;
	c->bufs++;
	c->n--;
	*ret_bufs = c->segments.bufs;
	if (!c->opts.fragment)
		return (int)c->segments.n;

	c->fragments.n = 0;
	for (unsigned i = 0; i < c->segments.n; i++) {
		r = fragment(c, i);
		if (r < 0)
			return r;
	}
	*ret_bufs = c->fragments.bufs;
	return (int)c->fragments.n;
}

static bool is_too_long(struct weir_cutter *c, struct weir_buf *b)
{
	uint32_t least = b->linktype == PKT_LINKTYPE_ETHERNET ? 14 : 0; /* link layer */
	enum weir_edit_reason why;
	struct cut cut;

	if (b->port == WEIR_NO_PORT || MAX(b->len, b->orig_len) <= c->limit + least)
		return false;
	(void)look(c, b, &cut, &why); /* that it cannot be read does not matter yet */
	return cut.size > c->limit;
}

static int cutter_next(void *ctx, struct weir_buf **ret_bufs)
{
	struct weir_cutter *c = ctx;
	unsigned n = 0;

	while (n < c->n && !is_too_long(c, &c->bufs[n]))
		n++;
	if (!n && c->n)
		return cut_next(c, ret_bufs);
	*ret_bufs = c->bufs;
	c->bufs += n;
	c->n -= n;
	return (int)n;
}

struct weir_stage weir_cutter_stage(struct weir_cutter *c)
{
	return (struct weir_stage){
		.run = cutter_run, .next = cutter_next, .ctx = c, .changes = true
	};
}

static int check(const char *name, uint32_t size, struct weir_err *err)
{
	if (!size || (size >= WEIR_CUT_MIN && size <= WEIR_CUT_MAX))
		return 0;
	return err_set(err, -EINVAL, "%s: %u is not %u to %u", name, size, WEIR_CUT_MIN,
		       WEIR_CUT_MAX);
}

int weir_cutter_new(const struct weir_cut_opts *opts, struct weir_cutter **ret_cutter,
		    struct weir_err *err)
{
	CLEANUP(weir_cutter_freep)
	struct weir_cutter *c = NULL;
	int r;

	r = check("segment", opts->segment, err);
	if (r >= 0)
		r = check("fragment", opts->fragment, err);
	if (r < 0)
		return r;
	c = calloc(1, sizeof(*c));
	if (!c)
		return err_set(err, -ENOMEM, "out of memory");

	c->opts = *opts;
	c->limit = MIN(opts->segment ? opts->segment : UINT32_MAX - 14,
		       opts->fragment ? opts->fragment : UINT32_MAX - 14);
	*ret_cutter = TAKE_PTR(c);
	return 0;
}

void weir_cutter_counts(const struct weir_cutter *c, struct weir_edit_counts *ret_counts)
{
	*ret_counts = c->counts;
}

struct weir_cutter *weir_cutter_free(struct weir_cutter *c)
{
	if (!c)
		return NULL;

	made_list_done(&c->segments);
	made_list_done(&c->fragments);
	made_pool_done(&c->pool);
	free(c);
	return NULL;
}
