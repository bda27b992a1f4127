/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the frames of a ring pass through on their way: a filter and edits, made by whoever
 * runs the switch (weir/switch.h). For one thread at a time.
 *
 * Clients can write to frames whenever they like, so each is copied first, and what was
 * looked at is what goes on. It keeps the slots that it has: it may become shorter, and
 * longer as far as their buffers reach.
 */
#ifndef VALE_SIEVE_H
#define VALE_SIEVE_H

#include <weir/switch.h>

#include "vale/forward.h"

struct sieve;

/* Which way frames go: from the port, or to it. */
enum sieve_side {
	SIEVE_IN,
	SIEVE_OUT,
	SIEVE_N_SIDES,
};

/* Either text may be "". -EINVAL: one is wrong. */
int sieve_new(const struct weir_switch_maker *maker, const char *filter, const char *edit,
	      enum sieve_side side, struct sieve **ret_sieve, struct weir_err *err);

/* A batch of frames from the port: frame is the one at place at of it, and is changed where
 * it is. What it points to then lasts until the next batch. False: it goes nowhere. */
bool sieve_take(struct sieve *s, struct vale_frag *frame, unsigned at, enum vale_drop *ret_why);

/* A frame to the port; what is given lasts until the next call. NULL: it goes nowhere. */
const struct vale_frag *sieve_give(struct sieve *s, const struct vale_frag *frame,
				   enum vale_drop *ret_why);

/* NULL is allowed. Returns NULL. */
struct sieve *sieve_free(struct sieve *s);

#endif
