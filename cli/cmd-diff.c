/* SPDX-License-Identifier: BSD-2-Clause */
/* weir diff: what was sent beside what arrived. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <weir/diff.h>

#include "cmd.h"
#include "commands.h"
#include "json-util.h"
#include "util.h"

/* The exit status of a comparison that found something. */
#define THEY_DIFFER 3

struct diff_cfg {
	struct opt_list ignore;
	uint64_t list;
	bool json, quiet;
};

static const struct diff_cfg diff_defaults = { .list = 10 };

static const struct opt diff_opts[] = {
	{ OPT(struct diff_cfg, ignore), .name = "ignore", .metavar = "WHAT,...",
	  .help = "what may differ: mac, vlan, ttl, checksum, padding" },
	{ OPT(struct diff_cfg, list), .name = "list", .letter = 'n', .metavar = "N",
	  .help = "list the first N differences (10)" },
	{ OPT(struct diff_cfg, quiet), .name = "quiet", .letter = 'q', .conflicts = "json",
	  .help = "print nothing: the exit status tells" },
	{ OPT(struct diff_cfg, json), .name = "json", .help = "print one JSON object" },
	{ 0 },
};

/* A kind of difference: its mark in the list, its name in JSON. */
static const struct {
	char mark;
	const char *name;
} kinds[] = {
	[WEIR_DIFF_MISSING] = { '-', "missing" },
	[WEIR_DIFF_EXTRA] = { '+', "extra" },
	[WEIR_DIFF_CHANGED] = { '!', "changed" },
	[WEIR_DIFF_MOVED] = { '~', "moved" },
};

static int read_ignore(const struct opt_list *list, unsigned *ret_bits, struct weir_err *err)
{
	for (unsigned i = 0; i < list->n; i++) {
		const char *p = list->values[i];

		for (size_t len; *p; p += len + (p[len] == ',')) {
			char word[16] = "";
			unsigned bit;

			len = strcspn(p, ",");
			(void)snprintf(word, sizeof(word), "%.*s", (int)MIN(len, 15), p);
			bit = weir_diff_ignore_bit(word);
			if (!bit)
				return err_text(err, -EINVAL,
						"--ignore=%s: '%.*s' at place %zu is none of mac, "
						"vlan, ttl, checksum, padding",
						list->values[i], (int)len, p,
						(size_t)(p - list->values[i]) + 1);
			*ret_bits |= bit;
		}
	}
	return 0;
}

static bool differ(const struct weir_diff_counts *c)
{
	return c->changed || c->missing || c->extra || c->moved;
}

static double us(int64_t ns)
{
	return (double)ns / 1e3;
}

static double delay_us(const struct weir_diff_counts *c, double share)
{
	return us(c->least_delay) + (double)weir_hist_quantile(&c->delays, share) / 1e3;
}

/* "TTL, IP checksum", with how often if counts are given, and before them what leads to them. */
static void print_fields(const char *between, uint32_t fields, const uint64_t *counts)
{
	for (unsigned f = 0; f < WEIR_N_DIFF_FIELDS; f++) {
		if (!(fields >> f & 1))
			continue;
		printf("%s%s", between, weir_diff_field_text((enum weir_diff_field)f));
		if (counts)
			printf(" %" PRIu64, counts[f]);
		between = ", ";
	}
}

static void print_list(const struct weir_diff *d, uint64_t max)
{
	struct weir_diff_item item;
	uint64_t pos = 0;

	while (max-- && weir_diff_next(d, &pos, &item)) {
		printf("%c", kinds[item.kind].mark);
		for (unsigned i = 0; i < 2; i++) {
			if (item.nr[i])
				printf(" %" PRIu64, item.nr[i]);
			else
				printf(" -");
		}
		print_fields(" ", item.fields, NULL);
		printf("\n");
	}
}

static void print_text(const struct weir_diff *d, const struct weir_diff_counts *c,
		       const char *const *names, uint64_t max)
{
	uint32_t fields = 0;

	print_list(d, max);
	for (unsigned f = 0; f < WEIR_N_DIFF_FIELDS; f++)
		fields |= c->fields[f] ? 1u << f : 0;
	for (unsigned i = 0; i < 2; i++)
		printf("%-9s %" PRIu64 " frames, %" PRIu64 " bytes: %s\n",
		       i ? "Second:" : "First:", c->frames[i], c->bytes[i], names[i]);
	printf("%-9s %" PRIu64 "\n%-9s %" PRIu64, "Same:", c->same, "Changed:", c->changed);
	print_fields(" (", fields, c->fields);
	printf("%s\n%-9s %" PRIu64 "\n%-9s %" PRIu64 "\n%-9s %" PRIu64 "\n", fields ? ")" : "",
	       "Missing:", c->missing, "Extra:", c->extra, "Moved:", c->moved);
	if (c->delays.n)
		printf("%-9s first %.3f us, least %.3f, p50 %.3f, p99 %.3f, p99.9 %.3f, greatest "
		       "%.3f\n",
		       "Delay:", us(c->first_delay), us(c->least_delay), delay_us(c, 0.5),
		       delay_us(c, 0.99), delay_us(c, 0.999), delay_us(c, 1));
}

static json_t *fields_object(const struct weir_diff_counts *c)
{
	json_t *o = json_object();

	for (unsigned f = 0; f < WEIR_N_DIFF_FIELDS; f++)
		if (c->fields[f])
			json_object_set_new(o, weir_diff_field_text((enum weir_diff_field)f),
					    json_number(c->fields[f]));
	return o;
}

static json_t *item_object(const struct weir_diff_item *item)
{
	json_t *fields = json_array();

	for (unsigned f = 0; f < WEIR_N_DIFF_FIELDS; f++)
		if (item->fields >> f & 1)
			json_array_append_new(
				fields, json_string(weir_diff_field_text((enum weir_diff_field)f)));
	return json_pack("{s:s, s:o, s:o, s:o}", "kind", kinds[item->kind].name, "first",
			 json_number(item->nr[0]), "second", json_number(item->nr[1]), "fields",
			 fields);
}

/* In whole nanoseconds: as reals, those between two clocks would lose their last digits. */
static json_t *delay_ns(const struct weir_diff_counts *c, double share)
{
	return json_integer(c->least_delay + (json_int_t)weir_hist_quantile(&c->delays, share));
}

static json_t *delays_object(const struct weir_diff_counts *c)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "frames", json_number(c->delays.n),
			 "first_ns", json_integer(c->first_delay), "least_ns",
			 json_integer(c->least_delay), "p50_ns", delay_ns(c, 0.5), "p99_ns",
			 delay_ns(c, 0.99), "p999_ns", delay_ns(c, 0.999), "greatest_ns",
			 delay_ns(c, 1));
}

static json_t *trace_object(const struct weir_diff_counts *c, unsigned i, const char *name)
{
	return json_pack("{s:o, s:o, s:o}", "name", json_text(name), "frames",
			 json_number(c->frames[i]), "bytes", json_number(c->bytes[i]));
}

static int print_json(const struct weir_diff *d, const struct weir_diff_counts *c,
		      const char *const *names, uint64_t max)
{
	json_t *list = json_array();
	struct weir_diff_item item;
	uint64_t pos = 0;

	while (max-- && weir_diff_next(d, &pos, &item))
		json_array_append_new(list, item_object(&item));
	return json_print(stdout,
			  json_pack("{s:s, s:[o, o], s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
				    "command", "diff", "traces", trace_object(c, 0, names[0]),
				    trace_object(c, 1, names[1]), "equal", !differ(c), "same",
				    json_number(c->same), "changed", json_number(c->changed),
				    "fields", fields_object(c), "missing", json_number(c->missing),
				    "extra", json_number(c->extra), "moved", json_number(c->moved),
				    "delay", delays_object(c), "differences", list));
}

static int diff_run(const struct cmd_run *run, const void *cfg)
{
	const struct diff_cfg *c = cfg;
	struct weir_diff *d = NULL;
	struct weir_diff_counts counts;
	struct weir_err err = { 0 };
	unsigned ignore = 0;
	int status;

	if (read_ignore(&c->ignore, &ignore, &err) < 0)
		return cmd_usage(run, "%s", err.text);
	if (weir_diff_new(run->operands[0], run->operands[1], ignore, &d, &err) < 0)
		return cmd_fail(run, "%s", weir_err_text(&err));
	weir_diff_counts(d, &counts);
	status = differ(&counts) ? THEY_DIFFER : 0;
	if (c->json && print_json(d, &counts, run->operands, c->list) < 0)
		status = cmd_fail(run, "the result cannot be written as JSON");
	else if (!c->json && !c->quiet)
		print_text(d, &counts, run->operands, c->list);
	for (unsigned i = 0; i < 2; i++)
		if (weir_diff_damage(d, i))
			status = cmd_fail(run, "%s", weir_diff_damage(d, i));
	weir_diff_free(d);
	return status;
}

const struct cmd cmd_diff = {
	.name = "diff",
	.summary = "compare two traces frame by frame",
	.operands = "FIRST SECOND",
	.about =
		"Tells which frames are missing, extra, changed or in another order, and how much\n"
		"later they are in SECOND. Exit status 0: they are equal; 3: they differ.",
	.dialect = OPT_WEIR,
	.min_operands = 2,
	.max_operands = 2,
	.opts = diff_opts,
	.cfg_size = sizeof(struct diff_cfg),
	.defaults = &diff_defaults,
	.run = diff_run,
};
