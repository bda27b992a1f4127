/* SPDX-License-Identifier: BSD-2-Clause */
/* What is said about options that cannot be taken, in each dialect. */
#ifndef CLI_OPT_TEXT_H
#define CLI_OPT_TEXT_H

#include "opt.h"

enum opt_problem {
	OPT_UNKNOWN,	  /* option as it was written */
	OPT_AMBIGUOUS,	  /* option as it was written; other: what it may be, joined by blanks */
	OPT_ONE_LETTER,	  /* the same of one letter */
	OPT_NO_VALUE,	  /* option */
	OPT_EXTRA_VALUE,  /* option; other: the value */
	OPT_NOT_A_NUMBER, /* option; other: the value */
	OPT_OUT_OF_RANGE, /* option; other: the value */
	OPT_NOT_A_CHOICE, /* option; other: the value */
	OPT_REPEATED,	  /* option */
	OPT_TOO_MANY,	  /* option; other: how often it may be given */
	OPT_BOTH_NAMES,	  /* of which one stands for the other */
	OPT_CONFLICT,	  /* option; other: the option it conflicts with */
	OPT_REQUIRES,	  /* option; other: the option it needs */
	OPT_MISSING,	  /* option */
	OPT_N_PROBLEMS,
};

/* Writes set->error and returns -EINVAL. row is the option's, or NULL if unknown; option
 * is how it was written where the list says so and the row's name otherwise (for OPT_GETOPT
 * its letter is put in place of that). */
int opt_problem(struct opt_set *set, enum opt_problem what, const struct opt *row,
		const char *option, const char *other);

#endif
