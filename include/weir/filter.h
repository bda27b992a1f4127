/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Filters: a stage that drops frames which are not wanted, by a rule or by a capture filter.
 */
#ifndef WEIR_FILTER_H
#define WEIR_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include <weir/err.h>
#include <weir/frame.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Texts are lent until weir_filter_new() returns. A frame has to get past all that are
 * given. */
struct weir_filter_opts {
	/* "S:" (source), "D:" (destination), "B:" (both) or "E:" (either) and networks, "P:" and
	 * frame numbers, "F:" and a capture filter. */
	const char *include; /* frames that are not of these are dropped */
	const char *exclude; /* those that are */
	const char *filter;  /* capture filter (pcap-filter(7)): frames that do not match are
			      * dropped */
	const char *name;    /* of the option that it comes from, for messages */
	uint32_t linktype;   /* of the frames */
	bool any_number;     /* "P:" means nothing, as in tcpbridge */
};

struct weir_filter;

/* Makes a filter for one thread at a time. To be freed with weir_filter_free(). -EINVAL: the
 * text names the option, and the place in it. */
int weir_filter_new(const struct weir_filter_opts *opts, struct weir_filter **ret_filter,
		    struct weir_err *err);

/* The stage; f is lent to it. */
struct weir_stage weir_filter_stage(struct weir_filter *f);

/* Frames that it has dropped. From any thread. */
uint64_t weir_filter_dropped(const struct weir_filter *f);

/* NULL is allowed. Returns NULL. */
struct weir_filter *weir_filter_free(struct weir_filter *f);

#ifdef __cplusplus
}
#endif
#endif
