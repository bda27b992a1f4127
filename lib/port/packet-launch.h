/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * packet, sending at launch times: the time goes down beside each frame (SO_TXTIME), an ETF
 * queueing discipline holds the frame until then.
 *
 * What ETF drops it reports on the socket's error queue: a frame that was late when it came
 * fails the call with ENOBUFS as well, so it was never taken; one whose time went by while it
 * was held was taken, and is moved to the refused ones. What is held when the interface goes
 * down is discarded by the kernel without a report, and stays counted as sent.
 */
#ifndef PORT_PACKET_LAUNCH_H
#define PORT_PACKET_LAUNCH_H

#include <sys/socket.h>

#include "port/backend.h"
#include "port/etf.h"

/* So many frames a call at most: the error queue holds the reports of all, see
 * launch_new(). */
#define LAUNCH_BATCH 256U

struct launch;

/* For a socket (lent) and the LAUNCH_BATCH messages (lent) that are sent on it. */
int launch_new(int fd, const struct etf *etf, struct mmsghdr *msgs, struct launch **ret_launch,
	       struct weir_err *err);
struct launch *launch_free(struct launch *l); /* NULL is allowed */

/* Gives the first n messages the times of the frames. */
void launch_stamp(struct launch *l, const struct weir_pkt *pkts, unsigned n);

/* Reads what was reported until now. True: among it was a frame that came late. */
bool launch_read_reports(struct launch *l, struct port_counters *count);

/* Waits until the kernel has no frame of the socket any more, as backend.h's tx_drain. */
int launch_drain(struct launch *l, struct port_counters *count, uint64_t timeout_ns);

#endif
