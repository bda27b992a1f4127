/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Templates as recipes: what of a compiled template fits the table of weir/recipe.h.
 */
#include <weir/recipe.h>

#include <assert.h>
#include <errno.h>
#include <string.h>

#include <weir/gen.h>

#include "base/err.h"
#include "base/macros.h"
#include "gen/program.h"

static int declined(struct weir_err *err, const char *why)
{
	return err_set(err, -ENOTSUP, "%s", why);
}

/* Whether frames differ in more than values at their places. */
static int check_template(const struct weir_gen *g, struct weir_err *err)
{
	const struct gen_template *t = g->templates;

	if (g->n_templates > 1 || g->n_turns)
		return declined(err, "there are several templates");
	if (t->n_programs > 1)
		return declined(err, "they have several layouts");
	if (t->size.min != t->size.max)
		return declined(err, "they have several sizes");
	if (g->random_order)
		return declined(err, "their order is random");
	if (g->stamp)
		return declined(err, "they end with stamps");
	return 0;
}

/* What else stands in the bytes of a field. */
static uint64_t fixed_bits(const uint8_t *bytes, const struct weir_recipe_field *f)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < f->width; i++)
		v = v << 8 | bytes[f->off + i];
	return v;
}

static int set_place(const struct gen_program *p, struct gen_span at, struct weir_recipe_field *f,
		     struct weir_err *err)
{
	uint32_t first = at.bit / 8, end = (at.bit + at.bits + 7) / 8;

	if (!at.bits || end - first > 8)
		return declined(err, "a field lies across nine bytes");
	f->off = first;
	f->width = (uint8_t)(end - first);
	f->shift = (uint8_t)(end * 8 - at.bit - at.bits);
	f->fixed = fixed_bits(p->bytes, f);
	return 0;
}

/* Which checksums a value adds to. None twice: a value lies in one region of each. */
static void set_shifts(const struct gen_term *terms, unsigned n, uint8_t *shifts)
{
	memset(shifts, WEIR_RECIPE_NO_SUM, WEIR_RECIPE_SUMS);
	for (unsigned i = 0; i < n; i++)
		shifts[terms[i].live] = terms[i].shift;
}

static int set_field(const struct gen_program *p, const struct gen_op *op,
		     struct weir_recipe_field *f, struct weir_err *err)
{
	*f = (struct weir_recipe_field){
		.drawn = op->drawn,
		.mask = op->mask,
		.stride = op->stride,
		.count = op->count,
		.start = op->start,
		.step = op->step,
		.span = op->span,
		.salt = op->salt,
		.list = op->table,
	};
	switch (op->source) {
	case SOURCE_RANGE:
	case SOURCE_INC:
		f->kind = WEIR_RECIPE_RANGE;
		break;
	case SOURCE_TABLE:
		f->kind = WEIR_RECIPE_LIST;
		break;
	case SOURCE_RANDOM:
		f->kind = WEIR_RECIPE_RANDOM;
		break;
	case SOURCE_SEGS:
		return declined(err, "a list has too many members");
	default:
		return declined(err, "text or bytes change in them");
	}
	set_shifts(op->terms, op->n_terms, f->sum_shift);
	return set_place(p, op->at, f, err);
}

static int set_sum(const struct gen_live *l, struct weir_recipe_sum *s, struct weir_err *err)
{
	if (l->sum.kind == AUTO_CRC32C || l->sum.at.bits != 16 || l->sum.at.bit % 8)
		return declined(err, "they have a checksum that is not the Internet's");
	*s = (struct weir_recipe_sum){
		.off = l->sum.at.bit / 8,
		.base = (uint32_t)l->base,
		.nonzero = l->sum.nonzero,
	};
	set_shifts(l->terms, l->n_terms, s->sum_shift);
	return 0;
}

/* Each byte is written by one field or checksum, whole. */
static int check_bytes(const struct weir_recipe *r, struct weir_err *err)
{
	for (unsigned i = 0; i < r->n_fields + r->n_sums; i++) {
		bool field = i < r->n_fields;
		uint32_t off = field ? r->fields[i].off : r->sums[i - r->n_fields].off;
		uint32_t end = off + (field ? r->fields[i].width : 2);

		for (unsigned j = 0; j < MIN(i, r->n_fields); j++)
			if (r->fields[j].off < end && off < r->fields[j].off + r->fields[j].width)
				return declined(err, "two fields share a byte");
	}
	return 0;
}

int weir_gen_recipe(const struct weir_gen *g, struct weir_recipe *ret, struct weir_err *err)
{
	struct weir_recipe recipe = { 0 };
	const struct gen_program *p;
	int r = check_template(g, err);

	if (r < 0)
		return r;
	p = g->templates->programs;
	if (p->n_ops > WEIR_RECIPE_FIELDS)
		return declined(err, "too many fields change");
	if (p->n_live > WEIR_RECIPE_SUMS)
		return declined(err, "too many checksums change");
	recipe.bytes = p->bytes;
	recipe.len = p->len;
	for (; recipe.n_fields < p->n_ops && r == 0; recipe.n_fields++)
		r = set_field(p, &p->ops[recipe.n_fields], &recipe.fields[recipe.n_fields], err);
	for (; recipe.n_sums < p->n_live && r == 0; recipe.n_sums++)
		r = set_sum(&p->live[recipe.n_sums], &recipe.sums[recipe.n_sums], err);
	if (r == 0)
		r = check_bytes(&recipe, err);
	if (r == 0)
		*ret = recipe;
	return r;
}

static void number_frames(void *ctx, uint64_t first, struct weir_pkt *pkts, unsigned n)
{
	const struct weir_gen *g = ctx;

	for (unsigned i = 0; i < n; i++, first++) {
		memcpy(pkts[i].data, &first, sizeof(first));
		pkts[i].len = pkts[i].orig_len = g->templates->programs->len;
	}
}

void weir_gen_numberer(struct weir_gen *g, struct weir_maker *ret)
{
	weir_gen_maker(g, ret);
	ret->frames = number_frames;
}
