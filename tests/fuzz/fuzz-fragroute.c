/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fragroute's rules, and cutting: texts of rules, and frames that they are applied to.
 *
 *     |link type|flags|segment|fragment|rules, up to a 0|length|frame|length|frame|...
 *
 * The two limits are in units of 8 bytes. Whatever the frame is, what comes out has room
 * and lengths that fit.
 */
#include <weir/chain.h>
#include <weir/cut.h>
#include <weir/fragroute.h>

#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

enum {
	QUIRKS = 1U << 0,
	DROP = 1U << 1,
	CUT = 1U << 2, /* the capture had cut the frames */
	ANY_DF = 1U << 3,
};

static const uint16_t linktypes[] = { 1,   1,	1,   101, 113, 276, 0,	 108, 104,
				      105, 127, 178, 50,  9,   228, 229, 147 };

static void print(void *ctx, const char *line)
{
	(void)ctx;
	FUZZ_CHECK(strlen(line) < 2048);
}

static void take(struct weir_chain *c)
{
	struct weir_buf *out;
	int n;

	while ((n = weir_chain_take(c, &out)) > 0) {
		for (int i = 0; i < n; i++) {
			uint8_t sum = 0;

			FUZZ_CHECK(out[i].len <= out[i].room);
			for (uint32_t j = 0; j < out[i].len; j++)
				sum = (uint8_t)(sum + out[i].data[j]); /* all can be read */
			(void)*(volatile uint8_t *)&sum;
		}
	}
}

static void put(struct weir_chain *c, uint16_t linktype, unsigned flags, uint64_t nr,
		const uint8_t *data, uint32_t len)
{
	uint8_t *mem = malloc(len + 1u);
	struct weir_buf b = { .data = mem,
			      .len = len,
			      .room = len,
			      .orig_len = flags & CUT ? 2 * len : len,
			      .nr = nr,
			      .ts_ns = (int64_t)nr * 1000000,
			      .linktype = linktype };

	if (!mem)
		return;
	memcpy(mem, data, len);
	if (weir_chain_put(c, &b, 1) >= 0)
		take(c);
	free(mem);
}

static void put_all(struct weir_chain *c, const uint8_t *head, const uint8_t *data, size_t size)
{
	uint16_t linktype = linktypes[head[0] % (sizeof(linktypes) / sizeof(linktypes[0]))];
	uint64_t nr = 0;

	while (size > 1 && nr < 16) {
		uint32_t len = data[0] < size - 1 ? data[0] : (uint32_t)(size - 1);

		put(c, linktype, head[1], ++nr, data + 1, len);
		data += 1 + len;
		size -= 1 + len;
	}
	weir_chain_end(c);
	take(c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = size > 4 ? memchr(data + 4, 0, size - 4) : NULL;
	struct weir_fragroute_opts opts = { .name = "rules",
					    .rules = (const char *)data + 4,
					    .print = print };
	struct weir_cut_opts cut = { 0 };
	struct weir_fragroute *rules = NULL;
	struct weir_cutter *cutter = NULL;
	struct weir_err err = { 0 };
	struct weir_stage stages[2];
	struct weir_chain chain;

	if (!end)
		return 0;
	opts.quirks = data[1] & QUIRKS ? WEIR_FRAGROUTE_QUIRKS_TCPREWRITE : 0;
	opts.drop_failed = cut.drop_failed = data[1] & DROP;
	cut.segment = data[2] * 8u;
	cut.fragment = data[3] * 8u;
	cut.fragment_df = data[1] & ANY_DF;
	if (weir_fragroute_new(&opts, &rules, &err) < 0) {
		FUZZ_CHECK(err.text[0]);
	} else if (weir_cutter_new(&cut, &cutter, &err) >= 0) {
		stages[0] = weir_cutter_stage(cutter);
		stages[1] = weir_fragroute_stage(rules);
		weir_chain_init(&chain, stages, 2);
		put_all(&chain, data, end + 1, size - (size_t)(end + 1 - data));
	}
	weir_cutter_free(cutter);
	weir_fragroute_free(rules);
	return 0;
}
