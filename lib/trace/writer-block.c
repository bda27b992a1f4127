/* SPDX-License-Identifier: BSD-2-Clause */
/* Records made in place and written in large pieces: of blocks, and of frames made for a file. */
#include <weir/block.h>

#include <assert.h>
#include <string.h>

#include <weir/frame.h>

#include "trace/notes.h"
#include "trace/pcap.h"
#include "trace/writer.h"

static_assert(WEIR_RECORD_ROOM >= EPB_FIXED + 3 + BLOCK_TRAILER, "a record fits its room");

static size_t head_size(const struct weir_writer *w)
{
	return w->format == WEIR_TRACE_PCAPNG ? EPB_FIXED : PCAP_RECORD_HEADER;
}

/* Options count for pcapng only. */
static size_t record_size(const struct weir_writer *w, uint32_t len,
			  const struct weir_options *options)
{
	const size_t end_mark = options->len ? OPT_HEADER : 0;

	return w->format == WEIR_TRACE_PCAPNG
		       ? EPB_FIXED + padded(len) + options->len + end_mark + BLOCK_TRAILER
		       : PCAP_RECORD_HEADER + len;
}

/* Around a frame that lies behind its head. */
static void make_record(const struct weir_writer *w, uint8_t *at, uint32_t iface, int64_t ts_ns,
			uint32_t len, uint32_t orig_len, const struct weir_options *options)
{
	const uint32_t size = (uint32_t)record_size(w, len, options);

	if (w->format != WEIR_TRACE_PCAPNG) {
		pcap_put_record_header(at, w->format, (uint64_t)ts_ns, len, orig_len);
		return;
	}
	writer_epb_head(w, at, iface, ts_ns, len, orig_len);
	raw32_put(at + 4, size);
	memset(at + EPB_FIXED + len, 0, padded(len) - len);
	if (unlikely(options->len)) {
		memcpy(at + EPB_FIXED + padded(len), options->data, options->len);
		memset(at + size - BLOCK_TRAILER - OPT_HEADER, 0, OPT_HEADER);
	}
	raw32_put(at + size - BLOCK_TRAILER, size);
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

/* Makes frame i of a block the next record of the row, with options, if there is room. */
static bool extend_row(struct weir_writer *w, struct row *row, const struct weir_block *b,
		       unsigned i, const struct weir_options *options)
{
	const size_t head = head_size(w);
	const struct weir_buf *f = &b->frames[i];
	const uint8_t *end = row_end(row, b, i);
	const size_t size = record_size(w, f->len, options);
	uint8_t *at = row->at;

	if (!is_in_row(row, f) || (size_t)(f->data - at) < head || (size_t)(end - at) < size)
		return false;

	if (f->data != at + head)
		memmove(at + head, f->data, f->len);
	row->at += size;
	make_record(w, at, f->iface, f->ts_ns, f->len, f->orig_len, options);
	if (w->format == WEIR_TRACE_PCAPNG)
		writer_see_time(w, f->iface, f->ts_ns);
	return true;
}

/* Writes frame i by itself, behind the row so far. */
static int write_alone(struct weir_writer *w, struct row *row, const struct weir_block *b,
		       unsigned i, const struct weir_options *options, struct weir_err *err)
{
	const struct option option = several_options(options);
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
	return writer_put(w, &rec, &option, err);
}

/* Writes the body of a block as it is. Statistics of interfaces that are not ours go nowhere. */
static int write_note(struct weir_writer *w, const struct weir_notes *notes,
		      const struct note *note, struct weir_err *err)
{
	const uint8_t *body = notes->mem + note->at;
	uint8_t head[BLOCK_HEADER];

	if (note->type == BLOCK_ISB && (note->len < 4 || raw32_at(body) >= w->n_ifaces))
		return 0;
	raw32_put(head, note->type);
	return writer_put_block(w, head, sizeof(head), body, note->len, NULL, 0, err);
}

/* What stands before frame nr, from *next on. */
static int write_notes(struct weir_writer *w, struct row *row, const struct weir_notes *notes,
		       size_t *next, uint64_t nr, struct weir_err *err)
{
	for (; *next < notes->n && notes->all[*next].nr <= nr; ++*next) {
		const struct note *note = &notes->all[*next];
		int ret;

		if (note->type == BLOCK_EPB)
			continue;
		ret = write_row(w, row, err);
		if (ret == 0)
			ret = write_note(w, notes, note, err);
		if (ret < 0)
			return ret;
	}
	return 0;
}

/* Frame i of a block, into the row or behind it. */
static inline int write_frame(struct weir_writer *w, struct row *row, const struct weir_block *b,
			      unsigned i, struct weir_notes *notes, struct weir_err *err)
{
	const struct weir_buf *f = &b->frames[i];
	struct weir_options options = { 0 };
	int ret = writer_check(w, w->format == WEIR_TRACE_PCAPNG ? f->iface : 0, f->ts_ns, f->len,
			       err);

	if (unlikely(ret < 0))
		return ret;
	if (unlikely(notes))
		options = notes_take(notes, f->nr);
	if (likely(extend_row(w, row, b, i, &options)))
		return 0;
	return write_alone(w, row, b, i, &options, err);
}

int weir_writer_write_block(struct weir_writer *w, struct weir_block *b, struct weir_err *err)
{
	const bool ng = w->format == WEIR_TRACE_PCAPNG;
	struct row row = row_begin(b, head_size(w));
	struct weir_notes *notes = ng && b->notes && b->notes->n ? b->notes : NULL;
	size_t next = notes ? notes->n_old : 0;
	int ret = 0, q;

	for (unsigned i = 0; i < b->n && ret >= 0; i++) {
		const struct weir_buf *f = &b->frames[i];

		if (f->port == WEIR_NO_PORT)
			continue;
		if (unlikely(notes))
			ret = write_notes(w, &row, notes, &next, f->nr, err);
		if (ret >= 0)
			ret = write_frame(w, &row, b, i, notes, err);
	}
	if (notes && ret >= 0)
		ret = write_notes(w, &row, notes, &next, UINT64_MAX, err);
	q = write_row(w, &row, ret < 0 ? NULL : err);
	return ret < 0 ? ret : q;
}

static const struct weir_options no_options;

void weir_writer_place(const struct weir_writer *w, uint8_t *mem, struct weir_pkt *pkts, unsigned n)
{
	const size_t head = head_size(w);

	for (unsigned i = 0; i < n; i++) {
		pkts[i].data = mem + head;
		mem += record_size(w, pkts[i].len, &no_options);
	}
}

unsigned weir_writer_make(const struct weir_writer *w, const struct weir_pkt *pkts, unsigned n,
			  struct weir_err *err)
{
	const size_t head = head_size(w);
	unsigned i;

	for (i = 0; i < n; i++) {
		const struct weir_pkt *p = &pkts[i];

		if (writer_check(w, 0, p->ts_ns, p->len, err) < 0)
			break;
		make_record(w, p->data - head, 0, p->ts_ns, p->len, p->orig_len, &no_options);
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
	end = pkts[n - 1].data - head_size(w) + record_size(w, pkts[n - 1].len, &no_options);
	for (unsigned i = 0; i < n; i++)
		writer_see_time(w, 0, pkts[i].ts_ns);
	return output_write(w->out, begin, (size_t)(end - begin), err);
}
