/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading classic pcap, as libpcap 1.10 does. */
#include "trace/pcap.h"

#include <errno.h>
#include <limits.h>

#include "trace/reader.h"

static bool is_magic(uint32_t v)
{
	return v == PCAP_MAGIC_US || v == PCAP_MAGIC_NS || v == PCAP_MAGIC_KUZNETZOV;
}

bool pcap_match(const uint8_t *magic)
{
	return is_magic(be32_at(magic)) || is_magic(le32_at(magic));
}

static int pcap_end(struct weir_reader *r, size_t n, struct weir_err *err)
{
	if (r->src->status == 1 && source_left(r->src) == 0)
		return 0;
	return reader_short(r, err, n);
}

/* Which of the two lengths of a record comes first? Version 2.3 put them in today's
 * order, but some programs wrote 2.3 and the old order. */
static void settle_lengths(const struct weir_reader *r, uint32_t *caplen, uint32_t *len)
{
	uint32_t old = *caplen;

	if (r->pcap.lengths_maybe_swapped && *caplen <= *len)
		return;
	*caplen = *len;
	*len = old;
}

static int pcap_next(struct weir_reader *r, struct weir_record *ret_rec, struct weir_err *err)
{
	const struct reader_iface *iface = r->ifaces;
	const size_t header = r->pcap.header_size;
	struct source *src = r->src;
	const uint8_t *p = source_need(src, header);
	uint32_t caplen, len;

	if (unlikely(!p))
		return pcap_end(r, header, err);

	caplen = reader_u32(r, p + 8);
	len = reader_u32(r, p + 12);
	if (unlikely(r->pcap.lengths_swapped || r->pcap.lengths_maybe_swapped))
		settle_lengths(r, &caplen, &len);
	if (unlikely(caplen > iface->max_caplen))
		return reader_fail(r, err, -EBADMSG,
				   "captured length %u is more than a frame can have (%u)", caplen,
				   iface->max_caplen);

	p = source_need(src, header + caplen);
	if (unlikely(!p))
		return reader_short(r, err, header + caplen);

	*ret_rec = (struct weir_record){
		.data = p + header,
		.len = MIN(caplen, iface->pub.snaplen),
		.orig_len = len,
		.ts_ns = reader_u32(r, p) * (int64_t)NSEC_PER_SEC +
			 reader_u32(r, p + 4) * (int64_t)r->pcap.frac_ns,
		.linktype = iface->pub.linktype,
		.nr = ++r->nr,
		.offset = source_offset(src),
	};
	source_consume(src, header + caplen);
	return 1;
}

static void set_magic(struct weir_reader *r, const uint8_t *p)
{
	r->info.big_endian = is_magic(be32_at(p));
	r->info.magic = r->info.big_endian ? be32_at(p) : le32_at(p);
	r->info.swapped = r->info.magic != raw32_at(p);
	r->pcap.header_size = PCAP_RECORD_HEADER;
	r->pcap.frac_ns = NSEC_PER_USEC;

	switch (r->info.magic) {
	case PCAP_MAGIC_NS:
		r->info.format = WEIR_TRACE_PCAP_NS;
		r->pcap.frac_ns = 1;
		break;
	case PCAP_MAGIC_KUZNETZOV:
		r->info.format = WEIR_TRACE_PCAP_KUZNETZOV;
		r->pcap.header_size = PCAP_RECORD_HEADER_KUZNETZOV;
		break;
	default:
		r->info.format = WEIR_TRACE_PCAP_US;
		break;
	}
}

static int set_version(struct weir_reader *r, uint16_t major, uint16_t minor, struct weir_err *err)
{
	/* 543.0 is what DG/UX's tcpdump wrote. */
	const bool dgux = major == 543 && minor == 0;

	if (!dgux && (major != 2 || minor > 4))
		return reader_fail(r, err, -EINVAL, "pcap version %u.%u is unknown", major, minor);
	r->info.major = major;
	r->info.minor = minor;
	r->pcap.lengths_swapped = dgux || minor < 3;
	r->pcap.lengths_maybe_swapped = !dgux && minor == 3;
	return 0;
}

int pcap_open(struct weir_reader *r, struct weir_err *err)
{
	struct reader_iface *iface;
	const uint8_t *p = source_need(r->src, PCAP_FILE_HEADER);
	int ret;

	if (!p)
		return reader_short(r, err, PCAP_FILE_HEADER);
	set_magic(r, p);
	ret = set_version(r, reader_u16(r, p + 4), reader_u16(r, p + 6), err);
	if (ret < 0)
		return ret;

	r->info.thiszone = (int32_t)reader_u32(r, p + 8);
	r->info.sigfigs = reader_u32(r, p + 12);
	r->info.snaplen = reader_u32(r, p + 16);
	r->info.network = reader_u32(r, p + 20);
	r->info.n_sections = 1;
	ret = reader_add_iface(r, r->info.network & PCAP_LINKTYPE_MASK, r->info.snaplen, &iface,
			       err);
	if (ret < 0)
		return ret;
	iface->pub.tsresol = r->info.format == WEIR_TRACE_PCAP_NS ? 9 : 6;
	/* libpcap: a capture in cooked mode got an Ethernet header on top of the
	 * snapshot length, and the file does not tell cooked from raw. */
	if (r->info.format == WEIR_TRACE_PCAP_KUZNETZOV &&
	    iface->pub.linktype == WEIR_LINKTYPE_ETHERNET)
		iface->pub.snaplen = MIN(iface->pub.snaplen + 14, (uint32_t)INT_MAX);

	source_consume(r->src, PCAP_FILE_HEADER);
	r->next = pcap_next;
	return 0;
}
