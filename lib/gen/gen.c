/* SPDX-License-Identifier: BSD-2-Clause */
/* Generators: templates, and whose turn it is. */
#include <weir/gen.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/macros.h"
#include "gen/mix.h"

/* Memory of the layouts of all templates. */
#define MAX_MEMORY (256u << 20)
#define MAX_TEXT   (4u << 20)

#define MAX_TEMPLATES 65536u

/* ---- compiling --------------------------------------------------------------------------- */

static int new_template(struct weir_gen *g, struct gen_template **ret)
{
	if (g->n_templates == MAX_TEMPLATES)
		return err_set(g->src.err, -EINVAL, "more than %u templates", MAX_TEMPLATES);
	if (g->n_templates == g->room) {
		unsigned room = g->room ? g->room * 2 : 4;
		struct gen_template *t = gen_alloc_array(&g->pool, room, sizeof(*t));

		if (!t)
			return gen_no_memory(&g->src);
		if (g->n_templates)
			memcpy(t, g->templates, g->n_templates * sizeof(*t));
		g->templates = t;
		g->room = room;
	}
	*ret = &g->templates[g->n_templates++];
	return 0;
}

/* The templates of an expression: one, or several in a list. */
static int add_templates(struct weir_gen *g, const struct gen_node *expr, uint64_t times)
{
	struct gen_template *t = NULL;
	int r = 0;

	if (expr->kind == GEN_TIMES) {
		if (!expr->num || __builtin_mul_overflow(times, expr->num, &times))
			return gen_fail(&g->src, expr->at, "no possible number of times");
		return add_templates(g, expr->kids[0], times);
	}
	if (expr->kind == GEN_LIST) {
		if (!expr->n_kids)
			return gen_fail(&g->src, expr->at, "the list is empty");
		for (uint32_t i = 0; i < expr->n_kids && r >= 0; i++)
			r = add_templates(g, expr->kids[i], times);
		return r;
	}
	r = new_template(g, &t);
	if (r < 0)
		return r;
	*t = (struct gen_template){ .at = expr->at, .count = times, .stream = g->n_templates - 1 };
	return gen_inst_new(&g->src, expr, false, &t->outermost);
}

static int attr_number(const struct weir_gen *g, const struct gen_attr *a, uint64_t max,
		       uint64_t *ret)
{
	char *end;

	errno = 0;
	*ret = strtoull(a->value, &end, 10);
	if (errno || *end || end == a->value || a->value[0] == '-' || *ret > max)
		return gen_fail(&g->src, a->at, "%s is a number of at most %llu", a->key,
				(unsigned long long)max);
	return 0;
}

static int take_attr(struct weir_gen *g, const struct weir_gen_opts *o, struct gen_template *t,
		     const struct gen_attr *a)
{
	uint64_t v;
	int r;

	if (!strcmp(a->key, "size"))
		return gen_size_parse(&g->src, a->at, a->value, o->no_fcs, &t->size);
	if (!strcmp(a->key, "weight")) {
		r = attr_number(g, a, GEN_MAX_TURNS, &v);
		t->weight = (uint32_t)v;
		return r >= 0 && !v ? gen_fail(&g->src, a->at, "a weight is at least 1") : r;
	}
	if (!strcmp(a->key, "rate")) {
		r = attr_number(g, a, 1000000000000ULL, &t->rate_fps);
		return r >= 0 && !t->rate_fps ? gen_fail(&g->src, a->at, "a rate is at least 1")
					      : r;
	}
	if (!strcmp(a->key, "stream")) {
		r = attr_number(g, a, UINT32_MAX, &v);
		t->stream = (uint32_t)v;
		return r;
	}
	return gen_fail(&g->src, a->at, "'%.40s' is none of weight, rate, size and stream", a->key);
}

static int add_statement(struct weir_gen *g, const struct weir_gen_opts *o,
			 const struct gen_stmt *s)
{
	unsigned first = g->n_templates;
	int r = add_templates(g, s->expr, 1);

	for (unsigned i = first; i < g->n_templates && r >= 0; i++) {
		struct gen_template *t = &g->templates[i];

		r = gen_size_parse(&g->src, GEN_NOWHERE, o->size, o->no_fcs, &t->size);
		for (const struct gen_attr *a = s->attrs; a && r >= 0; a = a->next)
			r = take_attr(g, o, t, a);
	}
	return r;
}

static uint64_t gcd(uint64_t a, uint64_t b)
{
	while (b) {
		uint64_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

/* Rates of all templates are proportions like weights. */
static int take_rates(struct weir_gen *g)
{
	uint64_t common = 0;

	for (unsigned i = 0; i < g->n_templates; i++) {
		const struct gen_template *t = &g->templates[i];

		if (!t->rate_fps != !g->templates[0].rate_fps)
			return gen_fail(&g->src, t->at, "either all templates have a rate or none");
		if (t->rate_fps && t->weight)
			return gen_fail(&g->src, t->at,
					"a template has a rate or a weight, not both");
		common = gcd(common, t->rate_fps);
		g->rate_fps += t->rate_fps;
	}
	for (unsigned i = 0; common && i < g->n_templates; i++)
		g->templates[i].weight =
			(uint32_t)MIN(g->templates[i].rate_fps / common, GEN_MAX_TURNS + 1ULL);
	return 0;
}

static int make_turns(struct weir_gen *g)
{
	uint32_t *weights = gen_alloc_array(&g->pool, g->n_templates, sizeof(*weights)), *turns;
	uint32_t *ranks = gen_alloc_array(&g->pool, g->n_templates, sizeof(*ranks));
	int r;

	if (!weights || !ranks)
		return gen_no_memory(&g->src);
	for (unsigned i = 0; i < g->n_templates; i++) {
		struct gen_template *t = &g->templates[i];

		t->weight = t->weight ? t->weight : 1;
		weights[i] = t->weight;
	}
	r = gen_mix_turns(&g->pool, weights, g->n_templates, &g->n_turns, &turns);
	if (r == -ERANGE)
		return err_set(g->src.err, -EINVAL,
			       "weights or rates have proportions of more than 1 to %u: round them",
			       GEN_MAX_TURNS);
	if (r < 0)
		return gen_no_memory(&g->src);
	g->turns = gen_alloc_array(&g->pool, g->n_turns, sizeof(*g->turns));
	if (!g->turns)
		return gen_no_memory(&g->src);
	for (uint32_t k = 0; k < g->n_turns; k++)
		g->turns[k] = (struct gen_turn){ turns[k], ranks[turns[k]]++ };
	return 0;
}

/* Frames of a pass: with weights, so many rounds that each set is through. */
static int count_frames(struct weir_gen *g)
{
	uint64_t rounds = 0;

	for (unsigned i = 0; i < g->n_templates; i++) {
		struct gen_template *t = &g->templates[i];

		t->before = g->n_frames;
		if (t->count > GEN_MAX_COUNT - g->n_frames)
			return gen_fail(&g->src, t->at, "the sets make too many frames");
		g->n_frames += t->count;
		if (g->n_turns)
			rounds = MAX(rounds, (t->count + t->weight - 1) / t->weight);
	}
	if (!g->n_turns)
		return 0;
	if (__builtin_mul_overflow(rounds, g->n_turns, &g->n_frames) || g->n_frames > GEN_MAX_COUNT)
		return err_set(g->src.err, -EINVAL, "the sets make too many frames");
	return 0;
}

/* A mix of sizes is not over before each had its turn. */
static void round_up_to_mix(struct weir_gen *g)
{
	if (g->n_templates == 1 && g->templates[0].size.n > 1)
		g->n_frames = (g->n_frames + g->templates[0].size.n - 1) / g->templates[0].size.n *
			      g->templates[0].size.n;
}

/* All go the same way out. */
static int find_linktype(struct weir_gen *g)
{
	for (unsigned i = 0; i < g->n_templates; i++) {
		const struct gen_template *t = &g->templates[i];
		const struct gen_layer *l = t->outermost->def;
		uint32_t linktype = l->linktype ? l->linktype : WEIR_LINKTYPE_ETHERNET;

		if (g->linktype && linktype != g->linktype)
			return gen_fail(&g->src, t->at,
					"frames that begin with %s cannot be mixed with those of "
					"the first template: they are of another link type",
					l->name);
		g->linktype = linktype;
	}
	return 0;
}

static int compile(struct weir_gen *g, const struct weir_gen_opts *o)
{
	bool weighted = false;
	struct gen_stmt *s;
	int r = gen_parse(&g->src, &s);

	for (; r >= 0 && s; s = s->next)
		r = add_statement(g, o, s);
	if (r >= 0)
		r = take_rates(g);
	for (unsigned i = 0; r >= 0 && i < g->n_templates; i++) {
		weighted |= g->templates[i].weight != 0;
		r = gen_compile(g, &g->templates[i]);
	}
	if (r >= 0 && weighted)
		r = make_turns(g);
	if (r >= 0)
		r = count_frames(g);
	if (r < 0)
		return r;
	round_up_to_mix(g);
	return find_linktype(g);
}

int weir_gen_new(const struct weir_gen_opts *opts, struct weir_gen **ret, struct weir_err *err)
{
	struct weir_gen *g;
	int r;

	if (opts->len > MAX_TEXT)
		return err_set(err, -EINVAL, "templates of more than %u bytes", MAX_TEXT);
	g = calloc(1, sizeof(*g));
	if (!g)
		return err_set(err, -ENOMEM, "out of memory");
	gen_pool_init(&g->pool, MAX_MEMORY);
	g->src = (struct gen_source){ opts->name, opts->text, opts->len, &g->pool, err };
	g->mac = opts->mac;
	g->seed = opts->seed;
	g->stamp = opts->stamp;
	g->random_order = opts->random_order;
	r = compile(g, opts);
	g->src = (struct gen_source){ 0 };
	g->mac = NULL;
	if (r < 0) {
		weir_gen_free(g);
		return r;
	}
	*ret = g;
	return 0;
}

static int read_all(FILE *f, const char *path, char **ret_text, size_t *ret_len,
		    struct weir_err *err)
{
	CLEANUP(freep)
	char *text = malloc(MAX_TEXT + 1);
	size_t len;

	if (!text)
		return err_set(err, -ENOMEM, "out of memory");
	len = fread(text, 1, MAX_TEXT + 1, f);
	if (ferror(f))
		return err_set(err, -EIO, "%s: cannot be read", path);
	*ret_len = len;
	*ret_text = TAKE_PTR(text);
	return 0;
}

int weir_gen_new_file(const char *path, const struct weir_gen_opts *opts, struct weir_gen **ret,
		      struct weir_err *err)
{
	bool is_stdin = !strcmp(path, "-");
	CLEANUP(fclosep)
	FILE *f = is_stdin ? NULL : fopen(path, "re");
	CLEANUP(freep)
	char *text = NULL;
	struct weir_gen_opts o = *opts;
	int r;

	if (!f && !is_stdin)
		return err_set(err, -errno, "%s: %s", path, strerror(errno));
	r = read_all(f ? f : stdin, path, &text, &o.len, err);
	if (r < 0)
		return r;
	o.text = text;
	o.name = path;
	return weir_gen_new(&o, ret, err);
}

struct weir_gen *weir_gen_free(struct weir_gen *g)
{
	if (!g)
		return NULL;
	gen_pool_done(&g->pool);
	free(g);
	return NULL;
}

void weir_gen_info(const struct weir_gen *g, struct weir_gen_info *ret)
{
	*ret = (struct weir_gen_info){
		.n_frames = g->n_frames,
		.repeats = !g->stamp && !g->random_order,
		.max_len = g->max_len,
		.linktype = g->linktype,
		.n_templates = g->n_templates,
		.rate_fps = g->rate_fps,
	};
	for (unsigned i = 0; i < g->n_templates; i++) {
		const struct gen_template *t = &g->templates[i];

		if (t->changes || (t->size.max > t->size.min && !t->size.n))
			ret->repeats = false;
	}
}

const char *weir_gen_layer_name(unsigned i)
{
	const struct gen_layer *l = gen_layer_nr(i);

	return l ? l->name : NULL;
}

const char *weir_gen_field_name(unsigned layer, unsigned field)
{
	const struct gen_layer *l = gen_layer_nr(layer);

	return l && field < gen_field_count(l) ? l->fields[field].name : NULL;
}

/* ---- as a stream's maker --------------------------------------------------------------------- */

static void maker_lens(void *ctx, uint64_t first, unsigned n, uint32_t *ret_lens)
{
	weir_gen_lens(ctx, first, n, ret_lens);
}

static void maker_frames(void *ctx, uint64_t first, struct weir_pkt *pkts, unsigned n)
{
	weir_gen_frames(ctx, first, pkts, n);
}

void weir_gen_maker(struct weir_gen *g, struct weir_maker *ret)
{
	*ret = (struct weir_maker){
		.lens = maker_lens,
		.frames = maker_frames,
		.ctx = g,
		.n_frames = g->n_frames,
		.max_len = g->max_len,
		.linktype = g->linktype,
	};
}
