/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The queueing discipline that holds frames until their launch time (tc-etf(8)): what
 * packet: needs of an interface to send at launch times.
 */
#ifndef PORT_ETF_H
#define PORT_ETF_H

#include <stdbool.h>
#include <stdint.h>

#include <weir/port.h>

struct etf {
	uint32_t delta_ns; /* a frame goes to the driver so long before the time that it was
			    * given; once that has gone by it is dropped */
	bool offload;	   /* the network card waits for the rest; otherwise nobody does */
	bool root;	   /* no frame gets by it; otherwise that depends on its priority */
};

/* That of an interface; several alike below another one count as one. -ENOTSUP: there is
 * none, or none that can be used; the text says with what command there would be. */
int etf_find(const struct weir_iface *iface, struct etf *ret_etf, struct weir_err *err);

#endif
