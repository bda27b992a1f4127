/* SPDX-License-Identifier: BSD-2-Clause */
/* The sending loop over one view. */
#ifndef ENGINE_LOOP_H
#define ENGINE_LOOP_H

#include "engine/worker.h"

/* Sends what of a view is the worker's share: WORKER_GO, WORKER_END, or a negative errno
 * with its text in w->err. */
typedef int worker_send(struct worker *w, const struct weir_view *v);

/* The loop for a run with a schedule or without, for all frames or a share of them. */
worker_send *worker_loop(bool with_schedule, bool shared);

#endif
