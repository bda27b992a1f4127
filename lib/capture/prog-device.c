/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The programs that capture once more, built to ask the driver for the device's time of each
 * frame. Their skeleton has the same names and members as that of the others, so that only
 * this file need know it.
 */
/* The skeleton has structs of it. */
#include "capture.h"

#include "capture-device.skel.h"

#include "capture/prog-device.h"

struct capture *prog_device_open(void)
{
	return capture__open();
}
