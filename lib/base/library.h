/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Libraries that few commands need, loaded by those that do. With Debian's libpcap come
 * D-Bus, systemd and libgcrypt, and libcrypto is large: each takes 0.8 ms, as much as
 * everything else that weir does before its first line.
 */
#ifndef BASE_LIBRARY_H
#define BASE_LIBRARY_H

#include <stddef.h>

#include <weir/err.h>

/* A function, and where in a struct its pointer goes. */
struct library_function {
	const char *name;
	size_t offset;
};

/* The member of the table type that is named as the function without the prefix. */
#define LIBRARY_FUNCTION(type, prefix, member)                                                     \
	{                                                                                          \
		prefix #member, offsetof(type, member)                                             \
	}

/*
 * Loads the first library of names (NULL ends them) that is there, and fills in the n
 * functions of the table; any number of times. It stays until the process ends.
 * -ENOENT: there is none, or it has not all of these.
 */
int library_load(const char *const *names, const struct library_function *functions, size_t n,
		 void *ret_table, struct weir_err *err);

#endif
