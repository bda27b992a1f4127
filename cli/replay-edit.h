/* SPDX-License-Identifier: BSD-2-Clause */
/* The edits of a replay: the editor as a stage, with the books of what it could not edit. */
#ifndef CLI_REPLAY_EDIT_H
#define CLI_REPLAY_EDIT_H

#include <stdbool.h>
#include <stdint.h>

#include <weir/edit.h>
#include <weir/err.h>
#include <weir/frame.h>

#include "cut-opts.h"
#include "edit-opts.h"
#include "files.h"

struct replay_edit;

struct replay_edit_opts {
	const struct cmd_run *run;     /* lent, as is all below, while the result lives */
	const struct edit_cfg *edit;   /* the options */
	const struct cut_cfg *cut;     /* and those that make several frames of one */
	const struct file_list *files; /* that frames come from, for messages */
	bool dual;		       /* they are pairs, the second's frames go to port 1 */
	bool strict;		       /* a frame that cannot be edited ends the run */
	bool quiet;		       /* tell of no such frame on the way */
};

/* How the frames of one pass over the trace fared. */
struct replay_edit_result {
	bool any; /* there were edits */
	uint64_t failed[WEIR_N_EDIT_REASONS];
	uint64_t first_nr[WEIR_N_EDIT_REASONS]; /* the first of them, and its file */
	uint32_t first_file[WEIR_N_EDIT_REASONS];
	uint64_t left_out; /* for they did not get the new link type */
};

/* *ret_edit is NULL if no edit is asked for; tcpreplay-edit always edits. To be freed with
 * replay_edit_free(). -EINVAL: the text names the option. */
int replay_edit_new(const struct replay_edit_opts *opts, struct replay_edit **ret_edit,
		    struct weir_err *err);

#define MAX_EDIT_STAGES (1 + MAX_CUT_STAGES)

/* The stages, to which e is lent: how many there are. */
unsigned replay_edit_stages(struct replay_edit *e, struct weir_stage *ret_stages);

/* Do edits depend on the side of a frame? */
bool replay_edit_has_sides(const struct replay_edit *e);

/* What ended the stage, with the frame's number; NULL: nothing did. From any thread. */
const char *replay_edit_failure(const struct replay_edit *e);

/* From any thread. NULL is allowed. */
void replay_edit_result(const struct replay_edit *e, struct replay_edit_result *ret_result);

/* NULL is allowed. Returns NULL. */
struct replay_edit *replay_edit_free(struct replay_edit *e);

#endif
