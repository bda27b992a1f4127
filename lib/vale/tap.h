/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Monitors of rings. A tap leads from a ring to a ring to receive of the monitor, which lies in
 * the same region. What does not fit there is dropped and counted: nobody waits for a monitor.
 *
 * One that copies gets what is sent or delivered, at that time. One that does not copy gets the
 * buffers when they have been done with: those of a ring to send when they are given back to the
 * client, those of a ring to receive when the client gives them back. It gives its own for
 * them.
 *
 * Threads: as the ring that is monitored; the monitor's has a lock.
 */
#ifndef VALE_TAP_H
#define VALE_TAP_H

#include "vale/forward.h"

struct vale_tap {
	struct vale_tap *next; /* of the same ring */
	struct vale_port *port;
	struct vale_kring *to; /* a ring to receive of that */
	bool locked;	       /* there are several threads */
};

/* Copies a frame for each monitor of the list. */
void vale_taps_put(struct vale_tap *taps, const struct vale_frag *frame);
/* Tells them of it. */
void vale_taps_flush(struct vale_tap *taps);

/* Copies n slots of a ring, from one on, for each monitor of the list, as far as they are whole
 * frames, and tells them. p: whose ring it is. */
void vale_taps_copy(struct vale_tap *taps, const struct vale_port *p, const struct vale_kring *k,
		    uint32_t from, uint32_t n);

/* Exchanges the buffers of n slots of a ring, from one on, for those of its zero-copy monitor,
 * as far as they are whole frames, and tells it. */
void vale_ztap_take(const struct vale_port *p, const struct vale_kring *k, uint32_t from,
		    uint32_t n);

#endif
