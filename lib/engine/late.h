/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What becomes of frames that are late: see enum weir_on_late. All are called with the
 * worker's clock just looked at, for frames that are due.
 */
#ifndef ENGINE_LATE_H
#define ENGINE_LATE_H

#include "engine/worker.h"

/* Does what was asked about frames beyond the limit. Returns how many of the first of n
 * frames are to be skipped; the schedule may have moved. */
uint32_t late_mind(struct worker *w, const uint64_t *deadlines, uint32_t n);

/* Where catching up is bounded (max_burst): how many frames may leave in one go, late
 * being how late the first is, and what has to be noted when n frames have left. After a
 * full burst the next late frame waits for half of the time that the burst's frames had
 * in the schedule, which makes twice the rate. */
uint32_t late_burst_left(struct worker *w, uint64_t late);
void late_end_burst(struct worker *w, const uint64_t *deadlines, uint32_t n);

#endif
