/* SPDX-License-Identifier: BSD-2-Clause */
/* What ioctl(2) does on a netmap descriptor: a row of a table for each request. */
#ifndef NETMAP_CONTROL_H
#define NETMAP_CONTROL_H

#include "netmap/file.h"
#include "netmap/request.h"

/* Is it a request of netmap's ioctl(2)? */
static inline bool nm_is_ioctl(unsigned long code)
{
	return (code >> 8 & 0xff) == 'i';
}

/* 0, or a negative errno, some with a text. user: the program's memory. */
int nm_ioctl(struct nm_file *f, int fd, unsigned long code, uint64_t arg,
	     const struct nm_user *user, struct weir_err *err);

#endif
