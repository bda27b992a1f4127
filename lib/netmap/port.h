/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a netmap descriptor has registered: a port, or an end of a pipe, of a switch process,
 * with the rings that are bound to the descriptor.
 */
#ifndef NETMAP_PORT_H
#define NETMAP_PORT_H

#include <net/netmap.h>

#include <weir/err.h>

#include "base/patience.h"
#include "netmap/ring.h"
#include "vale/name.h"

/* As the request has them and its answer tells them; brought back by AGAIN. */
struct nm_note {
	uint32_t mode;
	uint32_t ringid;
	uint64_t flags;
};
static_assert(sizeof(struct nm_note) <= VALE_NOTE_SIZE, "it fits");

struct nm_port {
	struct vale_client client;
	struct nm_note note;
	uint16_t mem_id;
	unsigned first_tx, n_tx; /* bound rings */
	unsigned first_rx, n_rx;
	struct nm_ring tx[VALE_MAX_RINGS], rx[VALE_MAX_RINGS];
	bool is_alone; /* the other end of the pipe has been closed */
	struct patience patience;
	struct nm_kloop *kloop; /* of a program that has control blocks; or NULL */
};

/* A port's name, as the kernel of netmap gets it, in parts: the switch process, and the port there.
 * -EINVAL, -ENXIO. */
int nm_name_split(const char name[NETMAP_REQ_IFNAMSIZ], char ret_switch[VALE_SWITCH_NAME_SIZE],
		  char ret_port[VALE_NAME_SIZE], struct weir_err *err);

/* Registers what is asked for over a socket, which is connected, and writes into reg what
 * there is. On failure reg is as it was. */
int nm_port_register(int fd, const char *port, struct nmreq_register *reg,
		     struct nm_port **ret_port, struct weir_err *err);

/* The same for a descriptor that came from another process. */
int nm_port_again(int fd, struct nm_port **ret_port, struct weir_err *err);

/* The descriptor itself stays open. Returns NULL. */
struct nm_port *nm_port_free(struct nm_port *p);

/* Synchronises all bound rings of a direction. False: one had to be put right. */
bool nm_port_sync_tx(struct nm_port *p);
bool nm_port_sync_rx(struct nm_port *p);

/* Are there rings with slots for the program to work on, by the last synchronisation? */
bool nm_port_has_room(const struct nm_port *p);
bool nm_port_has_frames(const struct nm_port *p);

#endif
