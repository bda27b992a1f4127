/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The schedule: when each frame leaves, from its place alone.
 *
 * In every mode the deadline is units * mul / div, where a unit is a bit, a frame
 * or a nanosecond of recorded time and mul / div is a fixed reduced fraction. One
 * exact 128-bit division a view gives quotient and remainder at its first frame;
 * within the view the numerators are small, so each frame costs one multiplication
 * and one 64-bit division, and the result is the same to the bit.
 */
#include <weir/pace.h>

#include <errno.h>

#include "base/err.h"
#include "base/macros.h"
#include "pace/rate.h"

typedef unsigned __int128 u128;

/* (r + units * mul) / div */
static inline uint64_t scaled(uint64_t units, uint64_t mul, uint64_t r, uint64_t div)
{
	u128 p = (u128)units * mul + r;

	if (likely(!(p >> 64)))
		return (uint64_t)p / div;
	p /= div;
	return p >> 64 ? UINT64_MAX : (uint64_t)p;
}

static void fraction_of(const struct weir_rate *rate, uint64_t *ret_mul, uint64_t *ret_div)
{
	uint64_t mul = rate->den, div = rate->num, g;

	if (rate->mode != WEIR_RATE_TIME) {
		/* Take the factor out of div first so that mul stays small. */
		g = rate_gcd(NSEC_PER_SEC, div);
		mul *= NSEC_PER_SEC / g;
		div /= g;
	}
	g = rate_gcd(mul, div);
	*ret_mul = mul / g;
	*ret_div = div / g;
}

static uint64_t whole_groups(const struct weir_rate *rate, uint64_t frames)
{
	return rate->group > 1 ? frames - frames % rate->group : frames;
}

static u128 units_at(const struct weir_rate *rate, const struct weir_pos *pos)
{
	switch (rate->mode) {
	case WEIR_RATE_BITS:
		return (u128)pos->bytes * 8;
	case WEIR_RATE_FRAMES:
		return whole_groups(rate, pos->frames);
	case WEIR_RATE_TIME:
		return pos->time_ns;
	case WEIR_RATE_TOPSPEED:
		break;
	}
	return 0;
}

uint64_t weir_deadline(const struct weir_rate *rate, const struct weir_pos *pos)
{
	uint64_t mul, div;
	u128 ns;

	if (rate->mode == WEIR_RATE_TOPSPEED)
		return 0;
	fraction_of(rate, &mul, &div);
	ns = units_at(rate, pos);
	if (__builtin_mul_overflow(ns, mul, &ns))
		return UINT64_MAX;
	ns /= div;
	return ns >> 64 ? UINT64_MAX : (uint64_t)ns;
}

int weir_walker_init(struct weir_walker *w, const struct weir_rate *rate, struct weir_err *err)
{
	uint64_t mul = 1, div = 1;

	if (rate->mode != WEIR_RATE_TOPSPEED) {
		if (!rate->num || !rate->den)
			return err_set(err, -EINVAL, "a rate must be greater than 0");
		if (rate->den > UINT64_MAX / NSEC_PER_SEC)
			return err_set(err, -EINVAL, "the rate has too many decimals");
		fraction_of(rate, &mul, &div);
	}
	*w = (struct weir_walker){ .rate = *rate, .mul = mul, .div = div };
	return 0;
}

void weir_walker_view(struct weir_walker *w, const struct weir_view *v)
{
	struct weir_pos pos = { .frames = v->frames_before, .bytes = v->bytes_before };
	u128 ns;

	w->added_ns = v->loop * w->rate.loop_gap_ns;
	w->ts_max = v->ts_max;
	w->ts_base = v->ts_max;
	pos.time_ns = v->time_before + (uint64_t)(v->ts_max - v->ts_zero);
	ns = units_at(&w->rate, &pos) * w->mul;
	w->base_q = ns / w->div >> 64 ? UINT64_MAX : (uint64_t)(ns / w->div);
	w->base_r = (uint64_t)(ns % w->div);
}

static inline uint64_t after_base(const struct weir_walker *w, uint64_t units)
{
	uint64_t ns;

	if (unlikely(__builtin_add_overflow(w->base_q, scaled(units, w->mul, w->base_r, w->div),
					    &ns)))
		return UINT64_MAX;
	return ns;
}

static void run_bits(struct weir_walker *w, const struct weir_view *v, uint32_t first, uint32_t n,
		     uint64_t *ret_ns)
{
	for (uint32_t i = 0; i < n; i++)
		ret_ns[i] = after_base(w, 8 * (uint64_t)v->frames[first + i].before);
}

static void run_frames(struct weir_walker *w, const struct weir_view *v, uint32_t first, uint32_t n,
		       uint64_t *ret_ns)
{
	struct weir_pos pos = { 0 };
	(void)v;

	if (w->rate.group <= 1) {
		for (uint32_t i = 0; i < n; i++)
			ret_ns[i] = after_base(w, first + i);
		return;
	}
	for (uint32_t i = 0; i < n; i++) {
		pos.frames = v->frames_before + first + i;
		if (i && pos.frames % w->rate.group)
			ret_ns[i] = ret_ns[i - 1];
		else
			ret_ns[i] = weir_deadline(&w->rate, &pos);
	}
}

/* A capture time at or before an earlier one makes no pause and goes at that one's time. */
static void run_time(struct weir_walker *w, const struct weir_view *v, uint32_t first, uint32_t n,
		     uint64_t *ret_ns)
{
	for (uint32_t i = 0; i < n; i++) {
		w->ts_max = MAX(w->ts_max, v->frames[first + i].ts_ns);
		ret_ns[i] = after_base(w, (uint64_t)(w->ts_max - w->ts_base));
	}
}

/* Cuts long pauses short and adds the pauses between loops. */
static void apply_gaps(struct weir_walker *w, uint32_t n, uint64_t *ns)
{
	for (uint32_t i = 0; i < n; i++) {
		uint64_t gap = w->any && ns[i] > w->last_ns ? ns[i] - w->last_ns : 0;

		if (w->rate.max_gap_ns && gap > w->rate.max_gap_ns)
			w->cut_ns += gap - w->rate.max_gap_ns;
		w->last_ns = ns[i];
		w->any = true;
		ns[i] = ns[i] - w->cut_ns + w->added_ns;
	}
}

void weir_walker_run(struct weir_walker *w, const struct weir_view *v, uint32_t first, uint32_t n,
		     uint64_t *ret_ns)
{
	switch (w->rate.mode) {
	case WEIR_RATE_BITS:
		run_bits(w, v, first, n, ret_ns);
		break;
	case WEIR_RATE_FRAMES:
		run_frames(w, v, first, n, ret_ns);
		break;
	case WEIR_RATE_TIME:
		run_time(w, v, first, n, ret_ns);
		break;
	case WEIR_RATE_TOPSPEED:
		for (uint32_t i = 0; i < n; i++)
			ret_ns[i] = 0;
		return;
	}
	if (w->rate.max_gap_ns || w->rate.loop_gap_ns)
		apply_gaps(w, n, ret_ns);
}
