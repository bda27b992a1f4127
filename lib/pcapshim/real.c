/* SPDX-License-Identifier: BSD-2-Clause */
#include "pcapshim/real.h"

#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

#include "base/macros.h"

static const struct {
	const char *name;
	size_t offset;
} functions[] = {
#define ROW(name) { "pcap_" #name, offsetof(struct real, name) },
	REAL_CALLS(ROW)
#undef ROW
		{ "pcap_open_dead_with_tstamp_precision",
		  offsetof(struct real, open_dead_with_tstamp_precision) },
	{ "pcap_offline_filter", offsetof(struct real, offline_filter) },
	{ "bpf_validate", offsetof(struct real, validate) },
};

/* A library that is loaded into programs has the state of its process. */
static struct real real;
static pthread_once_t once = PTHREAD_ONCE_INIT;

void *real_dlsym_address(void)
{
	/* Where the C library had dlsym() in another library, it still has that version. */
	static const char *const versions[] = { "GLIBC_2.34", "GLIBC_2.17", "GLIBC_2.2.5" };
	static _Atomic(void *) known;
	void *found = atomic_load_explicit(&known, memory_order_relaxed);

	for (unsigned i = 0; i < ARRAY_SIZE(versions) && !found; i++)
		found = dlvsym(RTLD_NEXT, "dlsym", versions[i]);
	atomic_store_explicit(&known, found, memory_order_relaxed);
	return found;
}

void *real_dlsym(void *library, const char *name)
{
	void *address = real_dlsym_address();
	void *(*function)(void *, const char *);

	memcpy(&function, &address, sizeof(function));
	return function(library, name);
}

static int is_libpcap(struct dl_phdr_info *info, size_t size, void *ret_path)
{
	const char *slash = strrchr(info->dlpi_name, '/');

	(void)size;
	if (strncmp(slash ? slash + 1 : info->dlpi_name, "libpcap.so", strlen("libpcap.so")) != 0)
		return 0;
	*(const char **)ret_path = info->dlpi_name;
	return 1;
}

/* One that the program has loaded for itself cannot be seen from here otherwise. */
static void *find_library(void)
{
	static const char *const names[] = { "libpcap.so.0.8", "libpcap.so.1", NULL };
	void *library = NULL;
	const char *path;

	if (real_dlsym(RTLD_NEXT, "pcap_create"))
		return RTLD_NEXT;
	if (dl_iterate_phdr(is_libpcap, &path))
		return dlopen(path, RTLD_LAZY | RTLD_NODELETE);
	for (const char *const *name = names; *name && !library; name++)
		library = dlopen(*name, RTLD_LAZY | RTLD_NODELETE);
	return library; /* it stays */
}

static void load(void)
{
	void *library = find_library();

	for (unsigned i = 0; i < ARRAY_SIZE(functions) && library; i++) {
		void *function = real_dlsym(library, functions[i].name);

		memcpy((char *)&real + functions[i].offset, &function, sizeof(function));
	}
}

const struct real *real_libpcap(void)
{
	(void)pthread_once(&once, load); /* cannot fail */
	return &real;
}
