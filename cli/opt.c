/* SPDX-License-Identifier: BSD-2-Clause */
#include "opt.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "opt-text.h"
#include "util.h"

const struct opt *opt_row(const struct opt_table *tables, unsigned i, void **ret_fields)
{
	for (; tables->rows; tables++) {
		for (const struct opt *row = tables->rows; row->name; row++) {
			if (i-- > 0)
				continue;
			if (ret_fields)
				*ret_fields = tables->fields;
			return row;
		}
	}
	return NULL;
}

bool opt_spoken(const struct opt *row, enum opt_dialect dialect)
{
	return !(row->flags & (dialect == OPT_AUTOOPTS ? OPT_WEIR_ONLY : OPT_AUTOOPTS_ONLY));
}

void opt_init(struct opt_set *set, enum opt_dialect dialect, const char *prog, const char *argv0,
	      const struct opt_table *tables)
{
	*set = (struct opt_set){
		.dialect = dialect, .prog = prog, .argv0 = argv0, .tables = tables
	};
	while (opt_row(tables, set->n_states, NULL))
		set->n_states++;
	set->states = xcalloc(set->n_states, sizeof(*set->states));
}

void opt_done(struct opt_set *set)
{
	const struct opt *row;
	void *fields;

	for (unsigned i = 0; (row = opt_row(set->tables, i, &fields)); i++) {
		if (row->type == OPT_LIST) {
			struct opt_list *list = (void *)((char *)fields + row->offset);

			free((void *)list->values);
			*list = (struct opt_list){ 0 };
		}
	}
	for (unsigned i = 0; i < set->n_owned; i++)
		free(set->owned[i]);
	free(set->owned);
	free((void *)set->operands);
	free(set->states);
	*set = (struct opt_set){ 0 };
}

const char *opt_keep(struct opt_set *set, char *text)
{
	set->owned = xgrow(set->owned, set->n_owned, sizeof(*set->owned));
	set->owned[set->n_owned++] = text;
	return text;
}

/* Like strncasecmp(), with '_' and '-' alike. */
static bool same_start(const char *name, const char *written, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char c = written[i] == '_' ? '-' : (char)tolower((unsigned char)written[i]);

		if (c != name[i])
			return false;
	}
	return true;
}

/* The row of the name of n letters at written: its index, or -EINVAL. */
static int find_long(struct opt_set *set, const char *written, size_t n)
{
	char candidates[512] = "";
	const struct opt *row;
	int found = -1;
	unsigned hits = 0;

	for (unsigned i = 0; (row = opt_row(set->tables, i, NULL)); i++) {
		if (!opt_spoken(row, set->dialect) || !same_start(row->name, written, n))
			continue;
		if (!row->name[n])
			return (int)i;
		if (hits++)
			strncat(candidates, " ", sizeof(candidates) - strlen(candidates) - 1);
		strncat(candidates, "--", sizeof(candidates) - strlen(candidates) - 1);
		strncat(candidates, row->name, sizeof(candidates) - strlen(candidates) - 1);
		found = (int)i;
	}
	if (hits != 1) {
		CLEANUP(freep)
		char *name = xstrdup(written);

		name[n] = '\0';
		return opt_problem(set,
				   !hits    ? OPT_UNKNOWN
				   : n == 1 ? OPT_ONE_LETTER
					    : OPT_AMBIGUOUS,
				   NULL, name, candidates);
	}
	return found;
}

static int find_letter(struct opt_set *set, char letter)
{
	const struct opt *row;

	for (unsigned i = 0; (row = opt_row(set->tables, i, NULL)); i++) {
		if (row->letter == letter && opt_spoken(row, set->dialect))
			return (int)i;
	}
	return opt_problem(set, OPT_UNKNOWN, NULL, (char[]){ letter, '\0' }, "");
}

static int index_of(const struct opt_set *set, const char *name)
{
	const struct opt *row;

	for (unsigned i = 0; (row = opt_row(set->tables, i, NULL)); i++) {
		if (strcmp(row->name, name) == 0 && opt_spoken(row, set->dialect))
			return (int)i;
	}
	assert(!"an option that no row has");
	return -1;
}

bool opt_given(const struct opt_set *set, const char *name)
{
	return set->states[index_of(set, name)].times > 0;
}

/* Decimal, 0x hexadecimal or 0 octal, with nothing around it. What is below zero is given
 * modulo 2^64. */
static int number_parse(const char *text, uint64_t *ret_value, bool *ret_below_zero)
{
	bool negative = text[0] == '-';
	char *end;

	if (!isdigit((unsigned char)text[negative]))
		return -EINVAL;
	errno = 0;
	*ret_value = strtoull(text, &end, 0);
	if (*end)
		return -EINVAL;
	*ret_below_zero = negative && *ret_value;
	return errno ? -ERANGE : 0;
}

static int set_number(struct opt_set *set, const struct opt *row, const char *text,
		      uint64_t *ret_value)
{
	uint64_t max = row->max ? row->max : row->type == OPT_U32 ? UINT32_MAX : UINT64_MAX;
	/* AutoOpts reads 64 bits, of which its programs take as many as they have. */
	bool wraps = set->dialect == OPT_AUTOOPTS && (row->flags & OPT_WRAPS || !row->max);
	bool below_zero;
	uint64_t value;
	int r;

	r = number_parse(text, &value, &below_zero);
	if (r == -EINVAL)
		return opt_problem(set, OPT_NOT_A_NUMBER, row, row->name, text);
	if (wraps && row->flags & OPT_WRAPS)
		below_zero = false;
	if (r < 0 || below_zero || value < row->min || (value > max && !wraps))
		return opt_problem(set, OPT_OUT_OF_RANGE, row, row->name, text);
	*ret_value = value & (wraps ? max : UINT64_MAX);
	return 0;
}

/* The place of a word in a list of words, or -1. */
static int word_index(const char *words, const char *word)
{
	size_t len = strlen(word);

	for (int i = 0; *words; i++) {
		size_t n = strcspn(words, " ");

		if (n == len && strncasecmp(words, word, n) == 0)
			return i;
		words += n + strspn(words + n, " ");
	}
	return -1;
}

static int set_choice(struct opt_set *set, const struct opt *row, const char *text,
		      uint64_t *ret_value)
{
	int i = word_index(row->choices, text);

	if (i < 0)
		return opt_problem(set, OPT_NOT_A_CHOICE, row, row->name, text);
	*ret_value = (uint64_t)i;
	return 0;
}

static int too_many(struct opt_set *set, const struct opt *row)
{
	char most[16];

	(void)snprintf(most, sizeof(most), "%u", row->old_most);
	return opt_problem(set, OPT_TOO_MANY, row, row->name, most);
}

static int store(struct opt_set *set, const struct opt *row, char *field, const char *text)
{
	struct opt_list *list = (void *)field;
	uint64_t value = 0;
	int r;

	switch (row->type) {
	case OPT_FLAG:
		*(bool *)field = true;
		return 0;
	case OPT_U32:
	case OPT_U64:
		r = row->choices ? set_choice(set, row, text, &value)
				 : set_number(set, row, text, &value);
		if (r < 0)
			return r;
		if (row->type == OPT_U32)
			*(uint32_t *)(void *)field = (uint32_t)value;
		else
			*(uint64_t *)(void *)field = value;
		return 0;
	case OPT_TEXT:
		*(const char **)(void *)field = text ? text : "";
		return 0;
	case OPT_LIST:
		if (set->dialect == OPT_AUTOOPTS && row->old_most && list->n >= row->old_most)
			return too_many(set, row);
		list->values = xgrow((void *)list->values, list->n, sizeof(*list->values));
		list->values[list->n++] = text;
		return 0;
	}
	return 0;
}

/* Is a value, "=..." or none, all right for the row? */
static int value_fits(struct opt_set *set, const struct opt *row, const char *value)
{
	if (row->type == OPT_FLAG && value)
		return opt_problem(set, OPT_EXTRA_VALUE, row, row->name, value);
	if (row->type != OPT_FLAG && !value && !(row->flags & OPT_OPTIONAL))
		return opt_problem(set, OPT_NO_VALUE, row, row->name, "");
	return 0;
}

/* The option was given before: by this name, or by another that means the same. */
static int given_before(struct opt_set *set, const struct opt *row, const char *counts_as)
{
	const struct opt *other;

	for (unsigned i = 0; (other = opt_row(set->tables, i, NULL)); i++) {
		bool same = strcmp(other->name, counts_as) == 0 ||
			    (other->same_as && strcmp(other->same_as, counts_as) == 0);

		if (same && other != row && set->states[i].text)
			return opt_problem(set, OPT_BOTH_NAMES, row, counts_as,
					   row->same_as ? row->name : other->name);
	}
	return opt_problem(set, OPT_REPEATED, row, counts_as, "");
}

static bool may_repeat(const struct opt_set *set, const struct opt *row)
{
	return row->type == OPT_LIST || set->dialect == OPT_GETOPT ||
	       (set->dialect == OPT_AUTOOPTS && row->flags & OPT_AGAIN);
}

static int give(struct opt_set *set, unsigned i, const char *value)
{
	void *fields;
	const struct opt *row = opt_row(set->tables, i, &fields);
	const char *counts_as = row->same_as ? row->same_as : row->name;
	struct opt_state *counted = &set->states[index_of(set, counts_as)];
	struct opt_state *state = &set->states[i];
	int r;

	r = value_fits(set, row, value);
	if (r < 0)
		return r;
	/* Of two lines of files the later one counts, and the command line above all. */
	if (set->preset && counted->times && !counted->preset)
		return 0;
	if (counted->times && !counted->preset && !may_repeat(set, row))
		return given_before(set, row, counts_as);
	r = store(set, row, (char *)fields + row->offset, value);
	if (r < 0)
		return r;

	state->text = value;
	state->preset = set->preset;
	state->times++;
	if (counted != state) {
		counted->preset = set->preset;
		counted->times++;
	}
	return 0;
}

int opt_apply(struct opt_set *set, const char *name, const char *value)
{
	int i = find_long(set, name, strlen(name));

	if (i >= 0 && (opt_row(set->tables, (unsigned)i, NULL)->flags & OPT_UNSAVED))
		i = opt_problem(set, OPT_UNKNOWN, NULL, name, "");
	return i < 0 ? -ENOENT : give(set, (unsigned)i, value);
}

/* Does the next argument belong to the row as its value? */
static bool takes_next(const struct opt *row)
{
	return row->type != OPT_FLAG && !(row->flags & OPT_OPTIONAL);
}

/* --name, --name=value, --name value. Returns how many more arguments it took. */
static int parse_long(struct opt_set *set, const char *arg, const char *next)
{
	size_t n = strcspn(arg, "=");
	const char *value = arg[n] ? arg + n + 1 : NULL;
	int i = find_long(set, arg, n);
	bool from_next;
	int r;

	if (i < 0)
		return i;
	from_next = !value && next && takes_next(opt_row(set->tables, (unsigned)i, NULL));
	r = give(set, (unsigned)i, from_next ? next : value);
	return r < 0 ? r : from_next;
}

/* -f, -fgh, -nvalue, -n value. Returns how many more arguments it took. */
static int parse_letters(struct opt_set *set, const char *arg, const char *next)
{
	for (; *arg; arg++) {
		int i = find_letter(set, *arg);
		const char *value;
		int r;

		if (i < 0)
			return i;
		if (!takes_next(opt_row(set->tables, (unsigned)i, NULL))) {
			r = give(set, (unsigned)i, NULL);
			if (r < 0)
				return r;
			continue;
		}
		value = arg[1] ? arg + 1 : next;
		r = give(set, (unsigned)i, value);
		return r < 0 ? r : value == next;
	}
	return 0;
}

static void add_operand(struct opt_set *set, const char *arg)
{
	set->operands = xgrow((void *)set->operands, set->n_operands, sizeof(*set->operands));
	set->operands[set->n_operands++] = arg;
}

int opt_parse(struct opt_set *set, int argc, char *const argv[])
{
	bool more = true; /* options may still come */

	for (int i = 0; i < argc; i++) {
		const char *arg = argv[i], *next = i + 1 < argc ? argv[i + 1] : NULL;
		int r;

		if (!more || arg[0] != '-' || !arg[1]) {
			add_operand(set, arg);
			more = more && !set->ends_at_operand;
			continue;
		}
		if (strcmp(arg, "--") == 0) {
			more = false;
			continue;
		}
		r = arg[1] == '-' ? parse_long(set, arg + 2, next)
				  : parse_letters(set, arg + 1, next);
		if (r < 0)
			return r;
		i += r;
	}
	return 0;
}

/* Of the options named in words: the first one that was not given (absent), or that was
 * (!absent). Its index, or -1. */
static int first_of(const struct opt_set *set, const char *words, bool absent)
{
	char name[64];

	while (words && *words) {
		size_t n = strcspn(words, " ");
		int i;

		assert(n < sizeof(name));
		memcpy(name, words, n);
		name[n] = '\0';
		i = index_of(set, name);
		if ((set->states[i].times == 0) == absent)
			return i;
		words += n + strspn(words + n, " ");
	}
	return -1;
}

static int check_row(struct opt_set *set, const struct opt *row)
{
	int other = first_of(set, row->conflicts, false);

	if (set->dialect == OPT_AUTOOPTS && row->flags & OPT_LOOSE)
		return 0;
	if (other >= 0)
		return opt_problem(set, OPT_CONFLICT, row, row->name,
				   opt_row(set->tables, (unsigned)other, NULL)->name);
	other = first_of(set, row->requires, true);
	if (other >= 0)
		return opt_problem(set, OPT_REQUIRES, row, row->name,
				   opt_row(set->tables, (unsigned)other, NULL)->name);
	return 0;
}

bool opt_alone(const struct opt_set *set)
{
	const struct opt *row;

	for (unsigned i = 0; (row = opt_row(set->tables, i, NULL)); i++) {
		if (set->states[i].times && (row->flags & OPT_ALONE))
			return true;
	}
	return false;
}

int opt_check(struct opt_set *set)
{
	const struct opt *row, *missing = NULL;

	for (unsigned i = 0; (row = opt_row(set->tables, i, NULL)); i++) {
		bool given = set->states[i].times > 0;
		int r = given ? check_row(set, row) : 0;

		if (r < 0)
			return r;
		if (!given && (row->flags & OPT_REQUIRED) && !missing)
			missing = row;
	}
	return missing && !opt_alone(set)
		       ? opt_problem(set, OPT_MISSING, missing, missing->name, "")
		       : 0;
}
