/* SPDX-License-Identifier: BSD-2-Clause */
/* How long before a deadline to stop sleeping: see clock.c. */
#ifndef PACE_MARGIN_H
#define PACE_MARGIN_H

#include <stdint.h>

#include "base/macros.h"

#define MARGIN_FIRST_NS (60 * NSEC_PER_USEC)
#define MARGIN_MIN_NS	(10 * NSEC_PER_USEC)
#define MARGIN_MAX_NS	(150 * NSEC_PER_USEC)
/* Up and down balance when 2 of 100 sleeps end later than the margin. */
#define MARGIN_UP_NS   4900u
#define MARGIN_DOWN_NS 100u

/* The margin after a sleep that ended late by late_ns. */
static inline uint64_t margin_learn(uint64_t margin_ns, uint64_t late_ns)
{
	if (late_ns > margin_ns)
		return MIN(margin_ns + MARGIN_UP_NS, MARGIN_MAX_NS);
	return MAX(margin_ns - MARGIN_DOWN_NS, MARGIN_MIN_NS);
}

#endif
