/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What the program that sends from inside the kernel (kernel-send.bpf.c) shares with the
 * back end that feeds it (lib/port/kernel-tx.c): memory that both have mapped.
 *
 * User space announces frames in a ring, the program sends them in that order. Positions
 * count frames and run free. A line has one writer; each stands on cache lines of its own.
 */
#ifndef BPF_KERNEL_SEND_H
#define BPF_KERNEL_SEND_H

#include <linux/types.h>

/* Frames that may be announced at once; a power of two. */
#define KERNEL_RING 4096u

/* The longest frame: what a page holds beside the kernel's own: 256 bytes of headroom,
 * its struct skb_shared_info and struct xdp_page_head (net/bpf/test_run.c); Linux 6.18 has
 * room for 3,408. */
#define KERNEL_FRAME_MAX 3328u

/* The program looks at a frame's bytes in blocks of this, so that much lies behind each. */
#define KERNEL_BLOCK 64u

/* As far as the verifier lets a program reach into one map (BPF_MAX_VAR_OFF). */
#define KERNEL_MEMORY_MAX (1u << 29)

/* How late frames left, in buckets as weir/hist.h has them. */
#define KERNEL_LATE_BITS    5
#define KERNEL_LATE_BUCKETS ((64 - KERNEL_LATE_BITS + 1) << KERNEL_LATE_BITS)

struct kernel_desc {
	__u64 due_ns; /* CLOCK_MONOTONIC at which it leaves; 0 = at once */
	__u32 off;    /* of its first byte in the map "memory" */
	__u32 len;
};

struct kernel_shared {
	/* Written by user space. */
	__u64 head __attribute__((aligned(64))); /* frames announced */

	/* Written by the program. */
	__u64 tail __attribute__((aligned(64))); /* of these, sent on; told now and then */
	__u64 idle;				 /* runs in which no frame was due */
	__u64 next __attribute__((aligned(64))); /* the frame that comes next */
	__u64 seen;				 /* head when it was last looked at */
	__u64 fence;
	__u64 late[KERNEL_LATE_BUCKETS]; /* of those that had a time */
	__u64 late_max;			 /* ns */

	/* Written by the program that hears of every batch that a device was given. */
	__u64 taken __attribute__((aligned(64))); /* frames that the device took */
	__u64 refused;				  /* that it did not */
	__u32 thread; /* whose batches count: thread id, 0 = none yet; by user space */

	struct kernel_desc ring[KERNEL_RING] __attribute__((aligned(64)));
};

#endif
