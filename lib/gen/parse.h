/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The text of templates, and the tree it means.
 *
 *     text   = statement { (newline | ';') statement }
 *     statement = NAME '=' expr  |  expr [ '@' key=value { ',' key=value } ]
 *     expr   = sum ; sum = product { '+' product }
 *     product = item { ('/' | '*') item }      from left to right, as in Python
 *     item   = number | string... | [a, b] | (a, b) | (expr) | NAME | NAME(args) | -number
 *
 * '#' begins a comment, a line goes on while a bracket is open. Strings are Python's:
 * 'x' "x" b"x" r"x", with escapes, and bytes.fromhex("0a0b"). A name stands for the
 * expression it was given; trees are never changed once made, so they are shared.
 */
#ifndef GEN_PARSE_H
#define GEN_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weir/err.h>

#include "gen/pool.h"

enum gen_node_kind {
	GEN_NUM,   /* num, negative */
	GEN_BYTES, /* bytes, len */
	GEN_NONE,
	GEN_LIST,  /* [kids] */
	GEN_TUPLE, /* (kids) */
	GEN_CALL,  /* bytes is the name; kids with keys */
	GEN_CHAIN, /* kids are layers: CALL or BYTES, the outermost first */
	GEN_TIMES, /* kids[0], num times over */
};

struct gen_node {
	enum gen_node_kind kind;
	uint32_t at; /* where it begins in the text */
	bool negative;
	uint64_t num;
	const uint8_t *bytes; /* a zero byte follows */
	uint32_t len;
	uint32_t n_kids;
	const struct gen_node **kids;
	const char **keys; /* CALL: the keyword of each kid, or NULL */
};

/* key=value behind an '@'. */
struct gen_attr {
	const char *key, *value;
	uint32_t at;
	struct gen_attr *next;
};

struct gen_stmt {
	const struct gen_node *expr;
	struct gen_attr *attrs;
	struct gen_stmt *next;
};

/* What is compiled, and where complaints go. */
struct gen_source {
	const char *name; /* of the file, or NULL */
	const char *text; /* len bytes */
	size_t len;
	struct gen_pool *pool;
	struct weir_err *err; /* may be NULL */
};

/* The statements that are no assignments; there is at least one. */
int gen_parse(const struct gen_source *src, struct gen_stmt **ret_stmts);

/* Not in the text: in an option. */
#define GEN_NOWHERE UINT32_MAX

/* -EINVAL with "[name: ][line L, ]column C: text". */
int gen_fail(const struct gen_source *src, uint32_t at, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

int gen_no_memory(const struct gen_source *src);

static inline const char *gen_name(const struct gen_node *call)
{
	return (const char *)call->bytes;
}

#endif
