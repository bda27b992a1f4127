/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Errors: how every call of libweir says what went wrong.
 *
 * A call that can fail returns an int: 0 or more is success, a negative errno
 * is failure. The place that knows most also writes one line of text into the
 * struct weir_err that the caller lent, with the name of the file, option or
 * interface and the place in it. The library never prints, exits or aborts on
 * input. Passing NULL for the error is allowed everywhere: the code is then all
 * there is.
 */
#ifndef WEIR_ERR_H
#define WEIR_ERR_H

#ifdef __cplusplus
extern "C" {
#endif

struct weir_err {
	int code;	/* the negative errno that the call returned, 0 if none */
	char text[512]; /* one line, no newline; "" if nothing was written */
};

/* The text, or the name of the code when no text was written. Never NULL.
 * The result lives as long as err does. Safe with threads. */
const char *weir_err_text(struct weir_err *err);

#ifdef __cplusplus
}
#endif
#endif
