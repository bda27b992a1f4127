/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names of switches, and where their sockets are.
 *
 * A switch NAME has a socket NAME and a lock file NAME.lock in a folder:
 *
 *     $WEIR_RUNTIME_DIR        if it is an absolute path
 *     /run/weir                of root
 *     $XDG_RUNTIME_DIR/weir    of others; /tmp/weir-UID if that is not set
 *
 * Who holds the lock is the switch; the kernel lets go of it whatever ends the process. A
 * user finds own switches first and then those of root that are shared with a group.
 */
#ifndef VALE_NAME_H
#define VALE_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <weir/err.h>

#define VALE_SWITCH_NAME_SIZE 16u

/* "vale" and letters, digits, '_', in all at most 15; or "netmap", which keeps the pipes of
 * no switch; or that with eight hexadecimal digits, which has the interfaces of a network
 * namespace (wire.c). -EINVAL with a text. */
int vale_name_check(const char *name, struct weir_err *err);

/* Is it one of the latter two? Of the last? The name is right. */
bool vale_name_is_netmap(const char *name);
bool vale_name_owns_nics(const char *name);

/* The switch that a port "netmap:PORT" belongs to: if PORT is an interface, or a pipe beside one,
 * it is that of this thread's network namespace. */
void vale_netmap_switch(const char *port, char ret_name[VALE_SWITCH_NAME_SIZE]);
/* Is it the one for this network namespace, if it is one for interfaces? */
bool vale_name_is_here(const char *name);

/* Is it the name of a port: letters, digits, '_', '-', '.', for a pipe with "{ID" or "}ID"
 * behind it? */
int vale_port_name_check(const char *name, struct weir_err *err);

/* The end of a pipe that a right name of a port means: 0 for "x{1", 1 for "x}1"; -1: none. */
int vale_pipe_end(const char *name);

/* The folder for own switches; make: makes it. Checks that it belongs to this user and
 * that nobody else may write to it. */
int vale_dir(char *path, size_t size, bool make, struct weir_err *err);
/* Folder i of those where switches are looked for, which may not exist; false: no more. */
bool vale_dir_next(unsigned i, char *path, size_t size);

/* The address of the socket in a folder. -ENAMETOOLONG. */
int vale_address(const char *dir, const char *name, struct sockaddr_un *ret_addr,
		 struct weir_err *err);

#endif
