/* SPDX-License-Identifier: BSD-2-Clause */
/* Decompression alone, with windows of changing size. */
#include "fuzz.h"
#include "trace/decompress.h"

enum {
	OUT_MAX = 8 << 20, /* a small input can become very much */
};

static void drain(struct source *s)
{
	static volatile uint8_t sink;
	uint64_t total = 0;
	size_t want = 1;

	while (total < OUT_MAX) {
		const uint8_t *p = source_need(s, want);
		const size_t n = p ? want : source_left(s);

		for (size_t i = 0; i < n; i++)
			sink = s->pos[i];
		source_consume(s, n);
		total += n;
		FUZZ_CHECK(source_offset(s) == total);
		if (!p)
			break;
		want = want * 7 % 100003 + 1;
	}
	(void)sink; /* only written, so that the loop stays */
	FUZZ_CHECK(total >= OUT_MAX || s->status == 1 || s->err.text[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum weir_compression compression;
	struct source *s;

	if (source_open_mem(data, size, &s, NULL) < 0)
		return 0;
	if (decompress_wrap(&s, &compression) == 0) {
		drain(s);
		FUZZ_CHECK(source_position(s) <= size);
	}
	source_close(s);
	return 0;
}
