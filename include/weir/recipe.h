/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Recipes: how a frame is made of its number, where that is so simple that it fits a
 * table: a frame that stays, a few fields that change, and the checksums over them.
 *
 * A port that makes frames itself (weir_port_opts.recipe) is given numbers instead of
 * frames, and comes to the same bytes as weir_gen_frames().
 */
#ifndef WEIR_RECIPE_H
#define WEIR_RECIPE_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define WEIR_RECIPE_FIELDS 16u
#define WEIR_RECIPE_SUMS   4u

/* In .sum_shift: it is not in this checksum. */
#define WEIR_RECIPE_NO_SUM 255u

enum weir_recipe_kind {
	WEIR_RECIPE_RANGE,  /* start + step * digit */
	WEIR_RECIPE_LIST,   /* list[digit] */
	WEIR_RECIPE_RANDOM, /* uniform in start ... start + span - 1; span 0: any 64 bits */
};

/*
 * A value, and where it stands: in .width bytes from .off on, most significant first, with
 * .shift bits behind it and .fixed in all those that are not its own. To checksum i it adds
 * value << sum_shift[i].
 *
 * The digit of frame nr is nr / stride % count; if it is .drawn, a random number below count.
 * The random number of frame nr is 64 bits: mix(salt + nr * 0x9e3779b97f4a7c15), of which
 * numbers below n are the high 64 bits of the product with n; mix() is the finalizer of
 * SplitMix64.
 */
struct weir_recipe_field {
	enum weir_recipe_kind kind;
	bool drawn;
	uint8_t width, shift;
	uint32_t off;
	uint64_t fixed;
	uint64_t mask; /* of the value, RANGE and LIST */
	uint64_t stride, count;
	uint64_t start, step, span;
	uint64_t salt;
	const uint64_t *list; /* count of them */
	uint8_t sum_shift[WEIR_RECIPE_SUMS];
};

/* An Internet checksum that changes. It is folded from .base and what the fields add, and in
 * its turn adds to those behind it. */
struct weir_recipe_sum {
	uint32_t off;
	uint32_t base;
	bool nonzero; /* 0 is sent as 0xffff */
	uint8_t sum_shift[WEIR_RECIPE_SUMS];
};

struct weir_recipe {
	const uint8_t *bytes; /* of the frame; what changes is 0 */
	uint32_t len;
	unsigned n_fields, n_sums;
	struct weir_recipe_field fields[WEIR_RECIPE_FIELDS];
	struct weir_recipe_sum sums[WEIR_RECIPE_SUMS];
};

#ifdef __cplusplus
}
#endif
#endif
