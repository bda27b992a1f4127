/* SPDX-License-Identifier: BSD-2-Clause */
/* Traces that tests open and finish: what fails, fails the test. */
#ifndef TRACE_TEST_OPEN_H
#define TRACE_TEST_OPEN_H

#include <weir/trace.h>

#include "support/unit.h"

static inline struct weir_reader *open_reader(const char *path)
{
	struct weir_reader *r = NULL;
	struct weir_err err = { 0 };

	if (weir_reader_open(path, &r, &err) < 0)
		fail_msg("%s", err.text);
	return r;
}

/* Of Ethernet frames. */
static inline struct weir_writer *open_writer(const char *path, enum weir_trace_format format,
					      enum weir_compression compression)
{
	const struct weir_writer_opts opts = { .format = format,
					       .compression = compression,
					       .linktype = 1 };
	struct weir_writer *w = NULL;
	struct weir_err err = { 0 };

	if (weir_writer_open(path, &opts, &w, &err) < 0)
		fail_msg("%s", err.text);
	return w;
}

static inline void finish(struct weir_writer *w)
{
	struct weir_err err = { 0 };

	if (weir_writer_finish(w, &err) < 0)
		fail_msg("%s", err.text);
	weir_writer_close(w);
}

#endif
