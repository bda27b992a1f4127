/* SPDX-License-Identifier: BSD-2-Clause */
/* poll(2) and select(2). */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/macros.h"
#include "netmap/calls.h"
#include "netmap/real.h"
#include "netmap/wait.h"

/* Of how many descriptors there is room without asking for memory. */
#define FEW 16u

static bool has_netmap(const struct pollfd *fds, nfds_t n)
{
	if (!nm_file_any())
		return false;
	for (nfds_t i = 0; i < n; i++)
		if (nm_file_is(fds[i].fd))
			return true;
	return false;
}

/* Those of netmap become wishes, and -1 in others, which has all. How many. */
static unsigned sort_out(const struct pollfd *fds, unsigned n, struct pollfd *others,
			 struct nm_wish *wishes)
{
	unsigned n_wishes = 0;

	for (unsigned i = 0; i < n; i++) {
		struct nm_file *f = nm_file_get(fds[i].fd);

		others[i] = fds[i];
		others[i].revents = 0;
		if (!f)
			continue;
		others[i].fd = -1;
		wishes[n_wishes++] = (struct nm_wish){
			.fd = fds[i].fd,
			.file = f,
			.port = nm_file_port(f, fds[i].fd),
			.events = fds[i].events,
		};
	}
	return n_wishes;
}

static void tell(struct pollfd *fds, unsigned n, const struct pollfd *others,
		 const struct nm_wish *wishes)
{
	for (unsigned i = 0, w = 0; i < n; i++) {
		bool is_wish = others[i].fd != fds[i].fd;

		fds[i].revents = is_wish ? wishes[w].revents : others[i].revents;
		w += is_wish;
	}
}

/* ppoll(2), as some of fds are netmap's; 0 or more, or a negative errno. */
static int poll_some(struct pollfd *fds, unsigned n, const struct timespec *timeout,
		     const sigset_t *mask)
{
	struct pollfd few_others[FEW * (1 + NM_WISH_FDS)];
	struct nm_wish few_wishes[FEW];
	CLEANUP(freep)
	void *memory = NULL;
	struct pollfd *others = few_others;
	struct nm_wish *wishes = few_wishes;
	unsigned n_wishes;
	int r;

	if (n > FEW) {
		memory = calloc(n, sizeof(*wishes) + (1 + NM_WISH_FDS) * sizeof(*others));
		if (!memory)
			return -ENOMEM;
		wishes = memory;
		others = (struct pollfd *)(void *)(wishes + n);
	}
	n_wishes = sort_out(fds, n, others, wishes);
	r = nm_wait(wishes, n_wishes, others, n, timeout, mask);
	if (r >= 0)
		tell(fds, n, others, wishes);
	for (unsigned i = 0; i < n_wishes; i++)
		nm_file_put(wishes[i].file);
	return r;
}

static int poll_ms(struct pollfd *fds, nfds_t n, int timeout_ms)
{
	const struct timespec ts = { .tv_sec = timeout_ms / 1000,
				     .tv_nsec = timeout_ms % 1000 * 1000000L };

	return nm_result(poll_some(fds, (unsigned)n, timeout_ms < 0 ? NULL : &ts, NULL));
}

NM_PUBLIC int poll(struct pollfd *fds, nfds_t n, int timeout_ms)
{
	return has_netmap(fds, n) ? poll_ms(fds, n, timeout_ms) : real()->poll(fds, n, timeout_ms);
}

NM_PUBLIC int __poll_chk(struct pollfd *fds, nfds_t n, int timeout_ms, size_t size)
{
	/* Too many are the C library's business. */
	return size / sizeof(*fds) >= n && has_netmap(fds, n)
		       ? poll_ms(fds, n, timeout_ms)
		       : real()->__poll_chk(fds, n, timeout_ms, size);
}

NM_PUBLIC int ppoll(struct pollfd *fds, nfds_t n, const struct timespec *timeout,
		    const sigset_t *mask)
{
	return has_netmap(fds, n) ? nm_result(poll_some(fds, (unsigned)n, timeout, mask))
				  : real()->ppoll(fds, n, timeout, mask);
}

NM_PUBLIC int __ppoll_chk(struct pollfd *fds, nfds_t n, const struct timespec *timeout,
			  const sigset_t *mask, size_t size)
{
	return size / sizeof(*fds) >= n && has_netmap(fds, n)
		       ? nm_result(poll_some(fds, (unsigned)n, timeout, mask))
		       : real()->__ppoll_chk(fds, n, timeout, mask, size);
}
