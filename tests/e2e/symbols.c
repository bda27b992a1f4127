/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What dlsym(3) gives, to be the same under weir run but for libpcap's calls: prints a line for
 * each. Usage: symbols LIBRARY, which is own-scope.c.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

typedef void *(*ask_fn)(void);

static ask_fn function(void *library, const char *name)
{
	void *found = dlsym(library, name);
	ask_fn ask;

	memcpy(&ask, &found, sizeof(ask));
	return ask;
}

/* The file name of the library that something is in. */
static const char *place_of(void *address)
{
	const char *slash;
	Dl_info info;

	if (!address || !dladdr(address, &info))
		return "nowhere";
	slash = strrchr(info.dli_fname, '/');
	return slash ? slash + 1 : info.dli_fname;
}

int main(int argc, char *argv[])
{
	void *own = argc > 1 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;
	void *pcap = dlopen("libpcap.so.0.8", RTLD_NOW | RTLD_LOCAL);

	if (!own) {
		fprintf(stderr, "symbols: %s\n", dlerror());
		return 1;
	}
	printf("default %s\n", place_of(function(own, "own_scope_default")()));
	printf("next %s\n", place_of(function(own, "own_scope_next")()));
	printf("none %s\n", place_of(dlsym(own, "no_such_symbol")));
	printf("error %s\n", dlerror() ? "told" : "none");
	if (pcap) {
		printf("call %s\n", place_of(dlsym(pcap, "pcap_next_ex")));
		printf("other %s\n", place_of(dlsym(pcap, "pcap_lib_version")));
	}
	return 0;
}
