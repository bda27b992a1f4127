/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Making a frame of its number, for kernel-send.bpf.c:
 *
 *	shared.bytes	all that stays, and slow fields, which are written when they change
 *	the page	a copy of that; fields that change with each frame, and checksums
 *
 * All loops are unrolled and all conditions on the recipe constant, so that what a recipe does
 * not need is not left in the program.
 */
#ifndef BPF_KERNEL_MAKE_H
#define BPF_KERNEL_MAKE_H

#include "kernel-send.h"

extern struct kernel_shared shared;

/* Set before loading. */
const volatile struct kernel_recipe recipe;

/* Once a run: what is read by it the compiler may keep, and the verifier knows. */
static __always_inline const struct kernel_recipe *the_recipe(void)
{
	const struct kernel_recipe *r = (const struct kernel_recipe *)&recipe;

	asm("" : "+r"(r)); /* it is not known to be all zero */
	return r;
}

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

/* Sets a digit to what it is in frame nr. */
static __always_inline void locate(const struct kernel_recipe *r, __u32 i, __u64 nr)
{
	shared.digits[i].age = nr % r->fields[i].stride;
	shared.digits[i].digit = nr / r->fields[i].stride % r->fields[i].count;
}

/* Turns a digit by one. */
static __always_inline void turn(const struct kernel_recipe *r, __u32 i)
{
	__u64 digit = shared.digits[i].digit + 1;

	if (digit == r->fields[i].count)
		digit = 0;
	shared.digits[i].digit = digit;
}

/* A frame went by: does the slow digit turn, too? */
static __always_inline bool age(const struct kernel_recipe *r, __u32 i)
{
	__u64 age = shared.digits[i].age + 1;

	shared.digits[i].age = age;
	if (age != r->fields[i].stride)
		return false;
	shared.digits[i].age = 0;
	turn(r, i);
	return true;
}

static __always_inline __u64 member(const struct kernel_recipe *r, const __u8 *memory, __u32 i,
				    __u64 digit)
{
	barrier_var(digit); /* what is checked is what is used: the compiler may not use a copy */
	if (digit >= r->fields[i].count) /* it never is, which the verifier cannot know */
		return 0;
	return *(const __u64 *)(memory + r->fields[i].list + digit * 8);
}

static __always_inline __u64 value(const struct kernel_recipe *r, const __u8 *memory, __u32 i,
				   __u64 nr)
{
	__u64 digit;

	if (r->fields[i].kind == KERNEL_RANDOM)
		return r->fields[i].start + draw(r->fields[i].salt, nr, r->fields[i].span);
	if (r->fields[i].pace == KERNEL_DRAWN)
		digit = draw(r->fields[i].salt, nr, r->fields[i].count);
	else
		digit = shared.digits[i].digit;
	if (r->fields[i].kind == KERNEL_LIST)
		return member(r, memory, i, digit) & r->fields[i].mask;
	return (r->fields[i].start + r->fields[i].step * digit) & r->fields[i].mask;
}

/* The last width bytes of v, most significant first. */
static __always_inline void put(__u8 *to, __u64 v, __u32 width)
{
	if (width == 2) {
		*(__u16 *)to = __builtin_bswap16((__u16)v);
	} else if (width == 4) {
		*(__u32 *)to = __builtin_bswap32((__u32)v);
	} else if (width == 8) {
		*(__u64 *)to = __builtin_bswap64(v);
	} else { /* 1, 3, 5, 6 or 7 */
		v = __builtin_bswap64(v << (64 - 8 * width));
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
}

/* A number of two words at most, modulo 65,535: at most 17 bits. Only 0 becomes 0. */
static __always_inline __u64 fold_once(__u64 v)
{
	return (v >> 16) + (v & 0xffff);
}

/* Adds a number of 17 bits at most. The sums of all that there may be have 32 bits at most. */
static __always_inline void add(const struct kernel_recipe *r, __u64 *sums, const __u32 *shifts,
				__u64 v)
{
#pragma unroll
	for (__u32 j = 0; j < KERNEL_SUMS; j++) {
		__u32 shift;

		if (j >= r->n_sums)
			break;
		shift = shifts[j];
		if (shift == KERNEL_NO_SUM)
			continue;
		if (shift > 8)
			sums[j] += fold_once(v << shift);
		else
			sums[j] += v << shift;
	}
}

/* Writes field i of frame nr, and adds it to the sums. */
static __always_inline void set(const struct kernel_recipe *r, __u8 *frame, const __u8 *memory,
				__u32 i, __u64 nr, __u64 *sums)
{
	__u64 v = value(r, memory, i, nr);

	put(frame + r->fields[i].off, v << r->fields[i].shift | r->fields[i].fixed,
	    r->fields[i].width);
	if (r->fields[i].width > 4)
		v = fold_once((v >> 32) + (__u32)v);
	if (r->fields[i].width > 2)
		v = fold_once(v);
	add(r, sums, r->fields[i].sum_shift, v);
}

/* The checksum that a sum of 32 bits comes to. */
static __always_inline __u64 fold(__u64 sum, __u32 nonzero)
{
	sum = fold_once(fold_once(sum));
	if (nonzero)
		sum += (sum + 1) >> 16; /* only 0xffff is carried: 0 is told as that */
	return ~sum & 0xffff;
}

/* Writes all slow fields, and sums them up. */
static __noinline void settle(const struct kernel_recipe *r, const __u8 *memory)
{
	__u64 sums[KERNEL_SUMS];

#pragma unroll
	for (__u32 j = 0; j < KERNEL_SUMS; j++)
		sums[j] = r->sums[j].base;
#pragma unroll
	for (__u32 i = 0; i < KERNEL_FIELDS; i++)
		if (i < r->n_fields && r->fields[i].pace == KERNEL_SLOW)
			set(r, shared.bytes, memory, i, 0, sums);
#pragma unroll
	for (__u32 j = 0; j < KERNEL_SUMS; j++)
		shared.sums[j] = fold_once(sums[j]);
}

/* Turns all digits to frame nr. */
static __noinline void locate_all(const struct kernel_recipe *r, const __u8 *memory, __u64 nr)
{
#pragma unroll
	for (__u32 i = 0; i < KERNEL_FIELDS; i++)
		if (i < r->n_fields && r->fields[i].pace != KERNEL_DRAWN)
			locate(r, i, nr);
	settle(r, memory);
}

/* Turns all digits by one. */
static __always_inline void turn_all(const struct kernel_recipe *r, const __u8 *memory)
{
	bool turned = false;

#pragma unroll
	for (__u32 i = 0; i < KERNEL_FIELDS; i++) {
		if (i >= r->n_fields)
			break;
		if (r->fields[i].pace == KERNEL_FAST)
			turn(r, i);
		else if (r->fields[i].pace == KERNEL_SLOW)
			turned |= age(r, i);
	}
	if (r->has_slow && turned)
		settle(r, memory);
}

/* Readies shared.bytes for frame nr; memory: where lists lie. */
static __always_inline void prepare(const struct kernel_recipe *r, const __u8 *memory, __u64 nr)
{
	bool follows = nr == shared.digits_of + 1;

	shared.digits_of = nr;
	if (follows)
		turn_all(r, memory);
	else
		locate_all(r, memory, nr);
}

/* Writes into a copy of that what changes with each frame. */
static __always_inline void finish(const struct kernel_recipe *r, __u8 *frame, const __u8 *memory,
				   __u64 nr)
{
	__u64 sums[KERNEL_SUMS];

#pragma unroll
	for (__u32 j = 0; j < KERNEL_SUMS; j++)
		sums[j] = j < r->n_sums ? shared.sums[j] : 0;
#pragma unroll
	for (__u32 i = 0; i < KERNEL_FIELDS; i++) {
		if (i >= r->n_fields)
			break;
		if (r->fields[i].pace != KERNEL_SLOW)
			set(r, frame, memory, i, nr, sums);
	}
#pragma unroll
	for (__u32 j = 0; j < KERNEL_SUMS; j++) {
		__u64 v;

		if (j >= r->n_sums)
			break;
		v = fold(sums[j], r->sums[j].nonzero);
		put(frame + r->sums[j].off, v, 2);
		add(r, sums, r->sums[j].sum_shift, v);
	}
}

#endif
