/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames: the three shapes in which a frame travels through weir.
 *
 *   struct weir_pkt    an element of a batch that a port sends or receives
 *   struct weir_buf    a frame with room around it, which stages may change
 *   struct weir_frame  a line of the index beside an arena (see stream.h)
 *
 * Everything is a stream of batches flowing one way:
 *
 *     source -> stages -> schedule -> sink
 *
 * Lengths are bytes, from the first byte of the link-layer header, without
 * preamble and without frame check sequence. Times are nanoseconds.
 */
#ifndef WEIR_FRAME_H
#define WEIR_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The longest frame that weir carries: libpcap's MAXIMUM_SNAPLEN. */
#define WEIR_FRAME_MAX 262144u

/* The LINKTYPE_ number of Ethernet. */
#define WEIR_LINKTYPE_ETHERNET 1u

/* What a stage answers for a frame that goes nowhere. */
#define WEIR_NO_PORT 15u

/* One frame of a batch. The memory belongs to whoever filled the batch; how
 * long it must stay is said at the call that takes the batch. */
struct weir_pkt {
	uint8_t *data;	   /* first byte of the frame */
	uint32_t len;	   /* bytes at data */
	uint32_t orig_len; /* bytes on the wire; more than len if a capture cut it */
	int64_t ts_ns;	   /* when it was received, ns since 1970 UTC; 0 = unknown. Sending:
			    * see launch_time in port.h */
};

/* A frame that stages look at and may change in place. */
struct weir_buf {
	uint8_t *data;	   /* first byte */
	uint32_t len;	   /* bytes at data */
	uint32_t room;	   /* bytes that may be written at data; >= len if .changes */
	uint32_t orig_len; /* bytes on the wire */
	uint32_t iface;	   /* interface of its file that it came from (trace.h) */
	uint32_t file;	   /* index of the file it comes from; of a pair, of its first */
	int64_t ts_ns;	   /* capture time, ns since 1970 UTC */
	uint64_t nr;	   /* place in its file, from 1 */
	uint64_t loop;	   /* pass over the trace, from 0 */
	uint16_t linktype; /* LINKTYPE_ number of the frame (pcap-linktype(7)) */
	uint8_t port;	   /* index of the port it goes to, or WEIR_NO_PORT: drop */
};

/*
 * A stage: frames in, the same frames out, changed, sent elsewhere or dropped; or, with
 * .next, others made of them. It makes no system call and keeps its state in ctx. Stages
 * run where frames are loaded (once for a preloaded trace, unless .per_loop) or on their
 * way between two ports, never inside the sending loop. chain.h runs several in a row.
 */
struct weir_stage {
	/* Handle n frames in order. 0, or a negative errno that ends the run. */
	int (*run)(void *ctx, struct weir_buf *bufs, unsigned n);
	/*
	 * NULL: the frames go on where they are. Otherwise these are only taken in, and
	 * what is made of them is fetched here, batch by batch, until there is no more:
	 * n > 0, and *ret_bufs is n frames that go on; 0: run() may be called again; or a
	 * negative errno.
	 *
	 * Frames taken in, and their bytes, are lent to the stage until this gives 0. What
	 * it gives is lent by it until the next call of either: it may be written to up to
	 * .room, if .changes, and may be some of the frames taken in. A frame made of
	 * another one has its .nr, .file, .iface, .loop, .linktype and .port, so whatever goes
	 * by those (a cache) may stand before or behind; .ts_ns is the other one's and what it
	 * was delayed by. Frames that go nowhere are given on as they are, in their place.
	 */
	int (*next)(void *ctx, struct weir_buf **ret_bufs);
	/* The link type with which frames of the given one go on; NULL: the same. */
	uint32_t (*linktype)(void *ctx, uint32_t linktype);
	void *ctx;     /* lent by the owner of the stage, outlives its use */
	bool changes;  /* writes to data; otherwise it only reads, and sets .port */
	bool per_loop; /* the result depends on .loop: it runs anew for each one */
	/* With .next: it keeps copies of frames that other ones are to overtake. So it wants
	 * all frames of a pass, in order, and a run() of none at the end of the pass (of
	 * each file of one), after which it gives what it has kept and begins anew. */
	bool holds;
};

#ifdef __cplusplus
}
#endif
#endif
