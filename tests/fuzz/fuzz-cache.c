/* SPDX-License-Identifier: BSD-2-Clause */
/* tcpprep's caches: what is read can be asked for every frame, and grows. */
#include <weir/split.h>

#include <stdlib.h>

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct weir_cache *c = NULL;
	struct weir_err err = { 0 };
	uint64_t n;

	if (weir_cache_parse("input", data, size, &c, &err) < 0) {
		FUZZ_CHECK(err.text[0] && !c);
		return 0;
	}
	n = weir_cache_count(c);
	FUZZ_CHECK(n <= size * 4);
	for (uint64_t nr = 0; nr <= n + 1; nr++) {
		enum weir_verdict v = weir_cache_get(c, nr);

		FUZZ_CHECK(v == WEIR_DONT_SEND || v == WEIR_SECONDARY || v == WEIR_PRIMARY);
		FUZZ_CHECK(v == WEIR_DONT_SEND || (nr >= 1 && nr <= n));
	}
	for (unsigned i = 0; i < 5; i++) {
		FUZZ_CHECK(weir_cache_append(c, WEIR_SECONDARY) == 0);
		FUZZ_CHECK(weir_cache_get(c, n + i + 1) == WEIR_SECONDARY);
	}
	weir_cache_free(c);
	return 0;
}
