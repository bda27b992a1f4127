/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writing traces: classic pcap and pcapng, in this machine's byte order, as the
 * drafts have it for writers.
 */
#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include <weir/block.h>
#include <weir/frame.h>
#include <weir/trace.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "trace/output.h"
#include "trace/pcap.h"
#include "trace/pcapng.h"
#include "trace/reader.h"

enum {
	TSRESOL_NS = 9,
	OPTION_MAX = UINT16_MAX,
	IFACES_MAX = 1 << 16,
};

/* Seconds are of 32 bits. */
#define PCAP_END_NS ((UINT32_MAX + 1ULL) * NSEC_PER_SEC)

static_assert(WEIR_RECORD_ROOM >= EPB_FIXED + 3 + BLOCK_TRAILER, "a record fits its room");

struct writer_iface {
	uint32_t linktype;
	int64_t last_ns; /* latest time of a frame, for the statistics */
};

struct weir_writer {
	struct output *out;
	enum weir_trace_format format;
	struct writer_iface *ifaces;
	uint32_t n_ifaces;
};

/* An option of a block to come. value NULL: left out. */
struct option {
	uint16_t code;
	const void *value;
	size_t len;
};

DEFINE_CLEANUP(struct weir_writer *, weir_writer_close)

static size_t padded(size_t n)
{
	return (n + 3) & ~(size_t)3;
}

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
			size += OPT_HEADER + padded(options[i].len);
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

static int put_options(struct weir_writer *w, const struct option *options, size_t n,
		       struct weir_err *err)
{
	uint8_t header[OPT_HEADER] = { 0 };
	int ret;

	for (size_t i = 0; i < n; i++) {
		if (!options[i].value)
			continue;
		raw16_put(header, options[i].code);
		raw16_put(header + 2, (uint16_t)options[i].len);
		ret = output_put(w->out, header, sizeof(header), err);
		if (ret < 0)
			return ret;
		ret = put_padded(w, options[i].value, options[i].len, err);
		if (ret < 0)
			return ret;
	}
	if (!options_size(options, n))
		return 0;
	memset(header, 0, sizeof(header));
	return output_put(w->out, header, sizeof(header), err);
}

/*
 * A whole block: head begins with the type and room for the length, data (padded)
 * and options follow it.
 */
static int put_block(struct weir_writer *w, uint8_t *head, size_t head_size, const void *data,
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

	raw32_put(head, BLOCK_SHB);
	raw32_put(head + 8, BYTE_ORDER_MAGIC);
	raw16_put(head + 12, 1); /* version 1.0 */
	raw16_put(head + 14, 0);
	raw64_put(head + 16, UINT64_MAX); /* length of the section: not told */
	return put_block(w, head, sizeof(head), NULL, 0, options, ARRAY_SIZE(options), err);
}

static int put_iface(struct weir_writer *w, const struct writer_iface *iface, uint32_t snaplen,
		     const char *name, struct weir_err *err)
{
	static const uint8_t tsresol = TSRESOL_NS;
	const struct option options[] = {
		text_option(OPT_IF_NAME, name && name[0] ? name : NULL),
		{ OPT_IF_TSRESOL, &tsresol, 1 },
	};
	uint8_t head[IDB_FIXED];

	raw32_put(head, BLOCK_IDB);
	raw16_put(head + 8, (uint16_t)iface->linktype);
	raw16_put(head + 10, 0);
	raw32_put(head + 12, snaplen);
	return put_block(w, head, sizeof(head), NULL, 0, options, ARRAY_SIZE(options), err);
}

static int add_iface(struct weir_writer *w, uint32_t linktype, uint32_t snaplen, const char *name,
		     struct weir_err *err)
{
	const struct writer_iface iface = { .linktype = linktype };
	struct writer_iface *ifaces;
	int ret;

	if (w->n_ifaces == IFACES_MAX)
		return err_set(err, -ENOSPC, "%s: more than %d interfaces", w->out->name,
			       IFACES_MAX);
	ifaces = realloc(w->ifaces, (w->n_ifaces + 1) * sizeof(*ifaces));
	if (!ifaces)
		return err_set(err, -ENOMEM, "%s: no memory for an interface", w->out->name);
	w->ifaces = ifaces;
	if (w->format == WEIR_TRACE_PCAPNG) {
		ret = put_iface(w, &iface, snaplen, name, err);
		if (ret < 0)
			return ret;
	}
	w->ifaces[w->n_ifaces++] = iface;
	return 0;
}

static int put_pcap_header(struct weir_writer *w, uint32_t linktype, uint32_t snaplen,
			   struct weir_err *err)
{
	uint8_t head[PCAP_FILE_HEADER] = { 0 }; /* thiszone and sigfigs are 0 */

	raw32_put(head, w->format == WEIR_TRACE_PCAP_NS ? PCAP_MAGIC_NS : PCAP_MAGIC_US);
	raw16_put(head + 4, 2); /* version 2.4 */
	raw16_put(head + 6, 4);
	raw32_put(head + 16, snaplen);
	raw32_put(head + 20, linktype);
	return output_put(w->out, head, sizeof(head), err);
}

static int put_header(struct weir_writer *w, const struct weir_writer_opts *opts,
		      struct weir_err *err)
{
	const uint32_t snaplen = opts->snaplen ? opts->snaplen : WEIR_FRAME_MAX;
	int ret;

	ret = w->format == WEIR_TRACE_PCAPNG ? put_section(w, opts, err)
					     : put_pcap_header(w, opts->linktype, snaplen, err);
	return ret < 0 ? ret : add_iface(w, opts->linktype, snaplen, opts->iface_name, err);
}

/* Before the file is opened, and so emptied. */
static int check_opts(const char *path, const struct weir_writer_opts *opts, struct weir_err *err)
{
	const char *const texts[] = { opts->iface_name, opts->application, opts->comment };

	if (opts->format == WEIR_TRACE_PCAP_KUZNETZOV)
		return err_set(err, -EINVAL, "%s: this variant of pcap is only read", path);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		int ret = check_text(path, texts[i], err);

		if (ret < 0)
			return ret;
	}
	return check_linktype(path, opts->format, opts->linktype, err);
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
	ret = add_iface(w, iface->linktype, iface->snaplen ? iface->snaplen : WEIR_FRAME_MAX,
			iface->name, err);
	if (ret < 0)
		return ret;
	*ret_iface = w->n_ifaces - 1;
	return 0;
}

/* Why can the frame not be written? */
static int refuse_record(const struct weir_writer *w, uint32_t iface, int64_t ts_ns, uint32_t len,
			 struct weir_err *err)
{
	if (iface >= w->n_ifaces)
		return err_set(err, -EINVAL, "%s: there is no interface %u", w->out->name, iface);
	if (ts_ns < 0)
		return err_set(err, -ERANGE, "%s: a time before 1970 cannot be written",
			       w->out->name);
	if (w->format != WEIR_TRACE_PCAPNG && (uint64_t)ts_ns >= PCAP_END_NS)
		return err_set(err, -ERANGE, "%s: pcap cannot hold a time after 2106",
			       w->out->name);
	if (len > reader_max_caplen(w->ifaces[iface].linktype))
		return err_set(err, -EMSGSIZE, "%s: a frame of %u bytes is too long for a trace",
			       w->out->name, len);
	return 0;
}

/* Can the frame be written? Nearly all can, for reasons that are found quickly. */
static inline int check_record(const struct weir_writer *w, uint32_t iface, int64_t ts_ns,
			       uint32_t len, struct weir_err *err)
{
	if (likely(iface < w->n_ifaces && (uint64_t)ts_ns < PCAP_END_NS && len <= WEIR_FRAME_MAX))
		return 0;
	return refuse_record(w, iface, ts_ns, len, err);
}

static void make_pcap_head(const struct weir_writer *w, uint8_t *head, int64_t ts_ns, uint32_t len,
			   uint32_t orig_len)
{
	const uint32_t sec = (uint32_t)((uint64_t)ts_ns / NSEC_PER_SEC);
	const uint32_t ns = (uint32_t)((uint64_t)ts_ns % NSEC_PER_SEC);

	raw32_put(head, sec);
	raw32_put(head + 4, w->format == WEIR_TRACE_PCAP_NS ? ns : ns / 1000);
	raw32_put(head + 8, len);
	raw32_put(head + 12, orig_len);
}

static int put_pcap_record(struct weir_writer *w, const struct weir_record *rec,
			   struct weir_err *err)
{
	uint8_t head[PCAP_RECORD_HEADER];
	int ret;

	make_pcap_head(w, head, rec->ts_ns, rec->len, rec->orig_len);
	ret = output_put(w->out, head, sizeof(head), err);
	if (ret < 0 || !rec->len)
		return ret;
	return output_put(w->out, rec->data, rec->len, err);
}

/* All but the block's length. */
static void make_epb_head(uint8_t *head, uint32_t iface, int64_t ts_ns, uint32_t len,
			  uint32_t orig_len)
{
	raw32_put(head, BLOCK_EPB);
	raw32_put(head + 8, iface);
	raw32_put(head + 12, (uint32_t)((uint64_t)ts_ns >> 32));
	raw32_put(head + 16, (uint32_t)ts_ns);
	raw32_put(head + 20, len);
	raw32_put(head + 24, orig_len);
}

static size_t head_size(const struct weir_writer *w)
{
	return w->format == WEIR_TRACE_PCAPNG ? EPB_FIXED : PCAP_RECORD_HEADER;
}

static size_t record_size(const struct weir_writer *w, uint32_t len)
{
	return w->format == WEIR_TRACE_PCAPNG ? EPB_FIXED + padded(len) + BLOCK_TRAILER
					      : PCAP_RECORD_HEADER + len;
}

/* Around a frame that lies behind its head. */
static void make_record(const struct weir_writer *w, uint8_t *at, uint32_t iface, int64_t ts_ns,
			uint32_t len, uint32_t orig_len)
{
	const uint32_t size = (uint32_t)record_size(w, len);

	if (w->format != WEIR_TRACE_PCAPNG) {
		make_pcap_head(w, at, ts_ns, len, orig_len);
		return;
	}
	make_epb_head(at, iface, ts_ns, len, orig_len);
	raw32_put(at + 4, size);
	memset(at + EPB_FIXED + len, 0, padded(len) - len);
	raw32_put(at + size - BLOCK_TRAILER, size);
}

static void see_time(struct weir_writer *w, uint32_t iface, int64_t ts_ns)
{
	w->ifaces[iface].last_ns = MAX(w->ifaces[iface].last_ns, ts_ns);
}

static int put_packet_block(struct weir_writer *w, const struct weir_record *rec,
			    const char *comment, struct weir_err *err)
{
	const struct option option = text_option(OPT_COMMENT, comment);
	uint8_t head[EPB_FIXED];
	int ret;

	ret = check_text(w->out->name, comment, err);
	if (unlikely(ret < 0))
		return ret;
	see_time(w, rec->iface, rec->ts_ns);
	make_epb_head(head, rec->iface, rec->ts_ns, rec->len, rec->orig_len);
	return put_block(w, head, sizeof(head), rec->data, rec->len, &option, 1, err);
}

int weir_writer_write(struct weir_writer *w, const struct weir_record *rec, const char *comment,
		      struct weir_err *err)
{
	const bool ng = w->format == WEIR_TRACE_PCAPNG;
	int ret = check_record(w, ng ? rec->iface : 0, rec->ts_ns, rec->len, err);

	if (unlikely(ret < 0))
		return ret;
	return ng ? put_packet_block(w, rec, comment, err) : put_pcap_record(w, rec, err);
}

/*
 * Records are made in place while there is room for each before the next frame:
 *
 *	      |head|frame |head|frame  ...gap... frame[i] ... frame[i + 1]
 *	begin ^                       at ^                    ^ end
 */
struct row {
	uint8_t *begin, *at;
	const uint8_t *mem_end;
};

static int write_row(struct weir_writer *w, struct row *row, struct weir_err *err)
{
	const uint8_t *begin = row->begin;

	row->begin = row->at;
	return begin == row->at ? 0 : output_write(w->out, begin, (size_t)(row->at - begin), err);
}

static bool is_in_row(const struct row *row, const struct weir_buf *f)
{
	return f->data >= row->at && f->data < row->mem_end;
}

/* It begins where the first frame's record is to: the frame stays where it is, if it can. */
static struct row row_begin(const struct weir_block *b, size_t head)
{
	struct row row = { .begin = b->mem,
			   .at = b->mem,
			   .mem_end = b->mem ? b->mem + b->size : NULL };

	if (b->n && is_in_row(&row, &b->frames[0]) && (size_t)(b->frames[0].data - b->mem) > head)
		row.begin = row.at = b->frames[0].data - head;
	return row;
}

/* How far the record of frame i may reach. */
static const uint8_t *row_end(const struct row *row, const struct weir_block *b, unsigned i)
{
	if (i + 1 == b->n)
		return row->mem_end;
	if (is_in_row(row, &b->frames[i + 1]))
		return b->frames[i + 1].data;
	return b->frames[i].data + b->frames[i].room;
}

/* Makes frame i of a block the next record of the row, if there is room. */
static bool extend_row(struct weir_writer *w, struct row *row, const struct weir_block *b,
		       unsigned i)
{
	const bool ng = w->format == WEIR_TRACE_PCAPNG;
	const size_t head = head_size(w);
	const struct weir_buf *f = &b->frames[i];
	const uint8_t *end = row_end(row, b, i);
	const size_t size = record_size(w, f->len);
	uint8_t *at = row->at;

	if (!is_in_row(row, f) || (size_t)(f->data - at) < head || (size_t)(end - at) < size)
		return false;

	if (f->data != at + head)
		memmove(at + head, f->data, f->len);
	row->at += size;
	make_record(w, at, f->iface, f->ts_ns, f->len, f->orig_len);
	if (ng)
		see_time(w, f->iface, f->ts_ns);
	return true;
}

/* Writes frame i by itself, behind the row so far. */
static int write_alone(struct weir_writer *w, struct row *row, const struct weir_block *b,
		       unsigned i, struct weir_err *err)
{
	const struct weir_buf *f = &b->frames[i];
	const struct weir_record rec = { .data = f->data,
					 .len = f->len,
					 .orig_len = f->orig_len,
					 .ts_ns = f->ts_ns,
					 .iface = f->iface };
	int ret = write_row(w, row, err);

	if (ret < 0)
		return ret;
	if (is_in_row(row, f))
		row->begin = row->at = f->data + f->len;
	return weir_writer_write(w, &rec, NULL, err);
}

int weir_writer_write_block(struct weir_writer *w, struct weir_block *b, struct weir_err *err)
{
	const bool ng = w->format == WEIR_TRACE_PCAPNG;
	struct row row = row_begin(b, head_size(w));
	int ret = 0, q;

	for (unsigned i = 0; i < b->n && ret >= 0; i++) {
		const struct weir_buf *f = &b->frames[i];

		if (f->port == WEIR_NO_PORT)
			continue;
		ret = check_record(w, ng ? f->iface : 0, f->ts_ns, f->len, err);
		if (ret >= 0 && !extend_row(w, &row, b, i))
			ret = write_alone(w, &row, b, i, err);
	}
	q = write_row(w, &row, ret < 0 ? NULL : err);
	return ret < 0 ? ret : q;
}

void weir_writer_place(const struct weir_writer *w, uint8_t *mem, struct weir_pkt *pkts, unsigned n)
{
	const size_t head = head_size(w);

	for (unsigned i = 0; i < n; i++) {
		pkts[i].data = mem + head;
		mem += record_size(w, pkts[i].len);
	}
}

unsigned weir_writer_make(const struct weir_writer *w, const struct weir_pkt *pkts, unsigned n,
			  struct weir_err *err)
{
	const size_t head = head_size(w);
	unsigned i;

	for (i = 0; i < n; i++) {
		const struct weir_pkt *p = &pkts[i];

		if (check_record(w, 0, p->ts_ns, p->len, err) < 0)
			break;
		make_record(w, p->data - head, 0, p->ts_ns, p->len, p->orig_len);
	}
	return i;
}

int weir_writer_append(struct weir_writer *w, const struct weir_pkt *pkts, unsigned n,
		       struct weir_err *err)
{
	const uint8_t *begin, *end;

	if (!n)
		return 0;
	begin = pkts[0].data - head_size(w);
	end = pkts[n - 1].data - head_size(w) + record_size(w, pkts[n - 1].len);
	for (unsigned i = 0; i < n; i++)
		see_time(w, 0, pkts[i].ts_ns);
	return output_write(w->out, begin, (size_t)(end - begin), err);
}

int weir_writer_stats(struct weir_writer *w, uint32_t iface, uint64_t received, uint64_t dropped,
		      struct weir_err *err)
{
	const struct option options[] = {
		{ OPT_ISB_IFRECV, &received, sizeof(received) },
		{ OPT_ISB_IFDROP, &dropped, sizeof(dropped) },
	};
	uint8_t head[ISB_FIXED];
	uint64_t ts;

	if (w->format != WEIR_TRACE_PCAPNG)
		return 0;
	if (iface >= w->n_ifaces)
		return err_set(err, -EINVAL, "%s: there is no interface %u", w->out->name, iface);
	ts = (uint64_t)w->ifaces[iface].last_ns;
	raw32_put(head, BLOCK_ISB);
	raw32_put(head + 8, iface);
	raw32_put(head + 12, (uint32_t)(ts >> 32));
	raw32_put(head + 16, (uint32_t)ts);
	return put_block(w, head, sizeof(head), NULL, 0, options, ARRAY_SIZE(options), err);
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
