/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Programs of traffic control as filters of the clsact qdisc: what there was before links (Linux
 * 6.6). A filter belongs to the interface: it stays when the process has ended, and goes when
 * somebody takes it away, which anybody may who may attach one.
 */
#ifndef CAPTURE_CLSACT_H
#define CAPTURE_CLSACT_H

#include <stdbool.h>
#include <stdint.h>

#include <weir/err.h>

/* A filter on an interface of this network namespace. */
struct clsact_filter {
	unsigned ifindex;
	bool sent; /* on frames that are sent, else on those that arrive */
	uint32_t handle, priority;
};

/* Attaches the program behind those that are there; ifindex and sent are set. *ret_made: the qdisc
 * was not there. */
int clsact_attach(struct clsact_filter *f, int prog_fd, bool *ret_made, struct weir_err *err);

/* Is it there, with the program of this number? */
bool clsact_is_attached(const struct clsact_filter *f, uint32_t prog_id);

/* With a filter that is there. */
void clsact_detach(const struct clsact_filter *f);

/* Takes the qdisc away if it has no filters. */
void clsact_remove(unsigned ifindex);

#endif
