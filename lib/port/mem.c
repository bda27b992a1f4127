/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mem: two ports of one process that share a name. What one sends the other receives,
 * queue by queue. The first one opened makes the pair; frames wait for the second.
 *
 * A pair has two rings of bytes for each queue, one in each direction, with one writer
 * and one reader. Frames lie in them one after another behind a small header, never
 * wrapped around the end, and are lent to the receiver where they lie. A full ring is
 * the sender's "no room now": nothing is ever dropped.
 *
 *     |hdr|frame |hdr|frame    |hdr|frame| free ...            |hdr: skip to the end|
 *      ^tail: given back                 ^head: written
 *
 * The table of names is the one piece of process-wide state in the library: ports that
 * find each other by name need one. It holds only what is open, under a mutex.
 */
#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/lines.h"
#include "port/backend.h"
#include "port/registry.h"
#include "port/wait.h"

#define RING_SIZE (4U << 20)
#define SKIP	  UINT32_MAX

struct mem_record {
	int64_t ts_ns;
	uint32_t len;	   /* of the frame behind it; SKIP: nothing until the ring's end */
	uint32_t orig_len; /* on the wire */
};

static_assert(2 * (WEIR_FRAME_MAX + 2 * sizeof(struct mem_record)) < RING_SIZE,
	      "an empty ring takes the longest frame wherever it begins");

/* One direction of a queue. Positions run free and are masked on access. */
struct mem_ring {
	_Alignas(64) _Atomic uint64_t head; /* written by the sender */
	uint64_t need;			    /* sender's: bytes the refused frame wants */
	_Atomic bool sender_waits;
	_Alignas(64) _Atomic uint64_t tail; /* written by the receiver */
	uint64_t read;			    /* receiver's: lent up to here */
	_Atomic bool receiver_waits;
	_Alignas(64) uint8_t *bytes;
	int data_fd; /* eventfds: there are frames; there is room */
	int room_fd;
};

struct mem_pair {
	struct mem_pair *next;
	unsigned n_queues;
	unsigned n_opened;	/* under the table's mutex */
	unsigned n_closed;	/* under the table's mutex */
	_Atomic bool closed[2]; /* by side */
	struct mem_ring *rings; /* ring of side s, queue q: rings[2 * q + s] is sent by s */
	char name[256];
};

struct mem_priv {
	struct mem_pair *pair;
	unsigned side;
};

static struct {
	pthread_mutex_t lock;
	struct mem_pair *pairs;
} table = { .lock = PTHREAD_MUTEX_INITIALIZER };

static struct mem_ring *sent_ring(const struct mem_priv *m, unsigned q)
{
	return &m->pair->rings[2 * q + m->side];
}

static struct mem_ring *received_ring(const struct mem_priv *m, unsigned q)
{
	return &m->pair->rings[2 * q + (1 - m->side)];
}

static bool peer_closed(const struct mem_priv *m)
{
	return atomic_load_explicit(&m->pair->closed[1 - m->side], memory_order_acquire);
}

static struct mem_pair *pair_free(struct mem_pair *pair)
{
	if (!pair)
		return NULL;
	for (unsigned i = 0; pair->rings && i < 2 * pair->n_queues; i++) {
		free(pair->rings[i].bytes);
		closep(&pair->rings[i].data_fd);
		closep(&pair->rings[i].room_fd);
	}
	free(pair->rings);
	free(pair);
	return NULL;
}

DEFINE_CLEANUP(struct mem_pair *, pair_free)

static int ring_init(struct mem_ring *ring)
{
	ring->need = sizeof(struct mem_record);
	ring->bytes = aligned_alloc(64, RING_SIZE);
	ring->data_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	ring->room_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return ring->bytes && ring->data_fd >= 0 && ring->room_fd >= 0 ? 0 : -ENOMEM;
}

static int pair_new(const char *name, unsigned n_queues, struct mem_pair **ret_pair)
{
	CLEANUP(pair_freep)
	struct mem_pair *pair = calloc(1, sizeof(*pair));

	if (!pair)
		return -ENOMEM;
	pair->rings = lines_new(2 * (size_t)n_queues, sizeof(*pair->rings));
	if (!pair->rings)
		return -ENOMEM;
	pair->n_queues = n_queues;
	for (unsigned i = 0; i < 2 * n_queues; i++)
		pair->rings[i].data_fd = pair->rings[i].room_fd = -EBADF;
	for (unsigned i = 0; i < 2 * n_queues; i++) {
		int r = ring_init(&pair->rings[i]);

		if (r < 0)
			return r;
	}
	memcpy(pair->name, name, strlen(name) + 1);
	*ret_pair = TAKE_PTR(pair);
	return 0;
}

static struct mem_pair *find_pair(const char *name)
{
	struct mem_pair *pair = table.pairs;

	while (pair && strcmp(pair->name, name) != 0)
		pair = pair->next;
	return pair;
}

/* Takes the free side of the pair, or makes it. The table is locked. */
static int join_pair(struct weir_port *port, struct weir_err *err)
{
	const struct port_args *args = &port->args;
	bool told = args->has_queues || port->opts.queues;
	struct mem_pair *pair = find_pair(args->target);
	struct mem_priv *m = port->priv;
	int r;

	if (!pair) {
		r = pair_new(args->target, args->n_queues, &pair);
		if (r < 0)
			return err_set(err, r, "no memory for %u queues", args->n_queues);
		pair->next = table.pairs;
		table.pairs = pair;
	}
	if (pair->n_opened == 2)
		return err_set(err, -EBUSY, "both ends are taken already");
	if (told && args->n_queues != pair->n_queues)
		return err_set(err, -EINVAL, "%u queues are wanted, but the other end has %u",
			       args->n_queues, pair->n_queues);
	m->side = pair->n_opened++;
	m->pair = pair;
	return 0;
}

static int mem_open(struct weir_port *port, struct weir_err *err)
{
	const struct mem_priv *m = port->priv;
	int r;

	(void)pthread_mutex_lock(&table.lock);
	r = join_pair(port, err);
	(void)pthread_mutex_unlock(&table.lock);
	if (r < 0)
		return r;

	port->info.linktype = port->opts.linktype ? port->opts.linktype : WEIR_LINKTYPE_ETHERNET;
	port->info.max_frame = WEIR_FRAME_MAX;
	return port_set_queues(port, m->pair->n_queues, err);
}

static void wake(int fd)
{
	const uint64_t one = 1;

	/* Can only fail when the count is full: then the other side is awake. */
	if (write(fd, &one, sizeof(one)) < 0)
		return;
}

static void leave_pair(struct mem_pair *pair)
{
	struct mem_pair **at = &table.pairs;

	if (++pair->n_closed < pair->n_opened)
		return;
	while (*at != pair)
		at = &(*at)->next;
	*at = pair->next;
	(void)pair_free(pair);
}

static void mem_close(struct weir_port *port)
{
	const struct mem_priv *m = port->priv;

	if (!m->pair)
		return;
	(void)pthread_mutex_lock(&table.lock);
	atomic_store_explicit(&m->pair->closed[m->side], true, memory_order_release);
	for (unsigned q = 0; q < m->pair->n_queues; q++) {
		wake(sent_ring(m, q)->data_fd);
		wake(received_ring(m, q)->room_fd);
	}
	leave_pair(m->pair);
	(void)pthread_mutex_unlock(&table.lock);
}

/* Bytes that a frame takes in the ring, header and alignment included. */
static uint64_t record_size(uint32_t len)
{
	return (sizeof(struct mem_record) + len + 15) & ~(uint64_t)15;
}

static struct mem_record *record_at(const struct mem_ring *ring, uint64_t pos)
{
	return (struct mem_record *)(void *)(ring->bytes + (pos & (RING_SIZE - 1)));
}

/* Puts a frame at head, which moves. False: no room. */
static bool ring_put(struct mem_ring *ring, uint64_t *head, uint64_t tail,
		     const struct weir_pkt *pkt, int64_t ts_ns)
{
	uint64_t size = record_size(pkt->len);
	uint64_t to_end = RING_SIZE - (*head & (RING_SIZE - 1));
	uint64_t skip = size > to_end ? to_end : 0;
	struct mem_record *rec;

	ring->need = size + skip;
	if (RING_SIZE - (*head - tail) < ring->need)
		return false;

	if (skip) {
		record_at(ring, *head)->len = SKIP;
		*head += skip;
	}
	rec = record_at(ring, *head);
	rec->len = pkt->len;
	rec->orig_len = MAX(pkt->orig_len, pkt->len);
	rec->ts_ns = ts_ns;
	memcpy(rec + 1, pkt->data, pkt->len);
	*head += size;
	return true;
}

/*
 * Publishes a position and wakes the other side if it sleeps on it. The position and the
 * flag are both sequentially consistent, as in wait_ring(): either we see the flag, or
 * the other side, having set it, sees the position.
 */
static void publish(_Atomic uint64_t *pos, uint64_t value, _Atomic bool *waits, int fd)
{
	atomic_store(pos, value);
	if (atomic_exchange(waits, false))
		wake(fd);
}

static int mem_tx(struct weir_port *port, unsigned q, const struct weir_pkt *pkts, unsigned n)
{
	const struct mem_priv *m = port->priv;
	struct port_counters *count = &port->queues[q].tx;
	struct mem_ring *ring = sent_ring(m, q);
	uint64_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
	uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_acquire);
	uint64_t bytes = 0, long_frames = 0;
	int64_t now = wall_clock_ns();
	unsigned i;

	if (peer_closed(m))
		return -EPIPE;

	for (i = 0; i < n; i++) {
		int64_t ts_ns = port->opts.launch_time ? pkts[i].ts_ns : now;

		if (unlikely(pkts[i].len > WEIR_FRAME_MAX)) {
			long_frames++;
			continue;
		}
		if (!ring_put(ring, &head, tail, &pkts[i], ts_ns))
			break;
		bytes += pkts[i].len;
	}

	publish(&ring->head, head, &ring->receiver_waits, ring->data_fd);
	counter_add(&count->frames, i - long_frames);
	counter_add(&count->bytes, bytes);
	counter_add(&count->refused[WEIR_REFUSED_TOO_LONG], long_frames);
	counter_add(&count->retry_again, i < n);
	return (int)i;
}

static bool has_room(const struct mem_ring *ring)
{
	return RING_SIZE - (atomic_load(&ring->head) - atomic_load(&ring->tail)) >= ring->need;
}

static bool has_frames(const struct mem_ring *ring)
{
	return atomic_load(&ring->head) != ring->read;
}

/* Sleeps on fd until ready(ring), the other end closes, or the time is over. */
static int wait_ring(const struct mem_priv *m, const struct mem_ring *ring,
		     bool (*ready)(const struct mem_ring *), _Atomic bool *waits, int fd,
		     uint64_t timeout_ns)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	uint64_t count;
	int r;

	if (ready(ring))
		return 1;
	if (peer_closed(m))
		return -EPIPE;
	if (!timeout_ns)
		return 0;

	atomic_store(waits, true);
	if (!ready(ring) && !peer_closed(m)) {
		r = wait_fds(&pfd, 1, timeout_ns);
		if (r < 0)
			return r;
	}
	atomic_store(waits, false);
	if (read(fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
		return -errno;

	if (ready(ring))
		return 1;
	return peer_closed(m) ? -EPIPE : 0;
}

static int mem_tx_wait(struct weir_port *port, unsigned q, uint64_t timeout_ns)
{
	const struct mem_priv *m = port->priv;
	struct mem_ring *ring = sent_ring(m, q);

	if (peer_closed(m))
		return -EPIPE;
	return wait_ring(m, ring, has_room, &ring->sender_waits, ring->room_fd, timeout_ns);
}

static int mem_rx(struct weir_port *port, unsigned q, struct weir_pkt *ret_pkts, unsigned max)
{
	const struct mem_priv *m = port->priv;
	struct port_counters *count = &port->queues[q].rx;
	struct mem_ring *ring = received_ring(m, q);
	bool closed = peer_closed(m); /* before head: nothing comes after it */
	uint64_t head = atomic_load_explicit(&ring->head, memory_order_acquire);
	uint32_t snaplen = port->opts.snaplen ? port->opts.snaplen : WEIR_FRAME_MAX;
	uint64_t bytes = 0;
	unsigned n = 0;

	while (n < max && ring->read != head) {
		struct mem_record *rec = record_at(ring, ring->read);

		if (rec->len == SKIP) {
			ring->read += RING_SIZE - (ring->read & (RING_SIZE - 1));
			continue;
		}
		ret_pkts[n++] = (struct weir_pkt){
			.data = (uint8_t *)(rec + 1),
			.len = MIN(rec->len, snaplen),
			.orig_len = rec->orig_len,
			.ts_ns = rec->ts_ns,
		};
		bytes += rec->len;
		ring->read += record_size(rec->len);
	}

	counter_add(&count->frames, n);
	counter_add(&count->bytes, bytes);
	return n || !closed ? (int)n : -EPIPE;
}

static void mem_rx_release(struct weir_port *port, unsigned q)
{
	struct mem_ring *ring = received_ring(port->priv, q);

	publish(&ring->tail, ring->read, &ring->sender_waits, ring->room_fd);
}

static int mem_rx_wait(struct weir_port *port, unsigned q, uint64_t timeout_ns)
{
	const struct mem_priv *m = port->priv;
	struct mem_ring *ring = received_ring(m, q);

	return wait_ring(m, ring, has_frames, &ring->receiver_waits, ring->data_fd, timeout_ns);
}

const struct backend mem_backend = {
	.scheme = "mem",
	.summary = "the other end is a port of the same process",
	.needs = "nothing",
	.dirs = WEIR_PORT_TX | WEIR_PORT_RX,
	.needs_target = true,
	.launch_time = true,
	.priv_size = sizeof(struct mem_priv),
	.open = mem_open,
	.close = mem_close,
	.tx = mem_tx,
	.tx_wait = mem_tx_wait,
	.rx = mem_rx,
	.rx_release = mem_rx_release,
	.rx_wait = mem_rx_wait,
};
