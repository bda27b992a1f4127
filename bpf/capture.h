/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The ring that captured frames lie in: finished blocks of pcapng, one after another, which
 * go to the file as they are. Whoever receives frames writes it, a thread or a program in
 * the kernel; a writer reads it. One of each.
 *
 *	| struct capture_ring, a page | data, a power of two ... | slack |
 *
 * Positions count bytes and run free. A block lies within one chunk of CAPTURE_CHUNK bytes;
 * what is left of a chunk begins with CAPTURE_FILLER and its length, which is never less than
 * CAPTURE_FILLER_MIN: the writer goes over it. The slack is there for whoever cannot prove that it
 *stays within.
 */
#ifndef BPF_CAPTURE_H
#define BPF_CAPTURE_H

#include <linux/types.h>

#define CAPTURE_PAGE	   4096u
#define CAPTURE_CHUNK	   (1u << 20)
#define CAPTURE_FRAME_MAX  262144u /* bytes of a frame: WEIR_FRAME_MAX */
#define CAPTURE_BLOCK_MAX  (CAPTURE_FRAME_MAX + 128u)
#define CAPTURE_SLACK	   (CAPTURE_BLOCK_MAX + CAPTURE_PAGE)
#define CAPTURE_FILLER	   4u /* no type of a frame's block */
#define CAPTURE_FILLER_MIN 16u

struct capture_ring {
	/* Written by whoever receives. What counts frames counts each in one of kept,
	 * filtered and dropped. */
	__u64 head __attribute__((aligned(64))); /* bytes that are there to be read */
	__u64 frames;				 /* that are, or were, in the ring */
	__u64 filtered;				 /* not wanted */
	__u64 dropped;				 /* there was no room */
	__u64 untold;				 /* of these, since the last frame in the ring */
	__u64 next_id;				 /* of a packet */
	__u32 busy;				 /* programs: a frame is being written */
	__u64 nested; /* programs: dropped, since they came while another was written */

	/* Written by the writer. */
	__u64 tail __attribute__((aligned(64))); /* bytes that it needs no more */
	__s64 shift_ns; /* programs: the wall clock less the clock that they have */
	/* Of a tap: what its readers have told of the counters above. */
	__u64 told_filtered, told_dropped, told_nested;
};

/* What the programs of a tap are, for whoever opens it; constant once ready is set. */
struct capture_tap {
	__u32 ready; /* CAPTURE_TAP_READY */
	__u32 ifindex;
	__u64 netns;	/* SO_NETNS_COOKIE of the interface's network namespace */
	__u64 begin_ns; /* CLOCK_BOOTTIME */
	__u64 ring_size;
	__u32 n_rings;
	__u32 marks; /* enum capture_options */
	__u32 has_tai;
	__u32 hooks; /* enum capture_hooks */
	__u32 linktype;
	char device[16];
};

/* Changes whenever these structures do, which programs of different ages may share. */
#define CAPTURE_TAP_READY 0x77740001u

/* Where its programs are attached. */
enum capture_hooks {
	CAPTURE_XDP = 1 << 0,
	CAPTURE_TC_IN = 1 << 1,
	CAPTURE_TC_OUT = 1 << 2,
};

/*
 * What is told to programs while they run, and by them beside their rings. A tap outlives
 * whoever started it; its programs take their settings from here alone.
 */
struct capture_control {
	/* Written by user space. */
	__u32 on;	    /* does anybody want frames? */
	__u32 drops;	    /* taps: arriving frames go no further, */
	__u32 hold;	    /* also if nobody has read for CAPTURE_PATIENCE_NS */
	__u32 snaplen;	    /* taps: at least 1 */
	__u32 iface;	    /* taps: in the reader's file */
	__u32 reader;	    /* taps: the process that reads, or read last; 0: none has */
	__u64 beat_ns;	    /* taps: when it last did; CLOCK_MONOTONIC */
	__u64 told_orphans; /* taps: as told_dropped of a ring */

	/* Written by programs: frames of processors that have no ring. */
	__u64 orphans __attribute__((aligned(64)));

	struct capture_tap tap;
};

#define CAPTURE_PATIENCE_NS 5000000000ull

/* Options that each frame's block gets, in this order. */
enum capture_options {
	CAPTURE_FLAGS = 1 << 0, /* epb_flags: which way it went */
	CAPTURE_ID = 1 << 1,	/* epb_packetid */
	CAPTURE_QUEUE = 1 << 2, /* epb_queue */
};

#define CAPTURE_INBOUND	 1u /* values of epb_flags */
#define CAPTURE_OUTBOUND 2u

#endif
