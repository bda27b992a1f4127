/* SPDX-License-Identifier: BSD-2-Clause */
/* The client's side of a switch: connections, requests, ports, sleeping. */
#ifndef VALE_CLIENT_H
#define VALE_CLIENT_H

#include <stdbool.h>
#include <unistd.h>

#include "vale/proto.h"

/* A port, or some rings of it, opened by a connection. */
struct vale_client {
	int fd;		       /* the connection */
	int fds[VALE_MSG_FDS]; /* enum vale_fd; of a pipe enum vale_pipe_fd */
	bool is_pipe;
	unsigned end; /* of a pipe: 0 or 1 */
	struct vale_layout layout;
	uint8_t *mem; /* the region */
	struct vale_ctl *ctl;
	bool shares; /* mem and ctl are another client's */
};

/* Connects to a switch. start: starts one if none runs. -ENOENT: none runs. The
 * descriptor is the caller's; waiting on it for longer than 10 s fails. */
int vale_connect(const char *name, bool start, int *ret_fd, struct weir_err *err);

/* The same in two steps: a socket, which may have got a name of its own before it is connected.
 * If that fails, it can be connected again. */
int vale_socket(int *ret_fd, struct weir_err *err);
int vale_connect_socket(int fd, const char *name, bool start, struct weir_err *err);

/* Sends a request and receives its answer. On success *m is the answer, whose descriptors
 * are the caller's (vale_msg_done()). */
int vale_request(int fd, struct vale_msg *m, struct weir_err *err);

/* Opens a port of a switch, which is started if none runs. from: a client that has the same
 * port open, whose mapping is used as long as this one lives; or NULL. To be closed with
 * vale_client_close(), also on failure. */
int vale_client_open(struct vale_client *c, const char *name, const struct vale_open *open,
		     const struct vale_client *from, struct weir_err *err);
void vale_client_close(struct vale_client *c);

/* Takes what is in an answer to OPEN or AGAIN: its descriptors, also on failure. c is as
 * vale_client_init() has made it. */
int vale_client_take(struct vale_client *c, const struct vale_msg *m,
		     const struct vale_client *from, struct weir_err *err);
void vale_client_init(struct vale_client *c);

/* Tells the switch of memory that slots will point into: region bytes at base, which are
 * mapped from offset on of memfd fd. */
int vale_client_arena(struct vale_client *c, const void *base, size_t size, int fd, uint64_t offset,
		      struct weir_err *err);

/* Wakes the other side by an eventfd if its flag says that it sleeps: after an index that it
 * waits for was moved. */
static inline void vale_client_kick(const _Atomic uint32_t *flag, int fd)
{
	const uint64_t one = 1;

	/* The index is published, now the flag is read: pairs with the other side's fence. */
	atomic_thread_fence(memory_order_seq_cst);
	if (atomic_load_explicit(flag, memory_order_relaxed))
		(void)!write(fd, &one, sizeof(one)); /* full: it is awake */
}

/* Has the switch gone, or the other end of a pipe? Asks the kernel. */
bool vale_client_is_gone(const struct vale_client *c);

/* What a client waits for: an index of the other side to move, in one direction of a port. */
struct vale_wait {
	const _Atomic uint32_t *index;
	_Atomic uint32_t *flag; /* our own: we sleep */
	int fd;			/* readable: wake up; hung up: it is over */
	int life_fd;		/* the same of a pipe, by the switch; -EBADF: fd tells */
};

/* Waits until the index is not seen any more, somebody wakes us, or the time is over. 0, or
 * -ENXIO: the switch or the other end is gone. */
int vale_client_sleep(const struct vale_wait *w, uint32_t seen, uint64_t timeout_ns);

/* Its three parts, for who waits for several at once: raises the flag; false: the index has moved
 * already, so do not sleep. Lowers it. Takes what woke us out of fd and life_fd. */
bool vale_wait_arm(const struct vale_wait *w, uint32_t seen);
void vale_wait_disarm(const struct vale_wait *w);
void vale_wait_drain(const struct vale_wait *w);

/* How to wait with a client: for room to send in ring, an index of the control page; for
 * frames in it. */
struct vale_wait vale_client_wait_tx(const struct vale_client *c, unsigned ring);
struct vale_wait vale_client_wait_rx(const struct vale_client *c, unsigned ring);

/* start.c: starts a switch in the background; 0 when it can be connected to. */
int vale_start(const char *name, struct weir_err *err);

#endif
