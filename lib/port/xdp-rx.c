/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * xdp, receiving. Frames are lent in the chunks that the kernel put them in, and
 * rx_release() puts the chunks back into the fill ring. Only frames of several chunks
 * are copied, into one piece.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/macros.h"
#include "port/wait.h"
#include "port/xdp.h"

#define SCRATCH_SIZE   (1U << 20)
#define GONE_CHECK_NS  (100 * NSEC_PER_MSEC)
#define COUNT_DROPS_AT 64 /* releases */

static void give_chunks(struct xdp_queue *queue, const uint64_t *chunks, uint32_t n)
{
	uint32_t idx;

	/* The ring holds all chunks there are, so there is always room. */
	if (!n || xsk_ring_prod__reserve(&queue->fill, n, &idx) != n)
		return;
	for (uint32_t i = 0; i < n; i++)
		*xsk_ring_prod__fill_addr(&queue->fill, idx + i) = chunks[i];
	xsk_ring_prod__submit(&queue->fill, n);
}

static int rx_queue_open(const struct xdp_priv *p, unsigned q, struct weir_err *err)
{
	struct xdp_rx *rx = &p->queues[q].rx;
	uint64_t first = xdp_first_chunk(p, q, true);

	rx->lent = calloc(p->ring_size, sizeof(*rx->lent));
	rx->scratch = malloc(SCRATCH_SIZE);
	if (!rx->lent || !rx->scratch)
		return err_set(err, -ENOMEM, "no memory for a queue");
	for (uint32_t i = 0; i < p->ring_size; i++)
		rx->lent[i] = first + (uint64_t)i * XDP_CHUNK;
	give_chunks(&p->queues[q], rx->lent, p->ring_size);
	return 0;
}

int xdp_rx_open(struct weir_port *port, struct weir_err *err)
{
	struct xdp_priv *p = port->priv;
	int r = 0;

	for (unsigned q = 0; r == 0 && q < p->n_queues; q++)
		r = rx_queue_open(p, q, err);
	if (r == 0)
		r = xdp_prog_attach(p, err);
	if (r < 0 || !port->opts.promisc)
		return r;
	p->promisc_fd = packet_socket(&p->iface, err);
	return p->promisc_fd < 0 ? p->promisc_fd
				 : packet_set_promisc(p->promisc_fd, &p->iface, err);
}

void xdp_rx_close(struct xdp_priv *p)
{
	xdp_prog_detach(p);
	closep(&p->promisc_fd);
	for (unsigned q = 0; q < p->n_queues; q++) {
		free(p->queues[q].rx.lent);
		free(p->queues[q].rx.scratch);
	}
}

/* Lends the frame that begins at descriptor idx; at most n are there. How many
 * descriptors it has, or 0: it is not all there, or there is no place for it now. */
static uint32_t lend_frame(const struct xdp_priv *p, struct xdp_rx *rx, uint32_t idx, uint32_t n,
			   struct weir_pkt *ret_pkt)
{
	const struct xdp_desc *d = xsk_ring_cons__rx_desc(&rx->ring, idx);
	uint32_t len = 0, n_descs = 0;
	uint8_t *piece;

	if (likely(!(d->options & XDP_PKT_CONTD))) {
		rx->lent[rx->n_lent++] = d->addr & ~(uint64_t)XDP_CHUNK_END;
		*ret_pkt = (struct weir_pkt){ .data = p->area + d->addr, .len = d->len };
		return 1;
	}

	piece = rx->scratch + rx->n_scratch;
	do {
		if (n_descs == n)
			return 0;
		d = xsk_ring_cons__rx_desc(&rx->ring, idx + n_descs);
		if (rx->n_scratch + len + d->len > SCRATCH_SIZE)
			return 0;
		memcpy(piece + len, p->area + d->addr, d->len);
		len += d->len;
		rx->lent[rx->n_lent + n_descs++] = d->addr & ~(uint64_t)XDP_CHUNK_END;
	} while (d->options & XDP_PKT_CONTD);

	rx->n_lent += n_descs;
	rx->n_scratch += (len + 63) & ~63U;
	rx->n_scratch = MIN(rx->n_scratch, SCRATCH_SIZE);
	*ret_pkt = (struct weir_pkt){ .data = piece, .len = len };
	return n_descs;
}

int xdp_rx(struct weir_port *port, unsigned q, struct weir_pkt *ret_pkts, unsigned max)
{
	const struct xdp_priv *p = port->priv;
	struct xdp_rx *rx = &p->queues[q].rx;
	struct port_counters *count = &port->queues[q].rx;
	uint32_t snaplen = port->opts.snaplen ? port->opts.snaplen : WEIR_FRAME_MAX;
	uint32_t idx = 0, used = 0, n_descs;
	uint64_t bytes = 0;
	unsigned n = 0;
	int64_t now;

	n_descs = xsk_ring_cons__peek(&rx->ring, p->ring_size - rx->n_lent, &idx);
	if (!n_descs)
		return 0;
	now = wall_clock_ns();
	while (n < max && used < n_descs) {
		struct weir_pkt *pkt = &ret_pkts[n];
		uint32_t k = lend_frame(p, rx, idx + used, n_descs - used, pkt);

		if (!k)
			break;
		used += k;
		n++;
		bytes += pkt->len;
		pkt->orig_len = pkt->len;
		pkt->len = MIN(pkt->len, snaplen);
		pkt->ts_ns = now;
	}
	xsk_ring_cons__cancel(&rx->ring, n_descs - used);
	xsk_ring_cons__release(&rx->ring, used);
	counter_add(&count->frames, n);
	counter_add(&count->bytes, bytes);
	return (int)n;
}

static void count_drops(struct xdp_rx *rx, struct port_counters *count)
{
	struct xdp_statistics s = { 0 };
	socklen_t len = sizeof(s);
	uint64_t dropped;

	rx->n_released = 0;
	if (getsockopt(rx->fd, SOL_XDP, XDP_STATISTICS, &s, &len) < 0)
		return;
	dropped = s.rx_dropped + s.rx_ring_full;
	counter_add(&count->dropped, dropped - rx->dropped_seen);
	rx->dropped_seen = dropped;
}

void xdp_rx_release(struct weir_port *port, unsigned q)
{
	const struct xdp_priv *p = port->priv;
	struct xdp_queue *queue = &p->queues[q];
	struct xdp_rx *rx = &queue->rx;

	if (!rx->n_lent)
		return;
	give_chunks(queue, rx->lent, rx->n_lent);
	rx->n_lent = 0;
	rx->n_scratch = 0;
	if (xsk_ring_prod__needs_wakeup(&queue->fill))
		(void)recvfrom(rx->fd, NULL, 0, MSG_DONTWAIT, NULL, NULL); /* only wakes */
	if (++rx->n_released >= COUNT_DROPS_AT)
		count_drops(rx, &port->queues[q].rx);
}

int xdp_rx_fd(const struct weir_port *port, unsigned q)
{
	const struct xdp_priv *p = port->priv;

	return p->queues[q].rx.fd;
}

int xdp_rx_wait(struct weir_port *port, unsigned q, uint64_t timeout_ns)
{
	const struct xdp_priv *p = port->priv;
	struct xdp_rx *rx = &p->queues[q].rx;
	struct pollfd pfd = { .fd = rx->fd, .events = POLLIN };
	int r;

	if (xsk_cons_nb_avail(&rx->ring, 1))
		return 1;
	count_drops(rx, &port->queues[q].rx);

	/* A socket whose interface went away polls as "nothing", for ever; asking for
	 * frames tells. */
	r = wait_fds(&pfd, 1, MIN(timeout_ns, GONE_CHECK_NS));
	if (r < 0)
		return r;
	if (recvfrom(rx->fd, NULL, 0, MSG_DONTWAIT, NULL, NULL) < 0 &&
	    (errno == ENXIO || errno == ENODEV))
		return -ENODEV;
	return xsk_cons_nb_avail(&rx->ring, 1) > 0;
}
