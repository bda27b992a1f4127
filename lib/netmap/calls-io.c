/* SPDX-License-Identifier: BSD-2-Clause */
/* ioctl(2) and mmap(2). */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "netmap/calls.h"
#include "netmap/control.h"
#include "netmap/real.h"

/* Copies between this process and itself; -EFAULT where there is no memory. */
static int copy(void *ours, uint64_t theirs, size_t size, bool reads)
{
	const struct iovec local = { .iov_base = ours, .iov_len = size };
	const struct iovec remote = { .iov_base = (void *)(uintptr_t)theirs, .iov_len = size };
	ssize_t n = reads ? process_vm_readv(getpid(), &local, 1, &remote, 1, 0)
			  : process_vm_writev(getpid(), &local, 1, &remote, 1, 0);

	if (n == (ssize_t)size)
		return 0;
	if (n >= 0 || (errno != ENOSYS && errno != EPERM))
		return -EFAULT;
	/* Somebody has forbidden that call to this process: then it is trusted. */
	if (reads)
		memcpy(ours, remote.iov_base, size);
	else
		memcpy(remote.iov_base, ours, size);
	return 0;
}

static int read_memory(void *ctx, void *to, uint64_t from, size_t size)
{
	(void)ctx;
	return copy(to, from, size, true);
}

static int write_memory(void *ctx, uint64_t to, const void *from, size_t size)
{
	(void)ctx;
	return copy((void *)(uintptr_t)from, to, size, false);
}

/* A program knows an errno only; the kernel's log has the reason, if somebody looks there. */
static void log_reason(const struct weir_err *err)
{
	char line[sizeof(err->text) + 32];
	int n;

	if (!err->text[0] || !secure_getenv("WEIR_NETMAP_VERBOSE"))
		return;
	n = snprintf(line, sizeof(line), "weir-netmap: %s\n", err->text);
	(void)!write(STDERR_FILENO, line, (size_t)n); /* nobody is there to be told */
}

NM_PUBLIC int ioctl(int fd, unsigned long code, ...)
{
	static const struct nm_user user = { .read = read_memory, .write = write_memory };
	struct weir_err err = { 0 };
	struct nm_file *f;
	va_list args;
	void *arg;
	int r;

	va_start(args, code);
	arg = va_arg(args, void *);
	va_end(args);
	f = nm_is_ioctl(code) ? nm_file_find(fd) : NULL;
	if (!f)
		return real()->ioctl(fd, code, arg);
	r = nm_ioctl(f, fd, code, (uintptr_t)arg, &user, &err);
	nm_file_put(f);
	if (r < 0)
		log_reason(&err);
	return nm_result(r);
}

/* A descriptor of netmap's that stands for memory. */
static int memory_of(int fd)
{
	struct nm_file *f = nm_file_find(fd);
	struct nm_port *p = f ? nm_file_port(f, fd) : NULL;
	int memory = p ? p->client.fds[VALE_FD_MEM] : fd;

	if (f)
		nm_file_put(f);
	return memory;
}

static void *map(void *at, size_t size, int prot, int flags, int fd, off_t offset)
{
	/* Not by the C library: what allocates memory may call this before it is there. */
	if (fd >= 0 && flags & MAP_SHARED && !(flags & MAP_ANONYMOUS))
		fd = memory_of(fd);
	return (void *)syscall(SYS_mmap, at, size, prot, flags, fd, offset);
}

NM_PUBLIC void *mmap(void *at, size_t size, int prot, int flags, int fd, off_t offset)
{
	return map(at, size, prot, flags, fd, offset);
}

NM_PUBLIC void *mmap64(void *at, size_t size, int prot, int flags, int fd, off_t offset)
{
	return map(at, size, prot, flags, fd, offset);
}
