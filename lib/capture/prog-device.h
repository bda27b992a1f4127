/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CAPTURE_PROG_DEVICE_H
#define CAPTURE_PROG_DEVICE_H

struct capture; /* capture.skel.h */

/* As capture__open(), whose result is used and ended the same way. The XDP program of this one
 * asks the driver for the device's time, and is loaded for one device. */
struct capture *prog_device_open(void);

#endif
