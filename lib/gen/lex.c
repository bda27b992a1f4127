/* SPDX-License-Identifier: BSD-2-Clause */
#include "gen/lex.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"

int gen_fail(const struct gen_source *src, uint32_t at, const char *format, ...)
{
	unsigned line = 1, column = 1;
	char text[400], place[64];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(text, sizeof(text), format, ap); /* cut if too long */
	va_end(ap);
	if (at == GEN_NOWHERE)
		return err_set(src->err, -EINVAL, "%s", text);
	for (uint32_t i = 0; i < at && i < src->len; i++) {
		column++;
		if (src->text[i] == '\n') {
			line++;
			column = 1;
		}
	}
	if (src->name || memchr(src->text, '\n', src->len))
		(void)snprintf(place, sizeof(place), "line %u, column %u", line, column);
	else
		(void)snprintf(place, sizeof(place), "column %u", column);
	return err_set(src->err, -EINVAL, "%s%s%s: %s", src->name ? src->name : "",
		       src->name ? ": " : "", place, text);
}

int gen_no_memory(const struct gen_source *src)
{
	return err_set(src->err, -ENOMEM, "the template takes too much memory");
}

static int peek(const struct gen_lexer *l, uint32_t ahead)
{
	size_t i = (size_t)l->pos + ahead;

	return i < l->src->len ? (unsigned char)l->src->text[i] : -1;
}

static void skip_blanks(struct gen_lexer *l)
{
	for (;;) {
		int c = peek(l, 0);

		if (c == '#')
			while (peek(l, 0) >= 0 && peek(l, 0) != '\n')
				l->pos++;
		else if (c == ' ' || c == '\t' || c == '\r' || (c == '\n' && l->depth))
			l->pos++;
		else if (c == '\\' && peek(l, 1) == '\n')
			l->pos += 2;
		else
			return;
	}
}

static int digit_of(int c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 99;
}

static int lex_number(struct gen_lexer *l)
{
	unsigned base = 10;

	if (peek(l, 0) == '0' && strchr("xXoObB", peek(l, 1) > 0 ? peek(l, 1) : ' ')) {
		int c = tolower(peek(l, 1));

		base = c == 'x' ? 16 : c == 'o' ? 8 : 2;
		l->pos += 2;
		if (digit_of(peek(l, 0)) >= (int)base)
			return gen_fail(l->src, l->pos, "a digit is missing");
	}
	l->num = 0;
	for (;; l->pos++) {
		int d = digit_of(peek(l, 0));

		if (peek(l, 0) == '_')
			continue;
		if (d >= (int)base)
			break;
		if (__builtin_mul_overflow(l->num, base, &l->num) ||
		    __builtin_add_overflow(l->num, (unsigned)d, &l->num))
			return gen_fail(l->src, l->at, "the number is larger than 64 bits");
	}
	if (isalnum(peek(l, 0)) || peek(l, 0) == '.')
		return gen_fail(l->src, l->pos,
				"'%c' does not belong to a number (addresses are strings: "
				"\"10.0.0.1\")",
				peek(l, 0));
	l->token = TOKEN_NUM;
	return 0;
}

static int hex_escape(struct gen_lexer *l, unsigned *ret)
{
	int hi = digit_of(peek(l, 0)), lo = hi > 15 ? 99 : digit_of(peek(l, 1));

	if (hi > 15 || lo > 15)
		return gen_fail(l->src, l->pos, "\\x needs two hexadecimal digits");
	l->pos += 2;
	*ret = (unsigned)(hi * 16 + lo);
	return 0;
}

/* What stands behind a backslash, appended at out; as in Python an unknown escape is
 * kept as it stands. How many bytes it made. */
static int escape(struct gen_lexer *l, bool text, uint8_t *out)
{
	static const char from[] = "nrtabfv\\'\"", to[] = "\n\r\t\a\b\f\v\\'\"";
	int c = peek(l, 0);
	const char *p = c > 0 ? strchr(from, c) : NULL;
	unsigned v = 0;
	int r;

	l->pos++;
	if (c == '\n')
		return 0;
	if (p) {
		*out = (uint8_t)to[p - from];
		return 1;
	}
	if (c == 'x') {
		r = hex_escape(l, &v);
		if (r < 0)
			return r;
	} else if (c >= '0' && c <= '7') {
		l->pos--;
		for (unsigned i = 0; i < 3 && peek(l, 0) >= '0' && peek(l, 0) <= '7'; i++)
			v = v * 8 + (unsigned)(l->src->text[l->pos++] - '0');
		v &= 0xff;
	} else {
		out[0] = '\\';
		out[1] = (uint8_t)c;
		return 2;
	}
	if (text && v >= 0x80) { /* a character, which is sent as UTF-8 */
		out[0] = (uint8_t)(0xc0 | v >> 6);
		out[1] = (uint8_t)(0x80 | (v & 0x3f));
		return 2;
	}
	out[0] = (uint8_t)v;
	return 1;
}

/* Characters of the string, from its first quote on: to its last, or to the end of a line,
 * unless there is a backslash before that. */
static uint32_t string_length(const struct gen_lexer *l)
{
	int quote = peek(l, 0);
	uint32_t n = 1;

	while (peek(l, n) >= 0 && peek(l, n) != quote && peek(l, n) != '\n')
		n += peek(l, n) == '\\' ? 2 : 1;
	return n;
}

/* In front of the quote; text: no b"" */
static int lex_string(struct gen_lexer *l, bool text, bool raw)
{
	int quote = peek(l, 0), r;
	uint8_t *out;

	/* No escape makes more bytes than it is written with. */
	out = gen_alloc(l->src->pool, string_length(l));
	if (!out)
		return gen_no_memory(l->src);
	l->bytes = out;
	l->len = 0;
	l->pos++;
	for (;;) {
		int c = peek(l, 0);

		if (c < 0 || c == '\n')
			return gen_fail(l->src, l->at, "the string has no end");
		l->pos++;
		if (c == quote)
			break;
		if (c == '\\' && peek(l, 0) >= 0 && !raw) {
			r = escape(l, text, out + l->len);
			if (r < 0)
				return r;
			l->len += (uint32_t)r;
		} else {
			out[l->len++] = (uint8_t)c;
		}
	}
	l->token = TOKEN_STRING;
	return 0;
}

static bool in_name(int c)
{
	return isalnum(c) || c == '_' || c == '.';
}

static int lex_name(struct gen_lexer *l)
{
	uint32_t n = 0;
	uint8_t *out;

	while (in_name(peek(l, n)))
		n++;
	if (n <= 2 && (peek(l, n) == '"' || peek(l, n) == '\'')) {
		bool raw = false, text = true;

		for (uint32_t i = 0; i < n; i++) {
			int c = tolower(peek(l, i));

			if (c != 'b' && c != 'r' && c != 'u')
				return gen_fail(l->src, l->at, "no such kind of string");
			raw |= c == 'r';
			text &= c != 'b';
		}
		l->pos += n;
		return lex_string(l, text, raw);
	}
	out = gen_alloc(l->src->pool, n + 1);
	if (!out)
		return gen_no_memory(l->src);
	memcpy(out, l->src->text + l->pos, n);
	l->bytes = out;
	l->len = n;
	l->pos += n;
	l->token = TOKEN_NAME;
	return 0;
}

int gen_lex(struct gen_lexer *l)
{
	int c;

	skip_blanks(l);
	l->at = l->pos;
	c = peek(l, 0);
	if (c < 0) {
		l->token = TOKEN_END;
		return 0;
	}
	if (isdigit(c))
		return lex_number(l);
	if (c == '"' || c == '\'')
		return lex_string(l, true, false);
	if (isalpha(c) || c == '_')
		return lex_name(l);
	l->pos++;
	if (c == '\n' || (c == ';' && !l->depth)) {
		l->token = TOKEN_NEWLINE;
		return 0;
	}
	if (!strchr("/*+-=,()[]@", c))
		return gen_fail(l->src, l->at,
				c >= 32 && c < 127 ? "'%c' means nothing here"
						   : "byte 0x%02x means "
						     "nothing here",
				c);
	l->token = TOKEN_MARK;
	l->mark = (char)c;
	l->depth += c == '(' || c == '[';
	l->depth -= l->depth && (c == ')' || c == ']');
	return 0;
}

int gen_lex_raw(struct gen_lexer *l, const char **ret_text)
{
	uint32_t n = 0;
	char *out;
	int r;

	skip_blanks(l);
	l->at = l->pos;
	if (peek(l, 0) == '"' || peek(l, 0) == '\'') {
		r = lex_string(l, true, false);
		if (r < 0)
			return r;
		*ret_text = (const char *)l->bytes;
		return gen_lex(l);
	}
	while (peek(l, n) >= 0 && !strchr(",;\n#", peek(l, n)))
		n++;
	out = gen_alloc(l->src->pool, n + 1);
	if (!out)
		return gen_no_memory(l->src);
	memcpy(out, l->src->text + l->pos, n);
	l->pos += n;
	while (n && isspace((unsigned char)out[n - 1]))
		out[--n] = 0;
	*ret_text = out;
	return gen_lex(l);
}
