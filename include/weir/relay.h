/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Relays: several threads take loads of something in order, work on them side by side, and
 * give them away in the same order.
 *
 *	worker 0	fetch 0 | take 0 | work 0          | give 0 | fetch 2 ...
 *	worker 1	fetch 1          | take 1 | work 1          | give 1 | ...
 *
 * One worker at a time takes, one at a time gives, and all fetch and work at once. A load
 * stays with its worker, and so in one processor's cache, from the one to the other.
 */
#ifndef WEIR_RELAY_H
#define WEIR_RELAY_H

#include <stdint.h>

#include <weir/err.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What is done with a load. Each call gets a worker's own load, whose content is the
 * callers', and the ctx of all. */
struct weir_relay {
	/* Gets ready for take() number nr, from 0, of all, or for none if take() has come to
	 * an end. NULL: there is nothing to do. */
	void (*fetch)(void *ctx, void *load, uint64_t nr);
	/* Fills the load with what comes next. 1: it has; 0: nothing comes any more;
	 * negative: nothing can be had any more. */
	int (*take)(void *ctx, void *load, struct weir_err *err);
	/* Works on it. NULL: there is nothing to do. */
	int (*work)(void *ctx, void *load, struct weir_err *err);
	/* Hands it on. It comes after every give() of an earlier load. */
	int (*give)(void *ctx, void *load, struct weir_err *err);
	void *ctx;
};

/*
 * Runs until there is nothing to take or something fails; the calling thread is one of
 * the workers, as many as there are loads. What was taken before a take() that failed is
 * still given away; what comes after a work() or give() that failed is not. The result
 * and the text are those of the first load that failed.
 *
 * Fewer threads than loads can be had: the others do the work.
 */
int weir_relay_run(const struct weir_relay *relay, void *const loads[], unsigned n_loads,
		   struct weir_err *err);

/* Workers that the processors this process may use can keep busy, at most max. */
unsigned weir_relay_workers(unsigned max);

#ifdef __cplusplus
}
#endif
#endif
