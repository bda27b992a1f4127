/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fragroute's rules: what becomes of each IP frame, to try how a device puts back together
 * what it gets. A file has a directive a line; each is applied to what those before it
 * have made of the frame, its queue:
 *
 *	tcp_seg 24		segments of 24 bytes
 *	ip_frag 16 old		those in fragments that overlap
 *	order random
 *
 * Names of directives are read in any case; a line that begins with # is a comment. What
 * is drawn depends on the seed and on the frame's number, so that results repeat, also
 * with several threads. man/weir-fragroute.5.scd tells the directives.
 */
#ifndef WEIR_FRAGROUTE_H
#define WEIR_FRAGROUTE_H

#include <stdbool.h>
#include <stdint.h>

#include <weir/edit.h>
#include <weir/err.h>
#include <weir/frame.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Frames that the rules are for, by their port. */
enum weir_fragdir {
	WEIR_FRAGDIR_BOTH,
	WEIR_FRAGDIR_C2S, /* of clients: port 0 */
	WEIR_FRAGDIR_S2C, /* of servers: port 1 */
};

/* Behaviour of tcprewrite 4.5 that weir does not share. */
enum weir_fragroute_quirk {
	WEIR_FRAGROUTE_QUIRK_DELAY = 1U << 0,
	WEIR_FRAGROUTE_QUIRK_ETHERNET = 1U << 1,
	WEIR_FRAGROUTE_QUIRK_COPY_ALL = 1U << 2,
	WEIR_FRAGROUTE_QUIRK_SUMS = 1U << 3,
	WEIR_FRAGROUTE_QUIRK_CAPTURED = 1U << 4,
	WEIR_FRAGROUTE_QUIRK_MESSAGES = 1U << 5,

	WEIR_FRAGROUTE_QUIRKS_TCPREWRITE = (1U << 6) - 1, /* all of them */
};

/* Name and meaning of quirk bit i (from 0), for documentation. NULL past the end. */
const char *weir_fragroute_quirk_name(unsigned i);
const char *weir_fragroute_quirk_text(unsigned i);

struct weir_fragroute_opts {
	const char *name;  /* of the file, for messages; lent until new() returns */
	const char *rules; /* the text; lent until new() returns */
	enum weir_fragdir dir;
	uint64_t seed;
	uint32_t quirks;
	bool drop_failed; /* drop frames that the rules cannot be applied to */

	/* Lines of the directives echo and print. May be NULL. */
	void (*print)(void *ctx, const char *line);
	void *print_ctx;
	/* As in struct weir_edit_opts. */
	void (*report)(void *ctx, const struct weir_buf *frame, enum weir_edit_reason why,
		       const char *text);
	void *report_ctx;
};

struct weir_fragroute;

/* Reads the rules. For one thread at a time. To be freed with weir_fragroute_free().
 * -EINVAL: the text names the line and column. */
int weir_fragroute_new(const struct weir_fragroute_opts *opts, struct weir_fragroute **ret_rules,
		       struct weir_err *err);

/*
 * The rules as a stage, with .next, which is lent. With delay among them, frames that are
 * not delayed overtake those that are, in the time of the trace; with that, echo or print
 * it .holds. -EPROTONOSUPPORT ends the run for WEIR_FRAGROUTE_QUIRK_ETHERNET.
 */
struct weir_stage weir_fragroute_stage(struct weir_fragroute *f);

/* .frames: that the rules were for. */
void weir_fragroute_counts(const struct weir_fragroute *f, struct weir_edit_counts *ret_counts);

/* NULL is allowed. Returns NULL. */
struct weir_fragroute *weir_fragroute_free(struct weir_fragroute *f);

#ifdef __cplusplus
}
#endif
#endif
