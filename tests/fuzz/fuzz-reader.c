/* SPDX-License-Identifier: BSD-2-Clause */
/* The whole reader over memory: every byte that it lends is looked at, and what it
 * promises of a record is checked. Then all that it tells goes to another file. */
#include <string.h>

#include <weir/block.h>
#include <weir/trace.h>

#include "fuzz.h"

enum {
	FRAMES_MAX = 100000, /* a small compressed input can hold very many */
	FRAME_MAX = 128 << 20,
	BLOCKS_MAX = 100,
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

/* Frames are written as long as they can be. */
static void copy_blocks(struct weir_reader *r, struct weir_writer *w, struct weir_block *b)
{
	uint32_t n = 1;

	for (unsigned i = 0; i < BLOCKS_MAX && weir_reader_fill(r, b, NULL) == 1; i++) {
		for (; n < weir_notes_ifaces(b->notes); n++) {
			uint32_t nr;

			if (weir_writer_add_iface(w, weir_reader_iface(r, n), &nr, NULL) < 0)
				return;
			FUZZ_CHECK(nr == n);
		}
		if (weir_writer_write_block(w, b, NULL) < 0)
			return;
	}
}

static void copy(const uint8_t *data, size_t size)
{
	struct weir_writer_opts opts = { .format = WEIR_TRACE_PCAPNG };
	struct weir_writer *w = NULL;
	struct weir_block *b = NULL;
	struct weir_reader *r = NULL;

	FUZZ_CHECK(weir_reader_open_mem("input", data, size, &r, NULL) == 0);
	opts.section = weir_reader_info(r)->section;
	if (weir_reader_info(r)->n_ifaces) {
		opts.linktype = weir_reader_iface(r, 0)->linktype;
		opts.iface = weir_reader_iface(r, 0)->options;
	}
	if (weir_writer_open("/dev/null", &opts, &w, NULL) == 0 &&
	    weir_block_new(0, &b, NULL) == 0 && weir_block_note(b, WEIR_NOTES_ALL, NULL) == 0)
		copy_blocks(r, w, b);
	weir_block_free(b);
	weir_writer_close(w);
	weir_reader_close(r);
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
	copy(data, size);
	return 0;
}
