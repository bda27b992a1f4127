/* SPDX-License-Identifier: BSD-2-Clause */
#include "trace/reader.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "trace/decompress.h"

enum {
	LINKTYPE_DBUS = 231,
	LINKTYPE_USBPCAP = 249,
	LINKTYPE_EBHSCR = 279,

	/* An interface costs a few times more memory than its block in the file. */
	IFACES_MAX = 1 << 20,
};

DEFINE_CLEANUP(struct source *, source_close)
DEFINE_CLEANUP(struct weir_reader *, weir_reader_close)

uint32_t reader_max_caplen(uint32_t linktype)
{
	switch (linktype) {
	case LINKTYPE_DBUS:
		return READER_CAPLEN_MAX;
	case LINKTYPE_EBHSCR:
		return 8 * 1024 * 1024;
	case LINKTYPE_USBPCAP:
		return 1024 * 1024;
	default:
		return WEIR_FRAME_MAX;
	}
}

int reader_add_iface(struct weir_reader *r, uint32_t linktype, uint32_t snaplen,
		     struct reader_iface **ret_iface, struct weir_err *err)
{
	struct reader_iface *iface;

	if (r->info.n_ifaces == r->ifaces_room) {
		uint32_t room = r->ifaces_room ? 2 * r->ifaces_room : 4;

		if (room > IFACES_MAX)
			return reader_fail(r, err, -EBADMSG, "more than %d interfaces", IFACES_MAX);
		iface = realloc(r->ifaces, room * sizeof(*iface));
		if (!iface)
			return reader_fail(r, err, -ENOMEM, "no memory for %u interfaces", room);
		r->ifaces = iface;
		r->ifaces_room = room;
	}

	iface = &r->ifaces[r->info.n_ifaces++];
	*iface = (struct reader_iface){
		.pub.linktype = linktype,
		.max_caplen = reader_max_caplen(linktype),
	};
	iface->pub.snaplen = snaplen && snaplen <= INT_MAX ? snaplen : iface->max_caplen;
	*ret_iface = iface;
	return 0;
}

/* Offset of the record or block that is being read. */
static uint64_t unit_offset(const struct weir_reader *r)
{
	return r->pcapng.skip_len ? r->pcapng.skip_offset : source_offset(r->src);
}

int reader_fail(struct weir_reader *r, struct weir_err *err, int code, const char *format, ...)
{
	const bool ng = r->info.format == WEIR_TRACE_PCAPNG;
	char text[sizeof(r->failure.text)], where[80] = "file header";
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(text, sizeof(text), format, ap); /* cut if too long */
	va_end(ap);
	if (ng || r->info.n_ifaces)
		(void)snprintf(where, sizeof(where), "%s %llu at byte %llu",
			       ng ? "block" : "record",
			       (unsigned long long)(ng ? r->pcapng.block_nr : r->nr) + 1,
			       (unsigned long long)unit_offset(r));
	err_set(&r->failure, code, "%s: %s: %s", r->name, where, text);
	return err_set(err, code, "%s", r->failure.text);
}

int reader_short(struct weir_reader *r, struct weir_err *err, size_t size)
{
	const struct source *src = r->src;

	if (src->status == -EINTR)
		return err_set(err, -EINTR, "%s: %s", r->name, strerror(EINTR));
	if (src->status < 0)
		return reader_fail(r, err, src->status, "%s", src->err.text);
	return reader_fail(r, err, -ENODATA, "cut off: only %llu of %zu bytes are there",
			   (unsigned long long)(src->end_offset - unit_offset(r)), size);
}

/* Finds out what the source holds and opens it. */
static int open_format(struct weir_reader *r, struct weir_err *err)
{
	const uint8_t *magic = source_need(r->src, 4);

	if (!magic) {
		if (r->src->status < 0)
			return err_set(err, r->src->status, "%s: %s", r->name, r->src->err.text);
		return err_set(err, -EINVAL, "%s: not a trace: only %zu bytes long", r->name,
			       source_left(r->src));
	}
	if (pcap_match(magic))
		return pcap_open(r, err);
	if (pcapng_match(magic))
		return pcapng_open(r, err);
	return err_set(err, -EINVAL, "%s: neither pcap nor pcapng: begins with %02x %02x %02x %02x",
		       r->name, magic[0], magic[1], magic[2], magic[3]);
}

/* Takes *src, also on failure. */
static int reader_new(const char *name, struct source **src, struct weir_reader **ret_reader,
		      struct weir_err *err)
{
	CLEANUP(source_closep)
	struct source *s = TAKE_PTR(*src);
	CLEANUP(weir_reader_closep)
	struct weir_reader *r = NULL;
	enum weir_compression compression;
	int ret;

	ret = decompress_wrap(&s, &compression);
	if (ret < 0)
		return err_set(err, ret, "%s: %s", name, s->err.text);

	r = calloc(1, sizeof(*r) + strlen(name) + 1);
	if (!r)
		return err_set(err, -ENOMEM, "%s: no memory to read it", name);
	memcpy(r->name, name, strlen(name) + 1);
	r->info.compression = compression;
	r->info.size = source_size(s);
	r->src = TAKE_PTR(s);
	ret = open_format(r, err);
	if (ret == -EBADMSG || ret == -ENODATA) {
		if (err)
			err->code = -EINVAL;
		ret = -EINVAL;
	}
	if (ret < 0)
		return ret;

	*ret_reader = TAKE_PTR(r);
	return 0;
}

int weir_reader_open(const char *path, struct weir_reader **ret_reader, struct weir_err *err)
{
	return weir_reader_open_until(path, -1, ret_reader, err);
}

int weir_reader_open_until(const char *path, int stop_fd, struct weir_reader **ret_reader,
			   struct weir_err *err)
{
	struct source *src;
	int ret = source_open_path(path, &src, err);

	if (ret < 0)
		return ret;
	source_set_wait(src, stop_fd, NULL);
	return reader_new(strcmp(path, "-") == 0 ? "standard input" : path, &src, ret_reader, err);
}

int weir_reader_open_mem(const char *name, const void *data, size_t size,
			 struct weir_reader **ret_reader, struct weir_err *err)
{
	struct source *src;
	int ret = source_open_mem(data, size, &src, err);

	if (ret < 0)
		return ret;
	return reader_new(name, &src, ret_reader, err);
}

int weir_reader_next(struct weir_reader *r, struct weir_record *ret_rec, struct weir_err *err)
{
	if (unlikely(r->failure.code))
		return err_set(err, r->failure.code, "%s", r->failure.text);
	return r->next(r, ret_rec, err);
}

const struct weir_trace_info *weir_reader_info(const struct weir_reader *r)
{
	return &r->info;
}

const struct weir_trace_iface *weir_reader_iface(const struct weir_reader *r, uint32_t i)
{
	return &r->ifaces[i].pub;
}

int64_t weir_reader_position(const struct weir_reader *r)
{
	return (int64_t)source_position(r->src);
}

struct weir_reader *weir_reader_close(struct weir_reader *r)
{
	if (!r)
		return NULL;

	source_close(r->src);
	for (uint32_t i = 0; i < r->info.n_ifaces; i++)
		free(r->ifaces[i].options);
	free(r->ifaces);
	free(r->pcapng.section);
	notes_done(&r->pcapng.early);
	free(r);
	return NULL;
}

const char *weir_trace_format_name(enum weir_trace_format f)
{
	switch (f) {
	case WEIR_TRACE_PCAP_US:
		return "pcap";
	case WEIR_TRACE_PCAP_NS:
		return "pcap-ns";
	case WEIR_TRACE_PCAP_KUZNETZOV:
		return "pcap-kuznetzov";
	case WEIR_TRACE_PCAPNG:
		return "pcapng";
	}
	return "unknown";
}

const char *weir_compression_name(enum weir_compression c)
{
	switch (c) {
	case WEIR_COMPRESSION_NONE:
		return "none";
	case WEIR_COMPRESSION_GZIP:
		return "gzip";
	case WEIR_COMPRESSION_ZSTD:
		return "zstd";
	case WEIR_COMPRESSION_LZ4:
		return "lz4";
	}
	return "unknown";
}
