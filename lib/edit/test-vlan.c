/* SPDX-License-Identifier: BSD-2-Clause */
#include "edit/edit.h"
#include "edit/test-support.h"

#include <errno.h>

static struct test_frame now, old;

static const struct weir_edit_opts two = { .vlan = WEIR_VLAN_ADD,
					   .vlan_stack = "802.1ad:100/5,200" };

/* Control words and types behind the addresses are these. */
static void assert_tags(const char *bytes, uint32_t n)
{
	assert_memory_equal(now.mem + 12, bytes, n);
	assert_memory_equal(now.mem + 12 + n, old.mem + 12, old.buf.len - 12);
	assert_int_equal(now.buf.len, old.buf.len + n);
}

#define ASSERT_TAGS(bytes) assert_tags(bytes, sizeof(bytes) - 1)

static void begin(void)
{
	frame_ipv4(&old, 6, 40);
	frame_ipv4(&now, 6, 40);
}

static void assert_no_tag(const struct weir_edit_opts *o)
{
	struct weir_edit_counts counts;
	uint8_t before[100];

	memcpy(before, now.mem, sizeof(before));
	edit_counted(o, &now, &counts);
	assert_int_equal(counts.failed[WEIR_EDIT_NO_TAG], 1);
	assert_memory_equal(now.mem, before, sizeof(before));
}

static void test_a_stack_of_tags_goes_in_at_once(void **state)
{
	(void)state;
	begin();
	edit(&two, &now);
	ASSERT_TAGS("\x88\xa8\xa0\x64\x81\0\0\xc8");
	EDIT(&now, .vlan = WEIR_VLAN_ADD, .vlan_stack = "1,2", .ttl = "9", .vlan_cfi = { true, 1 });
	assert_int_equal(now.mem[12 + 4 * 4 + 10], 9);
	now.mem[12 + 4 * 4 + 10] = 64;
	memcpy(now.mem + 12 + 4 * 4 + 12, old.mem + 24, 2);
	ASSERT_TAGS("\x81\0\xb0\1\x81\0\xb0\2\x88\xa8\xa0\x64\x81\0\0\xc8");
}

static void test_a_tag_goes_in_anywhere(void **state)
{
	static const struct {
		uint32_t nth;
		const char *tags;
	} places[] = {
		{ 1, "\x81\0\xa0\x2d\x88\xa8\xa0\x64\x81\0\0\xc8" },
		{ 2, "\x88\xa8\xa0\x64\x81\0\0\x2d\x81\0\0\xc8" },
		{ 3, "\x88\xa8\xa0\x64\x81\0\0\xc8\x81\0\0\x2d" },
	};

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		begin();
		edit(&two, &now);
		EDIT(&now, .vlan = WEIR_VLAN_ADD, .vlan_nth = places[i].nth,
		     .vlan_tag = { true, 45 });
		assert_tags(places[i].tags, 12);
	}
	assert_no_tag(&(struct weir_edit_opts){
		.vlan = WEIR_VLAN_ADD, .vlan_nth = 5, .vlan_tag = { true, 45 } });
}

static void test_any_tag_goes_out(void **state)
{
	static const char *const left[] = { "\x81\0\0\xc8", "\x88\xa8\xa0\x64" };

	(void)state;
	for (uint32_t nth = 1; nth <= 2; nth++) {
		begin();
		edit(&two, &now);
		EDIT(&now, .vlan = WEIR_VLAN_DEL, .vlan_nth = nth);
		assert_tags(left[nth - 1], 4);
		assert_no_tag(&(struct weir_edit_opts){ .vlan = WEIR_VLAN_DEL, .vlan_nth = 2 });
	}
}

static void test_parts_of_a_tag_are_set(void **state)
{
	(void)state;
	begin();
	edit(&two, &now);
	EDIT(&now, .vlan = WEIR_VLAN_SET, .vlan_tag = { true, 7 });
	ASSERT_TAGS("\x88\xa8\xa0\x07\x81\0\0\xc8");
	EDIT(&now, .vlan = WEIR_VLAN_SET, .vlan_nth = 2, .vlan_pri = { true, 1 },
	     .vlan_type = 0x9100);
	ASSERT_TAGS("\x88\xa8\xa0\x07\x91\0\x20\xc8");
	EDIT(&now, .vlan = WEIR_VLAN_SET, .vlan_cfi = { true, 1 });
	ASSERT_TAGS("\x88\xa8\xb0\x07\x91\0\x20\xc8");
	EDIT(&now, .vlan = WEIR_VLAN_SET, .vlan_type = 0x8100);
	ASSERT_TAGS("\x81\0\xb0\x07\x91\0\x20\xc8");
	assert_no_tag(&(struct weir_edit_opts){
		.vlan = WEIR_VLAN_SET, .vlan_nth = 3, .vlan_tag = { true, 1 } });
}

static void test_wrong_options_are_named(void **state)
{
	static const struct {
		struct weir_edit_opts o;
		const char *error;
	} wrong[] = {
		{ { .vlan = WEIR_VLAN_SET }, "enet-vlan: set needs what to set" },
		{ { .vlan = WEIR_VLAN_DEL, .vlan_stack = "1" },
		  "enet-vlan-stack: only with enet-vlan add" },
		{ { .vlan = WEIR_VLAN_ADD, .vlan_stack = "1,4096" },
		  "enet-vlan-stack: \"1,4096\", at 3: the number is more than 4095" },
		{ { .vlan = WEIR_VLAN_ADD, .vlan_stack = "1,2,3,4,5,6,7,8,9" },
		  "enet-vlan-stack: \"1,2,3,4,5,6,7,8,9\", at 17: more than 8 tags" },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct weir_err err = { 0 };
		struct weir_editor *e;

		assert_int_equal(weir_editor_new(&wrong[i].o, &e, &err), -EINVAL);
		assert_string_equal(err.text, wrong[i].error);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_stack_of_tags_goes_in_at_once),
		cmocka_unit_test(test_a_tag_goes_in_anywhere),
		cmocka_unit_test(test_any_tag_goes_out),
		cmocka_unit_test(test_parts_of_a_tag_are_set),
		cmocka_unit_test(test_wrong_options_are_named),
	};

	return unit_run(tests);
}
