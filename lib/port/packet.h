/* SPDX-License-Identifier: BSD-2-Clause */
/* packet: what its sending and its receiving half share. See packet.c. */
#ifndef PORT_PACKET_H
#define PORT_PACKET_H

#include "port/backend.h"
#include "port/link.h"

#define LINKTYPE_RAW 101

struct packet_txq;
struct packet_rx;
struct etf;

struct packet_priv {
	struct weir_iface iface;
	unsigned n_queues;	/* of the arrays */
	struct packet_txq **tx; /* NULL if that direction was not asked for */
	struct packet_rx *rx;
};

/* A socket of the kind the interface needs, bound to nothing. Negative errno with text. */
int packet_socket(const struct weir_iface *iface, struct weir_err *err);
/* Binds it to the interface; protocol 0 receives nothing. */
int packet_bind(int fd, const struct weir_iface *iface, unsigned protocol, struct weir_err *err);

/* The kernel puts a struct weir_offload before each frame that it gives, and expects one
 * before each that it takes. -ENOTSUP: not for this kind of interface. */
int packet_set_offload(int fd, struct weir_err *err);

/* Frames for other hosts arrive, too, until the socket is closed, however that happens. */
int packet_set_promisc(int fd, const struct weir_iface *iface, struct weir_err *err);

/*
 * packet-tx.c: a sending queue. It stands alone, so that a back end that cannot send some
 * frame its own way has another. Its calls are those of backend.h; they count in *count.
 */
int packet_txq_open(const struct weir_iface *iface, bool qdisc, struct packet_txq **ret_tx,
		    struct weir_err *err);
struct packet_txq *packet_txq_close(struct packet_txq *tx); /* NULL is allowed */
int packet_txq_send(struct packet_txq *tx, struct port_counters *count, const struct weir_pkt *pkts,
		    unsigned n);
int packet_txq_wait(struct packet_txq *tx, struct port_counters *count, uint64_t timeout_ns);
int packet_txq_drain(struct packet_txq *tx, struct port_counters *count, uint64_t timeout_ns);
/* Before the first frame, on one that goes past the queueing discipline and has no offload:
 * many frames are sent by a ring, if the kernel has one. */
void packet_txq_use_ring(struct packet_txq *tx, const struct weir_iface *iface);
/* The priority of its frames (SO_PRIORITY), from which qdiscs choose a class or queue. */
int packet_txq_set_priority(struct packet_txq *tx, unsigned priority, struct weir_err *err);
/* Before the first frame, once: a struct weir_offload stands before each. */
int packet_txq_set_offload(struct packet_txq *tx, struct weir_err *err);
/* Before the first frame, once, on one that goes through the queueing discipline: from now on
 * frames have launch times. */
int packet_txq_set_launch(struct packet_txq *tx, const struct etf *etf, struct weir_err *err);

/* packet-rx.c */
int packet_rx_open(struct weir_port *port, struct weir_err *err);
void packet_rx_close(struct packet_priv *p);
int packet_rx(struct weir_port *port, unsigned q, struct weir_pkt *ret_pkts, unsigned max);
void packet_rx_release(struct weir_port *port, unsigned q);
int packet_rx_wait(struct weir_port *port, unsigned q, uint64_t timeout_ns);
int packet_rx_fd(const struct weir_port *port, unsigned q);

#endif
