/* SPDX-License-Identifier: BSD-2-Clause */
#include "json-util.h"
#include "replay-stats.h"
#include "util.h"

static json_t *flows_object(const struct replay_flows *f)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o}", "unique", json_number(f->unique), "expired",
			 json_number(f->expired), "frames", json_number(f->frames),
			 "non_flow_frames", json_number(f->non_flow_frames), "invalid",
			 json_number(f->invalid));
}

/* Why frames were refused: only the reasons that occurred. */
static json_t *refusals(const struct weir_port_stats *s)
{
	json_t *o = json_object();

	for (unsigned i = 0; i < WEIR_N_REFUSALS; i++) {
		if (s->tx_refused[i])
			(void)json_object_set_new(
				o, weir_refusal_text((enum weir_refusal)i),
				json_number(s->tx_refused[i])); /* or it is missing */
	}
	return o;
}

static json_t *port_object(const struct replay_port_result *p)
{
	const struct weir_port_stats *s = &p->stats;

	return json_pack("{s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "name",
			 json_text(p->name), "device", json_text(p->info->device), "backend",
			 p->info->backend, "note", json_text(p->note), "frames",
			 json_number(s->tx_frames), "bytes", json_number(s->tx_bytes), "failed",
			 json_number(s->tx_refused_total), "refused", refusals(s), "truncated",
			 json_number(s->tx_truncated), "retried_enobufs",
			 json_number(s->tx_retry_nobufs), "retried_eagain",
			 json_number(s->tx_retry_again), "flows", flows_object(&p->flows));
}

static json_t *ports_array(const struct replay_result *res)
{
	json_t *a = json_array();

	for (unsigned i = 0; i < res->n_ports; i++)
		(void)json_array_append_new(a, port_object(&res->ports[i])); /* or it is missing */
	return a;
}

static json_t *trace_object(const struct weir_stream_info *t)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "linktype", json_number(t->linktype),
			 "frames", json_number(t->n_frames), "bytes", json_number(t->n_bytes),
			 "span_ns", json_number(t->span_ns), "memory", json_number(t->memory),
			 "problems", json_number(t->problems));
}

/* Frames that went as they were, by reason: only the reasons that occurred. */
static json_t *edit_object(const struct replay_edit_result *res)
{
	json_t *reasons;

	if (!res->any)
		return json_null();
	reasons = json_object();
	for (unsigned i = 0; i < WEIR_N_EDIT_REASONS; i++) {
		if (res->failed[i])
			(void)json_object_set_new(
				reasons, weir_edit_reason_text((enum weir_edit_reason)i),
				json_number(res->failed[i])); /* or it is missing */
	}
	return json_pack("{s:o, s:o}", "not_edited", reasons, "left_out",
			 json_number(res->left_out));
}

/* The whole histogram: [least ns of a bucket, frames], where there are any. */
static json_t *lateness_object(const struct replay_result *res)
{
	const struct weir_hist *h = &res->late;
	json_t *buckets = json_array();

	for (unsigned i = 0; i < WEIR_HIST_BUCKETS; i++) {
		if (h->count[i])
			(void)json_array_append_new(
				buckets, json_pack("[o, o]", json_number(weir_hist_least(i)),
						   json_number(h->count[i]))); /* or missing */
	}
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "frames", json_number(h->n), "late",
			 json_number(weir_hist_above(h, res->late_limit_ns)), "p50_ns",
			 json_number(weir_hist_quantile(h, 0.5)), "p99_ns",
			 json_number(weir_hist_quantile(h, 0.99)), "p999_ns",
			 json_number(weir_hist_quantile(h, 0.999)), "max_ns", json_number(h->max),
			 "buckets", buckets);
}

static json_t *rate_object(const struct replay_result *res)
{
	const struct reached *r = &res->reached;

	if (!r->paced)
		return json_null();
	return json_pack("{s:s, s:f, s:f, s:f, s:s}", "unit", r->unit, "asked", r->asked, "reached",
			 r->got, "missed_percent", r->missed * 100, "why",
			 reached_why_name(r->why));
}

static json_t *workers_array(const struct replay_result *res)
{
	json_t *a = json_array();

	for (unsigned i = 0; i < res->n_workers; i++) {
		const struct weir_worker_stats *w = &res->workers[i];
		json_t *o = json_pack(
			"{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:i, s:s}", "frames",
			json_number(w->frames), "late_dropped", json_number(w->late_dropped),
			"late_p50_ns", json_number(w->late_p50_ns), "late_p99_ns",
			json_number(w->late_p99_ns), "late_max_ns", json_number(w->late_max_ns),
			"cpu_ns", json_number(w->cpu_ns), "margin_ns", json_number(w->margin_ns),
			"cpu", w->cpu, "clock", w->clock ? w->clock : "none");

		(void)json_array_append_new(a, o); /* or it is missing */
	}
	return a;
}

int replay_print_json(FILE *to, const char *command, const struct replay_result *res)
{
	const struct weir_send_stats *s = &res->send;
	double seconds = (double)(res->elapsed_ns ? res->elapsed_ns : 1) / NSEC_PER_SEC;
	json_t *o = json_pack(
		"{s:s, s:o, s:o, s:o, s:o, s:o, s:f, s:f, s:o, s:b, s:o, s:o, s:o, s:o, s:o, s:o, "
		"s:o, s:o, "
		"s:o}",
		"command", command, "frames", json_number(res->frames), "bytes",
		json_number(res->bytes), "failed", json_number(res->failed), "elapsed_ns",
		json_number(res->elapsed_ns), "paused_ns", json_number(s->paused_ns), "bps",
		(double)res->bytes * 8 / seconds, "pps", (double)res->frames / seconds, "loops",
		json_number(s->loops), "stopped", s->stopped, "late_dropped",
		json_number(s->late_dropped), "shifted_ns", json_number(s->shifted_ns), "rate",
		rate_object(res), "lateness", lateness_object(res), "flows",
		flows_object(&res->flows), "ports", ports_array(res), "trace",
		trace_object(&res->trace), "edit", edit_object(&res->edit), "workers",
		workers_array(res));

	return json_print(to, o);
}
