/* SPDX-License-Identifier: BSD-2-Clause */
#include "reached.h"

#include <stdio.h>

#include "util.h"

static const struct {
	const char *name, *text;
} whys[] = {
	[REACHED_YES] = { "reached", "" },
	[MISSED_BY_PORT] = { "port", "the port accepts no more" },
	[MISSED_BY_TRACE] = { "trace", "the trace cannot be read faster (preloading would help)" },
	[MISSED_BY_DROPS] = { "dropped", "late frames were dropped" },
	[MISSED_BY_SHIFT] = { "shifted", "late frames moved the schedule" },
};

/* How much longer than planned the frames took, and frames that did not leave at all. */
static enum reached_why judge(const struct weir_send_stats *s, const struct weir_stream_info *t,
			      double *ret_missed)
{
	double over = (double)(s->behind_ns + s->shifted_ns);
	double by_time = over / ((double)s->scheduled_ns + over);
	double by_drops = (double)s->late_dropped / (double)(s->frames + s->late_dropped);

	if (s->late_dropped && by_drops > 0.01) {
		*ret_missed = by_drops;
		return MISSED_BY_DROPS;
	}
	if (by_time <= 0.01 || over <= NSEC_PER_MSEC)
		return REACHED_YES;
	*ret_missed = by_time;
	if (t->starved_ns > over / 2)
		return MISSED_BY_TRACE;
	return s->shifted_ns > s->behind_ns ? MISSED_BY_SHIFT : MISSED_BY_PORT;
}

struct reached reached_of(const struct weir_send_stats *s, const struct weir_stream_info *trace,
			  const struct weir_rate *rate)
{
	bool frames = rate->mode == WEIR_RATE_FRAMES;
	struct reached r = { .paced = rate->mode != WEIR_RATE_TOPSPEED,
			     .unit = frames ? "pps" : "Mbps" };
	double units;

	if (!r.paced || !(s->scheduled_ns + s->late_dropped))
		return r; /* there was no time in which to miss it */
	r.why = judge(s, trace, &r.missed);
	/* What the schedule was for the frames that left: exact where the rate is one. */
	units = frames ? (double)s->frames
		       : ((double)s->bytes + (double)s->frames * rate->overhead) * 8 / 1e6;
	if (s->scheduled_ns)
		r.asked = units / ((double)s->scheduled_ns / NSEC_PER_SEC);
	if (!rate->profile && rate->mode != WEIR_RATE_TIME)
		r.asked = (double)rate->num / (double)rate->den / (frames ? 1 : 1e6);
	r.got = r.asked * (1 - r.missed);
	return r;
}

void reached_text(const struct reached *r, char *text, size_t size)
{
	(void)snprintf(text, size, "asked %.2f %s, reached %.2f %s (%.1f %% less): %s", r->asked,
		       r->unit, r->got, r->unit, r->missed * 100, whys[r->why].text);
}

const char *reached_why_name(enum reached_why why)
{
	return whys[why].name;
}
