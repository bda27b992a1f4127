/* SPDX-License-Identifier: BSD-2-Clause */
/* Waiting: for a deadline, for the end of a pause, and for the end of the run. */
#include <time.h>

#include "base/counter.h"
#include "base/macros.h"
#include "base/time.h"
#include "engine/worker.h"

uint64_t worker_end_of_duration(const struct worker *w)
{
	const struct weir_sender *s = w->s;

	if (!s->opts.duration_ns)
		return UINT64_MAX;
	return counter_get(&s->begin_ns) + counter_get(&s->paused_ns) + s->opts.duration_ns;
}

uint64_t worker_end_of_schedule(const struct worker *w)
{
	const uint64_t end = worker_end_of_duration(w);

	return end == UINT64_MAX ? end : end - w->lead;
}

int worker_obey(struct worker *w)
{
	const struct timespec look = time_spec(WORKER_LOOK_NS);
	int what;

	/* R2, pairs with R1. */
	while ((what = __atomic_load_n(&w->s->attention, __ATOMIC_ACQUIRE)) == ATTENTION_PAUSE)
		(void)nanosleep(&look, NULL); /* a signal is as good as the end of it */
	if (what & ATTENTION_STOP)
		return worker_stop_here(w);
	worker_look_at_epoch(w);
	return WORKER_GO;
}

int worker_await(struct worker *w, uint64_t deadline)
{
	for (;;) {
		uint64_t t, end;

		if (unlikely(worker_attention(w)) && worker_obey(w) == WORKER_END)
			return WORKER_END;
		worker_look_at_epoch(w);
		t = deadline > UINT64_MAX - w->epoch ? UINT64_MAX : w->epoch + deadline;
		t = MAX(t, w->not_before);
		/* Even if it was late already: how late is to be known. */
		if (t <= worker_read_clock(w))
			return WORKER_GO;
		if (unlikely(deadline == UINT64_MAX))
			return worker_stop_here(w); /* never */
		end = worker_end_of_schedule(w);
		w->now = w->clock.wait(w->clock.ctx, MIN(t, end), &w->s->attention);
		if (w->now >= end)
			return worker_stop_here(w);
		if (w->now >= t)
			return WORKER_GO;
	}
}
