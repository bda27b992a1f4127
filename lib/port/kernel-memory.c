/* SPDX-License-Identifier: BSD-2-Clause */
/* kernel: memory that the programs of all queues read. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "port/kernel.h"

#include "base/cleanup.h"
#include "base/err.h"

int kernel_failed(int r, const char *what, struct weir_err *err)
{
	if (r == -EPERM)
		return err_set(err, r,
			       "sending from inside the kernel needs the capabilities CAP_BPF, "
			       "CAP_NET_ADMIN and CAP_PERFMON");
	return err_set(err, r, "cannot %s: %s", what, strerror(-r));
}

int kernel_memory_init(struct kernel_memory *m, size_t size, struct weir_err *err)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE);
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *base;

	m->size = (size + KERNEL_FRAME_MAX + page - 1) / page * page;
	m->fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "memory", sizeof(uint32_t), (uint32_t)m->size, 1,
			       &opts);
	if (m->fd < 0)
		return kernel_failed(m->fd, "make memory for the program that sends", err);
	base = mmap(NULL, m->size, PROT_READ | PROT_WRITE, MAP_SHARED, m->fd, 0);
	if (base == MAP_FAILED)
		return kernel_failed(-errno, "map the program's memory", err);
	m->base = base;
	return 0;
}

void kernel_memory_done(struct kernel_memory *m)
{
	if (m->base)
		(void)munmap(m->base, m->size);
	m->base = NULL;
	closep(&m->fd);
	m->fd = -EBADF;
}
