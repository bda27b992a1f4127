/* SPDX-License-Identifier: BSD-2-Clause */
/* What a sending thread asks of the system for itself. */
#ifndef ENGINE_THREAD_H
#define ENGINE_THREAD_H

#include <weir/err.h>

/*
 * Prepares the calling thread. pin: tie it to the pin-th processor that it may run on,
 * counted round; -1: do not. rt_priority: SCHED_FIFO at this, 0: do not. *ret_cpu is the
 * processor, or -1. -EPERM: the text names the privilege.
 */
int thread_prepare(int pin, int rt_priority, int *ret_cpu, struct weir_err *err);

#endif
