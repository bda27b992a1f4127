/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames longer than a link takes, cut: a stage that gives several frames for one.
 *
 *	struct weir_cut_opts opts = { .segment = 1500 };
 *	weir_cutter_new(&opts, &cutter, err);
 *	stage = weir_cutter_stage(cutter);
 *
 * A host leaves TCP to its network card in pieces of up to 64 KiB and more, and so a
 * capture has them; .segment does what the card does. .fragment makes IP fragments, of
 * all protocols. With both, what is not TCP, or still too long, is fragmented.
 *
 * The parts have the link layer, tags, labels and time of the whole, and its checksums as
 * right or wrong as they were; one that was left to the card (which then holds the sum of
 * the pseudo header only) is completed. Of a frame that the capture had cut, the parts
 * have what is there, their lengths on the wire, and the TCP checksum of the whole. An IP
 * length that was left to the card (0) is what the frame holds. Padding is left out.
 *
 * A frame that is too long and cannot be cut goes on as it was, and is counted by reason.
 */
#ifndef WEIR_CUT_H
#define WEIR_CUT_H

#include <stdbool.h>
#include <stdint.h>

#include <weir/edit.h>
#include <weir/err.h>
#include <weir/frame.h>

#ifdef __cplusplus
extern "C" {
#endif

#define WEIR_CUT_MIN 68u /* what IPv4 can always carry */
#define WEIR_CUT_MAX 65535u

struct weir_cut_opts {
	/* The longest IP datagram, WEIR_CUT_MIN to WEIR_CUT_MAX bytes; 0: do not. */
	uint32_t segment;
	uint32_t fragment;
	/* Fragment IPv4 that forbids it, too: then it does so no more, and has its frame's
	 * number for an id if that was 0. */
	bool fragment_df;
	bool drop_failed; /* drop frames that are too long and cannot be cut */

	/* As in struct weir_edit_opts. */
	void (*report)(void *ctx, const struct weir_buf *frame, enum weir_edit_reason why,
		       const char *text);
	void *report_ctx;
};

struct weir_cutter;

/* For one thread at a time; frames do not depend on each other, so that several cutters
 * can share a trace. To be freed with weir_cutter_free(). -EINVAL: the text names the
 * option. */
int weir_cutter_new(const struct weir_cut_opts *opts, struct weir_cutter **ret_cutter,
		    struct weir_err *err);

/* The cutter as a stage, with .next. It is lent. */
struct weir_stage weir_cutter_stage(struct weir_cutter *c);

/* .frames: that were too long. */
void weir_cutter_counts(const struct weir_cutter *c, struct weir_edit_counts *ret_counts);

/* NULL is allowed. Returns NULL. */
struct weir_cutter *weir_cutter_free(struct weir_cutter *c);

#ifdef __cplusplus
}
#endif
#endif
