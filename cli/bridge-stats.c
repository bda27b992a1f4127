/* SPDX-License-Identifier: BSD-2-Clause */
#include <inttypes.h>

#include "bridge.h"
#include "json-util.h"
#include "replay-stats.h"
#include "util.h"

void bridge_print_rates(FILE *to, const struct bridge_result *now,
			const struct bridge_result *before)
{
	uint64_t ns = now->elapsed_ns - before->elapsed_ns;

	for (unsigned d = 0; d < now->n_dirs; d++) {
		const struct bridge_figures *f = &now->dirs[d], *b = &before->dirs[d];

		fprintf(to, "%s to %s: %.0f frames/s, %.3f Mbit/s, %" PRIu64 " frames\n", f->from,
			f->to, per_second((double)(f->frames - b->frames), ns),
			per_second((double)(f->bytes - b->bytes) * 8 / 1e6, ns), f->frames);
	}
}

static void sum(const struct bridge_result *res, uint64_t *ret_frames, uint64_t *ret_bytes)
{
	*ret_frames = *ret_bytes = 0;
	for (unsigned d = 0; d < res->n_dirs; d++) {
		*ret_frames += res->dirs[d].frames;
		*ret_bytes += res->dirs[d].bytes;
	}
}

void bridge_print_totals(FILE *to, const struct bridge_result *res)
{
	struct replay_result all = { .elapsed_ns = res->elapsed_ns, .even_if_none = true };

	sum(res, &all.frames, &all.bytes);
	replay_print_rates(to, &all);
}

static void print_row(FILE *to, const char *label, uint64_t n)
{
	if (n)
		fprintf(to, "\t%-26s %" PRIu64 "\n", label, n);
}

static void print_reason(FILE *to, const char *what, const char *why, uint64_t n)
{
	if (n)
		fprintf(to, "\t%s %" PRIu64 ": %s\n", what, n, why);
}

static void print_dir(FILE *to, const struct bridge_figures *f)
{
	fprintf(to, "%s to %s:\n", f->from, f->to);
	fprintf(to, "\t%-26s %" PRIu64 " (%" PRIu64 " bytes)\n",
		"Received packets:", f->lanes.frames, f->lanes.bytes);
	fprintf(to, "\t%-26s %" PRIu64 " (%" PRIu64 " bytes)\n", "Forwarded packets:", f->frames,
		f->bytes);
	print_row(to, "Filtered:", f->filtered);
	print_row(to, "From ourselves:", f->guard.own);
	print_row(to, "From the other side:", f->guard.elsewhere);
	print_row(to, "On a loop:", f->guard.looped);
	print_row(to, "Without a valid source:", f->guard.bad);
	print_row(to, "Made of longer ones:", f->lanes.made);
	print_row(to, "Dropped by edits:", f->edit_dropped);
	for (unsigned i = 0; i < WEIR_N_EDIT_REASONS; i++)
		print_reason(to, "Not edited:", weir_edit_reason_text((enum weir_edit_reason)i),
			     f->not_edited[i]);
	for (unsigned i = 0; i < WEIR_N_REFUSALS; i++)
		print_reason(to, "Refused:", weir_refusal_text((enum weir_refusal)i),
			     f->refused[i]);
	print_row(to, "No room in time:", f->lanes.no_room);
	print_row(to, "Received in part:", f->lanes.cut);
	print_row(to, "Lost before reception:", f->lost);
	print_row(to, "Left over at the end:", f->lanes.left_over);
}

void bridge_print_text(FILE *to, const struct bridge_result *res)
{
	bridge_print_totals(to, res);
	for (unsigned d = 0; d < res->n_dirs; d++)
		print_dir(to, &res->dirs[d]);
}

/* Only reasons that occurred; a member that there is no memory for is missing. */
static json_t *reasons(const uint64_t *counts, unsigned n, const char *(*text)(unsigned))
{
	json_t *o = json_object();

	for (unsigned i = 0; i < n; i++) {
		if (counts[i])
			(void)json_object_set_new(o, text(i), json_number(counts[i]));
	}
	return o;
}

static const char *refusal_text(unsigned i)
{
	return weir_refusal_text((enum weir_refusal)i);
}

static const char *reason_text(unsigned i)
{
	return weir_edit_reason_text((enum weir_edit_reason)i);
}

static json_t *guard_object(const struct weir_guard_counts *c)
{
	return json_pack("{s:o, s:o, s:o, s:o}", "own", json_number(c->own), "elsewhere",
			 json_number(c->elsewhere), "looped", json_number(c->looped), "bad",
			 json_number(c->bad));
}

static json_t *dir_object(const struct bridge_figures *f)
{
	const struct weir_lane_stats *s = &f->lanes;

	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, "
			 "s:o, s:o}",
			 "from", json_text(f->from), "to", json_text(f->to), "received",
			 json_number(s->frames), "received_bytes", json_number(s->bytes),
			 "forwarded", json_number(f->frames), "forwarded_bytes",
			 json_number(f->bytes), "filtered", json_number(f->filtered), "guard",
			 guard_object(&f->guard), "made", json_number(s->made), "edit_dropped",
			 json_number(f->edit_dropped), "not_edited",
			 reasons(f->not_edited, WEIR_N_EDIT_REASONS, reason_text), "refused",
			 reasons(f->refused, WEIR_N_REFUSALS, refusal_text), "no_room",
			 json_number(s->no_room), "cut", json_number(s->cut), "lost",
			 json_number(f->lost), "left_over", json_number(s->left_over));
}

int bridge_print_json(FILE *to, const struct bridge_result *res)
{
	json_t *dirs = json_array(), *o;
	uint64_t frames, bytes;

	sum(res, &frames, &bytes);
	for (unsigned d = 0; d < res->n_dirs; d++)
		(void)json_array_append_new(dirs, dir_object(&res->dirs[d])); /* or missing */
	o = json_pack("{s:s, s:o, s:o, s:o, s:f, s:f, s:o}", "command", "bridge", "frames",
		      json_number(frames), "bytes", json_number(bytes), "elapsed_ns",
		      json_number(res->elapsed_ns), "bps",
		      per_second((double)bytes * 8, res->elapsed_ns), "pps",
		      per_second((double)frames, res->elapsed_ns), "directions", dirs);
	return json_print(to, o);
}
