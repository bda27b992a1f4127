/* SPDX-License-Identifier: BSD-2-Clause */
#include <inttypes.h>

#include "json-util.h"
#include "sink.h"
#include "util.h"

/* Latencies that are told, and what they are called. */
static const struct {
	const char *text, *json;
	double share;
} quantiles[] = {
	{ "p50", "p50_ns", 0.5 },
	{ "p99", "p99_ns", 0.99 },
	{ "p99.9", "p999_ns", 0.999 },
};

/* From the first to the last frame; what came at once has no rate. */
static uint64_t duration_of(const struct sink_figures *f)
{
	return f->received.last_ns - f->received.first_ns;
}

void sink_print_rate(FILE *to, const struct sink_figures *now, const struct sink_figures *before,
		     uint64_t ns)
{
	fprintf(to, "%.0f frames/s, %.3f Mbit/s, %" PRIu64 " frames, %" PRIu64 " dropped\n",
		per_second((double)(now->received.frames - before->received.frames), ns),
		per_second((double)(now->received.bytes - before->received.bytes) * 8 / 1e6, ns),
		now->received.frames, now->dropped);
}

static void print_latency(FILE *to, const struct weir_hist *latency)
{
	fprintf(to, "\tlatency");
	for (unsigned i = 0; i < ARRAY_SIZE(quantiles); i++)
		fprintf(to, " %s %.1f us,", quantiles[i].text,
			(double)weir_hist_quantile(latency, quantiles[i].share) / 1e3);
	fprintf(to, " max %.1f us\n", (double)latency->max / 1e3);
}

static void print_stream(FILE *to, const struct weir_check_stats *s)
{
	fprintf(to,
		"Stream %" PRIu32 ": %" PRIu64 " frames, %" PRIu64 " lost, %" PRIu64
		" duplicates, %" PRIu64 " reordered\n",
		s->stream, s->frames, s->lost, s->duplicates, s->reordered);
	if (s->latency->n)
		print_latency(to, s->latency);
	if (s->early)
		fprintf(to,
			"\t%" PRIu64 " frames came before they were sent: the clocks disagree\n",
			s->early);
}

void sink_print_text(FILE *to, const struct sink_figures *f, struct weir_check *check)
{
	uint64_t ns = duration_of(f);
	struct weir_check_stats s;

	fprintf(to, "Actual: %" PRIu64 " packets (%" PRIu64 " bytes) received in %.2f seconds\n",
		f->received.frames, f->received.bytes, (double)ns / NSEC_PER_SEC);
	fprintf(to, "Rated: %.1f Bps, %.3f Mbps, %.2f pps\n",
		per_second((double)f->received.bytes, ns),
		per_second((double)f->received.bytes * 8 / 1e6, ns),
		per_second((double)f->received.frames, ns));
	fprintf(to, "Dropped here: %" PRIu64 "; without a stamp: %" PRIu64 "\n", f->dropped,
		f->received.frames - f->stamped);
	for (unsigned i = 0; weir_check_stream(check, i, &s); i++)
		print_stream(to, &s);
}

static json_t *stream_object(const struct weir_check_stats *s)
{
	json_t *latency = json_object();

	for (unsigned i = 0; i < ARRAY_SIZE(quantiles); i++)
		(void)json_object_set_new(
			latency, quantiles[i].json,
			json_number(weir_hist_quantile(s->latency, quantiles[i].share)));
	(void)json_object_set_new(latency, "max_ns", json_number(s->latency->max));
	(void)json_object_set_new(latency, "frames", json_number(s->latency->n));
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "stream", json_number(s->stream),
			 "frames", json_number(s->frames), "lost", json_number(s->lost),
			 "duplicates", json_number(s->duplicates), "reordered",
			 json_number(s->reordered), "early", json_number(s->early), "latency",
			 latency);
}

int sink_print_json(FILE *to, const struct sink_figures *f, struct weir_check *check)
{
	uint64_t ns = duration_of(f);
	json_t *streams = json_array(), *o;
	struct weir_check_stats s;

	for (unsigned i = 0; weir_check_stream(check, i, &s); i++)
		(void)json_array_append_new(streams, stream_object(&s)); /* or it is missing */
	o = json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:f, s:f, s:o}", "command", "sink", "frames",
		      json_number(f->received.frames), "bytes", json_number(f->received.bytes),
		      "stamped", json_number(f->stamped), "dropped", json_number(f->dropped),
		      "elapsed_ns", json_number(ns), "bps",
		      per_second((double)f->received.bytes * 8, ns), "pps",
		      per_second((double)f->received.frames, ns), "streams", streams);
	return json_print(to, o);
}
