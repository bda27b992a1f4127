/* SPDX-License-Identifier: BSD-2-Clause */
/* The edit options of tcprewrite, tcpreplay-edit and tcpbridge: what these take them for. */
#ifndef CLI_OLD_EDIT_H
#define CLI_OLD_EDIT_H

#include <weir/err.h>

#include "cmd.h"
#include "edit-opts.h"

/* The options as weir edit would have to be given them to do the same. Texts are lent as long as
 * run->opts. 0, or -EINVAL with what these programs say. */
int old_edit(const struct cmd_run *run, const struct edit_cfg *cfg, struct edit_cfg *ret_cfg,
	     struct weir_err *err);

#endif
