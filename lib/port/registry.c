/* SPDX-License-Identifier: BSD-2-Clause */
#include "port/registry.h"

/* In the order in which they are listed. */
const struct backend *const port_backends[] = {
	&xdp_backend,	 &packet_backend, &kernel_backend, &tap_backend, &vale_backend,
	&netmap_backend, &file_backend,	  &null_backend,   &mem_backend, NULL,
};
