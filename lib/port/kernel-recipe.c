/* SPDX-License-Identifier: BSD-2-Clause */
/* kernel: what the program that makes frames is told of a recipe. */
#include <assert.h>
#include <string.h>

#include "port/kernel.h"

#include "base/macros.h"

static_assert(KERNEL_FIELDS == WEIR_RECIPE_FIELDS && KERNEL_SUMS == WEIR_RECIPE_SUMS &&
		      KERNEL_NO_SUM == WEIR_RECIPE_NO_SUM,
	      "the same table");
static_assert((int)KERNEL_RANGE == (int)WEIR_RECIPE_RANGE &&
		      (int)KERNEL_LIST == (int)WEIR_RECIPE_LIST &&
		      (int)KERNEL_RANDOM == (int)WEIR_RECIPE_RANDOM,
	      "the same kinds");

static size_t list_size(const struct weir_recipe_field *f)
{
	return f->kind == WEIR_RECIPE_LIST ? f->count * sizeof(*f->list) : 0;
}

size_t kernel_lists_size(const struct weir_recipe *r)
{
	size_t size = 0;

	for (unsigned i = 0; i < r->n_fields; i++)
		size += list_size(&r->fields[i]);
	return size;
}

void kernel_lists_copy(const struct weir_recipe *r, uint8_t *to)
{
	for (unsigned i = 0; i < r->n_fields; i++) {
		size_t size = list_size(&r->fields[i]);

		if (size)
			memcpy(to, r->fields[i].list, size);
		to += size;
	}
}

static void fill_shifts(const uint8_t *from, uint32_t *to)
{
	for (unsigned i = 0; i < KERNEL_SUMS; i++)
		to[i] = from[i];
}

static uint32_t pace_of(const struct weir_recipe_field *f)
{
	if (f->kind == WEIR_RECIPE_RANDOM || f->drawn)
		return KERNEL_DRAWN;
	return f->stride == 1 ? KERNEL_FAST : KERNEL_SLOW;
}

static void fill_field(const struct weir_recipe_field *f, uint32_t list, struct kernel_field *ret)
{
	*ret = (struct kernel_field){
		.kind = f->kind,
		.pace = pace_of(f),
		.off = f->off,
		.width = f->width,
		.shift = f->shift,
		.list = list,
		.fixed = f->fixed,
		.mask = f->mask,
		.stride = f->stride,
		.count = f->count,
		.start = f->start,
		.step = f->step,
		.span = f->span,
		.salt = f->salt,
	};
	fill_shifts(f->sum_shift, ret->sum_shift);
}

uint32_t kernel_recipe_end(const struct weir_recipe *r)
{
	uint32_t end = 0;

	for (unsigned i = 0; i < r->n_fields; i++)
		end = MAX(end, r->fields[i].off + r->fields[i].width);
	for (unsigned i = 0; i < r->n_sums; i++)
		end = MAX(end, r->sums[i].off + 2);
	return end ? MAX(end, 8u) : 0;
}

void kernel_recipe_fill(const struct weir_recipe *r, struct kernel_recipe *ret)
{
	uint32_t lists = 0;

	ret->n_fields = r->n_fields;
	ret->n_sums = r->n_sums;
	for (unsigned i = 0; i < r->n_fields; i++) {
		fill_field(&r->fields[i], lists, &ret->fields[i]);
		lists += (uint32_t)list_size(&r->fields[i]);
		ret->has_slow |= ret->fields[i].pace == KERNEL_SLOW;
	}
	for (unsigned i = 0; i < r->n_sums; i++) {
		const struct weir_recipe_sum *s = &r->sums[i];

		ret->sums[i] = (struct kernel_sum){ s->off, s->base, s->nonzero, { 0 } };
		fill_shifts(s->sum_shift, ret->sums[i].sum_shift);
	}
}
