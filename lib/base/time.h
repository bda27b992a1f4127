/* SPDX-License-Identifier: BSD-2-Clause */
/* Clocks in nanoseconds. */
#ifndef BASE_TIME_H
#define BASE_TIME_H

#include <stdint.h>
#include <time.h>

/* Any of CLOCK_MONOTONIC, _MONOTONIC_RAW, _REALTIME, _TAI: they cannot fail. */
static inline uint64_t time_now(clockid_t clock)
{
	struct timespec ts;

	(void)clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static inline struct timespec time_spec(uint64_t ns)
{
	return (struct timespec){ .tv_sec = (time_t)(ns / 1000000000u),
				  .tv_nsec = (long)(ns % 1000000000u) };
}

#endif
