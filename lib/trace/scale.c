/* SPDX-License-Identifier: BSD-2-Clause */
/* Times as interfaces of a pcapng file count them: the way back of what the reader does. */
#include <errno.h>

#include "trace/writer.h"

enum {
	TSRESOL_NS = 9,
	TSRESOL_US = 6, /* what counts if nothing is told */
	TSRESOL_BINARY = 0x80,
	POWER_OF_TEN_MAX = 19,
	POWER_OF_TWO_MAX = 63,
};

static int read_options(const struct weir_options *o, unsigned *ret_tsresol, int64_t *ret_offset_s)
{
	for (uint32_t at = 0; o->len - at >= OPT_HEADER;) {
		const uint8_t *p = o->data + at;
		const uint16_t code = raw16_at(p), len = raw16_at(p + 2);
		const size_t size = OPT_HEADER + padded(len);

		if (size > o->len - at)
			return -EINVAL;
		if (code == OPT_IF_TSRESOL && len == 1)
			*ret_tsresol = p[OPT_HEADER];
		else if (code == OPT_IF_TSOFFSET && len == 8)
			*ret_offset_s = (int64_t)raw64_at(p + OPT_HEADER);
		at += (uint32_t)size;
	}
	return 0;
}

/* The last tick's time, if our times do not end before. */
static int64_t find_end(const struct scale *s)
{
	const unsigned __int128 ns = (unsigned __int128)UINT64_MAX * NSEC_PER_SEC / s->ticks_per_s;

	if (ns > (unsigned __int128)INT64_MAX - (uint64_t)MAX(s->offset_ns, 0))
		return INT64_MAX;
	return (int64_t)ns + s->offset_ns;
}

int scale_init(struct scale *s, const struct weir_options *options)
{
	unsigned tsresol = options->data ? TSRESOL_US : TSRESOL_NS, power;
	int64_t offset_s = 0;

	if (read_options(options, &tsresol, &offset_s) < 0)
		return -EINVAL;
	power = tsresol & ~TSRESOL_BINARY;
	*s = (struct scale){ .ticks_per_s = 1, .binary = tsresol & TSRESOL_BINARY };
	if (power > (s->binary ? POWER_OF_TWO_MAX : POWER_OF_TEN_MAX))
		return -EINVAL;

	for (unsigned i = 0; i < power; i++)
		s->ticks_per_s *= s->binary ? 2 : 10;
	if (NSEC_PER_SEC % s->ticks_per_s == 0)
		s->ns_per_tick = NSEC_PER_SEC / s->ticks_per_s;
	if (__builtin_mul_overflow(offset_s, (int64_t)NSEC_PER_SEC, &s->offset_ns)) {
		s->begin_ns = INT64_MAX; /* none of our times is one of these */
		s->end_ns = INT64_MIN;
		return 0;
	}
	s->begin_ns = MAX(s->offset_ns, 0);
	s->end_ns = find_end(s);
	return 0;
}

uint64_t scale_ticks_slow(const struct scale *s, int64_t ns)
{
	unsigned __int128 t = (uint64_t)ns - (uint64_t)s->offset_ns;

	t *= s->ticks_per_s;
	if (s->binary)
		t += NSEC_PER_SEC - 1;
	return (uint64_t)(t / NSEC_PER_SEC);
}
