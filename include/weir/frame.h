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
	int64_t ts_ns;	   /* capture time, ns since 1970 UTC */
	uint64_t nr;	   /* place in its file, from 1 */
	uint64_t loop;	   /* pass over the trace, from 0 */
	uint16_t linktype; /* LINKTYPE_ number of the frame (pcap-linktype(7)) */
	uint8_t port;	   /* index of the port it goes to, or WEIR_NO_PORT: drop */
};

/*
 * A stage: frames in, the same frames out, changed, sent elsewhere or dropped.
 * It makes no system call and keeps its state in ctx. Stages run where frames
 * are loaded (once for a preloaded trace, unless .per_loop) or on their way
 * between two ports, never inside the sending loop.
 */
struct weir_stage {
	/* Handle n frames in order. 0, or a negative errno that ends the run. */
	int (*run)(void *ctx, struct weir_buf *bufs, unsigned n);
	void *ctx;     /* lent by the owner of the stage, outlives its use */
	bool changes;  /* writes to data; otherwise it only reads, and sets .port */
	bool per_loop; /* the result depends on .loop: it runs anew for each one */
};

#ifdef __cplusplus
}
#endif
#endif
