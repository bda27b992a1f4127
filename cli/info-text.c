/* SPDX-License-Identifier: BSD-2-Clause */
/* weir info for people: a label and a value a line. */
#include <inttypes.h>
#include <stdarg.h>

#include "info.h"
#include "util.h"

/* Interfaces that are listed; hostile files describe millions. */
#define IFACES_SHOWN 64u

static void field(FILE *to, const char *label, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void field(FILE *to, const char *label, const char *format, ...)
{
	va_list ap;

	fprintf(to, "  %-12s  ", label);
	va_start(ap, format);
	(void)vfprintf(to, format, ap);
	va_end(ap);
	fputc('\n', to);
}

/* "12.3 M": three digits are enough for people. */
static const char *scaled(double v, char buf[static 32])
{
	static const char *const prefixes[] = { "", "k", "M", "G", "T" };
	unsigned i = 0;

	while (v >= 999.5 && i + 1 < ARRAY_SIZE(prefixes)) {
		v /= 1000;
		i++;
	}
	(void)snprintf(buf, 32, "%.*f %s", v < 10 ? 2 : v < 100 ? 1 : 0, v, prefixes[i]);
	return buf;
}

/* "17777 bytes (17.8 kB)". */
static const char *bytes_text(uint64_t n, char buf[static 64])
{
	char text[32];

	if (n < 1000)
		(void)snprintf(buf, 64, "%" PRIu64 " bytes", n);
	else
		(void)snprintf(buf, 64, "%" PRIu64 " bytes (%sB)", n, scaled((double)n, text));
	return buf;
}

/* Names come from the file: what would steer a terminal is left out. */
static const char *plain(const char *s, char *buf, size_t size)
{
	size_t i;

	for (i = 0; s[i] && i + 1 < size; i++)
		buf[i] = (unsigned char)s[i] < ' ' || s[i] == 0x7f ? '?' : s[i];
	buf[i] = '\0';
	return buf;
}

static const char *linktype_name(uint32_t linktype, char *buf, size_t size)
{
	const char *name = weir_linktype_name(linktype);

	if (name)
		return name;
	(void)snprintf(buf, size, "%" PRIu32, linktype);
	return buf;
}

static void print_format(FILE *to, const struct weir_trace_info *i)
{
	char text[64];

	field(to, "format", "%s %u.%u, %s-endian", weir_trace_format_name(i->format), i->major,
	      i->minor, i->big_endian ? "big" : "little");
	field(to, "compression", "%s", weir_compression_name(i->compression));
	if (i->size >= 0)
		field(to, "file size", "%s", bytes_text((uint64_t)i->size, text));
	if (i->n_sections > 1)
		field(to, "sections", "%" PRIu32, i->n_sections);
}

static void print_iface(FILE *to, const struct info_file *f, uint32_t nr)
{
	const struct weir_trace_iface *i = weir_reader_iface(f->reader, nr);
	const struct weir_iface_totals t = weir_summary_iface(f->summary, nr);
	char label[24], name[sizeof(i->name)], type[16], resolution[INFO_RESOLUTION_SIZE];

	(void)snprintf(label, sizeof(label), "interface %" PRIu32, nr);
	field(to, label,
	      "%s%s%s, snapshot length %" PRIu32 ", resolution %s s, %" PRIu64 " frames, %" PRIu64
	      " bytes",
	      plain(i->name, name, sizeof(name)), i->name[0] ? ", " : "",
	      linktype_name(i->linktype, type, sizeof(type)), i->snaplen,
	      info_resolution(i->tsresol, resolution), t.frames, t.bytes);
}

static void print_ifaces(FILE *to, const struct info_file *f)
{
	uint32_t n = weir_reader_info(f->reader)->n_ifaces;

	for (uint32_t i = 0; i < n && i < IFACES_SHOWN; i++)
		print_iface(to, f, i);
	if (n > IFACES_SHOWN)
		field(to, "", "and %" PRIu32 " more", n - IFACES_SHOWN);
}

static void print_times(FILE *to, const struct weir_totals *t)
{
	uint64_t ns = info_duration(t);
	char text[INFO_TIME_SIZE], more[32];

	if (t->untimed)
		field(to, "without time", "%" PRIu64 " frames", t->untimed);
	if (t->frames == t->untimed)
		return;

	field(to, "first", "%s", info_time(t->first_ns, text));
	field(to, "last", "%s", info_time(t->last_ns, text));
	field(to, "duration", "%" PRIu64 ".%09u s", (uint64_t)(ns / NSEC_PER_SEC),
	      (unsigned)(ns % NSEC_PER_SEC));
	if (t->backwards)
		field(to, "time order", "goes backwards %" PRIu64 " times, by up to %.9f s",
		      t->backwards, (double)t->backwards_max_ns / (double)NSEC_PER_SEC);
	else
		field(to, "time order", "never goes backwards");
	if (ns)
		field(to, "mean rate", "%sbit/s, %sframes/s",
		      scaled(info_rate(t, 8 * t->wire_bytes), text),
		      scaled(info_rate(t, t->frames), more));
}

static void print_counts(FILE *to, const struct weir_totals *t)
{
	char text[64];

	field(to, "frames", "%" PRIu64, t->frames);
	field(to, "on the wire", "%s", bytes_text(t->wire_bytes, text));
	if (t->snapped)
		field(to, "recorded", "%s; %" PRIu64 " frames are cut", bytes_text(t->bytes, text),
		      t->snapped);
	if (t->frames)
		field(to, "frame size", "%" PRIu32 " to %" PRIu32 " bytes, mean %.1f", t->size_min,
		      t->size_max, (double)t->wire_bytes / (double)t->frames);
}

static void print_flows(FILE *to, const struct weir_totals *t)
{
	field(to, "flows",
	      "%" PRIu64 " one-way; %" PRIu64 " frames in them, %" PRIu64 " not, %" PRIu64
	      " undecided",
	      t->flows, t->flow_frames, t->non_flow_frames, t->flow_invalid);
}

/* "      64-127        12   40.0 %  ########" */
static void print_sizes(FILE *to, const struct weir_totals *t)
{
	static const char bar[] = "########################################";
	uint32_t min = 0;

	for (unsigned i = 0; i < WEIR_SUMMARY_SIZES; min = weir_summary_size_max(i++) + 1) {
		double share = (double)t->sizes[i] / (double)t->frames;
		char range[32];

		if (!t->sizes[i])
			continue;
		if (weir_summary_size_max(i) == UINT32_MAX)
			(void)snprintf(range, sizeof(range), "%" PRIu32 "-", min);
		else
			(void)snprintf(range, sizeof(range), "%" PRIu32 "-%" PRIu32, min,
				       weir_summary_size_max(i));
		fprintf(to, "  %12s  %12" PRIu64 "  %5.1f %%  %.*s\n", range, t->sizes[i],
			100 * share, (int)(share * (double)(sizeof(bar) - 1) + 0.5), bar);
	}
}

static void print_protos(FILE *to, const struct weir_totals *t)
{
	for (unsigned p = 0; p < WEIR_N_SUMMARY_PROTOS; p++) {
		if (t->protos[p])
			fprintf(to, "  %15s %12" PRIu64 "  %5.1f %%\n",
				weir_summary_proto_name((enum weir_summary_proto)p), t->protos[p],
				100 * (double)t->protos[p] / (double)t->frames);
	}
}

void info_print(FILE *to, const struct info_file *f)
{
	const struct weir_totals *t;

	if (!f->summary)
		return;

	t = weir_summary_totals(f->summary);
	fprintf(to, "%s\n", f->path);
	print_format(to, weir_reader_info(f->reader));
	print_ifaces(to, f);
	print_counts(to, t);
	print_times(to, t);
	print_flows(to, t);
	print_sizes(to, t);
	print_protos(to, t);
}
