/* SPDX-License-Identifier: BSD-2-Clause */
#include <weir/relay.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/macros.h"

struct relay {
	const struct weir_relay *hands;
	_Atomic uint64_t fetched;

	pthread_mutex_t lock; /* of what follows: */
	pthread_cond_t take_turn;
	uint64_t taken;
	int last; /* what take() answered */
	pthread_cond_t give_turn;
	uint64_t given;
	struct weir_err failure; /* .code: of the first load that failed */

	struct weir_err last_err; /* take()'s; whose turn it is has it */
};

struct relay_worker {
	struct relay *relay;
	void *load;
	pthread_t thread;
	bool started;
};

/* Fills the load when its turn comes; false: there is nothing for it. */
static bool take(struct relay *r, void *load, uint64_t nr)
{
	int q;

	pthread_mutex_lock(&r->lock);
	while (r->last == 1 && !r->failure.code && r->taken != nr)
		pthread_cond_wait(&r->take_turn, &r->lock);
	q = r->last == 1 && !r->failure.code;
	pthread_mutex_unlock(&r->lock);
	if (!q)
		return false;

	q = r->hands->take(r->hands->ctx, load, &r->last_err);

	pthread_mutex_lock(&r->lock);
	r->last = q;
	r->taken += q == 1;
	pthread_cond_broadcast(&r->take_turn);
	pthread_mutex_unlock(&r->lock);
	return q == 1;
}

/* Whose turn it is is the only one who goes on, so that it alone looks at .failure. */
static void give(struct relay *r, void *load, uint64_t nr, int q, struct weir_err *err)
{
	pthread_mutex_lock(&r->lock);
	while (r->given != nr)
		pthread_cond_wait(&r->give_turn, &r->lock);
	pthread_mutex_unlock(&r->lock);

	if (q >= 0 && !r->failure.code)
		q = r->hands->give(r->hands->ctx, load, err);

	pthread_mutex_lock(&r->lock);
	if (q < 0 && !r->failure.code) {
		r->failure = *err;
		r->failure.code = q;
	}
	r->given++;
	pthread_cond_broadcast(&r->give_turn);
	if (r->failure.code)
		pthread_cond_broadcast(&r->take_turn); /* nobody takes any more */
	pthread_mutex_unlock(&r->lock);
}

static void *work(void *arg)
{
	const struct relay_worker *w = arg;
	const struct weir_relay *hands = w->relay->hands;
	struct weir_err err = { 0 };

	for (;;) {
		const uint64_t nr =
			atomic_fetch_add_explicit(&w->relay->fetched, 1, memory_order_relaxed);
		int q = 0;

		if (hands->fetch)
			hands->fetch(hands->ctx, w->load, nr);
		if (!take(w->relay, w->load, nr))
			return NULL;
		if (hands->work)
			q = hands->work(hands->ctx, w->load, &err);
		give(w->relay, w->load, nr, q, &err);
	}
}

static int result(const struct relay *r, struct weir_err *err)
{
	if (!r->failure.code && r->last >= 0)
		return 0;
	if (err)
		*err = r->failure.code ? r->failure : r->last_err;
	return r->failure.code ? r->failure.code : r->last;
}

int weir_relay_run(const struct weir_relay *relay, void *const loads[], unsigned n_loads,
		   struct weir_err *err)
{
	struct relay r = {
		.hands = relay,
		.last = 1,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.take_turn = PTHREAD_COND_INITIALIZER,
		.give_turn = PTHREAD_COND_INITIALIZER,
	};
	CLEANUP(freep)
	struct relay_worker *workers = calloc(n_loads, sizeof(*workers));

	if (!workers)
		return err_set(err, -ENOMEM, "out of memory");

	for (unsigned i = 0; i < n_loads; i++) {
		struct relay_worker *w = &workers[i];

		*w = (struct relay_worker){ .relay = &r, .load = loads[i] };
		w->started = i && pthread_create(&w->thread, NULL, work, w) == 0;
	}
	work(&workers[0]);
	for (unsigned i = 1; i < n_loads; i++) {
		if (workers[i].started)
			pthread_join(workers[i].thread, NULL);
	}
	return result(&r, err);
}

unsigned weir_relay_workers(unsigned max)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) < 0) /* more processors than a set holds */
		return max;
	return MIN((unsigned)CPU_COUNT(&set), max);
}
