/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What templates are compiled into.
 *
 *     template   its sets, as an odometer; a program for each layout
 *     program    bytes of a frame, operations, checksums
 *     operation  a source of values, where in the frame they go, and to which
 *                checksums they add
 *
 * In the bytes of a program all that changes is zero. The base of a checksum is the
 * sum over the rest, so that a frame's checksum is the base plus what was put in:
 * every operation adds its value, turned to its place in a 16-bit word.
 */
#ifndef GEN_PROGRAM_H
#define GEN_PROGRAM_H

#include <weir/gen.h>

#include "base/mix.h"
#include "gen/build.h"

/* Frames that are made together, an operation on all of them at a time. */
#define GEN_BATCH 64u

/* Checksums of one program that change. */
#define GEN_MAX_LIVE 24u

enum gen_source_kind {
	SOURCE_RANGE,	/* start + step * digit */
	SOURCE_TABLE,	/* table[digit] */
	SOURCE_SEGS,	/* the same out of segments */
	SOURCE_RANDOM,	/* uniform in start ... start + span - 1; span 0: any 64 bits */
	SOURCE_INC,	/* start + step * (number of the frame % count) */
	SOURCE_LENGTH,	/* start + how much longer than the program's bytes it is */
	SOURCE_STRINGS, /* strings[digit] */
	SOURCE_LETTERS, /* random letters and digits */
	SOURCE_BINARY,	/* random bytes */
	SOURCE_STAMP,	/* stream and sequence number */
};

/* Adds value << shift to a checksum. */
struct gen_term {
	uint8_t live, shift;
};

struct gen_op {
	enum gen_source_kind source;
	struct gen_span at; /* no bits: it only adds to checksums */
	uint64_t mask;
	uint64_t stride, count; /* digit = number / stride % count */
	uint64_t start, step, span;
	uint64_t salt; /* of random values: no two fields draw the same */
	bool drawn;    /* the digit is, among count */
	const uint64_t *table;
	const struct gen_seg *segs;
	const struct gen_string *strings;
	const uint16_t *string_sums;
	uint8_t high; /* SEGS: take the high 64 bits */
	uint8_t n_terms;
	struct gen_term terms[GEN_MAX_LIVE];
};

/* A checksum that changes. */
struct gen_live {
	struct gen_sum sum;
	uint64_t base;
	uint8_t n_terms; /* it adds to those around it */
	struct gen_term terms[GEN_MAX_LIVE];
};

struct gen_program {
	uint8_t *bytes;
	uint32_t len;
	unsigned n_ops, n_live;
	struct gen_op *ops;
	struct gen_live *live; /* inner ones first */
};

/* A digit of the odometer. */
struct gen_dim {
	struct gen_val *val;
	const struct gen_field *field;
	uint64_t count, stride;
	uint32_t program_stride; /* 0: it does not change the layout */
};

/* Lengths of frames: one for all, drawn, or a mix. */
struct gen_size {
	uint32_t min, max; /* without the frame check sequence; max 0: as they are */
	uint32_t fcs;	   /* what was taken off for that */
	uint32_t n;	   /* of the mix; 0: drawn between min and max */
	uint32_t *mix;
};

struct gen_template {
	struct gen_inst *outermost;
	uint32_t at; /* in the text */
	struct gen_dim *dims;
	unsigned n_dims;
	uint64_t count; /* frames of one pass */
	struct gen_size size;
	bool changes; /* the next pass differs */
	uint32_t n_programs;
	struct gen_program *programs;
	uint32_t weight;
	uint32_t stream;
	uint64_t rate_fps;
	uint64_t before; /* frames of the templates before it, without weights */
};

/* Whose turn it is, with weights. */
struct gen_turn {
	uint32_t template, rank; /* rank: the how manieth of this template in a round */
};

struct weir_gen {
	struct gen_pool pool;
	struct gen_source src; /* only while it is compiled */
	const uint8_t *mac;
	uint64_t seed;
	bool stamp, random_order;
	unsigned n_templates, room;
	struct gen_template *templates;
	uint32_t n_turns; /* 0: one template after the other */
	struct gen_turn *turns;
	uint64_t n_frames;
	uint32_t max_len;
	uint32_t linktype;
	uint64_t rate_fps;
};

/* Finds the sets of a template and makes its programs. .outermost and .size are set,
 * .count is how often the whole is repeated. */
int gen_compile(struct weir_gen *g, struct gen_template *t);

/* "64", "64-1500", "IMIX", ... ; NULL is no size. */
int gen_size_parse(const struct gen_source *src, uint32_t at, const char *text, bool no_fcs,
		   struct gen_size *ret);

/* Random numbers as a function of place. */
static inline uint64_t gen_random(uint64_t salt, uint64_t nr)
{
	return mix64(salt + nr * MIX_STEP);
}

/* Length of frame nr where lengths vary. */
static inline uint32_t gen_size_of(const struct gen_size *s, uint64_t salt, uint64_t nr)
{
	if (s->n)
		return s->mix[nr % s->n];
	return s->min + (uint32_t)((gen_u128)gen_random(salt, nr) * (s->max - s->min + 1) >> 64);
}

#endif
