/* SPDX-License-Identifier: BSD-2-Clause */
/* Operands that may be folders. */
#ifndef CLI_FILES_H
#define CLI_FILES_H

#include <stdbool.h>

#include <weir/err.h>

struct file_list {
	char **paths;
	unsigned n;
};

/* The operands, with each folder replaced by the files in it and below it, sorted by
 * name. Zeroed list in; the caller frees it with files_done(), also on failure. 0, or
 * a negative errno with the text. */
int files_expand(const char *const *operands, unsigned n, struct file_list *list,
		 struct weir_err *err);
void files_done(struct file_list *list);

/* Can it be read again? */
bool files_is_regular(const char *path);

/* Do both paths lead to one regular file? a may be "-", standard input. */
bool files_are_same(const char *a, const char *b);

#endif
