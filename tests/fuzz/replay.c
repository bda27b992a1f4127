/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs a fuzz target over files, as an ordinary test and without clang:
 *
 *	replay-TARGET CORPUS...
 *
 * over every file of these folders and of the folder with recorded traces. A crash is
 * the failure; the name of the file is printed before it is tried.
 */
#include <stdio.h>
#include <stdlib.h>

#include "fuzz.h"
#include "support/data.h"

/* false: it could not be read. */
static bool replay_file(const char *path)
{
	FILE *f = fopen(path, "r");
	uint8_t *data = NULL;
	size_t size = 0, n;

	if (!f)
		return false;
	do { /* exactly as large as what is in it, so that reading beyond it is seen */
		uint8_t *more = realloc(data, size + 65536);

		if (!more)
			abort();
		data = more;
		n = fread(data + size, 1, 65536, f);
		size += n;
	} while (n);
	(void)fclose(f); /* only read from */
	data = size ? realloc(data, size) : data;

	(void)LLVMFuzzerTestOneInput(data, size); /* always 0 */
	free(data);
	return true;
}

/* Files that were tried, or negative. */
static long replay_folder(const char *root)
{
	struct data_walk *walk = data_walk_begin(root);
	const char *path;
	long n = 0;

	if (!walk)
		return -1;
	while ((path = data_walk_next(walk))) {
		printf("# %s\n", path);
		(void)fflush(stdout); /* the last one is what a crash leaves */
		if (!replay_file(path)) {
			n = -1;
			break;
		}
		n++;
	}
	data_walk_end(walk);
	return n;
}

int main(int argc, char **argv)
{
	char data[PATH_MAX];
	const bool has_data = data_find(data, sizeof(data));
	int n_failed = 0;

	printf("1..%d\n", argc);
	for (int i = 1; i < argc; i++) {
		const long n = replay_folder(argv[i]);

		n_failed += n <= 0;
		printf("%sok %d - %s: %ld files\n", n <= 0 ? "not " : "", i, argv[i], n);
	}
	if (has_data)
		printf("ok %d - recorded traces: %ld files\n", argc, replay_folder(data));
	else
		printf("ok %d - recorded traces # SKIP there is no folder of them\n", argc);
	return n_failed != 0;
}
