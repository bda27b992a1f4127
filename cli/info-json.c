/* SPDX-License-Identifier: BSD-2-Clause */
/* weir info for programs. The keys are documented in weir-info(1); they stay. */
#include <stdlib.h>

#include "info.h"
#include "json-util.h"

/* As xcalloc(): half an answer would be taken for a whole one. */
static void no_memory(void)
{
	fputs("weir info: out of memory\n", stderr);
	exit(1);
}

static json_t *json_text_or_null(const char *s)
{
	return s ? json_text(s) : json_null();
}

static json_t *json_rate(double v)
{
	return v < 0 ? json_null() : json_real(v);
}

static json_t *json_time(const struct weir_totals *t, int64_t ts_ns)
{
	char text[INFO_TIME_SIZE];

	return t->frames == t->untimed ? json_null() : json_string(info_time(ts_ns, text));
}

static void set(json_t *o, const char *key, json_t *value)
{
	if (json_object_set_new(o, key, value) < 0)
		no_memory();
}

static void append(json_t *a, json_t *value)
{
	if (json_array_append_new(a, value) < 0)
		no_memory();
}

static json_t *iface_json(const struct info_file *f, uint32_t nr)
{
	const struct weir_trace_iface *i = weir_reader_iface(f->reader, nr);
	const struct weir_iface_totals t = weir_summary_iface(f->summary, nr);
	char resolution[INFO_RESOLUTION_SIZE];
	json_t *o = json_object();

	set(o, "name", json_text_or_null(i->name[0] ? i->name : NULL));
	set(o, "link_type", json_number(i->linktype));
	set(o, "link_type_name", json_text_or_null(weir_linktype_name(i->linktype)));
	set(o, "snapshot_length", json_number(i->snaplen));
	set(o, "resolution", json_string(info_resolution(i->tsresol, resolution)));
	set(o, "time_offset_s", json_integer(i->tsoffset_s));
	set(o, "frames", json_number(t.frames));
	set(o, "bytes", json_number(t.bytes));
	return o;
}

static json_t *ifaces_json(const struct info_file *f)
{
	uint32_t n = weir_reader_info(f->reader)->n_ifaces;
	json_t *a = json_array();

	for (uint32_t i = 0; i < n; i++)
		append(a, iface_json(f, i));
	return a;
}

static json_t *size_json(uint32_t min, uint32_t max, uint64_t frames)
{
	json_t *o = json_object();

	set(o, "min", json_number(min));
	set(o, "max", max == UINT32_MAX ? json_null() : json_number(max));
	set(o, "frames", json_number(frames));
	return o;
}

static json_t *sizes_json(const struct weir_totals *t)
{
	json_t *a = json_array();
	uint32_t min = 0;

	for (unsigned i = 0; i < WEIR_SUMMARY_SIZES; i++) {
		append(a, size_json(min, weir_summary_size_max(i), t->sizes[i]));
		min = weir_summary_size_max(i) + 1;
	}
	return a;
}

static json_t *protos_json(const struct weir_totals *t)
{
	json_t *o = json_object();

	for (unsigned p = 0; p < WEIR_N_SUMMARY_PROTOS; p++)
		set(o, weir_summary_proto_name((enum weir_summary_proto)p),
		    json_number(t->protos[p]));
	return o;
}

static void set_format(json_t *o, const struct weir_trace_info *i)
{
	char version[16];

	(void)snprintf(version, sizeof(version), "%u.%u", i->major, i->minor);
	set(o, "format", json_string(weir_trace_format_name(i->format)));
	set(o, "version", json_string(version));
	set(o, "byte_order", json_string(i->big_endian ? "big" : "little"));
	set(o, "compression", json_string(weir_compression_name(i->compression)));
	set(o, "file_size", i->size < 0 ? json_null() : json_integer(i->size));
	set(o, "sections", json_number(i->n_sections));
}

static void set_counts(json_t *o, const struct weir_totals *t)
{
	set(o, "frames", json_number(t->frames));
	set(o, "bytes", json_number(t->bytes));
	set(o, "wire_bytes", json_number(t->wire_bytes));
	set(o, "snapped_frames", json_number(t->snapped));
	set(o, "size_min", json_number(t->size_min));
	set(o, "size_max", json_number(t->size_max));
	set(o, "sizes", sizes_json(t));
	set(o, "flows", json_number(t->flows));
	set(o, "flow_frames", json_number(t->flow_frames));
	set(o, "non_flow_frames", json_number(t->non_flow_frames));
	set(o, "invalid_flow_frames", json_number(t->flow_invalid));
	set(o, "protocols", protos_json(t));
}

static void set_times(json_t *o, const struct weir_totals *t)
{
	set(o, "first_time", json_time(t, t->first_ns));
	set(o, "last_time", json_time(t, t->last_ns));
	set(o, "duration_ns", json_number(info_duration(t)));
	set(o, "mean_bps", json_rate(info_rate(t, 8 * t->wire_bytes)));
	set(o, "mean_pps", json_rate(info_rate(t, t->frames)));
	set(o, "untimed_frames", json_number(t->untimed));
	set(o, "backwards", json_number(t->backwards));
	set(o, "backwards_max_ns", json_number(t->backwards_max_ns));
}

void info_json(json_t *files, const struct info_file *f)
{
	json_t *o = json_object();

	set(o, "file", json_text(f->path));
	set(o, "error", f->failed ? json_text(f->err.text) : json_null());
	if (f->summary) {
		set_format(o, weir_reader_info(f->reader));
		set(o, "interfaces", ifaces_json(f));
		set_counts(o, weir_summary_totals(f->summary));
		set_times(o, weir_summary_totals(f->summary));
	}
	append(files, o);
}
