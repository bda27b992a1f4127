/* SPDX-License-Identifier: BSD-2-Clause */
/* Options about how the sides of a trace are told apart: tcpprep's, wherever they are given. */
#ifndef CLI_SPLIT_OPTS_H
#define CLI_SPLIT_OPTS_H

#include <stdbool.h>
#include <stdint.h>

#include <weir/classify.h>
#include <weir/err.h>

/* Texts are NULL unless given; one of the first five fields says the mode. */
struct split_cfg {
	const char *mode, *cidr, *regex, *mac; /* mode: bridge, router, ... */
	bool port;
	bool reverse, nonip;
	const char *services, *ratio, *include, *exclude;
	uint32_t min_mask, max_mask;
};

#define SPLIT_MIN_MASK 30
#define SPLIT_MAX_MASK 8

/* Reads a mode in one text: a word, or cidr=NET,..., regex=REGEX, mac=MAC,... Sets the mode
 * of *cfg; texts in it are lent as long as text is. -EINVAL: it is none of these. */
int split_mode_parse(const char *text, struct split_cfg *cfg, struct weir_err *err);

/* The classifier that cfg asks for; old: as tcpprep's. -EINVAL: the options' fault. */
int split_classifier(const struct split_cfg *cfg, bool old, struct weir_classifier **ret_c,
		     struct weir_err *err);

#endif
