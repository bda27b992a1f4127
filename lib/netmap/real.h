/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The C library's functions below those that the netmap API takes the place of: where a call
 * goes that is none of its business. They are looked up behind this library, so that others
 * that were loaded before the program, too, have their turn.
 */
#ifndef NETMAP_REAL_H
#define NETMAP_REAL_H

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

/* Of programs that were compiled with _FORTIFY_SOURCE. */
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int dir, const char *path, int flags);
int __openat64_2(int dir, const char *path, int flags);
int __poll_chk(struct pollfd *fds, nfds_t n, int timeout_ms, size_t size);
int __ppoll_chk(struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *mask,
		size_t size);

#define REAL_CALLS(X)                                                                              \
	X(open)                                                                                    \
	X(open64)                                                                                  \
	X(openat)                                                                                  \
	X(openat64)                                                                                \
	X(__open_2)                                                                                \
	X(__open64_2)                                                                              \
	X(__openat_2)                                                                              \
	X(__openat64_2)                                                                            \
	X(close)                                                                                   \
	X(close_range)                                                                             \
	X(closefrom)                                                                               \
	X(dup)                                                                                     \
	X(dup2)                                                                                    \
	X(dup3)                                                                                    \
	X(fcntl)                                                                                   \
	X(fcntl64)                                                                                 \
	X(recvmsg)                                                                                 \
	X(recvmmsg)                                                                                \
	X(ioctl)                                                                                   \
	X(poll)                                                                                    \
	X(ppoll)                                                                                   \
	X(__poll_chk)                                                                              \
	X(__ppoll_chk)                                                                             \
	X(select)                                                                                  \
	X(pselect)                                                                                 \
	X(epoll_ctl)                                                                               \
	X(epoll_wait)                                                                              \
	X(epoll_pwait)                                                                             \
	X(epoll_pwait2)

struct real {
#define REAL_MEMBER(name) __typeof__(&(name)) name;
	REAL_CALLS(REAL_MEMBER)
#undef REAL_MEMBER
};

const struct real *real(void);

#endif
