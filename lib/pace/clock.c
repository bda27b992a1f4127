/* SPDX-License-Identifier: BSD-2-Clause */
/* CLOCK_MONOTONIC as the clock that a sender waits on. */
#include <weir/pace.h>

#include <stddef.h>
#include <time.h>

#include "base/macros.h"

/* A sleeper is woken this much before its deadline and spins the rest: what
 * clock_nanosleep(2) is late by at the 99.9th percentile on a quiet machine. */
#define SPIN_NS (60 * NSEC_PER_USEC)
/* Longest sleep between two looks at the stop flag. */
#define SLICE_NS (50 * NSEC_PER_MSEC)

static uint64_t monotonic_now(void *ctx)
{
	struct timespec ts;

	(void)ctx;
	clock_gettime(CLOCK_MONOTONIC, &ts); /* cannot fail for this clock */
	return (uint64_t)ts.tv_sec * NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
}

static bool stopped(const int *stop)
{
	return __atomic_load_n(stop, __ATOMIC_RELAXED) != 0;
}

/* Sleeps until t, a slice at a time. Returns the time. */
static uint64_t sleep_until(uint64_t t, const int *stop)
{
	uint64_t now = monotonic_now(NULL);

	while (now < t && !stopped(stop)) {
		uint64_t until = MIN(t, now + SLICE_NS);
		struct timespec ts = {
			.tv_sec = (time_t)(until / NSEC_PER_SEC),
			.tv_nsec = (long)(until % NSEC_PER_SEC),
		};

		/* A signal wakes it early, which the loop sees. */
		(void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
		now = monotonic_now(NULL);
	}
	return now;
}

static uint64_t spin_until(uint64_t t, const int *stop)
{
	uint64_t now = monotonic_now(NULL);

	while (now < t && !stopped(stop)) {
#if defined(__x86_64__)
		__builtin_ia32_pause();
#elif defined(__aarch64__)
		__asm__ volatile("yield");
#endif
		now = monotonic_now(NULL);
	}
	return now;
}

static uint64_t wait_spin(void *ctx, uint64_t t, const int *stop)
{
	(void)ctx;
	return spin_until(t, stop);
}

static uint64_t wait_sleep(void *ctx, uint64_t t, const int *stop)
{
	(void)ctx;
	return sleep_until(t, stop);
}

static uint64_t wait_auto(void *ctx, uint64_t t, const int *stop)
{
	uint64_t now = monotonic_now(NULL);

	(void)ctx;
	if (now + SPIN_NS < t)
		(void)sleep_until(t - SPIN_NS, stop);
	return spin_until(t, stop);
}

struct weir_clock weir_clock_monotonic(enum weir_timer timer)
{
	static uint64_t (*const waits[])(void *, uint64_t, const int *) = {
		[WEIR_TIMER_AUTO] = wait_auto,
		[WEIR_TIMER_SPIN] = wait_spin,
		[WEIR_TIMER_SLEEP] = wait_sleep,
	};

	return (struct weir_clock){ .now = monotonic_now, .wait = waits[timer] };
}
