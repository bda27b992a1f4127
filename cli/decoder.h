/* SPDX-License-Identifier: BSD-2-Clause */
/* --verbose: frames printed by tcpdump, which reads them as a trace from a pipe. */
#ifndef CLI_DECODER_H
#define CLI_DECODER_H

#include <weir/err.h>
#include <weir/frame.h>

struct decoder;

/* Starts tcpdump with args (blank-separated, may be NULL). The link type is that of the
 * first frame. 0, or a negative errno. */
int decoder_new(const char *args, struct decoder **ret_decoder, struct weir_err *err);

/* A stage that hands frames on and prints them. It is per_loop, so that frames of every
 * loop are printed. d is lent to the stage. */
struct weir_stage decoder_stage(struct decoder *d);

/* Waits until tcpdump has printed all. NULL is allowed. Returns NULL. */
struct decoder *decoder_free(struct decoder *d);

#endif
