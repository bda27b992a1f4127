/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/scan.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"

int scan_bad(struct scan *s, const char *place, const char *format, ...)
{
	char what[192];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(what, sizeof(what), format, ap); /* cut if too long */
	va_end(ap);
	return err_set(s->err, -EINVAL, "%s: \"%.160s\", at %zu: %s", s->name, s->text,
		       (size_t)(place - s->text) + 1, what);
}

int scan_expect(struct scan *s, char c)
{
	if (scan_take(s, c))
		return 0;
	return scan_bad(s, s->at, "'%c' expected", c);
}

int scan_end(struct scan *s)
{
	return *s->at ? scan_bad(s, s->at, "'%c' was not expected", *s->at) : 0;
}

/* Value of a digit, or 16 if it is none. */
static unsigned digit(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (unsigned)(c - 'a') + 10;
	if (c >= 'A' && c <= 'F')
		return (unsigned)(c - 'A') + 10;
	return 16;
}

int scan_number(struct scan *s, unsigned base, uint32_t max, uint32_t *ret_number)
{
	const char *begin = s->at;
	uint64_t v = 0;

	if (base == 16 && s->at[0] == '0' && (s->at[1] == 'x' || s->at[1] == 'X'))
		s->at += 2;
	if (digit(*s->at) >= base)
		return scan_bad(s, begin, "a number expected");

	for (; digit(*s->at) < base; s->at++) {
		v = v * base + digit(*s->at);
		if (v > max)
			return scan_bad(s, begin, "the number is more than %u", max);
	}
	*ret_number = (uint32_t)v;
	return 0;
}

int scan_word(struct scan *s, const char *stops, const char *what, char *ret_word, size_t size)
{
	size_t n = strcspn(s->at, stops);

	if (!n)
		return scan_bad(s, s->at, "%s expected", what);
	if (n >= size)
		return scan_bad(s, s->at, "too long for %s", what);

	memcpy(ret_word, s->at, n);
	ret_word[n] = '\0';
	s->at += n;
	return 0;
}
