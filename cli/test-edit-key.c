/* SPDX-License-Identifier: BSD-2-Clause */
#include "edit-key.h"

#include <errno.h>
#include <string.h>

#include "support/unit.h"
#include "util.h"

static const uint8_t want[4] = { 0x01, 0xab, 0xCD, 0xef };

static void assert_key(const char *text)
{
	struct weir_err err = { 0 };
	uint8_t key[4];

	if (edit_key_read(text, key, sizeof(key), &err) < 0)
		fail_msg("%s", err.text);
	assert_memory_equal(key, want, sizeof(want));
}

static void assert_refused(const char *text, int code, const char *message)
{
	struct weir_err err = { 0 };
	uint8_t key[4];

	assert_int_equal(edit_key_read(text, key, sizeof(key), &err), code);
	assert_string_equal(err.text, message);
}

static void test_digits_are_read_with_what_joins_them(void **state)
{
	(void)state;
	assert_key("01abcdef");
	assert_key("01:AB:CD:EF");
	assert_key("01ab cdef\n");
}

static void test_wrong_digits_are_told_without_the_key(void **state)
{
	(void)state;
	assert_refused("01abcdeg", -EINVAL, "--anonymize-key, at 8: no hexadecimal digit");
	assert_refused("01abcde", -EINVAL,
		       "--anonymize-key: 7 hexadecimal digits where 8 are needed");
	assert_refused("01abcdef01", -EINVAL,
		       "--anonymize-key: 10 hexadecimal digits where 8 are needed");
}

static void test_files_hold_bytes_or_digits(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
	} files[] = { { "\x01\xab\xcd\xef", 4 }, { "01abcdef\n", 9 } };
	char path[] = "/tmp/weir-key-XXXXXX", text[64];
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	(void)snprintf(text, sizeof(text), "@%s", path);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(ftruncate(fd, 0), 0);
		assert_int_equal(pwrite(fd, files[i].bytes, files[i].n, 0), files[i].n);
		assert_key(text);
	}
	(void)close(fd);
	(void)unlink(path);
	assert_refused("@/no/such/key", -ENOENT,
		       "--anonymize-key: /no/such/key: No such file or directory");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_digits_are_read_with_what_joins_them),
		cmocka_unit_test(test_wrong_digits_are_told_without_the_key),
		cmocka_unit_test(test_files_hold_bytes_or_digits),
	};

	return unit_run(tests);
}
