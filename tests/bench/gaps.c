/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Receives a paced run and tells how exact it was.
 *
 *	gaps IFACE pps RATE | mbps-after RATE | mbps-before RATE | times FACTOR
 *
 * Takes frames with the kernel's nanosecond stamps until none has come for half a second
 * after the first, and prints one JSON object. A gap is compared with what it should have
 * been: 1 / RATE, or the time that the frame before (weir) or behind it (tcpreplay) takes
 * at RATE Mbit/s. "times": with the seconds since the trace began that each frame carries
 * in its last 8 bytes, in ns, divided by FACTOR. The first two gaps are told apart.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <weir/port.h>

#define MAX_FRAMES  2000000u
#define SILENCE_NS  500000000u
#define PATIENCE_NS 10000000000u

struct run {
	int64_t *at; /* when each frame came */
	double *due; /* gap to the next, as it should be, ns; or its time for "times" */
	unsigned n;
};

static double ideal(const char *mode, double rate, const struct weir_pkt *p)
{
	int64_t t;

	if (!strcmp(mode, "pps"))
		return 1e9 / rate;
	if (!strncmp(mode, "mbps", 4))
		return p->len * 8 * 1e3 / rate;
	memcpy(&t, p->data + p->len - sizeof(t), sizeof(t));
	return (double)t / rate;
}

static int receive(const char *name, const char *mode, double rate, struct run *r)
{
	const struct weir_port_opts opts = { .dir = WEIR_PORT_RX, .promisc = true };
	struct weir_port *port = NULL;
	struct weir_err err = { 0 };
	struct weir_pkt pkts[256];
	int n;

	if (weir_port_open(name, &opts, &port, &err) < 0) {
		fprintf(stderr, "gaps: %s\n", weir_err_text(&err));
		return -1;
	}
	puts("ready");
	fflush(stdout);
	while (r->n < MAX_FRAMES) {
		if (weir_port_rx_wait(port, 0, r->n ? SILENCE_NS : PATIENCE_NS) <= 0)
			break;
		while ((n = weir_port_rx(port, 0, pkts, 256)) > 0 && r->n < MAX_FRAMES) {
			for (int i = 0; i < n && r->n < MAX_FRAMES; i++, r->n++) {
				r->at[r->n] = pkts[i].ts_ns;
				r->due[r->n] = ideal(mode, rate, &pkts[i]);
			}
			weir_port_rx_release(port, 0);
		}
	}
	weir_port_close(port);
	return 0;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double quantile(const double *sorted, unsigned n, double share)
{
	unsigned i = (unsigned)(share * n);

	return n ? sorted[i < n ? i : n - 1] : 0;
}

/* Gap errors from the third gap on, and the rate over them. */
static void tell_gaps(const struct run *r, unsigned behind)
{
	double *off = malloc(r->n * sizeof(*off)), want = 0, got = 0, longest = 0;
	unsigned n = 0, together = 0;

	for (unsigned i = 3; off && i < r->n; i++) {
		double gap = (double)(r->at[i] - r->at[i - 1]), due = r->due[i - 1 + behind];

		off[n++] = fabs(gap - due) / 1e3;
		want += due;
		got += gap;
		longest = fmax(longest, gap);
		together += gap < 1500 && due > 3000;
	}
	if (!off || !n) {
		printf("{\"n\": %u}\n", r->n);
		free(off);
		return;
	}
	qsort(off, n, sizeof(*off), by_value);
	printf("{\"n\": %u, \"rate_error_percent\": %.5f, \"first_gap_error_us\": %.2f, "
	       "\"p50_us\": %.3f, \"p99_us\": %.3f, \"p999_us\": %.3f, \"max_gap_us\": %.1f, "
	       "\"back_to_back\": %.4f}\n",
	       r->n, (want / got - 1) * 100, ((double)(r->at[1] - r->at[0]) - r->due[0]) / 1e3,
	       quantile(off, n, 0.5), quantile(off, n, 0.99), quantile(off, n, 0.999),
	       longest / 1e3, (double)together / n);
	free(off);
}

/* Each frame against its own time, and the drift from the first quarter to the last. */
static void tell_times(const struct run *r)
{
	double *off = malloc(r->n * sizeof(*off)), early = 0, late = 0, span, median;
	unsigned quarter = r->n / 4;

	if (!off || quarter == 0) {
		printf("{\"n\": %u}\n", r->n);
		free(off);
		return;
	}
	for (unsigned i = 0; i < r->n; i++)
		off[i] = (double)(r->at[i] - r->at[0]) - (r->due[i] - r->due[0]);
	/* Medians, so that a hole of the machine does not pass for drift. */
	qsort(off, quarter, sizeof(*off), by_value);
	early = quantile(off, quarter, 0.5);
	qsort(off + r->n - quarter, quarter, sizeof(*off), by_value);
	late = quantile(off + r->n - quarter, quarter, 0.5);
	span = (r->due[r->n - 1] - r->due[0]) * 3 / 4;
	qsort(off, r->n, sizeof(*off), by_value);
	median = quantile(off, r->n, 0.5);
	for (unsigned i = 0; i < r->n; i++)
		off[i] = fabs(off[i] - median) / 1e3;
	qsort(off, r->n, sizeof(*off), by_value);
	printf("{\"n\": %u, \"drift_ppm\": %.3f, \"offset_us\": %.2f, \"p50_us\": %.3f, "
	       "\"p99_us\": %.3f, \"p999_us\": %.3f}\n",
	       r->n, (late - early) / span * 1e6, median / 1e3, quantile(off, r->n, 0.5),
	       quantile(off, r->n, 0.99), quantile(off, r->n, 0.999));
	free(off);
}

int main(int argc, char **argv)
{
	struct run r = { 0 };

	if (argc != 4) {
		fputs("usage: gaps IFACE pps|mbps-after|mbps-before|times RATE\n", stderr);
		return 2;
	}
	r.at = calloc(MAX_FRAMES, sizeof(*r.at));
	r.due = calloc(MAX_FRAMES, sizeof(*r.due));
	if (!r.at || !r.due || receive(argv[1], argv[2], strtod(argv[3], NULL), &r) < 0)
		return 1;
	if (!strcmp(argv[2], "times"))
		tell_times(&r);
	else
		tell_gaps(&r, !strcmp(argv[2], "mbps-before"));
	free(r.at);
	free(r.due);
	return 0;
}
