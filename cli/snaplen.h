/* SPDX-License-Identifier: BSD-2-Clause */
/* What tcpreplay's programs say of traces whose frames the capture may have cut. */
#ifndef CLI_SNAPLEN_H
#define CLI_SNAPLEN_H

#include <weir/trace.h>

#include "cmd.h"

/* Warns, if it is one. path stands for it. */
void snaplen_warn(const struct cmd_run *run, const char *path, struct weir_reader *reader);

#endif
