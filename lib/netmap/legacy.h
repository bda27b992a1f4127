/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests of the API before version 14, struct nmreq: turned into one of today's and back. Pure.
 */
#ifndef NETMAP_LEGACY_H
#define NETMAP_LEGACY_H

#include "netmap/request.h"

/* Makes a request of what ioctl(code) was given, NIOCREGIF or NIOCGINFO. -EINVAL: a version or a
 * name that cannot be; -EOPNOTSUPP. */
int nm_legacy_read(const struct nmreq *from, unsigned long code, struct nm_request *req);

/* Writes what a request has given. */
void nm_legacy_write(const struct nm_request *req, struct nmreq *to);

#endif
