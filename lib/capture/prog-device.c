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

const void *prog_device_object(size_t *ret_size)
{
	return capture__elf_bytes(ret_size);
}
