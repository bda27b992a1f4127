/* SPDX-License-Identifier: BSD-2-Clause */
#include "netmap/hidden.h"

#include <stdatomic.h>
#include <sys/resource.h>

#include "base/macros.h"
#include "netmap/real.h"

/* They begin at this number, or at half of what there can be. */
#define FROM 512u

/* The process has one table of descriptors. */
static _Atomic bool hidden[NM_HIDDEN_END];
static _Atomic unsigned n_hidden;

static void mark(int fd, bool is)
{
	if (fd >= 0 && (unsigned)fd < NM_HIDDEN_END)
		n_hidden += (unsigned)is - atomic_exchange(&hidden[fd], is);
}

bool nm_is_hidden(int fd)
{
	return fd >= 0 && (unsigned)fd < NM_HIDDEN_END &&
	       atomic_load_explicit(&hidden[fd], memory_order_relaxed);
}

bool nm_any_hidden(void)
{
	return n_hidden != 0;
}

void nm_hide(int *fd)
{
	struct rlimit most = { .rlim_cur = 2 * FROM };
	int to;

	if (*fd < 0)
		return;
	(void)getrlimit(RLIMIT_NOFILE, &most); /* or as is usual */
	to = real()->fcntl(*fd, F_DUPFD_CLOEXEC, (int)MIN(FROM, most.rlim_cur / 2));
	if (to >= 0) {
		(void)real()->close(*fd); /* there is another one */
		*fd = to;
	}
	mark(*fd, true);
}

void nm_unhide(int fd)
{
	mark(fd, false);
}
