/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A chain: stages in a row, also such that make several frames of one.
 *
 *	weir_chain_init(&c, stages, n_stages);
 *	for each batch:
 *		weir_chain_put(&c, bufs, n);
 *		while ((n = weir_chain_take(&c, &out)) > 0)
 *			... n frames at out, those that go nowhere among them
 *	weir_chain_end(&c);
 *	while ((n = weir_chain_take(&c, &out)) > 0)
 *		... what was held back
 *
 * While no stage makes frames, a batch put is the batch taken, and nothing is copied.
 * Not for two threads at a time.
 */
#ifndef WEIR_CHAIN_H
#define WEIR_CHAIN_H

#include <stdbool.h>
#include <stdint.h>

#include <weir/frame.h>

#ifdef __cplusplus
extern "C" {
#endif

#define WEIR_MAX_STAGES 32u

/* The fields are the functions' own. */
struct weir_chain {
	const struct weir_stage *stages;
	unsigned n_stages;
	uint32_t full; /* bit i: stage i may have frames to give */
	bool ending;
	unsigned ended; /* stages before this one have been told */
	struct weir_buf *ready;
	unsigned n_ready;
};

/* The stages are lent as long as the chain is used; at most WEIR_MAX_STAGES, none is
 * allowed. */
void weir_chain_init(struct weir_chain *c, const struct weir_stage *stages, unsigned n_stages);

/* Does a stage write to the bytes of frames, so that they have to be the caller's own? */
bool weir_chain_changes(const struct weir_chain *c);

/* Does one make several frames of one, so that what is taken lies elsewhere than what was
 * put? */
bool weir_chain_makes(const struct weir_chain *c);

/* Does one hold frames back, so that all have to pass in order, and weir_chain_end()
 * follows? Without, batches may go through chains of several threads. */
bool weir_chain_holds(const struct weir_chain *c);

/* Puts n frames in (1 or more), once everything before has been taken. They are lent, with their
 * bytes, until weir_chain_take() gives 0. 0, or the negative errno of a stage. */
int weir_chain_put(struct weir_chain *c, struct weir_buf *bufs, unsigned n);

/* The end of a pass, or of a file of it: what is held back follows. */
void weir_chain_end(struct weir_chain *c);

/* Takes frames out: how many there are at *ret_bufs, lent until the next call for this
 * chain; 0: all are taken; or the negative errno of a stage. */
int weir_chain_take(struct weir_chain *c, struct weir_buf **ret_bufs);

#ifdef __cplusplus
}
#endif
#endif
