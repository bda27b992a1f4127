/* SPDX-License-Identifier: BSD-2-Clause */
/* What every command needs that prints JSON. */
#ifndef CLI_JSON_UTIL_H
#define CLI_JSON_UTIL_H

#include <stdint.h>
#include <stdio.h>

#include <jansson.h>

/* Jansson's numbers have a sign. */
static inline json_t *json_number(uint64_t n)
{
	return json_integer(n > INT64_MAX ? INT64_MAX : (json_int_t)n);
}

/* JSON is UTF-8, names need not be: then letters that are not ASCII become '?'. */
json_t *json_text(const char *s);

/* Prints an object, which is taken, and a newline. 0, or -ENOMEM: also if o is NULL. */
int json_print(FILE *to, json_t *o);

#endif
