/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading small texts that people write (maps, ranges, lists) from left to right, with
 * errors that name the place:
 *
 *	pnat: "10.0.0.0/40:1.2.3.4", at 9: 40 is more than 32
 */
#ifndef BASE_SCAN_H
#define BASE_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weir/err.h>

struct scan {
	const char *name; /* of the option, for messages */
	const char *text; /* the whole of it */
	const char *at;	  /* what is left */
	struct weir_err *err;
};

static inline struct scan scan_begin(const char *name, const char *text, struct weir_err *err)
{
	return (struct scan){ .name = name, .text = text, .at = text, .err = err };
}

/* Writes an error about what stands at place (within the text); returns -EINVAL. */
int scan_bad(struct scan *s, const char *place, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Takes c if it comes next. */
static inline bool scan_take(struct scan *s, char c)
{
	if (*s->at != c)
		return false;

	s->at++;
	return true;
}

/* Takes c, or fails with "'c' expected". */
int scan_expect(struct scan *s, char c);

/* Is all of it read? Otherwise -EINVAL. */
int scan_end(struct scan *s);

/* A number up to max: digits of base 10 or 16 (which may begin with 0x). */
int scan_number(struct scan *s, unsigned base, uint32_t max, uint32_t *ret_number);

/* Takes what comes before the first of the letters in stops, or before the end. what it
 * is stands in the message if it is empty or longer than size - 1. */
int scan_word(struct scan *s, const char *stops, const char *what, char *ret_word, size_t size);

#endif
