/* SPDX-License-Identifier: BSD-2-Clause */
#include "live.h"

#include <inttypes.h>
#include <stdio.h>

#include "util.h"

/* "12.3 M": three figures are enough to look at. */
static void with_prefix(double value, char text[16])
{
	static const char *const prefixes[] = { "", "k", "M", "G", "T" };
	unsigned i = 0;

	for (; value >= 999.5 && i + 1 < ARRAY_SIZE(prefixes); i++)
		value /= 1000;
	(void)snprintf(text, 16, "%.*f %s",
		       value < 9.95   ? 2
		       : value < 99.5 ? 1
				      : 0,
		       value, prefixes[i]);
}

void live_line(const struct live_figures *now, const struct live_figures *prev, char *text,
	       size_t size)
{
	double seconds = (double)(now->elapsed_ns - prev->elapsed_ns) / NSEC_PER_SEC;
	char pps[16], bps[16];
	int n;

	if (seconds <= 0)
		seconds = 1;
	with_prefix((double)(now->frames - prev->frames) / seconds, pps);
	with_prefix((double)(now->bytes - prev->bytes) * 8 / seconds, bps);
	n = snprintf(text, size, "%" PRIu64 " packets, %spps, %sbit/s", now->frames, pps, bps);
	if (now->done > 0 && now->done <= 1 && n > 0 && (size_t)n < size) {
		double left_s = (double)now->elapsed_ns / NSEC_PER_SEC * (1 / now->done - 1);

		(void)snprintf(text + n, size - (size_t)n, ", %.0f %%, %.0f:%02.0f left",
			       now->done * 100, (double)(uint64_t)(left_s / 60),
			       (double)((uint64_t)left_s % 60));
	}
}

void live_show(const char *text)
{
	/* Back to the left edge, and clear what a longer line left over. */
	fprintf(stderr, "\r%s\033[K", text);
	(void)fflush(stderr);
}

void live_wipe(void)
{
	live_show("");
}
