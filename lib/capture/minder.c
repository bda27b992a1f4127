/* SPDX-License-Identifier: BSD-2-Clause */
#include "capture/minder.h"

#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/time.h"

#define MIND_MS 100

/* The wall clock less that of the programs; whole seconds where those are all there is. */
static int64_t clock_shift(bool has_tai)
{
	const clockid_t clock = has_tai ? CLOCK_TAI : CLOCK_MONOTONIC;
	const uint64_t before = time_now(clock), wall = time_now(CLOCK_REALTIME);
	const uint64_t after = time_now(clock);
	int64_t shift = (int64_t)(wall - (before + (after - before) / 2));
	const int64_t second = (int64_t)NSEC_PER_SEC;

	if (has_tai)
		shift = (shift - second / 2) / second * second; /* TAI is never behind */
	return shift;
}

void minder_set_clocks(const struct program_rings *rings, bool has_tai)
{
	const int64_t shift = clock_shift(has_tai);

	for (unsigned i = 0; i < rings->n; i++)
		__atomic_store_n(&program_ring(rings, i)->shift_ns, shift, __ATOMIC_RELAXED);
}

static void look(struct minder *m)
{
	char name[IF_NAMESIZE];
	struct stat st;

	minder_set_clocks(m->rings, m->has_tai);
	if (m->beats)
		__atomic_store_n(&m->beats->beat_ns, time_now(CLOCK_MONOTONIC), __ATOMIC_RELAXED);
	if (m->tap_fd >= 0 && fstat(m->tap_fd, &st) == 0 && !st.st_nlink)
		atomic_store(&m->ended, 1);
	else if (!if_indextoname(m->ifindex, name))
		atomic_store(&m->ended, -ENODEV);
}

static void *mind(void *arg)
{
	struct minder *m = arg;
	struct pollfd pfd = { .fd = m->end_fd, .events = POLLIN };

	while (poll(&pfd, 1, MIND_MS) <= 0)
		look(m);
	return NULL;
}

int minder_start(struct minder *m, struct weir_err *err)
{
	int r;

	look(m);
	m->end_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (m->end_fd < 0)
		return err_set(err, -errno, "eventfd: %s", strerror(errno));
	r = -pthread_create(&m->thread, NULL, mind, m);
	if (r < 0) {
		closep(&m->end_fd);
		return err_set(err, r, "cannot start a thread: %s", strerror(-r));
	}
	m->runs = true;
	return 0;
}

void minder_stop(struct minder *m)
{
	if (!m->runs)
		return;
	(void)eventfd_write(m->end_fd, 1); /* has room */
	(void)pthread_join(m->thread, NULL);
	closep(&m->end_fd);
	m->runs = false;
}
