/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The loop that makes frames, alone: nothing is sent or stored.
 *
 *	make-frames TEMPLATE FRAMES
 *
 * Prints "FRAMES SECONDS", the seconds with ns resolution.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <weir/gen.h>

#define BATCH 64u
/* As large as a chunk of the arena that a sender reads from, and laid out like it. */
#define ROOM (512u << 10)

static double now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail */
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void make(const struct weir_gen *g, uint64_t count)
{
	static uint8_t mem[ROOM];
	uint32_t lens[BATCH], used = 0;
	struct weir_pkt pkts[BATCH];

	for (uint64_t nr = 0; nr < count; nr += BATCH) {
		weir_gen_lens(g, nr, BATCH, lens); /* a loader asks for them, too */
		for (unsigned i = 0; i < BATCH; i++) {
			if (lens[i] > ROOM - used)
				used = 0;
			pkts[i] = (struct weir_pkt){ .data = mem + used };
			used += (lens[i] + 7) & ~7u;
		}
		weir_gen_frames(g, nr, pkts, BATCH);
	}
}

int main(int argc, char **argv)
{
	struct weir_gen_opts opts = { 0 };
	struct weir_err err = { 0 };
	struct weir_gen *g = NULL;
	uint64_t count;
	double begin;

	if (argc != 3)
		return 2;
	opts.text = argv[1];
	opts.len = strlen(argv[1]);
	count = strtoull(argv[2], NULL, 10) / BATCH * BATCH;
	if (weir_gen_new(&opts, &g, &err) < 0) {
		(void)fprintf(stderr, "%s\n", weir_err_text(&err));
		return 1;
	}
	begin = now();
	make(g, count);
	printf("%" PRIu64 " %.9f\n", count, now() - begin);
	weir_gen_free(g);
	return 0;
}
