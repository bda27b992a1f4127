/* SPDX-License-Identifier: BSD-2-Clause */
/* Functions of the C library by which descriptors come, multiply and go. */
#include <limits.h>
#include <stdarg.h>
#include <string.h>

#include "netmap/calls.h"
#include "netmap/epoll.h"
#include "netmap/file.h"
#include "netmap/hidden.h"
#include "netmap/real.h"

static bool is_netmap(const char *path)
{
	return strcmp(path, "/dev/netmap") == 0;
}

/* The third argument of a function like open(2), which is there with some flags. */
#define MODE_OF(flags, mode)                                                                       \
	do {                                                                                       \
		va_list args_;                                                                     \
		va_start(args_, flags);                                                            \
		mode = (flags) & (O_CREAT | __O_TMPFILE) ? va_arg(args_, mode_t) : 0;              \
		va_end(args_);                                                                     \
	} while (0)

NM_PUBLIC int open(const char *path, int flags, ...)
{
	mode_t mode;

	if (is_netmap(path))
		return nm_result(nm_file_open(flags));
	MODE_OF(flags, mode);
	return real()->open(path, flags, mode);
}

NM_PUBLIC int open64(const char *path, int flags, ...)
{
	mode_t mode;

	if (is_netmap(path))
		return nm_result(nm_file_open(flags));
	MODE_OF(flags, mode);
	return real()->open64(path, flags, mode);
}

NM_PUBLIC int openat(int dir, const char *path, int flags, ...)
{
	mode_t mode;

	if (is_netmap(path))
		return nm_result(nm_file_open(flags));
	MODE_OF(flags, mode);
	return real()->openat(dir, path, flags, mode);
}

NM_PUBLIC int openat64(int dir, const char *path, int flags, ...)
{
	mode_t mode;

	if (is_netmap(path))
		return nm_result(nm_file_open(flags));
	MODE_OF(flags, mode);
	return real()->openat64(dir, path, flags, mode);
}

NM_PUBLIC int __open_2(const char *path, int flags)
{
	return is_netmap(path) ? nm_result(nm_file_open(flags)) : real()->__open_2(path, flags);
}

NM_PUBLIC int __open64_2(const char *path, int flags)
{
	return is_netmap(path) ? nm_result(nm_file_open(flags)) : real()->__open64_2(path, flags);
}

NM_PUBLIC int __openat_2(int dir, const char *path, int flags)
{
	return is_netmap(path) ? nm_result(nm_file_open(flags))
			       : real()->__openat_2(dir, path, flags);
}

NM_PUBLIC int __openat64_2(int dir, const char *path, int flags)
{
	return is_netmap(path) ? nm_result(nm_file_open(flags))
			       : real()->__openat64_2(dir, path, flags);
}

NM_PUBLIC int close(int fd)
{
	if (nm_is_hidden(fd))
		return nm_result(-EBADF);
	nm_epoll_closing(fd);
	nm_file_closing(fd);
	return real()->close(fd);
}

/* Closes all from first to last but what is hidden. */
static int close_shown(unsigned first, unsigned last, int flags)
{
	unsigned begin = first, fd = first;
	int r = 0;

	for (; r == 0 && fd < NM_HIDDEN_END && fd <= last; fd++) {
		if (!nm_is_hidden((int)fd))
			continue;
		r = fd > begin ? real()->close_range(begin, fd - 1, flags) : 0;
		begin = fd + 1;
	}
	return r == 0 && begin <= last ? real()->close_range(begin, last, flags) : r;
}

NM_PUBLIC int close_range(unsigned first, unsigned last, int flags)
{
	if (first > last || flags)
		return real()->close_range(first, last, flags);
	nm_file_closing_range(first, last);
	return nm_any_hidden() ? close_shown(first, last, flags)
			       : real()->close_range(first, last, flags);
}

NM_PUBLIC void closefrom(int low)
{
	nm_file_closing_range(low < 0 ? 0 : (unsigned)low, UINT_MAX);
	if (nm_any_hidden())
		(void)close_shown(low < 0 ? 0 : (unsigned)low, UINT_MAX, 0);
	else
		real()->closefrom(low);
}

NM_PUBLIC int dup(int fd)
{
	int to = real()->dup(fd);

	if (to >= 0)
		nm_file_copied(fd, to);
	return to;
}

NM_PUBLIC int dup2(int from, int to)
{
	int r;

	if (nm_is_hidden(to))
		return nm_result(-EBUSY);
	r = real()->dup2(from, to);
	if (r >= 0 && from != to)
		nm_file_copied(from, to);
	return r;
}

NM_PUBLIC int dup3(int from, int to, int flags)
{
	int r;

	if (nm_is_hidden(to))
		return nm_result(-EBUSY);
	r = real()->dup3(from, to, flags);
	if (r >= 0)
		nm_file_copied(from, to);
	return r;
}

static int control(__typeof__(&fcntl) next, int fd, int cmd, long arg)
{
	struct nm_file *f;
	int r;

	if (cmd == F_SETFL) {
		f = nm_file_get(fd);
		if (f) {
			arg &= ~(long)O_NONBLOCK; /* requests to the switch wait for its answer */
			nm_file_put(f);
		}
	}
	r = next(fd, cmd, arg);
	if (r >= 0 && (cmd == F_DUPFD || cmd == F_DUPFD_CLOEXEC))
		nm_file_copied(fd, r);
	return r;
}

NM_PUBLIC int fcntl(int fd, int cmd, ...)
{
	va_list args;
	long arg;

	va_start(args, cmd);
	arg = va_arg(args, long);
	va_end(args);
	return control(real()->fcntl, fd, cmd, arg);
}

NM_PUBLIC int fcntl64(int fd, int cmd, ...)
{
	va_list args;
	long arg;

	va_start(args, cmd);
	arg = va_arg(args, long);
	va_end(args);
	return control(real()->fcntl64, fd, cmd, arg);
}

/* Descriptors that have come with a message. */
static void look_at_message(struct msghdr *m)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		for (size_t i = 0;
		     c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS && i < n; i++) {
			struct nm_file *f;
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
			nm_file_closing(fd); /* one of that number was closed unseen */
			f = nm_file_find(fd);
			if (f)
				nm_file_put(f);
		}
	}
}

NM_PUBLIC ssize_t recvmsg(int fd, struct msghdr *m, int flags)
{
	ssize_t n = real()->recvmsg(fd, m, flags);

	if (n >= 0 && m->msg_controllen)
		look_at_message(m);
	return n;
}

NM_PUBLIC int recvmmsg(int fd, struct mmsghdr *m, unsigned max, int flags, struct timespec *timeout)
{
	int n = real()->recvmmsg(fd, m, max, flags, timeout);

	for (int i = 0; i < n; i++)
		if (m[i].msg_hdr.msg_controllen)
			look_at_message(&m[i].msg_hdr);
	return n;
}
