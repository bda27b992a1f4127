/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How long to stay awake for what another process is about to do. To sleep and be woken takes
 * 5 to 40 us, longer than most waits under load; to spin takes the processor from the very
 * process that is waited for, where fewer are there than are wanted. So between two looks the
 * processor is offered to others, and experience decides:
 *
 *   - who waited long sleeps at once the next times, until some waits were short: an idle
 *     program does not stay awake;
 *   - when the processor came back late, somebody computes on it. Such a one is interrupted by
 *     who wakes up, but not by who only stood aside: for a while all waits sleep.
 *
 *	patience_begin(p);
 *	while (!ready() && patience_left(p))
 *		;
 *	if (!ready())
 *		sleep;
 *	patience_end(p);
 */
#ifndef BASE_PATIENCE_H
#define BASE_PATIENCE_H

#include <sched.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"

/* A wait that is longer is long. */
#define PATIENCE_NS 50000u
/* Short waits in a row after which it is worth it to stay awake. */
#define PATIENCE_SHORT_WAITS 4u
/* Coming back later than so is late; and how long "a while" is. */
#define PATIENCE_LATE_NS  500000u
#define PATIENCE_WHILE_NS 100000000u

/* Zeroed: nothing is known yet. */
struct patience {
	uint64_t begin;	      /* of the wait */
	uint64_t crowd_until; /* somebody computes here */
	unsigned short_waits; /* in a row */
};

/* Offers the processor to others. False: that would take too long. */
static inline bool patience_step_aside(struct patience *p)
{
	uint64_t now = time_now(CLOCK_MONOTONIC), back;

	if (now < p->crowd_until)
		return false;
	(void)sched_yield(); /* cannot fail */
	back = time_now(CLOCK_MONOTONIC);
	if (back - now > PATIENCE_LATE_NS)
		p->crowd_until = back + PATIENCE_WHILE_NS;
	return true;
}

static inline void patience_begin(struct patience *p)
{
	p->begin = time_now(CLOCK_MONOTONIC);
}

/* Lets others run for a moment. False: it is time to sleep. */
static inline bool patience_left(struct patience *p)
{
	return p->short_waits >= PATIENCE_SHORT_WAITS &&
	       time_now(CLOCK_MONOTONIC) - p->begin < PATIENCE_NS && patience_step_aside(p);
}

static inline void patience_end(struct patience *p)
{
	if (time_now(CLOCK_MONOTONIC) - p->begin >= PATIENCE_NS)
		p->short_waits = 0;
	else if (p->short_waits < PATIENCE_SHORT_WAITS)
		p->short_waits++;
}

#endif
