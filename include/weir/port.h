/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ports: where frames leave and arrive.
 *
 * A port is opened by name:
 *
 *     xdp:eth0[,zc][,…][@Q|@A-B]   AF_XDP; @ picks queues
 *     packet:eth0                   AF_PACKET
 *     tap:tap0                      TAP device
 *     vale0:p1                      port p1 of a switch between programs (switch.h)
 *     file:x.pcapng                 trace file        file:-  standard output
 *     null:                         takes everything, gives nothing
 *     mem:name                      the other end is opened in the same process
 *     eth0                          an interface: the best of the above for it
 *
 * Calls are for batches. A port has one or more queues; the sending side of a
 * queue belongs to one thread at a time, and so does the receiving side, which may
 * be another thread. Everything else on a port is safe from any thread while it is
 * open. Host state that a port changes (promiscuous mode, XDP programs, devices)
 * is undone when it is closed or its process dies.
 */
#ifndef WEIR_PORT_H
#define WEIR_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weir/err.h>
#include <weir/frame.h>
#include <weir/hist.h>
#include <weir/recipe.h>
#include <weir/stream.h>

#ifdef __cplusplus
extern "C" {
#endif

struct sock_fprog; /* linux/filter.h: a program of classic BPF */

enum weir_port_dir {
	WEIR_PORT_TX = 1U << 0,
	WEIR_PORT_RX = 1U << 1,
};

struct weir_port_opts {
	unsigned dir;		   /* WEIR_PORT_TX, WEIR_PORT_RX or both */
	unsigned queues;	   /* wanted; 0 = what the name says, else 1 */
	struct weir_region region; /* lent while the port is open: frames sent from within
				    * it need no copy. base NULL: none */
	uint32_t linktype;	   /* of the frames that will be sent to a file: port */
	bool microseconds;	   /* file: write classic pcap with microseconds, whatever
				    * the name ends with */
	uint32_t snaplen;	   /* receive at most this much of a frame; 0 = all */
	bool promisc;		   /* receive frames for other hosts too */
	bool low_latency;	   /* received frames are there as soon as they have come. Without,
				    * a port may gather them first, for about a millisecond */
	bool sent;		   /* receive what this machine sends there, too: the byte before
				    * each frame, weir_pkt.data[-1], is 1 for those and 0 for
				    * others; not with offload; -ENOTSUP where the port cannot */
	/* weir_pkt.ts_ns of received frames that carry a stamp of the device's clock (hwstamp.h)
	 * is of that clock. The byte before each frame, enum weir_rx_told, says which do, and
	 * which this machine sent; not with offload; -ENOTSUP where the port cannot. */
	bool hw_time;
	/* Frames for which it returns 0 are not wanted. Lent while the port is being opened. A
	 * hint: a port drops of them what it can in the kernel, uncounted; of frames whose VLAN
	 * tag the device took out it drops none. NULL: all are wanted. */
	const struct sock_fprog *filter;
	bool launch_time;   /* weir_pkt.ts_ns of sent frames is when they leave, see
			     * weir_port_tx(); -ENOTSUP where the port cannot */
	bool offload;	    /* a struct weir_offload stands before each frame, sent and
			     * received; -ENOTSUP where the port cannot */
	uint32_t usual_len; /* that most frames to be sent have: these are the quickest;
			     * 0 = not known */
	/* The port makes the frames: of those given to weir_port_tx() only the length is true,
	 * the recipe's, and their first 8 bytes, which are the number of the frame (uint64_t,
	 * aligned or not). Lent while the port is open; NULL: they are frames. -ENOTSUP where
	 * the port cannot. */
	const struct weir_recipe *recipe;
};

/* The byte before each received frame, of ports opened with .sent or .hw_time. */
enum weir_rx_told {
	WEIR_RX_SENT = 1U << 0,	   /* this machine sent it */
	WEIR_RX_HW_TIME = 1U << 1, /* .ts_ns is of the device's clock */
};

/*
 * What has been left to be done on a frame: its checksum, cutting it into several. Programs
 * of this machine hand such frames to the kernel, and the kernel to network cards; it merges
 * received ones into such (TSO, GSO, GRO). On a port opened with .offload these bytes stand
 * at weir_pkt.data - WEIR_OFFLOAD_LEN, aligned or not; they do not count in any length. It
 * is the header of virtio (1.2, 5.1.6) with numbers in this machine's byte order. All zero:
 * nothing is left to be done.
 *
 * Without .offload frames of the kernel's own traffic arrive as they are, without a
 * checksum and longer than the link's MTU.
 */
struct weir_offload {
	uint8_t flags;	     /* enum weir_offload_flags */
	uint8_t cut;	     /* into segments of this kind, VIRTIO_NET_HDR_GSO_...; 0: it is not */
	uint16_t header_len; /* of each segment, as a hint */
	uint16_t cut_len;    /* payload of each segment */
	uint16_t sum_from;   /* the checksum covers the frame from here to its end */
	uint16_t sum_at;     /* and belongs here, counted from sum_from; the partial sum of what
			      * else it covers is there already */
};
#define WEIR_OFFLOAD_LEN 10u

enum weir_offload_flags {
	WEIR_OFFLOAD_SUM = 1U << 0,	/* the checksum is to be completed */
	WEIR_OFFLOAD_CHECKED = 1U << 1, /* it was found right */
};

struct weir_port_info {
	char name[128];	     /* as it was given */
	char device[64];     /* the interface or file behind it, for people */
	const char *backend; /* "xdp", ...; static */
	uint32_t linktype;   /* of frames sent and received; LINKTYPE_ number */
	uint32_t max_frame;  /* longest frame that can be sent now, bytes */
	unsigned n_queues;
	uint64_t speed_bps; /* of the link, 0 = not told */
	uint8_t mac[6];	    /* zero if it has none */
	char note[128];	    /* how it works: "copy mode, 2 queues"; "" if nothing to say */
	bool offload;	    /* opened with it */
	bool sums_missing;  /* received frames may lack their checksum, and nothing tells which */
};

/* Why a frame was refused for good. */
enum weir_refusal {
	WEIR_REFUSED_TOO_LONG,	/* longer than the port can carry (EMSGSIZE) */
	WEIR_REFUSED_TOO_SHORT, /* shorter than a link-layer header */
	WEIR_REFUSED_LINK_DOWN, /* the interface is down (ENETDOWN) */
	WEIR_REFUSED_DROPPED,	/* the driver or kernel took it and dropped it */
	WEIR_REFUSED_OTHER,
	WEIR_N_REFUSALS,
};
/* "too long for the port" and so on. Static. */
const char *weir_refusal_text(enum weir_refusal r);

/* Sums over all queues. Every frame given to weir_port_tx() and consumed is in
 * tx_frames or in one of tx_refused, never both. */
struct weir_port_stats {
	uint64_t tx_frames, tx_bytes; /* that the kernel or the other side took */
	uint64_t tx_refused[WEIR_N_REFUSALS];
	uint64_t tx_refused_total;
	uint64_t tx_truncated;	  /* taken only in part */
	uint64_t tx_retry_nobufs; /* tries again after ENOBUFS: no memory for it now */
	uint64_t tx_retry_again;  /* tries again after EAGAIN: no room now */
	uint64_t rx_frames, rx_bytes;
	uint64_t rx_dropped; /* arrived, but there was no room for them */
};

struct weir_port;

/*
 * Opens a port. opts may be NULL: TX and RX, one queue. The port is the caller's,
 * to be closed with weir_port_close().
 * -EINVAL: the name or an option in it is wrong; -ENODEV: no such interface;
 * -EPERM, -EACCES: the text names the privilege; -EBUSY: somebody has the queue;
 * -ENOTSUP: this kernel, device or build cannot.
 */
int weir_port_open(const char *name, const struct weir_port_opts *opts, struct weir_port **ret_port,
		   struct weir_err *err);

/* Waits shortly for frames under way, undoes host state, frees. NULL is allowed. Returns NULL. */
struct weir_port *weir_port_close(struct weir_port *p);

/* How many queues a name asks for: "xdp:eth0@0-3" is 4, a name without '@' is 1. */
unsigned weir_port_name_queues(const char *name);

/* With how many queues it has to be opened to receive all frames: as many, but all of the
 * device that "xdp:" names without '@'. What comes by another queue is not seen there. */
unsigned weir_port_name_rx_queues(const char *name);

/* Does a port of that name spare a copy of frames that lie in a region which other
 * processes can map (weir_region.shared)? */
bool weir_port_name_shares(const char *name);

/* Does the kind of port that a name stands for wait for launch times better than a sender
 * can wait for deadlines itself? Then a sender with a rate should hand them down. Such a
 * port lets frames leave at once whose time is past, and tells how late they left. */
bool weir_port_name_keeps_time(const char *name);

/* Does the kind of port that a name stands for make frames of recipes? */
bool weir_port_name_makes(const char *name);

/* Does a name begin with a kind of port ("xdp:", "vale0:")? Others are those of interfaces, or
 * wrong. */
bool weir_port_name_has_kind(const char *name);

/* Does a name stand for a network interface, and not for a file, a switch or memory? */
bool weir_port_name_on_iface(const char *name);

/* Lent while the port is open. */
const struct weir_port_info *weir_port_info(const struct weir_port *p);

/*
 * Sends the frames of a batch in order, on queue q. Returns how many it consumed,
 * from the first on: each of them was taken or refused for good, and counted as
 * such. Fewer than n means "no room now": weir_port_tx_wait(), then go on with the
 * rest. Negative: the port is gone (-ENODEV, -ENXIO, -EPIPE) or broken; no later
 * call will succeed, and frames of this call that were consumed are counted.
 *
 * Memory: frames outside the region may be changed after the call. Frames inside
 * it stay untouched until weir_port_tx_done() has counted them.
 *
 * Launch times: on a port opened with launch_time, weir_pkt.ts_ns is when the frame
 * leaves, ns of CLOCK_TAI; 0: at once, after those before it. A call returns long before
 * its frames have left. One that cannot leave in time (how late is too late is up to the
 * queueing discipline: its delta) is dropped: it is refused as WEIR_REFUSED_DROPPED, maybe
 * after it was counted as sent. Counts are final when weir_port_tx_drain() has returned 1.
 * Ports without a wire (file:, mem:) hand the time on with the frame and wait for nothing;
 * null: does not look at it.
 */
int weir_port_tx(struct weir_port *p, unsigned q, const struct weir_pkt *pkts, unsigned n);

/* How many consumed frames of queue q the port reads no more, in order of sending,
 * counted from its opening. Equal to all consumed when nothing is under way. */
uint64_t weir_port_tx_done(struct weir_port *p, unsigned q);

/* Waits until queue q has room again or timeout_ns has gone by (0 = do not wait); may
 * return earlier, as on a signal. 1: room; 0: not yet; negative: the port is gone. */
int weir_port_tx_wait(struct weir_port *p, unsigned q, uint64_t timeout_ns);

/* Waits until nothing is under way on queue q. 1, 0 or negative as above. */
int weir_port_tx_drain(struct weir_port *p, unsigned q, uint64_t timeout_ns);

/*
 * Receives up to max frames from queue q: how many, 0 when there are none now,
 * negative when the port is gone; -ENODATA: the end of a file. The frames are lent
 * until weir_port_rx_release(), which gives back all that were lent on the queue.
 */
int weir_port_rx(struct weir_port *p, unsigned q, struct weir_pkt *ret_pkts, unsigned max);
void weir_port_rx_release(struct weir_port *p, unsigned q);

/* Waits for frames as weir_port_tx_wait() waits for room. */
int weir_port_rx_wait(struct weir_port *p, unsigned q, uint64_t timeout_ns);

/* A descriptor that becomes readable when frames may have come to queue q since weir_port_rx()
 * has given none, to wait for many ports at once with poll(2) or epoll(7); lent while the port is
 * open, and never to be read.
 * It does not always tell that the port is gone: weir_port_rx_wait() with no time-out does,
 * which is to be asked now and then. -ENOTSUP: this kind of port has none. */
int weir_port_rx_fd(const struct weir_port *p, unsigned q);

void weir_port_stats(struct weir_port *p, struct weir_port_stats *ret_stats);

/* How late frames with launch times left, of all queues, so far. False: this kind of port
 * does not know, and the histogram is empty. */
bool weir_port_lateness(const struct weir_port *p, struct weir_hist *ret_hist);

/* A network interface of the caller's network namespace, as it is now. */
struct weir_iface {
	char name[16];
	char kind[16]; /* "veth", "tun", ...; "" if the driver does not say */
	unsigned index;
	bool up;      /* switched on */
	bool carrier; /* there is something at the other end */
	uint32_t mtu;
	uint32_t header_len; /* of the link layer, bytes; 0: frames begin with IP */
	uint32_t linktype;   /* LINKTYPE_ number of its frames, WEIR_LINKTYPE_NONE: no known one */
	uint64_t speed_bps;  /* 0 = not told */
	uint8_t mac[6];	     /* zero if it has none */
	unsigned rx_queues, tx_queues; /* in use */
};

#define WEIR_LINKTYPE_NONE UINT32_MAX

/* All interfaces in the order of their index: an array of *ret_n, to be freed with free(3). */
int weir_ifaces(struct weir_iface **ret_ifaces, unsigned *ret_n, struct weir_err *err);

/* What a back end needs and whether it works here. */
struct weir_backend_info {
	const char *scheme;  /* "xdp" */
	const char *summary; /* "AF_XDP sockets" */
	const char *needs;   /* "CAP_NET_RAW, CAP_NET_ADMIN, CAP_BPF" */
	bool on_iface;	     /* its names name a network interface */
	bool works;	     /* on this machine, for this interface, as this user */
	char why[192];	     /* if not: the reason; if so: remarks, or "" */
};

/* Row i of the table of back ends, tried on an interface (NULL: only in general).
 * 1, or 0 when i is past the end. Leaves nothing behind. */
int weir_backend_probe(unsigned i, const char *ifname, struct weir_backend_info *ret_info);

#ifdef __cplusplus
}
#endif
#endif
