/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Waiting as poll(2) does for netmap descriptors, among others. The kernel of netmap
 * synchronises rings when they are polled, and wakes the program when the other side has got
 * further; so does this: it synchronises, tells the other side that it is going to sleep,
 * and sleeps on what that wakes it by together with the program's other descriptors.
 */
#ifndef NETMAP_WAIT_H
#define NETMAP_WAIT_H

#include <poll.h>
#include <signal.h>
#include <time.h>

#include "netmap/file.h"

/* A netmap descriptor that is waited for. */
struct nm_wish {
	int fd;
	struct nm_file *file; /* lent */
	struct nm_port *port; /* NULL: not registered, which is an error to poll(2) */
	short events;
	short revents; /* comes back */
	bool by_kloop;
};

/* Descriptors that are waited for to wake one wish. */
#define NM_WISH_FDS 4u

/* Synchronises what poll(2) with such events does, and tells what is ready. */
short nm_poll_port(struct nm_port *p, short events);

/*
 * Waits for one of the wishes, or of n_fds others, for which fds has room besides for
 * NM_WISH_FDS of each wish. timeout: NULL: for ever. mask: as ppoll(2), or NULL. How many of
 * both have something to tell, or a negative errno.
 */
int nm_wait(struct nm_wish *wishes, unsigned n, struct pollfd *fds, unsigned n_fds,
	    const struct timespec *timeout, const sigset_t *mask);

#endif
