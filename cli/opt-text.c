/* SPDX-License-Identifier: BSD-2-Clause */
#include "opt-text.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "util.h"

/* AutoOpts tells no more names than this. */
#define AUTOOPTS_LISTS 4u

/*
 * The messages. %O is the option, %V the value or the other option, %R the range or the
 * choices, %P the program, %A the program as it was called, %D the option's dashes, %L the
 * names in the value as a list, and %N how many they are. What getopt(3) serves says what weir
 * does.
 */
static const char *const messages[OPT_N_PROBLEMS][2] = {
	[OPT_UNKNOWN] = { "%P: unknown option '%D%O'", "%A: illegal option -- %O" },
	[OPT_AMBIGUOUS] = { "%P: '--%O' may be %L",
			    "%A: ambiguous option name: %O (matches %N options)%L" },
	[OPT_ONE_LETTER] = { "%P: '--%O' may be %L", "%P: invalid option name: %O" },
	[OPT_NO_VALUE] = { "%P: %D%O needs a value", "%A: The '%O' option requires an argument." },
	[OPT_EXTRA_VALUE] = { "%P: %D%O takes no value, but was given '%V'",
			      "%A: The '%O' option cannot have an argument." },
	[OPT_NOT_A_NUMBER] = { "%P: %D%O: '%V' is not a number",
			       "%P error:  '%V' is not a recognizable number." },
	[OPT_OUT_OF_RANGE] = { "%P: %D%O: %V is out of range, it must be %R",
			       "%P error:  %O option value %V is out of range.\n"
			       "it must be in the range:\n\t%R" },
	[OPT_NOT_A_CHOICE] = { "%P: %D%O: '%V' is none of %R",
			       "%P error:  %O option value '%V' is none of %R" },
	[OPT_REPEATED] = { "%P: %D%O was given twice", "%P error:  only one %O option allowed" },
	[OPT_TOO_MANY] = { "%P: %D%O can be given %V times at most",
			   "%P error:  only %V %O options allowed" },
	[OPT_BOTH_NAMES] = { "%P: %D%O and --%V cannot be used together",
			     "%P error:  only one %O option allowed" },
	[OPT_CONFLICT] = { "%P: %D%O and --%V cannot be used together",
			   "%P error:  the '%O' and '%V' options conflict" },
	[OPT_REQUIRES] = { "%P: %D%O needs --%V", "%P error:  %O option requires the %V option" },
	[OPT_MISSING] = { "%P: %D%O is missing", "%P error:  The %O option is required" },
};

/* A number's limits, or the words it can be. */
static void range_text(const struct opt *row, enum opt_dialect dialect, char *text, size_t size)
{
	uint64_t type_max = row->type == OPT_U32 ? UINT32_MAX : UINT64_MAX;
	uint64_t max = row->max ? row->max : type_max;

	if (row->choices)
		(void)snprintf(text, size, "%s", row->choices);
	/* Limits of so many bits are ours. */
	else if (dialect == OPT_AUTOOPTS && (!row->max || row->max > UINT32_MAX))
		(void)snprintf(text, size, "greater than or equal to %" PRIu64, row->min);
	else
		(void)snprintf(text, size, "%s%" PRIu64 " to %" PRIu64,
			       dialect == OPT_AUTOOPTS ? "" : "from ", row->min, max);
}

/* The names joined by blanks, with first before them and joint between them. */
static void join_names(const char *names, const char *first, const char *joint, char *text,
		       size_t size)
{
	size_t len = 0;

	text[0] = '\0';
	while (*names && len < size) {
		size_t n = strcspn(names, " ");
		int added = snprintf(text + len, size - len, "%s%.*s", len ? joint : first, (int)n,
				     names);

		len += added > 0 ? (size_t)added : 0; /* cut if too long */
		names += n + strspn(names + n, " ");
	}
}

static unsigned count_names(const char *names)
{
	unsigned n = *names != '\0';

	for (; *names; names++)
		n += *names == ' ';
	return n;
}

/* What only some messages have: more about the row, or the names in a list. */
struct details {
	char range[256];
	char list[512];
	char n_names[16];
};

static void describe(const struct opt_set *set, const struct opt *row, const char *other,
		     struct details *ret)
{
	*ret = (struct details){ 0 };
	if (row)
		range_text(row, set->dialect, ret->range, sizeof(ret->range));
	if (set->dialect != OPT_AUTOOPTS)
		join_names(other, "", ", ", ret->list, sizeof(ret->list));
	else if (count_names(other) <= AUTOOPTS_LISTS)
		join_names(other, "\n  The following options match:\n  ", "\n  ", ret->list,
			   sizeof(ret->list));
	(void)snprintf(ret->n_names, sizeof(ret->n_names), "%u", count_names(other));
}

/* What stands for the letter after '%'. */
static const char *filled(const struct opt_set *set, char letter, const char *option,
			  const char *other, const struct details *details)
{
	switch (letter) {
	case 'O':
		return option;
	case 'V':
		return other;
	case 'R':
		return details->range;
	case 'L':
		return details->list;
	case 'N':
		return details->n_names;
	case 'P':
		return set->prog;
	case 'D':
		return option[0] && option[1] ? "--" : "-";
	default:
		return set->argv0;
	}
}

int opt_problem(struct opt_set *set, enum opt_problem what, const struct opt *row,
		const char *option, const char *other)
{
	const char *message = messages[what][set->dialect == OPT_AUTOOPTS];
	const char letter[2] = { row ? row->letter : '\0', '\0' };
	struct details details;
	size_t len = 0;

	describe(set, row, other, &details);
	if (set->dialect == OPT_GETOPT && letter[0])
		option = letter;
	/* Cut if it is too long. */
	for (const char *p = message; *p && len + 1 < sizeof(set->error); p++) {
		if (*p != '%') {
			set->error[len++] = *p;
			continue;
		}
		(void)snprintf(set->error + len, sizeof(set->error) - len, "%s",
			       filled(set, *++p, option, other, &details));
		len += strlen(set->error + len);
	}
	set->error[len] = '\0';
	return -EINVAL;
}
