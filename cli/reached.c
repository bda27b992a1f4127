/* SPDX-License-Identifier: BSD-2-Clause */
#include "reached.h"

#include <stdio.h>

#include "util.h"

static const struct {
	const char *name, *text;
} whys[] = {
	[REACHED_YES] = { "reached", "" },
	[MISSED_BY_PORT] = { "port", "the port accepts no more" },
	[MISSED_BY_PROCESSOR] = { "processor", "the processor was busy with other work" },
	[MISSED_BY_TRACE] = { "trace", "the trace cannot be read faster (preloading would help)" },
	[MISSED_BY_DROPS] = { "dropped", "late frames were dropped" },
	[MISSED_BY_SHIFT] = { "shifted", "late frames moved the schedule" },
};

/* How far the run was behind at its end. What is late once, by chance, is not behind: a
 * run that cannot keep up gets later and later, so three quarters of its way it was three
 * quarters as late. */
static double behind(const struct weir_send_stats *s, const struct weir_hist *late)
{
	double steady = (double)weir_hist_quantile(late, 0.75) * 4 / 3;

	return MIN((double)s->behind_ns, steady) + (double)s->shifted_ns;
}

static enum reached_why judge(const struct reached_facts *f, double *ret_missed)
{
	const struct weir_send_stats *s = f->send;
	double over = behind(s, f->late);
	double by_time = over / ((double)s->scheduled_ns + over);
	double by_drops = (double)s->late_dropped / (double)(s->frames + s->late_dropped);

	if (s->late_dropped && by_drops > 0.01) {
		*ret_missed = by_drops;
		return MISSED_BY_DROPS;
	}
	if (by_time <= 0.01 || over <= NSEC_PER_MSEC)
		return REACHED_YES;
	*ret_missed = by_time;
	if (f->trace->starved_ns > over / 2)
		return MISSED_BY_TRACE;
	if (s->shifted_ns > s->behind_ns)
		return MISSED_BY_SHIFT;
	/* Who is behind never sleeps, but for room in the port: else it was not let run. */
	if (!s->port_waits && (double)s->cpu_ns < 0.8 * f->n_workers * (double)s->elapsed_ns)
		return MISSED_BY_PROCESSOR;
	return MISSED_BY_PORT;
}

struct reached reached_of(const struct reached_facts *f)
{
	const struct weir_send_stats *s = f->send;
	const struct weir_rate *rate = f->rate;
	bool frames = rate->mode == WEIR_RATE_FRAMES;
	struct reached r = { .paced = rate->mode != WEIR_RATE_TOPSPEED,
			     .unit = frames ? "pps" : "Mbps" };
	double units;

	if (!r.paced || !(s->scheduled_ns + s->late_dropped))
		return r; /* there was no time in which to miss it */
	r.why = judge(f, &r.missed);
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
