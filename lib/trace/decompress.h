/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading compressed traces: a source over a source.
 *
 * gzip with any number of members, zstd and lz4 with any number of frames are told
 * by their first bytes and decompressed as they are read, in bounded memory: zstd
 * frames that want a window above 128 MiB are refused.
 */
#ifndef TRACE_DECOMPRESS_H
#define TRACE_DECOMPRESS_H

#include <weir/trace.h>

#include "trace/source.h"

/* If the bytes of *src are compressed, puts a source over it that gives the plain
 * ones and owns it. On failure *src stays as it was, with the reason in its err. */
int decompress_wrap(struct source **src, enum weir_compression *ret_compression);

#endif
