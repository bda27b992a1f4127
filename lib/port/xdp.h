/* SPDX-License-Identifier: BSD-2-Clause */
/* xdp: what its parts share. See xdp.c. */
#ifndef PORT_XDP_H
#define PORT_XDP_H

#include <linux/if_xdp.h>
#include <xdp/xsk.h>

#include "port/backend.h"
#include "port/link.h"
#include "port/packet.h"

/* Newer than the oldest headers we build with. */
#ifndef XDP_USE_SG
#define XDP_USE_SG (1 << 4) /* Linux 6.6 */
#endif
#ifndef XDP_PKT_CONTD
#define XDP_PKT_CONTD (1 << 0) /* Linux 6.6 */
#endif

#define XDP_CHUNK     4096U /* of UMEM; the only size that all drivers take */
#define XDP_CHUNK_END (XDP_CHUNK - 1)

/* The sending side of a queue. Positions count descriptors and run free. */
struct xdp_tx {
	_Alignas(64) struct xsk_ring_prod ring;
	struct xsk_socket *xsk;
	int fd;
	uint32_t prod;	    /* descriptors written */
	uint32_t taken;	    /* of these, taken by the kernel, as far as it told */
	uint32_t completed; /* of these, given back by it */
	uint32_t lost;	    /* that it will never give back: it found them invalid */
	bool voided;	    /* some of the lost were made so by us and still lie in the ring */
	bool want_drained;  /* the next frame has to wait until nothing is under way */
	uint64_t consumed;  /* frames, refused ones included */
	uint64_t *ends;	    /* by slot: frames consumed up to that descriptor */
	uint64_t *free;	    /* stack of unused chunks; NULL if the region is the UMEM */
	uint32_t n_free;
	uint64_t looked_ns;	  /* when the link was last asked for after a drop */
	struct packet_txq *spill; /* for frames outside the region; NULL if it is not the UMEM */
	struct link_track link;
};

/* The receiving side of a queue. */
struct xdp_rx {
	_Alignas(64) struct xsk_ring_cons ring;
	struct xsk_socket *xsk;
	int fd;
	uint32_t n_lent;
	uint64_t *lent;	  /* chunks to be given back to the kernel on release */
	uint8_t *scratch; /* frames that came in several chunks, in one piece */
	uint32_t n_scratch;
	uint32_t n_released;   /* times since drops were counted */
	uint64_t dropped_seen; /* of the kernel's count */
};

struct xdp_queue {
	struct xsk_umem *umem;			/* its own; NULL: it shares that of queue 0 */
	struct xsk_ring_prod fill;		/* the receiver's */
	_Alignas(64) struct xsk_ring_cons comp; /* the sender's */
	struct xdp_tx tx;
	struct xdp_rx rx;
};

struct xdp_priv {
	struct weir_iface iface;
	struct xdp_queue *queues;
	unsigned n_queues, first_queue;
	unsigned dir;
	uint32_t ring_size;
	bool zc;	  /* zero-copy was asked for */
	bool sg;	  /* the kernel takes frames of several chunks */
	bool region_used; /* the caller's region is the UMEM */
	uint8_t *area;	  /* the UMEM */
	size_t area_size;
	struct xsk_redirect *prog; /* receiving only */
	int link_fd;		   /* its attachment; closing it detaches */
	int promisc_fd;
};

/* xdp-umem.c: makes the UMEM and the sockets, sets .sg and .region_used. */
int xdp_sockets_open(struct weir_port *port, struct weir_err *err);
void xdp_sockets_close(struct xdp_priv *p);
/* Do the kernel, the device and this user accept such a socket? Leaves nothing behind. */
int xdp_sockets_probe(const struct weir_iface *iface, struct weir_err *err);

/* xdp-prog.c: attaches the program that feeds the receiving sockets. */
int xdp_prog_attach(struct xdp_priv *p, struct weir_err *err);
void xdp_prog_detach(struct xdp_priv *p);

/* xdp-tx.c */
int xdp_tx_open(struct weir_port *port, struct weir_err *err);
void xdp_tx_close(struct weir_port *port);
int xdp_tx(struct weir_port *port, unsigned q, const struct weir_pkt *pkts, unsigned n);
uint64_t xdp_tx_done(struct weir_port *port, unsigned q);
int xdp_tx_wait(struct weir_port *port, unsigned q, uint64_t timeout_ns);
int xdp_tx_drain(struct weir_port *port, unsigned q, uint64_t timeout_ns);

/* xdp-rx.c */
int xdp_rx_open(struct weir_port *port, struct weir_err *err);
void xdp_rx_close(struct xdp_priv *p);
int xdp_rx(struct weir_port *port, unsigned q, struct weir_pkt *ret_pkts, unsigned max);
void xdp_rx_release(struct weir_port *port, unsigned q);
int xdp_rx_wait(struct weir_port *port, unsigned q, uint64_t timeout_ns);
int xdp_rx_fd(const struct weir_port *port, unsigned q);

/* First chunk of UMEM that belongs to queue q for one direction, when the UMEM is ours:
 * all chunks for sending come first, ring_size for each queue. */
static inline uint64_t xdp_first_chunk(const struct xdp_priv *p, unsigned q, bool for_rx)
{
	unsigned before = for_rx && p->dir & WEIR_PORT_TX ? p->n_queues + q : q;

	return (uint64_t)before * p->ring_size * XDP_CHUNK;
}

#endif
