/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Port names: "scheme:target[,option[=value]]...[@Q|@A-B]". Pure; port.c looks the
 * scheme up and says what the parts mean.
 */
#ifndef PORT_NAME_H
#define PORT_NAME_H

#include "port/backend.h"

/* Queue numbers in names stay below this. */
#define PORT_MAX_QUEUES 4096U

/* How long the scheme of the name is; 0 if it has none (a plain interface). */
size_t port_name_scheme_len(const char *name);

/* Reads what stands after the scheme. With raw, all of it is the target.
 * -EINVAL with a text that names what is wrong. *ret_args is touched on success only. */
int port_name_args(const char *rest, bool raw, struct port_args *ret_args, struct weir_err *err);

/* Finds the first option of args that is not a word of known ("a b c" or NULL): its
 * length, and where it starts in *ret_option. 0 if all are known. */
size_t port_name_unknown_option(const struct port_args *args, const char *known,
				const char **ret_option);

/* Sets *value to the number after "name="; leaves it alone if there is no such option.
 * -EINVAL if it is not a number from min to max. */
int port_option_number(const struct port_args *args, const char *name, uint64_t min, uint64_t max,
		       uint64_t *value, struct weir_err *err);

#endif
