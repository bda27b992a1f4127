/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Descriptors that belong to this library and not to the program. They are moved out of the
 * way of its own, and it cannot close them by accident, as programs do that close all there
 * could be.
 */
#ifndef NETMAP_HIDDEN_H
#define NETMAP_HIDDEN_H

#include <stdbool.h>

/* *fd, if it is one, gets another number. */
void nm_hide(int *fd);
/* It is going to be closed by us. */
void nm_unhide(int fd);
bool nm_is_hidden(int fd);
bool nm_any_hidden(void);

/* None has this number or a higher one. */
#define NM_HIDDEN_END 65536u

#endif
