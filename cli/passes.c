/* SPDX-License-Identifier: BSD-2-Clause */
#include "passes.h"

/* What is sent again and again is made only once if it takes no more than this. */
#define MAX_PRELOAD (1ULL << 30)

/* Passes of fewer frames are joined: the end of each costs the sender as much as some frames
 * do. */
#define SHORT_PASS  64u
#define JOINED_PASS 1024u

/* Passes over n frames that repeat, joined to a long one of which total is a multiple (0: no
 * end). 0: there is none. */
static uint64_t joined_pass(uint64_t n, uint64_t total)
{
	uint64_t pass = JOINED_PASS / n * n;

	while (pass && total % pass)
		pass -= n;
	return pass;
}

struct passes passes_plan(uint64_t n, uint32_t max_len, bool repeats, uint64_t total)
{
	struct passes p = { .n_frames = n,
			    .preload = repeats && n <= MAX_PRELOAD / (max_len + 32) };

	if (total == UINT64_MAX) /* no end */
		total = 0;
	if (p.preload && n < SHORT_PASS) {
		p.n_frames = joined_pass(n, total);
		p.preload = p.n_frames != 0;
	}
	if (!p.preload)
		p.n_frames = total ? total : n;
	/* The limit alone would not end what the port refuses. */
	p.loops = total / p.n_frames + (total % p.n_frames != 0);
	p.limit = total % p.n_frames ? total : 0;
	return p;
}
