/* SPDX-License-Identifier: BSD-2-Clause */
/* epoll(7). */
#include "netmap/calls.h"
#include "netmap/epoll.h"
#include "netmap/file.h"
#include "netmap/real.h"

NM_PUBLIC int epoll_ctl(int set, int op, int fd, struct epoll_event *event)
{
	if (!nm_file_any() || !nm_file_is(fd))
		return real()->epoll_ctl(set, op, fd, event);
	return nm_result(nm_epoll_ctl(set, op, fd, event));
}

static int wait_ms(int set, struct epoll_event *events, int max, int timeout_ms,
		   const sigset_t *mask)
{
	const struct timespec ts = { .tv_sec = timeout_ms / 1000,
				     .tv_nsec = timeout_ms % 1000 * 1000000L };

	return nm_result(nm_epoll_wait(set, events, max, timeout_ms < 0 ? NULL : &ts, mask));
}

NM_PUBLIC int epoll_wait(int set, struct epoll_event *events, int max, int timeout_ms)
{
	return nm_epoll_has(set) ? wait_ms(set, events, max, timeout_ms, NULL)
				 : real()->epoll_wait(set, events, max, timeout_ms);
}

NM_PUBLIC int epoll_pwait(int set, struct epoll_event *events, int max, int timeout_ms,
			  const sigset_t *mask)
{
	return nm_epoll_has(set) ? wait_ms(set, events, max, timeout_ms, mask)
				 : real()->epoll_pwait(set, events, max, timeout_ms, mask);
}

NM_PUBLIC int epoll_pwait2(int set, struct epoll_event *events, int max,
			   const struct timespec *timeout, const sigset_t *mask)
{
	return nm_epoll_has(set) ? nm_result(nm_epoll_wait(set, events, max, timeout, mask))
				 : real()->epoll_pwait2(set, events, max, timeout, mask);
}
