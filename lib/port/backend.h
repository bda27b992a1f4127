/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The contract between weir and a port back end.
 *
 * A back end is one file with one global, a const struct backend, and one row in
 * registry.c. weir/port.h is what callers see; port.c stands between: it parses
 * names, allocates the private part, checks arguments, sums statistics and carries
 * out everything that is the same for all.
 *
 * Life cycle
 * ----------
 *  1. open(port) is called once, on zeroed priv memory of priv_size bytes, with
 *     port->args parsed from the name and port->opts as asked. It fills port->info
 *     (all but .name, .backend) and may allocate port->info.n_queues queues of its
 *     own. On failure it returns a negative errno with a text that names the
 *     interface or file, and leaves what it made to close().
 *  2. tx*, rx* are called any number of times.
 *  3. close(port) is called once, always, even if open() failed half-way: it must
 *     cope with whatever open() got done. It cannot fail. It waits at most 1 s for
 *     frames under way and undoes every change to the host. fds are closed, memory
 *     unmapped; priv itself is freed by the caller.
 *
 * Threads
 * -------
 * Per queue there is at most one thread in tx, tx_done, tx_wait, tx_drain and at
 * most one in rx, rx_release, rx_wait; the two may run at the same time and so may
 * different queues. Sending and receiving state of a queue lie on cache lines of
 * their own. open and close run alone. Statistics are written by the queue's
 * threads only, through the counters in port->queues[q], with counter_add().
 *
 * Frames
 * ------
 * tx consumes a prefix of the batch. Each consumed frame is *taken* (the kernel or
 * the other side has it) or *refused for good* (the back end counts the reason).
 * A frame is never cut. "No room now" ends the prefix; 0 is a fine answer. Once a
 * negative errno has been returned that side of the queue is gone: port.c returns the
 * error ever after and asks only tx_done then. A back end that must read a frame after
 * tx returned may do so only if the frame lies in opts->region; all others it copies or
 * sends at once. tx_done counts, in order, the frames it reads no more.
 *
 * Taken is a promise to the user: if the kernel tells later that it dropped the
 * frame, the back end moves it from tx_frames to tx_refused[WEIR_REFUSED_DROPPED].
 *
 * With opts->launch_time weir_pkt.ts_ns tells when a frame leaves (weir/port.h). port.c asks
 * it only of back ends with .launch_time; they may still refuse in open(), with -ENOTSUP and
 * a text that says what is missing. tx_drain then waits until the frames have left.
 *
 * With opts->offload a struct weir_offload stands before each frame. port.c asks it only of
 * back ends with .offload; they may still refuse in open().
 *
 * With opts->recipe each frame holds only its number. port.c asks it only of back ends with
 * .recipe.
 *
 * With opts->sent rx also gives what this machine sends there, and the byte before each frame
 * tells which (enum weir_rx_told). port.c asks it only of back ends with .sent. With
 * opts->hw_time, asked of those with .hw_time, the byte tells as well which frames have times
 * of the device's clock.
 *
 * rx lends frames until rx_release(q), which gives back all that were lent on q.
 *
 * Time-outs
 * ---------
 * *_wait(q, ns): 0 looks once, UINT64_MAX waits for ever. They may return early with 0,
 * and do so on EINTR. A wait must end with a negative errno when the interface goes away.
 */
#ifndef PORT_BACKEND_H
#define PORT_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weir/hist.h>
#include <weir/port.h>

#include "base/counter.h"

/* One side of one queue: its counters have one writer and any reader. */
struct port_counters {
	_Alignas(64) _Atomic uint64_t frames; /* taken, or received */
	_Atomic uint64_t bytes;
	_Atomic uint64_t refused[WEIR_N_REFUSALS];
	_Atomic uint64_t truncated;
	_Atomic uint64_t retry_nobufs;
	_Atomic uint64_t retry_again;
	_Atomic uint64_t dropped; /* receiving: arrived without room */
	int gone;		  /* port.c: the error that ended this side; its thread only */
};

struct port_queue {
	struct port_counters tx, rx;
};

/* What the name said after the scheme: "eth0,zc,fill=4096@0-3". */
struct port_args {
	char scheme[64];   /* "xdp"; "vale0" where the back end's is only the beginning */
	char target[256];  /* "eth0"; what follows the scheme up to the first ',' or '@' */
	char options[256]; /* "zc,fill=4096" or "" */
	bool has_queues;   /* "@..." was given */
	unsigned first_queue;
	unsigned n_queues; /* from the name or weir_port_opts, at least 1 when open() runs */
};

struct weir_port {
	const struct backend *be;
	void *priv; /* the back end's own, zeroed before open() */
	struct port_args args;
	struct weir_port_opts opts;
	struct weir_port_info info;
	struct port_queue *queues; /* info.n_queues of them, made by port_set_queues() */
};

struct backend {
	const char *scheme;  /* "xdp": what stands before the colon */
	const char *summary; /* a few words, for "weir ports" */
	const char *needs;   /* privileges, for "weir ports" */
	const char *options; /* names it takes after ',' in "a b c" form, or NULL for none */
	unsigned dirs;	     /* WEIR_PORT_TX | WEIR_PORT_RX: what it can do */
	bool scheme_begins;  /* any scheme that begins so is this one's: "vale0:" */
	bool raw_target;     /* the target is a path: ',' and '@' in it mean nothing */
	bool needs_target;   /* "scheme:" alone is wrong */
	bool on_iface;	     /* the target is a network interface */
	bool hw_queues;	     /* '@' picks queues of the device; otherwise it only counts them */
	bool shares_region;  /* a region that is .shared needs no copy */
	bool launch_time;    /* frames can have launch times */
	bool offload;	     /* frames can have a struct weir_offload before them */
	bool recipe;	     /* frames can be made of their numbers */
	bool sent;	     /* opts->sent can be had */
	bool hw_time;	     /* opts->hw_time can be had */
	const char *no_launch_time; /* if not: why, for people; NULL: nothing to be said */
	size_t priv_size;

	int (*open)(struct weir_port *port, struct weir_err *err);
	void (*close)(struct weir_port *port);

	/* Sending: all four or none. tx_done NULL: every consumed frame is done.
	 * tx_wait NULL: there is always room. tx_drain NULL: nothing is ever under way. */
	int (*tx)(struct weir_port *port, unsigned q, const struct weir_pkt *pkts, unsigned n);
	uint64_t (*tx_done)(struct weir_port *port, unsigned q);
	int (*tx_wait)(struct weir_port *port, unsigned q, uint64_t timeout_ns);
	int (*tx_drain)(struct weir_port *port, unsigned q, uint64_t timeout_ns);

	/* How late frames with launch times left. Whoever knows that keeps the time itself,
	 * and better than a caller can: it is given launch times unasked. NULL: not known. */
	void (*lateness)(const struct weir_port *port, struct weir_hist *ret_hist);

	/* Receiving. rx_release NULL: nothing is to be given back. rx_wait NULL: rx never
	 * has to wait. */
	int (*rx)(struct weir_port *port, unsigned q, struct weir_pkt *ret_pkts, unsigned max);
	void (*rx_release)(struct weir_port *port, unsigned q);
	int (*rx_wait)(struct weir_port *port, unsigned q, uint64_t timeout_ns);

	/* Readable when frames may have come to the queue. NULL: there is none. */
	int (*rx_fd)(const struct weir_port *port, unsigned q);

	/* Does it work for this interface (NULL: at all) as this user? 0, or a negative
	 * errno with the reason in err. Remarks go to err with 0. Leaves nothing behind.
	 * NULL: it works everywhere. */
	int (*probe)(const char *ifname, struct weir_err *err);
};

/* registry.c */
extern const struct backend *const port_backends[]; /* ends with NULL */

/* port.c: called by open() once it knows how many queues there are. Sets info.n_queues
 * and allocates port->queues. -ENOMEM. */
int port_set_queues(struct weir_port *port, unsigned n, struct weir_err *err);

/* Is the option in port->args.options? *ret_value points to what follows '=' (ends at
 * ',' or NUL), or is NULL. */
bool port_option(const struct port_args *args, const char *name, const char **ret_value);

#endif
