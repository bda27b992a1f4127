/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rules of a switch's ports: --filter-in, --edit-in and so on, as texts for the switch, and
 * in its process as stages. Edits are options of weir edit, in one text.
 */
#include <errno.h>
#include <string.h>

#include <weir/edit.h>
#include <weir/filter.h>

#include "edit-opts.h"
#include "switch.h"
#include "util.h"

DEFINE_CLEANUP(struct weir_editor *, weir_editor_free)

struct made {
	struct weir_filter *filter;
	struct weir_editor *editor;
};

struct words {
	char *texts[256];
	int n;
	char *mem;
};

struct edit_words {
	struct edit_cfg edit;
};

static const struct opt edit_rows[] = { EDIT_ROWS(struct edit_words, edit), { 0 } };

/* Takes the next word off a text as a shell does, quotes and backslashes with it, to *to,
 * which moves on. False: a quote is not closed. */
static bool take_word(const char **from, char **to)
{
	char quote = '\0';

	for (; **from && (quote || !strchr(" \t\n", **from)); (*from)++) {
		char c = **from;

		if (quote ? c == quote : c == '\'' || c == '"')
			quote = quote ? '\0' : c;
		else if (c == '\\' && quote != '\'' && (*from)[1])
			*(*to)++ = *++(*from);
		else
			*(*to)++ = c;
	}
	*(*to)++ = '\0';
	return !quote;
}

/* words->mem is to be freed. */
static int split(const char *text, struct words *words, struct weir_err *err)
{
	const char *from = text + strspn(text, " \t\n");
	char *to = words->mem = xcalloc(2, strlen(text) + 1);

	while (*from) {
		if (words->n == (int)ARRAY_SIZE(words->texts))
			return err_text(err, -EINVAL, "more than %d edits", words->n);
		words->texts[words->n++] = to;
		if (!take_word(&from, &to))
			return err_text(err, -EINVAL, "a quote is not closed: %s", text);
		from += strspn(from, " \t\n");
	}
	return 0;
}

/* The editor of options that were read. */
static int make_editor(struct opt_set *set, const struct edit_cfg *cfg,
		       struct weir_editor **ret_editor, struct weir_err *err)
{
	static const struct cmd cmd = { .dialect = OPT_WEIR };
	const struct cmd_run run = { .cmd = &cmd, .prog = set->prog, .opts = set };
	CLEANUP(weir_editor_freep)
	struct weir_editor *editor = NULL;
	struct weir_edit_opts opts;
	int r;

	if (set->n_operands)
		return err_text(err, -EINVAL, "%s: '%s' is no option of weir edit", set->prog,
				set->operands[0]);
	r = edit_opts(&run, cfg, &opts, err);
	if (r == 0)
		r = weir_editor_new(&opts, &editor, err);
	if (r < 0)
		return r;
	if (weir_editor_linktype(editor, WEIR_LINKTYPE_ETHERNET) != WEIR_LINKTYPE_ETHERNET)
		return err_text(err, -EINVAL, "%s: frames at a switch are Ethernet", set->prog);
	*ret_editor = TAKE_PTR(editor);
	return 0;
}

static int read_edits(const char *option, const char *text, struct weir_editor **ret_editor,
		      struct weir_err *err)
{
	struct edit_words cfg = { 0 };
	const struct opt_table tables[] = { { edit_rows, &cfg }, { 0 } };
	struct words words = { .n = 0 };
	struct opt_set set;
	int r = split(text, &words, err);

	opt_init(&set, OPT_WEIR, option, option, tables);
	if (r == 0 && (opt_parse(&set, words.n, words.texts) < 0 || opt_check(&set) < 0))
		r = err_text(err, -EINVAL, "%s", set.error);
	if (r == 0)
		r = make_editor(&set, &cfg.edit, ret_editor, err);
	opt_done(&set);
	free(words.mem);
	return r;
}

static void free_made(const struct weir_switch_stages *stages)
{
	struct made *m = stages->ctx;

	weir_filter_free(m->filter);
	weir_editor_free(m->editor);
	free(m);
}

static int make(const char *filter, const char *edit, unsigned side,
		struct weir_switch_stages *ret_stages, struct weir_err *err)
{
	const struct weir_filter_opts opts = { .filter = filter,
					       .name = side ? "filter-out" : "filter-in",
					       .linktype = WEIR_LINKTYPE_ETHERNET };
	struct made *m = xcalloc(1, sizeof(*m));
	struct weir_switch_stages stages = { .ctx = m };
	int r = 0;

	if (filter[0])
		r = weir_filter_new(&opts, &m->filter, err);
	if (r == 0 && edit[0])
		r = read_edits(side ? "edit-out" : "edit-in", edit, &m->editor, err);
	if (r < 0) {
		free_made(&stages);
		return r;
	}
	if (m->filter)
		stages.filter = weir_filter_stage(m->filter);
	if (m->editor)
		stages.edit = weir_editor_stage(m->editor);
	*ret_stages = stages;
	return 0;
}

const struct weir_switch_maker switch_maker = { .make = make, .free = free_made };

static int check(const char *filter, const char *edit, unsigned side, struct weir_err *err)
{
	struct weir_switch_stages stages;
	int r = make(filter ? filter : "", edit ? edit : "", side, &stages, err);

	if (r == 0)
		free_made(&stages);
	return r;
}

int switch_rules(const struct switch_cfg *cfg, struct weir_switch_rules *ret_rules,
		 struct weir_err *err)
{
	int r = check(cfg->filter_in, cfg->edit_in, 0, err);

	if (r == 0)
		r = check(cfg->filter_out, cfg->edit_out, 1, err);
	if (r < 0)
		return r;
	*ret_rules = (struct weir_switch_rules){ .filter_in = cfg->filter_in,
						 .edit_in = cfg->edit_in,
						 .filter_out = cfg->filter_out,
						 .edit_out = cfg->edit_out };
	return 0;
}
