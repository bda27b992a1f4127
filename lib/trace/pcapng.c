/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading pcapng. Blocks without frames are passed over by their length, or taken down. */
#include "trace/pcapng.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <weir/block.h>

#include "trace/native.h"
#include "trace/reader.h"

enum {
	/* The longest blocks that are read in one piece: as libpcap has it, and the same
	 * beside the longest frame of any link type. */
	BLOCK_MAX = 16 * 1024 * 1024,
	PACKET_BLOCK_MAX = READER_CAPLEN_MAX + BLOCK_MAX,
	SKIP_STEP = 64 * 1024,
};

/* Where the fields of a packet block are, from the beginning of the block. */
struct packet_layout {
	uint32_t fixed; /* bytes before the frame */
	uint8_t iface_bytes, iface, ts, caplen, len;
};

static const struct packet_layout epb_layout = {
	.fixed = EPB_FIXED, .iface_bytes = 4, .iface = 8, .ts = 12, .caplen = 20, .len = 24
};
static const struct packet_layout pb_layout = {
	.fixed = PB_FIXED, .iface_bytes = 2, .iface = 8, .ts = 12, .caplen = 20, .len = 24
};
/* No interface (it is the section's first), no time, no captured length, no options. */
static const struct packet_layout spb_layout = { .fixed = SPB_FIXED, .len = 8 };

bool pcapng_match(const uint8_t *magic)
{
	return raw32_at(magic) == BLOCK_SHB;
}

/* 10^n, n <= 19. */
static uint64_t power_of_ten(unsigned n)
{
	uint64_t v = 1;

	while (n--)
		v *= 10;
	return v;
}

static void set_quick(struct tick *t)
{
	if (t->div != 1 || t->shift ||
	    __builtin_mul_overflow(t->offset_s, (int64_t)NSEC_PER_SEC, &t->offset_ns))
		return;
	/* What is left between the offset and the end of the scale. */
	t->quick_end = (uint64_t)(INT64_MAX - MAX(t->offset_ns, 0)) / t->mul + 1;
}

/* Sets up the conversion of times, if_tsresol as in the file. -EINVAL: too fine. */
static int tick_init(struct tick *t, uint8_t tsresol, int64_t offset_s)
{
	const unsigned power = tsresol & 0x7f;

	*t = (struct tick){ .mul = 1, .div = 1, .offset_s = offset_s };
	if (tsresol & 0x80) {
		if (power > 63)
			return -EINVAL;
		t->mul = NSEC_PER_SEC;
		t->shift = power;
	} else if (power <= 9) {
		t->mul = power_of_ten(9 - power);
	} else {
		if (power > 19)
			return -EINVAL;
		t->div = power_of_ten(power - 9);
	}
	set_quick(t);
	return 0;
}

static int64_t tick_ns_slow(const struct tick *t, uint64_t ticks)
{
	unsigned __int128 ns = ((unsigned __int128)ticks * t->mul / t->div) >> t->shift;
	__int128 sum = (__int128)ns + (__int128)t->offset_s * (int64_t)NSEC_PER_SEC;

	if (sum > INT64_MAX)
		return INT64_MAX;
	return sum < INT64_MIN ? INT64_MIN : (int64_t)sum;
}

static inline int64_t tick_ns(const struct tick *t, uint64_t ticks)
{
	if (likely(ticks < t->quick_end))
		return (int64_t)(ticks * t->mul) + t->offset_ns;
	return tick_ns_slow(t, ticks);
}

/* The length of a block stands at both of its ends. */
static inline int check_trailer(struct weir_reader *r, uint32_t len, const uint8_t *trailer,
				struct weir_err *err)
{
	uint32_t again = reader_u32(r, trailer);

	if (unlikely(again != len))
		return reader_fail(r, err, -EBADMSG,
				   "block length is %u at its beginning but %u at its end", len,
				   again);
	return 0;
}

static void block_done(struct weir_reader *r, size_t n)
{
	source_consume(r->src, n);
	r->pcapng.block_nr++;
}

/* The whole block in one piece, or NULL with the result of the call in *ret. */
static inline const uint8_t *whole_block(struct weir_reader *r, uint32_t len, uint32_t max,
					 int *ret, struct weir_err *err)
{
	const uint8_t *p;

	if (unlikely(len > max)) {
		*ret = reader_fail(r, err, -EBADMSG, "block length %u is more than %u", len, max);
		return NULL;
	}
	p = source_need(r->src, len);
	if (unlikely(!p)) {
		*ret = reader_short(r, err, len);
		return NULL;
	}
	*ret = check_trailer(r, len, p + len - BLOCK_TRAILER, err);
	return *ret < 0 ? NULL : p;
}

/* A copy of options, *ret_mem, which is the caller's, as *ret_options. */
static int keep_options(struct weir_reader *r, uint32_t type, const uint8_t *p, size_t n,
			uint8_t **ret_mem, struct weir_options *ret_options, struct weir_err *err)
{
	uint8_t *mem = malloc(n + 1);

	if (!mem)
		return reader_fail(r, err, -ENOMEM, "no memory for its options");
	*ret_options = (struct weir_options){
		.data = mem, .len = (uint32_t)native_options(type, r->info.swapped, p, n, mem)
	};
	*ret_mem = mem;
	return 0;
}

static int read_section(struct weir_reader *r, uint32_t len, struct weir_err *err)
{
	const uint8_t *p;
	uint16_t major;
	int ret;

	p = whole_block(r, len, BLOCK_MAX, &ret, err);
	if (!p)
		return ret;
	if (len < SHB_FIXED + BLOCK_TRAILER)
		return reader_fail(r, err, -EBADMSG, "section header of only %u bytes", len);
	major = reader_u16(r, p + 12);
	if (major != 1)
		return reader_fail(r, err, -EBADMSG, "pcapng version %u.%u is unknown", major,
				   reader_u16(r, p + 14));
	if (!r->info.section.data) {
		ret = keep_options(r, BLOCK_SHB, p + SHB_FIXED, len - SHB_FIXED - BLOCK_TRAILER,
				   &r->pcapng.section, &r->info.section, err);
		if (ret < 0)
			return ret;
	}

	r->info.major = major;
	r->info.minor = reader_u16(r, p + 14);
	r->info.n_sections++;
	r->pcapng.iface_base = r->info.n_ifaces;
	block_done(r, len);
	return 0;
}

/* Cuts at a whole UTF-8 character. */
static void set_name(char *name, size_t size, const uint8_t *value, size_t len)
{
	if (len >= size) {
		len = size - 1;
		while (len && (value[len] & 0xc0) == 0x80)
			len--;
	}
	memcpy(name, value, len);
	name[len] = '\0';
}

static int read_iface_option(struct weir_reader *r, struct weir_trace_iface *iface, uint16_t code,
			     const uint8_t *value, uint16_t len, struct weir_err *err)
{
	switch (code) {
	case OPT_IF_NAME:
		set_name(iface->name, sizeof(iface->name), value, len);
		break;
	case OPT_IF_TSRESOL:
		if (len != 1)
			return reader_fail(r, err, -EBADMSG, "if_tsresol of %u bytes", len);
		iface->tsresol = value[0];
		break;
	case OPT_IF_TSOFFSET:
		if (len != 8)
			return reader_fail(r, err, -EBADMSG, "if_tsoffset of %u bytes", len);
		iface->tsoffset_s = (int64_t)reader_u64(r, value);
		break;
	default:
		break;
	}
	return 0;
}

static int read_iface_options(struct weir_reader *r, struct weir_trace_iface *iface,
			      const uint8_t *p, const uint8_t *end, struct weir_err *err)
{
	while (end - p >= OPT_HEADER) {
		const uint16_t code = reader_u16(r, p);
		const uint16_t len = reader_u16(r, p + 2);
		const size_t size = padded(len);
		int ret;

		if (code == OPT_END)
			return 0;
		p += OPT_HEADER;
		if (size > (size_t)(end - p))
			return reader_fail(r, err, -EBADMSG,
					   "option %u of %u bytes goes beyond its block", code,
					   len);
		ret = read_iface_option(r, iface, code, p, len, err);
		if (ret < 0)
			return ret;
		p += size;
	}
	return 0;
}

static int read_iface(struct weir_reader *r, uint32_t len, struct weir_err *err)
{
	struct weir_trace_iface options = { .tsresol = 6 };
	struct reader_iface *iface;
	uint8_t *mem = NULL;
	const uint8_t *p;
	struct tick tick;
	int ret;

	p = whole_block(r, len, BLOCK_MAX, &ret, err);
	if (!p)
		return ret;
	if (len < IDB_FIXED + BLOCK_TRAILER)
		return reader_fail(r, err, -EBADMSG, "interface description of only %u bytes", len);
	ret = read_iface_options(r, &options, p + IDB_FIXED, p + len - BLOCK_TRAILER, err);
	if (ret < 0)
		return ret;
	if (tick_init(&tick, options.tsresol, options.tsoffset_s) < 0)
		return reader_fail(r, err, -EBADMSG, "if_tsresol %s^-%u is too fine",
				   options.tsresol & 0x80 ? "2" : "10", options.tsresol & 0x7f);

	ret = keep_options(r, BLOCK_IDB, p + IDB_FIXED, len - IDB_FIXED - BLOCK_TRAILER, &mem,
			   &options.options, err);
	if (ret < 0)
		return ret;
	ret = reader_add_iface(r, reader_u16(r, p + 8), reader_u32(r, p + 12), &iface, err);
	if (ret < 0) {
		free(mem);
		return ret;
	}
	options.linktype = iface->pub.linktype;
	options.snaplen = iface->pub.snaplen;
	iface->pub = options;
	iface->tick = tick;
	iface->options = mem;
	block_done(r, len);
	return 0;
}

/* Passes over what is left of the block in r->pcapng.skip. */
static int skip_block(struct weir_reader *r, struct weir_err *err)
{
	const uint8_t *p;
	int ret;

	while (r->pcapng.skip) {
		const size_t n = MIN(r->pcapng.skip, (uint64_t)SKIP_STEP);

		if (!source_need(r->src, n))
			return reader_short(r, err, r->pcapng.skip_len);
		source_consume(r->src, n);
		r->pcapng.skip -= n;
	}
	p = source_need(r->src, BLOCK_TRAILER);
	if (!p)
		return reader_short(r, err, r->pcapng.skip_len);
	ret = check_trailer(r, r->pcapng.skip_len, p, err);
	if (ret < 0)
		return ret;
	r->pcapng.skip_len = 0;
	block_done(r, BLOCK_TRAILER);
	return 0;
}

/* The body of a packet block, once it is whole. */
static inline void fill_record(struct weir_reader *r, const struct packet_layout *l,
			       const uint8_t *p, const struct reader_iface *iface, uint32_t caplen,
			       struct weir_record *ret_rec)
{
	*ret_rec = (struct weir_record){
		.data = p + l->fixed,
		.len = caplen,
		.orig_len = reader_u32(r, p + l->len),
		.iface = (uint32_t)(iface - r->ifaces),
		.linktype = iface->pub.linktype,
		.nr = ++r->nr,
		.offset = source_offset(r->src),
	};
	if (l->ts)
		ret_rec->ts_ns = tick_ns(&iface->tick, (uint64_t)reader_u32(r, p + l->ts) << 32 |
							       reader_u32(r, p + l->ts + 4));
}

/* Takes down the options of the frame just read. The two kinds of packet blocks that have some
 * number them alike. */
static int note_options(struct weir_reader *r, const uint8_t *p, size_t n, struct weir_err *err)
{
	struct weir_notes *notes = r->pcapng.notes;
	const struct note note = { .nr = r->nr, .type = BLOCK_EPB };
	uint8_t *dst;

	if (n < OPT_HEADER || !notes_want(notes, BLOCK_EPB))
		return 0;
	dst = notes_reserve(notes, n);
	if (!dst)
		return reader_fail(r, err, -ENOMEM, "no memory for its options");
	n = native_options(BLOCK_EPB, r->info.swapped, p, n, dst);
	if (n)
		notes_add(notes, &note, n);
	return 0;
}

/* Inlined once for each layout, which is known then. */
static inline __attribute__((always_inline)) int
read_packet(struct weir_reader *r, const struct packet_layout *l, uint32_t len,
	    struct weir_record *ret_rec, struct weir_err *err)
{
	const struct reader_iface *iface;
	uint32_t id = 0, caplen, end;
	const uint8_t *p;
	int ret;

	if (unlikely(len < l->fixed + BLOCK_TRAILER))
		return reader_fail(r, err, -EBADMSG, "packet block of only %u bytes", len);
	p = whole_block(r, len, PACKET_BLOCK_MAX, &ret, err);
	if (unlikely(!p))
		return ret;
	if (l->iface_bytes)
		id = l->iface_bytes == 2 ? reader_u16(r, p + l->iface)
					 : reader_u32(r, p + l->iface);
	if (unlikely(id >= r->info.n_ifaces - r->pcapng.iface_base))
		return reader_fail(r, err, -EBADMSG,
				   "frame of interface %u, but its section has only %u", id,
				   r->info.n_ifaces - r->pcapng.iface_base);

	iface = &r->ifaces[r->pcapng.iface_base + id];
	caplen = l->caplen ? reader_u32(r, p + l->caplen)
			   : MIN(reader_u32(r, p + l->len), iface->pub.snaplen);
	if (unlikely(caplen > len - l->fixed - BLOCK_TRAILER))
		return reader_fail(r, err, -EBADMSG,
				   "captured length %u does not fit a block of %u bytes", caplen,
				   len);
	if (unlikely(caplen > iface->max_caplen))
		return reader_fail(r, err, -EBADMSG,
				   "captured length %u is more than a frame can have (%u)", caplen,
				   iface->max_caplen);

	fill_record(r, l, p, iface, caplen, ret_rec);
	end = l->fixed + (uint32_t)padded(caplen);
	if (unlikely(len > end + BLOCK_TRAILER) && l->caplen && r->pcapng.notes) {
		ret = note_options(r, p + end, len - end - BLOCK_TRAILER, err);
		if (ret < 0)
			return ret;
	}
	block_done(r, len);
	return 1;
}

/* The type and length of the block that begins here. 1, 0 at the end of the file, or
 * negative. A section header sets the byte order. */
static inline int block_begin(struct weir_reader *r, uint32_t *ret_type, uint32_t *ret_len,
			      struct weir_err *err)
{
	const uint8_t *p = source_need(r->src, BLOCK_MIN);

	if (unlikely(!p)) {
		if (r->src->status == 1 && source_left(r->src) == 0)
			return 0;
		return reader_short(r, err, BLOCK_MIN);
	}

	if (unlikely(raw32_at(p) == BLOCK_SHB)) {
		if (be32_at(p + 8) != BYTE_ORDER_MAGIC && le32_at(p + 8) != BYTE_ORDER_MAGIC)
			return reader_fail(r, err, -EBADMSG, "section with byte-order magic 0x%08x",
					   be32_at(p + 8));
		r->info.big_endian = be32_at(p + 8) == BYTE_ORDER_MAGIC;
		r->info.swapped = raw32_at(p + 8) != BYTE_ORDER_MAGIC;
	}
	*ret_type = reader_u32(r, p);
	*ret_len = reader_u32(r, p + 4);
	if (unlikely(*ret_len < BLOCK_MIN || *ret_len % 4))
		return reader_fail(r, err, -EBADMSG, "block length %u is %s", *ret_len,
				   *ret_len % 4 ? "not a multiple of 4" : "less than 12");
	return 1;
}

/* Takes down a block that stands before the next frame. */
static int note_block(struct weir_reader *r, uint32_t type, uint32_t len, struct weir_err *err)
{
	struct weir_notes *notes = r->pcapng.notes;
	const struct note note = { .nr = r->nr + 1, .type = type };
	const uint8_t *p;
	uint8_t *dst;
	size_t n;
	int ret;

	p = whole_block(r, len, BLOCK_MAX, &ret, err);
	if (!p)
		return ret;
	dst = notes_reserve(notes, len);
	if (!dst)
		return reader_fail(r, err, -ENOMEM, "no memory for a block of %u bytes", len);
	n = native_block(type, r->info.swapped, p + BLOCK_HEADER, len - BLOCK_MIN, dst);
	if (type == BLOCK_ISB && n >= ISB_FIXED - BLOCK_HEADER) /* numbered in its section */
		raw32_put(dst, raw32_at(dst) + r->pcapng.iface_base);
	notes_add(notes, &note, n);
	block_done(r, len);
	return 0;
}

/* A block that holds no frame. */
static int other_block(struct weir_reader *r, uint32_t type, uint32_t len, struct weir_err *err)
{
	if (type == BLOCK_SHB)
		return read_section(r, len, err);
	if (type == BLOCK_IDB)
		return read_iface(r, len, err);
	if (r->pcapng.notes && notes_want(r->pcapng.notes, type) && len <= BLOCK_MAX)
		return note_block(r, type, len, err);

	r->pcapng.skip_offset = source_offset(r->src);
	source_consume(r->src, BLOCK_HEADER);
	r->pcapng.skip = len - BLOCK_MIN;
	r->pcapng.skip_len = len;
	return skip_block(r, err);
}

static bool is_packet(uint32_t type)
{
	return type == BLOCK_EPB || type == BLOCK_SPB || type == BLOCK_PB;
}

static int pcapng_next(struct weir_reader *r, struct weir_record *ret_rec, struct weir_err *err)
{
	for (;;) {
		uint32_t type = 0, len = 0;
		int ret;

		if (unlikely(r->pcapng.skip_len)) { /* a signal came in the middle of it */
			ret = skip_block(r, err);
			if (ret < 0)
				return ret;
		}
		ret = block_begin(r, &type, &len, err);
		if (unlikely(ret <= 0))
			return ret;

		if (likely(type == BLOCK_EPB))
			return read_packet(r, &epb_layout, len, ret_rec, err);
		if (type == BLOCK_SPB)
			return read_packet(r, &spb_layout, len, ret_rec, err);
		if (type == BLOCK_PB)
			return read_packet(r, &pb_layout, len, ret_rec, err);
		ret = other_block(r, type, len, err);
		if (ret < 0)
			return ret;
	}
}

/* Reads on to the first interface, so that callers learn the link type before the
 * first frame. What is wrong in these blocks is told by the first next(). */
static void find_first_iface(struct weir_reader *r)
{
	while (!r->info.n_ifaces) {
		uint32_t type = 0, len = 0;

		if (block_begin(r, &type, &len, NULL) <= 0 || is_packet(type))
			return;
		if (other_block(r, type, len, NULL) < 0)
			return;
	}
}

int pcapng_open(struct weir_reader *r, struct weir_err *err)
{
	uint32_t type = 0, len = 0;
	int ret;

	r->info.format = WEIR_TRACE_PCAPNG;
	r->info.magic = BLOCK_SHB;
	r->next = pcapng_next;
	ret = block_begin(r, &type, &len, err);
	if (ret <= 0)
		return ret;
	ret = read_section(r, len, err);
	if (ret < 0)
		return ret;
	r->pcapng.early.which = WEIR_NOTES_ALL;
	r->pcapng.notes = &r->pcapng.early;
	find_first_iface(r);
	r->pcapng.notes = NULL;
	return 0;
}
