/* SPDX-License-Identifier: BSD-2-Clause */
/* kernel: what its parts share. See kernel.c. */
#ifndef PORT_KERNEL_H
#define PORT_KERNEL_H

#include <pthread.h>

#include "kernel-send.h"

#include "port/backend.h"
#include "port/link.h"

/* What a run of the program is asked for. */
struct kernel_plan {
	const struct weir_iface *iface;
	uint32_t frame_room; /* longest frame */
	uint32_t memory;     /* bytes that frames lie in */
	uint32_t batch;	     /* frames that the kernel hands to the device at once, at most */
};

/* A program of its own that is run by a thread of its own. */
struct kernel_run {
	struct kernel_send *prog;
	struct bpf_link *count; /* the program's ear on what the device took */
	uint8_t *memory;
	size_t memory_size;
	struct kernel_shared *shared; /* lent by prog */
	uint32_t frame_room, batch;
	pthread_t thread;
	bool thread_runs;
	_Atomic int ended; /* the negative errno that ended it; 0: it runs */
};

/* kernel-run.c: loads the program and lets it run; frames may be announced when it
 * returns. To be ended with kernel_run_close(), also after a failure. -EPERM, -ENOTSUP:
 * the text says what is missing. */
int kernel_run_open(struct kernel_run *r, const struct kernel_plan *plan, struct weir_err *err);
void kernel_run_close(struct kernel_run *r);

/* Does this kernel run such programs for this user? Leaves nothing behind. */
int kernel_run_probe(struct weir_err *err);

/* The sending side of a queue. */
struct kernel_txq {
	_Alignas(64) struct kernel_run run;
	struct link_track link;
	uint64_t head;	   /* frames announced */
	uint64_t lost;	   /* of these, counted as refused */
	uint64_t bytes;	   /* of the frames announced */
	uint64_t idle;	   /* the program's idle runs when a drain found nothing announced */
	uint32_t slot;	   /* bytes for a frame that has to be copied; KERNEL_RING of them */
	uint64_t mono_tai; /* CLOCK_TAI less CLOCK_MONOTONIC */
};

struct kernel_priv {
	struct weir_iface iface;
	struct kernel_txq *queues;
	unsigned n_queues;
	uint32_t frame_room;
	const uint8_t *region; /* copied into the program's memory behind the slots, or NULL */
	size_t region_size;
};

/* kernel-tx.c */
int kernel_txq_open(struct weir_port *port, unsigned q, struct weir_err *err);
void kernel_txq_close(struct weir_port *port, unsigned q);
int kernel_tx(struct weir_port *port, unsigned q, const struct weir_pkt *pkts, unsigned n);
int kernel_tx_wait(struct weir_port *port, unsigned q, uint64_t timeout_ns);
int kernel_tx_drain(struct weir_port *port, unsigned q, uint64_t timeout_ns);
void kernel_lateness(const struct weir_port *port, struct weir_hist *ret_hist);

#endif
