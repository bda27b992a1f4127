/* SPDX-License-Identifier: BSD-2-Clause */
#include "netmap/real.h"

#include <dlfcn.h>
#include <pthread.h>

/* Written once. */
static struct real functions;

static void look_up(void)
{
#define LOOK_UP(name) *(void **)&functions.name = dlsym(RTLD_NEXT, #name);
	REAL_CALLS(LOOK_UP)
#undef LOOK_UP
}

const struct real *real(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	(void)pthread_once(&once, look_up); /* cannot fail */
	return &functions;
}
