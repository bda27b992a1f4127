/* SPDX-License-Identifier: BSD-2-Clause */
#include "trace-out.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "util.h"

/* An interface of the reader. */
struct iface_out {
	struct weir_trace_iface iface; /* as ours is to be */
	bool fits;		       /* its frames can be written */
};

struct trace_out {
	struct weir_writer *writer;
	struct weir_reader *reader;
	const struct weir_editor *editor;
	const char *path;
	enum weir_trace_format format;
	uint32_t linktype; /* of a classic pcap */
	unsigned notes;	   /* which to keep */

	pthread_mutex_t lock; /* of what follows: one thread reads, another writes */
	struct iface_out
		*ifaces; /* of the reader's that have been seen; ours have the same number */
	uint32_t n_ifaces;
	uint32_t n_written; /* of a pcapng */
};

static int read_format(const char *name, enum weir_trace_format *ret, struct weir_err *err)
{
	static const enum weir_trace_format all[] = { WEIR_TRACE_PCAP_US, WEIR_TRACE_PCAP_NS,
						      WEIR_TRACE_PCAPNG };

	for (unsigned i = 0; i < ARRAY_SIZE(all); i++) {
		if (strcmp(name, weir_trace_format_name(all[i])) == 0) {
			*ret = all[i];
			return 0;
		}
	}
	return err_text(err, -EINVAL, "--format: '%s' is not pcap, pcap-ns or pcapng", name);
}

static int read_compression(const char *name, enum weir_compression *ret, struct weir_err *err)
{
	static const enum weir_compression all[] = { WEIR_COMPRESSION_NONE, WEIR_COMPRESSION_GZIP,
						     WEIR_COMPRESSION_ZSTD, WEIR_COMPRESSION_LZ4 };

	for (unsigned i = 0; i < ARRAY_SIZE(all); i++) {
		if (strcmp(name, weir_compression_name(all[i])) == 0) {
			*ret = all[i];
			return 0;
		}
	}
	return err_text(err, -EINVAL, "--compress: '%s' is not gzip, zstd or lz4", name);
}

int trace_out_opts(const struct trace_out_cfg *cfg, struct weir_writer_opts *opts,
		   struct weir_err *err)
{
	int r = cfg->format ? read_format(cfg->format, &opts->format, err) : 0;

	if (r >= 0 && cfg->compress)
		r = read_compression(cfg->compress, &opts->compression, err);
	return r;
}

static uint32_t new_linktype(const struct trace_out *o, uint32_t linktype)
{
	return o->editor ? weir_editor_linktype(o->editor, linktype) : linktype;
}

int trace_out_open(const char *path, const struct trace_out_cfg *cfg, struct weir_reader *reader,
		   const struct weir_editor *editor, unsigned notes, bool old,
		   struct trace_out **ret_out, struct weir_err *err)
{
	const struct weir_trace_info *info = weir_reader_info(reader);
	const struct weir_trace_iface *first = info->n_ifaces ? weir_reader_iface(reader, 0) : NULL;
	struct trace_out *o = xcalloc(1, sizeof(*o));
	struct weir_writer_opts opts = { 0 };
	int r;

	pthread_mutex_init(&o->lock, NULL);
	o->reader = reader;
	o->editor = editor;
	o->path = path;
	o->notes = cfg->no_notes ? 0 : notes;
	opts.format = info->format;
	if (old || info->format == WEIR_TRACE_PCAP_KUZNETZOV)
		opts.format = WEIR_TRACE_PCAP_US;
	r = trace_out_opts(cfg, &opts, err);
	if (r >= 0) {
		o->format = opts.format;
		o->linktype = new_linktype(o, first ? first->linktype : WEIR_LINKTYPE_ETHERNET);
		opts.linktype = o->linktype;
		opts.snaplen = old ? 65535 : first ? first->snaplen : 0;
		opts.iface_name = first && first->name[0] ? first->name : NULL;
		if (o->notes) {
			opts.section = info->section;
			if (first)
				opts.iface = first->options;
		}
		o->n_written = 1;
		r = weir_writer_open(path, &opts, &o->writer, err);
	}
	if (r < 0) {
		trace_out_close(o);
		return r;
	}
	*ret_out = o;
	return 0;
}

unsigned trace_out_notes(const struct trace_out *o)
{
	return o->format == WEIR_TRACE_PCAPNG ? o->notes : 0;
}

void trace_out_see(struct trace_out *o)
{
	const uint32_t n = weir_reader_info(o->reader)->n_ifaces;

	if (o->n_ifaces == n) /* it is this thread that changes it */
		return;
	pthread_mutex_lock(&o->lock);
	while (o->n_ifaces < n) {
		struct iface_out *out;

		o->ifaces = xgrow(o->ifaces, o->n_ifaces, sizeof(*o->ifaces));
		out = &o->ifaces[o->n_ifaces];
		*out = (struct iface_out){ .iface = *weir_reader_iface(o->reader, o->n_ifaces) };
		out->iface.linktype = new_linktype(o, out->iface.linktype);
		if (!o->notes)
			out->iface.options = (struct weir_options){ 0 };
		o->n_ifaces++;
	}
	pthread_mutex_unlock(&o->lock);
}

/* The first n interfaces, before frames come from them. */
static int add_ifaces(struct trace_out *o, uint32_t n, struct weir_err *err)
{
	uint32_t nr;
	int r = 0;

	for (; r >= 0 && o->format == WEIR_TRACE_PCAPNG && o->n_written < n; o->n_written++)
		r = weir_writer_add_iface(o->writer, &o->ifaces[o->n_written].iface, &nr, err);
	return r;
}

/* Can frames of this interface be written? */
static int check_iface(const struct trace_out *o, struct iface_out *out, struct weir_err *err)
{
	if (o->format != WEIR_TRACE_PCAPNG && out->iface.linktype != o->linktype)
		return err_text(err, -ENOTSUP,
				"%s: frames of link types %u and %u do not fit one pcap file; "
				"--format=pcapng holds both",
				o->path, o->linktype, out->iface.linktype);
	out->fits = true;
	return 0;
}

/* Do all frames fit their interfaces? Those that have another link type are left out, unless
 * any may be; what is from the first on that cannot be written at all, too: b->n. */
static int check_frames(struct trace_out *o, struct weir_block *b, bool any, uint64_t *left_out,
			struct weir_err *err)
{
	for (unsigned i = 0; i < b->n; i++) {
		struct weir_buf *f = &b->frames[i];
		struct iface_out *out = &o->ifaces[f->iface];
		int r;

		if (f->port == WEIR_NO_PORT)
			continue;
		if (!any && f->linktype != out->iface.linktype) {
			f->port = WEIR_NO_PORT;
			++*left_out;
			continue;
		}
		r = out->fits ? 0 : check_iface(o, out, err);
		if (r < 0) {
			b->n = i;
			return r;
		}
	}
	return 0;
}

int trace_out_write(struct trace_out *o, struct weir_block *b, bool any, uint64_t *left_out,
		    struct weir_err *err)
{
	int r, q;

	pthread_mutex_lock(&o->lock);
	r = add_ifaces(o, weir_notes_ifaces(b->notes), err);
	if (r >= 0)
		r = check_frames(o, b, any, left_out, err);
	else
		b->n = 0;
	pthread_mutex_unlock(&o->lock);
	q = weir_writer_write_block(o->writer, b, r < 0 ? NULL : err);
	return r < 0 ? r : q;
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
	pthread_mutex_destroy(&o->lock);
	free(o->ifaces);
	free(o);
	return NULL;
}
