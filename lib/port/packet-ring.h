/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * packet, sending: a ring of slots that the kernel reads frames from (PACKET_TX_RING).
 *
 * One call hands over all frames of the ring, where sendmmsg(2) fetches a header, an address
 * and a length for each: it takes three quarters of the time.
 *
 * Only in its own calls does the kernel look for frames, and it copies them whole. So behind
 * each call nothing is in the ring that it has not taken, and the ring is idle.
 */
#ifndef PORT_PACKET_RING_H
#define PORT_PACKET_RING_H

#include <stdbool.h>
#include <stdint.h>

#include <weir/frame.h>
#include <weir/port.h>

struct packet_ring;

/* The longest frame that a slot holds. */
#define PACKET_RING_FRAME 2006u

/* On an Ethernet interface, past the queueing discipline. Negative errno without text: the
 * kernel gives none. */
int packet_ring_open(const struct weir_iface *iface, struct packet_ring **ret_ring);
struct packet_ring *packet_ring_close(struct packet_ring *ring); /* NULL is allowed */

/* The socket. It is writable when there is a slot. */
int packet_ring_fd(const struct packet_ring *ring);

/*
 * Sends frames, in order, none of them longer than a slot holds or than the interface takes
 * (the kernel does not look): how many were taken, of *ret_tried for which there were slots.
 * If fewer, *ret_error is why, as of sendmmsg(2).
 */
unsigned packet_ring_send(struct packet_ring *ring, const struct weir_pkt *pkts, unsigned n,
			  unsigned *ret_tried, int *ret_error);

#endif
