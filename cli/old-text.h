/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Values of options as tcpreplay's programs read them: with what these take for something
 * though it is nothing, and in the words in which they refuse what is left.
 *
 * weir's own readers know none of that. A function here reads a value as the old programs
 * do and writes what they take it for, in the form that weir's readers want.
 */
#ifndef CLI_OLD_TEXT_H
#define CLI_OLD_TEXT_H

#include <stdbool.h>
#include <stdio.h>

#include <weir/err.h>

#include "cmd.h"
#include "util.h"

#define OLD_TOKEN_MAX 512u
#define OLD_CIDR_MAX  64u

/* The part of a text up to one of the letters in stops, as strtok_r(3) finds it, in buf;
 * *at goes on behind it. NULL: there is none left. */
const char *old_token(const char **at, const char *stops, char *buf, size_t size);

/* Quirk "networks". "A.B.C.D/N" or "V6/N", the latter perhaps in brackets; what stands behind is
 * passed over. The IP version, or -EINVAL. */
int old_cidr(const char *text, char ret_cidr[OLD_CIDR_MAX], struct weir_err *err);

/* Such networks joined by commas, empty ones passed over. How many there are, or -EINVAL. */
int old_cidrs(const char *list, FILE *to, struct weir_err *err);

/* Quirk "macs". A MAC address; from the first part on that is no byte all are 0. */
void old_mac(const char *text, char ret_mac[MAC_TEXT_SIZE]);

/* The first most such addresses of those joined by commas, empty ones passed over. */
void old_macs(const char *list, unsigned most, FILE *to);

/* A text that is being made, of words joined by commas: made.to is there to write to. */
struct old_made {
	FILE *to;
	char *text;
	size_t size;
};

/* 0, or -ENOMEM. */
int old_begin(struct old_made *made, struct weir_err *err);
void old_add(FILE *to, const char *word);
/* Ends what old_begin() began. r is what came of it: a negative one is passed on, else the
 * text is in *ret_text, which lives as long as run->opts; NULL if it is empty. */
int old_end(struct old_made *made, const struct cmd_run *run, int r, const char **ret_text,
	    struct weir_err *err);

#endif
