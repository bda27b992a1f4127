/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/memory.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/macros.h"

/* The files of a control group's folder. */
struct group_files {
	const char *root; /* below the root of all control groups */
	const char *limit, *used;
	const char *caches[2]; /* rows of memory.stat */
};

static const struct group_files version_2 = {
	.root = "",
	.limit = "memory.max",
	.used = "memory.current",
	.caches = { "active_file ", "inactive_file " },
};
static const struct group_files version_1 = {
	.root = "/memory",
	.limit = "memory.limit_in_bytes",
	.used = "memory.usage_in_bytes",
	.caches = { "total_active_file ", "total_inactive_file " },
};

/* The number behind the word, which a line of the file begins with; fallback if there is
 * none ("max", no such line, no file). The word may be empty. */
static uint64_t number_in(const char *dir, const char *file, const char *word, uint64_t fallback)
{
	CLEANUP(fclosep)
	FILE *f = NULL;
	char path[PATH_MAX], line[256];
	uint64_t v;

	if ((size_t)snprintf(path, sizeof(path), "%s/%s", dir, file) >= sizeof(path))
		return fallback;
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, word, strlen(word)) &&
		    sscanf(line + strlen(word), "%" SCNu64, &v) == 1)
			return v;
	return fallback;
}

/* What one group leaves. The cache of files counts as used there but goes when memory is
 * asked for: a big trace that somebody has just read is no reason to refuse. */
static uint64_t group_leaves(const char *dir, const struct group_files *g)
{
	uint64_t limit = number_in(dir, g->limit, "", UINT64_MAX);
	uint64_t used, cache = 0;

	if (limit == UINT64_MAX)
		return limit;
	used = number_in(dir, g->used, "", 0);
	for (size_t i = 0; i < ARRAY_SIZE(g->caches); i++)
		cache += number_in(dir, "memory.stat", g->caches[i], 0);
	used -= MIN(used, cache);
	return limit - MIN(limit, used);
}

/* What the group at path and those above it leave. Cuts path. */
static uint64_t path_leaves(const char *root, const struct group_files *g, char *path)
{
	uint64_t least = UINT64_MAX;
	char dir[PATH_MAX];

	for (;;) {
		char *slash = strrchr(path, '/');

		if ((size_t)snprintf(dir, sizeof(dir), "%s%s%s", root, g->root, path) < sizeof(dir))
			least = MIN(least, group_leaves(dir, g));
		if (!slash)
			return least;
		*slash = '\0';
	}
}

uint64_t memory_groups_leave(const char *root, const char *membership)
{
	CLEANUP(fclosep)
	FILE *f = fopen(membership, "re");
	uint64_t least = UINT64_MAX;
	char line[PATH_MAX];

	/* Lines are ID:CONTROLLERS:PATH; version 2 names no controllers. */
	while (f && fgets(line, sizeof(line), f)) {
		char *controllers = strchr(line, ':');
		char *path = controllers ? strchr(controllers + 1, ':') : NULL;

		if (!path)
			continue;
		*path++ = '\0';
		path[strcspn(path, "\n")] = '\0';
		if (!strcmp(controllers, ":"))
			least = MIN(least, path_leaves(root, &version_2, path));
		else if (strstr(controllers, "memory"))
			least = MIN(least, path_leaves(root, &version_1, path));
	}
	return least;
}

/* Half of what the limit of address space leaves (ulimit -v): alignment and an index that
 * are reserved beside the frames take some of it too. */
static uint64_t address_space(void)
{
	uint64_t pages = number_in("/proc/self", "statm", "", 0);
	struct rlimit limit;
	uint64_t used = pages * (uint64_t)sysconf(_SC_PAGESIZE);

	if (getrlimit(RLIMIT_AS, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY)
		return UINT64_MAX;
	return (limit.rlim_cur - MIN(limit.rlim_cur, used)) / 2;
}

uint64_t memory_available(void)
{
	uint64_t kib = number_in("/proc", "meminfo", "MemAvailable: ", UINT64_MAX / 1024);
	uint64_t least = memory_groups_leave("/sys/fs/cgroup", "/proc/self/cgroup");

	least = MIN(least, kib * 1024);
	return MIN(least, address_space());
}
