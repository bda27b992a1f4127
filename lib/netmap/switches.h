/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What vale-ctl asks for: ports that stay, and which switch has them.
 *
 * A port that was made (NEWIF) belongs to no switch until it is attached to one, or to
 * several. The process that keeps ports without a switch, "netmap", knows of it; the switch
 * has a port of its own of that name and shape.
 */
#ifndef NETMAP_SWITCHES_H
#define NETMAP_SWITCHES_H

#include <net/netmap.h>

#include <weir/err.h>

#include "vale/name.h"

/* Ports without a switch. */
#define NM_NOWHERE "netmap"

/* The switch that a port which was made is attached to, the first of several; NM_NOWHERE: it is
 * not, or there is no such port. */
void nm_switch_of(const char *port, char ret_switch[VALE_SWITCH_NAME_SIZE]);

/* A name in parts as port.h has it; name may be of a port without a switch. */
int nm_switch_new(const char *port, const struct nmreq_vale_newif *shape, struct weir_err *err);
int nm_switch_delete(const char *port, struct weir_err *err);

/* *ret_nr: the port's number in the switch. */
int nm_switch_attach(const char *sw, const char *port, uint32_t *ret_nr, struct weir_err *err);
int nm_switch_detach(const char *sw, const char *port, uint32_t *ret_nr, struct weir_err *err);

/* Is it an interface? -ENXIO. */
int nm_switch_has_nic(const char *sw, const char *port, struct weir_err *err);

/* A port by its name, or if that is empty the first one from the numbers in list on, whose name
 * is written there. -ENOENT: there is none. */
int nm_switch_list(char name[NETMAP_REQ_IFNAMSIZ], struct nmreq_vale_list *list,
		   struct weir_err *err);

#endif
