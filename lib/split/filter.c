/* SPDX-License-Identifier: BSD-2-Clause */
#include <weir/filter.h>

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/counter.h"
#include "base/err.h"
#include "split/rules.h"

struct weir_filter {
	struct rule *rules[3]; /* one of each option */
	unsigned n_rules;
	bool walks; /* one of them is about addresses */
	_Atomic uint64_t dropped;
};

DEFINE_CLEANUP(struct weir_filter *, weir_filter_free)

/* Takes the rule. */
static int add_rule(struct weir_filter *f, struct rule *rule, uint32_t linktype,
		    struct weir_err *err)
{
	f->rules[f->n_rules++] = rule;
	f->walks |= rule_is_address(rule);
	return rule_prepare(rule, linktype, err);
}

static int read_rule(struct weir_filter *f, const struct weir_filter_opts *o, const char *option,
		     const char *text, struct weir_err *err)
{
	struct rule *rule;
	int r = text ? rule_new(option, text, &rule, err) : 0;

	if (r < 0 || !text)
		return r;
	if (rule_is_number(rule) && o->any_number) {
		rule_free(rule);
		return 0;
	}
	return add_rule(f, rule, o->linktype, err);
}

static int read_filter(struct weir_filter *f, const struct weir_filter_opts *o,
		       struct weir_err *err)
{
	struct rule *rule;
	int r = o->filter ? rule_new_filter(o->name, o->filter, &rule, err) : 0;

	return r < 0 || !o->filter ? r : add_rule(f, rule, o->linktype, err);
}

int weir_filter_new(const struct weir_filter_opts *o, struct weir_filter **ret_filter,
		    struct weir_err *err)
{
	CLEANUP(weir_filter_freep)
	struct weir_filter *f = calloc(1, sizeof(*f));
	int r;

	if (!f)
		return err_set(err, -ENOMEM, "out of memory");
	r = read_rule(f, o, "include", o->include, err);
	if (r == 0)
		r = read_rule(f, o, "exclude", o->exclude, err);
	if (r == 0)
		r = read_filter(f, o, err);
	if (r < 0)
		return r;

	*ret_filter = TAKE_PTR(f);
	return 0;
}

/* Does a rule leave it out? Or a negative errno. */
static int is_out(const struct weir_filter *f, const struct weir_buf *b)
{
	const struct weir_record rec = { .data = b->data,
					 .len = b->len,
					 .orig_len = b->orig_len,
					 .nr = b->nr,
					 .linktype = b->linktype };
	struct pkt_layers l;
	int r = 0;

	if (f->walks)
		(void)pkt_parse(b->linktype, b->data, b->len, &l); /* as far as it goes */
	for (unsigned i = 0; i < f->n_rules && r == 0; i++)
		r = rule_leaves_out(f->rules[i], &rec, &l, NULL);
	return r;
}

static int filter_run(void *ctx, struct weir_buf *bufs, unsigned n)
{
	struct weir_filter *f = ctx;
	uint64_t dropped = 0;

	for (unsigned i = 0; i < n; i++) {
		int r = bufs[i].port == WEIR_NO_PORT ? 0 : is_out(f, &bufs[i]);

		if (r < 0)
			return r;
		if (!r)
			continue;
		bufs[i].port = WEIR_NO_PORT;
		dropped++;
	}
	counter_add(&f->dropped, dropped);
	return 0;
}

struct weir_stage weir_filter_stage(struct weir_filter *f)
{
	return (struct weir_stage){ .run = filter_run, .ctx = f };
}

uint64_t weir_filter_dropped(const struct weir_filter *f)
{
	return counter_get(&f->dropped);
}

struct weir_filter *weir_filter_free(struct weir_filter *f)
{
	if (!f)
		return NULL;
	for (unsigned i = 0; i < f->n_rules; i++)
		rule_free(f->rules[i]);
	free(f);
	return NULL;
}
