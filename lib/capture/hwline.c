/* SPDX-License-Identifier: BSD-2-Clause */
#include "capture/hwline.h"

#include "base/macros.h"

/* A reading may be off the line by its own error and this much, else a clock was set. */
#define STEP_NS 50000

/* One whose error is more than so many times the least of the last ones, and than this, is
 * left out, but not many in a row. */
#define WORSE	  4
#define GOOD_NS	  500
#define MAX_SKIPS 10

/* No clock drifts by more than 0.1 %. */
#define RATE_MAX ((int64_t)(CAPTURE_LINE_ONE / 1000))

static int64_t offset_of(const struct weir_hwclock_reading *r)
{
	return r->utc_ns - r->clock_ns;
}

static const struct weir_hwclock_reading *reading(const struct hwline *l, unsigned nr)
{
	return &l->readings[nr % HWLINE_READINGS];
}

static uint64_t least_error(const struct hwline *l)
{
	uint64_t least = UINT64_MAX;

	for (unsigned i = 0; i < MIN(l->n, HWLINE_READINGS); i++)
		least = MIN(least, l->readings[i].error_ns);
	return least;
}

static uint64_t deviation(const struct hwline *l, const struct weir_hwclock_reading *r)
{
	const int64_t off = (int64_t)capture_line_utc(&l->line, (uint64_t)r->clock_ns) - r->utc_ns;

	return off < 0 ? 0 - (uint64_t)off : (uint64_t)off;
}

static bool was_set(const struct hwline *l, const struct weir_hwclock_reading *r)
{
	return !capture_line_knows(&l->line, (uint64_t)r->clock_ns) ||
	       deviation(l, r) > r->error_ns + STEP_NS;
}

static bool is_disturbed(const struct hwline *l, const struct weir_hwclock_reading *r)
{
	return r->error_ns > GOOD_NS && r->error_ns / WORSE > least_error(l) &&
	       l->skipped < MAX_SKIPS;
}

/* How the offset changes for each ns of the clock, times CAPTURE_LINE_ONE. */
static int64_t slope(const struct weir_hwclock_reading *from, const struct weir_hwclock_reading *to)
{
	const int64_t span = to->clock_ns - from->clock_ns;
	const __int128 change = offset_of(to) - offset_of(from);
	__int128 rate;

	if (span <= 0)
		return 0;
	rate = change * (__int128)CAPTURE_LINE_ONE / span;
	return rate > RATE_MAX ? RATE_MAX : rate < -RATE_MAX ? -RATE_MAX : (int64_t)rate;
}

const struct capture_line *hwline_add(struct hwline *l, const struct weir_hwclock_reading *r)
{
	const struct weir_hwclock_reading *oldest;

	if (l->n && was_set(l, r)) {
		*l = (struct hwline){ 0 };
	} else if (l->n && is_disturbed(l, r)) {
		l->skipped++;
		return &l->line;
	}
	oldest = l->n ? reading(l, l->n < HWLINE_READINGS ? 0 : l->n) : r;
	l->line = (struct capture_line){ .base_ns = (uint64_t)r->clock_ns,
					 .offset_ns = offset_of(r),
					 .rate = slope(oldest, r) };
	l->readings[l->n++ % HWLINE_READINGS] = *r;
	l->skipped = 0;
	return &l->line;
}
