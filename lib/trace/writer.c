/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writing traces: classic pcap and pcapng, in this machine's byte order, as the
 * drafts have it for writers.
 */
#include "trace/writer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include <weir/frame.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "trace/pcap.h"
#include "trace/reader.h"

enum {
	TSRESOL_NS = 9,
	OPTION_MAX = UINT16_MAX,
	IFACES_MAX = 1 << 16,
};

DEFINE_CLEANUP(struct weir_writer *, weir_writer_close)

static struct option text_option(uint16_t code, const char *text)
{
	return (struct option){ .code = code, .value = text, .len = text ? strlen(text) : 0 };
}

/* Bytes that the options take in a block, with their end mark; 0 for none. */
static size_t options_size(const struct option *options, size_t n)
{
	size_t size = 0;

	for (size_t i = 0; i < n; i++)
		if (options[i].value)
			size += (options[i].several ? 0 : OPT_HEADER) + padded(options[i].len);
	return size ? size + OPT_HEADER : 0;
}

static int check_text(const char *name, const char *text, struct weir_err *err)
{
	if (text && strlen(text) > OPTION_MAX)
		return err_set(err, -EINVAL, "%s: a text of %zu bytes does not fit a pcapng option",
			       name, strlen(text));
	return 0;
}

static int check_linktype(const char *name, enum weir_trace_format format, uint32_t linktype,
			  struct weir_err *err)
{
	const uint32_t max = format == WEIR_TRACE_PCAPNG ? UINT16_MAX : PCAP_LINKTYPE_MASK;

	if (linktype > max)
		return err_set(err, -EINVAL, "%s: %s has no link type %u", name,
			       weir_trace_format_name(format), linktype);
	return 0;
}

static int put_padded(struct weir_writer *w, const void *data, size_t n, struct weir_err *err)
{
	static const uint8_t zeros[4];
	int ret;

	if (!n)
		return 0;
	ret = output_put(w->out, data, n, err);
	return ret < 0 ? ret : output_put(w->out, zeros, padded(n) - n, err);
}

static int put_option(struct weir_writer *w, const struct option *option, struct weir_err *err)
{
	uint8_t header[OPT_HEADER];
	int ret = 0;

	raw16_put(header, option->code);
	raw16_put(header + 2, (uint16_t)option->len);
	if (!option->several)
		ret = output_put(w->out, header, sizeof(header), err);
	return ret < 0 ? ret : put_padded(w, option->value, option->len, err);
}

static int put_options(struct weir_writer *w, const struct option *options, size_t n,
		       struct weir_err *err)
{
	static const uint8_t end[OPT_HEADER];

	for (size_t i = 0; i < n; i++) {
		int ret = options[i].value ? put_option(w, &options[i], err) : 0;

		if (ret < 0)
			return ret;
	}
	return options_size(options, n) ? output_put(w->out, end, sizeof(end), err) : 0;
}

int writer_put_block(struct weir_writer *w, uint8_t *head, size_t head_size, const void *data,
		     size_t len, const struct option *options, size_t n_options,
		     struct weir_err *err)
{
	const size_t total =
		head_size + padded(len) + options_size(options, n_options) + BLOCK_TRAILER;
	uint8_t trailer[BLOCK_TRAILER];
	int ret;

	raw32_put(head + 4, (uint32_t)total);
	raw32_put(trailer, (uint32_t)total);
	ret = output_put(w->out, head, head_size, err);
	if (ret < 0)
		return ret;
	ret = put_padded(w, data, len, err);
	if (ret < 0)
		return ret;
	ret = put_options(w, options, n_options, err);
	if (ret < 0)
		return ret;
	return output_put(w->out, trailer, sizeof(trailer), err);
}

static int put_section(struct weir_writer *w, const struct weir_writer_opts *opts,
		       struct weir_err *err)
{
	struct utsname host;
	char os[sizeof(host.sysname) + sizeof(host.release) + 1] = "";
	uint8_t head[SHB_FIXED];

	if (uname(&host) == 0)
		(void)snprintf(os, sizeof(os), "%s %s", host.sysname, host.release);
	const struct option options[] = {
		text_option(OPT_COMMENT, opts->comment),
		text_option(OPT_SHB_HARDWARE, os[0] ? host.machine : NULL),
		text_option(OPT_SHB_OS, os[0] ? os : NULL),
		text_option(OPT_SHB_USERAPPL,
			    opts->application ? opts->application : "weir " WEIR_VERSION),
	};

	const struct option as_read = several_options(&opts->section);

	raw32_put(head, BLOCK_SHB);
	raw32_put(head + 8, BYTE_ORDER_MAGIC);
	raw16_put(head + 12, 1); /* version 1.0 */
	raw16_put(head + 14, 0);
	raw64_put(head + 16, UINT64_MAX); /* length of the section: not told */
	if (opts->section.data)
		return writer_put_block(w, head, sizeof(head), NULL, 0, &as_read, 1, err);
	return writer_put_block(w, head, sizeof(head), NULL, 0, options, ARRAY_SIZE(options), err);
}

static int put_iface(struct weir_writer *w, uint32_t linktype, uint32_t snaplen, const char *name,
		     const struct weir_options *as_read, struct weir_err *err)
{
	static const uint8_t tsresol = TSRESOL_NS;
	const struct option options[] = {
		text_option(OPT_IF_NAME, as_read->data || !name || !name[0] ? NULL : name),
		{ .code = OPT_IF_TSRESOL, .value = as_read->data ? NULL : &tsresol, .len = 1 },
		several_options(as_read),
	};
	uint8_t head[IDB_FIXED];

	raw32_put(head, BLOCK_IDB);
	raw16_put(head + 8, (uint16_t)linktype);
	raw16_put(head + 10, 0);
	raw32_put(head + 12, snaplen);
	return writer_put_block(w, head, sizeof(head), NULL, 0, options, ARRAY_SIZE(options), err);
}

static int set_scale(const char *name, enum weir_trace_format format,
		     const struct weir_options *options, struct scale *ret, struct weir_err *err)
{
	static const struct scale of_pcap = { .end_ns = UINT32_MAX * (int64_t)NSEC_PER_SEC +
							(int64_t)NSEC_PER_SEC - 1 };

	if (format != WEIR_TRACE_PCAPNG)
		*ret = of_pcap;
	else if (scale_init(ret, options) < 0)
		return err_set(err, -EINVAL, "%s: an interface counts time in no known way", name);
	return 0;
}

static int add_iface(struct weir_writer *w, uint32_t linktype, uint32_t snaplen, const char *name,
		     const struct weir_options *options, struct weir_err *err)
{
	struct writer_iface iface = { .linktype = linktype };
	struct writer_iface *ifaces;
	int ret;

	if (w->n_ifaces == IFACES_MAX)
		return err_set(err, -ENOSPC, "%s: more than %d interfaces", w->out->name,
			       IFACES_MAX);
	ret = set_scale(w->out->name, w->format, options, &iface.scale, err);
	if (ret < 0)
		return ret;
	ifaces = realloc(w->ifaces, (w->n_ifaces + 1) * sizeof(*ifaces));
	if (!ifaces)
		return err_set(err, -ENOMEM, "%s: no memory for an interface", w->out->name);
	w->ifaces = ifaces;
	if (w->format == WEIR_TRACE_PCAPNG) {
		ret = put_iface(w, linktype, snaplen ? snaplen : WEIR_FRAME_MAX, name, options,
				err);
		if (ret < 0)
			return ret;
	}
	w->ifaces[w->n_ifaces++] = iface;
	return 0;
}

static int put_pcap_header(struct weir_writer *w, const struct weir_writer_opts *opts,
			   struct weir_err *err)
{
	uint8_t head[PCAP_FILE_HEADER];

	pcap_put_file_header(head, w->format, opts->snaplen ? opts->snaplen : WEIR_FRAME_MAX,
			     opts->linktype);
	return output_put(w->out, head, sizeof(head), err);
}

static int put_header(struct weir_writer *w, const struct weir_writer_opts *opts,
		      struct weir_err *err)
{
	int ret = w->format == WEIR_TRACE_PCAPNG ? put_section(w, opts, err)
						 : put_pcap_header(w, opts, err);

	if (ret < 0)
		return ret;
	return add_iface(w, opts->linktype, opts->snaplen, opts->iface_name, &opts->iface, err);
}

/* Before the file is opened, and so emptied. */
static int check_opts(const char *path, const struct weir_writer_opts *opts, struct weir_err *err)
{
	const char *const texts[] = { opts->iface_name, opts->application, opts->comment };
	struct scale scale;
	int ret;

	if (opts->format == WEIR_TRACE_PCAP_KUZNETZOV)
		return err_set(err, -EINVAL, "%s: this variant of pcap is only read", path);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		ret = check_text(path, texts[i], err);
		if (ret < 0)
			return ret;
	}
	ret = set_scale(path, opts->format, &opts->iface, &scale, err);
	return ret < 0 ? ret : check_linktype(path, opts->format, opts->linktype, err);
}

int weir_writer_open(const char *path, const struct weir_writer_opts *opts,
		     struct weir_writer **ret_writer, struct weir_err *err)
{
	CLEANUP(weir_writer_closep)
	struct weir_writer *w = NULL;
	int ret;

	ret = check_opts(path, opts, err);
	if (ret < 0)
		return ret;

	w = calloc(1, sizeof(*w));
	if (!w)
		return err_set(err, -ENOMEM, "%s: no memory to write it", path);
	w->format = opts->format;
	ret = output_open(path, opts->compression, &w->out, err);
	if (ret < 0)
		return ret;
	ret = put_header(w, opts, err);
	if (ret < 0)
		return ret;

	*ret_writer = TAKE_PTR(w);
	return 0;
}

int weir_writer_add_iface(struct weir_writer *w, const struct weir_trace_iface *iface,
			  uint32_t *ret_iface, struct weir_err *err)
{
	int ret;

	if (w->format != WEIR_TRACE_PCAPNG)
		return err_set(err, -ENOTSUP, "%s: pcap has only one interface", w->out->name);
	ret = check_linktype(w->out->name, w->format, iface->linktype, err);
	if (ret < 0)
		return ret;
	ret = add_iface(w, iface->linktype, iface->snaplen, iface->name, &iface->options, err);
	if (ret < 0)
		return ret;
	*ret_iface = w->n_ifaces - 1;
	return 0;
}

int writer_refuse(const struct weir_writer *w, uint32_t iface, int64_t ts_ns, uint32_t len,
		  struct weir_err *err)
{
	const char *name = w->out->name;

	if (iface >= w->n_ifaces)
		return err_set(err, -EINVAL, "%s: there is no interface %u", name, iface);
	if (ts_ns < 0)
		return err_set(err, -ERANGE, "%s: a time before 1970 cannot be written", name);
	if (ts_ns > w->ifaces[iface].scale.end_ns && w->format != WEIR_TRACE_PCAPNG)
		return err_set(err, -ERANGE, "%s: pcap cannot hold a time after 2106", name);
	if (ts_ns < w->ifaces[iface].scale.begin_ns || ts_ns > w->ifaces[iface].scale.end_ns)
		return err_set(err, -ERANGE, "%s: interface %u cannot hold the time of a frame",
			       name, iface);
	if (len > reader_max_caplen(w->ifaces[iface].linktype))
		return err_set(err, -EMSGSIZE, "%s: a frame of %u bytes is too long for a trace",
			       name, len);
	return 0;
}

static int put_pcap_record(struct weir_writer *w, const struct weir_record *rec,
			   struct weir_err *err)
{
	uint8_t head[PCAP_RECORD_HEADER];
	int ret;

	pcap_put_record_header(head, w->format, (uint64_t)rec->ts_ns, rec->len, rec->orig_len);
	ret = output_put(w->out, head, sizeof(head), err);
	if (ret < 0 || !rec->len)
		return ret;
	return output_put(w->out, rec->data, rec->len, err);
}

int writer_put(struct weir_writer *w, const struct weir_record *rec, const struct option *option,
	       struct weir_err *err)
{
	uint8_t head[EPB_FIXED];

	if (w->format != WEIR_TRACE_PCAPNG)
		return put_pcap_record(w, rec, err);
	writer_see_time(w, rec->iface, rec->ts_ns);
	writer_epb_head(w, head, rec->iface, rec->ts_ns, rec->len, rec->orig_len);
	return writer_put_block(w, head, sizeof(head), rec->data, rec->len, option, 1, err);
}

int weir_writer_write(struct weir_writer *w, const struct weir_record *rec, const char *comment,
		      struct weir_err *err)
{
	const bool ng = w->format == WEIR_TRACE_PCAPNG;
	const struct option option = text_option(OPT_COMMENT, comment);
	int ret = writer_check(w, ng ? rec->iface : 0, rec->ts_ns, rec->len, err);

	if (likely(ret == 0) && ng)
		ret = check_text(w->out->name, comment, err);
	return unlikely(ret < 0) ? ret : writer_put(w, rec, &option, err);
}

int weir_writer_stats(struct weir_writer *w, uint32_t iface, uint64_t received, uint64_t dropped,
		      struct weir_err *err)
{
	const struct option options[] = {
		{ .code = OPT_ISB_IFRECV, .value = &received, .len = sizeof(received) },
		{ .code = OPT_ISB_IFDROP, .value = &dropped, .len = sizeof(dropped) },
	};
	const struct writer_iface *i;
	uint8_t head[ISB_FIXED];
	uint64_t ts;

	if (w->format != WEIR_TRACE_PCAPNG)
		return 0;
	if (iface >= w->n_ifaces)
		return err_set(err, -EINVAL, "%s: there is no interface %u", w->out->name, iface);
	i = &w->ifaces[iface];
	ts = scale_ticks(&i->scale, MAX(i->last_ns, i->scale.begin_ns));
	raw32_put(head, BLOCK_ISB);
	raw32_put(head + 8, iface);
	raw32_put(head + 12, (uint32_t)(ts >> 32));
	raw32_put(head + 16, (uint32_t)ts);
	return writer_put_block(w, head, sizeof(head), NULL, 0, options, ARRAY_SIZE(options), err);
}

int weir_writer_flush(struct weir_writer *w, struct weir_err *err)
{
	return output_flush(w->out, err);
}

int weir_writer_finish(struct weir_writer *w, struct weir_err *err)
{
	return output_finish(w->out, err);
}

struct weir_writer *weir_writer_close(struct weir_writer *w)
{
	if (!w)
		return NULL;

	output_close(w->out);
	free(w->ifaces);
	free(w);
	return NULL;
}
