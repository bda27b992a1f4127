/* SPDX-License-Identifier: BSD-2-Clause */
/* What every command needs that prints JSON. */
#ifndef CLI_JSON_UTIL_H
#define CLI_JSON_UTIL_H

#include <stdint.h>

#include <jansson.h>

/* Jansson's numbers have a sign. */
static inline json_t *json_number(uint64_t n)
{
	return json_integer(n > INT64_MAX ? INT64_MAX : (json_int_t)n);
}

#endif
