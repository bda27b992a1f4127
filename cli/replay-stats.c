/* SPDX-License-Identifier: BSD-2-Clause */
#include "replay-stats.h"

#include <inttypes.h>

#include "util.h"

/* n * scale / d, cut; d is at least 1. Saturates. */
static uint64_t scaled(uint64_t n, uint64_t scale, uint64_t d)
{
	unsigned __int128 q = (unsigned __int128)n * scale / (d ? d : 1);

	return q > UINT64_MAX ? UINT64_MAX : (uint64_t)q;
}

/* Microseconds, which is how exact tcpreplay's figures are. */
static uint64_t elapsed_us(const struct replay_result *res)
{
	uint64_t us = res->elapsed_ns / NSEC_PER_USEC;

	return us ? us : 1;
}

static void print_actual(FILE *to, const struct replay_result *res)
{
	uint64_t us = elapsed_us(res);

	fprintf(to, "Actual: %" PRIu64 " packets (%" PRIu64 " bytes) sent in ", res->frames,
		res->bytes);
	if (us >= 1000000)
		fprintf(to, "%" PRIu64 ".%02" PRIu64 " seconds\n", us / 1000000,
			us % 1000000 / 10000);
	else
		fprintf(to, "0.%06" PRIu64 " seconds\n", us);
}

static void print_rated(FILE *to, const struct replay_result *res)
{
	uint64_t us = elapsed_us(res);
	uint64_t tenths = scaled(res->bytes, 10000000, us); /* of a byte a second */
	uint64_t kbps, pps = scaled(res->frames, 100000000, us);

	/* Long runs are reckoned in milliseconds. */
	if (res->bytes > 1000000000 && us > 1000000)
		tenths = scaled(res->bytes, 10000, us / 1000);
	kbps = scaled(tenths / 10, 8, 1000);
	fprintf(to, "Rated: %" PRIu64 ".%" PRIu64 " Bps, ", tenths / 10, tenths % 10);
	if (kbps >= 1000)
		fprintf(to, "%" PRIu64 ".%02" PRIu64 " Mbps, ", kbps / 1000, kbps % 1000 / 10);
	else
		fprintf(to, "0.%03" PRIu64 " Mbps, ", kbps);
	fprintf(to, "%" PRIu64 ".%02" PRIu64 " pps\n", pps / 100, pps % 100);
}

void replay_print_rates(FILE *to, const struct replay_result *res)
{
	if (!res->bytes && !res->even_if_none)
		return;
	print_actual(to, res);
	print_rated(to, res);
	if (res->failed)
		fprintf(to, "Failed write attempts: %" PRIu64 "\n", res->failed);
}

static void print_flows(FILE *to, const struct replay_result *res)
{
	const struct replay_flows *f = &res->flows;
	uint64_t flows = f->unique + f->expired;
	uint64_t fps = scaled(flows, 100000000, elapsed_us(res));

	if (!flows)
		return;
	fprintf(to, "Flows: %" PRIu64 " flows, ", flows);
	if (res->expiry)
		fprintf(to, "%" PRIu64 " unique, %" PRIu64 " expired, ", f->unique, f->expired);
	fprintf(to,
		"%" PRIu64 ".%02" PRIu64 " fps, %" PRIu64 " unique flow packets, %" PRIu64
		" unique non-flow packets\n",
		fps / 100, fps % 100, f->frames, f->non_flow_frames);
}

static void print_port(FILE *to, const struct replay_port_result *p, bool flows)
{
	const struct weir_port_stats *s = &p->stats;
	const struct {
		const char *label;
		uint64_t value;
	} lines[] = {
		{ "Successful packets:", s->tx_frames },
		{ "Failed packets:", s->tx_refused_total },
		{ "Truncated packets:", s->tx_truncated },
		{ "Retried packets (ENOBUFS):", s->tx_retry_nobufs },
		{ "Retried packets (EAGAIN):", s->tx_retry_again },
		/* The rest is about flows. */
		{ "Flows total:", p->flows.unique + p->flows.expired },
		{ "Flows unique:", p->flows.unique },
		{ "Flows expired:", p->flows.expired },
		{ "Flow packets:", p->flows.frames },
		{ "Non-flow packets:", p->flows.non_flow_frames },
		{ "Invalid flow packets:", p->flows.invalid },
	};

	fprintf(to, "Statistics for network device: %s\n", p->name);
	for (unsigned i = 0; i < (flows ? ARRAY_SIZE(lines) : 5); i++)
		fprintf(to, "\t%-26s %" PRIu64 "\n", lines[i].label, lines[i].value);
}

void replay_print_lateness(FILE *to, const struct replay_result *res)
{
	const struct weir_hist *h = &res->late;

	if (!h->n)
		return;
	fprintf(to, "Lateness: p50 %.3f us, p99 %.3f us, p99.9 %.3f us, max %.3f us\n",
		(double)weir_hist_quantile(h, 0.5) / 1e3, (double)weir_hist_quantile(h, 0.99) / 1e3,
		(double)weir_hist_quantile(h, 0.999) / 1e3, (double)h->max / 1e3);
	fprintf(to, "Late by more than %.3f us: %" PRIu64 "\n", (double)res->late_limit_ns / 1e3,
		weir_hist_above(h, res->late_limit_ns));
	if (res->send.late_dropped)
		fprintf(to, "Dropped for being late: %" PRIu64 "\n", res->send.late_dropped);
}

void replay_print_text(FILE *to, const struct replay_result *res)
{
	if (!res->bytes && !res->even_if_none)
		return;
	replay_print_rates(to, res);
	print_flows(to, res);
	for (unsigned i = 0; i < res->n_ports; i++)
		print_port(to, &res->ports[i], res->port_flows && res->ports[i].flows.frames);
}
