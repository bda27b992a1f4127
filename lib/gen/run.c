/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Making frames. Up to GEN_BATCH of one program are made together, and each operation
 * is done on all of them before the next: what it is, is decided once a batch.
 */
#include "gen/run.h"

#include <string.h>

#include <weir/stamp.h>

#include "base/bytes.h"
#include "base/macros.h"

/* One batch. */
struct batch {
	const struct gen_template *t;
	const struct gen_program *p;
	const struct gen_nr *nr; /* of each frame */
	struct weir_pkt *pkts;
	unsigned n;
	bool consecutive; /* nr->local goes up by one */
	uint64_t col[GEN_BATCH];
	uint64_t sums[GEN_MAX_LIVE][GEN_BATCH];
};

/* ---- values ----------------------------------------------------------------------------- */

/* Digits of the frames, into the column. */
static void digits(struct batch *b, const struct gen_op *op)
{
	uint64_t q = b->nr[0].local / op->stride, rest = b->nr[0].local % op->stride;
	uint64_t digit = q % op->count;

	if (!b->consecutive) {
		for (unsigned j = 0; j < b->n; j++)
			b->col[j] = b->nr[j].local / op->stride % op->count;
		return;
	}
	if (op->stride - rest >= b->n) { /* a slow digit */
		for (unsigned j = 0; j < b->n; j++)
			b->col[j] = digit;
		return;
	}
	for (unsigned j = 0; j < b->n; j++) {
		b->col[j] = digit;
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

static void lookups(struct batch *b, const struct gen_op *op)
{
	digits(b, op);
	for (unsigned j = 0; j < b->n; j++)
		b->col[j] = op->mask & (op->source == SOURCE_TABLE ? op->table[b->col[j]]
								   : seg_value(op, b->col[j]));
}

static void ranges(struct batch *b, const struct gen_op *op)
{
	if (op->stride == 1 && b->consecutive &&
	    b->nr[0].local % op->count + b->n <= op->count) { /* the fastest digit */
		uint64_t v = op->start + b->nr[0].local % op->count * op->step;

		for (unsigned j = 0; j < b->n; j++)
			b->col[j] = (v + j * op->step) & op->mask;
		return;
	}
	digits(b, op);
	for (unsigned j = 0; j < b->n; j++)
		b->col[j] = (op->start + b->col[j] * op->step) & op->mask;
}

static void randoms(struct batch *b, const struct gen_op *op)
{
	for (unsigned j = 0; j < b->n; j++) {
		uint64_t r = gen_random(op->salt, b->nr[j].global);

		b->col[j] = op->span ? op->start + (uint64_t)((gen_u128)r * op->span >> 64) : r;
	}
}

static void increments(struct batch *b, const struct gen_op *op)
{
	for (unsigned j = 0; j < b->n; j++)
		b->col[j] = (op->start + b->nr[j].own % op->count * op->step) & op->mask;
}

static void lengths(struct batch *b, const struct gen_op *op)
{
	for (unsigned j = 0; j < b->n; j++)
		b->col[j] = op->start + b->pkts[j].len - b->p->len;
}

/* ---- into the frame ------------------------------------------------------------------------ */

/* The bytes of values, width of them; a constant where it is called. */
static inline __attribute__((always_inline)) void store_bytes(struct batch *b, uint32_t off,
							      const unsigned width)
{
	for (unsigned j = 0; j < b->n; j++) {
		uint8_t *p = b->pkts[j].data + off;
		uint64_t v = b->col[j];

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
static void store_bits(struct batch *b, struct gen_span at)
{
	unsigned last = (at.bit + at.bits - 1) / 8, low = 7 - (at.bit + at.bits - 1) % 8;
	unsigned bytes = last - at.bit / 8 + 1;

	for (unsigned j = 0; j < b->n; j++) {
		gen_u128 v = (gen_u128)b->col[j] << low;

		for (unsigned k = 0; k < bytes; k++, v >>= 8)
			b->pkts[j].data[last - k] |= (uint8_t)v;
	}
}

static void store(struct batch *b, struct gen_span at)
{
	uint32_t off = at.bit / 8;

	if (at.bit % 8 || at.bits % 8) {
		store_bits(b, at);
		return;
	}
	switch (at.bits / 8) {
	case 0:
		break;
	case 1:
		store_bytes(b, off, 1);
		break;
	case 2:
		store_bytes(b, off, 2);
		break;
	case 4:
		store_bytes(b, off, 4);
		break;
	case 6:
		store_bytes(b, off, 6);
		break;
	case 8:
		store_bytes(b, off, 8);
		break;
	default:
		store_bits(b, at);
	}
}

/* Adds the column to the checksums that cover it. Modulo 65,535 a shift by 16 is none at
 * all, so that 32-bit halves may be added up. */
static void add_terms(struct batch *b, const struct gen_term *terms, unsigned n, uint32_t bits)
{
	for (unsigned i = 0; i < n; i++) {
		uint64_t *sum = b->sums[terms[i].live];
		unsigned shift = terms[i].shift;

		if (bits <= 32)
			for (unsigned j = 0; j < b->n; j++)
				sum[j] += b->col[j] << shift;
		else
			for (unsigned j = 0; j < b->n; j++)
				sum[j] += ((b->col[j] >> 32) + (uint32_t)b->col[j]) << shift;
	}
}

/* ---- bytes ----------------------------------------------------------------------------------- */

static void put_strings(struct batch *b, const struct gen_op *op)
{
	digits(b, op);
	for (unsigned j = 0; j < b->n; j++) {
		const struct gen_string *s = &op->strings[b->col[j]];

		memcpy(b->pkts[j].data + op->at.bit / 8, s->bytes, s->len);
		b->col[j] = op->string_sums[b->col[j]];
	}
}

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

static void put_random_bytes(struct batch *b, const struct gen_op *op)
{
	uint32_t len = op->at.bits / 8;

	for (unsigned j = 0; j < b->n; j++) {
		uint64_t state = gen_random(op->salt, b->nr[j].global), bits = 0;
		uint8_t *p = b->pkts[j].data + op->at.bit / 8;

		for (uint32_t i = 0; i < len; i++, bits >>= 8) {
			if (i % 8 == 0)
				bits = gen_random(state, i);
			p[i] = op->source == SOURCE_BINARY
				       ? (uint8_t)bits
				       : (uint8_t)letters[(bits & 0xff) * 62 >> 8];
		}
		b->col[j] = (uint16_t)~csum_fold(csum_add(0, p, len));
	}
}

static void put_stamps(struct batch *b)
{
	for (unsigned j = 0; j < b->n; j++) {
		struct weir_stamp s = { b->t->stream, (uint32_t)b->nr[j].own, 0 };

		weir_stamp_put(b->pkts[j].data + b->pkts[j].len - WEIR_STAMP_LEN, &s);
	}
}

/* ---- batches --------------------------------------------------------------------------------- */

static void run_op(struct batch *b, const struct gen_op *op)
{
	switch (op->source) {
	case SOURCE_RANGE:
		ranges(b, op);
		break;
	case SOURCE_TABLE:
	case SOURCE_SEGS:
		lookups(b, op);
		break;
	case SOURCE_RANDOM:
		randoms(b, op);
		break;
	case SOURCE_INC:
		increments(b, op);
		break;
	case SOURCE_LENGTH:
		lengths(b, op);
		break;
	case SOURCE_STRINGS:
		put_strings(b, op);
		add_terms(b, op->terms, op->n_terms, 16);
		return;
	case SOURCE_LETTERS:
	case SOURCE_BINARY:
		put_random_bytes(b, op);
		add_terms(b, op->terms, op->n_terms, 16);
		return;
	case SOURCE_STAMP:
		put_stamps(b);
		return;
	}
	store(b, op->at);
	add_terms(b, op->terms, op->n_terms, op->at.bits);
}

static uint16_t fold(uint64_t sum)
{
	sum = (sum >> 32) + (uint32_t)sum;
	sum = (sum >> 32) + (uint32_t)sum;
	return csum_fold((uint32_t)sum);
}

static void finish_sum(struct batch *b, const struct gen_live *l, const uint64_t *sums)
{
	if (l->sum.kind == AUTO_CRC32C) {
		for (unsigned j = 0; j < b->n; j++)
			b->col[j] =
				gen_sum_of(&l->sum, b->pkts[j].data, b->pkts[j].len - b->p->len);
	} else {
		uint16_t zero = l->sum.nonzero ? 0xffff : 0;

		for (unsigned j = 0; j < b->n; j++) {
			uint16_t check = fold(sums[j]);

			b->col[j] = check ? check : zero;
		}
	}
	store(b, l->sum.at);
	add_terms(b, l->terms, l->n_terms, l->sum.at.bits);
}

static void copy_bytes(struct batch *b)
{
	const struct gen_program *p = b->p;

	for (unsigned j = 0; j < b->n; j++) {
		memcpy(b->pkts[j].data, p->bytes, p->len);
		memset(b->pkts[j].data + p->len, 0, b->pkts[j].len - p->len);
	}
}

void gen_run(const struct gen_template *t, const struct gen_program *p, const struct gen_nr *nr,
	     bool consecutive, struct weir_pkt *pkts, unsigned n)
{
	struct batch b;

	b.t = t;
	b.p = p;
	b.nr = nr;
	b.pkts = pkts;
	b.n = n;
	b.consecutive = consecutive;
	for (unsigned j = 0; j < p->n_live; j++)
		for (unsigned k = 0; k < n; k++)
			b.sums[j][k] = p->live[j].base;
	copy_bytes(&b);
	for (unsigned i = 0; i < p->n_ops; i++)
		run_op(&b, &p->ops[i]);
	for (unsigned j = 0; j < p->n_live; j++)
		finish_sum(&b, &p->live[j], b.sums[j]);
}
