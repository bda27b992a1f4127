/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Receiving: a thread for each queue of a port, which counts what comes and hands batches
 * to whoever looks at them.
 */
#ifndef CLI_RECEIVER_H
#define CLI_RECEIVER_H

#include <stdbool.h>
#include <stdint.h>

#include <weir/err.h>
#include <weir/port.h>

#define RECEIVER_MAX_BATCH 512u

struct receiver_opts {
	struct weir_port *port; /* lent */
	unsigned batch;		/* frames a call at most, up to RECEIVER_MAX_BATCH; 0: 256 */
	uint64_t limit;		/* stop after so many frames; several queues may have a batch
				 * each in excess. 0: none */
	uint64_t idle_ns;	/* stop when nothing came for so long after the first; 0: never */
	/* Called by the thread of a queue: before it begins, or NULL; with what came, now_ns
	 * being CLOCK_REALTIME. The frames are lent until it returns. */
	void (*begin)(void *ctx, unsigned queue);
	void (*take)(void *ctx, unsigned queue, const struct weir_pkt *pkts, unsigned n,
		     uint64_t now_ns);
	void *ctx;
};

/* What all queues have received so far. */
struct receiver_counts {
	uint64_t frames, bytes, batches;
	uint64_t first_ns, last_ns; /* CLOCK_MONOTONIC of the first and the last batch; 0: none */
};

struct receiver;

/* Makes a receiver; nothing is taken yet. To be freed with receiver_free(). What eventfd(2)
 * gives. */
int receiver_new(const struct receiver_opts *opts, struct receiver **ret_r, struct weir_err *err);

/* Starts the threads. Once only. Who wants no signals there blocks them meanwhile. */
int receiver_start(struct receiver *r, struct weir_err *err);

/* Ends the run, within 10 ms. From any thread. */
void receiver_stop(struct receiver *r);

/* Readable when all threads have ended, for poll(2). Lent. */
int receiver_fd(const struct receiver *r);

void receiver_counts(const struct receiver *r, struct receiver_counts *ret_counts);

/* Stops, and waits for the end. 0, or the error of a queue. */
int receiver_join(struct receiver *r, struct weir_err *err);

/* Stops, joins, frees. NULL is allowed. Returns NULL. */
struct receiver *receiver_free(struct receiver *r);

#endif
