/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Capturing: frames that arrive at ports, into files.
 *
 * Whoever receives (a thread for each queue of a port) writes each frame into a ring in
 * memory as the block that the file will have; one thread takes whole spans of blocks from
 * the rings, in the order of their times, and hands them to the file. It alone waits for the
 * disk, so that a slow one costs nothing until a ring is full; frames that find no room then
 * are counted, and the next frame of that ring says how many they were.
 *
 * Each frame that arrived is counted as exactly one of kept, filtered, dropped (three
 * places) and late. Times are nanoseconds of the wall clock, as the kernel or, where it
 * tells none, this process saw the frame; or of the device's clock, see weir_capture_time.
 *
 * A file ends with a whole frame whatever happened, a full disk and a signal included.
 * What weir_capture_open() changed on the host is undone by weir_capture_close(), or when
 * the process dies.
 *
 * All calls come from one thread, but those that say so.
 */
#ifndef WEIR_CAPTURE_H
#define WEIR_CAPTURE_H

#include <stdbool.h>
#include <stdint.h>

#include <weir/err.h>
#include <weir/frame.h>
#include <weir/trace.h>

#ifdef __cplusplus
extern "C" {
#endif

enum weir_capture_direction {
	WEIR_CAPTURE_BOTH, /* where the port tells of what is sent; otherwise as IN */
	WEIR_CAPTURE_IN,   /* what arrives */
	WEIR_CAPTURE_OUT,  /* what this machine sends there */
};

/* How frames of an interface are received, if its name is all that a port's name says. */
enum weir_capture_engine {
	WEIR_CAPTURE_AUTO,   /* the best that works: TC; to drop, XDP where the driver has it */
	WEIR_CAPTURE_XDP,    /* by a program in the driver; what is sent, as TC */
	WEIR_CAPTURE_TC,     /* by a program of traffic control (TCX, Linux 6.6) */
	WEIR_CAPTURE_PACKET, /* by an AF_PACKET socket */
	WEIR_CAPTURE_XSK,    /* by AF_XDP sockets, which take frames away from the kernel */
};

/* What becomes of frames that have arrived. */
enum weir_capture_mode {
	WEIR_CAPTURE_MIRROR, /* the kernel gets them, too */
	WEIR_CAPTURE_DROP,   /* nobody else does; XDP and TC alone */
};

/* Whose time frames have that arrive. */
enum weir_capture_time {
	WEIR_CAPTURE_TIME_SW,	  /* the system's, when they reach it */
	WEIR_CAPTURE_TIME_HW,	  /* of the device's clock (hwstamp.h), put to UTC */
	WEIR_CAPTURE_TIME_AUTO,	  /* as HW where that can be had, else as SW */
	WEIR_CAPTURE_TIME_HW_RAW, /* of the device's clock, as it is */
};

/* What each frame's block says beside the frame (pcapng). */
enum weir_capture_marks {
	WEIR_CAPTURE_MARK_FLAGS = 1U << 0, /* which way it went */
	WEIR_CAPTURE_MARK_ID = 1U << 1,	   /* its number on its queue, lost ones counted */
	WEIR_CAPTURE_MARK_QUEUE = 1U << 2, /* which queue it came by */
};

/* When a file is full and the next begins. 0: does not count. */
struct weir_capture_rotation {
	uint64_t size;	      /* bytes, before they are compressed */
	uint64_t duration_ns; /* since the first file was begun, and again and again */
	uint64_t interval_ns; /* at every multiple of it, of the wall clock in UTC */
	uint64_t frames;
	uint64_t files; /* keep the last so many; 0: all */
};

/* Texts and arrays are lent until weir_capture_open() returns. */
struct weir_capture_opts {
	const char *const *ports; /* names as in port.h */
	unsigned n_ports;
	unsigned queues; /* of each port; 0: as its name says. Programs in the kernel have one a
			  * processor, and take no wish */
	uint64_t buffer_size; /* bytes of each ring, rounded up to a power of two; 0: 64 MiB, or
			       * less if there is little memory. Programs in the kernel take at
			       * most 256 MiB */
	uint32_t snaplen;     /* keep at most this much of a frame; 0: all */
	const char *filter;   /* capture filter (pcap-filter(7)), or NULL */
	enum weir_capture_direction direction;
	enum weir_capture_engine engine; /* of ports that are the name of an interface */
	enum weir_capture_mode mode;
	bool promisc; /* frames for other hosts, too */
	/*
	 * HW and HW_RAW need pcapng, interfaces (by programs in the kernel or packet sockets) and
	 * drivers that say they stamp all frames: -ENOTSUP before anything has been opened. Their
	 * stamps are switched on, and what was set before is put back at the end. A frame that has
	 * come without a stamp, and one that was sent, has the system's time; the file tells which
	 * is which: behind the interfaces of the ports it has as many again, of frames with times
	 * of the device's clock.
	 */
	enum weir_capture_time time;

	const char *path; /* of the file; "-": standard output; NULL: none is written */
	/* NAME.EXT with a rotation makes NAME_00001_20260131235959.EXT; with '%' the name is
	 * what strftime(3) makes of it when the file begins. */
	struct weir_capture_rotation rotation;
	enum weir_trace_format format;
	enum weir_compression compression;
	const char *comment; /* of the file, or NULL */
	unsigned marks;	     /* enum weir_capture_marks */
	uint64_t count;	     /* frames to keep, then it is over; 0: no limit */
	/* A file and a writing thread for each queue: NAME.EXT makes NAME-PORT-q0.EXT and so on,
	 * where PORT, the place of the port, stands only if there are several. Not with a count
	 * nor with look. */
	bool per_queue;

	/* Called with each batch of frames that are kept, in their order, from the writing
	 * thread; .iface is the place of the port in ports. A negative errno ends the
	 * capture. NULL: nobody looks. */
	int (*look)(void *ctx, struct weir_buf *frames, unsigned n);
	void *look_ctx;
};

/* What has become of the frames of one port. received is the sum of all that follow it. */
struct weir_capture_figures {
	uint64_t received;	 /* arrived, as far as anybody counted them */
	uint64_t kept;		 /* are in the file */
	uint64_t filtered;	 /* the filter did not want them; what a packet socket filters
				  * nobody counts */
	uint64_t kernel_dropped; /* the port had no room for them */
	uint64_t ring_dropped;	 /* the ring had none: the writer was too slow */
	uint64_t writer_dropped; /* could not be written: the disk is full, and the like */
	uint64_t late;		 /* came when all had been kept that were wanted */
	uint64_t hw_stamped;	 /* of those in rings: had a time of the device's clock */
	uint64_t hw_missing;	 /* arrived without one, though it was to be had */
	uint64_t kept_bytes;	 /* of the frames kept, as long as they were on the wire */
};

struct weir_capture_port {
	const char *name;   /* as it was given */
	const char *device; /* behind it */
	const char *engine; /* how frames are received: "tc program", "packet", "vale", ... */
	const char *clock;  /* whose time arriving frames are to have: "/dev/ptp0"; NULL: the
			     * system's */
	const char *note;   /* what else is to be said of that, or "" */
	uint32_t linktype;
	unsigned n_queues;
};

struct weir_capture;

/*
 * Opens the ports and makes the file. To be closed with weir_capture_close(). -EINVAL: an
 * option or the name of a port is wrong; otherwise as weir_port_open() and open(2).
 */
int weir_capture_open(const struct weir_capture_opts *opts, struct weir_capture **ret_capture,
		      struct weir_err *err);

/* Starts the threads; once. */
int weir_capture_start(struct weir_capture *c, struct weir_err *err);

/* Has it ended by itself: enough frames, a port gone, a full disk? From any thread. */
bool weir_capture_over(const struct weir_capture *c);

/* Begins the next file with the next frame, now or soon; without a rotation only if the old
 * one has been moved away, or the name has a '%'. From any thread. */
void weir_capture_rotate(struct weir_capture *c);

/* Files begun so far. From any thread. */
uint64_t weir_capture_files(const struct weir_capture *c);

/* Ends it: frames that have arrived by now still reach the file, which is finished. 0, or
 * what went wrong first since the start. */
int weir_capture_stop(struct weir_capture *c, struct weir_err *err);

/* Figures of port i < n_ports so far; final after weir_capture_stop(). Before, what is on
 * its way is in received alone. From any thread. */
void weir_capture_figures(const struct weir_capture *c, unsigned i,
			  struct weir_capture_figures *ret_figures);

/* Lent while c lives. */
const struct weir_capture_port *weir_capture_port(const struct weir_capture *c, unsigned i);

/* NULL is allowed. Returns NULL. */
struct weir_capture *weir_capture_close(struct weir_capture *c);

#ifdef __cplusplus
}
#endif
#endif
