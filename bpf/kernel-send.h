/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What the programs that send from inside the kernel (kernel-send.bpf.c) share with the
 * back end that feeds them (lib/port/kernel-tx.c): memory that both have mapped.
 *
 * User space announces frames in a ring, the program sends them in that order. There are two
 * programs: one is told where frames lie, the other makes them of their numbers. Positions
 * run free. A line has one writer; each stands on cache lines of its own.
 */
#ifndef BPF_KERNEL_SEND_H
#define BPF_KERNEL_SEND_H

#include <linux/types.h>

#include "kernel-recipe.h"

/* Frames that may be announced at once; a power of two. So many last for some milliseconds,
 * which user space may have to wait for a processor; more would be sent for too long after
 * a run has been stopped. */
#define KERNEL_RING 16384u

/* Of these, frames that have to be copied into slots of the map "memory"; a power of two. */
#define KERNEL_SLOTS 4096u

/* The longest frame: what a page holds beside the kernel's own: 256 bytes of headroom,
 * its struct skb_shared_info and struct xdp_page_head (net/bpf/test_run.c); Linux 6.18 has
 * room for 3,408. */
#define KERNEL_FRAME_MAX 3328u

/* The shortest: what the kernel makes pages of. */
#define KERNEL_FRAME_MIN 14u

/* As far as the verifier lets a program reach into one map (BPF_MAX_VAR_OFF). */
#define KERNEL_MEMORY_MAX (1u << 29)

/* How late frames left, in buckets as weir/hist.h has them. */
#define KERNEL_LATE_BITS    5
#define KERNEL_LATE_BUCKETS ((64 - KERNEL_LATE_BITS + 1) << KERNEL_LATE_BITS)

/* An announcement. */
struct kernel_desc {
	union {
		__u64 due_ns; /* timed: CLOCK_MONOTONIC at which it leaves; 0 = at once */
		__u64 n;      /* frames to be made, not timed: so many, numbered on */
	};
	union {
		struct {
			__u32 off; /* of its first byte in the map "memory" */
			__u32 len;
		};
		__u64 nr; /* of a frame to be made */
	};
};

/* Where a field stands in its set: its digit is so many frames of "stride" old. */
struct kernel_digit {
	__u64 digit, age;
};

struct kernel_shared {
	/* Written by user space. */
	__u64 head __attribute__((aligned(64))); /* announcements */

	/* Written by the program. */
	__u64 tail __attribute__((aligned(64))); /* frames sent on; told now and then */
	__u64 idle;				 /* runs in which no frame was due */
	__u64 next __attribute__((aligned(64))); /* the announcement that comes next */
	__u64 seen;				 /* head when it was last looked at */
	__u64 sent;				 /* frames sent on */
	__u64 left;				 /* of those announced together */
	__u64 nr;				 /* of the next of them */
	__u64 digits_of;			 /* the frame that the digits are of */
	__u64 fence;
	__u64 late[KERNEL_LATE_BUCKETS]; /* of those that had a time */
	__u64 late_max;			 /* ns */
	struct kernel_digit digits[KERNEL_FIELDS];
	__u64 sums[KERNEL_SUMS]; /* of what stays and of slow fields */

	/* Written by the program that hears of every batch that a device was given. */
	__u64 taken __attribute__((aligned(64))); /* frames that the device took */
	__u64 refused;				  /* that it did not */
	__u32 thread; /* whose batches count: thread id, 0 = none yet; by user space */

	/* What frames are made of: by user space before it runs, slow fields by the program. */
	__u8 bytes[KERNEL_FRAME_MAX] __attribute__((aligned(64)));

	struct kernel_desc ring[KERNEL_RING] __attribute__((aligned(64)));
};

#endif
