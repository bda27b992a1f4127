/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Building one frame, from the layers and one member of each set.
 *
 * This is the plain way: every field is looked at, every length counted and every
 * checksum summed. compile.c runs it once for each layout and learns from the notes
 * that it takes where the things lie that change from frame to frame.
 */
#ifndef GEN_BUILD_H
#define GEN_BUILD_H

#include <stdbool.h>
#include <stdint.h>

#include "gen/value.h"

/* A layer of a template. Field i of def has vals[i]; rows of one name share it. */
struct gen_inst {
	const struct gen_layer *def;
	const struct gen_node *node;
	struct gen_val **vals;
	struct gen_inst *above, *below;
	bool option;		    /* it is within a field: nobody's payload */
	const struct gen_node *raw; /* these bytes instead of fields; NULL: none */
};

/* The layers of a chain; *ret is the outermost. */
int gen_inst_new(const struct gen_source *src, const struct gen_node *chain, bool option,
		 struct gen_inst **ret);

/* Bits of the frame, counted from its first. */
struct gen_span {
	uint32_t bit, bits;
};

/* A value in the frame that is a member of a set or drawn anew. */
struct gen_spot {
	const struct gen_val *val;
	const struct gen_field *field;
	struct gen_span at;
};

/* A length in the frame that grows with its payload. */
struct gen_length {
	struct gen_span at;
	uint32_t value;
};

#define GEN_MAX_REGIONS 3u

/* A checksum in the frame. Regions are bytes; the first is layer and payload. */
struct gen_sum {
	struct gen_span at;
	enum gen_auto kind;
	bool nonzero;
	bool pseudo;	   /* the length of layer and payload is in it too: */
	uint32_t extra;	   /* that, and the protocol */
	bool length_fixed; /* the pseudo length was given, it does not grow */
	bool to_end;	   /* the first region grows with the payload */
	unsigned n_regions;
	struct {
		uint32_t off, len;
	} regions[GEN_MAX_REGIONS];
};

#define GEN_MAX_LAYERS 64u
#define GEN_MAX_SPOTS  128u
#define GEN_MAX_LATER  128u /* lengths and checksums: two a layer */

/* A field that can be computed only when more of the frame is there. */
struct gen_later {
	const struct gen_inst *inst;
	const struct gen_field *field;
	struct gen_span at;
	unsigned place; /* of its layer */
};

/* Where a layer lies: bytes. */
struct gen_place {
	const struct gen_inst *inst;
	uint32_t begin, end; /* without its payload */
	uint32_t addresses;  /* of a routing header */
};

/* One frame and the notes about it. */
struct gen_build {
	const struct gen_source *src;
	const uint64_t *digits; /* which member of each set */
	const uint8_t *mac;	/* of the interface; NULL: zeros */
	uint32_t grow;		/* zero bytes to add to the payload */
	uint8_t *mem;		/* max bytes */
	uint32_t max;

	uint32_t len;
	uint32_t payload_end; /* what follows is padding */
	uint32_t bit;	      /* where the next field begins */
	struct gen_place places[GEN_MAX_LAYERS];
	struct gen_later later[GEN_MAX_LATER];
	struct gen_spot spots[GEN_MAX_SPOTS];
	struct gen_length lens[GEN_MAX_LATER];
	struct gen_sum sums[GEN_MAX_LATER]; /* inner ones first */
	unsigned n_places, n_later, n_spots, n_lens, n_sums;
};

/* Builds the frame of a chain. What stands above the empty line is set by the caller. */
int gen_build(struct gen_build *b, const struct gen_inst *outermost);

/* The checksum of a frame as it lies, its own bytes being 0, as it is to be stored; of
 * which the payload has grown by so many zero bytes since s was noted. */
uint32_t gen_sum_of(const struct gen_sum *s, const uint8_t *frame, uint32_t grown);

uint32_t gen_crc32c(const uint8_t *p, uint32_t len);

/* Writes bits of the frame, and no others. */
void gen_put_bits(uint8_t *frame, struct gen_span at, gen_u128 v);

/* What field i of a layer holds in this frame, as a number. */
gen_u128 gen_field_num(const struct gen_build *b, const struct gen_inst *inst, unsigned i);

/* ---- for options.c --------------------------------------------------------------- */

/* Appends len bytes (NULL: zeros). at: the place in the text to complain about. */
int gen_append(struct gen_build *b, uint32_t at, const void *bytes, uint32_t len);

/* Appends a layer without its payload. */
int gen_append_layer(struct gen_build *b, const struct gen_inst *inst);

/* The chain that a section of the DNS holds in this frame; NULL: none. */
const struct gen_inst *gen_chain_of(const struct gen_build *b, const struct gen_val *v);

/* ---- options.c: fields made of several things --------------------------------------- */

/* Appends field i of a layer that begins at byte begin: any kind from FIELD_OPTIONS on. */
int gen_append_items(struct gen_build *b, const struct gen_inst *inst, unsigned i, uint32_t begin);

/* How many items field i holds. */
uint32_t gen_count_items(const struct gen_build *b, const struct gen_inst *inst, unsigned i);

#endif
