/* SPDX-License-Identifier: BSD-2-Clause */
/* What becomes of frames that are late. */
#include "engine/late.h"

#include "base/counter.h"
#include "base/macros.h"

uint32_t late_burst_left(struct worker *w, uint64_t late)
{
	uint32_t max = w->s->opts.max_burst;

	if (late == 0 || w->now > w->not_before + WORKER_LOOK_NS)
		w->burst = 0;
	return max - w->burst;
}

void late_end_burst(struct worker *w, const uint64_t *deadlines, uint32_t n)
{
	w->burst += n;
	if (w->burst < w->s->opts.max_burst)
		return;
	w->burst = 0;
	w->not_before = w->now + (deadlines[n - 1] - deadlines[0]) / 2;
}

/* How many of the first frames of a run are dropped for being late. */
static uint32_t drop_late(struct worker *w, const uint64_t *deadlines, uint32_t n)
{
	uint32_t i = 0;

	while (i < n && deadlines[i] <= w->now - w->epoch &&
	       worker_lateness(w, deadlines[i]) > w->s->opts.late_limit_ns)
		i++;
	counter_add(&w->counters.late_dropped, i);
	return i;
}

/* Moves the schedule by how late a frame is, unless another worker just did. */
static void shift_schedule(struct worker *w, uint64_t late)
{
	uint64_t seen = w->epoch + w->lead;

	if (atomic_compare_exchange_strong(&w->s->epoch, &seen, seen + late))
		atomic_fetch_add(&w->s->shifted_ns, late);
	worker_look_at_epoch(w);
}

uint32_t late_mind(struct worker *w, const uint64_t *deadlines, uint32_t n)
{
	uint64_t late = worker_lateness(w, deadlines[0]);

	if (likely(late <= w->s->opts.late_limit_ns))
		return 0;
	switch (w->s->opts.on_late) {
	case WEIR_LATE_DROP:
		return drop_late(w, deadlines, n);
	case WEIR_LATE_SHIFT:
		shift_schedule(w, late);
		break;
	case WEIR_LATE_CATCHUP:
		break;
	}
	return 0;
}
