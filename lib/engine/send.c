/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The life of a sender: start, hold, stop, statistics. The loop is in worker.c.
 */
#include <weir/send.h>

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/time.h"
#include "engine/worker.h"

static int check_opts(const struct weir_send_opts *o, struct weir_err *err)
{
	struct weir_walker w;

	if (!o->stream)
		return err_set(err, -EINVAL, "there is nothing to send");
	if (!o->n_ports || o->n_ports > WEIR_SEND_MAX_PORTS)
		return err_set(err, -EINVAL, "a sender has 1 to %d ports", WEIR_SEND_MAX_PORTS);
	if (o->batch > WORKER_MAX_BATCH)
		return err_set(err, -EINVAL, "a batch has at most %u frames", WORKER_MAX_BATCH);
	return weir_walker_init(&w, &o->rate, err);
}

/* Frames that the ports took before this sender began are not its own. */
static void note_bases(struct weir_sender *s)
{
	for (unsigned i = 0; i < s->opts.n_ports; i++)
		weir_port_stats(s->opts.ports[i], &s->base[i]);
}

int weir_sender_new(const struct weir_send_opts *opts, struct weir_sender **ret_sender,
		    struct weir_err *err)
{
	struct weir_sender *s;
	int r;

	r = check_opts(opts, err);
	if (r < 0)
		return r;
	s = aligned_alloc(_Alignof(struct weir_sender), sizeof(*s));
	if (!s)
		return err_set(err, -ENOMEM, "out of memory");
	memset(s, 0, sizeof(*s));
	s->opts = *opts;
	if (!s->opts.batch)
		s->opts.batch = WORKER_DEFAULT_BATCH;
	s->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (s->done_fd < 0) {
		r = err_set(err, -errno, "cannot make an eventfd: %s", strerror(errno));
		weir_sender_free(s);
		return r;
	}
	*ret_sender = s;
	return 0;
}

int weir_sender_start(struct weir_sender *s, struct weir_err *err)
{
	int r;

	note_bases(s);
	r = worker_init(&s->worker, s, err);
	if (r < 0)
		return r;
	r = pthread_create(&s->thread, NULL, worker_main, &s->worker);
	if (r)
		return err_set(err, -r, "cannot start a sending thread: %s", strerror(r));
	s->thread_runs = true;
	return 0;
}

void weir_sender_stop(struct weir_sender *s)
{
	__atomic_fetch_or(&s->attention, ATTENTION_STOP, __ATOMIC_RELAXED);
}

void weir_sender_pause(struct weir_sender *s)
{
	__atomic_fetch_or(&s->attention, ATTENTION_PAUSE, __ATOMIC_RELAXED);
}

void weir_sender_resume(struct weir_sender *s)
{
	__atomic_fetch_and(&s->attention, ~ATTENTION_PAUSE, __ATOMIC_RELAXED);
}

int weir_sender_fd(const struct weir_sender *s)
{
	return s->done_fd;
}

static uint64_t get(const _Atomic uint64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

/* What the workers' clocks tell; they themselves belong to their threads. */
static uint64_t time_of(const struct weir_sender *s)
{
	const struct weir_clock *c = s->opts.clock;

	return c ? c->now(c->ctx) : time_now(CLOCK_MONOTONIC);
}

void weir_sender_stats(struct weir_sender *s, struct weir_send_stats *ret)
{
	const struct worker_counters *c = &s->worker.counters;
	uint64_t end = get(&c->end_ns);
	struct weir_send_stats st = {
		.begin_ns = get(&c->begin_ns),
		.paused_ns = get(&c->paused_ns),
		.loops = get(&c->loops),
		.files = get(&c->file),
		.late_frames = get(&c->late_frames),
		.late_max_ns = get(&c->late_max_ns),
		.finished = get(&c->finished),
		.stopped = get(&c->stopped),
	};

	for (unsigned i = 0; i < s->opts.n_ports; i++) {
		struct weir_port_stats now;

		weir_port_stats(s->opts.ports[i], &now);
		st.frames += now.tx_frames - s->base[i].tx_frames;
		st.bytes += now.tx_bytes - s->base[i].tx_bytes;
		st.refused += now.tx_refused_total - s->base[i].tx_refused_total;
		st.flow_frames[i] = get(&c->flow_frames[i]);
		st.non_flow_frames[i] = get(&c->frames[i]) - get(&c->flow_frames[i]);
		st.flows_new[i] = get(&c->flows_new[i]);
		st.flows_expired[i] = get(&c->flows_expired[i]);
		st.flow_invalid[i] = get(&c->flow_invalid[i]);
	}
	if (st.begin_ns)
		st.elapsed_ns = (end ? end : time_of(s)) - st.begin_ns;
	*ret = st;
}

int weir_sender_join(struct weir_sender *s, struct weir_err *err)
{
	if (s->thread_runs) {
		(void)pthread_join(s->thread, NULL);
		s->thread_runs = false;
	}
	if (s->err.code < 0 && err)
		*err = s->err;
	return s->err.code;
}

struct weir_sender *weir_sender_free(struct weir_sender *s)
{
	if (!s)
		return NULL;
	weir_sender_stop(s);
	if (s->thread_runs)
		weir_stream_stop(s->opts.stream);
	(void)weir_sender_join(s, NULL);
	closep(&s->done_fd);
	free(s);
	return NULL;
}
