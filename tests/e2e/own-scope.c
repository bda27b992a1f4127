/* SPDX-License-Identifier: BSD-2-Clause */
/* A library that nobody but who loads it sees (RTLD_LOCAL), and that asks for symbols as it sees
 * them: its own and what stands behind it. Who asks is told by the return address: so volatile, for
 * the compiler would otherwise let dlsym() return to the caller's caller. */
#include <dlfcn.h>

void *own_scope_default(void);
void *own_scope_next(void);

void *own_scope_default(void)
{
	void *volatile found = dlsym(RTLD_DEFAULT, "own_scope_next");

	return found;
}

/* Of whoever has this name first behind this library: nobody. */
void *own_scope_next(void)
{
	void *volatile found = dlsym(RTLD_NEXT, "own_scope_next");

	return found;
}
