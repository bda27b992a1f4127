/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <string.h>

#include "opt.h"
#include "util.h"

static char *trim(char *s)
{
	char *end;

	s += strspn(s, " \t\r");
	end = s + strlen(s);
	while (end > s && strchr(" \t\r", end[-1]))
		*--end = '\0';
	return s;
}

/* Takes the quotes off a value that has them. */
static char *unquote(char *s)
{
	size_t n = strlen(s);

	if (n >= 2 && (s[0] == '"' || s[0] == '\'') && s[n - 1] == s[0]) {
		s[n - 1] = '\0';
		return s + 1;
	}
	return s;
}

/* "name value", "name = value", "name: value" or "name". */
static int load_line(struct opt_set *set, char *line)
{
	char *value = line + strcspn(line, " \t=:");
	char mark = *value;
	int r;

	if (mark)
		*value++ = '\0';
	value += strspn(value, " \t");
	if ((mark == ' ' || mark == '\t') && (*value == '=' || *value == ':'))
		value++;
	r = opt_apply(set, line, mark ? unquote(trim(value)) : NULL);
	/* AutoOpts overlooks what it does not know: files are shared between versions. */
	return r == -ENOENT && set->dialect == OPT_AUTOOPTS ? 0 : r;
}

/* "[WORD]": does what follows count? */
static bool section_counts(char *line, const char *section)
{
	line[strcspn(line, "]")] = '\0';
	return strcasecmp(trim(line + 1), section) == 0;
}

int opt_load_text(struct opt_set *set, const char *name, char *text, const char *section)
{
	bool counts = true;
	unsigned nr = 0;
	char *next;
	int r = 0;

	set->preset = true;
	for (char *line = text; line && r >= 0; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		nr++;
		line = trim(line);
		if (*line == '[')
			counts = section_counts(line, section);
		else if (*line && *line != '#' && counts)
			r = load_line(set, line);
	}
	set->preset = false;
	if (r < 0) {
		CLEANUP(freep)
		char *why = xstrdup(set->error);

		(void)snprintf(set->error, sizeof(set->error), "%s (%s, line %u)", why, name, nr);
	}
	return r;
}

int opt_load(struct opt_set *set, const char *path, const char *section)
{
	char *text;
	int r = read_text(path, &text); /* no option has a NUL */

	if (r < 0) {
		(void)snprintf(set->error, sizeof(set->error),
			       set->dialect == OPT_AUTOOPTS
				       ? "%1$s error %4$d (%3$s) calling stat for '%2$s'"
				       : "%1$s: cannot read %2$s: %3$s",
			       set->prog, path, strerror(-r), -r);
		return r;
	}
	(void)opt_keep(set, text);
	return opt_load_text(set, path, text, section);
}

static void save_value(FILE *f, const char *name, const char *value)
{
	bool quote = !*value || strpbrk(value, " \t#");

	fprintf(f, quote ? "%s = \"%s\"\n" : "%s = %s\n", name, value);
}

static void save_row(FILE *f, const struct opt *row, const char *field, const char *text)
{
	const struct opt_list *list = (const void *)field;

	if (row->type == OPT_FLAG || !text)
		fprintf(f, "%s\n", row->name);
	else if (row->type != OPT_LIST)
		save_value(f, row->name, text);
	else
		for (unsigned i = 0; i < list->n; i++)
			save_value(f, row->name, list->values[i]);
}

int opt_save(struct opt_set *set, const char *path)
{
	FILE *f = strcmp(path, "-") == 0 ? stdout : fopen(path, "we");
	const struct opt *row;
	void *fields;

	if (f)
		fprintf(f, "# options of %s\n", set->prog);
	for (unsigned i = 0; f && (row = opt_row(set->tables, i, &fields)); i++) {
		const struct opt_state *state = &set->states[i];

		if (state->times && !(row->flags & OPT_UNSAVED))
			save_row(f, row, (char *)fields + row->offset, state->text);
	}
	if (!f || ferror(f) | (f == stdout ? fflush(f) : fclose(f))) {
		int code = errno ? -errno : -EIO;

		(void)snprintf(set->error, sizeof(set->error), "%s: cannot write %s: %s", set->prog,
			       path, strerror(-code));
		return code;
	}
	return 0;
}
