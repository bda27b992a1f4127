/* SPDX-License-Identifier: BSD-2-Clause */
/* The line on a terminal that tells how a replay goes. */
#ifndef CLI_LIVE_H
#define CLI_LIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the line is made from. */
struct live_figures {
	uint64_t frames, bytes, elapsed_ns;
	double done; /* share of the run, 0 to 1; negative: not known */
};

/* Frames and rate since prev (or the beginning, if that is all zero), percent done and
 * time left, without a newline. */
void live_line(const struct live_figures *now, const struct live_figures *prev, char *text,
	       size_t size);

/* Draws over the last line on stderr, and wipes it. */
void live_show(const char *text);
void live_wipe(void);

#endif
