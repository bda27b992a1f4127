/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/libpcap.h"

#include "base/library.h"
#include "base/macros.h"

#define FUNCTION(name) LIBRARY_FUNCTION(struct libpcap, "pcap_", name)

int libpcap_load(struct libpcap *ret, struct weir_err *err)
{
	/* Debian and what comes from it still count 0.8; everybody else counts 1. */
	static const char *const names[] = { "libpcap.so.0.8", "libpcap.so.1", NULL };
	static const struct library_function functions[] = {
		FUNCTION(open_dead),
		FUNCTION(close),
		FUNCTION(geterr),
		FUNCTION(compile),
		FUNCTION(freecode),
		FUNCTION(offline_filter),
		FUNCTION(datalink_val_to_name),
		FUNCTION(datalink_val_to_description),
	};

	return library_load(names, functions, ARRAY_SIZE(functions), ret, err);
}
