/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Streams: traces laid out as a sender wants them.
 *
 * A stream lays the frames of its files one after another into chunks of one
 * mmap'd region, the arena, beside a compact index. No frame of up to 4096 bytes
 * crosses a 4096-byte page and longer ones begin on a page, so that the region
 * can be registered as an AF_XDP UMEM and be the iovec base of sendmmsg(2) as it
 * is: sending copies nothing in user space.
 *
 *     region   |chunk 0 ........|chunk 1 ........|chunk 2 ........|
 *              |f0 |f1|f2   |..  |
 *     index    {ts,off,before,len}{...}{...}
 *
 * A preloaded stream keeps every chunk and gives them again for each loop. A
 * streamed one has a fixed number of chunks that a thread of its own fills ahead.
 * Whoever takes the views cannot tell which.
 *
 * The stages of the stream run where frames are loaded.
 */
#ifndef WEIR_STREAM_H
#define WEIR_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weir/err.h>
#include <weir/frame.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Flags of an index line: what flow statistics are summed from. */
enum weir_frame_flags {
	WEIR_FRAME_FLOW = 1U << 0,	   /* belongs to a flow (IP) */
	WEIR_FRAME_FLOW_NEW = 1U << 1,	   /* first frame of a flow never seen before */
	WEIR_FRAME_FLOW_EXPIRED = 1U << 2, /* first frame after the flow had expired */
	WEIR_FRAME_FLOW_INVALID = 1U << 3, /* too damaged to tell, or 802.3 without IP */
};

/* How frames are shared out among parts. */
enum weir_shard {
	WEIR_SHARD_FLOW, /* by flow, both directions together, so that each keeps its order */
	WEIR_SHARD_ROUND_ROBIN, /* by place in the loop: evenly, and in no order between parts */
};

/* Flows are shared out by a hash of so many values. */
#define WEIR_MAX_PARTS 256

/* A line of the index. */
struct weir_frame {
	int64_t ts_ns;	   /* capture time, ns since 1970 UTC */
	uint32_t off;	   /* of the first byte, from view.mem */
	uint32_t before;   /* bytes of all frames before it in its view */
	uint32_t len : 24; /* bytes */
	uint32_t port : 4; /* index of the port it goes to */
	uint32_t flags : 4;
	uint32_t orig_len : 24; /* bytes on the wire, at most 2^24 - 1 */
	uint32_t lane : 8;	/* if shared out by flow: its hash, the same in both directions */
};

/*
 * Some consecutive frames, ready to be sent, and their place in the whole run
 * (all loops), from which the schedule is computed (pace.h).
 */
struct weir_view {
	const struct weir_frame *frames;
	uint8_t *mem;
	uint32_t n;
	uint32_t file;		/* index of the file they come from */
	uint64_t loop;		/* from 0 */
	uint64_t frames_before; /* frames of all earlier views, over all loops */
	uint64_t bytes_before;	/* and their bytes */
	uint64_t time_before;	/* ns of recorded time of earlier loops and files */
	int64_t ts_zero;	/* capture time of the first frame of the file */
	int64_t ts_max;		/* latest capture time of the file before this view */
	uint8_t flags_mask;	/* of frame.flags in this loop: a flow is new only once */
	bool loop_begins;	/* first view of its loop */
	/* The cursor's part of the frames, by their places in the view, in order; NULL: all. */
	const uint32_t *mine;
	uint32_t n_mine;
};

/* The memory of all frames of a stream. */
struct weir_region {
	void *base; /* page aligned; NULL if there is none */
	size_t size;
	bool constant; /* what lies in it stays as it is while the stream lives */
	bool shared;   /* it is a mapping of fd from its start on, for other processes to map */
	int fd;	       /* a memfd that cannot shrink; lent with the region */
};

/*
 * Frames that are made on demand, instead of read. Called from one thread at a time,
 * which may be the stream's own.
 */
struct weir_maker {
	/* Lengths of the n frames from number first on, counted over all passes. */
	void (*lens)(void *ctx, uint64_t first, unsigned n, uint32_t *ret_lens);
	/* Writes these frames to pkts[].data, where there is room for them; sets .len and
	 * .orig_len. */
	void (*frames)(void *ctx, uint64_t first, struct weir_pkt *pkts, unsigned n);
	void *ctx;
	uint64_t n_frames; /* of one pass; endless runs count several short ones as one */
	uint32_t max_len;
	uint32_t linktype;
};

struct weir_stream_opts {
	const char *const *files; /* paths, "-" is stdin; lent while the stream lives */
	unsigned n_files;
	const struct weir_maker *maker; /* frames made by this instead of files; copied */
	bool dual;		/* files are pairs merged by time: 1st to port 0, 2nd to port 1 */
	bool preload;		/* load all before the first view */
	bool shared;		/* the region is one that other processes can map */
	bool pad;		/* give cut frames their wire length, filled with zeros */
	bool flows;		/* set the flow flags */
	uint32_t flow_expiry_s; /* recorded seconds without a frame; 0 = never */
	uint64_t loops;		/* passes over the files, 0 = for ever */
	unsigned n_cursors;	/* readers of views, at least 1 */
	unsigned n_parts;	/* frames are shared out to so many; 0 or 1 = all to each cursor */
	unsigned first_part;	/* cursor i gets part first_part + i */
	enum weir_shard shard;
	uint64_t max_memory; /* bytes a preload may take, 0 = what the machine has free */
	const struct weir_stage *stages; /* lent; run in order on each frame */
	unsigned n_stages;
	/* Tells of a damaged file or of frames that were left out, in one line.
	 * Called from the stream's own thread or from within a call. May be NULL. */
	void (*report)(void *ctx, const char *text);
	void *report_ctx;
};

struct weir_stream_info {
	uint32_t linktype;  /* of the first file's first interface, as the stages change it */
	uint64_t n_frames;  /* of one loop; 0 until known (streamed: after the first) */
	uint64_t n_bytes;   /* of one loop, as n_frames */
	uint64_t span_ns;   /* recorded time of one loop, as n_frames */
	uint32_t usual_len; /* the length that more than half of the frames have; if none is
			     * so frequent, another one. 0: not known, as if streamed */
	uint64_t memory;    /* bytes of arena and index in use */
	uint64_t problems;  /* files that were damaged or frames left out: not done whole */
	unsigned n_cursors, n_parts; /* n_parts is 1 if nothing is shared out */
	uint64_t starved_ns;	     /* longest that a cursor has waited for frames to be read */
	uint64_t input_size;	     /* bytes of all files, 0 if one is a pipe */
	uint64_t input_done;	     /* bytes of them read so far, over all loops */
};

struct weir_stream;

/*
 * Opens the files and, with preload, loads them. A file that cannot be opened is
 * an error here (all files are tried before anything is given); one that is
 * damaged later on ends at the damage, which is reported and counted.
 * -ENOMEM: the preload needs more than max_memory; the text says how much. -EINVAL:
 * stdin is to be looped without preload, or pairs are not pairs.
 */
int weir_stream_open(const struct weir_stream_opts *opts, struct weir_stream **ret_stream,
		     struct weir_err *err);

/* The memory that all views of this stream lie in; lent while it lives. */
struct weir_region weir_stream_region(const struct weir_stream *s);

void weir_stream_info(struct weir_stream *s, struct weir_stream_info *ret_info);

/*
 * The next view for a cursor (0 to n_cursors - 1, one thread each). 1: *ret_view is
 * filled and lent until the cursor releases it. 0: the end. -ECANCELED: stopped.
 * A cursor may hold a few views at once (at least four), not all of them: it waits
 * here for ever if it holds every chunk of a streamed trace.
 */
int weir_stream_next(struct weir_stream *s, unsigned cursor, struct weir_view *ret_view);

/* Waits up to timeout_ns until weir_stream_next() for this cursor would not wait: 1, or 0
 * when that time has gone by. */
int weir_stream_wait(struct weir_stream *s, unsigned cursor, uint64_t timeout_ns);

/* Gives back the oldest view that the cursor holds: nobody reads its memory for
 * this cursor any more (frames that a port still has count as reading). */
void weir_stream_release(struct weir_stream *s, unsigned cursor);

/* Makes every waiting and later weir_stream_next() return -ECANCELED.
 * From any thread. */
void weir_stream_stop(struct weir_stream *s);

/* Stops, joins and frees. NULL is allowed. Returns NULL. */
struct weir_stream *weir_stream_close(struct weir_stream *s);

#ifdef __cplusplus
}
#endif
#endif
