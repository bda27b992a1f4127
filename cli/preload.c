/* SPDX-License-Identifier: BSD-2-Clause */
#include "preload.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "util.h"

/* Interpreters of interpreters, as many as the kernel follows. */
#define MAX_SCRIPTS 5u

/* The beginning of a file: of a program, a library or a script. */
struct head {
	union {
		ElfW(Ehdr) elf;
		char text[256];
	};
	size_t len;
};

static void fd_closep(const int *fd)
{
	if (*fd >= 0)
		(void)close(*fd); /* was read only */
}

static bool is_program(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

char *preload_find_program(const char *name)
{
	const char *path = getenv("PATH");

	if (strchr(name, '/'))
		return access(name, F_OK) == 0 ? xstrdup(name) : NULL;
	for (path = path ? path : "/usr/local/bin:/usr/bin:/bin";; path++) {
		int len = (int)strcspn(path, ":");
		CLEANUP(freep)
		char *file = NULL;

		/* An empty folder is the current one. */
		if (asprintf(&file, "%.*s/%s", len ? len : 1, len ? path : ".", name) < 0)
			return NULL;
		if (is_program(file))
			return TAKE_PTR(file);
		path += len;
		if (!*path)
			return NULL;
	}
}

static int head_open(struct head *h, const char *path, struct weir_err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return err_text(err, -errno, "%s: %s", path, strerror(errno));
	*h = (struct head){ 0 };
	n = read(fd, h->text, sizeof(h->text));
	if (n < 0) {
		fd_closep(&fd);
		return err_text(err, -errno, "%s: %s", path, strerror(errno));
	}
	h->len = (size_t)n;
	return fd;
}

static bool is_elf(const struct head *h)
{
	return h->len >= sizeof(h->elf) && memcmp(h->text, ELFMAG, SELFMAG) == 0;
}

/* For the same processor, word size and byte order? */
static bool same_machine(const struct head *a, const struct head *b)
{
	return a->elf.e_ident[EI_CLASS] == b->elf.e_ident[EI_CLASS] &&
	       a->elf.e_ident[EI_DATA] == b->elf.e_ident[EI_DATA] &&
	       a->elf.e_machine == b->elf.e_machine;
}

/* Does it name a loader? What does not has nobody who would look at LD_PRELOAD. */
static bool has_loader(int fd, const struct head *h)
{
	for (unsigned i = 0; i < h->elf.e_phnum; i++) {
		off_t at = (off_t)(h->elf.e_phoff + (uint64_t)i * h->elf.e_phentsize);
		ElfW(Phdr) p;

		if (pread(fd, &p, sizeof(p), at) == sizeof(p) && p.p_type == PT_INTERP)
			return true;
	}
	return false;
}

/* Whose rights does the kernel give it, which the loader then guards? NULL: those of the caller. */
static const char *foreign_rights(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return NULL;
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1) {
		if (st.st_mode & S_ISUID && st.st_uid != getuid())
			return "set-user-ID";
		/* Without the right to run, that bit is one of locking. */
		if (st.st_mode & S_ISGID && st.st_mode & S_IXGRP && st.st_gid != getgid())
			return "set-group-ID";
	}
	if (getuid() != 0 && fgetxattr(fd, "security.capability", NULL, 0) > 0)
		return "given capabilities";
	return NULL;
}

/* What a script names behind "#!": cut out of h; NULL: it is none. */
static char *interpreter_of(struct head *h)
{
	char *name = h->text + 2;

	if (h->len < 3 || memcmp(h->text, "#!", 2) != 0)
		return NULL;
	h->text[sizeof(h->text) - 1] = '\0';
	name += strspn(name, " \t");
	name[strcspn(name, " \t\n")] = '\0';
	return *name ? name : NULL;
}

static int check_program(int fd, const struct head *h, const char *path, const struct head *lib,
			 struct weir_err *err)
{
	const char *rights = foreign_rights(fd);

	if (!same_machine(h, lib))
		return err_text(err, -ENOEXEC,
				"%s is for another kind of processor or word size than weir", path);
	if (!has_loader(fd, h))
		return err_text(
			err, -ENOEXEC,
			"%s is statically linked (as programs in Go are): no library can be "
			"put before its own",
			path);
	if (rights)
		return err_text(err, -EPERM,
				"%s is %s: for this user the loader puts no library before those "
				"of such a program; a copy of it that is not will do",
				path, rights);
	return 0;
}

int preload_check(const char *program, const char *library, struct weir_err *err)
{
	struct head h = { 0 }, lib;
	CLEANUP(freep)
	char *path = xstrdup(program);
	CLEANUP(fd_closep)
	int lib_fd = head_open(&lib, library, err);

	if (lib_fd < 0)
		return lib_fd;
	for (unsigned i = 0; i < MAX_SCRIPTS; i++) {
		CLEANUP(fd_closep)
		int fd = head_open(&h, path, err);
		char *next;

		if (fd == -EACCES)
			return 0; /* may be run, and not be read */
		if (fd < 0)
			return fd;
		if (is_elf(&h))
			return check_program(fd, &h, path, &lib, err);
		next = interpreter_of(&h);
		if (!next)
			return 0;
		free(path);
		path = xstrdup(next);
	}
	return err_text(err, -ELOOP, "%s: %s", program, strerror(ELOOP));
}

int preload_check_library(const char *library, struct weir_err *err)
{
	struct head h;
	CLEANUP(fd_closep)
	int fd = head_open(&h, library, err);

	if (fd < 0)
		return fd;
	if (!is_elf(&h) || h.elf.e_type != ET_DYN)
		return err_text(err, -EINVAL, "%s is no shared library", library);
	if (library[strcspn(library, " :")])
		return err_text(
			err, -EINVAL,
			"%s: a library whose path has a blank or a colon cannot be preloaded",
			library);
	return 0;
}

void preload_add(const char *library)
{
	const char *before = getenv("LD_PRELOAD");
	CLEANUP(freep)
	char *list = NULL;

	if (before && *before && asprintf(&list, "%s:%s", before, library) < 0)
		list = NULL;
	(void)setenv("LD_PRELOAD", list ? list : library, 1);
}
