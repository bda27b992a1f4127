/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <string.h>

#include <weir/trace.h>

#include "base/macros.h"
#include "support/unit.h"
#include "trace/test-data.h"
#include "trace/test-pack.h"

static const struct encoder *const encoders[] = { &gzip_encoder, &zstd_encoder, &lz4_encoder };

enum {
	N_FRAMES = 3000, /* more than one block and buffer of every format */
	FRAME = 200,
};

/* A pcap whose frames do not compress much. */
static struct blob noisy_pcap(void)
{
	struct blob b = { 0 };
	uint32_t seed = 1;

	blob_pcap(&b, 0xa1b2c3d4, 4, 0, 1);
	for (unsigned i = 0; i < N_FRAMES; i++) {
		blob_record(&b, i, 0, FRAME, FRAME, 0, 0);
		for (unsigned k = 0; k < FRAME; k++) {
			seed = seed * 1664525 + 1013904223;
			b.data[b.size - 1 - k] = (uint8_t)(seed >> 24);
		}
	}
	return b;
}

/* Frames that come out right, and how it ends. */
static unsigned count(const struct blob *packed, const struct blob *plain, int *ret_end,
		      struct weir_err *err)
{
	struct weir_record rec;
	struct weir_reader *r;
	unsigned n = 0;

	*ret_end = weir_reader_open_mem("x", packed->data, packed->size, &r, err);
	if (*ret_end < 0)
		return 0;
	while ((*ret_end = weir_reader_next(r, &rec, err)) == 1) {
		assert_memory_equal(rec.data, plain->data + 24 + n * (16 + FRAME) + 16, FRAME);
		n++;
	}
	if (*ret_end == 0)
		assert_int_equal(weir_reader_position(r), packed->size);
	weir_reader_close(r);
	return n;
}

static void test_one_member_is_read(void **state)
{
	struct blob plain = noisy_pcap();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(encoders); i++) {
		struct blob packed = { 0 };
		int end;

		blob_pack(&packed, encoders[i], plain.data, plain.size);
		assert_int_equal(count(&packed, &plain, &end, NULL), N_FRAMES);
		assert_int_equal(end, 0);
		blob_done(&packed);
	}
	blob_done(&plain);
}

static void test_many_members_are_one_trace(void **state)
{
	struct blob plain = noisy_pcap();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(encoders); i++) {
		struct blob packed = { 0 };
		const size_t cut[] = { 0, 3, 3, 5000, plain.size }; /* one of them is empty */
		int end;

		for (size_t k = 0; k + 1 < ARRAY_SIZE(cut); k++)
			blob_pack(&packed, encoders[i], plain.data + cut[k], cut[k + 1] - cut[k]);
		assert_int_equal(count(&packed, &plain, &end, NULL), N_FRAMES);
		assert_int_equal(end, 0);
		blob_done(&packed);
	}
	blob_done(&plain);
}

/* zstd and lz4 share skippable frames: what follows decides. */
static void test_skippable_frames_may_come_first(void **state)
{
	struct blob plain = noisy_pcap();

	(void)state;
	for (size_t i = 1; i < ARRAY_SIZE(encoders); i++) {
		struct blob packed = { 0 };
		int end;

		for (uint32_t k = 0; k < 3; k++) {
			blob_32(&packed, 0x184d2a50 + k);
			blob_32(&packed, k * 100);
			(void)blob_grow(&packed, k * 100);
		}
		blob_pack(&packed, encoders[i], plain.data, plain.size);
		assert_int_equal(count(&packed, &plain, &end, NULL), N_FRAMES);
		assert_int_equal(end, 0);
		blob_done(&packed);
	}
	blob_done(&plain);
}

static void test_frames_before_a_cut_are_given(void **state)
{
	struct blob plain = noisy_pcap();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(encoders); i++) {
		struct blob packed = { 0 };
		unsigned last = 0;

		blob_pack(&packed, encoders[i], plain.data, plain.size);
		for (size_t whole = packed.size, cut = 64; cut < whole; cut += whole / 50) {
			struct weir_err err = { 0 };
			unsigned n;
			int end;

			packed.size = cut;
			n = count(&packed, &plain, &end, &err);
			assert_true(n >= last);
			assert_true(end < 0);
			assert_non_null(strstr(err.text, "cut off at byte"));
			last = n;
		}
		/* At most the last two compressed blocks are missing. */
		assert_true(last > N_FRAMES / 2);
		blob_done(&packed);
	}
	blob_done(&plain);
}

static void test_damage_is_found_and_told_with_its_place(void **state)
{
	struct blob plain = noisy_pcap();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(encoders); i++) {
		struct blob packed = { 0 };
		struct weir_err err = { 0 };
		unsigned n;
		int end;

		blob_pack(&packed, encoders[i], plain.data, plain.size);
		/* In the check sum at the end: of all formats, surely found. */
		packed.data[packed.size - (i == 0 ? 8 : 4)] ^= 1;
		n = count(&packed, &plain, &end, &err);
		assert_int_equal(end, -EBADMSG);
		assert_non_null(strstr(err.text, weir_compression_name(encoders[i]->compression)));
		assert_non_null(strstr(err.text, " at byte "));
		assert_int_equal(n, N_FRAMES);
		blob_done(&packed);
	}
	blob_done(&plain);
}

static void test_gzip_may_be_padded_with_zeros_only(void **state)
{
	struct blob plain = noisy_pcap(), packed = { 0 };
	int end;

	(void)state;
	blob_pack(&packed, &gzip_encoder, plain.data, plain.size);
	(void)blob_grow(&packed, 1000);
	assert_int_equal(count(&packed, &plain, &end, NULL), N_FRAMES);
	assert_int_equal(end, 0);

	packed.data[packed.size - 1] = 1;
	assert_int_equal(count(&packed, &plain, &end, NULL), N_FRAMES);
	assert_int_equal(end, -EBADMSG);
	blob_done(&packed);
	blob_done(&plain);
}

static void test_what_is_compressed_must_be_a_trace(void **state)
{
	struct blob packed = { 0 };
	struct weir_err err = { 0 };
	struct weir_reader *r;

	(void)state;
	blob_pack(&packed, &zstd_encoder, (const uint8_t *)"no trace", 8);
	assert_int_equal(weir_reader_open_mem("x", packed.data, packed.size, &r, &err), -EINVAL);
	assert_string_equal(err.text, "x: neither pcap nor pcapng: begins with 6e 6f 20 74");
	blob_done(&packed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_member_is_read),
		cmocka_unit_test(test_many_members_are_one_trace),
		cmocka_unit_test(test_skippable_frames_may_come_first),
		cmocka_unit_test(test_frames_before_a_cut_are_given),
		cmocka_unit_test(test_damage_is_found_and_told_with_its_place),
		cmocka_unit_test(test_gzip_may_be_padded_with_zeros_only),
		cmocka_unit_test(test_what_is_compressed_must_be_a_trace),
	};

	return unit_run(tests);
}
