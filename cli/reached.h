/* SPDX-License-Identifier: BSD-2-Clause */
/* Was the rate that was asked for reached, and if not, why? */
#ifndef CLI_REACHED_H
#define CLI_REACHED_H

#include <stdbool.h>
#include <stddef.h>

#include <weir/hist.h>
#include <weir/pace.h>
#include <weir/send.h>
#include <weir/stream.h>

enum reached_why {
	REACHED_YES,
	MISSED_BY_PORT,	     /* it accepts no more */
	MISSED_BY_PROCESSOR, /* it was busy with other work */
	MISSED_BY_TRACE,     /* it cannot be read faster */
	MISSED_BY_DROPS,     /* late frames were dropped, as --on-late says */
	MISSED_BY_SHIFT,     /* late frames moved the schedule, as --on-late says */
};

struct reached {
	bool paced;	   /* there was a rate; else all others are 0 */
	double asked, got; /* in units, over the frames that were handed over */
	const char *unit;  /* "Mbps" or "pps"; static */
	double missed;	   /* share of what was asked, 0 to 1 */
	enum reached_why why;
};

/* What a run came to, all lent. */
struct reached_facts {
	const struct weir_send_stats *send;
	const struct weir_hist *late;
	const struct weir_stream_info *trace;
	const struct weir_rate *rate;
	unsigned n_workers;
};

/* Less than 1 % and 1 ms is the unrest of any machine. */
struct reached reached_of(const struct reached_facts *facts);

/* "asked 1024.00 Mbps, reached 300.12 Mbps (70.7 % less): the port accepts no more" */
void reached_text(const struct reached *r, char *text, size_t size);

/* For JSON; "reached", "port", "processor", "trace", "dropped", "shifted". Static. */
const char *reached_why_name(enum reached_why why);

#endif
