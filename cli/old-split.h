/* SPDX-License-Identifier: BSD-2-Clause */
/* The options of tcpprep, and the rules that it shares with others: what they take them for. */
#ifndef CLI_OLD_SPLIT_H
#define CLI_OLD_SPLIT_H

#include <weir/err.h>

#include "cmd.h"
#include "split-opts.h"

/* The options as weir split would have to be given them to do the same, read in two parts: a
 * fault in the second one is told only where it is known what to read and write. Texts are lent
 * as long as run->opts. 0, or -EINVAL with what tcpprep says. */
int old_split_modes(const struct cmd_run *run, struct split_cfg *cfg, struct weir_err *err);
int old_split_weights(const struct cmd_run *run, struct split_cfg *cfg, struct weir_err *err);

/* The same of a rule of --include or of --exclude (exclude); NULL is what leaves nothing out. */
int old_rule(const struct cmd_run *run, bool exclude, const char **rule, struct weir_err *err);

/* The same of frame numbers, which are the value rule or a part of it. */
int old_numbers(const struct cmd_run *run, const char *rule, const char **numbers,
		struct weir_err *err);

/* Is a comment short enough? 0, or -EINVAL. */
int old_comment(const char *comment, struct weir_err *err);

/* What a capture filter in rule is refused for, if it is one: the text is in err. Returns
 * code. */
int old_filter_fault(const char *rule, int code, struct weir_err *err);

#endif
