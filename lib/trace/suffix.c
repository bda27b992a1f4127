/* SPDX-License-Identifier: BSD-2-Clause */
/* What the name of a file says of the trace to be written to it. */
#include <stdbool.h>
#include <string.h>

#include <weir/trace.h>

#include "base/macros.h"

static bool ends_with(const char *s, size_t len, const char *end)
{
	size_t n = strlen(end);

	return len >= n && !memcmp(s + len - n, end, n);
}

/* Cuts a suffix that says how to compress off the length of the name. */
static enum weir_compression compression_of(const char *name, size_t *len)
{
	static const struct {
		const char *end;
		enum weir_compression compression;
	} rows[] = {
		{ ".gz", WEIR_COMPRESSION_GZIP },
		{ ".zst", WEIR_COMPRESSION_ZSTD },
		{ ".lz4", WEIR_COMPRESSION_LZ4 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (ends_with(name, *len, rows[i].end)) {
			*len -= strlen(rows[i].end);
			return rows[i].compression;
		}
	}
	return WEIR_COMPRESSION_NONE;
}

void weir_writer_opts_by_name(const char *path, struct weir_writer_opts *opts)
{
	size_t len = strlen(path);

	opts->compression = compression_of(path, &len);
	opts->format = ends_with(path, len, ".pcapng") ? WEIR_TRACE_PCAPNG : WEIR_TRACE_PCAP_NS;
}
