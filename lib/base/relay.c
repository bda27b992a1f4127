/* SPDX-License-Identifier: BSD-2-Clause */
#include <weir/relay.h>

#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/macros.h"

struct relay {
	const struct weir_relay *hands;

	pthread_mutex_t taking; /* held while a load is filled; of what follows: */
	uint64_t taken;
	int last; /* what take() answered */
	struct weir_err last_err;

	pthread_mutex_t lock; /* of what follows: */
	pthread_cond_t turn;
	uint64_t given;
	struct weir_err failure; /* .code: of the first load that failed */
};

struct relay_worker {
	struct relay *relay;
	void *load;
	pthread_t thread;
	bool started;
};

static bool has_failed(struct relay *r)
{
	bool failed;

	pthread_mutex_lock(&r->lock);
	failed = r->failure.code != 0;
	pthread_mutex_unlock(&r->lock);
	return failed;
}

/* Fills the load, which is number *ret_nr then. */
static bool take(struct relay *r, void *load, uint64_t *ret_nr)
{
	bool have = false;

	pthread_mutex_lock(&r->taking);
	if (r->last == 1 && !has_failed(r)) {
		r->last = r->hands->take(r->hands->ctx, load, &r->last_err);
		have = r->last == 1;
		*ret_nr = r->taken;
		r->taken += have;
	}
	pthread_mutex_unlock(&r->taking);
	return have;
}

/* Whose turn it is is the only one who goes on, so that it alone looks at .failure. */
static void give(struct relay *r, void *load, uint64_t nr, int q, struct weir_err *err)
{
	pthread_mutex_lock(&r->lock);
	while (r->given != nr)
		pthread_cond_wait(&r->turn, &r->lock);
	pthread_mutex_unlock(&r->lock);

	if (q >= 0 && !r->failure.code)
		q = r->hands->give(r->hands->ctx, load, err);

	pthread_mutex_lock(&r->lock);
	if (q < 0 && !r->failure.code) {
		r->failure = *err;
		r->failure.code = q;
	}
	r->given++;
	pthread_cond_broadcast(&r->turn);
	pthread_mutex_unlock(&r->lock);
}

static void *work(void *arg)
{
	const struct relay_worker *w = arg;
	const struct weir_relay *hands = w->relay->hands;
	struct weir_err err = { 0 };
	uint64_t nr;

	while (take(w->relay, w->load, &nr)) {
		int q = hands->work ? hands->work(hands->ctx, w->load, &err) : 0;

		give(w->relay, w->load, nr, q, &err);
	}
	return NULL;
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
		.taking = PTHREAD_MUTEX_INITIALIZER,
		.last = 1,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.turn = PTHREAD_COND_INITIALIZER,
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
