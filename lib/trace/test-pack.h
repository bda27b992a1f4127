/* SPDX-License-Identifier: BSD-2-Clause */
/* Compressed blobs. */
#ifndef TRACE_TEST_PACK_H
#define TRACE_TEST_PACK_H

#include "trace/codec.h"
#include "trace/test-data.h"

/* Appends n bytes at data, compressed as one member or frame. */
static inline void blob_pack(struct blob *b, const struct encoder *e, const uint8_t *data, size_t n)
{
	void *state = e->new (0);
	const char *reason;
	int more;

	assert(state);
	do {
		uint8_t out[ENCODER_ROOM];
		size_t used = n, made = sizeof(out);

		more = e->run(state, data, &used, out, &made, ENCODER_END, &reason);
		assert(more >= 0);
		data += used;
		n -= used;
		blob_put(b, out, made);
	} while (n || more);
	e->free(state);
}

#endif
