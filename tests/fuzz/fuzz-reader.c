/* SPDX-License-Identifier: BSD-2-Clause */
/* The whole reader over memory: every byte that it lends is looked at, and what it
 * promises of a record is checked. */
#include <string.h>

#include <weir/trace.h>

#include "fuzz.h"

enum {
	FRAMES_MAX = 100000, /* a small compressed input can hold very many */
	FRAME_MAX = 128 << 20,
};

static void check_record(const struct weir_reader *r, const struct weir_record *rec, uint64_t nr)
{
	static volatile uint8_t sink;
	uint8_t sum = 0;

	FUZZ_CHECK(rec->nr == nr);
	FUZZ_CHECK(rec->iface < weir_reader_info(r)->n_ifaces);
	FUZZ_CHECK(rec->linktype == weir_reader_iface(r, rec->iface)->linktype);
	FUZZ_CHECK(rec->len <= FRAME_MAX);
	for (uint32_t i = 0; i < rec->len; i++)
		sum ^= rec->data[i];
	sink = sum;
	(void)sink; /* only written, so that the loop stays */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct weir_err err = { 0 }, again = { 0 };
	struct weir_record rec;
	struct weir_reader *r;
	uint64_t nr = 0;
	int ret;

	if (weir_reader_open_mem("input", data, size, &r, &err) < 0) {
		FUZZ_CHECK(err.text[0]);
		return 0;
	}
	do {
		ret = weir_reader_next(r, &rec, &err);
		if (ret == 1)
			check_record(r, &rec, ++nr);
	} while (ret == 1 && nr < FRAMES_MAX);

	FUZZ_CHECK(weir_reader_position(r) <= (int64_t)size);
	if (ret < 0) { /* an error is told, and stays */
		FUZZ_CHECK(err.text[0]);
		FUZZ_CHECK(weir_reader_next(r, &rec, &again) == ret);
		FUZZ_CHECK(strcmp(err.text, again.text) == 0);
	}
	weir_reader_close(r);
	return 0;
}
