/* SPDX-License-Identifier: BSD-2-Clause */
/* Keys as options give them. */
#ifndef CLI_EDIT_KEY_H
#define CLI_EDIT_KEY_H

#include <stddef.h>
#include <stdint.h>

#include <weir/err.h>

/*
 * A key of size bytes: hexadecimal digits, or "@FILE", which holds the bytes or the digits
 * (white space and colons between them do not count). 0; or with the text, which does not
 * tell the key, -EINVAL or what open(2) and read(2) give.
 */
int edit_key_read(const char *text, uint8_t *ret_key, size_t size, struct weir_err *err);

#endif
