/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "support/unit.h"

/* A folder like /sys/fs/cgroup. */
struct tree {
	char root[32];
	char membership[64];
};

static void put(const struct tree *t, const char *file, const char *text)
{
	char path[128];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", t->root, file);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void put_folder(const struct tree *t, const char *name)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", t->root, name);
	assert_int_equal(mkdir(path, 0700), 0);
}

static uint64_t leave(const struct tree *t)
{
	return memory_groups_leave(t->root, t->membership);
}

static void begin(struct tree *t, const char *membership)
{
	(void)snprintf(t->root, sizeof(t->root), "/tmp/weir-test-XXXXXX");
	assert_non_null(mkdtemp(t->root));
	(void)snprintf(t->membership, sizeof(t->membership), "%s/self", t->root);
	put(t, "self", membership);
}

static void end(const struct tree *t)
{
	char command[64];

	(void)snprintf(command, sizeof(command), "rm -r %s", t->root);
	assert_int_equal(system(command), 0);
}

static void test_the_tightest_group_above_us_counts(void **state)
{
	struct tree t;

	(void)state;
	begin(&t, "0::/user/weir\n");
	put_folder(&t, "user");
	put_folder(&t, "user/weir");
	assert_true(leave(&t) == UINT64_MAX);
	put(&t, "user/weir/memory.max", "max\n");
	assert_true(leave(&t) == UINT64_MAX);
	put(&t, "user/memory.max", "1000\n");
	put(&t, "user/memory.current", "300\n");
	assert_int_equal(leave(&t), 700);
	put(&t, "user/weir/memory.max", "400\n");
	put(&t, "user/weir/memory.current", "500\n");
	assert_int_equal(leave(&t), 0);
	end(&t);
}

static void test_file_cache_is_not_in_the_way(void **state)
{
	struct tree t;

	(void)state;
	begin(&t, "0::/\n");
	put(&t, "memory.max", "1000\n");
	put(&t, "memory.current", "900\n");
	put(&t, "memory.stat", "anon 100\nactive_file 500\ninactive_file 250\n");
	assert_int_equal(leave(&t), 850);
	end(&t);
}

static void test_groups_of_version_1_that_do_not_show_are_passed_over(void **state)
{
	struct tree t;

	(void)state;
	begin(&t, "9:name=systemd:/\n4:memory:/docker/0123\n0::/\n");
	put_folder(&t, "memory");
	put(&t, "memory/memory.limit_in_bytes", "1000\n");
	put(&t, "memory/memory.usage_in_bytes", "600\n");
	put(&t, "memory/memory.stat", "inactive_file 1\ntotal_inactive_file 100\n");
	assert_int_equal(leave(&t), 500);
	end(&t);
}

static void test_there_is_memory_here(void **state)
{
	(void)state;
	assert_true(memory_available() > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_tightest_group_above_us_counts),
		cmocka_unit_test(test_file_cache_is_not_in_the_way),
		cmocka_unit_test(test_groups_of_version_1_that_do_not_show_are_passed_over),
		cmocka_unit_test(test_there_is_memory_here),
	};

	return unit_run(tests);
}
