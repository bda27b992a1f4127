/* SPDX-License-Identifier: BSD-2-Clause */
/* weir info: what cmd-info.c gathers of a file, and the two ways to print it. */
#ifndef CLI_INFO_H
#define CLI_INFO_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <weir/err.h>
#include <weir/info.h>
#include <weir/trace.h>

struct info_file {
	const char *path;
	struct weir_reader *reader;   /* NULL if the file was not opened */
	struct weir_summary *summary; /* of what stands before the damage; NULL as reader */
	bool failed;		      /* not opened, or not read to its end: err says why */
	struct weir_err err;
};

/* info-text.c: nothing for a file that was not opened. */
void info_print(FILE *to, const struct info_file *f);

/* info-json.c: appends an object. */
void info_json(json_t *files, const struct info_file *f);

/* info-time.c */

#define INFO_TIME_SIZE 48

/* "2026-07-31T12:00:00.123456789Z" in buf, which is returned. */
const char *info_time(int64_t ts_ns, char buf[static INFO_TIME_SIZE]);

/* ns from the earliest to the latest time. */
uint64_t info_duration(const struct weir_totals *t);

/* n a second over the duration; negative if there is none. */
double info_rate(const struct weir_totals *t, uint64_t n);

/* Resolution of an if_tsresol: "10^-6". */
#define INFO_RESOLUTION_SIZE 16
const char *info_resolution(uint8_t tsresol, char buf[static INFO_RESOLUTION_SIZE]);

#endif
