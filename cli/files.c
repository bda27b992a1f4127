/* SPDX-License-Identifier: BSD-2-Clause */
#include "files.h"

#include <errno.h>
#include <fts.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util.h"

static void add(struct file_list *list, const char *path)
{
	list->paths = xgrow(list->paths, list->n, sizeof(*list->paths));
	list->paths[list->n++] = xstrdup(path);
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static void fts_closep(FTS **fts)
{
	if (*fts)
		(void)fts_close(*fts); /* only reads */
}

static int add_folder(struct file_list *list, const char *path, struct weir_err *err)
{
	CLEANUP(freep)
	char *copy = xstrdup(path);
	char *const roots[] = { copy, NULL };
	CLEANUP(fts_closep)
	FTS *fts = fts_open(roots, FTS_LOGICAL | FTS_NOCHDIR, by_name);
	unsigned before = list->n;
	FTSENT *e;

	while (fts && (e = fts_read(fts))) {
		if (e->fts_info == FTS_F)
			add(list, e->fts_path);
		if (e->fts_info == FTS_DNR || e->fts_info == FTS_ERR || e->fts_info == FTS_NS)
			return err_text(err, -e->fts_errno, "%s: %s", e->fts_path,
					strerror(e->fts_errno));
	}
	if (!fts || errno)
		return err_text(err, -errno, "%s: %s", path, strerror(errno));
	if (list->n == before)
		return err_text(err, -ENOENT, "%s: no file in this folder", path);
	return 0;
}

int files_expand(const char *const *operands, unsigned n, struct file_list *list,
		 struct weir_err *err)
{
	for (unsigned i = 0; i < n; i++) {
		struct stat st;
		int r;

		/* What cannot be looked at is an error where it is opened. */
		if (stat(operands[i], &st) < 0 || !S_ISDIR(st.st_mode)) {
			add(list, operands[i]);
			continue;
		}
		r = add_folder(list, operands[i], err);
		if (r < 0)
			return r;
	}
	return 0;
}

void files_done(struct file_list *list)
{
	for (unsigned i = 0; i < list->n; i++)
		free(list->paths[i]);
	free(list->paths);
	*list = (struct file_list){ 0 };
}

bool files_is_regular(const char *path)
{
	struct stat st;

	return strcmp(path, "-") != 0 && stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

bool files_are_same(const char *a, const char *b)
{
	struct stat x, y;
	int r = strcmp(a, "-") == 0 ? fstat(STDIN_FILENO, &x) : stat(a, &x);

	return r == 0 && stat(b, &y) == 0 && S_ISREG(x.st_mode) && x.st_dev == y.st_dev &&
	       x.st_ino == y.st_ino;
}
