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
#define CAPTURE_NEAR_MAX   256u

/* How times of a device's clock become UTC. A frame is stamped within CAPTURE_LINE_REACH of
 * when the clock was last seen; what claims another time is none of that clock. */
struct capture_line {
	__u64 base_ns;	 /* when the clock was last seen, by itself; 0: it was not */
	__s64 offset_ns; /* UTC less the clock, then */
	__s64 rate;	 /* how it changes for each ns of the clock, times CAPTURE_LINE_ONE */
};

#define CAPTURE_LINE_ONE   (1ull << 32)
#define CAPTURE_LINE_REACH 10000000000ull /* ns */

static inline int capture_line_knows(const struct capture_line *l, __u64 clock_ns)
{
	return l->base_ns && clock_ns - l->base_ns + CAPTURE_LINE_REACH <= 2 * CAPTURE_LINE_REACH;
}

/* Of a time that it knows. */
static inline __u64 capture_line_utc(const struct capture_line *l, __u64 clock_ns)
{
	__s64 since = (__s64)(clock_ns - l->base_ns);

	return clock_ns + (__u64)(l->offset_ns + (since * l->rate >> 32));
}

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
	__u64 nested;	 /* programs: dropped, since they came while another was written */
	__u64 stamped;	 /* of frames: arrived with a stamp of the device's clock */
	__u64 unstamped; /* arrived without, where there should have been one */

	/* Written by the writer. */
	__u64 tail __attribute__((aligned(64))); /* bytes that it needs no more */
	__s64 shift_ns; /* programs: the wall clock less the clock that they have */
	/* Of a tap: what its readers have told of the counters above. */
	__u64 told_filtered, told_dropped, told_nested;

	/* Of the device's clock, where frames have its stamps: lines[line & 1] holds, and the
	 * other one is written next. */
	struct capture_line lines[2];
	__u32 line;

	/* Programs: the beginning of the frame that the filter looks at. */
	__u8 near[CAPTURE_NEAR_MAX] __attribute__((aligned(64)));
};

/* Where the instructions of a filter go: functions that have so many instructions of no use,
 * behind one that loads the number. */
#define CAPTURE_FILTER_ROOM 6000
#define CAPTURE_FILTER_XDP  0x77656972
#define CAPTURE_FILTER_TC   0x77656973

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
	struct {
		__u32 handle, priority;
	} filters[2]; /* of frames that arrive, that are sent */
	char device[16];
	char filter[1024]; /* its text, as far as there is room */
};

/* Changes whenever these structures do, which programs of different ages may share. */
#define CAPTURE_TAP_READY 0x77740003u

/* Where its programs are attached. */
enum capture_hooks {
	CAPTURE_XDP = 1 << 0,
	CAPTURE_TC_IN = 1 << 1,
	CAPTURE_TC_OUT = 1 << 2,
	CAPTURE_CLSACT = 1 << 3, /* those of traffic control are filters, and no links */
	CAPTURE_QDISC = 1 << 4,	 /* whose qdisc was made for them */
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

/* The line that holds now. What stands there follows from its number, which so is read before it
 * everywhere. */
static inline const struct capture_line *capture_line_now(const struct capture_ring *r)
{
	return &r->lines[*(const volatile __u32 *)&r->line & 1];
}

#define CAPTURE_INBOUND	 1u /* values of epb_flags */
#define CAPTURE_OUTBOUND 2u

#endif
