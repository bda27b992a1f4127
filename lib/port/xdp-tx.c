/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * xdp, sending.
 *
 * Four positions follow each other round the ring of descriptors:
 *
 *      completed + lost         taken              prod
 *          |  the kernel has them |  it has to be told |  free ...
 *
 * In copy mode the kernel does everything within sendto(2) (net/xdp/xsk.c,
 * __xsk_generic_xmit): it takes one frame after the other, and what it returns is about
 * the last one it tried:
 *
 *   EAGAIN    the driver has no room, or the call has sent its share: call again
 *   EBUSY     the driver dropped this frame; it will be completed like the others
 *   ENETDOWN  the interface is switched off; nothing was taken
 *   ENXIO     the interface is gone
 *
 * A frame that the driver refuses for its length vanishes without a word (veth:
 * is_skb_forwardable()), so lengths are checked against the MTU before.
 *
 * Descriptors that were not taken when the link goes down are made invalid ("voided"):
 * the kernel passes over them when it is up again, and the frames are refused now,
 * rather than sent at a time that nobody asked for.
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

#define LOOK_NS	  NSEC_PER_MSEC
#define PAUSE_NS  (20 * NSEC_PER_USEC)
#define CLOSE_NS  NSEC_PER_SEC
#define MIN_PIECE 64U /* a frame in pieces begins with at least this much of it */
/* Options that no kernel knows. They must not say that the frame goes on in the next
 * descriptor: the kernel would pass over that one, too. */
#define VOID_OPTIONS (~(uint32_t)XDP_PKT_CONTD)

/* Descriptors of which the kernel may still read the frame. What is taken for lost and
 * is completed after all (see settle()) makes the difference negative for a while. */
static uint32_t under_way(const struct xdp_tx *tx)
{
	int32_t n = (int32_t)(tx->prod - tx->completed - tx->lost);

	return n > 0 ? (uint32_t)n : 0;
}

static int tx_queue_open(struct xdp_priv *p, unsigned q, struct weir_err *err)
{
	struct xdp_tx *tx = &p->queues[q].tx;
	uint64_t first = xdp_first_chunk(p, q, false);
	int r;

	tx->ends = calloc(p->ring_size, sizeof(*tx->ends));
	if (!tx->ends)
		return err_set(err, -ENOMEM, "no memory for a queue");
	r = link_track_init(&tx->link, &p->iface, err);
	if (r < 0)
		return r;
	if (p->region_used)
		return packet_txq_open(&p->iface, false, &tx->spill, err);

	tx->free = calloc(p->ring_size, sizeof(*tx->free));
	if (!tx->free)
		return err_set(err, -ENOMEM, "no memory for a queue");
	for (uint32_t i = p->ring_size; i > 0; i--)
		tx->free[tx->n_free++] = first + (uint64_t)(i - 1) * XDP_CHUNK;
	return 0;
}

int xdp_tx_open(struct weir_port *port, struct weir_err *err)
{
	struct xdp_priv *p = port->priv;
	int r = 0;

	for (unsigned q = 0; r == 0 && q < p->n_queues; q++)
		r = tx_queue_open(p, q, err);
	return r;
}

/* Moves n frames of bytes from taken to refused (or, negative, back). */
static void take_back(struct port_counters *count, enum weir_refusal why, int64_t n, int64_t bytes)
{
	counter_add(&count->frames, (uint64_t)-n);
	counter_add(&count->bytes, (uint64_t)-bytes);
	counter_add(&count->refused[why], (uint64_t)n);
}

static struct xdp_desc *desc_at(struct xdp_tx *tx, uint32_t pos)
{
	return xsk_ring_prod__tx_desc(&tx->ring, pos);
}

/* Bytes of the frame whose last descriptor is at pos. */
static uint32_t frame_len_at(struct xdp_tx *tx, uint32_t pos)
{
	uint32_t len = desc_at(tx, pos)->len;

	while (pos-- != 0 && desc_at(tx, pos)->options == XDP_PKT_CONTD)
		len += desc_at(tx, pos)->len;
	return len;
}

/* Refuses the frames that the kernel has not taken whole, and makes their descriptors
 * invalid. Copy mode only: the kernel reads the ring in our own calls. */
static void void_rest(struct xdp_tx *tx, struct port_counters *count, enum weir_refusal why)
{
	int64_t frames = 0, bytes = 0;

	if (tx->taken == tx->prod || tx->voided)
		return;
	for (uint32_t pos = tx->taken; pos != tx->prod; pos++) {
		if (desc_at(tx, pos)->options == XDP_PKT_CONTD)
			continue;
		frames++;
		bytes += frame_len_at(tx, pos);
	}
	for (uint32_t pos = tx->taken; pos != tx->prod; pos++)
		*desc_at(tx, pos) =
			(struct xdp_desc){ .addr = UINT64_MAX, .options = VOID_OPTIONS };
	take_back(count, why, frames, bytes);
	tx->lost += tx->prod - tx->taken;
	tx->voided = true;
}

/* The interface is gone, and with it whatever was under way. */
static int gone(struct xdp_tx *tx, struct port_counters *count)
{
	void_rest(tx, count, WEIR_REFUSED_LINK_DOWN);
	tx->lost += under_way(tx);
	return -ENODEV;
}

/* Takes what the kernel completed. The chunks are free again. */
static void reap(const struct xdp_priv *p, struct xdp_queue *queue)
{
	struct xdp_tx *tx = &queue->tx;
	uint32_t idx, n = xsk_ring_cons__peek(&queue->comp, p->ring_size, &idx);

	if (!n)
		return;
	for (uint32_t i = 0; tx->free && i < n && tx->n_free < p->ring_size; i++)
		tx->free[tx->n_free++] =
			*xsk_ring_cons__comp_addr(&queue->comp, idx + i) & ~(uint64_t)XDP_CHUNK_END;
	xsk_ring_cons__release(&queue->comp, n);
	tx->completed += n;
}

/* All chunks are free when nothing is under way; those of lost descriptors come back
 * only so. */
static void reset_chunks(const struct xdp_priv *p, unsigned q)
{
	struct xdp_tx *tx = &p->queues[q].tx;
	uint64_t first = xdp_first_chunk(p, q, false);

	if (!tx->free)
		return;
	for (tx->n_free = 0; tx->n_free < p->ring_size; tx->n_free++)
		tx->free[tx->n_free] = first + (uint64_t)tx->n_free * XDP_CHUNK;
}

/*
 * Compares the descriptors that we take for lost with what the kernel says. To be called
 * when it has taken all there are. It may have found fewer invalid: it had taken those
 * already when they were voided, and told late. Or more: they were refused.
 */
static void settle(const struct xdp_priv *p, unsigned q, struct port_counters *count)
{
	struct xdp_tx *tx = &p->queues[q].tx;
	struct xdp_statistics s = { 0 };
	socklen_t len = sizeof(s);
	int32_t more;

	if (getsockopt(tx->fd, SOL_XDP, XDP_STATISTICS, &s, &len) < 0)
		return;
	more = (int32_t)((uint32_t)s.tx_invalid_descs - tx->lost);
	take_back(count, more < 0 ? WEIR_REFUSED_LINK_DOWN : WEIR_REFUSED_OTHER, more, 0);
	tx->lost = (uint32_t)s.tx_invalid_descs;
	tx->voided = false;
	if (!under_way(tx))
		reset_chunks(p, q);
}

/* The driver dropped the frame that the kernel took last. */
static int dropped(struct xdp_tx *tx, struct port_counters *count)
{
	uint64_t now = wait_clock_ns(CLOCK_MONOTONIC);
	enum weir_refusal why;
	int r = 0;

	/* Of a storm of drops only a few are worth a question. */
	if (!tx->link.down && now - tx->looked_ns >= LOOK_NS) {
		r = link_track_refresh(&tx->link);
		tx->looked_ns = now;
	}
	why = tx->link.down ? WEIR_REFUSED_LINK_DOWN : WEIR_REFUSED_DROPPED;
	take_back(count, why, 1, frame_len_at(tx, tx->taken - 1));
	return r;
}

/* Reads how far the kernel is. A kernel that sent nothing (EBUSY) may not have told. */
static bool advance(struct xdp_tx *tx, bool took_one)
{
	uint32_t now = __atomic_load_n(tx->ring.consumer, __ATOMIC_ACQUIRE);
	uint32_t before = tx->taken;

	if ((int32_t)(now - tx->taken) > 0)
		tx->taken = now;
	else if (took_one && tx->taken != tx->prod)
		while (desc_at(tx, tx->taken++)->options == XDP_PKT_CONTD)
			;
	return tx->taken != before;
}

static int net_down(struct xdp_tx *tx, struct port_counters *count)
{
	int r = link_track_refresh(&tx->link);

	if (r == 0 && tx->link.down)
		void_rest(tx, count, WEIR_REFUSED_LINK_DOWN);
	return r;
}

/*
 * Copy mode: has the kernel take all descriptors, as far as the driver has room. Each turn
 * takes at least one or is the last one but for a few.
 */
static int kick_copy(struct xdp_tx *tx, struct port_counters *count)
{
	uint32_t turns = tx->prod - tx->taken + 4;
	int r = 0;

	while (tx->taken != tx->prod && turns--) {
		int error = sendto(tx->fd, NULL, 0, MSG_DONTWAIT, NULL, 0) < 0 ? errno : 0;
		bool moved = advance(tx, error == EBUSY);

		switch (error) {
		case 0: /* maybe it passed over one invalid descriptor */
		case EINTR:
			break;
		case EBUSY:
			r = dropped(tx, count);
			break;
		case EAGAIN:
			if (moved)
				break;
			counter_add(&count->retry_again, 1);
			return 0;
		case ENOBUFS:
		case ENOMEM:
			counter_add(&count->retry_nobufs, 1);
			return 0;
		case ENETDOWN:
			r = net_down(tx, count);
			if (r == 0 && tx->link.down)
				return 0;
			break;
		case ENXIO:
		case ENODEV:
			return -ENODEV;
		default:
			return -error;
		}
		if (r < 0)
			return r;
	}
	return 0;
}

/* Zero-copy: wakes the driver if it sleeps. It takes what it takes, when it likes. */
static int kick_zc(struct xdp_tx *tx, struct port_counters *count)
{
	int r = 0;

	if (xsk_ring_prod__needs_wakeup(&tx->ring) &&
	    sendto(tx->fd, NULL, 0, MSG_DONTWAIT, NULL, 0) < 0) {
		switch (errno) {
		case EAGAIN:
		case EBUSY:
			counter_add(&count->retry_again, 1);
			break;
		case ENOBUFS:
			counter_add(&count->retry_nobufs, 1);
			break;
		case ENETDOWN:
			r = link_track_refresh(&tx->link);
			break;
		case EINTR:
			break;
		default:
			r = errno == ENXIO ? -ENODEV : -errno;
		}
	}
	(void)advance(tx, false);
	return r;
}

static int kick(const struct xdp_priv *p, unsigned q, struct port_counters *count)
{
	struct xdp_tx *tx = &p->queues[q].tx;
	int r = p->zc ? kick_zc(tx, count) : kick_copy(tx, count);

	if (unlikely(r < 0)) {
		(void)gone(tx, count);
		return r;
	}
	if (unlikely(tx->voided && tx->taken == tx->prod))
		settle(p, q, count);
	return 0;
}

static void write_desc(struct xdp_tx *tx, uint32_t pos, uint64_t addr, uint32_t len, bool last)
{
	*desc_at(tx, pos) = (struct xdp_desc){
		.addr = addr,
		.len = len,
		.options = last ? 0 : XDP_PKT_CONTD,
	};
	tx->ends[pos & tx->ring.mask] = tx->consumed + last;
}

/* What becomes of a frame: so many descriptors, or one of these. */
enum {
	NO_ROOM = 0,
	SPILL = -1, /* it lies where it cannot be sent from */
};

/* A frame inside the region that is the UMEM. */
static int place_in_region(struct xdp_tx *tx, const struct xdp_priv *p, const struct weir_pkt *pkt,
			   uint32_t pos, uint32_t room)
{
	uint64_t off = (uint64_t)((uintptr_t)pkt->data - (uintptr_t)p->area);
	uint32_t in_chunk = (uint32_t)off & XDP_CHUNK_END;
	uint32_t left = pkt->len, piece = MIN(left, XDP_CHUNK - in_chunk);
	int n = 0;

	/* Below the area the difference has wrapped, so it is too big as well. */
	if (unlikely(off >= p->area_size || left > p->area_size - off))
		return SPILL;
	if (likely(piece == left)) {
		write_desc(tx, pos, off, left, true);
		return 1;
	}
	if (!p->sg || left <= XDP_CHUNK || piece < MIN_PIECE)
		return SPILL;
	if ((in_chunk + left + XDP_CHUNK_END) / XDP_CHUNK > room)
		return NO_ROOM;
	for (; left; left -= piece, off += piece) {
		piece = MIN(left, XDP_CHUNK - ((uint32_t)off & XDP_CHUNK_END));
		write_desc(tx, pos + (uint32_t)n++, off, piece, piece == left);
	}
	return n;
}

/* A frame that is copied into chunks of our own. */
static int place_copy(struct xdp_tx *tx, const struct xdp_priv *p, const struct weir_pkt *pkt,
		      uint32_t pos, uint32_t room)
{
	uint32_t left = pkt->len, n = 0;
	const uint8_t *from = pkt->data;

	if ((left + XDP_CHUNK_END) / XDP_CHUNK > MIN(room, tx->n_free))
		return NO_ROOM;
	while (left) {
		uint64_t addr = tx->free[--tx->n_free];
		uint32_t piece = MIN(left, XDP_CHUNK);

		memcpy(p->area + addr, from, piece);
		write_desc(tx, pos + n++, addr, piece, piece == left);
		from += piece;
		left -= piece;
	}
	return (int)n;
}

/* Writes and submits the descriptors of as many frames as there is room for: how many
 * were consumed. Sets tx->want_drained if the next one must be sent another way. */
static unsigned write_frames(const struct xdp_priv *p, struct xdp_tx *tx,
			     struct port_counters *count, const struct weir_pkt *pkts, unsigned n)
{
	uint32_t longest = p->sg ? UINT32_MAX : XDP_CHUNK;
	uint32_t room = MIN(p->ring_size - under_way(tx), xsk_prod_nb_free(&tx->ring, n));
	uint32_t pos = tx->prod, idx;
	uint64_t frames = 0, bytes = 0;
	unsigned i;

	for (i = 0; i < n && room; i++) {
		enum weir_refusal why;
		int k;

		if (unlikely(!link_track_takes(&tx->link, &pkts[i], longest, &why))) {
			counter_add(&count->refused[why], 1);
			tx->consumed++;
			continue;
		}
		k = p->region_used ? place_in_region(tx, p, &pkts[i], pos, room)
				   : place_copy(tx, p, &pkts[i], pos, room);
		if (unlikely(k <= 0)) {
			tx->want_drained = k == SPILL;
			break;
		}
		pos += (uint32_t)k;
		room -= (uint32_t)k;
		tx->consumed++;
		frames++;
		bytes += pkts[i].len;
	}

	if (pos != tx->prod) {
		(void)xsk_ring_prod__reserve(&tx->ring, pos - tx->prod, &idx); /* there is room */
		xsk_ring_prod__submit(&tx->ring, pos - tx->prod);
		tx->prod = pos;
	}
	counter_add(&count->frames, frames);
	counter_add(&count->bytes, bytes);
	return i;
}

/* Sends one frame through the packet socket, when all before it have left: 1, or 0 for
 * "no room now". The kernel chooses the queue of the device. */
static int spill_frame(const struct xdp_priv *p, unsigned q, struct port_counters *count,
		       const struct weir_pkt *pkt)
{
	struct xdp_tx *tx = &p->queues[q].tx;
	int r;

	reap(p, &p->queues[q]);
	if (under_way(tx))
		return 0;
	r = packet_txq_send(tx->spill, count, pkt, 1);
	if (r > 0) {
		tx->consumed++;
		tx->want_drained = false;
	}
	return r;
}

static int refuse_all(struct xdp_tx *tx, struct port_counters *count, unsigned n)
{
	counter_add(&count->refused[WEIR_REFUSED_LINK_DOWN], n);
	tx->consumed += n;
	return (int)n;
}

int xdp_tx(struct weir_port *port, unsigned q, const struct weir_pkt *pkts, unsigned n)
{
	const struct xdp_priv *p = port->priv;
	struct xdp_queue *queue = &p->queues[q];
	struct xdp_tx *tx = &queue->tx;
	struct port_counters *count = &port->queues[q].tx;
	unsigned done = 0;
	int r;

	r = link_track_poll(&tx->link);
	if (unlikely(r < 0))
		return gone(tx, count);
	if (unlikely(tx->link.down)) {
		if (!p->zc)
			void_rest(tx, count, WEIR_REFUSED_LINK_DOWN);
		return refuse_all(tx, count, n);
	}
	if (unlikely(tx->taken != tx->prod)) {
		r = kick(p, q, count);
		if (r < 0)
			return r;
		if (tx->voided) /* they must be out of the ring first */
			return 0;
	}

	while (done < n) {
		if (p->ring_size - under_way(tx) < n - done || (tx->free && tx->n_free < n - done))
			reap(p, queue);
		tx->want_drained = false;
		done += write_frames(p, tx, count, pkts + done, n - done);
		r = kick(p, q, count);
		if (r == 0 && unlikely(tx->want_drained))
			r = spill_frame(p, q, count, &pkts[done]);
		if (unlikely(r < 0))
			return r;
		if (!r)
			break;
		done++;
	}
	return (int)done;
}

uint64_t xdp_tx_done(struct weir_port *port, unsigned q)
{
	const struct xdp_priv *p = port->priv;
	struct xdp_tx *tx = &p->queues[q].tx;

	reap(p, &p->queues[q]);
	if (!under_way(tx))
		return tx->consumed;
	if (tx->completed + tx->lost == 0)
		return 0;
	return tx->ends[(tx->completed + tx->lost - 1) & tx->ring.mask];
}

/* Is there room for the next frame? */
static bool has_room(const struct xdp_priv *p, const struct xdp_tx *tx)
{
	if (tx->want_drained)
		return !under_way(tx);
	return under_way(tx) < p->ring_size && (!tx->free || tx->n_free) && !tx->voided;
}

static bool is_drained(const struct xdp_priv *p, const struct xdp_tx *tx)
{
	(void)p;
	return !under_way(tx);
}

/* Kicks and reaps until done() or the time is over. Nobody tells when a driver has room
 * again in copy mode, so it looks every now and then. */
static int wait_tx(struct weir_port *port, unsigned q, uint64_t timeout_ns,
		   bool (*done)(const struct xdp_priv *, const struct xdp_tx *))
{
	const struct xdp_priv *p = port->priv;
	struct xdp_tx *tx = &p->queues[q].tx;
	struct port_counters *count = &port->queues[q].tx;
	uint64_t begin = wait_clock_ns(CLOCK_MONOTONIC), waited = 0;
	int r;

	for (;;) {
		reap(p, &p->queues[q]);
		if (done(p, tx))
			return 1;
		if (tx->taken != tx->prod || p->zc) {
			r = link_track_poll(&tx->link);
			if (r == 0)
				r = kick(p, q, count);
			if (r < 0)
				return gone(tx, count);
		}
		reap(p, &p->queues[q]);
		if (tx->taken == tx->prod)
			settle(p, q, count);
		if (done(p, tx))
			return 1;
		if (waited >= timeout_ns)
			return 0;
		r = wait_fds(NULL, 0, MIN(PAUSE_NS, timeout_ns - waited));
		if (r < 0)
			return r;
		waited = wait_clock_ns(CLOCK_MONOTONIC) - begin;
	}
}

int xdp_tx_wait(struct weir_port *port, unsigned q, uint64_t timeout_ns)
{
	const struct xdp_priv *p = port->priv;
	struct xdp_tx *tx = &p->queues[q].tx;

	if (tx->link.down) /* refusing needs no room */
		return 1;
	if (tx->want_drained && !under_way(tx))
		return packet_txq_wait(tx->spill, &port->queues[q].tx, timeout_ns);
	return wait_tx(port, q, timeout_ns, has_room);
}

int xdp_tx_drain(struct weir_port *port, unsigned q, uint64_t timeout_ns)
{
	return wait_tx(port, q, timeout_ns, is_drained);
}

void xdp_tx_close(struct weir_port *port)
{
	struct xdp_priv *p = port->priv;

	for (unsigned q = 0; q < p->n_queues; q++) {
		struct xdp_tx *tx = &p->queues[q].tx;

		if (under_way(tx) && !port->queues[q].tx.gone && !tx->link.down)
			(void)xdp_tx_drain(port, q, CLOSE_NS); /* what stays then is lost */
		link_track_done(&tx->link);
		(void)packet_txq_close(tx->spill);
		free(tx->free);
		free(tx->ends);
	}
}
