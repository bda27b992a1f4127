/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Control blocks (CSB) and the loop that synchronises rings by them. A program that has given
 * control blocks for its rings does not call the kernel any more: it writes its head and cur
 * there, and a thread of its own that sits in ioctl(SYNC_KLOOP_START) does what poll(2) would
 * do. The program kicks it by an eventfd for each ring and is woken by another, or the loop
 * looks every so many microseconds.
 */
#ifndef NETMAP_KLOOP_H
#define NETMAP_KLOOP_H

#include "netmap/port.h"
#include "netmap/request.h"

static inline bool nm_csb_enabled(const struct nm_port *p)
{
	return p->kloop;
}

/* Takes over control blocks. -EINVAL: the port is not exclusive, or has some already, or their
 * place is wrong; -EFAULT: there is no memory. */
int nm_csb_enable(struct nm_port *p, const struct nmreq_opt_csb *csb, const struct nm_user *user,
		  struct weir_err *err);

/* Runs the loop until it is stopped. -EBUSY: one runs; -EINVAL: no control blocks, or eventfds for
 * another number of rings; -ENXIO: the switch has gone; -EINTR. */
int nm_kloop_run(struct nm_port *p, int fd, struct nm_request *req, struct weir_err *err);

/* Stops it, and waits until it has stopped. If none runs, the next one ends at once. */
int nm_kloop_stop(struct nm_port *p);

/* No loop runs. NULL is allowed. */
void nm_kloop_free(struct nm_kloop *k);

#endif
