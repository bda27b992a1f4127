/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/copy.h"

#include <stdlib.h>

#include "support/unit.h"

#define MAX_LEN 300u
#define MARGIN	8u

/* From memory of exactly the length: whoever reads more is caught by ASan. */
static void check(size_t len, void (*copy)(uint8_t *to, const uint8_t *from, size_t n))
{
	uint8_t *from = malloc(len ? len : 1), to[MARGIN + MAX_LEN + MARGIN];

	assert_non_null(from);
	for (size_t i = 0; i < len; i++)
		from[i] = (uint8_t)(i + 1);
	memset(to, 0xee, sizeof(to));
	copy(to + MARGIN, from, len);
	assert_memory_equal(to + MARGIN, from, len);
	for (size_t i = 0; i < MARGIN; i++) {
		assert_int_equal(to[i], 0xee);
		assert_int_equal(to[MARGIN + len + i], 0xee);
	}
	free(from);
}

static void copy_into_buffers(uint8_t *to, const uint8_t *from, size_t n)
{
	copy_ahead(to, from, n, 2112);
}

static void test_frames_of_any_length_are_copied_and_no_byte_more(void **state)
{
	(void)state;
	for (size_t len = 0; len <= MAX_LEN; len++) {
		check(len, copy_frame);
		check(len, copy_into_buffers);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frames_of_any_length_are_copied_and_no_byte_more),
	};

	return unit_run(tests);
}
