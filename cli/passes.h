/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How made frames are sent: what is made only once, and how many frames the sender sees as
 * one pass. They are numbered over all passes, so that it makes no difference to them.
 */
#ifndef CLI_PASSES_H
#define CLI_PASSES_H

#include <stdbool.h>
#include <stdint.h>

struct passes {
	uint64_t n_frames; /* of one pass, for weir_maker */
	bool preload;	   /* make them once and send them again and again */
	uint64_t loops;	   /* passes; 0: for ever */
	uint64_t limit;	   /* frames after which the last pass ends; 0: it is whole */
};

/* n_frames: after which frames are the same again, if they repeat; total: how many to send,
 * UINT64_MAX: no end. */
struct passes passes_plan(uint64_t n_frames, uint32_t max_len, bool repeats, uint64_t total);

#endif
