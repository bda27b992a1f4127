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
#include "pace/draw.h"
#include "pace/profile.h"
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

static u128 units_at(const struct weir_rate *rate, const struct weir_pos *pos)
{
	switch (rate->mode) {
	case WEIR_RATE_BITS:
		return ((u128)pos->bytes + (u128)pos->frames * rate->overhead) * 8;
	case WEIR_RATE_FRAMES:
		return pos->frames;
	case WEIR_RATE_TIME:
		return pos->time_ns;
	case WEIR_RATE_TOPSPEED:
		break;
	}
	return 0;
}

/* units * mul / div, and the remainder. */
static uint64_t divide(u128 units, uint64_t mul, uint64_t div, uint64_t *ret_rest)
{
	u128 p;

	*ret_rest = 0;
	if (__builtin_mul_overflow(units, mul, &p) || p / div >> 64)
		return UINT64_MAX;
	*ret_rest = (uint64_t)(p % div);
	return (uint64_t)(p / div);
}

uint64_t weir_deadline(const struct weir_rate *rate, const struct weir_pos *pos)
{
	uint64_t mul, div, rest;

	if (rate->mode == WEIR_RATE_TOPSPEED)
		return 0;
	if (rate->profile)
		return profile_deadline(rate->profile, units_at(rate, pos));
	fraction_of(rate, &mul, &div);
	return divide(units_at(rate, pos), mul, div, &rest);
}

int weir_walker_init(struct weir_walker *w, const struct weir_rate *rate, struct weir_err *err)
{
	uint64_t mul = 1, div = 1;

	if (rate->mode != WEIR_RATE_TOPSPEED && !rate->profile) {
		if (!rate->num || !rate->den)
			return err_set(err, -EINVAL, "a rate must be greater than 0");
		if (rate->den > UINT64_MAX / NSEC_PER_SEC)
			return err_set(err, -EINVAL, "the rate has too many decimals");
		fraction_of(rate, &mul, &div);
	}
	*w = (struct weir_walker){ .rate = *rate, .mul = mul, .div = div };
	return 0;
}

/* Place of frame i of a view. */
static struct weir_pos place_of(const struct weir_walker *w, const struct weir_view *v, uint32_t i)
{
	return (struct weir_pos){
		.frames = v->frames_before + i,
		.bytes = v->bytes_before + v->frames[i].before,
		.time_ns = v->time_before + (uint64_t)(w->ts_max - v->ts_zero),
	};
}

void weir_walker_view(struct weir_walker *w, const struct weir_view *v)
{
	struct weir_pos pos;

	w->added_ns = v->loop * w->rate.loop_gap_ns;
	w->ts_max = v->ts_max;
	w->ts_base = v->ts_max;
	pos = place_of(w, v, 0);
	if (!w->rate.profile)
		w->base_q = divide(units_at(&w->rate, &pos), w->mul, w->div, &w->base_r);
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
	const uint64_t overhead = w->rate.overhead;

	for (uint32_t i = first; i < first + n; i++)
		*ret_ns++ = after_base(w, 8 * (v->frames[i].before + i * overhead));
}

/* Deadlines are mul / div apart; the remainder is carried along instead of dividing for each. */
static void run_frames(struct weir_walker *w, const struct weir_view *v, uint32_t first, uint32_t n,
		       uint64_t *ret_ns)
{
	const uint64_t step = w->mul / w->div, rest = w->mul % w->div;
	const u128 p = (u128)first * w->mul + w->base_r;
	uint64_t ns = after_base(w, first), r = (uint64_t)(p % w->div);

	(void)v;
	if (unlikely(after_base(w, (uint64_t)first + n) == UINT64_MAX)) {
		for (uint32_t i = first; i < first + n; i++)
			*ret_ns++ = after_base(w, i);
		return;
	}
	for (uint32_t i = 0; i < n; i++) {
		const bool carry = r >= w->div - rest;

		ret_ns[i] = ns;
		ns += step + carry;
		r = carry ? r - (w->div - rest) : r + rest;
	}
}

/* A capture time at or before an earlier one makes no pause and goes at that one's time. */
static void run_time(struct weir_walker *w, const struct weir_view *v, uint32_t first, uint32_t n,
		     uint64_t *ret_ns)
{
	for (uint32_t i = first; i < first + n; i++) {
		w->ts_max = MAX(w->ts_max, v->frames[i].ts_ns);
		*ret_ns++ = after_base(w, (uint64_t)(w->ts_max - w->ts_base));
	}
}

static void run_profile(struct weir_walker *w, const struct weir_view *v, uint32_t first,
			uint32_t n, uint64_t *ret_ns)
{
	for (uint32_t i = first; i < first + n; i++) {
		struct weir_pos pos = place_of(w, v, i);

		*ret_ns++ = profile_deadline(w->rate.profile, units_at(&w->rate, &pos));
	}
}

/* Frames of a group leave when its first one does. */
static void apply_group(struct weir_walker *w, uint64_t place, uint32_t n, uint64_t *ns)
{
	for (uint32_t i = 0; i < n; i++) {
		if ((place + i) % w->rate.group == 0 || (i == 0 && !w->any))
			w->group_ns = ns[i];
		ns[i] = w->group_ns;
	}
}

/* Each gap is multiplied by a draw of mean 1. */
static void apply_poisson(struct weir_walker *w, uint64_t place, uint32_t n, uint64_t *ns)
{
	for (uint32_t i = 0; i < n; i++) {
		uint64_t gap = ns[i] - w->drawn_from;
		u128 sum = (u128)gap * draw_exponential(w->rate.seed, place + i) + w->drawn_frac;

		w->drawn_from = ns[i];
		w->drawn_ns += (uint64_t)(sum >> 32);
		w->drawn_frac = (uint32_t)sum;
		ns[i] = w->drawn_ns;
	}
}

/* Cuts long pauses short. */
static void apply_max_gap(struct weir_walker *w, uint32_t n, uint64_t *ns)
{
	for (uint32_t i = 0; i < n; i++) {
		uint64_t gap = ns[i] - w->last_ns;

		if ((w->any || i) && gap > w->rate.max_gap_ns)
			w->cut_ns += gap - w->rate.max_gap_ns;
		w->last_ns = ns[i];
		ns[i] -= w->cut_ns;
	}
}

void weir_walker_run(struct weir_walker *w, const struct weir_view *v, uint32_t first, uint32_t n,
		     uint64_t *ret_ns)
{
	typedef void run_fn(struct weir_walker *, const struct weir_view *, uint32_t, uint32_t,
			    uint64_t *);
	static run_fn *const runs[] = {
		[WEIR_RATE_BITS] = run_bits,
		[WEIR_RATE_FRAMES] = run_frames,
		[WEIR_RATE_TIME] = run_time,
	};
	const uint64_t place = v->frames_before + first;

	if (w->rate.mode == WEIR_RATE_TOPSPEED) {
		for (uint32_t i = 0; i < n; i++)
			ret_ns[i] = 0;
		return;
	}
	(w->rate.profile ? run_profile : runs[w->rate.mode])(w, v, first, n, ret_ns);
	if (w->rate.group > 1)
		apply_group(w, place, n, ret_ns);
	if (w->rate.poisson)
		apply_poisson(w, place, n, ret_ns);
	if (w->rate.max_gap_ns)
		apply_max_gap(w, n, ret_ns);
	for (uint32_t i = 0; w->added_ns && i < n; i++)
		ret_ns[i] += w->added_ns;
	w->any = true;
}
