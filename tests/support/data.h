/* SPDX-License-Identifier: BSD-2-Clause */
/* The folder with recorded traces, which is beside the source and may be absent, and a
 * walk through the files of a folder. */
#ifndef SUPPORT_DATA_H
#define SUPPORT_DATA_H

#include <fts.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The path of the folder: $WEIR_TEST_DATA, or shared/data beside the source tree.
 * false: there is none. */
static inline bool data_find(char *path, size_t size)
{
	const char *data = getenv("WEIR_TEST_DATA"), *source = getenv("WEIR_SOURCE");

	if (data)
		(void)snprintf(path, size, "%s", data); /* too long a path is not found */
	else
		(void)snprintf(path, size, "%s/../shared/data", source ? source : ".");
	return access(path, R_OK) == 0;
}

/* The regular files of a folder, in the order of their names. */
struct data_walk {
	FTS *fts;
	char root[PATH_MAX];
};

static inline int data_walk_order(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

/* NULL if it cannot be read. */
static inline struct data_walk *data_walk_begin(const char *root)
{
	struct data_walk *w = calloc(1, sizeof(*w));
	char *roots[2] = { NULL, NULL };

	if (!w)
		return NULL;
	(void)snprintf(w->root, sizeof(w->root), "%s", root); /* too long: not found */
	roots[0] = w->root;
	w->fts = access(root, R_OK) == 0 ? fts_open(roots, FTS_PHYSICAL, data_walk_order) : NULL;
	if (!w->fts) {
		free(w);
		return NULL;
	}
	return w;
}

/* The next path, lent until the next call; NULL at the end. */
static inline const char *data_walk_next(struct data_walk *w)
{
	FTSENT *e;

	while ((e = fts_read(w->fts)))
		if (e->fts_info == FTS_F)
			return e->fts_path;
	return NULL;
}

static inline void data_walk_end(struct data_walk *w)
{
	(void)fts_close(w->fts); /* only read from */
	free(w);
}

#endif
