/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The minder: a thread that minds programs in the kernel while frames of theirs are read.
 * It compares the clocks, says that somebody reads, and looks whether the interface and,
 * if it is a tap, the tap are still there.
 */
#ifndef CAPTURE_MINDER_H
#define CAPTURE_MINDER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <weir/err.h>

#include "capture/program.h"

struct minder {
	/* Set before minder_start(); lent until minder_stop(). */
	const struct program_rings *rings;
	unsigned ifindex;
	bool has_tai;		       /* the clock of the programs */
	struct capture_control *beats; /* of a tap: where to say that it is read; or NULL */
	int tap_fd;		       /* its folder; < 0: it is no tap */

	_Atomic int ended; /* 1: the tap was stopped; -ENODEV: the interface is gone */
	bool runs;
	int end_fd; /* wakes it */
	pthread_t thread;
};

/* Compares the clocks once, for programs that are about to start. */
void minder_set_clocks(const struct program_rings *rings, bool has_tai);

int minder_start(struct minder *m, struct weir_err *err);
/* Also if it was never started. */
void minder_stop(struct minder *m);

#endif
