/* SPDX-License-Identifier: BSD-2-Clause */
/* The rows of registry.c: each is the only global of its file. */
#ifndef PORT_REGISTRY_H
#define PORT_REGISTRY_H

#include "port/backend.h"

extern const struct backend file_backend;
extern const struct backend kernel_backend;
extern const struct backend mem_backend;
extern const struct backend netmap_backend;
extern const struct backend null_backend;
extern const struct backend packet_backend;
extern const struct backend tap_backend;
extern const struct backend vale_backend;
extern const struct backend xdp_backend;

#endif
