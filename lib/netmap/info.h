/* SPDX-License-Identifier: BSD-2-Clause */
/* What can be known of a port without opening it. */
#ifndef NETMAP_INFO_H
#define NETMAP_INFO_H

#include "netmap/file.h"

struct nm_info {
	struct vale_shape shape;
	struct vale_pool_msg pool; /* its region; the name is not told */
};

/*
 * Of a port by its name in parts. One that is not there is made for the moment, as netmap does it;
 * its region stays as long as f, or until that registers, so that its number keeps its meaning.
 * The file is locked.
 */
int nm_info_of(struct nm_file *f, const char *sw, const char *port, struct nm_info *ret_info,
	       struct weir_err *err);

#endif
