/* SPDX-License-Identifier: BSD-2-Clause */
#include "cut-opts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "edit-opts.h"
#include "util.h"

static int read_rules(const struct cmd_run *run, const char *path, char **ret_text,
		      struct weir_err *err)
{
	int r = read_text(path, ret_text);

	if (r < 0 && cmd_is_personality(run))
		return err_text(err, r, "couldn't open %s", path);
	return r < 0 ? err_text(err, r, "%s: %s", path, strerror(-r)) : 0;
}

static int read_side(const char *word, enum weir_fragdir *ret_dir, struct weir_err *err)
{
	static const char *const words[] = {
		[WEIR_FRAGDIR_BOTH] = "both", [WEIR_FRAGDIR_C2S] = "c2s", [WEIR_FRAGDIR_S2C] = "s2c"
	};

	for (unsigned i = 0; i < ARRAY_SIZE(words); i++) {
		if (!word || strcmp(word, words[i]) == 0) {
			*ret_dir = (enum weir_fragdir)i;
			return 0;
		}
	}
	return err_text(err, -EINVAL, "Unknown --fragdir value: %s", word);
}

/* Lines of the rules' directives. */
static void print(void *ctx, const char *line)
{
	(void)ctx;
	(void)puts(line); /* nobody counts on it */
}

int cut_opts(const struct cmd_run *run, const struct cut_cfg *c, struct cut_plan *ret_plan,
	     struct weir_err *err)
{
	struct cut_plan p = {
		.cut = { .segment = c->segment,
			 .fragment = c->fragment,
			 .fragment_df = c->fragment_df },
		.rules = { .name = c->fragroute,
			   .seed = c->seed,
			   .quirks = cmd_is_personality(run) ? WEIR_FRAGROUTE_QUIRKS_TCPREWRITE : 0,
			   .print = print },
	};
	int r = read_side(c->fragdir, &p.rules.dir, err);

	if (r >= 0 && c->fragroute)
		r = read_rules(run, c->fragroute, &p.text, err);
	p.rules.rules = p.text;
	*ret_plan = p;
	return r;
}

void cut_plan_done(struct cut_plan *plan)
{
	free(plan->text);
	plan->text = NULL;
}

int cuts_open(const struct cut_plan *plan,
	      void (*report)(void *ctx, const struct weir_buf *frame, enum weir_edit_reason why,
			     const char *text),
	      void *report_ctx, struct cuts *ret_cuts, struct weir_err *err)
{
	struct weir_cut_opts cut = plan->cut;
	struct weir_fragroute_opts rules = plan->rules;
	int r = 0;

	*ret_cuts = (struct cuts){ 0 };
	cut.report = rules.report = report;
	cut.report_ctx = rules.report_ctx = report_ctx;
	if (cut.segment || cut.fragment)
		r = weir_cutter_new(&cut, &ret_cuts->cutter, err);
	if (r >= 0 && plan->text)
		r = weir_fragroute_new(&rules, &ret_cuts->fragroute, err);
	return r;
}

unsigned cuts_stages(const struct cuts *c, struct weir_stage *ret_stages)
{
	unsigned n = 0;

	if (c->cutter)
		ret_stages[n++] = weir_cutter_stage(c->cutter);
	if (c->fragroute)
		ret_stages[n++] = weir_fragroute_stage(c->fragroute);
	return n;
}

const char *cuts_failure(int r)
{
	return r == -EPROTONOSUPPORT
		       ? "Error processing packet via fragroute: skipping non-IP packet"
		       : strerror(-r);
}

void cuts_count(const struct cuts *c, struct weir_edit_counts *sum)
{
	struct weir_edit_counts counts;

	if (c->cutter) {
		weir_cutter_counts(c->cutter, &counts);
		edit_counts_add(&counts, sum);
	}
	if (c->fragroute) {
		weir_fragroute_counts(c->fragroute, &counts);
		edit_counts_add(&counts, sum);
	}
}

void cuts_done(struct cuts *c)
{
	weir_cutter_free(c->cutter);
	weir_fragroute_free(c->fragroute);
	*c = (struct cuts){ 0 };
}
