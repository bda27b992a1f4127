/* SPDX-License-Identifier: BSD-2-Clause */
/* kernel: what its parts share. See kernel.c. */
#ifndef PORT_KERNEL_H
#define PORT_KERNEL_H

#include <pthread.h>

#include <weir/recipe.h>

#include "kernel-send.h"

#include "port/backend.h"
#include "port/link.h"

/* Memory that the programs of all queues read: a map, and where it is mapped. */
struct kernel_memory {
	int fd; /* -EBADF: none */
	uint8_t *base;
	size_t size;
};

/* What a run of the program is asked for. All is lent until it is loaded. */
struct kernel_plan {
	const struct weir_iface *iface;
	const struct kernel_memory *memory;
	const struct weir_recipe *recipe; /* frames are made by it; NULL: they are told */
	uint32_t frame_room;		  /* bytes that a run begins with */
	uint32_t batch; /* frames that the kernel hands to the device at once, at most */
	bool timed;	/* announcements have times */
	bool keep;	/* nobody changes frames that were sent */
};

/* A program of its own that is run by a thread of its own. */
struct kernel_run {
	struct kernel_send *prog;
	int fd;			      /* of the program that is run */
	struct bpf_link *count;	      /* the program's ear on what the device took */
	struct kernel_shared *shared; /* lent by prog */
	uint32_t frame_room, batch;
	pthread_t thread;
	bool thread_runs;
	_Atomic int ended; /* the negative errno that ended it; 0: it runs */
};

/* kernel-memory.c: the text of an errno that doing something came to. Returns it. */
int kernel_failed(int r, const char *what, struct weir_err *err);

/* For at least size bytes and one frame behind them. memory->fd is -EBADF
 * before; done copes with that. */
int kernel_memory_init(struct kernel_memory *m, size_t size, struct weir_err *err);
void kernel_memory_done(struct kernel_memory *m);

/* kernel-recipe.c: bytes that the lists of a recipe take, and copying them to where the
 * memory begins. */
size_t kernel_lists_size(const struct weir_recipe *r);
void kernel_lists_copy(const struct weir_recipe *r, uint8_t *to);
/* The end of what changes in frames: bytes from their beginning, 8 and more; 0: nothing does. */
uint32_t kernel_recipe_end(const struct weir_recipe *r);
/* What the program has of a recipe. */
void kernel_recipe_fill(const struct weir_recipe *r, struct kernel_recipe *ret);

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
	uint64_t head;	   /* announcements */
	uint64_t frames;   /* announced by them */
	uint64_t bytes;	   /* of these frames */
	uint64_t lost;	   /* of these frames, counted as refused */
	uint64_t enough;   /* frames under way that are too many to be woken for more */
	uint64_t idle;	   /* the program's idle runs when a drain found nothing announced */
	uint32_t slots;	   /* where in memory its slots begin */
	uint64_t mono_tai; /* CLOCK_TAI less CLOCK_MONOTONIC */
};

/*
 * The memory:	slots of queue 0 | slots of queue 1 | ... | region
 * or, with a recipe:	lists
 */
struct kernel_priv {
	struct weir_iface iface;
	struct kernel_txq *queues;
	unsigned n_queues;
	uint32_t frame_max;  /* the longest that can be sent */
	uint32_t frame_room; /* what runs begin with: the length that most have */
	uint32_t slot;	     /* bytes for a frame that has to be copied; KERNEL_SLOTS of them */
	const struct weir_recipe *recipe; /* NULL: frames are told */
	struct weir_pkt made;		  /* one of those that it makes: */
	uint8_t head[LINK_ETH_LEN];	  /* how they begin */
	const uint8_t *region;		  /* copied into the memory, or NULL */
	size_t region_size;
	uint32_t region_off; /* where in the memory it lies */
	struct kernel_memory memory;
	bool keep;
};

/* kernel-tx.c */
int kernel_txq_open(struct weir_port *port, unsigned q, struct weir_err *err);
void kernel_txq_close(struct weir_port *port, unsigned q);
int kernel_tx(struct weir_port *port, unsigned q, const struct weir_pkt *pkts, unsigned n);
int kernel_tx_wait(struct weir_port *port, unsigned q, uint64_t timeout_ns);
int kernel_tx_drain(struct weir_port *port, unsigned q, uint64_t timeout_ns);
void kernel_lateness(const struct weir_port *port, struct weir_hist *ret_hist);

#endif
