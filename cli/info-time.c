/* SPDX-License-Identifier: BSD-2-Clause */
/* Times and rates, as both ways of printing show them. */
#include <time.h>

#include "info.h"
#include "util.h"

const char *info_time(int64_t ts_ns, char buf[static INFO_TIME_SIZE])
{
	const int64_t second = (int64_t)NSEC_PER_SEC;
	time_t s = ts_ns / second - (ts_ns % second < 0);
	char day[32];
	struct tm tm;

	/* 64-bit nanoseconds end in the years 1677 and 2262: always representable. */
	(void)gmtime_r(&s, &tm);
	(void)strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &tm);
	(void)snprintf(buf, INFO_TIME_SIZE, "%s.%09uZ", day, (unsigned)(ts_ns - s * second));
	return buf;
}

uint64_t info_duration(const struct weir_totals *t)
{
	return (uint64_t)t->last_ns - (uint64_t)t->first_ns;
}

double info_rate(const struct weir_totals *t, uint64_t n)
{
	uint64_t ns = info_duration(t);

	return ns ? (double)n * (double)NSEC_PER_SEC / (double)ns : -1;
}

const char *info_resolution(uint8_t tsresol, char buf[static INFO_RESOLUTION_SIZE])
{
	unsigned exponent = tsresol & 0x7f;

	(void)snprintf(buf, INFO_RESOLUTION_SIZE, exponent ? "%u^-%u" : "1",
		       tsresol & 0x80 ? 2u : 10u, exponent);
	return buf;
}
