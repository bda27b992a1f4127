/* SPDX-License-Identifier: BSD-2-Clause */
#include <weir/split.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/macros.h"
#include "support/unit.h"

/* Six frames: primary, secondary, not sent, primary | primary, secondary; comment "hi". */
static const uint8_t sample[] = {
	't', 'c', 'p', 'p', 'r', 'e', 'p', 0, '0', '4', 0,   0,	  0,	      0,
	0,   0,	  0,   0,   0,	 6,   0,   4, 0,   2,	'h', 'i', 0b11001011, 0b1011,
};

static const enum weir_verdict verdicts[] = { WEIR_PRIMARY, WEIR_SECONDARY, WEIR_DONT_SEND,
					      WEIR_PRIMARY, WEIR_PRIMARY,   WEIR_SECONDARY };

static void holds_the_sample(const struct weir_cache *c)
{
	assert_int_equal(weir_cache_count(c), ARRAY_SIZE(verdicts));
	for (unsigned i = 0; i < ARRAY_SIZE(verdicts); i++)
		assert_int_equal(weir_cache_get(c, i + 1), verdicts[i]);
	assert_int_equal(weir_cache_get(c, 0), WEIR_DONT_SEND);
	assert_int_equal(weir_cache_get(c, ARRAY_SIZE(verdicts) + 1), WEIR_DONT_SEND);
	assert_string_equal(weir_cache_comment(c), "hi");
}

static void test_the_sample_is_read(void **state)
{
	struct weir_cache *c = NULL;
	struct weir_err err = { 0 };

	(void)state;
	assert_int_equal(weir_cache_parse("x", sample, sizeof(sample), &c, &err), 0);
	holds_the_sample(c);
	weir_cache_free(c);
}

/* Every prefix of the sample is cut off: memory of just that size lets the sanitizer see
 * what reads on. */
static void test_no_cut_off_cache_is_read(void **state)
{
	(void)state;
	for (size_t size = 0; size < sizeof(sample); size++) {
		uint8_t *data = malloc(size ? size : 1);
		struct weir_cache *c = NULL;
		struct weir_err err = { 0 };

		assert_non_null(data);
		memcpy(data, sample, size);
		assert_int_equal(weir_cache_parse("x.cache", data, size, &c, &err), -EINVAL);
		assert_null(c);
		assert_non_null(strstr(err.text, "x.cache"));
		free(data);
	}
}

static void refuses(size_t offset, uint8_t byte, const char *text)
{
	uint8_t data[sizeof(sample)];
	struct weir_cache *c = NULL;
	struct weir_err err = { 0 };

	memcpy(data, sample, sizeof(sample));
	data[offset] = byte;
	assert_int_equal(weir_cache_parse("x", data, sizeof(data), &c, &err), -EINVAL);
	if (!strstr(err.text, text))
		fail_msg("'%s' does not tell '%s'", err.text, text);
}

static void test_damage_is_named_by_its_offset(void **state)
{
	(void)state;
	refuses(0, 'T', "offset 0");
	refuses(9, '3', "offset 8");
	refuses(21, 8, "offset 20");
	refuses(12, 0xff, "cut off at offset 28"); /* 2^63 frames */
	refuses(23, 9, "cut off at offset 28");
}

static void test_what_is_appended_is_saved_and_loaded(void **state)
{
	char path[] = "/tmp/weir-test-cache-XXXXXX";
	struct weir_cache *c = NULL, *again = NULL;
	struct weir_err err = { 0 };
	uint8_t data[sizeof(sample) + 1];
	FILE *f;

	(void)state;
	assert_return_code(close(mkstemp(path)), 0);
	assert_int_equal(weir_cache_new("hi", &c, &err), 0);
	for (unsigned i = 0; i < ARRAY_SIZE(verdicts); i++)
		assert_int_equal(weir_cache_append(c, verdicts[i]), 0);
	holds_the_sample(c);
	assert_int_equal(weir_cache_save(c, path, &err), 0);
	f = fopen(path, "r");
	assert_non_null(f);
	assert_int_equal(fread(data, 1, sizeof(data), f), sizeof(sample));
	assert_memory_equal(data, sample, sizeof(sample));
	assert_int_equal(fclose(f), 0);
	assert_int_equal(weir_cache_load(path, &again, &err), 0);
	holds_the_sample(again);
	(void)unlink(path);
	weir_cache_free(c);
	weir_cache_free(again);
}

static void test_a_cache_that_was_read_grows(void **state)
{
	struct weir_cache *c = NULL;

	(void)state;
	assert_int_equal(weir_cache_parse("x", sample, sizeof(sample), &c, NULL), 0);
	for (unsigned i = 0; i < 5000; i++)
		assert_int_equal(weir_cache_append(c, verdicts[i % 5]), 0);
	for (unsigned i = 0; i < 5000; i++)
		assert_int_equal(weir_cache_get(c, 7 + i), verdicts[i % 5]);
	weir_cache_free(c);
}

static void test_missing_and_long_are_told(void **state)
{
	char *comment = calloc(1, 70000);
	struct weir_cache *c = NULL;
	struct weir_err err = { 0 };

	(void)state;
	assert_int_equal(weir_cache_load("/nowhere/x.cache", &c, &err), -ENOENT);
	assert_string_equal(err.text, "/nowhere/x.cache: No such file or directory");
	assert_non_null(comment);
	memset(comment, 'x', 65535);
	assert_int_equal(weir_cache_new(comment, &c, &err), -E2BIG);
	comment[65534] = '\0';
	assert_int_equal(weir_cache_new(comment, &c, &err), 0);
	weir_cache_free(c);
	free(comment);
}

static void test_the_stage_sends_frames_to_their_side(void **state)
{
	static const uint8_t ports[] = { 0, 1, WEIR_NO_PORT, 0, 0, 1, WEIR_NO_PORT };
	struct weir_buf bufs[ARRAY_SIZE(ports)] = { 0 };
	struct weir_cache *c = NULL;
	struct weir_stage stage;

	(void)state;
	assert_int_equal(weir_cache_parse("x", sample, sizeof(sample), &c, NULL), 0);
	for (unsigned i = 0; i < ARRAY_SIZE(bufs); i++)
		bufs[i].nr = i + 1;
	stage = weir_cache_stage(c);
	assert_int_equal(stage.run(stage.ctx, bufs, ARRAY_SIZE(bufs)), 0);
	for (unsigned i = 0; i < ARRAY_SIZE(bufs); i++)
		assert_int_equal(bufs[i].port, ports[i]);
	weir_cache_free(c);
}

/* What tcpprep says of a cache's frames, by its --print-info. */
static void tcpprep_agrees(const struct weir_cache *c, const char *path)
{
	char command[512], line[256];
	uint64_t n = 0;
	FILE *f;

	(void)snprintf(command, sizeof(command), "tcpprep --print-info=%s", path);
	f = popen(command, "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		unsigned long long nr;
		char side[32];

		if (sscanf(line, "Packet %llu -> %31[^\n]", &nr, side) != 2)
			continue;
		n++;
		assert_int_equal(nr, n);
		assert_string_equal(side, weir_cache_get(c, nr) == WEIR_PRIMARY	    ? "Primary"
					  : weir_cache_get(c, nr) == WEIR_SECONDARY ? "Secondary"
										    : "Don't Send");
	}
	assert_int_equal(pclose(f), 0);
	assert_int_equal(n, weir_cache_count(c));
}

static void need_tcpprep(void)
{
	if (system("tcpprep -V >/dev/null 2>&1") != 0)
		skip();
}

static void test_tcpprep_reads_what_is_saved(void **state)
{
	char path[] = "/tmp/weir-test-cache-XXXXXX";
	struct weir_cache *c = NULL;

	(void)state;
	need_tcpprep();
	assert_return_code(close(mkstemp(path)), 0);
	assert_int_equal(weir_cache_new("by weir", &c, NULL), 0);
	/* More than the 1,020 frames of one of tcpprep's blocks, and an odd number. */
	for (unsigned i = 0; i < 2049; i++)
		assert_int_equal(weir_cache_append(c, verdicts[i * i % 6]), 0);
	assert_int_equal(weir_cache_save(c, path, NULL), 0);
	tcpprep_agrees(c, path);
	(void)unlink(path);
	weir_cache_free(c);
}

static void test_what_tcpprep_saves_is_read(void **state)
{
	const char *root = getenv("WEIR_SOURCE");
	char path[] = "/tmp/weir-test-cache-XXXXXX", command[1024];
	struct weir_cache *c = NULL;
	struct weir_err err = { 0 };

	(void)state;
	need_tcpprep();
	assert_return_code(close(mkstemp(path)), 0);
	(void)snprintf(command, sizeof(command),
		       "tcpprep --auto=client -i %s/tests/data/web.pcap -o %s "
		       "--include=P:1-20 --comment=mine >/dev/null 2>&1",
		       root ? root : ".", path);
	assert_int_equal(system(command), 0);
	if (weir_cache_load(path, &c, &err) < 0)
		fail_msg("%s", err.text);
	assert_non_null(strstr(weir_cache_comment(c), "mine"));
	tcpprep_agrees(c, path);
	(void)unlink(path);
	weir_cache_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_sample_is_read),
		cmocka_unit_test(test_no_cut_off_cache_is_read),
		cmocka_unit_test(test_damage_is_named_by_its_offset),
		cmocka_unit_test(test_what_is_appended_is_saved_and_loaded),
		cmocka_unit_test(test_a_cache_that_was_read_grows),
		cmocka_unit_test(test_missing_and_long_are_told),
		cmocka_unit_test(test_the_stage_sends_frames_to_their_side),
		cmocka_unit_test(test_tcpprep_reads_what_is_saved),
		cmocka_unit_test(test_what_tcpprep_saves_is_read),
	};

	return unit_run(tests);
}
