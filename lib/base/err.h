/* SPDX-License-Identifier: BSD-2-Clause */
/* Setting errors: the library's side of weir/err.h. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <weir/err.h>

/* Writes the text and the code, and returns the code: return err_set(err, -EINVAL, ...).
 * err may be NULL. Text that does not fit is cut. */
int err_set(struct weir_err *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Puts "prefix: " before the text that is there, and returns the code it carries. */
int err_prefix(struct weir_err *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
