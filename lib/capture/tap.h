/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Taps as they lie in the BPF file system (weir/tap.h). A tap is a folder:
 *
 *	control		map: struct capture_control
 *	rings		map: a ring for each processor
 *	prog-in, prog-out	the programs
 *	link-in, link-out	what they hang on at the interface
 *
 * It is named like the interface, with ':' for each '.', which that file system does not allow;
 * if the name is taken by a tap of another network namespace, ":netns-COOKIE" follows. Which tap
 * it is, the control says alone.
 *
 * Whoever starts, stops or lists taps holds a lock on the folder of all taps, so that nobody
 * sees half of one; who reads one holds a lock on its own.
 */
#ifndef CAPTURE_TAP_H
#define CAPTURE_TAP_H

#include <stdbool.h>

#include <weir/tap.h>

#include "capture.h"

struct tap {
	char path[256];
	int fd;				 /* the folder */
	struct capture_control *control; /* NULL: it was not made to its end */
	enum weir_tap_state state;
};

/* The tap on an interface of this network namespace, or what is left of one of that name.
 * -ENOENT: there is none. To be ended with tap_done(). */
int tap_find(const char *device, struct tap *ret_tap, struct weir_err *err);
/* Copes with one that tap_find() has not touched if its fd is negative. */
void tap_done(struct tap *tap);

/* Its rings, to be closed; or a negative errno with text. */
int tap_rings_fd(const struct tap *tap, struct weir_err *err);

/* Makes us the reader until tap_done() or the end of this process. -EBUSY: there is one. */
int tap_lock(const struct tap *tap, struct weir_err *err);

#endif
