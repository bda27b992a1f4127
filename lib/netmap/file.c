/* SPDX-License-Identifier: BSD-2-Clause */
#include "netmap/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/macros.h"
#include "netmap/hidden.h"
#include "netmap/real.h"
#include "netmap/switches.h"

#define MAX_FDS	    65536u
#define NAME_PREFIX "weir-netmap/"

/* A process has one table of descriptors, and here is what belongs to them: the only state of
 * the process in this library. */
static struct {
	_Atomic(struct nm_file *) by_fd[MAX_FDS];
	_Atomic unsigned n_fds; /* in by_fd */
	pthread_mutex_t lock;	/* of changes, and of what follows */
	bool watches_forks;
	struct nm_file *used, *unused;
} table = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void lock_table(void)
{
	(void)pthread_mutex_lock(&table.lock); /* cannot fail */
}

static void unlock_table(void)
{
	(void)pthread_mutex_unlock(&table.lock);
}

/* A new file, with one user. The table is locked. */
static struct nm_file *file_new(ino_t inode)
{
	struct nm_file *f = table.unused;

	if (f) {
		table.unused = f->next;
	} else {
		f = calloc(1, sizeof(*f));
		if (!f)
			return NULL;
		(void)pthread_mutex_init(&f->lock, NULL); /* cannot fail without attributes */
	}
	f->inode = inode;
	f->sw[0] = '\0';
	f->held_fd = -EBADF;
	f->next = table.used;
	table.used = f;
	atomic_store_explicit(&f->refs, 1, memory_order_release);
	return f;
}

/* Nobody has it any more. The table is locked. */
static void file_free(struct nm_file *f)
{
	struct nm_file **at = &table.used;

	while (*at != f)
		at = &(*at)->next;
	*at = f->next;
	f->next = table.unused;
	table.unused = f;
	(void)nm_port_free(atomic_exchange(&f->port, NULL));
	nm_file_unhold(f);
}

/* One more user, unless it is being freed. */
static bool take_ref(struct nm_file *f)
{
	unsigned refs = atomic_load_explicit(&f->refs, memory_order_relaxed);

	do {
		if (!refs)
			return false;
	} while (!atomic_compare_exchange_weak_explicit(
		&f->refs, &refs, refs + 1, memory_order_acquire, memory_order_relaxed));
	return true;
}

void nm_file_put(struct nm_file *f)
{
	if (atomic_fetch_sub_explicit(&f->refs, 1, memory_order_acq_rel) != 1)
		return;
	lock_table();
	file_free(f);
	unlock_table();
}

struct nm_file *nm_file_get(int fd)
{
	struct nm_file *f;

	if (unlikely(fd < 0 || (unsigned)fd >= MAX_FDS))
		return NULL;
	f = atomic_load_explicit(&table.by_fd[fd], memory_order_acquire);
	if (likely(!f))
		return NULL;
	if (unlikely(!take_ref(f)))
		return NULL; /* closed just now */
	if (likely(atomic_load_explicit(&table.by_fd[fd], memory_order_acquire) == f))
		return f;
	nm_file_put(f); /* it has become another one's */
	return NULL;
}

bool nm_file_is(int fd)
{
	return fd >= 0 && (unsigned)fd < MAX_FDS &&
	       atomic_load_explicit(&table.by_fd[fd], memory_order_relaxed);
}

/* Takes over one user of f. The table is locked. */
static void set_fd(int fd, struct nm_file *f)
{
	atomic_store_explicit(&table.by_fd[fd], f, memory_order_release);
	atomic_fetch_add_explicit(&table.n_fds, 1, memory_order_relaxed);
}

/* The table is locked. */
static void clear_fd(int fd)
{
	struct nm_file *f = atomic_exchange(&table.by_fd[fd], NULL);

	if (!f)
		return;
	atomic_fetch_sub_explicit(&table.n_fds, 1, memory_order_relaxed);
	if (atomic_fetch_sub_explicit(&f->refs, 1, memory_order_acq_rel) == 1)
		file_free(f);
}

void nm_file_closing(int fd)
{
	if (fd < 0 || (unsigned)fd >= MAX_FDS ||
	    !atomic_load_explicit(&table.by_fd[fd], memory_order_relaxed))
		return;
	lock_table();
	clear_fd(fd);
	unlock_table();
}

void nm_file_closing_range(unsigned first, unsigned last)
{
	if (!atomic_load_explicit(&table.n_fds, memory_order_relaxed))
		return;
	lock_table();
	for (unsigned fd = first; fd <= last && fd < MAX_FDS; fd++)
		clear_fd((int)fd);
	unlock_table();
}

void nm_file_copied(int from, int to)
{
	struct nm_file *f = nm_file_get(from);

	nm_file_closing(to);
	if (!f)
		return;
	if ((unsigned)to >= MAX_FDS) {
		nm_file_put(f); /* it is found when it is asked for something */
		return;
	}
	lock_table();
	set_fd(to, f);
	unlock_table();
}

static bool has_our_name(int fd)
{
	struct sockaddr_un addr = { 0 };
	socklen_t size = sizeof(addr);

	return getsockname(fd, (struct sockaddr *)&addr, &size) == 0 &&
	       addr.sun_family == AF_UNIX &&
	       size > offsetof(struct sockaddr_un, sun_path) + sizeof(NAME_PREFIX) &&
	       memcmp(addr.sun_path + 1, NAME_PREFIX, sizeof(NAME_PREFIX) - 1) == 0;
}

/* The name is a number that nobody can guess: who had it first could not be told from us. */
static int make_socket(int flags, int *ret_fd)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	CLEANUP(closep)
	int fd = -EBADF;
	uint64_t nr[2];
	int n, r = vale_socket(&fd, NULL);

	if (r < 0)
		return r;
	if (getrandom(nr, sizeof(nr), 0) != sizeof(nr))
		return -EAGAIN;
	n = snprintf(addr.sun_path + 1, sizeof(addr.sun_path) - 1, NAME_PREFIX "%016llx%016llx",
		     (unsigned long long)nr[0], (unsigned long long)nr[1]);
	if (bind(fd, (struct sockaddr *)&addr,
		 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n)) < 0)
		return -errno;
	if (!(flags & O_CLOEXEC) && real()->fcntl(fd, F_SETFD, 0) < 0)
		return -errno;
	if ((unsigned)fd >= MAX_FDS)
		return -EMFILE;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static ino_t inode_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 ? st.st_ino : 0;
}

/* A child must not find the table locked by a thread that it does not have. */
static int watch_forks(void)
{
	int r = 0;

	if (!table.watches_forks)
		r = pthread_atfork(lock_table, unlock_table, unlock_table);
	table.watches_forks = true;
	return -r;
}

/* The file of a descriptor that is known to be one. The table is locked. */
static struct nm_file *file_of_inode(ino_t inode)
{
	for (struct nm_file *f = table.used; f; f = f->next)
		if (f->inode == inode && take_ref(f))
			return f;
	return watch_forks() == 0 ? file_new(inode) : NULL;
}

static int add_fd(int fd)
{
	ino_t inode = inode_of(fd);
	struct nm_file *f;

	lock_table();
	clear_fd(fd);
	f = file_of_inode(inode);
	if (f)
		set_fd(fd, f);
	unlock_table();
	return f ? 0 : -ENOMEM;
}

int nm_file_open(int flags)
{
	CLEANUP(closep)
	int fd = -EBADF;
	int r = make_socket(flags, &fd);

	if (r == 0)
		r = add_fd(fd);
	return r < 0 ? r : TAKE_FD(fd);
}

/* What a descriptor from elsewhere has registered; nothing is no error. */
static void ask_again(struct nm_file *f, int fd)
{
	struct sockaddr_un addr;
	socklen_t size = sizeof(addr);
	struct nm_port *p = NULL;

	(void)pthread_mutex_lock(&f->lock);
	if (!f->port && getpeername(fd, (struct sockaddr *)&addr, &size) == 0) {
		(void)snprintf(f->sw, sizeof(f->sw), "?"); /* some switch */
		if (nm_port_again(fd, &p, NULL) == 0)
			atomic_store_explicit(&f->port, p, memory_order_release);
	}
	(void)pthread_mutex_unlock(&f->lock);
}

struct nm_file *nm_file_find(int fd)
{
	struct nm_file *f = nm_file_get(fd);

	if (f || fd < 0 || (unsigned)fd >= MAX_FDS || !has_our_name(fd) || add_fd(fd) < 0)
		return f;
	return nm_file_get(fd);
}

struct nm_port *nm_file_port(struct nm_file *f, int fd)
{
	struct nm_port *p = atomic_load_explicit(&f->port, memory_order_acquire);

	if (unlikely(!p)) {
		ask_again(f, fd);
		p = atomic_load_explicit(&f->port, memory_order_acquire);
	}
	return p;
}

static void find_inherited(void)
{
	DIR *dir = opendir("/proc/self/fd");
	const struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		struct nm_file *f = nm_file_find(atoi(entry->d_name));

		if (f)
			nm_file_put(f);
	}
	if (dir)
		(void)closedir(dir);
}

bool nm_file_any(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	(void)pthread_once(&once, find_inherited); /* cannot fail */
	return atomic_load_explicit(&table.n_fds, memory_order_relaxed) != 0;
}

/* A socket that is connected stays so: with another switch there has to be another one. */
static int renew(struct nm_file *f, int fd)
{
	CLEANUP(closep)
	int other = -EBADF;
	int flags = real()->fcntl(fd, F_GETFD);
	int r = make_socket(flags & FD_CLOEXEC ? O_CLOEXEC : 0, &other);

	if (r == 0 && real()->dup3(other, fd, flags & FD_CLOEXEC ? O_CLOEXEC : 0) < 0)
		r = -errno;
	if (r < 0)
		return r;
	lock_table();
	f->inode = inode_of(fd);
	unlock_table();
	f->sw[0] = '\0';
	return 0;
}

static int connect_to(struct nm_file *f, int fd, const char *sw, struct weir_err *err)
{
	int r = 0;

	if (strcmp(f->sw, sw) == 0)
		return 0;
	if (f->sw[0])
		r = renew(f, fd);
	if (r < 0)
		return err_set(err, r, "no socket: %s", strerror(-r));
	r = vale_connect_socket(fd, sw, true, err);
	if (r == 0)
		memcpy(f->sw, sw, sizeof(f->sw));
	return r;
}

int nm_name_find(const char name[NETMAP_REQ_IFNAMSIZ], char ret_switch[VALE_SWITCH_NAME_SIZE],
		 char ret_port[VALE_NAME_SIZE], struct weir_err *err)
{
	char parent[VALE_NAME_SIZE];
	int r = nm_name_split(name, ret_switch, ret_port, err);

	if (r < 0 || strcmp(ret_switch, NM_NOWHERE) != 0)
		return r;
	(void)snprintf(parent, sizeof(parent), "%.*s", (int)strcspn(ret_port, "{}"), ret_port);
	nm_switch_of(parent, ret_switch);
	return 0;
}

void nm_file_unhold(struct nm_file *f)
{
	nm_unhide(f->held_fd);
	closep(&f->held_fd);
	f->held_fd = -EBADF;
}

int nm_file_register(struct nm_file *f, int fd, const char name[NETMAP_REQ_IFNAMSIZ],
		     struct nmreq_register *reg, struct weir_err *err)
{
	char sw[VALE_SWITCH_NAME_SIZE] = "", port[VALE_NAME_SIZE];
	struct nm_port *p = NULL;
	int r = f->port ? err_set(err, -EBUSY, "this descriptor is registered") : 0;

	if (r == 0)
		r = nm_name_find(name, sw, port, err);
	/* A switch may end just as it is found. */
	for (unsigned i = 0; i < 2 && (r == 0 || r == -EPIPE) && !p; i++) {
		if (r == -EPIPE)
			f->sw[0] = '?';
		r = connect_to(f, fd, sw, err);
		if (r == 0)
			r = nm_port_register(fd, port, reg, &p, err);
	}
	if (r == 0) {
		atomic_store_explicit(&f->port, p, memory_order_release);
		nm_file_unhold(f);
	}
	return r;
}

void nm_file_unregister(struct nm_file *f, int fd)
{
	(void)nm_port_free(atomic_exchange(&f->port, NULL));
	(void)renew(f, fd); /* or it remains one that has nothing */
}
