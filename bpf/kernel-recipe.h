/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * A recipe (weir/recipe.h, which is its document) as the program in the kernel has it: lists
 * lie in its memory. It is constant to the verifier, which leaves of the code that follows
 * what this one recipe needs.
 */
#ifndef BPF_KERNEL_RECIPE_H
#define BPF_KERNEL_RECIPE_H

#include <linux/types.h>

#define KERNEL_FIELDS 16
#define KERNEL_SUMS   4

#define KERNEL_NO_SUM 255u

/* How the value of a field comes about. */
enum kernel_field_kind {
	KERNEL_RANGE,  /* of a digit */
	KERNEL_LIST,   /* of a digit */
	KERNEL_RANDOM, /* of a random number */
};

/* When it does. */
enum kernel_field_pace {
	KERNEL_FAST,  /* the digit turns with each frame */
	KERNEL_SLOW,  /* the digit turns each "stride" frames */
	KERNEL_DRAWN, /* the digit is a random number */
};

struct kernel_field {
	__u32 kind, pace;
	__u32 off, width, shift;
	__u32 list; /* its first byte in the map "memory"; numbers of 64 bits */
	__u64 fixed, mask;
	__u64 stride, count;
	__u64 start, step, span;
	__u64 salt;
	__u32 sum_shift[KERNEL_SUMS];
};

struct kernel_sum {
	__u32 off, base, nonzero;
	__u32 sum_shift[KERNEL_SUMS];
};

struct kernel_recipe {
	__u32 n_fields, n_sums; /* the frame's length is that of the runs */
	__u32 has_slow;		/* fields */
	struct kernel_field fields[KERNEL_FIELDS];
	struct kernel_sum sums[KERNEL_SUMS];
};

#endif
