/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <weir/stamp.h>

#include "base/err.h"
#include "base/macros.h"
#include "gen/program.h"
#include "pkt/checksum.h"

#define MAX_DIMS     64u
#define MAX_PROGRAMS 65536u
#define MAX_TABLE    65536u

/* ---- the odometer --------------------------------------------------------------------- */

struct walk {
	struct weir_gen *g;
	struct gen_template *t;
	uint64_t next_salt;
};

static int walk_chain(struct walk *w, const struct gen_inst *outermost);

static bool same_length(const struct gen_val *v)
{
	for (uint32_t i = 1; i < v->n; i++)
		if (v->strings[i].len != v->strings[0].len)
			return false;
	return true;
}

/* Whether members of the set differ in more than bytes at one place. */
static bool changes_layout(const struct gen_field *f, const struct gen_val *v)
{
	if (f->shape || f->kind == FIELD_SWITCH)
		return true;
	if (v->kind == VAL_NUMS)
		return false;
	return f->kind != FIELD_BYTES || v->kind != VAL_STRINGS || !same_length(v);
}

static int add_dim(struct walk *w, const struct gen_field *f, struct gen_val *v)
{
	const struct gen_source *src = &w->g->src;

	if (w->t->n_dims == MAX_DIMS)
		return gen_fail(src, v->at, "more than %u sets in one template", MAX_DIMS);
	v->dim = (int)w->t->n_dims;
	w->t->dims[w->t->n_dims++] = (struct gen_dim){
		.val = v,
		.field = f,
		.count = v->count,
		.program_stride = changes_layout(f, v), /* the real one comes with all */
	};
	return 0;
}

static int walk_field(struct walk *w, const struct gen_inst *inst, unsigned i)
{
	const struct gen_field *f = &inst->def->fields[i];
	struct gen_val *v = inst->vals[i];
	unsigned before;
	int r = 0;

	if (v->salt) /* rows that share a name share the value */
		return 0;
	v->salt = w->next_salt++;
	if (gen_val_changes(v)) {
		w->t->changes = true;
		return f->shape ? gen_fail(&w->g->src, v->at,
					   "%s decides the layout: a set is possible, but nothing "
					   "random",
					   f->name)
				: 0;
	}
	if (v->count > 1)
		r = add_dim(w, f, v);
	before = w->t->n_dims;
	for (uint32_t j = 0;
	     (v->kind == VAL_CHAINS || v->kind == VAL_OPTIONS) && j < v->n && r >= 0; j++)
		r = walk_chain(w, v->chains[j]);
	if (r >= 0 && v->count > 1 && w->t->n_dims > before)
		return gen_fail(&w->g->src, v->at, "a set within a set of sections");
	return r;
}

/* The outermost layer varies slowest, and in a layer the last field. */
static int walk_chain(struct walk *w, const struct gen_inst *outermost)
{
	for (const struct gen_inst *inst = outermost; inst; inst = inst->above) {
		for (unsigned i = gen_field_count(inst->def); i-- > 0;) {
			int r = walk_field(w, inst, i);

			if (r < 0)
				return r;
		}
	}
	return 0;
}

static int find_dims(struct weir_gen *g, struct gen_template *t)
{
	struct walk w = { g, t, ((uint64_t)(t - g->templates) << 32) + 1 };
	uint64_t repeat = t->count, frames = 1, programs = 1;
	int r;

	t->dims = gen_alloc_array(&g->pool, MAX_DIMS, sizeof(*t->dims));
	if (!t->dims)
		return gen_no_memory(&g->src);
	r = walk_chain(&w, t->outermost);
	if (r < 0)
		return r;
	for (unsigned d = t->n_dims; d-- > 0;) {
		struct gen_dim *dim = &t->dims[d];

		dim->stride = frames;
		if (__builtin_mul_overflow(frames, dim->count, &frames) || frames > GEN_MAX_COUNT)
			return gen_fail(&g->src, dim->val->at, "the sets make too many frames");
		if (!dim->program_stride)
			continue;
		dim->program_stride = (uint32_t)programs;
		programs *= dim->count;
		if (programs > MAX_PROGRAMS)
			return gen_fail(&g->src, dim->val->at, "the sets make more than %u layouts",
					MAX_PROGRAMS);
	}
	if (__builtin_mul_overflow(frames, repeat, &t->count) || t->count > GEN_MAX_COUNT)
		return gen_fail(&g->src, t->at, "the sets make too many frames");
	t->n_programs = (uint32_t)programs;
	return 0;
}

/* ---- operations ------------------------------------------------------------------------- */

static const struct gen_dim *dim_of(const struct gen_template *t, const struct gen_val *v)
{
	return v->dim >= 0 ? &t->dims[v->dim] : NULL;
}

static uint64_t mask_of(uint32_t bits)
{
	return bits >= 64 ? ~0ULL : (1ULL << bits) - 1;
}

static struct gen_op *new_op(struct gen_program *p, enum gen_source_kind source, struct gen_span at)
{
	struct gen_op *op = &p->ops[p->n_ops++];

	*op = (struct gen_op){
		.source = source, .at = at, .mask = mask_of(at.bits), .stride = 1, .count = 1
	};
	return op;
}

static int fill_table(struct weir_gen *g, struct gen_op *op, const struct gen_val *v)
{
	uint64_t *table = gen_alloc_array(&g->pool, v->count, sizeof(*table)), n = 0;

	if (!table)
		return gen_no_memory(&g->src);
	for (uint32_t s = 0; s < v->n; s++)
		for (uint64_t i = 0; i < v->segs[s].count; i++, n++)
			table[n] = (uint64_t)((v->segs[s].start +
					       (gen_u128)i * (uint64_t)v->segs[s].step) >>
					      (op->high ? 64 : 0));
	op->table = table;
	return 0;
}

static uint64_t salt_of(const struct weir_gen *g, uint64_t nr, unsigned part)
{
	return mix64(g->seed ^ mix64(nr * 16 + part));
}

/* Members of a set of numbers, or the upper or lower half of them. */
static int set_op(struct weir_gen *g, const struct gen_template *t, struct gen_program *p,
		  const struct gen_spot *spot, struct gen_span at, bool high)
{
	const struct gen_dim *d = dim_of(t, spot->val);
	const struct gen_val *v = spot->val;
	struct gen_op *op = new_op(p, SOURCE_RANGE, at);

	op->high = high;
	if (d) {
		op->stride = d->stride;
		op->count = d->count;
	} else { /* its own count, and the number of the frame in the whole run */
		op->source = SOURCE_INC;
		op->count = v->count;
		op->drawn = v->kind == VAL_CHOICE;
		op->salt = salt_of(g, v->salt, 0); /* both halves draw the same */
	}
	if (v->n == 1) {
		op->start = (uint64_t)(v->segs[0].start >> (high ? 64 : 0));
		op->step = high ? 0 : (uint64_t)v->segs[0].step;
		return 0;
	}
	op->source = v->count > MAX_TABLE ? SOURCE_SEGS : SOURCE_TABLE;
	op->segs = v->segs;
	return op->source == SOURCE_TABLE ? fill_table(g, op, v) : 0;
}

static int strings_op(struct weir_gen *g, const struct gen_template *t, struct gen_program *p,
		      const struct gen_spot *spot)
{
	const struct gen_dim *d = dim_of(t, spot->val);
	struct gen_op *op = new_op(p, SOURCE_STRINGS, spot->at);
	uint16_t *sums = gen_alloc_array(&g->pool, spot->val->n, sizeof(*sums));

	if (!sums)
		return gen_no_memory(&g->src);
	for (uint32_t i = 0; i < spot->val->n; i++)
		sums[i] = (uint16_t)~csum_fold(
			csum_add(0, spot->val->strings[i].bytes, spot->val->strings[i].len));
	op->stride = d->stride;
	op->count = d->count;
	op->strings = spot->val->strings;
	op->string_sums = sums;
	return 0;
}

static void random_ops(const struct weir_gen *g, struct gen_program *p, const struct gen_spot *spot)
{
	const struct gen_val *v = spot->val;
	uint32_t end = spot->at.bit + spot->at.bits;

	if (v->kind == VAL_RANDOM_STRING) {
		struct gen_op *op = new_op(p, v->binary ? SOURCE_BINARY : SOURCE_LETTERS, spot->at);

		op->salt = salt_of(g, v->salt, 0);
		return;
	}
	for (uint32_t i = 0; i < v->n; i++) {
		const struct gen_part *part = &v->parts[i];
		struct gen_span at = { end - part->shift - part->bits, part->bits };
		struct gen_op *op = new_op(p, SOURCE_RANDOM, at);

		op->start = part->lo;
		op->span = part->hi - part->lo + 1;
		op->salt = salt_of(g, v->salt, i);
	}
}

static int spot_ops(struct weir_gen *g, const struct gen_template *t, struct gen_program *p,
		    const struct gen_spot *spot)
{
	struct gen_span low = { spot->at.bit + 64, 64 }, high = { spot->at.bit, 64 };
	const struct gen_dim *d = dim_of(t, spot->val);
	int r;

	if (d && d->program_stride)
		return 0; /* it is in the layout */
	if (spot->val->kind == VAL_STRINGS)
		return strings_op(g, t, p, spot);
	if (spot->val->kind == VAL_RANDOM || spot->val->kind == VAL_RANDOM_STRING) {
		random_ops(g, p, spot);
		return 0;
	}
	if (spot->at.bits <= 64)
		return set_op(g, t, p, spot, spot->at, false);
	r = set_op(g, t, p, spot, low, false);
	return r < 0 ? r : set_op(g, t, p, spot, high, true);
}

static bool size_varies(const struct gen_size *s)
{
	return s->max && s->min != s->max;
}

/* ---- checksums ---------------------------------------------------------------------------- */

static bool within(struct gen_span at, uint32_t off, uint32_t len)
{
	return at.bits && at.bit >= off * 8 && at.bit + at.bits <= (off + len) * 8;
}

/* Adds a term for every live checksum that covers these bits, from number first on. */
static unsigned find_terms(const struct gen_program *p, unsigned first, struct gen_span at,
			   bool string, struct gen_term *terms)
{
	unsigned n = 0;

	for (unsigned j = first; j < p->n_live; j++) {
		const struct gen_sum *s = &p->live[j].sum;

		for (unsigned k = 0; k < s->n_regions && s->kind != AUTO_CRC32C; k++) {
			uint32_t off = s->regions[k].off;
			uint32_t end = string ? at.bit - off * 8 : at.bit + at.bits - off * 8;

			if (!within(at, off, s->regions[k].len))
				continue;
			terms[n++] =
				(struct gen_term){ (uint8_t)j, (uint8_t)((16 - end % 16) % 16) };
			break;
		}
	}
	return n;
}

static bool touched(const struct gen_program *p, const struct gen_sum *s)
{
	for (unsigned k = 0; k < s->n_regions; k++) {
		uint32_t off = s->regions[k].off, len = s->regions[k].len;

		for (unsigned i = 0; i < p->n_ops; i++)
			if (within(p->ops[i].at, off, len))
				return true;
		for (unsigned j = 0; j < p->n_live; j++)
			if (within(p->live[j].sum.at, off, len))
				return true;
	}
	return false;
}

static bool is_string(enum gen_source_kind k)
{
	return k == SOURCE_STRINGS || k == SOURCE_LETTERS || k == SOURCE_BINARY ||
	       k == SOURCE_STAMP;
}

static int find_sums(struct weir_gen *g, const struct gen_template *t, struct gen_program *p,
		     const struct gen_build *b)
{
	for (unsigned i = 0; i < b->n_sums; i++) {
		const struct gen_sum *s = &b->sums[i];
		bool live = touched(p, s) || (size_varies(&t->size) &&
					      (s->pseudo || (s->kind == AUTO_CRC32C && s->to_end)));

		if (live && p->n_live == GEN_MAX_LIVE)
			return gen_fail(&g->src, t->at, "more than %u checksums that change",
					GEN_MAX_LIVE);
		if (live)
			p->live[p->n_live++].sum = *s;
	}
	for (unsigned i = 0; i < p->n_ops; i++) {
		struct gen_op *op = &p->ops[i];

		if (op->source == SOURCE_LENGTH && !op->at.bits) {
			for (unsigned j = 0; j < p->n_live; j++)
				if (p->live[j].sum.pseudo && !p->live[j].sum.length_fixed)
					op->terms[op->n_terms++] =
						(struct gen_term){ (uint8_t)j, 0 };
		} else if (op->source != SOURCE_STAMP) {
			op->n_terms =
				(uint8_t)find_terms(p, 0, op->at, is_string(op->source), op->terms);
		}
	}
	for (unsigned j = 0; j < p->n_live; j++)
		p->live[j].n_terms =
			(uint8_t)find_terms(p, j + 1, p->live[j].sum.at, false, p->live[j].terms);
	return 0;
}

static void zero_bits(uint8_t *bytes, struct gen_span at)
{
	if (at.bit % 8 == 0 && at.bits % 8 == 0)
		memset(bytes + at.bit / 8, 0, at.bits / 8);
	else
		gen_put_bits(bytes, at, 0);
}

/* Zeroes what changes, and sums up the rest. */
static void set_bases(struct gen_program *p)
{
	for (unsigned i = 0; i < p->n_ops; i++)
		if (p->ops[i].source != SOURCE_STAMP)
			zero_bits(p->bytes, p->ops[i].at);
	for (unsigned j = 0; j < p->n_live; j++)
		zero_bits(p->bytes, p->live[j].sum.at);
	for (unsigned j = 0; j < p->n_live; j++) {
		const struct gen_sum *s = &p->live[j].sum;
		uint32_t sum = s->extra;

		for (unsigned k = s->n_regions; k-- > 0 && s->kind != AUTO_CRC32C;)
			sum = csum_add(sum, p->bytes + s->regions[k].off, s->regions[k].len);
		p->live[j].base = sum;
	}
}

/* ---- programs ------------------------------------------------------------------------------ */

/* The digits that picked layout number nr; all others are 0. */
static void digits_of(const struct gen_template *t, uint32_t nr, uint64_t *digits)
{
	for (unsigned d = 0; d < t->n_dims; d++)
		digits[d] = t->dims[d].program_stride
				    ? nr / t->dims[d].program_stride % t->dims[d].count
				    : 0;
}

/* Bytes that sum up to 0xffff will stand where zeros are now. That matters only to a sum
 * that is 0, of which there are two. */
static int allow_for_stamp(struct weir_gen *g, const struct gen_template *t, struct gen_build *b)
{
	for (unsigned j = 0; j < b->n_sums; j++) {
		struct gen_sum *s = &b->sums[j];

		if (s->kind == AUTO_CRC32C)
			return gen_fail(&g->src, t->at, "stamps would break the CRC of SCTP");
		if (s->to_end)
			s->extra += 0xffff;
		gen_put_bits(b->mem, s->at, 0);
		gen_put_bits(b->mem, s->at, gen_sum_of(s, b->mem, 0));
	}
	return 0;
}

/* The payload grows to the smallest size here, and from there as each frame asks. */
static int build_smallest(struct weir_gen *g, const struct gen_template *t, struct gen_build *b)
{
	uint32_t stamp = g->stamp ? WEIR_STAMP_LEN : 0, bare;
	int r = gen_build(b, t->outermost);

	if (r < 0)
		return r;
	bare = b->len;
	if (b->payload_end != b->len && (t->size.max || stamp))
		return gen_fail(&g->src, t->at,
				"Padding() goes neither with sizes nor with stamps");
	if (t->size.max && bare + stamp > t->size.min)
		return gen_fail(&g->src, t->at,
				"the frame has %u bytes%s%s, which is more than its size of %u",
				bare + stamp + t->size.fcs, stamp ? " with its stamp" : "",
				!t->size.fcs ? ""
				: stamp	     ? " and check sequence"
					     : " with its check sequence",
				t->size.min + t->size.fcs);
	if (t->size.max)
		b->grow = t->size.min - bare;
	else
		b->grow = stamp;
	if (!b->grow)
		return 0;
	r = gen_build(b, t->outermost);
	return r < 0 || !stamp ? r : allow_for_stamp(g, t, b);
}

static int add_ops(struct weir_gen *g, const struct gen_template *t, struct gen_program *p,
		   const struct gen_build *b)
{
	struct gen_span none = { 0, 0 };
	int r = 0;

	for (unsigned i = 0; i < b->n_spots && r >= 0; i++)
		r = spot_ops(g, t, p, &b->spots[i]);
	for (unsigned i = 0; size_varies(&t->size) && i < b->n_lens; i++)
		new_op(p, SOURCE_LENGTH, b->lens[i].at)->start = b->lens[i].value;
	if (size_varies(&t->size))
		(void)new_op(p, SOURCE_LENGTH, none);
	if (g->stamp)
		(void)new_op(p, SOURCE_STAMP, none);
	return r;
}

static unsigned max_ops(const struct gen_build *b)
{
	unsigned n = b->n_lens + 2;

	for (unsigned i = 0; i < b->n_spots; i++) {
		const struct gen_val *v = b->spots[i].val;

		n += v->kind == VAL_RANDOM ? v->n : 2; /* its parts; two halves of an address */
	}
	return n;
}

static int make_program(struct weir_gen *g, const struct gen_template *t, struct gen_build *b,
			struct gen_program *p)
{
	int r;

	b->grow = 0;
	r = build_smallest(g, t, b);
	if (r < 0)
		return r;
	p->len = b->len;
	p->bytes = gen_alloc(&g->pool, MAX(b->len, 1u));
	p->ops = gen_alloc_array(&g->pool, max_ops(b), sizeof(*p->ops));
	p->live = gen_alloc_array(&g->pool, MIN(b->n_sums, GEN_MAX_LIVE), sizeof(*p->live));
	if (!p->bytes || !p->ops || !p->live)
		return gen_no_memory(&g->src);
	memcpy(p->bytes, b->mem, b->len);
	r = add_ops(g, t, p, b);
	if (r >= 0)
		r = find_sums(g, t, p, b);
	if (r < 0)
		return r;
	set_bases(p);
	g->max_len = MAX(g->max_len, t->size.max ? t->size.max : b->len);
	return 0;
}

static int make_programs(struct weir_gen *g, struct gen_template *t, struct gen_build *b,
			 uint64_t *digits)
{
	int r = 0;

	b->digits = digits;
	for (uint32_t i = 0; i < t->n_programs && r >= 0; i++) {
		digits_of(t, i, digits);
		r = make_program(g, t, b, &t->programs[i]);
	}
	return r;
}

int gen_compile(struct weir_gen *g, struct gen_template *t)
{
	uint64_t digits[MAX_DIMS] = { 0 };
	struct gen_build *b;
	int r = find_dims(g, t);

	if (r < 0)
		return r;
	t->programs = gen_alloc_array(&g->pool, t->n_programs, sizeof(*t->programs));
	b = malloc(sizeof(*b));
	if (b) {
		*b = (struct gen_build){ .src = &g->src, .mac = g->mac, .max = WEIR_FRAME_MAX };
		b->mem = malloc(WEIR_FRAME_MAX);
	}
	r = t->programs && b && b->mem ? make_programs(g, t, b, digits) : gen_no_memory(&g->src);
	if (b)
		free(b->mem);
	free(b);
	return r;
}
