/* SPDX-License-Identifier: BSD-2-Clause */
/* Layers of a template: their arguments, matched with their fields. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "gen/build.h"

static struct gen_val *val_unset(const struct gen_source *src, uint32_t at)
{
	struct gen_val *v = gen_alloc(src->pool, sizeof(*v));

	if (v)
		*v = (struct gen_val){ .kind = VAL_UNSET, .at = at, .count = 1, .dim = -1 };
	return v;
}

/* A chain, or a list of chains. */
static int parse_chains(const struct gen_source *src, const struct gen_node *node,
			struct gen_val *v)
{
	bool list = node->kind == GEN_LIST;
	int r = 0;

	v->n = list ? node->n_kids : 1;
	v->chains = gen_alloc_array(src->pool, v->n, sizeof(struct gen_inst *));
	if (!v->chains)
		return gen_no_memory(src);
	for (uint32_t i = 0; i < v->n && r >= 0; i++)
		r = gen_inst_new(src, list ? node->kids[i] : node, true, &v->chains[i]);
	return r;
}

/* A field with sections of the DNS: a list is a set. */
static int parse_sections(const struct gen_source *src, const struct gen_node *node,
			  struct gen_val *v)
{
	int r = parse_chains(src, node, v);

	if (r >= 0 && !v->n)
		return gen_fail(src, node->at, "the list is empty");
	v->kind = VAL_CHAINS;
	v->count = v->n;
	return r;
}

/* Options: layers, or bytes as they are; all of a list are there. */
static int parse_options(const struct gen_source *src, const struct gen_node *node,
			 struct gen_val *v)
{
	int r = parse_chains(src, node, v);

	if (r < 0)
		return r;
	v->kind = VAL_OPTIONS;
	for (uint32_t i = 0; i < v->n; i++)
		for (unsigned f = 0; v->chains[i]->def->fields[f].name; f++)
			if (v->chains[i]->vals[f]->count > 1)
				return gen_fail(src, v->chains[i]->vals[f]->at,
						"an option cannot hold a set");
	return 0;
}

static int parse_arg(const struct gen_source *src, const struct gen_field *f,
		     const struct gen_node *node, struct gen_val *ret)
{
	struct gen_val v = { .at = node->at, .count = 1, .dim = -1, .node = node };
	int r = 0;

	if (node->kind == GEN_NONE)
		v.kind = VAL_NOTHING;
	else if (f->kind == FIELD_CHAIN)
		r = parse_sections(src, node, &v);
	else if (f->kind == FIELD_OPTIONS)
		r = parse_options(src, node, &v);
	else if (f->kind > FIELD_OPTIONS && f->kind != FIELD_NAME && f->kind != FIELD_SWITCH)
		v.kind = VAL_NODE;
	else
		r = gen_val_parse(src, f, node, &v);
	if (r >= 0)
		*ret = v;
	return r;
}

static int no_such_field(const struct gen_source *src, const struct gen_layer *l, uint32_t at,
			 const char *key)
{
	char known[240] = "";
	size_t len = 0;

	for (unsigned i = 0; l->fields[i].name && len < sizeof(known); i++)
		len += (size_t)snprintf(known + len, sizeof(known) - len, "%s%s", i ? ", " : "",
					l->fields[i].name);
	return gen_fail(src, at, "%s has no field '%.40s', but %s", l->name, key, known);
}

static int take_arg(const struct gen_source *src, struct gen_inst *inst, uint32_t i)
{
	const struct gen_node *value = inst->node->kids[i];
	const struct gen_layer *l = inst->def;
	const char *key = inst->node->keys[i];
	int f;

	if (!key && l->raw && i == 0 && gen_field_count(l) > 1 && value->kind == GEN_BYTES) {
		inst->raw = value;
		return 0;
	}
	if (!key && (!l->raw || i))
		return gen_fail(src, value->at, "%s takes its fields by name: %s=...", l->name,
				l->fields[0].name);
	f = key ? gen_field_find(l, key) : 0;
	if (f < 0)
		return no_such_field(src, l, value->at, key);
	if (inst->vals[f]->kind != VAL_UNSET)
		return gen_fail(src, value->at, "%s is given twice", l->fields[f].name);
	return parse_arg(src, &l->fields[f], value, inst->vals[f]);
}

/* A list is a set of answers, but for text: there it is one answer of several strings. */
static void count_answers(struct gen_inst *inst)
{
	static const gen_u128 txt = 16;
	int type = gen_field_find(inst->def, "type");

	for (unsigned i = 0; inst->def->fields[i].name; i++) {
		struct gen_val *v = inst->vals[i];

		if (inst->def->fields[i].kind != FIELD_RDATA || v->kind != VAL_NODE ||
		    v->node->kind != GEN_LIST || type < 0)
			continue;
		if (inst->vals[type]->kind != VAL_NUMS || gen_val_num(inst->vals[type], 0) != txt)
			v->count = v->node->n_kids;
	}
}

static int new_layer(const struct gen_source *src, const struct gen_node *node, bool option,
		     struct gen_inst **ret)
{
	const struct gen_layer *l =
		gen_layer_find(node->kind == GEN_BYTES ? "Raw" : gen_name(node));
	unsigned n = l ? gen_field_count(l) : 0;
	struct gen_inst *inst;
	int r = 0;

	if (!l)
		return gen_fail(src, node->at, "there is no layer '%.40s'", gen_name(node));
	inst = gen_alloc(src->pool, sizeof(*inst));
	if (!inst)
		return gen_no_memory(src);
	*inst = (struct gen_inst){ .def = l, .node = node, .option = option };
	inst->vals = gen_alloc_array(src->pool, n, sizeof(*inst->vals));
	if (!inst->vals)
		return gen_no_memory(src);
	for (unsigned i = 0; i < n; i++) {
		int first = gen_field_find(l, l->fields[i].name);

		inst->vals[i] = first < (int)i ? inst->vals[first] : val_unset(src, node->at);
		if (!inst->vals[i])
			return gen_no_memory(src);
	}
	if (node->kind == GEN_BYTES)
		r = parse_arg(src, &l->fields[0], node, inst->vals[0]);
	for (uint32_t i = 0; i < node->n_kids && r >= 0; i++)
		r = take_arg(src, inst, i);
	if (r < 0)
		return r;
	count_answers(inst);
	*ret = inst;
	return 0;
}

int gen_inst_new(const struct gen_source *src, const struct gen_node *chain, bool option,
		 struct gen_inst **ret)
{
	const struct gen_node *const *layers = chain->kind == GEN_CHAIN ? chain->kids : &chain;
	uint32_t n = chain->kind == GEN_CHAIN ? chain->n_kids : 1;
	struct gen_inst *first = NULL, *last = NULL, *inst = NULL;

	if (chain->kind != GEN_CHAIN && chain->kind != GEN_CALL && chain->kind != GEN_BYTES)
		return gen_fail(src, chain->at, "a layer expected");
	for (uint32_t i = 0; i < n; i++) {
		int r = new_layer(src, layers[i], option, &inst);

		if (r < 0)
			return r;
		inst->below = last;
		if (last)
			last->above = inst;
		else
			first = inst;
		last = inst;
	}
	*ret = first;
	return 0;
}
