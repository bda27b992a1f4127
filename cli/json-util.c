/* SPDX-License-Identifier: BSD-2-Clause */
#include "json-util.h"

#include <errno.h>

#include "util.h"

json_t *json_text(const char *s)
{
	json_t *t = json_string(s);
	CLEANUP(freep)
	char *ascii = t ? NULL : xstrdup(s);

	for (char *c = ascii; c && *c; c++)
		*c = *c & 0x80 ? '?' : *c;
	return t ? t : json_string(ascii);
}

int json_print(FILE *to, json_t *o)
{
	int r = o ? json_dumpf(o, to, JSON_INDENT(2)) : -1;

	json_decref(o);
	if (r < 0)
		return -ENOMEM;
	fputc('\n', to);
	return 0;
}
