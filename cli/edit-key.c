/* SPDX-License-Identifier: BSD-2-Clause */
#include "edit-key.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "util.h"

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* n letters; where says what they are, for messages. */
static int read_hex(const char *where, const char *text, size_t n, uint8_t *key, size_t size,
		    struct weir_err *err)
{
	size_t digits = 0;

	for (size_t i = 0; i < n; i++) {
		bool joins = text[i] == ':' || isspace((unsigned char)text[i]);

		if (!joins && digit(text[i]) < 0)
			return err_text(err, -EINVAL, "%s, at %zu: no hexadecimal digit", where,
					i + 1);
		digits += !joins;
	}
	if (digits != 2 * size)
		return err_text(err, -EINVAL, "%s: %zu hexadecimal digits where %zu are needed",
				where, digits, 2 * size);
	for (digits = 0; digits < 2 * size; text++) {
		int v = digit(*text);

		if (v < 0)
			continue;
		key[digits / 2] = (uint8_t)(digits % 2 ? key[digits / 2] << 4 | v : v);
		digits++;
	}
	return 0;
}

static int read_file(const char *path, uint8_t *key, size_t size, struct weir_err *err)
{
	CLEANUP(fclosep)
	FILE *f = fopen(path, "re");
	char text[1024];
	size_t n;

	if (!f)
		return err_text(err, -errno, "--anonymize-key: %s: %s", path, strerror(errno));
	n = fread(text, 1, sizeof(text), f);
	if (ferror(f))
		return err_text(err, -EIO, "--anonymize-key: %s: cannot be read", path);
	if (n != size)
		return read_hex(path, text, n, key, size, err);
	memcpy(key, text, n);
	return 0;
}

int edit_key_read(const char *text, uint8_t *ret_key, size_t size, struct weir_err *err)
{
	if (*text == '@')
		return read_file(text + 1, ret_key, size, err);
	return read_hex("--anonymize-key", text, strlen(text), ret_key, size, err);
}
