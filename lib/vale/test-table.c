/* SPDX-License-Identifier: BSD-2-Clause */
#include "vale/table.h"

#include <stdlib.h>

#include "support/unit.h"

static struct table *new_table(uint32_t age_s)
{
	struct table *t = aligned_alloc(_Alignof(struct table), sizeof(*t));

	assert_non_null(t);
	memset(t, 0, sizeof(*t));
	t->age_s = age_s;
	return t;
}

static void test_an_address_is_found_where_it_was_learned(void **state)
{
	struct table *t = new_table(0);

	(void)state;
	assert_int_equal(table_find(t, 0x020000000001, 0), TABLE_NO_PORT);
	table_learn(t, 0x020000000001, 7, 0);
	table_learn(t, 0, 8, 0);
	assert_int_equal(table_find(t, 0x020000000001, 1u << 31), 7);
	assert_int_equal(table_find(t, 0, 0), 8);
	assert_int_equal(table_find(t, 0x020000000002, 0), TABLE_NO_PORT);
	free(t);
}

static void test_an_address_that_moves_has_one_place(void **state)
{
	struct table *t = new_table(0);
	struct table_row row;
	unsigned at = 0;

	(void)state;
	table_learn(t, 5, 1, 10);
	table_learn(t, 5, 2, 20);
	assert_int_equal(table_find(t, 5, 20), 2);
	assert_true(table_next(t, &at, 20, &row));
	assert_int_equal(row.mac, 5);
	assert_int_equal(row.port, 2);
	assert_int_equal(row.seen, 20);
	assert_false(table_next(t, &at, 20, &row));
	assert_int_equal(t->n_of_port[1], 0);
	assert_int_equal(t->n_of_port[2], 1);
	free(t);
}

static void test_addresses_age_if_they_shall(void **state)
{
	struct table *t = new_table(300);
	struct table_row row;
	unsigned at = 0;

	(void)state;
	table_learn(t, 5, 1, 1000);
	assert_int_equal(table_find(t, 5, 1299), 1);
	assert_int_equal(table_find(t, 5, 1300), TABLE_NO_PORT);
	assert_false(table_next(t, &at, 1300, &row));
	table_learn(t, 5, 1, 1300);
	assert_int_equal(table_find(t, 5, 1301), 1);
	free(t);
}

static void test_a_port_that_makes_addresses_up_loses_its_own(void **state)
{
	struct table *t = new_table(0);
	unsigned lost = 0;

	(void)state;
	for (uint64_t mac = 0; mac < 100; mac++)
		table_learn(t, 0x020000000000 + mac, 1, 0);
	for (uint64_t mac = 0; mac < 1000000; mac++)
		table_learn(t, 0x060000000000 + mac, 2, 0);
	for (uint64_t mac = 0; mac < 100; mac++)
		lost += table_find(t, 0x020000000000 + mac, 0) != 1;
	assert_int_equal(lost, 0);
	assert_true(t->n_of_port[1] + t->n_of_port[2] <= TABLE_BUCKETS * TABLE_WAYS);
	free(t);
}

static void test_a_port_that_is_gone_is_forgotten(void **state)
{
	struct table *t = new_table(0);

	(void)state;
	for (uint64_t mac = 0; mac < 500; mac++)
		table_learn(t, mac, mac % 2, 0);
	table_forget(t, 0);
	for (uint64_t mac = 0; mac < 500; mac++)
		assert_int_equal(table_find(t, mac, 0), mac % 2 ? 1 : TABLE_NO_PORT);
	assert_int_equal(t->n_of_port[0], 0);
	assert_int_equal(t->n_of_port[1], 250);
	free(t);
}

static void test_bytes_become_numbers_in_network_order(void **state)
{
	static const uint8_t bytes[6] = { 0x01, 0x23, 0x45, 0x67, 0x89, 0xab };

	(void)state;
	assert_int_equal(table_mac(bytes), 0x0123456789ab);
	assert_true(table_is_group(table_mac(bytes)));
	assert_false(table_is_group(0x0023456789ab));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_address_is_found_where_it_was_learned),
		cmocka_unit_test(test_an_address_that_moves_has_one_place),
		cmocka_unit_test(test_addresses_age_if_they_shall),
		cmocka_unit_test(test_a_port_that_makes_addresses_up_loses_its_own),
		cmocka_unit_test(test_a_port_that_is_gone_is_forgotten),
		cmocka_unit_test(test_bytes_become_numbers_in_network_order),
	};

	return unit_run(tests);
}
