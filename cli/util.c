/* SPDX-License-Identifier: BSD-2-Clause */
#include "util.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/param.h>

static void *checked(void *p)
{
	if (!p) {
		fputs("weir: out of memory\n", stderr);
		exit(EXIT_FAILURE);
	}
	return p;
}

void *xcalloc(size_t n, size_t size)
{
	return checked(calloc(n ? n : 1, size));
}

void *xcalloc_lines(size_t n, size_t size)
{
	void *p = checked(aligned_alloc(64, n * size));

	return memset(p, 0, n * size);
}

char *xstrdup(const char *s)
{
	return checked(strdup(s));
}

void *xgrow(void *array, size_t n, size_t size)
{
	/* Doubles: there is room already unless n is a power of two. */
	if (n & (n - 1))
		return array;
	return checked(reallocarray(array, n ? n * 2 : 1, size));
}

int err_text(struct weir_err *err, int code, const char *format, ...)
{
	char text[sizeof(err->text)]; /* what is in err may be an argument */
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(text, sizeof(text), format, ap); /* cut if too long */
	va_end(ap);
	err->code = code;
	strcpy(err->text, text);
	return code;
}

uint64_t clock_ns(clockid_t clock)
{
	struct timespec ts;

	(void)clock_gettime(clock, &ts); /* cannot fail */
	return (uint64_t)ts.tv_sec * NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
}

int read_text(const char *path, char **ret_text)
{
	CLEANUP(fclosep)
	FILE *f = fopen(path, "re");
	CLEANUP(freep)
	char *text = NULL;
	size_t size = 0;

	if (!f)
		return -errno;
	if (getdelim(&text, &size, '\0', f) < 0) {
		if (ferror(f))
			return -errno;
		free(text);
		text = xstrdup(""); /* it is empty */
	}
	*ret_text = TAKE_PTR(text);
	return 0;
}

const char *mac_text(const uint8_t mac[static 6], char text[static MAC_TEXT_SIZE])
{
	(void)snprintf(text, MAC_TEXT_SIZE, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2],
		       mac[3], mac[4], mac[5]);
	return text;
}

unsigned edit_distance(const char *a, const char *b)
{
	unsigned row[64]; /* distances of the first letters of a to all of b */
	unsigned n = (unsigned)strnlen(b, ARRAY_SIZE(row) - 1);

	for (unsigned j = 0; j <= n; j++)
		row[j] = j;
	for (unsigned i = 0; a[i]; i++) {
		unsigned corner = row[0]++;

		for (unsigned j = 0; j < n; j++) {
			unsigned change = corner + (a[i] != b[j]);

			corner = row[j + 1];
			row[j + 1] = MIN(change, MIN(row[j], corner) + 1);
		}
	}
	return row[n];
}
