/* SPDX-License-Identifier: BSD-2-Clause */
/* What several tests of traces share: the folder with recorded traces. */
#ifndef TRACE_TEST_SUPPORT_H
#define TRACE_TEST_SUPPORT_H

#include <fts.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* The regular files of a folder, one after another. */
struct data_walk {
	FTS *fts;
	char root[PATH_MAX];
};

/* $WEIR_TEST_DATA, or shared/data beside the source tree. */
static inline const char *data_root(struct data_walk *w)
{
	const char *data = getenv("WEIR_TEST_DATA"), *source = getenv("WEIR_SOURCE");

	if (data)
		(void)snprintf(w->root, sizeof(w->root), "%s", data);
	else
		(void)snprintf(w->root, sizeof(w->root), "%s/../shared/data",
			       source ? source : ".");
	return w->root;
}

static inline bool data_present(void)
{
	struct data_walk w;

	return access(data_root(&w), R_OK) == 0;
}

/* NULL if it cannot be read. */
static inline struct data_walk *data_walk_begin(void)
{
	struct data_walk *w = calloc(1, sizeof(*w));
	char *roots[2] = { NULL, NULL };

	if (!w)
		return NULL;
	data_root(w);
	roots[0] = w->root;
	w->fts = fts_open(roots, FTS_PHYSICAL, NULL);
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
