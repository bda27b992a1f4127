/* SPDX-License-Identifier: BSD-2-Clause */
/* What the commands use everywhere and the public headers do not give. */
#ifndef CLI_UTIL_H
#define CLI_UTIL_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <weir/err.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define MIN(a, b) ((a) < (b) ? (a) : (b)) /* of things without side effects */

#define NSEC_PER_SEC  1000000000ULL
#define NSEC_PER_MSEC 1000000ULL
#define NSEC_PER_USEC 1000ULL

/* A local that is released at the end of its scope: CLEANUP(freep) char *s = ...; */
#define CLEANUP(f) __attribute__((cleanup(f)))

/* Makes f##p, a clean-up for pointers released by f, which returns or ignores. */
#define DEFINE_CLEANUP(type, f)                                                                    \
	static inline void f##p(type *p)                                                           \
	{                                                                                          \
		if (*p)                                                                            \
			(void)f(*p);                                                               \
	}

/* Yields p and leaves NULL in it. */
#define TAKE_PTR(p)                                                                                \
	({                                                                                         \
		__typeof__(p) *take_from_ = &(p);                                                  \
		__typeof__(p) taken_ = *take_from_;                                                \
		*take_from_ = NULL;                                                                \
		taken_;                                                                            \
	})

static inline void freep(void *p)
{
	free(*(void **)p);
}

static inline void fclosep(FILE **f)
{
	if (*f)
		(void)fclose(*f); /* only for files that were read */
}

/* Memory for n objects of size bytes, zeroed. Says so and ends the program when there
 * is none: nothing has been changed yet where commands allocate. */
void *xcalloc(size_t n, size_t size);
/* The same, beginning with a cache line: for objects that are whole lines, as each is another
 * thread's. */
void *xcalloc_lines(size_t n, size_t size);
char *xstrdup(const char *s);
/* Makes room for one more object in an array of n; the array may move. */
void *xgrow(void *array, size_t n, size_t size);

/* Writes code and text of an error, of which the text that is there may become a part, and returns
 * the code. */
int err_text(struct weir_err *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Nanoseconds of CLOCK_MONOTONIC, _REALTIME or another that cannot fail. */
uint64_t clock_ns(clockid_t clock);

/* How many that are a second; 0 if no time has gone by. */
static inline double per_second(double n, uint64_t ns)
{
	return ns ? n * NSEC_PER_SEC / (double)ns : 0;
}

/* The whole file as one text, to be freed; a NUL in it ends the text. 0, or a negative errno. */
int read_text(const char *path, char **ret_text);

/* "02:00:00:00:00:01". Returns text. */
#define MAC_TEXT_SIZE 18
const char *mac_text(const uint8_t mac[static 6], char text[static MAC_TEXT_SIZE]);

/* How many letters have to be changed, added or left out to make a of b. */
unsigned edit_distance(const char *a, const char *b);

#endif
