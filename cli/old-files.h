/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What tcpreplay's programs say of files that cannot be read: they have libpcap's words for
 * traces and their own for caches. Both are found by a second look at the file, and where that
 * tells nothing, weir's words stay.
 */
#ifndef CLI_OLD_FILES_H
#define CLI_OLD_FILES_H

#include <weir/err.h>
#include <weir/frame.h>

#include "cmd.h"

/* A trace could not be opened: code, with the text in err. Writes "before: why" and returns
 * code. */
int old_trace_fault(const char *before, const char *path, int code, struct weir_err *err);

/* The same of a cache; nothing stands before why. */
int old_cache_fault(const char *path, int code, struct weir_err *err);

/* Are the operands files? 0, or a negative errno with the text. */
int old_operands(const struct cmd_run *run, struct weir_err *err);

/* An empty frame ends their runs: -ENOMSG, and the text is for cmd_fail_as_is(). 0: it is none. */
int old_check_frame(const struct weir_buf *frame, struct weir_err *err);

#endif
