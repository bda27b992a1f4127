/* SPDX-License-Identifier: BSD-2-Clause */
/* select(2), by poll(2). */
#include "base/macros.h"
#include "base/time.h"
#include "netmap/calls.h"
#include "netmap/file.h"
#include "netmap/real.h"

/* What a set of select(2) asks poll(2) for, and by what of its answer it is ready. */
static const struct {
	short events, ready;
} kinds[] = {
	{ POLLIN, POLLIN | POLLHUP | POLLERR },
	{ POLLOUT, POLLOUT | POLLERR },
	{ POLLPRI, POLLPRI },
};

static bool has_netmap(int n, fd_set *const sets[static ARRAY_SIZE(kinds)])
{
	if (!nm_file_any())
		return false;
	for (int fd = 0; fd < n && fd < FD_SETSIZE; fd++)
		for (unsigned k = 0; k < ARRAY_SIZE(kinds); k++)
			if (sets[k] && FD_ISSET(fd, sets[k]) && nm_file_is(fd))
				return true;
	return false;
}

/* How many descriptors. */
static unsigned read_sets(int n, fd_set *const sets[static ARRAY_SIZE(kinds)], struct pollfd *fds)
{
	unsigned n_fds = 0;

	for (int fd = 0; fd < n && fd < FD_SETSIZE; fd++) {
		short events = 0;

		for (unsigned k = 0; k < ARRAY_SIZE(kinds); k++)
			if (sets[k] && FD_ISSET(fd, sets[k]))
				events |= kinds[k].events;
		if (events)
			fds[n_fds++] = (struct pollfd){ .fd = fd, .events = events };
	}
	return n_fds;
}

/* How many bits; -EBADF: one is no descriptor. */
static int write_sets(const struct pollfd *fds, unsigned n_fds,
		      fd_set *const sets[static ARRAY_SIZE(kinds)])
{
	int n = 0;

	for (unsigned i = 0; i < n_fds; i++)
		if (fds[i].revents & POLLNVAL)
			return -EBADF;
	for (unsigned i = 0; i < n_fds; i++) {
		for (unsigned k = 0; k < ARRAY_SIZE(kinds); k++) {
			if (!(fds[i].events & kinds[k].events))
				continue;
			if (fds[i].revents & kinds[k].ready)
				n++;
			else
				FD_CLR(fds[i].fd, sets[k]);
		}
	}
	return n;
}

static int select_some(int n, fd_set *const sets[static ARRAY_SIZE(kinds)],
		       const struct timespec *timeout, const sigset_t *mask)
{
	struct pollfd fds[FD_SETSIZE];
	unsigned n_fds = read_sets(n, sets, fds);

	if (ppoll(fds, n_fds, timeout, mask) < 0)
		return -1;
	return nm_result(write_sets(fds, n_fds, sets));
}

NM_PUBLIC int pselect(int n, fd_set *reads, fd_set *writes, fd_set *others,
		      const struct timespec *timeout, const sigset_t *mask)
{
	fd_set *const sets[] = { reads, writes, others };

	return has_netmap(n, sets) ? select_some(n, sets, timeout, mask)
				   : real()->pselect(n, reads, writes, others, timeout, mask);
}

NM_PUBLIC int select(int n, fd_set *reads, fd_set *writes, fd_set *others, struct timeval *timeout)
{
	fd_set *const sets[] = { reads, writes, others };
	struct timespec ts = { 0 };
	uint64_t end, now;
	int r;

	if (!has_netmap(n, sets))
		return real()->select(n, reads, writes, others, timeout);
	if (!timeout)
		return select_some(n, sets, NULL, NULL);
	ts = (struct timespec){ .tv_sec = timeout->tv_sec, .tv_nsec = timeout->tv_usec * 1000 };
	end = time_now(CLOCK_MONOTONIC) + (uint64_t)ts.tv_sec * NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
	r = select_some(n, sets, &ts, NULL);
	/* As Linux does it: what is left of the time. */
	now = time_now(CLOCK_MONOTONIC);
	ts = time_spec(end > now ? end - now : 0);
	*timeout = (struct timeval){ .tv_sec = ts.tv_sec, .tv_usec = ts.tv_nsec / 1000 };
	return r;
}
