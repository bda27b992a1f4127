/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Options as data.
 *
 * An option is a row: its names, the field of the command's struct that it sets, its
 * range, and how it goes with others. The parser, --help, the completion, the option
 * files and the checks all read the same rows; the command sees a typed and checked
 * struct and never argv.
 *
 *	static const struct opt rows[] = {
 *		{ OPT(struct replay_cfg, loop), .name = "loop", .letter = 'l',
 *		  .metavar = "N", .help = "play N times, 0 = for ever" },
 *		{ 0 },
 *	};
 *
 * The type of the field is the type of the option: bool is a flag, uint32_t and
 * uint64_t are numbers (decimal, 0x, octal), const char * is text, struct opt_list is
 * text that may come several times. uint32_t with .choices is the place of a word in
 * that list.
 *
 * Written --name=value, --name value, -n value, -nvalue; flags bundle (-tKq). Long
 * names: any case, '_' for '-', any prefix that fits one option only. Options may
 * stand after operands, "--" ends them; with ends_at_operand the first operand does.
 *
 * Of three dialects weir's is the first. Programs whose option parser is AutoOpts have its
 * messages, which scripts expect under those programs' names; there of a number without max
 * the low bits count. Of programs that use getopt(3) and letters only, an option may come
 * again, and the last one counts; messages call it by its letter. Long names are there all
 * the same.
 */
#ifndef CLI_OPT_H
#define CLI_OPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum opt_dialect {
	OPT_WEIR,
	OPT_AUTOOPTS,
	OPT_GETOPT,
};

enum opt_type {
	OPT_FLAG,
	OPT_U32,
	OPT_U64,
	OPT_TEXT,
	OPT_LIST,
};

/* Values of an option that may be given several times, in order. */
struct opt_list {
	const char **values;
	unsigned n;
};

enum opt_flags {
	OPT_REQUIRED = 1U << 0,	 /* must be given */
	OPT_ALONE = 1U << 1,	 /* when given, nothing else is required */
	OPT_OPTIONAL = 1U << 2,	 /* text that may be left out: --name or --name=text, then "" */
	OPT_UNSAVED = 1U << 3,	 /* does not go to an option file, nor come from one */
	OPT_WEIR_ONLY = 1U << 4, /* unknown in the AutoOpts dialect */
	OPT_AUTOOPTS_ONLY = 1U << 5,
	/* What only the AutoOpts dialect heeds. Quirk "options"; OPT_WRAPS is quirk "numbers". */
	OPT_AGAIN = 1U << 6, /* may come several times: the last one counts */
	OPT_WRAPS = 1U << 7, /* takes any number, modulo max + 1 */
	OPT_LOOSE = 1U << 8, /* needs no other option and conflicts with none */
};

struct opt {
	enum opt_type type;
	size_t offset;	  /* of the field in the struct */
	const char *name; /* long name, lower case, words joined by '-'; NULL ends the rows */
	char letter;	  /* short name, or 0 */
	unsigned flags;
	uint64_t min;	       /* of a number */
	uint64_t max;	       /* 0: whatever the type holds */
	const char *metavar;   /* what --help calls the value */
	const char *help;      /* one sentence, no full stop */
	const char *choices;   /* words, "auto sleep spin" */
	const char *conflicts; /* names of options that cannot come with it, "pps mbps" */
	const char *requires;  /* names of options that must come with it */
	const char *same_as;   /* another way to give that option: it counts as given */
	unsigned old_most;     /* values that a list takes in the AutoOpts dialect; 0: any */
};

/* The field that a row sets; its type makes the option's. */
#define OPT(strct, field)                                                                          \
	.offset = offsetof(strct, field), .type = _Generic(((strct *)0)->field,                    \
							   bool: OPT_FLAG,                         \
							   uint32_t: OPT_U32,                      \
							   uint64_t: OPT_U64,                      \
							   const char *: OPT_TEXT,                 \
							   struct opt_list: OPT_LIST)

/* Rows and the struct that they set. */
struct opt_table {
	const struct opt *rows;
	void *fields;
};

/* What is known of one row. */
struct opt_state {
	unsigned times;	  /* how often it was given */
	bool preset;	  /* by a file: the command line may give it again */
	const char *text; /* the last value as it was written, or NULL */
};

/* What was read. Everything in it and every text in the structs of the tables lives
 * until opt_done(). */
struct opt_set {
	enum opt_dialect dialect;
	const char *prog; /* in messages; lent */
	const char *argv0;
	const struct opt_table *tables; /* lent; ends with one without rows */
	struct opt_state *states;	/* one a row, over all tables */
	unsigned n_states;
	const char **operands;
	unsigned n_operands;
	char **owned; /* text that came from files, or is kept */
	unsigned n_owned;
	bool preset;	      /* what is being read may be overridden by the command line */
	bool ends_at_operand; /* what stands behind the first operand is its own */
	char error[1024]; /* the whole message, with the program's name; no newline at the end */
};

/* prog stands before messages ("weir replay", "tcpreplay"), argv0 as the program was
 * called. The structs of the tables hold the defaults. */
void opt_init(struct opt_set *set, enum opt_dialect dialect, const char *prog, const char *argv0,
	      const struct opt_table *tables);
void opt_done(struct opt_set *set);

/* Reads argv[0] .. argv[argc - 1], all of them arguments. 0, or -EINVAL with set->error. */
int opt_parse(struct opt_set *set, int argc, char *const argv[]);

/* After everything was read: what conflicts, what is missing. 0, or -EINVAL. */
int opt_check(struct opt_set *set);

/* Was it given? The name must be one of the rows'. */
bool opt_given(const struct opt_set *set, const char *name);

/* Takes a text, which is there as long as the set. */
const char *opt_keep(struct opt_set *set, char *text);

/* Was one given that makes do without operands and required options (OPT_ALONE)? */
bool opt_alone(const struct opt_set *set);

/* One option by its name, as from a file: value NULL if there is none. -ENOENT: there is
 * no such option; -EINVAL: the value is wrong. */
int opt_apply(struct opt_set *set, const char *name, const char *value);

/*
 * Option files: lines "name value", "name = value" or "name: value", '#' comments,
 * quotes. After a line "[WORD]" lines count only if WORD (any case) is section. What
 * they set, the command line overrides. 0; -EINVAL: the text names file and line; else
 * what fopen(3) gives.
 */
int opt_load(struct opt_set *set, const char *path, const char *section);
int opt_load_text(struct opt_set *set, const char *name, char *text, const char *section);
/* Writes what was given in that form. */
int opt_save(struct opt_set *set, const char *path);

/* The list of options for --help; brief leaves out how they go together. */
void opt_help(FILE *to, enum opt_dialect dialect, const struct opt_table *tables, bool brief);

/* Rows of the tables one after another: row i, or NULL past the end; *ret_fields is the
 * struct that it sets, may be NULL. */
const struct opt *opt_row(const struct opt_table *tables, unsigned i, void **ret_fields);

/* Is a row there in this dialect? */
bool opt_spoken(const struct opt *row, enum opt_dialect dialect);

#endif
