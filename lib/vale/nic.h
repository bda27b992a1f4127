/* SPDX-License-Identifier: BSD-2-Clause */
/* An interface that the switch process has open: attached (nic.c), or a port of programs by
 * itself (wire.c). */
#ifndef VALE_NIC_H
#define VALE_NIC_H

#include "vale/server.h"

#define NIC_BATCH 64u

/* What a queue has received and nobody has got yet. */
struct nic_queue {
	struct weir_pkt pkts[NIC_BATCH];
	unsigned n, at;
};

struct nic {
	struct weir_switch_nic dev;
	const struct weir_switch_nics *ops;
	char name[VALE_NIC_NAME];  /* as it was attached */
	int gone;		   /* the error that tells that it is; 0: it is there */
	bool stuck;		   /* it had no room for frames */
	bool moves;		   /* its worker counts it */
	int wake_read, wake_write; /* a pipe: other workers have frames for it */
	uint8_t *whole;		   /* a frame of several slots, in one piece */
	struct nic_queue queues[WEIR_SWITCH_NIC_QUEUES];
};

int nic_open(const struct server *srv, const char *name, struct nic **ret_nic,
	     struct weir_err *err);
/* NULL is allowed. Returns NULL. */
struct nic *nic_free(struct nic *nic);

/* Its worker hears when frames come; or no more. */
int nic_watch(struct server *srv, const struct vport *v);
void nic_forget(struct server *srv, const struct vport *v);

/* Takes what has come to a queue of which nothing is left: is there something? */
bool nic_take(struct nic *nic, unsigned q);

/* Frames between the interface and the programs that have the port open: how many. */
unsigned wire_round(struct worker *w, struct vport *v);

#endif
