/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Options that make several frames of one: --segment and --fragment, and fragroute's rules.
 * Every command that edits takes them: they are rows over a struct that the command's own
 * contains.
 */
#ifndef CLI_CUT_OPTS_H
#define CLI_CUT_OPTS_H

#include <stdbool.h>
#include <stdint.h>

#include <weir/cut.h>
#include <weir/err.h>
#include <weir/fragroute.h>

#include "cmd.h"

struct cut_cfg {
	uint32_t segment, fragment;
	bool fragment_df;
	const char *fragroute, *fragdir;
	uint64_t seed;
};

/* Rows of a command whose struct strct holds a struct cut_cfg in field. */
/* clang-format off */
#define CUT_ROWS(strct, field) \
	{ OPT(strct, field.segment), .name = "segment", .flags = OPT_WEIR_ONLY, .metavar = "MTU", \
	  .min = WEIR_CUT_MIN, .max = WEIR_CUT_MAX, \
	  .help = "cut TCP into segments whose IP datagrams are as long at most" }, \
	{ OPT(strct, field.fragment), .name = "fragment", .flags = OPT_WEIR_ONLY, .metavar = "MTU", \
	  .min = WEIR_CUT_MIN, .max = WEIR_CUT_MAX, \
	  .help = "cut IP datagrams that are longer into fragments" }, \
	{ OPT(strct, field.fragment_df), .name = "fragment-df", .flags = OPT_WEIR_ONLY, \
	  .requires = "fragment", \
	  .help = "also those that must not be fragmented" }, \
	{ OPT(strct, field.seed), .name = "fragroute-seed", .flags = OPT_WEIR_ONLY, \
	  .metavar = "N", .requires = "fragroute", \
	  .help = "what the rules draw, they draw from the seed N (0)" }

/* needs: what tells the sides of frames. flags: who speaks these options. */
#define FRAGROUTE_ROWS(strct, field, needs, spoken) \
	{ OPT(strct, field.fragroute), .name = "fragroute", .flags = (spoken), .metavar = "FILE", \
	  .help = "apply fragroute's rules" }, \
	{ OPT(strct, field.fragdir), .name = "fragdir", .flags = (spoken), .metavar = "SIDE", \
	  .requires = needs, \
	  .help = "to frames of clients only, c2s, of servers, s2c, or both" }
/* clang-format on */

/* What the options ask for. */
struct cut_plan {
	struct weir_cut_opts cut;
	struct weir_fragroute_opts rules;
	char *text; /* of the rules; NULL: there are none */
};

/* Reads the options and the file of rules, whose content is read by cuts_open(). 0, or the
 * text says why not; -EINVAL: the options' fault. To be released with cut_plan_done(). */
int cut_opts(const struct cmd_run *run, const struct cut_cfg *c, struct cut_plan *ret_plan,
	     struct weir_err *err);
void cut_plan_done(struct cut_plan *plan);

/* Those who do it, for one thread. */
struct cuts {
	struct weir_cutter *cutter;	  /* or NULL */
	struct weir_fragroute *fragroute; /* or NULL */
};

/* Makes them; plan is lent until then. report is as in struct weir_edit_opts. To be
 * released with cuts_done(), also on failure. -EINVAL: the rules' fault. */
int cuts_open(const struct cut_plan *plan,
	      void (*report)(void *ctx, const struct weir_buf *frame, enum weir_edit_reason why,
			     const char *text),
	      void *report_ctx, struct cuts *ret_cuts, struct weir_err *err);

#define MAX_CUT_STAGES 2u

/* The stages, which are to follow those that edit: how many there are. */
unsigned cuts_stages(const struct cuts *c, struct weir_stage *ret_stages);

/* What a negative result of these stages means. */
const char *cuts_failure(int r);

/* Adds what they have counted to the editor's counts. */
void cuts_count(const struct cuts *c, struct weir_edit_counts *sum);

void cuts_done(struct cuts *c);

#endif
