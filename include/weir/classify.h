/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The classifier: which side of a trace each frame comes from.
 *
 *	weir_classifier_new(&opts, &c, err);
 *	while (weir_reader_next(reader, &rec, err) == 1)
 *		weir_classifier_add(c, &rec, err);
 *	weir_classifier_finish(c, cache, err);
 *
 * Frames of clients go to the primary port, those of servers to the secondary one. By
 * list, expression or MAC, what matches goes to the primary port. The automatic modes
 * find out who is a client and who a server from the whole trace; what they keep of it
 * is 4 bytes a frame.
 */
#ifndef WEIR_CLASSIFY_H
#define WEIR_CLASSIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weir/err.h>
#include <weir/split.h>
#include <weir/trace.h>

#ifdef __cplusplus
extern "C" {
#endif

enum weir_split_mode {
	WEIR_SPLIT_BRIDGE, /* hosts by what they send; -ENOTUNIQ if one cannot be told */
	WEIR_SPLIT_ROUTER, /* the same, but such a host is what others of its network are */
	WEIR_SPLIT_CLIENT, /* the same, but such a host is a client */
	WEIR_SPLIT_SERVER, /* the same, but such a host is a server */
	WEIR_SPLIT_FIRST,  /* who is seen sending first is a client, receiving first a server */
	WEIR_SPLIT_CIDR,   /* source address in a list of networks, "10.0.0.0/8,[fd00::/8]" */
	WEIR_SPLIT_REGEX,  /* source address as text matches an extended regular expression */
	WEIR_SPLIT_PORT,   /* TCP and UDP to a port of a service */
	WEIR_SPLIT_MAC,	   /* source MAC in a list, Ethernet only */
};

/* Behaviour of tcpprep 4.5 that weir does not share, for its caches byte for byte. */
enum weir_split_quirk {
	WEIR_SPLIT_QUIRK_WALK = 1U << 0,
	WEIR_SPLIT_QUIRK_NONIP = 1U << 1,
	WEIR_SPLIT_QUIRK_REVERSE = 1U << 2,
	WEIR_SPLIT_QUIRK_WEIGH = 1U << 3,
	WEIR_SPLIT_QUIRK_UNKNOWN = 1U << 4,
	WEIR_SPLIT_QUIRK_IPV6 = 1U << 5,
	WEIR_SPLIT_QUIRK_MAC_RULES = 1U << 6,
	WEIR_SPLIT_QUIRK_FILTER = 1U << 7,
	WEIR_SPLIT_QUIRK_SERVICES = 1U << 8,

	WEIR_SPLIT_QUIRKS_TCPPREP = (1U << 9) - 1, /* all of them */
};

/* Name and meaning of quirk bit i (from 0), for documentation. NULL past the end. */
const char *weir_split_quirk_name(unsigned i);
const char *weir_split_quirk_text(unsigned i);

/* Texts are lent until weir_classifier_new() returns. */
struct weir_classify_opts {
	enum weir_split_mode mode;
	const char *what; /* of CIDR, REGEX, MAC: the list or expression */
	bool reverse;	  /* exchange the two sides */
	bool nonip;	  /* frames that tell nothing go to the secondary port */
	double ratio;	  /* a server has sent so many times as much as a server than as a
			   * client; 0: 2.0; negative: once is enough */
	uint8_t min_mask; /* ROUTER: networks begin with so many bits; 0: 30 */
	uint8_t max_mask; /* and end with so many; 0: 8. For IPv6, 32 - n becomes
			   * 128 - 4 * (32 - n). */
	/* PORT: lines with "N/tcp" or "N/udp" in them; NULL: ports 0 to 1023. */
	const char *services;
	size_t services_size;
	/* Frames that are not sent: "S:" (source), "D:" (destination), "B:" (both) or "E:"
	 * (either) and networks, "P:" and frame numbers, "F:" and a capture filter. */
	const char *include; /* all that are not of these */
	const char *exclude; /* all that are */
	uint32_t quirks;
};

struct weir_classifier;

/* To be freed with weir_classifier_free(). -EINVAL: the text names the option, and the
 * place in it. */
int weir_classifier_new(const struct weir_classify_opts *opts, struct weir_classifier **ret_c,
			struct weir_err *err);

/* Takes the next frame of the trace. 0, -ENOMEM, or -EINVAL: the filter cannot be used on
 * this link type. */
int weir_classifier_add(struct weir_classifier *c, const struct weir_record *rec,
			struct weir_err *err);

/* Appends a verdict for each frame to cache. -ENOTUNIQ: who a host is cannot be told
 * (BRIDGE; the text names it). Once, last. */
int weir_classifier_finish(struct weir_classifier *c, struct weir_cache *cache,
			   struct weir_err *err);

/*
 * Several classifiers made with the same options may look at one trace, each in a thread of
 * its own, at some rows of its frames, unless what is found out depends on the order of
 * frames.
 */
bool weir_classifier_remembers(const struct weir_classifier *c);

/* The frames that c was given and that get verdicts. */
uint64_t weir_classifier_count(const struct weir_classifier *c);

/* So many of them, one behind another in the trace. */
struct weir_classifier_row {
	struct weir_classifier *who;
	uint64_t n;
};

/* weir_classifier_finish() for all of them together. The rows are in the order of the
 * trace. */
int weir_classifier_finish_rows(const struct weir_classifier_row *rows, size_t n_rows,
				struct weir_cache *cache, struct weir_err *err);

/* Do frames tell their sides by themselves, as in all but the automatic modes? */
bool weir_classifier_is_stage(const struct weir_classifier *c);

/* In such a mode: a stage that sends each frame to its port, or nowhere, and needs no trace
 * to have been seen. c is lent to it, and not to be used otherwise. */
struct weir_stage weir_classifier_stage(struct weir_classifier *c);

/* NULL is allowed. Returns NULL. */
struct weir_classifier *weir_classifier_free(struct weir_classifier *c);

#ifdef __cplusplus
}
#endif
#endif
