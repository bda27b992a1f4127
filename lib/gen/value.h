/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Values: what an argument of a layer means to its field.
 *
 * A set of numbers is a list of segments, each start, start + step, ...; it stays
 * that small whatever it holds. Sets of strings are lists of strings.
 */
#ifndef GEN_VALUE_H
#define GEN_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "gen/layer.h"
#include "gen/parse.h"

typedef unsigned __int128 gen_u128;

struct gen_inst;

enum gen_val_kind {
	VAL_UNSET,	   /* not given: what the layer above asks for, or the default */
	VAL_NOTHING,	   /* None: the same, but no default of things made of several */
	VAL_NUMS,	   /* segs */
	VAL_STRINGS,	   /* strings */
	VAL_RANDOM,	   /* parts: drawn anew for each frame */
	VAL_RANDOM_STRING, /* .len letters and digits, or bytes if .binary */
	VAL_CHOICE,	   /* segs: one of all members, drawn anew for each frame */
	VAL_INC,	   /* segs[0]: the next one for each frame */
	VAL_NODE,	   /* node as it stands, for fields made of several things */
	VAL_CHAINS,	   /* chains, of which one is there at a time */
	VAL_OPTIONS,	   /* chains, all of them there */
};

struct gen_seg {
	gen_u128 start;
	int64_t step;
	uint64_t count;
};

/* Some bits of a random number: uniform in lo ... hi. */
struct gen_part {
	uint8_t shift, bits;
	uint64_t lo, hi;
};

struct gen_string {
	const uint8_t *bytes;
	uint32_t len;
};

struct gen_val {
	enum gen_val_kind kind;
	uint32_t at;	/* in the text */
	uint64_t count; /* members of the set; 1 for what is none */
	uint64_t salt;	/* its number among all values, from 1; 0: not numbered yet */
	int dim;	/* which digit of the odometer picks the member; -1: none does */
	uint32_t n;	/* segments, strings, parts or chains */
	struct gen_seg *segs;
	struct gen_string *strings;
	struct gen_part *parts;
	struct gen_inst **chains; /* the outermost layer of each */
	uint32_t len;
	bool binary;
	const struct gen_node *node;
};

/* Another one for each frame, and no set. */
static inline bool gen_val_changes(const struct gen_val *v)
{
	return v->kind == VAL_RANDOM || v->kind == VAL_RANDOM_STRING || v->kind == VAL_CHOICE ||
	       v->kind == VAL_INC;
}

/* A set larger than this is a mistake. */
#define GEN_MAX_COUNT (1ULL << 62)

/* What node means to a field that holds numbers or bytes. */
int gen_val_parse(const struct gen_source *src, const struct gen_field *f,
		  const struct gen_node *node, struct gen_val *ret);

/* Member i of a set of numbers. */
gen_u128 gen_val_num(const struct gen_val *v, uint64_t i);

/* ---- value.c, for draw.c ------------------------------------------------------------ */

/* Room for one more of n items of size bytes at *v; the array doubles. */
int gen_grow(const struct gen_source *src, uint32_t at, void **v, uint32_t n, size_t size);

/* Adds the members of a segment. */
int gen_add_seg(const struct gen_source *src, uint32_t at, struct gen_val *v,
		const struct gen_seg *seg);

/* Adds what node is: a number, a range, a network, or a list of these. */
int gen_add_nums(const struct gen_source *src, const struct gen_field *f,
		 const struct gen_node *node, struct gen_val *v);

/* "10.0.0.0/24" for a field that takes addresses. */
bool gen_is_network(const struct gen_field *f, const struct gen_node *node);

/* The first and the last address of it: its base is where it begins. */
int gen_network_parse(const struct gen_source *src, const struct gen_field *f,
		      const struct gen_node *node, gen_u128 *ret_from, gen_u128 *ret_to);

/* ---- draw.c -------------------------------------------------------------------------- */

/* RandShort(), Inc(1, 9) and so on; of ret only what tells values is filled in. */
int gen_draw_parse(const struct gen_source *src, const struct gen_field *f,
		   const struct gen_node *node, struct gen_val *ret);

/* ---- word.c -------------------------------------------------------------------------- */

/* The largest number that the field holds. */
gen_u128 gen_field_max(const struct gen_field *f);

/* One number, without sets: for the inside of options. */
int gen_num_parse(const struct gen_source *src, const struct gen_field *f,
		  const struct gen_node *node, gen_u128 *ret);

/* Addresses as text; false if it is none. */
bool gen_ip4_parse(const char *text, gen_u128 *ret);
bool gen_ip6_parse(const char *text, gen_u128 *ret);
bool gen_mac_parse(const char *text, gen_u128 *ret);

/* The number that a name stands for; false if it stands for none. */
bool gen_name_find(const struct gen_name *names, const char *name, gen_u128 *ret);

#endif
