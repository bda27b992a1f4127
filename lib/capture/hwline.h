/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How times of a device's clock become UTC: a line through readings of the clock beside the
 * system's. Pure; hwtime.c reads the clocks.
 *
 * The line goes through the latest reading that can be trusted, with the slope since one of
 * about ten readings ago. A reading that was disturbed is left out; one that cannot be
 * explained by that says that a clock has been set, and everything begins anew with it.
 */
#ifndef CAPTURE_HWLINE_H
#define CAPTURE_HWLINE_H

#include <weir/hwstamp.h>

#include "capture.h"

#define HWLINE_READINGS 10u

/* Zeroed before its first use. */
struct hwline {
	struct weir_hwclock_reading readings[HWLINE_READINGS]; /* the last ones, in a ring */
	unsigned n;	  /* of them, counted from the last new beginning */
	unsigned skipped; /* in a row */
	struct capture_line line;
};

/* Takes a reading into account and tells the line that holds from now on. */
const struct capture_line *hwline_add(struct hwline *l, const struct weir_hwclock_reading *r);

#endif
