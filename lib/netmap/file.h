/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Netmap descriptors of this process.
 *
 * What open("/dev/netmap") gives is a SEQPACKET socket of the family UNIX with a name by which
 * it is known again (abstract: weir-netmap/...), and registering connects it to the process
 * that runs the switch. So dup(2), fork(2), execve(2), SCM_RIGHTS and close(2) are the
 * kernel's business: with the last close anywhere the switch takes back what was registered.
 *
 * A process finds such a descriptor by a table; one that came into the process by another way
 * than open is found when it is first asked for what only netmap knows, or received, and asks
 * the switch what it is. Before the first of them there is nothing hidden here.
 *
 * The memory of struct nm_file is never given back to the system, so that who finds a pointer
 * in the table may look at it even if another thread closes at that moment.
 */
#ifndef NETMAP_FILE_H
#define NETMAP_FILE_H

#include <pthread.h>
#include <sys/types.h>

#include "netmap/port.h"

struct nm_file {
	_Atomic unsigned refs;		/* descriptors, and calls at work */
	ino_t inode;			/* of the socket */
	pthread_mutex_t lock;		/* of requests */
	_Atomic(struct nm_port *) port; /* NULL: not registered */
	char sw[VALE_SWITCH_NAME_SIZE]; /* that it is connected to; "": none */
	int held_fd;			/* a connection that holds a region; -EBADF */
	struct nm_file *next;
};

/* The netmap file of a descriptor, until nm_file_put(); NULL: it has none that is known. */
struct nm_file *nm_file_get(int fd);
void nm_file_put(struct nm_file *f);

/* Does the descriptor have one? */
bool nm_file_is(int fd);

/* The same, and looks whether the descriptor came from elsewhere. */
struct nm_file *nm_file_find(int fd);

/* Are there any, inherited ones with them? */
bool nm_file_any(void);

/* What is registered, perhaps by another process with which the descriptor is shared; NULL:
 * nothing. Until the file is put back. */
struct nm_port *nm_file_port(struct nm_file *f, int fd);

/* Opens one. flags: of open(2). The descriptor, or a negative errno. */
int nm_file_open(int flags);

/* As nm_name_split(), and where a port is that was made by itself, and its pipes: the switch that
 * it was attached to. */
int nm_name_find(const char name[NETMAP_REQ_IFNAMSIZ], char ret_switch[VALE_SWITCH_NAME_SIZE],
		 char ret_port[VALE_NAME_SIZE], struct weir_err *err);

/* Lets a region go that is held. */
void nm_file_unhold(struct nm_file *f);

/* Registers; on success reg has the answer. The file is locked. */
int nm_file_register(struct nm_file *f, int fd, const char name[NETMAP_REQ_IFNAMSIZ],
		     struct nmreq_register *reg, struct weir_err *err);

/* Takes that back, as if it had not been. The file is locked. */
void nm_file_unregister(struct nm_file *f, int fd);

/* to has become a copy of from. */
void nm_file_copied(int from, int to);
/* Is going to be closed. */
void nm_file_closing(int fd);
/* All from first to last. */
void nm_file_closing_range(unsigned first, unsigned last);

#endif
