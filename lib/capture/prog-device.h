/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CAPTURE_PROG_DEVICE_H
#define CAPTURE_PROG_DEVICE_H

#include <stddef.h>

/* The object of capture.skel.h's skeleton, whose XDP program asks the driver for the device's time,
 * and is loaded for one device. Static. */
const void *prog_device_object(size_t *ret_size);

#endif
