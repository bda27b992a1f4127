/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Making a frame of its number, for kernel-send.bpf.c. All loops are unrolled and all
 * conditions on the recipe constant, so that none of them is left in the program.
 */
#ifndef BPF_KERNEL_MAKE_H
#define BPF_KERNEL_MAKE_H

#include "kernel-send.h"

extern struct kernel_shared shared;

/* Set before loading. */
const volatile struct kernel_recipe recipe;

static __always_inline __u64 mix(__u64 x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ x >> 27) * 0x94d049bb133111ebull;
	return x ^ x >> 31;
}

static __always_inline __u64 high_product(__u64 a, __u64 b)
{
	__u64 al = (__u32)a, ah = a >> 32, bl = (__u32)b, bh = b >> 32;
	__u64 mid = ah * bl + (al * bl >> 32), low = al * bh + (__u32)mid;

	return ah * bh + (mid >> 32) + (low >> 32);
}

/* The random number of frame nr below n; 0: any. */
static __always_inline __u64 draw(__u64 salt, __u64 nr, __u64 n)
{
	__u64 r = mix(salt + nr * 0x9e3779b97f4a7c15ull);

	return n ? high_product(r, n) : r;
}

/* Does the field have a digit that is kept from frame to frame? */
static __always_inline bool counts(__u32 i)
{
	return recipe.fields[i].kind != KERNEL_RANDOM && !recipe.fields[i].drawn;
}

/* Turns a digit to frame nr. follows: from the one before, which needs no division. */
static __always_inline void turn(__u32 i, __u64 nr, bool follows)
{
	struct kernel_digit *d = &shared.digits[i];

	if (!follows) {
		d->age = nr % recipe.fields[i].stride;
		d->digit = nr / recipe.fields[i].stride % recipe.fields[i].count;
	} else if (recipe.fields[i].stride == 1) {
		d->digit = d->digit + 1 == recipe.fields[i].count ? 0 : d->digit + 1;
	} else if (++d->age == recipe.fields[i].stride) {
		d->age = 0;
		d->digit = d->digit + 1 == recipe.fields[i].count ? 0 : d->digit + 1;
	}
}

static __always_inline __u64 member(const __u8 *memory, __u32 i, __u64 digit)
{
	barrier_var(digit); /* what is checked is what is used: the compiler may not use a copy */
	if (digit >= recipe.fields[i].count) /* it never is, which the verifier cannot know */
		return 0;
	return *(const __u64 *)(memory + recipe.fields[i].list + digit * 8);
}

static __always_inline __u64 value(const __u8 *memory, __u32 i, __u64 nr)
{
	__u64 digit;

	if (recipe.fields[i].kind == KERNEL_RANDOM)
		return recipe.fields[i].start +
		       draw(recipe.fields[i].salt, nr, recipe.fields[i].span);
	digit = recipe.fields[i].drawn ? draw(recipe.fields[i].salt, nr, recipe.fields[i].count)
				       : shared.digits[i].digit;
	if (recipe.fields[i].kind == KERNEL_LIST)
		return member(memory, i, digit) & recipe.fields[i].mask;
	return (recipe.fields[i].start + recipe.fields[i].step * digit) & recipe.fields[i].mask;
}

/* The last width bytes of v, most significant first. */
static __always_inline void put(__u8 *to, __u64 v, __u32 width)
{
	v = __builtin_bswap64(v << (64 - 8 * width));
	if (width & 8)
		*(__u64 *)to = v;
	if (width & 4) {
		*(__u32 *)to = (__u32)v;
		v >>= 32;
		to += 4;
	}
	if (width & 2) {
		*(__u16 *)to = (__u16)v;
		v >>= 16;
		to += 2;
	}
	if (width & 1)
		*to = (__u8)v;
}

static __always_inline void add(__u64 *sums, const volatile __u32 *shifts, __u64 v)
{
	v = (v >> 32) + (__u32)v;
#pragma unroll
	for (__u32 j = 0; j < KERNEL_SUMS; j++)
		if (shifts[j] != KERNEL_NO_SUM)
			sums[j] += v << shifts[j];
}

/* As fold() in lib/gen/run.c. */
static __always_inline __u64 fold(__u64 sum, __u32 nonzero)
{
	sum = (sum >> 32) + (__u32)sum;
	sum = (sum >> 16) + (sum & 0xffff);
	sum = (sum >> 16) + (sum & 0xffff);
	sum = (sum >> 16) + (sum & 0xffff);
	sum += (sum + nonzero) >> 16; /* only 0xffff is carried */
	return ~sum & 0xffff;
}

/* Writes what changes into a frame that holds all else; memory: where lists lie. */
static __always_inline void make(__u8 *frame, const __u8 *memory, __u64 nr)
{
	bool follows = nr == shared.digits_of + 1;
	__u64 sums[KERNEL_SUMS] = { 0 };

	shared.digits_of = nr;
#pragma unroll
	for (__u32 i = 0; i < KERNEL_FIELDS; i++) {
		__u64 v;

		if (i >= recipe.n_fields)
			break;
		if (counts(i))
			turn(i, nr, follows);
		v = value(memory, i, nr);
		put(frame + recipe.fields[i].off,
		    v << recipe.fields[i].shift | recipe.fields[i].fixed, recipe.fields[i].width);
		add(sums, recipe.fields[i].sum_shift, v);
	}
#pragma unroll
	for (__u32 j = 0; j < KERNEL_SUMS; j++) {
		__u64 v;

		if (j >= recipe.n_sums)
			break;
		v = fold(sums[j] + recipe.sums[j].base, recipe.sums[j].nonzero);
		put(frame + recipe.sums[j].off, v, 2);
		add(sums, recipe.sums[j].sum_shift, v);
	}
}

#endif
