/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * xdp: the UMEM and the sockets on it.
 *
 * A port that only sends and was lent a region makes that region the UMEM: frames in it
 * are sent where they lie. Any other port has a UMEM of its own, ring_size chunks for each
 * queue and direction, and copies what it sends.
 *
 * The kernel lets the sockets of one UMEM that are on other queues than its first one have
 * their own rings of free chunks, but not share these among themselves. So queues that do
 * both have a UMEM each, of the same memory.
 *
 * A queue that does both has two sockets, on the same rings of free chunks. With one,
 * poll(2) for receiving would also send (net/xdp/xsk.c, xsk_poll), from the receiver's
 * thread and without telling the sender which frames were dropped.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <bpf/libbpf.h>
#include <xdp/libxdp.h>

#include "base/err.h"
#include "base/lines.h"
#include "base/macros.h"
#include "port/wait.h"
#include "port/xdp.h"

#ifndef XDP_MAX_TX_SKB_BUDGET
#define XDP_MAX_TX_SKB_BUDGET 9 /* Linux 6.17 */
#endif

/* Frames that one call of the kernel sends at most; without the option it is 32. */
#define TX_BUDGET 1024U

#define BUSY_NS	     (500 * NSEC_PER_MSEC)
#define BUSY_STEP_NS (5 * NSEC_PER_MSEC)

static int umem_error(const struct xdp_priv *p, int code, struct weir_err *err)
{
	struct rlimit limit = { 0 };

	switch (code) {
	case -EPERM:
	case -EACCES:
		return err_set(err, code, "AF_XDP sockets need the capability CAP_NET_RAW");
	case -EAFNOSUPPORT:
		return err_set(err, -ENOTSUP, "this kernel has no AF_XDP sockets");
	case -ENOBUFS:
		(void)getrlimit(RLIMIT_MEMLOCK, &limit); /* then the text says 0 */
		return err_set(err, -EPERM,
			       "%zu KiB of memory must be locked, the limit (ulimit -l) is %llu "
			       "KiB; it does not hold with the capability CAP_IPC_LOCK",
			       p->area_size >> 10, (unsigned long long)limit.rlim_cur >> 10);
	default:
		return err_set(err, code, "cannot register %zu KiB as UMEM: %s", p->area_size >> 10,
			       strerror(-code));
	}
}

static int bind_error(const struct xdp_priv *p, unsigned q, int code, struct weir_err *err)
{
	const char *ifname = p->iface.name;

	switch (code) {
	case -EBUSY:
		return err_set(err, code, "queue %u of '%s' is in use by another AF_XDP socket", q,
			       ifname);
	case -EOPNOTSUPP:
		return err_set(err, -ENOTSUP, "'%s' does not take AF_XDP sockets in %s mode",
			       ifname, p->zc ? "zero-copy" : "copy");
	case -EPERM:
		return err_set(err, code, "AF_XDP sockets need the capability CAP_NET_RAW");
	default:
		return err_set(err, code, "cannot bind to queue %u of '%s': %s", q, ifname,
			       strerror(-code));
	}
}

static int make_area(struct weir_port *port, bool use_region, struct weir_err *err)
{
	struct xdp_priv *p = port->priv;
	unsigned dirs = !!(p->dir & WEIR_PORT_TX) + !!(p->dir & WEIR_PORT_RX);
	void *area;

	p->region_used = use_region;
	if (use_region) {
		p->area = port->opts.region.base;
		p->area_size = port->opts.region.size & ~(size_t)XDP_CHUNK_END;
		return 0;
	}
	p->area_size = (size_t)p->n_queues * dirs * p->ring_size * XDP_CHUNK;
	area = mmap(NULL, p->area_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (area == MAP_FAILED)
		return err_set(err, -ENOMEM, "no memory for a UMEM of %zu KiB", p->area_size >> 10);
	p->area = area;
	return 0;
}

static int make_umem(struct xdp_priv *p, struct xdp_queue *queue, struct weir_err *err)
{
	const struct xsk_umem_config cfg = {
		.fill_size = p->ring_size,
		.comp_size = p->ring_size,
		.frame_size = XDP_CHUNK,
	};
	int r;

	/* libxdp does not clear the rings' cached positions: they are zeroed memory. */
	r = xsk_umem__create(&queue->umem, p->area, p->area_size, &queue->fill, &queue->comp, &cfg);
	return r < 0 ? umem_error(p, r, err) : 0;
}

/* Sockets of one queue. The first socket of all decides the mode for the others. */
static int make_sockets(struct xdp_priv *p, unsigned q, struct weir_err *err)
{
	unsigned hw_queue = p->first_queue + q;
	struct xdp_queue *queue = &p->queues[q];
	struct xsk_umem *umem = queue->umem ?: p->queues[0].umem;
	struct xsk_socket_config cfg = {
		.rx_size = p->ring_size,
		.tx_size = p->ring_size,
		.libxdp_flags = XSK_LIBXDP_FLAGS__INHIBIT_PROG_LOAD,
		.bind_flags = (uint16_t)(XDP_USE_NEED_WAKEUP | (p->sg ? XDP_USE_SG : 0) |
					 (p->zc ? XDP_ZEROCOPY : XDP_COPY)),
	};
	int budget = (int)MIN(p->ring_size, TX_BUDGET);
	int r = 0;

	if (p->dir & WEIR_PORT_RX)
		r = xsk_socket__create_shared(&queue->rx.xsk, p->iface.name, hw_queue, umem,
					      &queue->rx.ring, NULL, &queue->fill, &queue->comp,
					      &cfg);
	if (r == 0 && p->dir & WEIR_PORT_TX)
		r = xsk_socket__create_shared(&queue->tx.xsk, p->iface.name, hw_queue, umem, NULL,
					      &queue->tx.ring, &queue->fill, &queue->comp, &cfg);
	if (r < 0)
		return bind_error(p, hw_queue, r, err);
	if (queue->rx.xsk)
		queue->rx.fd = xsk_socket__fd(queue->rx.xsk);
	if (queue->tx.xsk) {
		queue->tx.fd = xsk_socket__fd(queue->tx.xsk);
		/* Fewer calls a batch, where the kernel has it. */
		(void)setsockopt(queue->tx.fd, SOL_XDP, XDP_MAX_TX_SKB_BUDGET, &budget,
				 sizeof(budget));
	}
	return 0;
}

void xdp_sockets_close(struct xdp_priv *p)
{
	unsigned n = p->queues ? p->n_queues : 0;

	for (unsigned q = 0; q < n; q++) {
		xsk_socket__delete(p->queues[q].tx.xsk);
		xsk_socket__delete(p->queues[q].rx.xsk);
	}
	for (unsigned q = 0; q < n; q++) {
		if (p->queues[q].umem)
			(void)xsk_umem__delete(p->queues[q].umem); /* no socket is left on it */
		p->queues[q] = (struct xdp_queue){ 0 };
	}
	if (p->area && !p->region_used)
		(void)munmap(p->area, p->area_size); /* was mapped */
	p->area = NULL;
}

static int try_open(struct weir_port *port, bool use_region, bool sg, struct weir_err *err)
{
	struct xdp_priv *p = port->priv;
	int r;

	p->sg = sg;
	r = make_area(port, use_region, err);
	for (unsigned q = 0; r == 0 && q < p->n_queues; q++) {
		if (q == 0 || p->dir == (WEIR_PORT_RX | WEIR_PORT_TX))
			r = make_umem(p, &p->queues[q], err);
		if (r == 0)
			r = make_sockets(p, q, err);
	}
	if (r < 0)
		xdp_sockets_close(p);
	return r;
}

/* The kernel lets go of a queue some time after the last socket on it was closed. */
static int open_patiently(struct weir_port *port, bool use_region, bool sg, struct weir_err *err)
{
	uint64_t begin = wait_clock_ns(CLOCK_MONOTONIC);
	int r;

	for (;;) {
		r = try_open(port, use_region, sg, err);
		if (r != -EBUSY || wait_clock_ns(CLOCK_MONOTONIC) - begin > BUSY_NS)
			return r;
		(void)wait_fds(NULL, 0, BUSY_STEP_NS); /* only to pass time */
	}
}

int xdp_sockets_open(struct weir_port *port, struct weir_err *err)
{
	const struct weir_region *region = &port->opts.region;
	bool use_region = region->base && !(port->opts.dir & WEIR_PORT_RX) &&
			  region->size >= XDP_CHUNK && !((uintptr_t)region->base & XDP_CHUNK_END);
	struct weir_err why = { 0 }; /* of the last try that failed */
	int r;

	/* Both libraries print to stderr unless told not to, and can be told only for the
	 * whole process. What they would say is in our error. */
	(void)libbpf_set_print(NULL);
	(void)libxdp_set_print(NULL);

	/* First as we like it, then without what kernels or limits may refuse. */
	r = open_patiently(port, use_region, true, &why);
	if (r < 0 && r != -EPERM && r != -EBUSY)
		r = open_patiently(port, use_region, false, &why);
	if (r < 0 && use_region && r != -EBUSY) {
		r = open_patiently(port, false, true, &why);
		if (r < 0)
			r = open_patiently(port, false, false, &why);
	}
	return r < 0 ? err_set(err, r, "%s", weir_err_text(&why)) : 0;
}

int xdp_sockets_probe(const struct weir_iface *iface, struct weir_err *err)
{
	struct xdp_queue *queue = lines_new(1, sizeof(*queue));
	struct xdp_priv p = { .iface = *iface,
			      .queues = queue,
			      .n_queues = 1,
			      .ring_size = 64,
			      .dir = WEIR_PORT_TX };
	struct weir_port port = { .priv = &p, .opts.dir = WEIR_PORT_TX };
	int r;

	if (!queue)
		return err_set(err, -ENOMEM, "no memory");
	r = xdp_sockets_open(&port, err);
	if (r == 0)
		xdp_sockets_close(&p);
	free(queue);
	return r;
}
