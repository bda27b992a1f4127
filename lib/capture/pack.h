/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Compression by threads. Parcels are put, and come back in their order; behind each, all that
 * was put by then can be read: a file that was cut off loses at most a parcel.
 *
 * Of gzip each parcel is a member of its own, which threads make side by side. zstd and lz4
 * get one frame a file, since tshark 4.0 reads no more of them: one thread makes it, which
 * of zstd is helped by others.
 *
 * One thread puts and takes.
 */
#ifndef CAPTURE_PACK_H
#define CAPTURE_PACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weir/trace.h>

#include "capture/parcel.h"

struct pack;

struct packed {
	struct parcel *parcel; /* as it was put */
	const uint8_t *data;   /* lent until the next parcel is put */
	size_t len;
	bool whole;	    /* with it, and what came before, all parcels up to it can be read */
	int error;	    /* a negative errno, or 0 */
	const char *reason; /* of an error; static */
};

/* Starts as many threads as there are processors for. NULL: no memory. To be ended with
 * pack_free(). */
struct pack *pack_new(enum weir_compression compression);

/* A parcel, which stays as it is until it comes back; last: of the file. False: take one first,
 * all threads have enough to do. */
bool pack_put(struct pack *p, struct parcel *parcel, bool last);

/* The oldest, if it is done within wait_ns; UINT64_MAX: whenever that is. False: it is not, or
 * there is none. */
bool pack_take(struct pack *p, uint64_t wait_ns, struct packed *ret);

/* Nothing was put that was not taken? */
bool pack_is_idle(const struct pack *p);

/* Of an idle one. NULL is allowed. Returns NULL. */
struct pack *pack_free(struct pack *p);

#endif
