/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The processor's time stamp counter as CLOCK_MONOTONIC, in a third of the time that
 * clock_gettime(2) takes.
 *
 * Used only where the kernel itself keeps time by it: the flags constant_tsc and
 * nonstop_tsc, and "tsc" as the current clock source. Between two anchors (counter and
 * clock read together) time is a straight line. Its slope is measured anew at each
 * anchor, so that it follows what NTP does to CLOCK_MONOTONIC; CLOCK_MONOTONIC_RAW,
 * which nobody steers, is the check: a counter whose rate against it changes is never
 * trusted again.
 *
 * One thread at a time.
 */
#ifndef PACE_TSC_H
#define PACE_TSC_H

#include <stdbool.h>
#include <stdint.h>

/* A clock and the counter at the same moment. */
struct tsc_pair {
	uint64_t tsc, ns;
};

struct tsc {
	bool trusted;
	uint64_t slope;		/* ns a tick, in 2^-32 */
	uint64_t raw_slope;	/* the same of CLOCK_MONOTONIC_RAW when it began */
	struct tsc_pair anchor; /* of CLOCK_MONOTONIC */
	struct tsc_pair raw;	/* of CLOCK_MONOTONIC_RAW */
	uint64_t interval;	/* ticks after an anchor at which the next is due */
	uint64_t last_ns;	/* what was told last: time never goes back */
};

/* False: there is no counter to be trusted here. Takes about 2 ms. */
bool tsc_init(struct tsc *t);

/* CLOCK_MONOTONIC in ns; by clock_gettime() once trust is lost. */
uint64_t tsc_now(struct tsc *t);

/* The check that an anchor makes, apart so that it can be tested: takes over two new
 * readings, or loses trust. */
void tsc_anchor(struct tsc *t, struct tsc_pair mono, struct tsc_pair raw);

#endif
