/* SPDX-License-Identifier: BSD-2-Clause */
#include "vale/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"

int vale_memfd(const char *name, size_t size, struct weir_err *err)
{
	CLEANUP(closep)
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0 || ftruncate(fd, (off_t)size) < 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
		return err_set(err, -errno, "no memory of %zu bytes to share: %s", size,
			       strerror(errno));
	return TAKE_FD(fd);
}

/* Can the mapping never raise SIGBUS? Huge pages can run out when they are touched. */
static int check_memfd(int fd, uint64_t end, struct weir_err *err)
{
	int seals = fcntl(fd, F_GET_SEALS);
	struct statfs fs;
	struct stat st;

	if (seals < 0 || !(seals & F_SEAL_SHRINK))
		return err_set(err, -EPERM, "this memory is not sealed against shrinking");
	if (fstatfs(fd, &fs) < 0 || fs.f_type != TMPFS_MAGIC)
		return err_set(err, -EPERM, "this memory is not a plain memfd");
	if (fstat(fd, &st) < 0 || (uint64_t)st.st_size < end)
		return err_set(err, -EPERM, "this memory is shorter than %llu bytes",
			       (unsigned long long)end);
	return 0;
}

int vale_map(int fd, uint64_t offset, size_t size, int writable, void **ret_mem,
	     struct weir_err *err)
{
	uint64_t end;
	void *mem;
	int r;

	if (!size || __builtin_add_overflow(offset, size, &end) || end > INT64_MAX)
		return err_set(err, -EINVAL, "memory of %zu bytes cannot be shared", size);
	r = check_memfd(fd, end, err);
	if (r < 0)
		return r;
	mem = mmap(NULL, size, PROT_READ | (writable ? PROT_WRITE : 0), MAP_SHARED, fd,
		   (off_t)offset);
	if (mem == MAP_FAILED)
		return err_set(err, -errno, "cannot map %zu bytes: %s", size, strerror(errno));
	*ret_mem = mem;
	return 0;
}

void vale_unmap(void *mem, size_t size)
{
	if (mem)
		(void)munmap(mem, size); /* it was mapped so */
}
