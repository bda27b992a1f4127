/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Making frames. Up to GEN_BATCH of one program are made together, and each operation
 * is done on all of them before the next: what it is, is decided once a batch.
 */
#include "gen/run.h"

#include <assert.h>
#include <string.h>

#include <weir/stamp.h>

#include "base/bytes.h"
#include "base/macros.h"
#include "pkt/checksum.h"

/* One batch under way. Columns have a number for each frame, and some more up to width. */
struct work {
	const struct gen_batch *batch;
	struct weir_pkt *pkts;
	unsigned n;	/* frames */
	unsigned width; /* the same up to a multiple of GEN_STEP */
	uint64_t col[GEN_BATCH];
	uint64_t sums[GEN_MAX_LIVE][GEN_BATCH];
};

static_assert(GEN_BATCH % GEN_STEP == 0, "a whole batch has whole steps");

/* ---- columns --------------------------------------------------------------------------- */

static void fill(uint64_t *col, size_t width, uint64_t v)
{
	for (size_t i = 0; i < width; i += GEN_STEP)
		for (size_t j = 0; j < GEN_STEP; j++)
			col[i + j] = v;
}

static void count_up(uint64_t *restrict col, size_t width, uint64_t v, uint64_t step, uint64_t mask)
{
	uint64_t steps[GEN_STEP];

	for (size_t j = 0; j < GEN_STEP; j++)
		steps[j] = j * step;
	for (size_t i = 0; i < width; i += GEN_STEP, v += GEN_STEP * step)
		for (size_t j = 0; j < GEN_STEP; j++)
			col[i + j] = (v + steps[j]) & mask;
}

static void add(uint64_t *restrict sum, const uint64_t *restrict col, size_t width, unsigned shift)
{
	for (size_t i = 0; i < width; i += GEN_STEP)
		for (size_t j = 0; j < GEN_STEP; j++)
			sum[i + j] += col[i + j] << shift;
}

/* Modulo 65,535 a shift by 16 or 32 is none at all, so that 32-bit halves may be added up. */
static void add_wide(uint64_t *restrict sum, const uint64_t *restrict col, size_t width,
		     unsigned shift)
{
	for (size_t i = 0; i < width; i += GEN_STEP)
		for (size_t j = 0; j < GEN_STEP; j++)
			sum[i + j] += ((col[i + j] >> 32) + (uint32_t)col[i + j]) << shift;
}

/* Checksums from sums. nonzero: 0 is told as 0xffff, which is the same number. */
static void fold(uint64_t *restrict col, const uint64_t *restrict sum, size_t width, bool nonzero)
{
	const uint64_t one = nonzero;

	for (size_t i = 0; i < width; i += GEN_STEP) {
		for (size_t j = 0; j < GEN_STEP; j++) {
			uint64_t s = (sum[i + j] >> 32) + (uint32_t)sum[i + j];

			s = (s >> 16) + (s & 0xffff);
			s = (s >> 16) + (s & 0xffff);
			s = (s >> 16) + (s & 0xffff);
			s += (s + one) >> 16; /* only 0xffff is carried */
			col[i + j] = ~s & 0xffff;
		}
	}
}

/* ---- values ----------------------------------------------------------------------------- */

/* What digits are taken of. */
static uint64_t number(const struct work *w, const struct gen_op *op, unsigned j)
{
	const struct gen_nr *nr = &w->batch->nr[j];

	return op->source == SOURCE_INC ? nr->own : nr->local;
}

/* Random numbers below span; 0: any. */
static void draw(struct work *w, uint64_t salt, uint64_t span)
{
	for (unsigned j = 0; j < w->width; j++) {
		uint64_t r = gen_random(salt, gen_global(w->batch, j));

		w->col[j] = span ? (uint64_t)((gen_u128)r * span >> 64) : r;
	}
}

/* Digits of the frames, into the column. */
static void digits(struct work *w, const struct gen_op *op)
{
	uint64_t first = number(w, op, 0), rest, digit;

	if (op->drawn) { /* the stride is nothing then */
		draw(w, op->salt, op->count);
		return;
	}
	if (!w->batch->consecutive) {
		for (unsigned j = 0; j < w->width; j++)
			w->col[j] = number(w, op, j) / op->stride % op->count;
		return;
	}
	rest = first % op->stride;
	digit = first / op->stride % op->count;
	if (op->stride - rest >= w->width) { /* a slow digit */
		fill(w->col, w->width, digit);
		return;
	}
	for (unsigned j = 0; j < w->width; j++) {
		w->col[j] = digit;
		if (++rest == op->stride) {
			rest = 0;
			digit = digit + 1 == op->count ? 0 : digit + 1;
		}
	}
}

static uint64_t seg_value(const struct gen_op *op, uint64_t digit)
{
	const struct gen_seg *s = op->segs;
	gen_u128 v;

	while (digit >= s->count)
		digit -= s++->count;
	v = s->start + (gen_u128)digit * (uint64_t)s->step;
	return (uint64_t)(op->high ? v >> 64 : v);
}

static void lookups(struct work *w, const struct gen_op *op)
{
	digits(w, op);
	for (unsigned j = 0; j < w->width; j++)
		w->col[j] = op->mask & (op->source == SOURCE_TABLE ? op->table[w->col[j]]
								   : seg_value(op, w->col[j]));
}

static void ranges(struct work *w, const struct gen_op *op)
{
	uint64_t digit = number(w, op, 0) % op->count;

	if (op->stride == 1 && !op->drawn && w->batch->consecutive &&
	    digit + w->width <= op->count) {
		count_up(w->col, w->width, op->start + digit * op->step, op->step, op->mask);
		return;
	}
	digits(w, op);
	for (unsigned j = 0; j < w->width; j++)
		w->col[j] = (op->start + w->col[j] * op->step) & op->mask;
}

static void randoms(struct work *w, const struct gen_op *op)
{
	draw(w, op->salt, op->span);
	for (unsigned j = 0; j < w->width; j++)
		w->col[j] += op->start;
}

static void lengths(struct work *w, const struct gen_op *op)
{
	for (unsigned j = 0; j < w->n; j++)
		w->col[j] = op->start + w->pkts[j].len - w->batch->p->len;
}

/* ---- into the frame ------------------------------------------------------------------------ */

/* The bytes of values, width of them; a constant where it is called. */
static inline __attribute__((always_inline)) void store_bytes(struct work *w, uint32_t off,
							      const unsigned width)
{
	for (unsigned j = 0; j < w->n; j++) {
		uint8_t *p = w->pkts[j].data + off;
		uint64_t v = w->col[j];

		if (width == 1) {
			*p = (uint8_t)v;
		} else if (width == 2) {
			be16_put(p, (uint16_t)v);
		} else if (width == 4) {
			be32_put(p, (uint32_t)v);
		} else if (width == 6) {
			be16_put(p, (uint16_t)(v >> 32));
			be32_put(p + 2, (uint32_t)v);
		} else {
			be64_put(p, v);
		}
	}
}

/* Bits that are 0 so far. */
static void store_bits(struct work *w, struct gen_span at)
{
	unsigned last = (at.bit + at.bits - 1) / 8, low = 7 - (at.bit + at.bits - 1) % 8;
	unsigned bytes = last - at.bit / 8 + 1;

	for (unsigned j = 0; j < w->n; j++) {
		gen_u128 v = (gen_u128)w->col[j] << low;

		for (unsigned k = 0; k < bytes; k++, v >>= 8)
			w->pkts[j].data[last - k] |= (uint8_t)v;
	}
}

static void store(struct work *w, struct gen_span at)
{
	uint32_t off = at.bit / 8;

	if (at.bit % 8 || at.bits % 8) {
		store_bits(w, at);
		return;
	}
	switch (at.bits / 8) {
	case 0:
		break;
	case 1:
		store_bytes(w, off, 1);
		break;
	case 2:
		store_bytes(w, off, 2);
		break;
	case 4:
		store_bytes(w, off, 4);
		break;
	case 6:
		store_bytes(w, off, 6);
		break;
	case 8:
		store_bytes(w, off, 8);
		break;
	default:
		store_bits(w, at);
	}
}

/* Adds the column to the checksums that cover it. */
static void add_terms(struct work *w, const struct gen_term *terms, unsigned n, uint32_t bits)
{
	for (unsigned i = 0; i < n; i++) {
		uint64_t *sum = w->sums[terms[i].live];

		if (bits <= 32)
			add(sum, w->col, w->width, terms[i].shift);
		else
			add_wide(sum, w->col, w->width, terms[i].shift);
	}
}

/* ---- bytes ----------------------------------------------------------------------------------- */

static void put_strings(struct work *w, const struct gen_op *op)
{
	digits(w, op);
	for (unsigned j = 0; j < w->n; j++) {
		const struct gen_string *s = &op->strings[w->col[j]];

		memcpy(w->pkts[j].data + op->at.bit / 8, s->bytes, s->len);
		w->col[j] = op->string_sums[w->col[j]];
	}
}

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

static void put_random_bytes(struct work *w, const struct gen_op *op)
{
	uint32_t len = op->at.bits / 8;

	for (unsigned j = 0; j < w->n; j++) {
		uint64_t state = gen_random(op->salt, gen_global(w->batch, j)), bits = 0;
		uint8_t *p = w->pkts[j].data + op->at.bit / 8;

		for (uint32_t i = 0; i < len; i++, bits >>= 8) {
			if (i % 8 == 0)
				bits = gen_random(state, i);
			p[i] = op->source == SOURCE_BINARY
				       ? (uint8_t)bits
				       : (uint8_t)letters[(bits & 0xff) * 62 >> 8];
		}
		w->col[j] = (uint16_t)~csum_fold(csum_add(0, p, len));
	}
}

static void put_stamps(struct work *w)
{
	for (unsigned j = 0; j < w->n; j++) {
		struct weir_stamp s = { w->batch->t->stream, (uint32_t)gen_own(w->batch, j), 0 };

		weir_stamp_put(w->pkts[j].data + w->pkts[j].len - WEIR_STAMP_LEN, &s);
	}
}

/* ---- batches --------------------------------------------------------------------------------- */

static void run_op(struct work *w, const struct gen_op *op)
{
	switch (op->source) {
	case SOURCE_RANGE:
	case SOURCE_INC:
		ranges(w, op);
		break;
	case SOURCE_TABLE:
	case SOURCE_SEGS:
		lookups(w, op);
		break;
	case SOURCE_RANDOM:
		randoms(w, op);
		break;
	case SOURCE_LENGTH:
		lengths(w, op);
		break;
	case SOURCE_STRINGS:
		put_strings(w, op);
		add_terms(w, op->terms, op->n_terms, 16);
		return;
	case SOURCE_LETTERS:
	case SOURCE_BINARY:
		put_random_bytes(w, op);
		add_terms(w, op->terms, op->n_terms, 16);
		return;
	case SOURCE_STAMP:
		put_stamps(w);
		return;
	}
	store(w, op->at);
	add_terms(w, op->terms, op->n_terms, op->at.bits);
}

static void finish_sum(struct work *w, const struct gen_live *l, const uint64_t *sums)
{
	if (l->sum.kind == AUTO_CRC32C) {
		for (unsigned j = 0; j < w->n; j++)
			w->col[j] = gen_sum_of(&l->sum, w->pkts[j].data,
					       w->pkts[j].len - w->batch->p->len);
	} else {
		fold(w->col, sums, w->width, l->sum.nonzero);
	}
	store(w, l->sum.at);
	add_terms(w, l->terms, l->n_terms, l->sum.at.bits);
}

/* The first and the last bytes of the program, so many that they meet: for short frames
 * faster than a call that has to find out how many there are. */
static inline __attribute__((always_inline)) void copy_ends(const struct work *w,
							    const unsigned bytes)
{
	const uint8_t *from = w->batch->p->bytes;
	uint32_t last = w->batch->p->len - bytes;

	for (unsigned j = 0; j < w->n; j++) {
		uint8_t *to = w->pkts[j].data;

		memcpy(to, from, bytes);
		memcpy(to + last, from + last, bytes);
	}
}

static void copy_bytes(const struct work *w)
{
	const struct gen_program *p = w->batch->p;

	if (p->len >= 32 && p->len <= 64)
		copy_ends(w, 32);
	else if (p->len >= 64 && p->len <= 128)
		copy_ends(w, 64);
	else
		for (unsigned j = 0; j < w->n; j++)
			memcpy(w->pkts[j].data, p->bytes, p->len);
	if (w->batch->t->size.min != w->batch->t->size.max)
		for (unsigned j = 0; j < w->n; j++)
			memset(w->pkts[j].data + p->len, 0, w->pkts[j].len - p->len);
}

void gen_run(const struct gen_batch *batch, struct weir_pkt *pkts)
{
	const struct gen_program *p = batch->p;
	struct work w;

	w.batch = batch;
	w.pkts = pkts;
	w.n = batch->n;
	w.width = (batch->n + GEN_STEP - 1) / GEN_STEP * GEN_STEP;
	fill(w.col, w.width, 0); /* what is beyond n is never stored, but worked on */
	for (unsigned j = 0; j < p->n_live; j++)
		fill(w.sums[j], w.width, p->live[j].base);
	copy_bytes(&w);
	for (unsigned i = 0; i < p->n_ops; i++)
		run_op(&w, &p->ops[i]);
	for (unsigned j = 0; j < p->n_live; j++)
		finish_sum(&w, &p->live[j], w.sums[j]);
}
