/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/macros.h"

/* The number that a one-line file holds; fallback if there is none ("max", no file). */
static uint64_t number_in(const char *path, uint64_t fallback)
{
	CLEANUP(fclosep)
	FILE *f = fopen(path, "re");
	uint64_t v;

	return f && fscanf(f, "%" SCNu64, &v) == 1 ? v : fallback;
}

static uint64_t meminfo_available(void)
{
	CLEANUP(fclosep)
	FILE *f = fopen("/proc/meminfo", "re");
	char line[128];
	uint64_t kib;

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "MemAvailable: %" SCNu64 " kB", &kib) == 1)
			return kib * 1024;
	return UINT64_MAX;
}

uint64_t memory_available(void)
{
	/* Control groups, version 2 and 1: limit and use of the group we are in, as far
	 * as its name space shows it. */
	static const char *const groups[][2] = {
		{ "/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current" },
		{ "/sys/fs/cgroup/memory/memory.limit_in_bytes",
		  "/sys/fs/cgroup/memory/memory.usage_in_bytes" },
	};
	uint64_t available = meminfo_available();

	for (size_t i = 0; i < ARRAY_SIZE(groups); i++) {
		uint64_t limit = number_in(groups[i][0], UINT64_MAX);
		uint64_t used = number_in(groups[i][1], 0);

		if (limit != UINT64_MAX)
			available = MIN(available, limit > used ? limit - used : 0);
	}
	return available;
}
