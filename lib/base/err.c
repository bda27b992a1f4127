/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int err_set(struct weir_err *err, int code, const char *format, ...)
{
	va_list ap;

	if (!err)
		return code;

	err->code = code;
	va_start(ap, format);
	(void)vsnprintf(err->text, sizeof(err->text), format, ap); /* cut if too long */
	va_end(ap);
	return code;
}

int err_prefix(struct weir_err *err, int code, const char *format, ...)
{
	char prefix[sizeof(err->text)];
	struct weir_err old;
	va_list ap;

	if (!err)
		return code;

	va_start(ap, format);
	(void)vsnprintf(prefix, sizeof(prefix), format, ap); /* cut if too long */
	va_end(ap);
	old = *err;
	old.code = code;
	return err_set(err, code, "%s: %s", prefix, weir_err_text(&old));
}

const char *weir_err_text(struct weir_err *err)
{
	if (!err->text[0])
		(void)snprintf(err->text, sizeof(err->text), "%s", strerror(-err->code));
	return err->text;
}
