/* SPDX-License-Identifier: BSD-2-Clause */
#include "capture/parcel.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/macros.h"
#include "capture/blockring.h"
#include "trace/pcap.h"
#include "trace/pcapng.h"

DEFINE_CLEANUP(struct parcel *, parcel_free)

static bool is_pcap(const struct parcel *p)
{
	return p->format != WEIR_TRACE_PCAPNG;
}

static size_t record_len(const uint8_t *record)
{
	return PCAP_RECORD_HEADER + raw32_at(record + 8);
}

static size_t room(const struct parcel *p)
{
	return PARCEL_SIZE - FILLER_MAX - p->len;
}

static bool put_record(struct parcel *p, const uint8_t *block)
{
	const uint32_t len = block_frame_len(block);
	uint8_t *at = p->data + p->len;

	if (PCAP_RECORD_HEADER + len > room(p))
		return false;
	pcap_put_record_header(at, p->format, block_time(block), len, block_orig_len(block));
	memcpy(at + PCAP_RECORD_HEADER, block + EPB_FIXED, len);
	p->ifaces[p->n_records++] = raw32_at(block + 8);
	p->len += PCAP_RECORD_HEADER + len;
	return true;
}

static size_t put_records(struct parcel *p, const uint8_t *data, size_t len)
{
	size_t at = 0;

	while (at < len && put_record(p, data + at))
		at += block_len(data + at);
	return at;
}

size_t parcel_put(struct parcel *p, const uint8_t *data, size_t len)
{
	if (is_pcap(p))
		return put_records(p, data, len);
	if (len > room(p))
		len = blocks_whole(data, room(p));
	memcpy(p->data + p->len, data, len);
	p->len += len;
	return len;
}

size_t blocks_whole(const uint8_t *data, size_t len)
{
	size_t at = 0;

	while (len - at >= BLOCK_HEADER && block_len(data + at) <= len - at)
		at += block_len(data + at);
	return at;
}

size_t parcel_whole(const struct parcel *p, size_t len)
{
	size_t at = 0;

	if (!is_pcap(p))
		return blocks_whole(p->data, len);
	while (len - at >= PCAP_RECORD_HEADER && record_len(p->data + at) <= len - at)
		at += record_len(p->data + at);
	return at;
}

static void count_frame(struct file_loss *loss, uint32_t orig_len)
{
	loss->frames++;
	loss->bytes += orig_len;
}

void blocks_count(const uint8_t *data, size_t len, struct file_loss *loss)
{
	for (size_t at = 0; at < len; at += block_len(data + at))
		if (raw32_at(data + at) == BLOCK_EPB)
			count_frame(&loss[raw32_at(data + at + 8)], block_orig_len(data + at));
}

void parcel_count(const struct parcel *p, size_t from, struct file_loss *loss)
{
	unsigned nr = 0;

	if (!is_pcap(p)) {
		blocks_count(p->data + from, p->len - from, loss);
		return;
	}
	for (size_t at = 0; nr < p->n_records; at += record_len(p->data + at), nr++)
		if (at >= from)
			count_frame(&loss[p->ifaces[nr]], raw32_at(p->data + at + 12));
}

void block_fill(uint8_t *at, size_t len)
{
	memset(at, 0, len); /* no names, no options */
	raw32_put(at, BLOCK_NRB);
	raw32_put(at + 4, (uint32_t)len);
	raw32_put(at + len - BLOCK_TRAILER, (uint32_t)len);
}

size_t filler_len(uint64_t size, size_t align)
{
	const size_t len = (align - size % align) % align;

	return len && len < CAPTURE_FILLER_MIN ? len + align : len;
}

struct parcel *parcel_new(enum weir_trace_format format)
{
	CLEANUP(parcel_freep)
	struct parcel *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->format = format;
	p->data = aligned_alloc(CAPTURE_PAGE, PARCEL_SIZE);
	if (is_pcap(p))
		p->ifaces = calloc(PARCEL_SIZE / PCAP_RECORD_HEADER, sizeof(*p->ifaces));
	if (!p->data || (is_pcap(p) && !p->ifaces))
		return NULL;
	return TAKE_PTR(p);
}

struct parcel *parcel_free(struct parcel *p)
{
	if (!p)
		return NULL;
	free(p->ifaces);
	free(p->data);
	free(p);
	return NULL;
}
