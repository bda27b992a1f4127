/* SPDX-License-Identifier: BSD-2-Clause */
/* Waiting and the wall clock, as the contract in backend.h has them. */
#ifndef PORT_WAIT_H
#define PORT_WAIT_H

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <time.h>

#include "base/macros.h"

static inline uint64_t wait_clock_ns(clockid_t id)
{
	struct timespec ts;

	(void)clock_gettime(id, &ts); /* cannot fail for the clocks used here */
	return (uint64_t)ts.tv_sec * NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
}

/* Time of receipt for back ends that the kernel tells none: ns since 1970 UTC. */
static inline int64_t wall_clock_ns(void)
{
	return (int64_t)wait_clock_ns(CLOCK_REALTIME);
}

/* ppoll(2) with the contract's time-outs: > 0 ready, 0 not (also on a signal),
 * negative errno. */
static inline int wait_fds(struct pollfd *fds, unsigned n, uint64_t timeout_ns)
{
	struct timespec ts = { .tv_sec = (time_t)(timeout_ns / NSEC_PER_SEC),
			       .tv_nsec = (long)(timeout_ns % NSEC_PER_SEC) };
	int r = ppoll(fds, n, timeout_ns == UINT64_MAX ? NULL : &ts, NULL);

	if (r < 0)
		return errno == EINTR ? 0 : -errno;
	return r;
}

#endif
