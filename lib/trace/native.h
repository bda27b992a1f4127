/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What pcapng files hold beside frames, as a file in this machine's byte order has it: so
 * that it can be written to another file as it stands.
 */
#ifndef TRACE_NATIVE_H
#define TRACE_NATIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Copies the options of a block of this type from n bytes at src to dst, where there is room
 * for as much. Without the end mark, what is behind it, and options that must not be copied
 * by who does not know them; up to one that goes beyond the block. swapped: src is of the
 * other byte order. Returns how many bytes dst has got, a multiple of 4.
 */
size_t native_options(uint32_t type, bool swapped, const uint8_t *src, size_t n, uint8_t *dst);

/* Is a block of this type one that native_block() knows and another file may have? */
bool native_keeps(uint32_t type);

/* The same with the body (all between the two lengths) of such a block; with an end mark, if
 * there are options and it had one. */
size_t native_block(uint32_t type, bool swapped, const uint8_t *src, size_t n, uint8_t *dst);

#endif
