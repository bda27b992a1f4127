/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Netmap descriptors in epoll sets. The kernel's set does not know of them: they are kept here,
 * and a wait is one for the set, which poll(2) can wait for, and for them. They are told as
 * long as they are ready (level-triggered), whatever EPOLLET says.
 */
#ifndef NETMAP_EPOLL_H
#define NETMAP_EPOLL_H

#include <stdbool.h>
#include <sys/epoll.h>
#include <time.h>

/* Has the set members of netmap's? */
bool nm_epoll_has(int set);

/* As epoll_ctl(2) for a descriptor of netmap's: 0, or a negative errno. */
int nm_epoll_ctl(int set, int op, int fd, const struct epoll_event *event);

/* As epoll_pwait2(2) for a set that has members of netmap's: how many, or a negative errno. */
int nm_epoll_wait(int set, struct epoll_event *events, int max, const struct timespec *timeout,
		  const sigset_t *mask);

/* The descriptor is going to be closed: a set or a member. */
void nm_epoll_closing(int fd);

#endif
