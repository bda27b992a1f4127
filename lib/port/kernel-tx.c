/* SPDX-License-Identifier: BSD-2-Clause */
/* kernel: announcing frames, and counting what became of them. */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include <weir/hist.h>

#include "port/kernel.h"

#include "base/err.h"
#include "base/macros.h"
#include "port/wait.h"

/* Between two looks at what the program has done: half of its slots last longer. */
#define STEP_NS (50 * NSEC_PER_USEC)

int kernel_txq_open(struct weir_port *port, unsigned q, struct weir_err *err)
{
	struct kernel_priv *p = port->priv;
	struct kernel_txq *tx = &p->queues[q];
	const struct kernel_plan plan = {
		.iface = &p->iface,
		.memory = &p->memory,
		.recipe = p->recipe,
		.frame_room = p->frame_room,
		/* Frames that have a time leave one by one. */
		.batch = port->opts.launch_time ? 1 : 64,
		.timed = port->opts.launch_time,
		.keep = p->keep,
	};
	int r;

	tx->slots = q * p->slot * KERNEL_SLOTS;
	tx->enough = (p->region || p->recipe ? KERNEL_RING : KERNEL_SLOTS) / 2;
	tx->mono_tai = wait_clock_ns(CLOCK_TAI) - wait_clock_ns(CLOCK_MONOTONIC);
	r = link_track_init(&tx->link, &p->iface, err);
	return r < 0 ? r : kernel_run_open(&tx->run, &plan, err);
}

void kernel_txq_close(struct weir_port *port, unsigned q)
{
	struct kernel_priv *p = port->priv;

	kernel_run_close(&p->queues[q].run);
	link_track_done(&p->queues[q].link);
}

static uint64_t tail(const struct kernel_txq *tx)
{
	return __atomic_load_n(&tx->run.shared->tail, __ATOMIC_ACQUIRE);
}

static uint64_t load(const __u64 *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

/* Moves frames that got lost from taken to refused. How long each was is not told: they
 * take the mean length with them. lost: all so far; those that never reached the device are
 * among them only while nothing is under way, so that it may be less than before. */
static void note_lost(struct kernel_txq *tx, struct port_counters *count, uint64_t lost)
{
	const enum weir_refusal why = tx->link.down ? WEIR_REFUSED_LINK_DOWN : WEIR_REFUSED_DROPPED;
	uint64_t n;

	if (lost <= tx->lost)
		return;
	n = lost - tx->lost;
	counter_add(&count->frames, -n);
	counter_add(&count->bytes, -(uint64_t)((unsigned __int128)tx->bytes * n / tx->frames));
	counter_add(&count->refused[why], n);
	tx->lost = lost;
}

static bool in_memory(const struct kernel_priv *p, const struct weir_pkt *pkt)
{
	return p->recipe || (p->region && (uint64_t)(pkt->data - p->region) < p->region_size);
}

/* Where the frame lies for the program; it is copied unless it does already. */
static uint32_t place(const struct kernel_priv *p, struct kernel_txq *tx,
		      const struct weir_pkt *pkt)
{
	const uint32_t slot = tx->slots + (uint32_t)(tx->head % KERNEL_SLOTS) * p->slot;

	if (in_memory(p, pkt))
		return p->region_off + (uint32_t)(pkt->data - p->region);
	memcpy(p->memory.base + slot, pkt->data, pkt->len);
	return slot;
}

/* Adds a frame to those announced since position begin. */
static void add(const struct kernel_priv *p, struct kernel_txq *tx, uint64_t begin, bool timed,
		const struct weir_pkt *pkt)
{
	struct kernel_desc *d = &tx->run.shared->ring[tx->head % KERNEL_RING];
	uint64_t nr = 0;

	if (p->recipe)
		memcpy(&nr, pkt->data, sizeof(nr));
	if (p->recipe && !timed && tx->head != begin) {
		struct kernel_desc *last = &tx->run.shared->ring[(tx->head - 1) % KERNEL_RING];

		if (last->nr + last->n == nr) {
			last->n++;
			return;
		}
	}
	d->due_ns = timed && pkt->ts_ns ? (uint64_t)pkt->ts_ns - tx->mono_tai : 0;
	if (p->recipe) {
		d->nr = nr;
		if (!timed)
			d->n = 1;
	} else {
		d->off = place(p, tx, pkt);
		d->len = pkt->len;
	}
	tx->head++;
}

/* Announces frames while there is room: how many of the n. */
static unsigned announce(const struct kernel_priv *p, struct kernel_txq *tx,
			 struct port_counters *count, bool timed, const struct weir_pkt *pkts,
			 unsigned n)
{
	const uint64_t first = tail(tx), begin = tx->head;
	uint64_t frames = 0, bytes = 0;
	unsigned i;

	for (i = 0; i < n; i++) {
		const struct weir_pkt *pkt = &pkts[i];
		enum weir_refusal why;

		if (tx->frames + frames - first >= (in_memory(p, pkt) ? KERNEL_RING : KERNEL_SLOTS))
			break;
		if (unlikely(!link_track_takes(&tx->link, p->recipe ? &p->made : pkt, p->frame_max,
					       &why))) {
			counter_add(&count->refused[why], 1);
			continue;
		}
		add(p, tx, begin, timed, pkt);
		frames++;
		bytes += pkt->len;
	}
	__atomic_store_n(&tx->run.shared->head, tx->head, __ATOMIC_RELEASE);
	tx->frames += frames;
	tx->bytes += bytes;
	counter_add(&count->frames, frames);
	counter_add(&count->bytes, bytes);
	return i;
}

int kernel_tx(struct weir_port *port, unsigned q, const struct weir_pkt *pkts, unsigned n)
{
	const struct kernel_priv *p = port->priv;
	struct kernel_txq *tx = &p->queues[q];
	struct port_counters *count = &port->queues[q].tx;
	unsigned done;
	int r;

	r = link_track_poll(&tx->link);
	if (unlikely(r < 0))
		return r;
	if (unlikely(tx->link.down)) {
		counter_add(&count->refused[WEIR_REFUSED_LINK_DOWN], n);
		return (int)n;
	}
	r = atomic_load_explicit(&tx->run.ended, memory_order_relaxed);
	if (unlikely(r))
		return r;
	note_lost(tx, count, load(&tx->run.shared->refused));
	done = announce(p, tx, count, port->opts.launch_time, pkts, n);
	if (done < n)
		counter_add(&count->retry_again, 1);
	return (int)done;
}

void kernel_lateness(const struct weir_port *port, struct weir_hist *ret)
{
	const struct kernel_priv *p = port->priv;

	static_assert(KERNEL_LATE_BUCKETS == WEIR_HIST_BUCKETS, "the same buckets");
	for (unsigned q = 0; q < p->n_queues; q++) {
		const struct kernel_shared *s = p->queues[q].run.shared;

		for (unsigned i = 0; i < WEIR_HIST_BUCKETS; i++) {
			ret->count[i] += load(&s->late[i]);
			ret->n += load(&s->late[i]);
		}
		ret->max = MAX(ret->max, load(&s->late_max));
	}
}

/* Passes the time until the program has done something, or the time is over: 1, or 0. */
static int poll_until(bool (*done)(const struct kernel_txq *tx), const struct kernel_txq *tx,
		      uint64_t timeout_ns)
{
	const uint64_t begin = wait_clock_ns(CLOCK_MONOTONIC);

	while (!done(tx)) {
		uint64_t gone = wait_clock_ns(CLOCK_MONOTONIC) - begin;
		int r = atomic_load_explicit(&tx->run.ended, memory_order_relaxed);

		if (r < 0)
			return r;
		if (gone >= timeout_ns)
			return 0;
		(void)wait_fds(NULL, 0, MIN(timeout_ns - gone, STEP_NS));
	}
	return 1;
}

/* Room for a good part of what may be under way: less is not worth being woken for. */
static bool has_room(const struct kernel_txq *tx)
{
	return tx->frames - tail(tx) <= tx->enough;
}

int kernel_tx_wait(struct weir_port *port, unsigned q, uint64_t timeout_ns)
{
	const struct kernel_priv *p = port->priv;

	return poll_until(has_room, &p->queues[q], timeout_ns);
}

static bool is_empty(const struct kernel_txq *tx)
{
	return tail(tx) == tx->frames;
}

/* Frames that were sent on are given to the device at the end of a batch, so that more
 * than a batch of idle runs later nothing is under way. */
static bool is_flushed(const struct kernel_txq *tx)
{
	return load(&tx->run.shared->idle) - tx->idle > 2 * tx->run.batch;
}

int kernel_tx_drain(struct weir_port *port, unsigned q, uint64_t timeout_ns)
{
	const struct kernel_priv *p = port->priv;
	struct kernel_txq *tx = &p->queues[q];
	int r = poll_until(is_empty, tx, timeout_ns);

	if (r <= 0)
		return r;
	tx->idle = load(&tx->run.shared->idle);
	r = poll_until(is_flushed, tx, timeout_ns);
	if (r <= 0)
		return r;
	r = link_track_refresh(&tx->link);
	note_lost(tx, &port->queues[q].tx, tx->frames - load(&tx->run.shared->taken));
	return r < 0 ? r : 1;
}
