/* SPDX-License-Identifier: BSD-2-Clause */
/* Filters and edits of ports, made for the test: "7" drops frames that end with 7; "+9" makes
 * frames longer by 9 bytes, "-9" shorter. */
#include <errno.h>

#include "base/err.h"
#include "vale/test-bench.h"

struct rule {
	int number;
	unsigned side;
};

static _Atomic int n_made; /* that were not freed */

static int run_filter(void *ctx, struct weir_buf *bufs, unsigned n)
{
	const struct rule *r = ctx;

	for (unsigned i = 0; i < n; i++)
		if (bufs[i].data[bufs[i].len - 1] == r->number)
			bufs[i].port = WEIR_NO_PORT;
	return 0;
}

static int run_edit(void *ctx, struct weir_buf *bufs, unsigned n)
{
	const struct rule *r = ctx;

	for (unsigned i = 0; i < n; i++) {
		uint8_t tag = bufs[i].data[bufs[i].len - 1];
		uint32_t len = bufs[i].len + (uint32_t)r->number;

		assert_int_equal(bufs[i].port, r->side);
		if (len > bufs[i].room) {
			bufs[i].port = WEIR_NO_PORT;
			continue;
		}
		bufs[i].len = len;
		bufs[i].data[len - 1] = tag;
	}
	return 0;
}

static struct weir_stage stage_of(const char *text, unsigned side,
				  int (*run_it)(void *, struct weir_buf *, unsigned))
{
	struct rule *r = text[0] ? calloc(1, sizeof(*r)) : NULL;

	if (!r)
		return (struct weir_stage){ 0 };
	r->number = atoi(text);
	r->side = side;
	return (struct weir_stage){ .run = run_it, .ctx = r };
}

static int make(const char *filter, const char *edit, unsigned side, struct weir_switch_stages *ret,
		struct weir_err *err)
{
	if (strcmp(filter, "bad") == 0 || strcmp(edit, "bad") == 0)
		return err_set(err, -EINVAL, "bad");
	*ret = (struct weir_switch_stages){ .filter = stage_of(filter, side, run_filter),
					    .edit = stage_of(edit, side, run_edit) };
	n_made++;
	return 0;
}

static void free_stages(const struct weir_switch_stages *s)
{
	free(s->filter.ctx);
	free(s->edit.ctx);
	n_made--;
}

static const struct weir_switch_maker maker = { .make = make, .free = free_stages };

static int set_up_rules(void **state)
{
	const struct weir_switch_opts opts = { .name = NAME, .maker = &maker };

	set_up(state);
	stop(*state);
	start(*state, &opts);
	return 0;
}

static int tear_down_rules(void **state)
{
	int r = tear_down(state);

	assert_int_equal(n_made, 0);
	return r;
}

static void set(const char *port, const struct weir_switch_rules *rules)
{
	struct weir_err err = { 0 };

	if (weir_switch_set_rules(NAME, port, rules, &err) < 0)
		fail_msg("%s", err.text);
}

/* The one found is to be freed with *ret_state. */
static const struct weir_switch_port *find_port(const char *name,
						struct weir_switch_state **ret_state)
{
	assert_int_equal(weir_switch_show(NAME, ret_state, NULL), 0);
	for (unsigned i = 0; i < (*ret_state)->n_ports; i++)
		if (strcmp((*ret_state)->ports[i].name, name) == 0)
			return &(*ret_state)->ports[i];
	fail_msg("no port %s", name);
	return NULL;
}

static unsigned users_of(const char *port)
{
	struct weir_switch_state *s = NULL;
	unsigned n = find_port(port, &s)->users;

	weir_switch_state_free(s);
	return n;
}

static uint64_t dropped(const char *port, enum weir_switch_drop why)
{
	struct weir_switch_state *s = NULL;
	uint64_t n = find_port(port, &s)->dropped[why];

	weir_switch_state_free(s);
	return n;
}

static void expect(struct vale_client *c, unsigned slots, uint32_t len, uint8_t tag)
{
	struct got got = receive_slots(c);

	assert_int_equal(got.slots, slots);
	assert_int_equal(got.len, len);
	assert_int_equal(got.tag, tag);
}

/* Frames of 60 bytes with these tags, up to 0. */
static void expect_tags(struct vale_client *c, const uint8_t *tags)
{
	for (; *tags; tags++)
		expect(c, 1, 60, *tags);
}

static void test_filters_drop_and_count_frames_each_way(void **state)
{
	struct vale_client a = client_of("a"), b = client_of("b"), c = client_of("c");

	(void)state;
	set("a", &(struct weir_switch_rules){ .filter_in = "7", .filter_out = "8" });
	set("b", &(struct weir_switch_rules){ .filter_out = "9" });
	for (uint8_t tag = 6; tag <= 10; tag++)
		send_slots(&a, 1, 60, tag);
	expect_tags(&b, (const uint8_t[]){ 6, 8, 10, 0 });
	expect_tags(&c, (const uint8_t[]){ 6, 8, 9, 10, 0 });
	for (uint8_t tag = 6; tag <= 10; tag++)
		send_slots(&c, 1, 60, tag);
	expect_tags(&b, (const uint8_t[]){ 6, 7, 8, 10, 0 });
	expect_tags(&a, (const uint8_t[]){ 6, 7, 9, 10, 0 });
	assert_int_equal(dropped("a", WEIR_SWITCH_FILTERED), 2);
	assert_int_equal(dropped("b", WEIR_SWITCH_FILTERED), 2);
	assert_int_equal(dropped("c", WEIR_SWITCH_FILTERED), 0);
	set("b", NULL);
	send_slots(&c, 1, 60, 9);
	expect(&b, 1, 60, 9);
	vale_client_close(&a);
	vale_client_close(&b);
	vale_client_close(&c);
}

static void test_edits_make_frames_longer_and_shorter(void **state)
{
	struct vale_client a = client_of("a"), b = client_of("b"), c = client_of("c");

	(void)state;
	set("a", &(struct weir_switch_rules){ .edit_in = "+100" });
	set("b", &(struct weir_switch_rules){ .edit_out = "-30" });
	send_slots(&a, 1, 60, 1);
	expect(&c, 1, 160, 1);
	expect(&b, 1, 130, 1);
	send_slots(&a, 3, 1000, 2); /* is put together */
	expect(&c, 2, 3100, 2);
	expect(&b, 2, 3070, 2);
	send_slots(&a, 1, 2048, 3); /* has no place for more */
	send_slots(&a, 1, 1948, 4);
	expect(&c, 1, 2048, 4);
	expect(&b, 1, 2018, 4);
	send_slots(&c, 1, 40, 5); /* becomes shorter than a header */
	send_slots(&c, 1, 60, 6);
	expect(&b, 1, 30, 6);
	assert_int_equal(dropped("a", WEIR_SWITCH_EDITED), 1);
	assert_int_equal(dropped("b", WEIR_SWITCH_EDITED), 1);
	vale_client_close(&a);
	vale_client_close(&b);
	vale_client_close(&c);
}

static void test_rules_of_a_port_that_stays_stay(void **state)
{
	struct weir_switch_state *s = NULL;
	const struct weir_switch_port *p;
	struct vale_client a, b;

	(void)state;
	b = client_of("b");
	assert_int_equal(
		weir_switch_new_port(NAME, "a",
				     &(struct weir_switch_shape){ .tx_slots = 64, .rx_slots = 64 },
				     NULL),
		0);
	set("a", &(struct weir_switch_rules){ .filter_in = "7", .edit_in = "+1" });
	for (unsigned i = 0; i < 3; i++) {
		a = client_of("a");
		send_slots(&a, 1, 60, 7);
		send_slots(&a, 1, 60, 8);
		expect(&b, 1, 61, 8);
		vale_client_close(&a);
		wait_until(!users_of("a"));
	}
	p = find_port("a", &s);
	assert_true(p->has_rules);
	assert_string_equal(p->filter[0], "7");
	assert_string_equal(p->edit[0], "+1");
	assert_null(p->filter[1]);
	assert_null(p->edit[1]);
	weir_switch_state_free(s);
	assert_int_equal(weir_switch_delete_port(NAME, "a", NULL), 0);
	vale_client_close(&b);
}

static int set_error(const char *port, const struct weir_switch_rules *rules)
{
	struct weir_err err = { 0 };
	int r = weir_switch_set_rules(NAME, port, rules, &err);

	if (r < 0)
		assert_true(err.text[0]);
	return r;
}

static void test_wrong_rules_are_refused_and_leave_the_old_ones(void **state)
{
	struct vale_client a = client_of("a"), b = client_of("b");
	char text[3000];

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	set("a", &(struct weir_switch_rules){ .filter_in = "7" });
	assert_int_equal(set_error("a", &(struct weir_switch_rules){ .filter_out = "bad" }),
			 -EINVAL);
	assert_int_equal(set_error("a", &(struct weir_switch_rules){ .edit_in = "bad" }), -EINVAL);
	assert_int_equal(set_error("a", &(struct weir_switch_rules){ .edit_out = text }), -EINVAL);
	assert_int_equal(set_error("nobody", NULL), -ENOENT);
	assert_int_equal(set_error("", NULL), -EINVAL);
	send_slots(&a, 1, 60, 7);
	send_slots(&a, 1, 60, 8);
	expect(&b, 1, 60, 8);
	vale_client_close(&a);
	vale_client_close(&b);
	(void)state;
}

static void test_a_switch_without_a_maker_has_no_rules(void **state)
{
	const struct weir_switch_opts opts = { .name = NAME };
	struct vale_client a;

	stop(*state);
	start(*state, &opts);
	a = client_of("a");
	assert_int_equal(set_error("a", &(struct weir_switch_rules){ .filter_in = "7" }), -ENOTSUP);
	assert_int_equal(set_error("a", NULL), 0);
	vale_client_close(&a);
}

static void test_rules_change_while_frames_flow(void **state)
{
	const struct weir_switch_rules some[] = {
		{ .filter_in = "7", .edit_out = "+1" },
		{ .edit_in = "+1" },
		{ 0 },
	};
	const struct weir_switch_opts opts = {
		.name = NAME, .maker = &maker, .threads = 2, .lossless = true
	};
	struct vale_client a, b;

	stop(*state);
	start(*state, &opts);
	a = client_of("a");
	b = client_of("b");
	for (unsigned i = 0; i < 300; i++) {
		set(i & 1 ? "a" : "b", &some[i % 3]);
		for (unsigned k = 0; k < 4; k++) {
			struct got got;

			send_slots(&a, 1, 60, 8);
			got = receive_slots(&b);
			assert_int_equal(got.tag, 8);
			assert_true(got.len >= 60 && got.len <= 62);
		}
	}
	vale_client_close(&a);
	vale_client_close(&b);
}

#define with(f) cmocka_unit_test_setup_teardown(f, set_up_rules, tear_down_rules)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with(test_filters_drop_and_count_frames_each_way),
		with(test_edits_make_frames_longer_and_shorter),
		with(test_rules_of_a_port_that_stays_stay),
		with(test_wrong_rules_are_refused_and_leave_the_old_ones),
		with(test_a_switch_without_a_maker_has_no_rules),
		with(test_rules_change_while_frames_flow),
	};

	return unit_run(tests);
}
