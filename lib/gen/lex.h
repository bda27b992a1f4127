/* SPDX-License-Identifier: BSD-2-Clause */
/* The words of a template's text. */
#ifndef GEN_LEX_H
#define GEN_LEX_H

#include "gen/parse.h"

enum gen_token {
	TOKEN_END,
	TOKEN_NEWLINE, /* or ';', outside of brackets */
	TOKEN_NUM,
	TOKEN_STRING,
	TOKEN_NAME, /* dots included: bytes.fromhex */
	TOKEN_MARK, /* one of / * + - = , ( ) [ ] @ : */
};

struct gen_lexer {
	const struct gen_source *src;
	uint32_t pos;
	unsigned depth; /* of brackets */

	/* The word in hand. */
	enum gen_token token;
	uint32_t at;
	char mark;
	uint64_t num;
	const uint8_t *bytes; /* STRING, NAME: len of them and a zero */
	uint32_t len;
};

/* Takes the next word in hand. */
int gen_lex(struct gen_lexer *l);

/* The raw text up to a comma or the end of the line; then the next word is in hand. */
int gen_lex_raw(struct gen_lexer *l, const char **ret_text);

#endif
