/* SPDX-License-Identifier: BSD-2-Clause */
#include <weir/diff.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <weir/trace.h>

#include "base/bytes.h"
#include "support/unit.h"

static char paths[2][64];

/* A frame of UDP over IPv4 with one byte of payload. */
static const uint8_t udp[] = {
	2,    0, 0, 0,	0, 2, 2, 0, 0,	 0,  0, 1, 8,  0,		     /* Ethernet */
	0x45, 0, 0, 29, 0, 7, 0, 0, 64,	 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, /* IPv4 */
	0,    9, 0, 9,	0, 9, 0, 0, 'x',				     /* UDP */
};
#define AT_TTL	  22
#define AT_SUM	  24
#define AT_SRC	  26
#define AT_LETTER 42

struct trace {
	struct weir_writer *w;
	int64_t ts_ns;
};

static struct trace trace_begin(unsigned which)
{
	const struct weir_writer_opts opts = { .format = WEIR_TRACE_PCAP_NS, .linktype = 1 };
	struct trace t = { .ts_ns = 1000 };

	(void)snprintf(paths[which], sizeof(paths[which]), "/tmp/weir-test-diff-%u-%d.pcap", which,
		       (int)getpid());
	assert_int_equal(weir_writer_open(paths[which], &opts, &t.w, NULL), 0);
	return t;
}

static void put(struct trace *t, const uint8_t *frame, uint32_t len)
{
	const struct weir_record rec = {
		.data = frame, .len = len, .orig_len = len, .ts_ns = t->ts_ns
	};

	assert_int_equal(weir_writer_write(t->w, &rec, NULL, NULL), 0);
	t->ts_ns += 1000;
}

/* A trace with a frame for each letter, that has the letter as its payload. */
static void write_letters(unsigned which, const char *letters)
{
	struct trace t = trace_begin(which);
	uint8_t frame[sizeof(udp)];

	memcpy(frame, udp, sizeof(udp));
	for (; *letters; letters++) {
		frame[AT_LETTER] = (uint8_t)*letters;
		put(&t, frame, sizeof(frame));
	}
	weir_writer_close(t.w);
}

static struct weir_diff *compare(unsigned ignore, struct weir_diff_counts *ret)
{
	struct weir_diff *d = NULL;
	struct weir_err err = { 0 };

	if (weir_diff_new(paths[0], paths[1], ignore, &d, &err) < 0)
		fail_msg("%s", err.text);
	weir_diff_counts(d, ret);
	assert_int_equal(ret->same + ret->changed + ret->missing, ret->frames[0]);
	assert_int_equal(ret->same + ret->changed + ret->extra, ret->frames[1]);
	(void)unlink(paths[0]);
	(void)unlink(paths[1]);
	return d;
}

/* Differences between traces of letters, as text: "-2 +3 ~4>1". */
static void letters_differ_by(const char *a, const char *b, const char *want)
{
	struct weir_diff_counts c;
	struct weir_diff_item item;
	struct weir_diff *d;
	char got[256] = "";
	uint64_t pos = 0;

	write_letters(0, a);
	write_letters(1, b);
	d = compare(0, &c);
	while (weir_diff_next(d, &pos, &item)) {
		size_t n = strlen(got);

		(void)snprintf(got + n, sizeof(got) - n, "%s%c%d>%d", n ? " " : "",
			       "-+!~"[item.kind], (int)item.nr[0], (int)item.nr[1]);
	}
	assert_string_equal(got, want);
	weir_diff_free(d);
}

static void test_equal_traces_have_no_differences(void **state)
{
	(void)state;
	letters_differ_by("", "", "");
	letters_differ_by("abc", "abc", "");
	letters_differ_by("aaaa", "aaaa", "");
}

static void test_missing_and_extra_frames_are_named(void **state)
{
	(void)state;
	letters_differ_by("abcd", "abd", "-3>0");
	letters_differ_by("abc", "", "-1>0 -2>0 -3>0");
	letters_differ_by("abd", "abcd", "+0>3");
	letters_differ_by("", "ab", "+0>1 +0>2");
	letters_differ_by("abcd", "abXd", "-3>0 +0>3");
}

/* In a trace that was looped the nearest frame is the partner, so that one loss stays one. */
static void test_a_loss_in_a_loop_is_one_loss(void **state)
{
	(void)state;
	letters_differ_by("abcdabcdabcd", "abcdacdabcd", "-6>0");
	letters_differ_by("abcdabcdabcd", "abcdadabcd", "-6>0 -7>0");
	letters_differ_by("aaaaaa", "aaaa", "-5>0 -6>0");
}

static void test_moved_frames_are_those_out_of_order(void **state)
{
	(void)state;
	letters_differ_by("abcdef", "abdecf", "~3>5");
	letters_differ_by("abcdef", "fabcde", "~6>1");
	letters_differ_by("ab", "ba", "~1>2"); /* either would do */
}

/* Writes the frame as it is, and once more with a byte changed. */
static uint32_t fields_of_change(uint32_t at, unsigned ignore)
{
	struct weir_diff_counts c;
	struct weir_diff_item item = { .fields = 0 };
	uint8_t changed[sizeof(udp)];
	struct weir_diff *d;
	uint64_t pos = 0;

	for (unsigned i = 0; i < 2; i++) {
		struct trace t = trace_begin(i);

		memcpy(changed, udp, sizeof(udp));
		changed[at] ^= (uint8_t)i;
		put(&t, changed, sizeof(changed));
		weir_writer_close(t.w);
	}
	d = compare(ignore, &c);
	if (weir_diff_next(d, &pos, &item))
		assert_int_equal(item.kind, WEIR_DIFF_CHANGED);
	weir_diff_free(d);
	return item.fields;
}

static void test_changed_fields_are_named(void **state)
{
	(void)state;
	assert_int_equal(fields_of_change(0, 0), 1u << WEIR_DIFF_DST_MAC);
	assert_int_equal(fields_of_change(11, 0), 1u << WEIR_DIFF_SRC_MAC);
	assert_int_equal(fields_of_change(15, 0), 1u << WEIR_DIFF_TOS);
	assert_int_equal(fields_of_change(AT_TTL, 0), 1u << WEIR_DIFF_HOPS);
	assert_int_equal(fields_of_change(AT_SUM, 0), 1u << WEIR_DIFF_IP_CHECKSUM);
	assert_int_equal(fields_of_change(AT_SRC, 0), 1u << WEIR_DIFF_SRC_ADDR);
	assert_int_equal(fields_of_change(35, 0), 1u << WEIR_DIFF_SRC_PORT);
	assert_int_equal(fields_of_change(41, 0), 1u << WEIR_DIFF_L4_CHECKSUM);
}

static void test_what_is_ignored_may_differ(void **state)
{
	(void)state;
	assert_int_equal(fields_of_change(0, WEIR_DIFF_MAC), 0);
	assert_int_equal(fields_of_change(AT_TTL, WEIR_DIFF_TTL), 0);
	assert_int_equal(fields_of_change(AT_SUM, WEIR_DIFF_TTL), 0);
	assert_int_equal(fields_of_change(AT_SUM, WEIR_DIFF_CHECKSUM), 0);
	assert_int_equal(fields_of_change(41, WEIR_DIFF_CHECKSUM), 0);
	assert_int_equal(fields_of_change(AT_TTL, WEIR_DIFF_MAC), 1u << WEIR_DIFF_HOPS);
}

static void test_tags_and_padding_can_be_ignored(void **state)
{
	uint8_t tagged[sizeof(udp) + 4 + 9] = { 0 };
	struct weir_diff_counts c;
	struct trace t;

	(void)state;
	memcpy(tagged, udp, 12);
	be32_put(tagged + 12, 0x81000005);
	memcpy(tagged + 16, udp + 12, sizeof(udp) - 12);
	for (unsigned ignore = 0; ignore < 2; ignore++) {
		t = trace_begin(0);
		put(&t, udp, sizeof(udp));
		weir_writer_close(t.w);
		t = trace_begin(1);
		put(&t, tagged, sizeof(tagged));
		weir_writer_close(t.w);
		weir_diff_free(compare(ignore ? WEIR_DIFF_VLAN | WEIR_DIFF_PADDING : 0, &c));
		assert_int_equal(c.same, ignore);
		assert_int_equal(c.fields[WEIR_DIFF_VLAN_TAGS], !ignore);
		assert_int_equal(c.fields[WEIR_DIFF_PAD], !ignore);
		assert_int_equal(c.fields[WEIR_DIFF_LENGTH], !ignore);
	}
}

static void test_delays_are_of_partners(void **state)
{
	struct weir_diff_counts c;

	(void)state;
	write_letters(0, "abcd");
	write_letters(1, "Xabcd"); /* each 1 us later */
	weir_diff_free(compare(0, &c));
	assert_int_equal(c.delays.n, 4);
	assert_int_equal(c.first_delay, 1000);
	assert_int_equal(c.least_delay, 1000);
	assert_int_equal(c.delays.max, 0);
	write_letters(0, "abXcd");
	write_letters(1, "abcd"); /* the last two 1 us earlier */
	weir_diff_free(compare(0, &c));
	assert_int_equal(c.first_delay, 0);
	assert_int_equal(c.least_delay, -1000);
	assert_int_equal(c.delays.max, 1000);
}

static void test_what_is_no_file_is_refused(void **state)
{
	struct weir_diff *d = NULL;
	struct weir_err err = { 0 };

	(void)state;
	assert_int_equal(weir_diff_new("-", "/dev/null", 0, &d, &err), -EINVAL);
	assert_int_equal(weir_diff_new("/nowhere", "/nowhere", 0, &d, &err), -ENOENT);
	assert_non_null(strstr(err.text, "/nowhere"));
	assert_int_equal(weir_diff_ignore_bit("ttl"), WEIR_DIFF_TTL);
	assert_int_equal(weir_diff_ignore_bit("tt"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_equal_traces_have_no_differences),
		cmocka_unit_test(test_missing_and_extra_frames_are_named),
		cmocka_unit_test(test_a_loss_in_a_loop_is_one_loss),
		cmocka_unit_test(test_moved_frames_are_those_out_of_order),
		cmocka_unit_test(test_changed_fields_are_named),
		cmocka_unit_test(test_what_is_ignored_may_differ),
		cmocka_unit_test(test_tags_and_padding_can_be_ignored),
		cmocka_unit_test(test_delays_are_of_partners),
		cmocka_unit_test(test_what_is_no_file_is_refused),
	};

	return unit_run(tests);
}
