/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hardware time of an interface that is captured: its stamps are switched on and, at the end,
 * put back to what they were; a thread compares its clock with the system's every 100 ms and
 * leaves in the rings the line by which stamps become UTC (hwline.h).
 */
#ifndef CAPTURE_HWTIME_H
#define CAPTURE_HWTIME_H

#include <stdbool.h>

#include <weir/capture.h>

#include "capture/blockring.h"

struct hwtime;

/*
 * Can port nr of opts have hardware time, by what its driver says? Changes nothing. With the
 * name of its interface in ret_ifname. -ENOTSUP, and a text that says what is missing;
 * otherwise as weir_hwstamp_get().
 */
int hwtime_check(const struct weir_capture_opts *opts, unsigned nr, char ret_ifname[static 16],
		 struct weir_err *err);

/* Switches the stamps of all received frames on, unless they are. To be ended with
 * hwtime_close(). */
int hwtime_open(const char *ifname, struct hwtime **ret_time, struct weir_err *err);

/* "/dev/ptp0". Lent while t lives. */
const char *hwtime_clock(const struct hwtime *t);

/* Minds the lines of n rings, which are lent until hwtime_stop(); there is a line in each
 * when this returns. */
int hwtime_start(struct hwtime *t, struct blockring *rings, unsigned n, struct weir_err *err);
/* Copes with one that was not started. */
void hwtime_stop(struct hwtime *t);

/* NULL is allowed. Returns NULL. */
struct hwtime *hwtime_close(struct hwtime *t);

#endif
