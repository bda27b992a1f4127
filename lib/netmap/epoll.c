/* SPDX-License-Identifier: BSD-2-Clause */
#include "netmap/epoll.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/macros.h"
#include "base/time.h"
#include "netmap/real.h"
#include "netmap/wait.h"

#define MAX_MEMBERS 256u /* of all sets */
#define MAX_WISHES  64u	 /* of one */

struct member {
	int set, fd;
	struct epoll_event event;
	bool told; /* EPOLLONESHOT: until it is changed it is not told again */
};

/* Sets are the process's, as descriptors are. */
static struct {
	_Atomic unsigned n;
	pthread_mutex_t lock; /* of what follows */
	struct member member[MAX_MEMBERS];
} members = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* A member's place, or n. */
static unsigned find(int set, int fd)
{
	unsigned i = 0;

	while (i < members.n && (members.member[i].set != set || members.member[i].fd != fd))
		i++;
	return i;
}

bool nm_epoll_has(int set)
{
	bool has = false;

	if (!atomic_load_explicit(&members.n, memory_order_relaxed))
		return false;
	(void)pthread_mutex_lock(&members.lock);
	for (unsigned i = 0; i < members.n; i++)
		has = has || members.member[i].set == set;
	(void)pthread_mutex_unlock(&members.lock);
	return has;
}

static int change(unsigned at, int set, int op, int fd, const struct epoll_event *event)
{
	bool is_there = at < members.n;

	if (op == EPOLL_CTL_ADD ? is_there : !is_there)
		return is_there ? -EEXIST : -ENOENT;
	if (op == EPOLL_CTL_DEL) {
		members.member[at] = members.member[members.n - 1];
		members.n--;
		return 0;
	}
	if (!event)
		return -EFAULT;
	if (at == MAX_MEMBERS)
		return -ENOSPC;
	members.member[at] = (struct member){ .set = set, .fd = fd, .event = *event };
	members.n += !is_there;
	return 0;
}

int nm_epoll_ctl(int set, int op, int fd, const struct epoll_event *event)
{
	int r;

	if (op != EPOLL_CTL_ADD && op != EPOLL_CTL_MOD && op != EPOLL_CTL_DEL)
		return -EINVAL;
	(void)pthread_mutex_lock(&members.lock);
	r = change(find(set, fd), set, op, fd, event);
	(void)pthread_mutex_unlock(&members.lock);
	return r;
}

void nm_epoll_closing(int fd)
{
	if (!atomic_load_explicit(&members.n, memory_order_relaxed))
		return;
	(void)pthread_mutex_lock(&members.lock);
	for (unsigned i = 0; i < members.n;) {
		if (members.member[i].set == fd || members.member[i].fd == fd)
			members.member[i] = members.member[--members.n];
		else
			i++;
	}
	(void)pthread_mutex_unlock(&members.lock);
}

/* A wait at work: members, and what is waited for for each. */
struct waiter {
	unsigned n;
	struct member member[MAX_WISHES];
	struct nm_wish wish[MAX_WISHES];
};

static void begin(struct waiter *w, int set)
{
	w->n = 0;
	(void)pthread_mutex_lock(&members.lock);
	for (unsigned i = 0; i < members.n && w->n < MAX_WISHES; i++)
		if (members.member[i].set == set && !members.member[i].told)
			w->member[w->n++] = members.member[i];
	(void)pthread_mutex_unlock(&members.lock);
	for (unsigned i = 0; i < w->n;) {
		int fd = w->member[i].fd;
		struct nm_file *f = nm_file_get(fd);

		if (!f) {
			w->member[i] = w->member[--w->n];
			continue;
		}
		w->wish[i] = (struct nm_wish){ .fd = fd,
					       .file = f,
					       .port = nm_file_port(f, fd),
					       .events = (short)w->member[i].event.events };
		i++;
	}
}

static void set_told(const struct member *m)
{
	unsigned at;

	(void)pthread_mutex_lock(&members.lock);
	at = find(m->set, m->fd);
	if (at < members.n)
		members.member[at].told = true;
	(void)pthread_mutex_unlock(&members.lock);
}

/* Tells members that are ready, and lets all of them go. */
static int end(struct waiter *w, struct epoll_event *events, int max)
{
	int n = 0;

	for (unsigned i = 0; i < w->n; i++) {
		const struct member *m = &w->member[i];

		if (w->wish[i].revents && n < max) {
			events[n].events = (uint32_t)(unsigned short)w->wish[i].revents;
			events[n++].data = m->event.data;
			if (m->event.events & EPOLLONESHOT)
				set_told(m);
		}
		nm_file_put(w->wish[i].file);
	}
	return n;
}

/* Once: how many; 0: it was in vain, or the time is over. */
static int wait_once(int set, struct epoll_event *events, int max, const struct timespec *timeout,
		     const sigset_t *mask)
{
	struct pollfd fds[1 + MAX_WISHES * NM_WISH_FDS] = { { .fd = set, .events = POLLIN } };
	struct waiter w;
	int r, n, others = 0;

	begin(&w, set);
	if (w.n)
		r = nm_wait(w.wish, w.n, fds, 1, timeout, mask);
	else
		r = real()->ppoll(fds, 1, timeout, mask) < 0 ? -errno : 0;
	n = end(&w, events, max);
	if (r >= 0 && fds[0].revents && n < max)
		others = real()->epoll_wait(set, events + n, max - n, 0);
	if (r < 0 && !n)
		return r;
	return others < 0 && !n ? -errno : n + MAX(others, 0);
}

int nm_epoll_wait(int set, struct epoll_event *events, int max, const struct timespec *timeout,
		  const sigset_t *mask)
{
	uint64_t now = time_now(CLOCK_MONOTONIC), end_ns = UINT64_MAX;
	struct timespec left;
	int n;

	if (max <= 0)
		return -EINVAL;
	if (timeout)
		end_ns =
			now + (uint64_t)timeout->tv_sec * NSEC_PER_SEC + (uint64_t)timeout->tv_nsec;
	do {
		left = time_spec(end_ns > now ? end_ns - now : 0);
		n = wait_once(set, events, max, timeout ? &left : NULL, mask);
		now = time_now(CLOCK_MONOTONIC);
	} while (!n && now < end_ns);
	return n;
}
