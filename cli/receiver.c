/* SPDX-License-Identifier: BSD-2-Clause */
#include "receiver.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>

#include "util.h"

#define DEFAULT_BATCH 256u
/* How long a queue's thread waits before it looks whether it is to stop. */
#define WAIT_NS (10 * NSEC_PER_MSEC)

/* A queue and its thread, which alone writes the counters. */
struct queue {
	_Alignas(64) _Atomic uint64_t frames;
	_Atomic uint64_t bytes, batches, first_ns, last_ns;
	struct receiver *r;
	unsigned nr;
	pthread_t thread;
	bool runs;
	int error; /* what ended it; known once it is joined */
};

struct receiver {
	struct receiver_opts opts;
	struct queue *queues;
	unsigned n_queues;
	int done_fd; /* eventfd: no thread runs any more */
	_Atomic bool stop;
	_Atomic unsigned running;
};

static uint64_t get(const _Atomic uint64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

static void set(_Atomic uint64_t *counter, uint64_t value)
{
	atomic_store_explicit(counter, value, memory_order_relaxed);
}

static void count(struct queue *q, const struct weir_pkt *pkts, unsigned n)
{
	uint64_t bytes = 0, now = clock_ns(CLOCK_MONOTONIC);

	for (unsigned i = 0; i < n; i++)
		bytes += pkts[i].orig_len;
	set(&q->bytes, get(&q->bytes) + bytes);
	set(&q->batches, get(&q->batches) + 1);
	set(&q->frames, get(&q->frames) + n);
	if (!get(&q->first_ns))
		set(&q->first_ns, now);
	set(&q->last_ns, now);
}

/* Has enough come, or nothing for too long? Otherwise how much may come in one batch. */
static bool is_over(const struct receiver *r, unsigned *ret_max)
{
	const struct receiver_opts *o = &r->opts;
	struct receiver_counts c;

	*ret_max = o->batch;
	if (!o->limit && !o->idle_ns)
		return false;
	receiver_counts(r, &c);
	if (o->idle_ns && c.last_ns && clock_ns(CLOCK_MONOTONIC) >= c.last_ns + o->idle_ns)
		return true;
	if (!o->limit)
		return false;
	if (c.frames >= o->limit)
		return true;
	*ret_max = (unsigned)MIN(o->limit - c.frames, o->batch);
	return false;
}

static int receive(struct queue *q)
{
	struct receiver *r = q->r;
	struct weir_pkt pkts[RECEIVER_MAX_BATCH];
	unsigned max;
	int n = 0;

	while (n >= 0 && !atomic_load_explicit(&r->stop, memory_order_relaxed)) {
		if (is_over(r, &max)) {
			receiver_stop(r);
			break;
		}
		n = weir_port_rx(r->opts.port, q->nr, pkts, max);
		if (n > 0) {
			r->opts.take(r->opts.ctx, q->nr, pkts, (unsigned)n,
				     clock_ns(CLOCK_REALTIME));
			count(q, pkts, (unsigned)n);
			weir_port_rx_release(r->opts.port, q->nr);
		} else if (n == 0) {
			n = weir_port_rx_wait(r->opts.port, q->nr, WAIT_NS);
		}
	}
	return n < 0 && n != -ENODATA ? n : 0; /* -ENODATA: the end of a file */
}

static void *queue_main(void *arg)
{
	struct queue *q = arg;
	const uint64_t one = 1;

	if (q->r->opts.begin)
		q->r->opts.begin(q->r->opts.ctx, q->nr);
	q->error = receive(q);
	if (atomic_fetch_sub(&q->r->running, 1) == 1)
		(void)!write(q->r->done_fd, &one, sizeof(one)); /* an eventfd at 0 takes a 1 */
	return NULL;
}

int receiver_new(const struct receiver_opts *opts, struct receiver **ret_r, struct weir_err *err)
{
	struct receiver *r = xcalloc(1, sizeof(*r));

	r->opts = *opts;
	if (!r->opts.batch)
		r->opts.batch = DEFAULT_BATCH;
	r->opts.batch = MIN(r->opts.batch, RECEIVER_MAX_BATCH);
	r->n_queues = weir_port_info(opts->port)->n_queues;
	r->queues = xcalloc_lines(r->n_queues, sizeof(*r->queues));
	r->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (r->done_fd < 0) {
		int code = -errno;

		receiver_free(r);
		return err_text(err, code, "cannot make a receiver: %s", strerror(-code));
	}
	*ret_r = r;
	return 0;
}

int receiver_start(struct receiver *r, struct weir_err *err)
{
	int e = 0;

	atomic_store(&r->running, r->n_queues);
	for (unsigned i = 0; i < r->n_queues && !e; i++) {
		struct queue *q = &r->queues[i];

		q->r = r;
		q->nr = i;
		e = pthread_create(&q->thread, NULL, queue_main, q);
		q->runs = !e;
	}
	if (e)
		return err_text(err, -e, "cannot start a thread: %s", strerror(e));
	return 0;
}

void receiver_stop(struct receiver *r)
{
	atomic_store_explicit(&r->stop, true, memory_order_relaxed);
}

int receiver_fd(const struct receiver *r)
{
	return r->done_fd;
}

void receiver_counts(const struct receiver *r, struct receiver_counts *ret)
{
	struct receiver_counts c = { 0 };

	for (unsigned i = 0; i < r->n_queues; i++) {
		const struct queue *q = &r->queues[i];
		uint64_t first = get(&q->first_ns), last = get(&q->last_ns);

		c.frames += get(&q->frames);
		c.bytes += get(&q->bytes);
		c.batches += get(&q->batches);
		if (first && (!c.first_ns || first < c.first_ns))
			c.first_ns = first;
		if (last > c.last_ns)
			c.last_ns = last;
	}
	*ret = c;
}

int receiver_join(struct receiver *r, struct weir_err *err)
{
	int result = 0;

	receiver_stop(r);
	for (unsigned i = 0; i < r->n_queues; i++) {
		struct queue *q = &r->queues[i];

		if (!q->runs)
			continue;
		(void)pthread_join(q->thread, NULL);
		q->runs = false;
		if (q->error < 0)
			result = err_text(err, q->error, "%s: %s",
					  weir_port_info(r->opts.port)->name, strerror(-q->error));
	}
	return result;
}

struct receiver *receiver_free(struct receiver *r)
{
	struct weir_err unused;

	if (!r)
		return NULL;
	(void)receiver_join(r, &unused); /* who wants to know has joined before */
	if (r->done_fd >= 0)
		(void)close(r->done_fd); /* nothing to be done about it here */
	free(r->queues);
	free(r);
	return NULL;
}
