/* SPDX-License-Identifier: BSD-2-Clause */
#include "trace-out.h"

#include <errno.h>
#include <string.h>

#include "util.h"

struct trace_out {
	struct weir_writer *writer;
	struct weir_reader *reader;
	const struct weir_editor *editor;
	const char *path;
	enum weir_trace_format format;
	uint32_t linktype; /* of a classic pcap */
	uint32_t *ifaces;  /* ours for each of the reader's; NO_IFACE: none yet */
	uint32_t n_ifaces;
};

#define NO_IFACE UINT32_MAX

static int read_format(const struct trace_out_cfg *cfg, enum weir_trace_format was, bool old,
		       enum weir_trace_format *ret, struct weir_err *err)
{
	static const struct {
		const char *name;
		enum weir_trace_format format;
	} formats[] = {
		{ "pcap", WEIR_TRACE_PCAP_US },
		{ "pcap-ns", WEIR_TRACE_PCAP_NS },
		{ "pcapng", WEIR_TRACE_PCAPNG },
	};

	if (old || was == WEIR_TRACE_PCAP_KUZNETZOV)
		was = WEIR_TRACE_PCAP_US;
	*ret = was;
	for (unsigned i = 0; cfg->format && i < ARRAY_SIZE(formats); i++) {
		if (strcmp(cfg->format, formats[i].name) == 0) {
			*ret = formats[i].format;
			return 0;
		}
	}
	if (cfg->format)
		return err_text(err, -EINVAL, "--format: '%s' is not pcap, pcap-ns or pcapng",
				cfg->format);
	return 0;
}

static int read_compression(const struct trace_out_cfg *cfg, enum weir_compression *ret,
			    struct weir_err *err)
{
	static const enum weir_compression all[] = { WEIR_COMPRESSION_NONE, WEIR_COMPRESSION_GZIP,
						     WEIR_COMPRESSION_ZSTD, WEIR_COMPRESSION_LZ4 };

	*ret = WEIR_COMPRESSION_NONE;
	if (!cfg->compress)
		return 0;
	for (unsigned i = 0; i < ARRAY_SIZE(all); i++) {
		if (strcmp(cfg->compress, weir_compression_name(all[i])) == 0) {
			*ret = all[i];
			return 0;
		}
	}
	return err_text(err, -EINVAL, "--compress: '%s' is not gzip, zstd or lz4", cfg->compress);
}

static uint32_t new_linktype(const struct trace_out *o, uint32_t linktype)
{
	return o->editor ? weir_editor_linktype(o->editor, linktype) : linktype;
}

int trace_out_open(const char *path, const struct trace_out_cfg *cfg, struct weir_reader *reader,
		   const struct weir_editor *editor, bool old, struct trace_out **ret_out,
		   struct weir_err *err)
{
	const struct weir_trace_info *info = weir_reader_info(reader);
	const struct weir_trace_iface *first = info->n_ifaces ? weir_reader_iface(reader, 0) : NULL;
	struct trace_out *o = xcalloc(1, sizeof(*o));
	struct weir_writer_opts opts = { 0 };
	int r;

	o->reader = reader;
	o->editor = editor;
	o->path = path;
	r = read_format(cfg, info->format, old, &o->format, err);
	if (r >= 0)
		r = read_compression(cfg, &opts.compression, err);
	if (r >= 0) {
		o->linktype = new_linktype(o, first ? first->linktype : 1);
		opts.format = o->format;
		opts.linktype = o->linktype;
		opts.snaplen = old ? 65535 : first ? first->snaplen : 0;
		opts.iface_name = first && first->name[0] ? first->name : NULL;
		r = weir_writer_open(path, &opts, &o->writer, err);
	}
	if (r < 0) {
		trace_out_close(o);
		return r;
	}
	*ret_out = o;
	return 0;
}

/* Ours for an interface that frames come from for the first time. */
static int add_iface(struct trace_out *o, uint32_t iface, struct weir_err *err)
{
	struct weir_trace_iface ours = *weir_reader_iface(o->reader, iface);

	while (o->n_ifaces <= iface) {
		o->ifaces = xgrow(o->ifaces, o->n_ifaces, sizeof(*o->ifaces));
		o->ifaces[o->n_ifaces++] = NO_IFACE;
	}
	ours.linktype = new_linktype(o, ours.linktype);
	if (o->format != WEIR_TRACE_PCAPNG && ours.linktype != o->linktype)
		return err_text(err, -ENOTSUP,
				"%s: frames of link types %u and %u do not fit one pcap file; "
				"--format=pcapng holds both",
				o->path, o->linktype, ours.linktype);
	if (o->format != WEIR_TRACE_PCAPNG || iface == 0) {
		o->ifaces[iface] = 0;
		return 0;
	}
	return weir_writer_add_iface(o->writer, &ours, &o->ifaces[iface], err);
}

/* rec->iface is the reader's. */
static int write_from(struct trace_out *o, struct weir_record rec, struct weir_err *err)
{
	int r;

	if (rec.iface >= o->n_ifaces || o->ifaces[rec.iface] == NO_IFACE) {
		r = add_iface(o, rec.iface, err);
		if (r < 0)
			return r;
	}
	rec.iface = o->ifaces[rec.iface];
	return weir_writer_write(o->writer, &rec, NULL, err);
}

int trace_out_write(struct trace_out *o, const struct weir_buf *frame, uint32_t iface, bool any,
		    struct weir_err *err)
{
	struct weir_record rec = { .data = frame->data,
				   .len = frame->len,
				   .orig_len = frame->orig_len,
				   .ts_ns = frame->ts_ns,
				   .iface = iface };
	int r;

	if (!any &&
	    frame->linktype != new_linktype(o, weir_reader_iface(o->reader, iface)->linktype))
		return 0;
	r = write_from(o, rec, err);
	return r < 0 ? r : 1;
}

int trace_out_write_record(struct trace_out *o, const struct weir_record *rec, struct weir_err *err)
{
	return write_from(o, *rec, err);
}

int trace_out_finish(struct trace_out *o, struct weir_err *err)
{
	return weir_writer_finish(o->writer, err);
}

struct trace_out *trace_out_close(struct trace_out *o)
{
	if (!o)
		return NULL;

	weir_writer_close(o->writer);
	free(o->ifaces);
	free(o);
	return NULL;
}
