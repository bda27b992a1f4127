/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vale: a port of a switch between programs, "vale0:p1", or an end of a pipe, "vale0:x{1"
 * and "vale0:x}1". Needs no privilege; the switch is started if none of that name runs
 * (vale/start.c). Through a pipe frames go straight to its other end.
 *
 * A queue is a pair of rings in memory that the switch maps, too (vale/shm.h), opened by a
 * connection of its own. While both ends are awake no call of the kernel is made: sending
 * is copying into buffers and moving an index, receiving is reading where the switch has
 * written.
 *
 * Frames in a region that the switch can map, too, are not copied here: a slot tells where
 * they lie, and the switch copies them to whom they are for.
 *
 * A frame of more than a buffer takes several slots. Buffers of neighbouring slots are
 * neighbours, so that a received one lies in one piece, unless it goes round the end of the
 * ring, its sender left slots half full, or somebody has put other buffers there: then it is
 * put together elsewhere. There is room for one such frame; with the next one, a batch waits
 * until that is given back.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/copy.h"
#include "base/counter.h"
#include "base/err.h"
#include "base/lines.h"
#include "base/macros.h"
#include "base/patience.h"
#include "base/relax.h"
#include "port/backend.h"
#include "port/link.h"
#include "port/name.h"
#include "port/registry.h"
#include "port/wait.h"
#include "vale/client.h"
#include "vale/cycle.h"
#include "vale/link.h"
#include "vale/name.h"

#define MAX_FRAME (VALE_MAX_FRAGS * VALE_BUF_SIZE)
/* How long closing waits for frames under way. */
#define LINGER_NS (NSEC_PER_SEC / 2)
/* How often a wait looks before it sleeps; see IDLE_ROUNDS in vale/server.c. */
#define LOOKS 4u
/* So many times in a row nothing was received without a wait: is the switch still there? */
#define EMPTY_CALLS 1024u

/* One side of a queue. Indices run from 0 to n - 1. */
struct vale_side {
	_Alignas(64) struct vale_slot *slots;
	uint8_t *bufs; /* buffer 0 of the region */
	uint32_t n_bufs;
	uint32_t n;
	bool sends;
	uint32_t pos; /* to send: the next to be filled. To receive: to be read */
	struct vale_link link;
	const _Atomic uint64_t *dropped;
	uint32_t freed; /* to send: the first that was not given back */
	uint32_t need;	/* to send: slots that the refused frame wants */
	struct patience patience;
	uint32_t empty; /* to receive: calls in a row that found nothing */
	bool watched;	/* to receive: somebody waits for the descriptor that wakes us */
	uint64_t done;	/* to send: frames that were read */
	/* To send from a region: frames consumed when the one in this slot was, or 0 where that
	 * goes on. NULL: frames are copied. */
	uint64_t *ends;
	uint64_t consumed;
	uint8_t *whole; /* to receive: a frame that was put together */
	bool whole_lent;
};

struct vale_queue {
	struct vale_client client;
	struct vale_side tx, rx;
	bool opened;
};

struct vale_priv {
	char sw[64]; /* the switch, as port_args have it */
	bool is_nic; /* an interface that one has: it says how many rings there are */
	struct vale_queue *queues;
	unsigned n;
	uint16_t flags;	       /* of each slot to send */
	const uint8_t *region; /* the switch has it, too; NULL: none */
	size_t region_size;
};

static struct vale_queue *queue_of(const struct weir_port *port, unsigned q)
{
	return &((struct vale_priv *)port->priv)->queues[q];
}

static int vale_open_opts(const struct weir_port *port, struct vale_open *o, struct weir_err *err)
{
	uint64_t slots = 0, rx_slots; /* 0: as many as the switch gives, or there are */
	const struct vale_priv *v = port->priv;
	uint32_t rings = port->args.n_queues;
	int r = vale_port_name_check(port->args.target, err);

	if (r == 0)
		r = port_option_number(&port->args, "slots", VALE_MIN_SLOTS, VALE_MAX_SLOTS, &slots,
				       err);
	rx_slots = slots;
	if (r == 0)
		r = port_option_number(&port->args, "rx-slots", VALE_MIN_SLOTS, VALE_MAX_SLOTS,
				       &rx_slots, err);
	if (r < 0)
		return r;
	if (rings > 1 && vale_pipe_end(port->args.target) >= 0)
		return err_set(err, -EINVAL, "a pipe has one queue");
	if (rings > VALE_MAX_RINGS)
		return err_set(err, -EINVAL, "%u queues are more than %u", rings, VALE_MAX_RINGS);
	*o = (struct vale_open){
		.shape = { .tx_rings = v->is_nic ? 0 : rings,
			   .rx_rings = v->is_nic ? 0 : rings,
			   .tx_slots = (uint32_t)slots,
			   .rx_slots = (uint32_t)rx_slots },
	};
	memcpy(o->port, port->args.target, strlen(port->args.target));
	return 0;
}

/* One direction of a queue by its ring, an index of the control page. Goes on where the ring
 * stands. */
static int side_init(struct vale_side *s, const struct vale_client *c, unsigned ring, bool sends)
{
	const struct vale_layout *l = &c->layout;
	unsigned place = c->is_pipe ? vale_pipe_ring(ring) : ring;

	s->slots = vale_layout_ring(l, c->mem, place)->slot;
	s->n = vale_layout_slots(l, ring);
	s->bufs = c->mem + l->in.bufs_at;
	s->n_bufs = l->in.n_bufs;
	s->sends = sends;
	if (sends) {
		vale_link_send(&s->link, c, ring);
		s->need = 1;
	} else {
		vale_link_receive(&s->link, c, ring);
		s->dropped = &c->ctl->ring[ring].dropped;
		s->whole = malloc(MAX_FRAME);
		if (!s->whole)
			return -ENOMEM;
	}
	s->pos = s->freed = vale_link_told(&s->link);
	return 0;
}

static int open_queue(struct weir_port *port, unsigned q, struct vale_open *o, struct weir_err *err)
{
	const struct vale_priv *v = port->priv;
	struct vale_queue *queue = &v->queues[q];
	unsigned rx_ring, tx_ring = q;
	int r;

	o->ring = q;
	queue->opened = true;
	r = vale_client_open(&queue->client, v->sw, o, q ? &v->queues[0].client : NULL, err);
	rx_ring = queue->client.layout.shape.tx_rings + q;
	if (r == 0 && queue->client.is_pipe && queue->client.end) {
		rx_ring = 0; /* what the other end sends by */
		tx_ring = 1;
	}
	if (r == 0)
		r = side_init(&queue->tx, &queue->client, tx_ring, true);
	if (r == 0)
		r = side_init(&queue->rx, &queue->client, rx_ring, false);
	return r == -ENOMEM ? err_set(err, r, "no memory for a queue") : r;
}

/* Which slots are read has to be known of every queue. */
static bool make_ends(const struct vale_priv *v)
{
	bool made = true;

	for (unsigned q = 0; q < v->n; q++) {
		struct vale_side *s = &v->queues[q].tx;

		s->ends = calloc(s->n, sizeof(*s->ends));
		made = made && s->ends;
	}
	return made;
}

/* Without it frames are copied. */
static void share_region(struct weir_port *port)
{
	const struct weir_region *region = &port->opts.region;
	struct vale_priv *v = port->priv;

	if (!region->base || !region->shared || v->queues[0].client.is_pipe || !make_ends(v) ||
	    vale_client_arena(&v->queues[0].client, region->base, region->size, region->fd, 0,
			      NULL) < 0)
		return;
	v->region = region->base;
	v->region_size = region->size;
	(void)snprintf(port->info.note, sizeof(port->info.note), "the switch sends from the trace");
}

/* A queue for each ring that is wanted; of an interface, unless it is said, for each there is. */
static int open_queues(struct weir_port *port, struct vale_open *o, struct weir_err *err)
{
	struct vale_priv *v = port->priv;
	int r = 0;

	v->queues = lines_new(VALE_MAX_RINGS, sizeof(*v->queues));
	if (!v->queues)
		return err_set(err, -ENOMEM, "no memory for %u queues", VALE_MAX_RINGS);
	v->n = port->args.n_queues;
	for (unsigned q = 0; q < v->n && r == 0; q++) {
		r = open_queue(port, q, o, err);
		if (r == 0 && v->is_nic && !port->args.has_queues)
			v->n = v->queues[0].client.layout.shape.tx_rings;
	}
	return r;
}

static int open_port(struct weir_port *port, struct weir_err *err)
{
	struct vale_priv *v = port->priv;
	const struct vale_shape *shape;
	struct vale_open o;
	uint32_t shortest;
	int r = vale_open_opts(port, &o, err);

	if (r == 0)
		r = open_queues(port, &o, err);
	if (r < 0)
		return r;
	v->flags = port_option(&port->args, "nolearn", NULL) ? VALE_SLOT_NO_LEARN : 0;
	share_region(port);
	port->info.linktype = WEIR_LINKTYPE_ETHERNET;
	shape = &v->queues[0].client.layout.shape;
	shortest = MIN(shape->tx_slots, shape->rx_slots) - 1;
	port->info.max_frame = MIN(MAX_FRAME, shortest * VALE_BUF_SIZE);
	(void)snprintf(port->info.device, sizeof(port->info.device), "%s", port->args.target);
	return port_set_queues(port, v->n, err);
}

static int vale_open_port(struct weir_port *port, struct weir_err *err)
{
	struct vale_priv *v = port->priv;

	(void)snprintf(v->sw, sizeof(v->sw), "%s", port->args.scheme);
	return open_port(port, err);
}

static uint32_t limit_of(const struct vale_side *s)
{
	return vale_link_limit(&s->link, s->pos);
}

static bool is_closed(const struct vale_side *s)
{
	return vale_link_is_closed(&s->link);
}

/* Free slots to send. */
static uint32_t room_of(const struct vale_side *s)
{
	return cycle_distance(s->pos, limit_of(s), s->n);
}

/* The buffer that a slot names. Nobody should have written a wrong number there: buffer 0 is
 * no one's. */
static inline uint8_t *buffer_of(const struct vale_side *s, const struct vale_slot *slot)
{
	uint32_t idx = slot->buf_idx;

	return s->bufs + (size_t)(likely(idx < s->n_bufs) ? idx : 0) * VALE_BUF_SIZE;
}

/* Copies up to a buffer into the slot at pos, or tells there where it lies. What the slot says
 * already is not written: the other side has its line, too, as long as nobody does. */
static inline void put_slot(const struct vale_side *s, uint32_t pos, const uint8_t *data,
			    uint16_t len, uint16_t flags)
{
	struct vale_slot *slot = &s->slots[pos];

	if (flags & VALE_SLOT_INDIRECT) {
		slot->ptr = (uintptr_t)data;
	} else {
		copy_ahead(buffer_of(s, slot), data, len, VALE_BUF_SIZE);
	}
	if (slot->len != len || slot->flags != flags) {
		slot->len = len;
		slot->flags = flags;
	}
}

/* Puts a frame into n slots. */
static inline void put_frame(struct vale_side *s, const struct weir_pkt *pkt, uint32_t n,
			     uint16_t flags)
{
	const uint8_t *data = pkt->data;
	uint32_t pos = s->pos;

	for (; unlikely(n > 1); n--, data += VALE_BUF_SIZE) {
		put_slot(s, pos, data, VALE_BUF_SIZE, flags | VALE_SLOT_MOREFRAG);
		if (s->ends)
			s->ends[pos] = 0;
		pos = cycle_next(pos, s->n);
	}
	put_slot(s, pos, data, (uint16_t)(pkt->len - (size_t)(data - pkt->data)), flags);
	if (s->ends)
		s->ends[pos] = s->consumed + 1;
	s->pos = cycle_next(pos, s->n);
}

/* Takes note of slots that the switch has given back: how many frames it has read. To be
 * done before any of them is filled anew. */
static uint64_t take_back(struct vale_side *s)
{
	uint32_t free_from = cycle_next(limit_of(s), s->n); /* the first that it has not */

	for (; s->freed != free_from && s->freed != s->pos; s->freed = cycle_next(s->freed, s->n))
		s->done = MAX(s->done, s->ends[s->freed]);
	/* Frames that were refused behind the last one that was sent wait for nothing. */
	if (s->freed == s->pos)
		s->done = s->consumed;
	return s->done;
}

static inline uint16_t flags_of(const struct vale_priv *v, const struct weir_pkt *pkt)
{
	size_t off = (uintptr_t)pkt->data - (uintptr_t)v->region;
	bool inside = v->region && off <= v->region_size && pkt->len <= v->region_size - off;

	return v->flags | (inside ? VALE_SLOT_INDIRECT : 0);
}

static int vale_tx(struct weir_port *port, unsigned q, const struct weir_pkt *pkts, unsigned n)
{
	struct port_counters *count = &port->queues[q].tx;
	struct vale_side *s = &queue_of(port, q)->tx;
	uint32_t room, begin = s->pos;
	uint64_t bytes = 0, refused = 0;
	unsigned i;

	if (unlikely(is_closed(s)))
		return -EPIPE;
	if (s->ends)
		(void)take_back(s);
	room = s->ends ? cycle_distance(s->pos, cycle_before(s->freed, s->n), s->n) : room_of(s);
	for (i = 0; i < n; i++) {
		uint32_t len = pkts[i].len, slots = cycle_slots_for(len);

		if (unlikely(len < VALE_MIN_FRAME || len > port->info.max_frame)) {
			counter_add(&count->refused[len < VALE_MIN_FRAME ? WEIR_REFUSED_TOO_SHORT
									 : WEIR_REFUSED_TOO_LONG],
				    1);
			refused++;
			s->consumed++;
			continue;
		}
		if (slots > room) {
			s->need = slots;
			break;
		}
		put_frame(s, &pkts[i], slots, flags_of(port->priv, &pkts[i]));
		s->consumed++;
		room -= slots;
		bytes += len;
	}
	if (s->pos != begin)
		vale_link_tell(&s->link, s->pos);
	counter_add(&count->frames, i - refused);
	counter_add(&count->bytes, bytes);
	counter_add(&count->retry_again, i < n);
	return (int)i;
}

static uint64_t vale_tx_done(struct weir_port *port, unsigned q)
{
	struct vale_side *s = &queue_of(port, q)->tx;

	return s->ends ? take_back(s) : s->consumed;
}

/* Sleeps until what wait_side() waits for, unless it is there. */
static int sleep_side(const struct vale_queue *queue, struct vale_side *s,
		      bool (*ready)(struct vale_side *), uint64_t timeout_ns)
{
	uint32_t seen = atomic_load_explicit(s->link.limit.index, memory_order_acquire);
	int r;

	if (ready(s))
		return 1;
	if (is_closed(s))
		return -EPIPE;
	if (!timeout_ns)
		return vale_client_is_gone(&queue->client) ? -ENXIO : 0;
	r = vale_client_sleep(&s->link.limit, seen, timeout_ns);
	if (ready(s) && !s->sends)
		return 1; /* what came before the end is given */
	if (r < 0)
		return is_closed(s) ? -EPIPE : r;
	return ready(s);
}

/* Waits until ready(s), the time is over, or the switch or the other end is gone. Never
 * long on the processor: the other side may need it. */
static int wait_side(const struct vale_queue *queue, struct vale_side *s,
		     bool (*ready)(struct vale_side *), uint64_t timeout_ns)
{
	int r;

	for (unsigned i = 0; i < LOOKS && timeout_ns; i++) {
		if (ready(s))
			return 1;
		cpu_relax();
	}
	if (timeout_ns < PATIENCE_NS) /* tells nothing of how long waits are */
		return sleep_side(queue, s, ready, timeout_ns);
	patience_begin(&s->patience);
	while (!ready(s) && patience_left(&s->patience))
		;
	r = sleep_side(queue, s, ready, timeout_ns);
	patience_end(&s->patience);
	return r;
}

static bool has_room(struct vale_side *s)
{
	return room_of(s) >= s->need;
}

static bool is_drained(struct vale_side *s)
{
	return room_of(s) == s->n - 1;
}

static bool has_frames(struct vale_side *s)
{
	return limit_of(s) != s->pos;
}

static int vale_tx_wait(struct weir_port *port, unsigned q, uint64_t timeout_ns)
{
	struct vale_queue *queue = queue_of(port, q);

	return wait_side(queue, &queue->tx, has_room, timeout_ns);
}

static int wait_drained(struct weir_port *port, unsigned q, uint64_t timeout_ns)
{
	struct vale_queue *queue = queue_of(port, q);

	return wait_side(queue, &queue->tx, is_drained, timeout_ns);
}

/* Through a pipe frames are on no way: they are where the other end reads them. */
static int vale_tx_drain(struct weir_port *port, unsigned q, uint64_t timeout_ns)
{
	return queue_of(port, q)->client.is_pipe ? 1 : wait_drained(port, q, timeout_ns);
}

static void vale_close_port(struct weir_port *port)
{
	const struct vale_priv *v = port->priv;
	uint64_t now = wait_clock_ns(CLOCK_MONOTONIC), end = now + LINGER_NS;

	/* What is held for a receiver, in a lossless switch or a pipe. */
	for (unsigned q = 0; port->queues && q < v->n; q++) {
		while (now < end && wait_drained(port, q, end - now) == 0)
			now = wait_clock_ns(CLOCK_MONOTONIC);
	}
	/* The first has the mapping that all use. */
	for (unsigned q = v->n; q-- > 0;) {
		struct vale_queue *queue = &v->queues[q];

		if (queue->opened)
			vale_client_close(&queue->client);
		free(queue->tx.ends);
		free(queue->rx.whole);
	}
	free(v->queues);
}

/* Puts a frame of n slots from at on together, that does not lie in one piece. */
static uint8_t *gather(struct vale_side *s, uint32_t at, uint32_t n)
{
	uint8_t *to = s->whole;

	s->whole_lent = true;
	for (uint32_t i = 0; i < n; i++, at = cycle_next(at, s->n)) {
		uint32_t len = MIN(s->slots[at].len, VALE_BUF_SIZE);

		memcpy(to, buffer_of(s, &s->slots[at]), len);
		to += len;
	}
	return s->whole;
}

/* The frame at pos, which moves behind it; the switch hands over whole frames only. False:
 * it has not done so, or there is no room to put it together. */
static inline bool take_frame(struct vale_side *s, uint32_t tail, struct weir_pkt *ret_pkt)
{
	uint32_t at = s->pos, i = at, n = 0, len = 0;
	uint8_t *data = buffer_of(s, &s->slots[at]);
	bool whole = true, more;

	do {
		uint32_t part = MIN(s->slots[i].len, VALE_BUF_SIZE);

		if (unlikely(i == tail || n == VALE_MAX_FRAGS))
			return false;
		more = s->slots[i].flags & VALE_SLOT_MOREFRAG;
		whole = whole && (!n || buffer_of(s, &s->slots[i]) == data + len) &&
			(!more || part == VALE_BUF_SIZE);
		len += part;
		n++;
		i = cycle_next(i, s->n);
	} while (unlikely(more));
	if (unlikely(!whole && s->whole_lent))
		return false;
	ret_pkt->data = whole ? data : gather(s, at, n);
	ret_pkt->len = ret_pkt->orig_len = len;
	s->pos = i;
	return true;
}

/* Nothing has come: is there anybody who could send? */
static int rx_nothing(const struct vale_queue *queue, struct vale_side *s)
{
	if (is_closed(s))
		return limit_of(s) == s->pos ? -EPIPE : 0; /* its last frames are told first */
	if (++s->empty % EMPTY_CALLS == 0 && vale_client_is_gone(&queue->client))
		return -ENXIO;
	return 0;
}

/* The limit. If nothing has come, the next frame makes the descriptor readable. */
static uint32_t rx_watched(struct vale_side *s)
{
	const struct vale_wait *w = &s->link.limit;
	uint32_t limit = limit_of(s);

	if (limit == s->pos) {
		vale_wait_drain(w);
		if (vale_wait_arm(w, limit))
			return limit;
		limit = limit_of(s);
	}
	vale_wait_disarm(w);
	return limit;
}

static int vale_rx(struct weir_port *port, unsigned q, struct weir_pkt *ret_pkts, unsigned max)
{
	struct port_counters *count = &port->queues[q].rx;
	struct vale_queue *queue = queue_of(port, q);
	struct vale_side *s = &queue->rx;
	uint32_t limit = s->watched ? rx_watched(s) : limit_of(s), snaplen = port->opts.snaplen;
	uint64_t bytes = 0;
	int64_t now;
	unsigned n = 0;

	counter_set(&count->dropped, counter_get(s->dropped));
	if (limit == s->pos)
		return rx_nothing(queue, s);
	s->empty = 0;
	now = wall_clock_ns();
	while (n < max && s->pos != limit && take_frame(s, limit, &ret_pkts[n])) {
		bytes += ret_pkts[n].len;
		ret_pkts[n].ts_ns = now;
		if (snaplen && ret_pkts[n].len > snaplen)
			ret_pkts[n].len = snaplen;
		n++;
	}
	counter_add(&count->frames, n);
	counter_add(&count->bytes, bytes);
	return (int)n;
}

static void vale_rx_release(struct weir_port *port, unsigned q)
{
	struct vale_side *s = &queue_of(port, q)->rx;

	s->whole_lent = false;
	if (vale_link_told(&s->link) != s->pos)
		vale_link_tell(&s->link, s->pos);
}

static int vale_rx_wait(struct weir_port *port, unsigned q, uint64_t timeout_ns)
{
	struct vale_queue *queue = queue_of(port, q);

	return wait_side(queue, &queue->rx, has_frames, timeout_ns);
}

static int vale_rx_fd(const struct weir_port *port, unsigned q)
{
	struct vale_side *s = &queue_of(port, q)->rx;

	s->watched = true;
	return s->link.limit.fd;
}

/* What the two back ends have in common. */
#define VALE_COMMON                                                                                \
	.needs = "nothing", .dirs = WEIR_PORT_TX | WEIR_PORT_RX, .needs_target = true,             \
	.priv_size = sizeof(struct vale_priv), .close = vale_close_port, .tx = vale_tx,            \
	.tx_done = vale_tx_done, .tx_wait = vale_tx_wait, .tx_drain = vale_tx_drain,               \
	.rx = vale_rx, .rx_release = vale_rx_release, .rx_wait = vale_rx_wait, .rx_fd = vale_rx_fd

const struct backend vale_backend = {
	.scheme = "vale",
	.scheme_begins = true,
	.summary = "a switch between programs: vale0:p1",
	.options = "slots rx-slots nolearn",
	.shares_region = true,
	.open = vale_open_port,
	VALE_COMMON,
};

/* netmap's name of an interface, or of a pipe that belongs to no switch: one process that has
 * that name keeps their memory. */
static int netmap_open_port(struct weir_port *port, struct weir_err *err)
{
	struct vale_priv *v = port->priv;
	bool is_pipe = vale_pipe_end(port->args.target) >= 0;
	struct weir_iface iface;
	int r = vale_port_name_check(port->args.target, err);

	if (r == 0 && !is_pipe)
		r = link_by_name(port->args.target, &iface, err);
	if (r < 0)
		return r;
	vale_netmap_switch(port->args.target, v->sw);
	v->is_nic = !is_pipe;
	r = open_port(port, err);
	if (r == 0 && v->is_nic)
		port->info.max_frame = MIN(port->info.max_frame, iface.mtu + LINK_ETH_LEN);
	return r;
}

const struct backend netmap_backend = {
	.scheme = "netmap",
	.summary = "interfaces and pipes by netmap's names: netmap:eth0, netmap:x{1",
	.options = "slots",
	.open = netmap_open_port,
	VALE_COMMON,
};
