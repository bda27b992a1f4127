/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "cmd.h"

const struct cmd *const commands[] = {
	NULL,
};

const struct cmd *const personalities[] = {
	NULL,
};

const struct cmd *cmd_find(const struct cmd *const list[], const char *name)
{
	for (; *list; list++) {
		if (strcmp((*list)->name, name) == 0)
			return *list;
	}
	return NULL;
}
