/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory that processes share which do not trust each other. */
#ifndef VALE_MEMORY_H
#define VALE_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#include <weir/err.h>

/* A memfd of that size, zeroed, whose size nobody can change any more. The descriptor, or
 * a negative errno. Pages take memory when they are first touched. */
int vale_memfd(const char *name, size_t size, struct weir_err *err);

/* Maps size bytes from offset on. -EPERM: this is not memory that can be relied upon to stay
 * (a memfd sealed against shrinking, with pages of the usual size, and as long as that):
 * touching it could end the process. */
int vale_map(int fd, uint64_t offset, size_t size, int writable, void **ret_mem,
	     struct weir_err *err);
void vale_unmap(void *mem, size_t size);

#endif
