/* SPDX-License-Identifier: BSD-2-Clause */
#include "opt-text.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "util.h"

/*
 * The messages. %O is the option, %V the value or the other option, %R the range or the
 * choices, %P the program, %A the program as it was called, %D the option's dashes.
 */
static const char *const messages[OPT_N_PROBLEMS][2] = {
	[OPT_UNKNOWN] = { "%P: unknown option '%D%O'", "%A: illegal option -- %O" },
	[OPT_AMBIGUOUS] = { "%P: '--%O' may be %V", "%P: invalid option name: %O" },
	[OPT_NO_VALUE] = { "%P: --%O needs a value", "%A: The '%O' option requires an argument." },
	[OPT_EXTRA_VALUE] = { "%P: --%O takes no value, but was given '%V'",
			      "%A: The '%O' option cannot have an argument." },
	[OPT_NOT_A_NUMBER] = { "%P: --%O: '%V' is not a number",
			       "%P error:  '%V' is not a recognizable number." },
	[OPT_OUT_OF_RANGE] = { "%P: --%O: %V is out of range, it must be %R",
			       "%P error:  %O option value %V is out of range.\n"
			       "it must be in the range:\n\t%R" },
	[OPT_NOT_A_CHOICE] = { "%P: --%O: '%V' is none of %R",
			       "%P error:  %O option value '%V' is none of %R" },
	[OPT_REPEATED] = { "%P: --%O was given twice", "%P error:  only one %O option allowed" },
	[OPT_BOTH_NAMES] = { "%P: --%O and --%V cannot be used together",
			     "%P error:  only one %O option allowed" },
	[OPT_CONFLICT] = { "%P: --%O and --%V cannot be used together",
			   "%P error:  the '%O' and '%V' options conflict" },
	[OPT_REQUIRES] = { "%P: --%O needs --%V", "%P error:  %O option requires the %V option" },
	[OPT_MISSING] = { "%P: --%O is missing", "%P error:  The %O option is required" },
};

/* A number's limits, or the words it can be. */
static void range_text(const struct opt *row, enum opt_dialect dialect, char *text, size_t size)
{
	uint64_t type_max = row->type == OPT_U32 ? UINT32_MAX : UINT64_MAX;
	uint64_t max = row->max ? row->max : type_max;

	if (row->choices)
		(void)snprintf(text, size, "%s", row->choices);
	else if (dialect == OPT_AUTOOPTS && !row->max)
		(void)snprintf(text, size, "greater than or equal to %" PRIu64, row->min);
	else
		(void)snprintf(text, size, "%s%" PRIu64 " to %" PRIu64,
			       dialect == OPT_AUTOOPTS ? "" : "from ", row->min, max);
}

/* What stands for the letter after '%'. */
static const char *filled(const struct opt_set *set, char letter, const char *option,
			  const char *other, const char *range)
{
	switch (letter) {
	case 'O':
		return option;
	case 'V':
		return other;
	case 'R':
		return range;
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
	const char *message = messages[what][set->dialect];
	char range[256] = "";
	size_t len = 0;

	if (row)
		range_text(row, set->dialect, range, sizeof(range));
	/* Cut if it is too long. */
	for (const char *p = message; *p && len + 1 < sizeof(set->error); p++) {
		if (*p != '%') {
			set->error[len++] = *p;
			continue;
		}
		(void)snprintf(set->error + len, sizeof(set->error) - len, "%s",
			       filled(set, *++p, option, other, range));
		len += strlen(set->error + len);
	}
	set->error[len] = '\0';
	return -EINVAL;
}
