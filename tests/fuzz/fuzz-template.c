/* SPDX-License-Identifier: BSD-2-Clause */
/* Templates: any text compiles or is refused, and what compiles makes frames that do not
 * depend on how many are made together. */
#include <stdlib.h>
#include <string.h>

#include <weir/gen.h>

#include "fuzz.h"

#define N 70u

static void check_frames(const struct weir_gen *g, uint64_t first, uint32_t max_len)
{
	uint8_t *mem = malloc((size_t)max_len * N + 1), *one = malloc(max_len + 1);
	struct weir_pkt pkts[N], p = { .data = one };
	uint32_t lens[N];

	if (mem && one) {
		for (unsigned i = 0; i < N; i++)
			pkts[i].data = mem + (size_t)i * max_len;
		weir_gen_frames(g, first, pkts, N);
		weir_gen_lens(g, first, N, lens);
		for (unsigned i = 0; i < N; i++) {
			weir_gen_frames(g, first + i, &p, 1);
			FUZZ_CHECK(p.len <= max_len && p.len == lens[i] && p.len == pkts[i].len);
			FUZZ_CHECK(!memcmp(p.data, pkts[i].data, p.len));
		}
	}
	free(mem);
	free(one);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct weir_gen_opts opts = { .text = (const char *)data, .len = size };
	struct weir_gen *g = NULL;
	struct weir_gen_info info;
	struct weir_err err;

	if (size < 1 || size > 4096)
		return 0;
	opts.text++;
	opts.len--;
	opts.stamp = data[0] & 1;
	opts.random_order = data[0] & 2;
	opts.size = data[0] & 4 ? "64-1500" : data[0] & 8 ? "imix" : NULL;
	if (weir_gen_new(&opts, &g, &err) < 0) {
		FUZZ_CHECK(err.text[0]);
		return 0;
	}
	weir_gen_info(g, &info);
	FUZZ_CHECK(info.n_frames > 0);
	check_frames(g, 0, info.max_len);
	check_frames(g, info.n_frames - 1, info.max_len);
	weir_gen_free(g);
	return 0;
}
