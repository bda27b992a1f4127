/* SPDX-License-Identifier: BSD-2-Clause */
#include "pktgen-text.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include "util.h"

/* pkt-gen tells here how many packets waited in its rings at least, and that when nobody looked. */
#define NO_MIN_SPACE UINT64_C(99999)
#define DUMP_ROW     16u

void pktgen_say(const char *where, int line, const char *format, ...)
{
	uint64_t now = clock_ns(CLOCK_REALTIME);
	va_list ap;

	(void)fflush(stdout); /* in a log that both go to, this comes later */
	fprintf(stderr, "%03u.%06u %s [%d] ", (unsigned)(now / NSEC_PER_SEC % 1000),
		(unsigned)(now % NSEC_PER_SEC / NSEC_PER_USEC), where, line);
	va_start(ap, format);
	(void)vfprintf(stderr, format, ap); /* there is nowhere else to tell */
	va_end(ap);
	fputc('\n', stderr);
}

const char *pktgen_number(const struct pktgen_style *style, double value, char text[40])
{
	static const char *const prefixes[] = { "", "K", "M", "G", "T" };
	unsigned i = 0;

	for (; !style->plain_units && value >= 1000 && i + 1 < ARRAY_SIZE(prefixes); i++)
		value /= 1000;
	(void)snprintf(text, 40, "%.*f %s", style->plain_units ? 0 : 3, value, prefixes[i]);
	return text;
}

/* Mean and deviation of the rates of the window, those of reports without traffic left out. */
static void average(const struct pktgen_window *w, double *ret_mean, double *ret_deviation)
{
	double sum = 0, squares = 0;
	unsigned n = 0;

	for (unsigned i = 0; i < PKTGEN_WINDOW; i++) {
		sum += w->pps[i];
		n += w->pps[i] > 0;
	}
	*ret_mean = n ? sum / n : 0;
	for (unsigned i = 0; i < PKTGEN_WINDOW; i++)
		if (w->pps[i] > 0)
			squares += (w->pps[i] - *ret_mean) * (w->pps[i] - *ret_mean);
	*ret_deviation = n ? sqrt(squares / n) : 0;
}

static double per_batch(uint64_t packets, uint64_t events)
{
	return events ? (double)packets / (double)events : 0;
}

void pktgen_report(const struct pktgen_style *style, struct pktgen_window *window,
		   const struct pktgen_counts *now, const struct pktgen_counts *before,
		   uint64_t usec, char *text, size_t size)
{
	uint64_t packets = now->packets - before->packets, bytes = now->bytes - before->bytes;
	double pps = (double)((packets * 1000000 + usec / 2) / usec), mean, deviation;
	double bits = (double)bytes * 8 + (double)packets * style->framing_bits;
	char a[40], b[40], c[40], averages[128] = "";

	if (style->averages) {
		window->pps[window->next++ % PKTGEN_WINDOW] = pps;
		average(window, &mean, &deviation);
		(void)snprintf(averages, sizeof(averages), "[avg/std %s/%s pps]",
			       pktgen_number(style, mean, a), pktgen_number(style, deviation, b));
	}
	(void)snprintf(
		text, size,
		"%spps %s(%spkts %sbps in %" PRIu64 " usec) %.2f avg_batch %" PRIu64 " min_space",
		pktgen_number(style, pps, a), averages, pktgen_number(style, (double)packets, b),
		pktgen_number(style, 1e6 * bits / (double)usec, c), usec,
		per_batch(packets, now->events - before->events),
		now->waited ? now->waited : NO_MIN_SPACE);
}

void pktgen_print_total(FILE *to, const struct pktgen_style *style, const char *what,
			const struct pktgen_counts *c)
{
	double seconds = (double)c->elapsed_ns / NSEC_PER_SEC, bits = (double)c->bytes * 8;
	char pps[40], bps[40], raw[40];

	if (!c->packets) {
		fprintf(to, "%s nothing.\n", what);
		return;
	}
	fprintf(to,
		"%s %" PRIu64 " packets %" PRIu64 " bytes %" PRIu64 " events %" PRIu64
		" bytes each in %.2f seconds.\n",
		what, c->packets, c->bytes, c->events, c->bytes / c->packets, seconds);
	if (seconds <= 0)
		seconds = 1e-6; /* they came at once */
	fprintf(to, "Speed: %spps Bandwidth: %sbps (raw %sbps). Average batch: %.2f pkts\n",
		pktgen_number(style, (double)c->packets / seconds, pps),
		pktgen_number(style, bits / seconds, bps),
		pktgen_number(style, (bits + (double)c->packets * style->framing_bits) / seconds,
			      raw),
		per_batch(c->packets, c->events));
}

void pktgen_print_dump(FILE *to, unsigned queue, uint64_t nr, const struct weir_pkt *pkt)
{
	fprintf(to, "ring %u cur %5" PRIu64 " [buf %6d flags 0x%04x len %5" PRIu32 "]\n", queue, nr,
		0, 0u, pkt->len);
	for (uint32_t at = 0; at < pkt->len; at += DUMP_ROW) {
		uint32_t n = MIN(DUMP_ROW, pkt->len - at);

		fprintf(to, "%5" PRIu32 ": ", at);
		for (uint32_t i = 0; i < n; i++)
			fprintf(to, "%02x ", pkt->data[at + i]);
		fprintf(to, "%*s", (int)(3 * (DUMP_ROW - n)), "");
		for (uint32_t i = 0; i < n; i++)
			fputc(isprint(pkt->data[at + i]) ? pkt->data[at + i] : '.', to);
		fputc('\n', to);
	}
}
