/* SPDX-License-Identifier: BSD-2-Clause */
/* The sides of a replay's frames, found out while it opens instead of read from a cache. */
#ifndef CLI_REPLAY_SPLIT_H
#define CLI_REPLAY_SPLIT_H

#include <weir/err.h>
#include <weir/frame.h>

#include "files.h"
#include "split-opts.h"

struct replay_split;

/* mode is as split_mode_parse() reads it, the rest of the options stands in cfg. To be freed
 * with replay_split_free(). -EINVAL: the text names what is wrong. */
int replay_split_new(const char *mode, const struct split_cfg *cfg, struct replay_split **ret_split,
		     struct weir_err *err);

/* Where the sides show only in the whole: reads the files, as far as they are whole, all of
 * them as one trace. Frames that a file cannot give are none. */
int replay_split_read(struct replay_split *s, const struct file_list *files, struct weir_err *err);

/* Sends each frame of these files to its port. s is lent to it. */
struct weir_stage replay_split_stage(struct replay_split *s);

/* NULL is allowed. Returns NULL. */
struct replay_split *replay_split_free(struct replay_split *s);

#endif
