/* SPDX-License-Identifier: BSD-2-Clause */
#include "trace/writer.h"

#include <errno.h>

#include "support/unit.h"
#include "trace/test-data.h"
#include "trace/test-open.h"

/* Options of an interface with this resolution, and with an offset if it is not 0. */
static struct weir_options put_options(struct blob *b, uint8_t tsresol, int64_t offset_s)
{
	b->big_endian = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;
	blob_option(b, 9, &tsresol, 1);
	if (offset_s)
		blob_option(b, 14, &offset_s, sizeof(offset_s));
	return (struct weir_options){ .data = b->data, .len = (uint32_t)b->size };
}

static int init(struct scale *s, uint8_t tsresol, int64_t offset_s)
{
	struct blob b = { 0 };
	const struct weir_options options = put_options(&b, tsresol, offset_s);
	const int r = scale_init(s, &options);

	blob_done(&b);
	return r;
}

/* What the reader makes of ticks. */
static int64_t read_back(uint8_t tsresol, int64_t offset_s, uint64_t ticks)
{
	struct blob b = { 0 };
	struct weir_reader *r = NULL;
	struct weir_record rec;

	blob_section(&b);
	blob_iface(&b, 1, 0, tsresol, offset_s);
	blob_epb(&b, 0, ticks, 4, 4, 0);
	assert_int_equal(weir_reader_open_mem("memory", b.data, b.size, &r, NULL), 0);
	assert_int_equal(weir_reader_next(r, &rec, NULL), 1);
	weir_reader_close(r);
	blob_done(&b);
	return rec.ts_ns;
}

static void test_what_was_read_is_written_again(void **state)
{
	static const uint8_t tsresols[] = { 1, 3, 6, 9, 0x80 | 1, 0x80 | 10, 0x80 | 20, 0x80 | 29 };
	static const int64_t offsets[] = { 0, 1000000000, -5 };

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(tsresols) * ARRAY_SIZE(offsets); i++) {
		const uint8_t tsresol = tsresols[i / ARRAY_SIZE(offsets)];
		const int64_t offset_s = offsets[i % ARRAY_SIZE(offsets)];
		struct scale s;

		assert_int_equal(init(&s, tsresol, offset_s), 0);
		for (uint64_t n = 0; n < 1000; n++) {
			const uint64_t ticks = 6 * s.ticks_per_s + n * 12345;

			assert_int_equal(scale_ticks(&s, read_back(tsresol, offset_s, ticks)),
					 ticks);
		}
	}
}

static void test_finer_scales_keep_nanoseconds(void **state)
{
	static const uint8_t tsresols[] = { 12, 0x80 | 30, 0x80 | 34 };

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(tsresols); i++) {
		struct scale s;

		assert_int_equal(init(&s, tsresols[i], 0), 0);
		for (int64_t ns = 1000000007; ns < 1000001007; ns++)
			assert_int_equal(read_back(tsresols[i], 0, scale_ticks(&s, ns)), ns);
	}
}

static void test_a_scale_knows_its_ends(void **state)
{
	const struct weir_options none = { 0 }, empty = { .data = (const uint8_t *)"" };
	struct scale s;

	(void)state;
	assert_int_equal(scale_init(&s, &none), 0);
	assert_int_equal(s.begin_ns, 0);
	assert_int_equal(s.end_ns, INT64_MAX);
	assert_int_equal(scale_ticks(&s, INT64_MAX), INT64_MAX);
	assert_int_equal(scale_init(&s, &empty), 0);
	assert_int_equal(s.ns_per_tick, 1000);
	assert_int_equal(init(&s, 9, 1000), 0);
	assert_int_equal(s.begin_ns, 1000 * (int64_t)NSEC_PER_SEC);
	assert_int_equal(init(&s, 12, 0), 0); /* 2^64 ps are half a year */
	assert_int_equal(s.end_ns, 18446744073709551);
	assert_true(scale_ticks(&s, s.end_ns) > UINT64_MAX - 1000);
	assert_int_equal(init(&s, 9, INT64_MAX), 0); /* begins when our times have ended */
	assert_true(s.begin_ns > s.end_ns);
}

static void test_scales_that_cannot_be_are_refused(void **state)
{
	const uint8_t cut[] = { 9, 0, 200, 0, 6, 0, 0, 0 };
	const struct weir_options options = { .data = cut, .len = sizeof(cut) };
	struct scale s;

	(void)state;
	assert_int_equal(init(&s, 20, 0), -EINVAL);
	assert_int_equal(init(&s, 0x80 | 64, 0), -EINVAL);
	assert_int_equal(scale_init(&s, &options), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_was_read_is_written_again),
		cmocka_unit_test(test_finer_scales_keep_nanoseconds),
		cmocka_unit_test(test_a_scale_knows_its_ends),
		cmocka_unit_test(test_scales_that_cannot_be_are_refused),
	};

	return unit_run(tests);
}
