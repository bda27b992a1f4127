/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/library.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>

#include "base/err.h"

static void *open_first(const char *const *names)
{
	void *library = NULL;

	for (; *names && !library; names++)
		library = dlopen(*names, RTLD_LAZY | RTLD_LOCAL | RTLD_NODELETE);
	return library;
}

int library_load(const char *const *names, const struct library_function *functions, size_t n,
		 void *ret_table, struct weir_err *err)
{
	void *library = open_first(names);
	int r = 0;

	if (!library)
		return err_set(err, -ENOENT, "%s is needed: %s", names[0], dlerror());
	for (size_t i = 0; i < n && r == 0; i++) {
		void *function = dlsym(library, functions[i].name);

		if (function)
			memcpy((char *)ret_table + functions[i].offset, &function,
			       sizeof(function));
		else
			r = err_set(err, -ENOENT, "%s is of another version: %s", names[0],
				    dlerror());
	}
	(void)dlclose(library); /* it stays: RTLD_NODELETE */
	return r;
}
