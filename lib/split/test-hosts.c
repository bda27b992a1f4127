/* SPDX-License-Identifier: BSD-2-Clause */
#include "split/hosts.h"

#include "base/bytes.h"
#include "support/unit.h"

static int64_t find(struct hosts *h, uint32_t addr)
{
	uint8_t p[4];

	be32_put(p, addr);
	return hosts_find(h, 4, p);
}

static void test_hosts_keep_their_index(void **state)
{
	struct hosts h = { 0 };

	(void)state;
	for (uint32_t i = 0; i < 100000; i++) {
		assert_int_equal(find(&h, i * 7919), i);
	}
	for (uint32_t i = 0; i < 100000; i++) {
		assert_int_equal(find(&h, i * 7919), i);
	}
	hosts_done(&h);
}

static void test_versions_are_kept_apart(void **state)
{
	static const uint8_t zero[16] = { 0 };
	struct hosts h = { 0 };

	(void)state;
	assert_int_equal(hosts_find(&h, 4, zero), 0);
	assert_int_equal(hosts_find(&h, 6, zero), 1);
	hosts_done(&h);
}

/* Every answer is the one that looking at all hosts gives. */
static void test_neighbours_answer_as_looking_at_all_of_them(void **state)
{
	struct hosts h = { 0 };
	uint32_t x = 1;

	(void)state;
	for (unsigned i = 0; i < 400; i++) {
		int64_t at;

		x = x * 1103515245 + 12345;
		at = find(&h, 0x0a000000 | (x >> 8 & 0xffff));
		h.list[at].role = x >> 24 & 3;
		if (h.list[at].role > HOST_SERVER)
			h.list[at].role = HOST_UNKNOWN;
	}
	for (unsigned min = 18; min <= 30; min += 4) {
		struct host was[400];

		memcpy(was, h.list, h.n * sizeof(*was));
		assert_int_equal(hosts_ask_neighbours(&h, min, 20 < min ? 20 : 16), 0);
		for (uint32_t i = 0; i < h.n; i++) {
			uint8_t want = was[i].role;

			for (unsigned b = min; !want && b >= (20 < min ? 20u : 16u); b--) {
				for (uint32_t j = 0; j < h.n; j++) {
					if ((be32_at(was[i].addr) ^ be32_at(was[j].addr)) >>
					    (32 - b))
						continue;
					if (was[j].role > want)
						want = was[j].role;
				}
			}
			assert_int_equal(h.list[i].role, want);
		}
		memcpy(h.list, was, h.n * sizeof(*was));
	}
	hosts_done(&h);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hosts_keep_their_index),
		cmocka_unit_test(test_versions_are_kept_apart),
		cmocka_unit_test(test_neighbours_answer_as_looking_at_all_of_them),
	};

	return unit_run(tests);
}
