/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The life of a sender: start, hold, stop, statistics. The loop is in worker.c.
 */
#include <weir/send.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/counter.h"
#include "base/err.h"
#include "base/hist.h"
#include "base/lines.h"
#include "base/macros.h"
#include "base/time.h"
#include "engine/worker.h"

static int check_workers(const struct weir_send_opts *o, struct weir_err *err)
{
	unsigned n = MAX(o->n_workers, 1u);
	struct weir_stream_info trace;

	if (n > WEIR_SEND_MAX_WORKERS)
		return err_set(err, -EINVAL, "a sender has at most %d workers",
			       WEIR_SEND_MAX_WORKERS);
	weir_stream_info(o->stream, &trace);
	if (trace.n_cursors != n || trace.n_parts < n)
		return err_set(err, -EINVAL, "the stream is not shared out to %u workers", n);
	if (o->ask && n > 1)
		return err_set(err, -EINVAL, "one frame at a time is a matter of one worker");
	for (unsigned i = 0; i < o->n_ports; i++) {
		const struct weir_port_info *info = weir_port_info(o->ports[i]);

		if (info->n_queues < n)
			return err_set(err, -EINVAL, "%s has %u queue%s for %u workers", info->name,
				       info->n_queues, info->n_queues == 1 ? "" : "s", n);
	}
	return 0;
}

static int check_opts(const struct weir_send_opts *o, struct weir_err *err)
{
	struct weir_walker w;
	int r;

	if (!o->stream)
		return err_set(err, -EINVAL, "there is nothing to send");
	if (!o->n_ports || o->n_ports > WEIR_SEND_MAX_PORTS)
		return err_set(err, -EINVAL, "a sender has 1 to %d ports", WEIR_SEND_MAX_PORTS);
	if (o->batch > WEIR_SEND_MAX_BATCH)
		return err_set(err, -EINVAL, "a batch has at most %u frames", WEIR_SEND_MAX_BATCH);
	r = check_workers(o, err);
	if (r < 0)
		return r;
	return weir_walker_init(&w, &o->rate, err);
}

static void set_defaults(struct weir_send_opts *o)
{
	if (!o->batch)
		o->batch = WORKER_DEFAULT_BATCH;
	if (!o->n_workers)
		o->n_workers = 1;
	if (!o->late_limit_ns)
		o->late_limit_ns = NSEC_PER_MSEC;
}

static int init(struct weir_sender *s, struct weir_err *err)
{
	int r;

	s->n_workers = s->opts.n_workers;
	s->workers = lines_new(s->n_workers, sizeof(*s->workers));
	if (!s->workers)
		return err_set(err, -ENOMEM, "out of memory");
	for (unsigned i = 0; i < s->n_workers; i++) {
		r = worker_init(&s->workers[i], s, i, err);
		if (r < 0)
			return r;
	}
	s->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (s->done_fd < 0)
		return err_set(err, -errno, "cannot make an eventfd: %s", strerror(errno));
	return 0;
}

int weir_sender_new(const struct weir_send_opts *opts, struct weir_sender **ret_sender,
		    struct weir_err *err)
{
	struct weir_sender *s;
	int r;

	r = check_opts(opts, err);
	if (r < 0)
		return r;
	s = lines_new(1, sizeof(*s));
	if (!s)
		return err_set(err, -ENOMEM, "out of memory");
	s->done_fd = -EBADF;
	s->opts = *opts;
	set_defaults(&s->opts);
	r = init(s, err);
	if (r < 0) {
		weir_sender_free(s);
		return r;
	}
	*ret_sender = s;
	return 0;
}

int weir_sender_start(struct weir_sender *s, struct weir_err *err)
{
	/* Frames that the ports took before this sender began are not its own. */
	for (unsigned i = 0; i < s->opts.n_ports; i++)
		weir_port_stats(s->opts.ports[i], &s->base[i]);
	atomic_store_explicit(&s->running, s->n_workers, memory_order_relaxed);
	for (unsigned i = 0; i < s->n_workers; i++) {
		struct worker *w = &s->workers[i];
		int r = pthread_create(&w->thread, NULL, worker_main, w);

		if (r) {
			weir_sender_stop(s); /* those that wait for this one end */
			return err_set(err, -r, "cannot start a sending thread: %s", strerror(r));
		}
		w->thread_runs = true;
	}
	return 0;
}

void weir_sender_stop(struct weir_sender *s)
{
	__atomic_fetch_or(&s->attention, ATTENTION_STOP, __ATOMIC_RELAXED);
}

uint64_t sender_now(const struct weir_sender *s)
{
	const struct weir_clock *c = s->opts.clock;

	return c ? c->now(c->ctx) : time_now(CLOCK_MONOTONIC);
}

void weir_sender_pause(struct weir_sender *s)
{
	uint64_t none = 0;

	if (atomic_compare_exchange_strong(&s->paused_at, &none, sender_now(s)))
		__atomic_fetch_or(&s->attention, ATTENTION_PAUSE, __ATOMIC_RELAXED);
}

void weir_sender_resume(struct weir_sender *s)
{
	uint64_t since = atomic_exchange(&s->paused_at, 0), held;

	if (!since)
		return;
	held = sender_now(s) - since;
	if (atomic_load(&s->epoch)) /* held before it began: nothing has to move */
		atomic_fetch_add(&s->epoch, held);
	atomic_fetch_add(&s->paused_ns, held);
	/* Workers that see the run go on see the new epoch: R1, pairs with R2. */
	__atomic_fetch_and(&s->attention, ~ATTENTION_PAUSE, __ATOMIC_RELEASE);
}

int weir_sender_fd(const struct weir_sender *s)
{
	return s->done_fd;
}

static void add_worker(struct weir_send_stats *st, const struct worker_counters *c,
		       unsigned n_ports)
{
	st->loops = MAX(st->loops, counter_get(&c->loops));
	st->files = MAX(st->files, counter_get(&c->file));
	st->scheduled_ns = MAX(st->scheduled_ns, counter_get(&c->scheduled_ns));
	st->batches += counter_get(&c->batches);
	st->port_waits += counter_get(&c->port_waits);
	st->cpu_ns += counter_get(&c->cpu_ns);
	st->behind_ns = MAX(st->behind_ns, counter_get(&c->behind_ns));
	st->late_dropped += counter_get(&c->late_dropped);
	st->stopped |= counter_get(&c->stopped);
	for (unsigned i = 0; i < n_ports; i++) {
		st->flow_frames[i] += counter_get(&c->flow_frames[i]);
		st->non_flow_frames[i] +=
			counter_get(&c->frames[i]) - counter_get(&c->flow_frames[i]);
		st->flows_new[i] += counter_get(&c->flows_new[i]);
		st->flows_expired[i] += counter_get(&c->flows_expired[i]);
		st->flow_invalid[i] += counter_get(&c->flow_invalid[i]);
	}
}

static void add_port(struct weir_send_stats *st, struct weir_port *port,
		     const struct weir_port_stats *base)
{
	struct weir_port_stats now;

	weir_port_stats(port, &now);
	st->frames += now.tx_frames - base->tx_frames;
	st->bytes += now.tx_bytes - base->tx_bytes;
	st->refused += now.tx_refused_total - base->tx_refused_total;
}

static uint64_t end_of_run(const struct weir_sender *s)
{
	uint64_t end = 0;

	for (unsigned i = 0; i < s->n_workers; i++)
		end = MAX(end, counter_get(&s->workers[i].counters.end_ns));
	return end;
}

void weir_sender_stats(struct weir_sender *s, struct weir_send_stats *ret)
{
	uint64_t held_since = counter_get(&s->paused_at), end;
	struct weir_send_stats st = {
		.begin_ns = counter_get(&s->begin_ns),
		.paused_ns = counter_get(&s->paused_ns),
		.shifted_ns = counter_get(&s->shifted_ns),
		.finished = !counter_get(&s->running),
	};

	for (unsigned i = 0; i < s->n_workers; i++)
		add_worker(&st, &s->workers[i].counters, s->opts.n_ports);
	for (unsigned i = 0; i < s->opts.n_ports; i++)
		add_port(&st, s->opts.ports[i], &s->base[i]);
	end = st.finished ? end_of_run(s) : sender_now(s);
	if (st.begin_ns && end > st.begin_ns) /* not so before a start in the future */
		st.elapsed_ns = end - st.begin_ns;
	if (held_since && end > held_since)
		st.paused_ns += end - held_since;
	*ret = st;
}

void weir_sender_lateness(struct weir_sender *s, struct weir_hist *ret)
{
	*ret = (struct weir_hist){ 0 };
	for (unsigned i = 0; i < s->n_workers; i++)
		weir_hist_merge(ret, &s->workers[i].lateness);
}

int weir_sender_worker(struct weir_sender *s, unsigned i, struct weir_worker_stats *ret)
{
	struct weir_hist h = { 0 };
	const struct worker *w;

	if (i >= s->n_workers)
		return 0;
	w = &s->workers[i];
	weir_hist_merge(&h, &w->lateness);
	*ret = (struct weir_worker_stats){
		.late_dropped = counter_get(&w->counters.late_dropped),
		.late_p50_ns = weir_hist_quantile(&h, 0.5),
		.late_p99_ns = weir_hist_quantile(&h, 0.99),
		.late_max_ns = h.max,
		.cpu_ns = counter_get(&w->counters.cpu_ns),
		.margin_ns = counter_get(&w->counters.margin_ns),
		.cpu = w->cpu,
		.clock = atomic_load_explicit(&w->counters.clock, memory_order_relaxed),
	};
	for (unsigned p = 0; p < s->opts.n_ports; p++)
		ret->frames += counter_get(&w->counters.frames[p]);
	return 1;
}

int weir_sender_join(struct weir_sender *s, struct weir_err *err)
{
	int r = 0;

	for (unsigned i = 0; s->workers && i < s->n_workers; i++) {
		struct worker *w = &s->workers[i];

		if (w->thread_runs)
			(void)pthread_join(w->thread, NULL);
		w->thread_runs = false;
		if (w->err.code < 0 && r == 0) {
			r = w->err.code;
			if (err)
				*err = w->err;
		}
	}
	return r;
}

static bool any_runs(const struct weir_sender *s)
{
	for (unsigned i = 0; s->workers && i < s->n_workers; i++)
		if (s->workers[i].thread_runs)
			return true;
	return false;
}

struct weir_sender *weir_sender_free(struct weir_sender *s)
{
	if (!s)
		return NULL;
	weir_sender_stop(s);
	if (any_runs(s))
		weir_stream_stop(s->opts.stream);
	(void)weir_sender_join(s, NULL);
	closep(&s->done_fd);
	free(s->workers);
	free(s);
	return NULL;
}
