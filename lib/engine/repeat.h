/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Telling frames that circle from frames that are merely all alike.
 *
 * A frame to a group that circles through a loop outside comes in on the same side again
 * and again, and only because it was handed on. So the first copies are let through; after
 * some tens within a second all copies are dropped for a moment. If they stop coming, they
 * circled, and that has ended it. If they go on coming somebody sends them, and they are
 * trusted from then on.
 */
#ifndef ENGINE_REPEAT_H
#define ENGINE_REPEAT_H

#include <stdbool.h>
#include <stdint.h>

#define REPEAT_PLACES 1024u

struct repeat {
	uint64_t hash;
	int64_t since;	/* when the state began, or the second in which copies are counted */
	uint32_t n;	/* copies since then */
	uint8_t state;	/* 0 to begin with */
	bool came_late; /* some in the second half of the moment */
};

/* All zero to begin with. For one thread. */
struct repeats {
	struct repeat places[REPEAT_PLACES];
};

/* Is a frame to be dropped? now: when it came. */
bool repeats_drop(struct repeats *r, const uint8_t *frame, uint32_t len, int64_t now);

#endif
