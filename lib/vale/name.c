/* SPDX-License-Identifier: BSD-2-Clause */
#include "vale/name.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "vale/proto.h"

#define ROOT_DIR "/run/weir"
#define NETMAP	 "netmap"
#define WORD	 "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"

bool vale_name_is_netmap(const char *name)
{
	return strncmp(name, NETMAP, strlen(NETMAP)) == 0;
}

bool vale_name_owns_nics(const char *name)
{
	return vale_name_is_netmap(name) && name[strlen(NETMAP)];
}

/* Of this network namespace. */
static void name_here(char ret_name[VALE_SWITCH_NAME_SIZE])
{
	struct stat st = { 0 };

	(void)stat("/proc/thread-self/ns/net", &st); /* without /proc there is one namespace */
	(void)snprintf(ret_name, VALE_SWITCH_NAME_SIZE, NETMAP "%08x", (unsigned)st.st_ino);
}

bool vale_name_is_here(const char *name)
{
	char here[VALE_SWITCH_NAME_SIZE];

	name_here(here);
	return !vale_name_owns_nics(name) || strcmp(name, here) == 0;
}

void vale_netmap_switch(const char *port, char ret_name[VALE_SWITCH_NAME_SIZE])
{
	size_t len = strcspn(port, "{}");
	char iface[IF_NAMESIZE] = "";

	if (len < sizeof(iface))
		memcpy(iface, port, len);
	if (if_nametoindex(iface))
		name_here(ret_name);
	else
		(void)snprintf(ret_name, VALE_SWITCH_NAME_SIZE, NETMAP);
}

int vale_name_check(const char *name, struct weir_err *err)
{
	const char *number = name + strlen(NETMAP);

	if (strcmp(name, NETMAP) == 0)
		return 0;
	if (vale_name_is_netmap(name) && strspn(number, "0123456789abcdef") == 8 && !number[8])
		return 0;
	if (strncmp(name, "vale", 4) != 0 || name[strspn(name, WORD)] ||
	    strlen(name) >= VALE_SWITCH_NAME_SIZE)
		return err_set(err, -EINVAL,
			       "'%s' is no switch: 'vale' and letters, digits or '_' behind it, "
			       "%u in all",
			       name, VALE_SWITCH_NAME_SIZE - 1);
	return 0;
}

int vale_port_name_check(const char *name, struct weir_err *err)
{
	size_t len = strspn(name, WORD "-.");
	const char *rest = name + len;
	bool right = len && strlen(name) < VALE_NAME_SIZE;

	if (*rest == '{' || *rest == '}') {
		rest++;
		right = right && *rest;
		rest += strspn(rest, WORD);
	}
	if (!right || *rest)
		return err_set(err, -EINVAL,
			       "'%s' is no port of a switch: letters, digits, '_', '-' or '.', and "
			       "of pipes '{ID' or '}ID'; %u in all",
			       name, VALE_NAME_SIZE - 1);
	return 0;
}

int vale_pipe_end(const char *name)
{
	const char *brace = name + strcspn(name, "{}");

	return !*brace ? -1 : *brace == '}';
}

/* Where own switches are, and whether weir makes that folder for itself. */
static int own_dir(char *path, size_t size)
{
	const char *told = secure_getenv("WEIR_RUNTIME_DIR"),
		   *xdg = secure_getenv("XDG_RUNTIME_DIR");
	int n;

	if (told && *told == '/')
		n = snprintf(path, size, "%s", told);
	else if (geteuid() == 0)
		n = snprintf(path, size, "%s", ROOT_DIR);
	else if (xdg && *xdg)
		n = snprintf(path, size, "%s/weir", xdg);
	else
		n = snprintf(path, size, "/tmp/weir-%u", (unsigned)geteuid());
	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

int vale_dir(char *path, size_t size, bool make, struct weir_err *err)
{
	struct stat st;

	if (own_dir(path, size) < 0)
		return err_set(err, -ENAMETOOLONG, "the folder for sockets has too long a name");
	/* Root's may be entered by groups that a switch is shared with. */
	if (make && mkdir(path, geteuid() == 0 ? 0755 : 0700) < 0 && errno != EEXIST)
		return err_set(err, -errno, "%s: cannot make it: %s", path, strerror(errno));
	if (lstat(path, &st) < 0)
		return err_set(err, -errno, "%s: %s", path, strerror(errno));
	if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() || st.st_mode & 022)
		return err_set(err, -EPERM, "%s: not a folder that only this user may write to",
			       path);
	return 0;
}

bool vale_dir_next(unsigned i, char *path, size_t size)
{
	if (i > 1 || own_dir(path, size) < 0)
		return false;
	if (i == 0)
		return true;
	if (strcmp(path, ROOT_DIR) == 0)
		return false;
	(void)snprintf(path, size, "%s", ROOT_DIR); /* shorter than what fitted */
	return true;
}

int vale_address(const char *dir, const char *name, struct sockaddr_un *ret_addr,
		 struct weir_err *err)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int n = snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/%s", dir, name);

	if (n < 0 || (size_t)n >= sizeof(addr.sun_path))
		return err_set(err, -ENAMETOOLONG, "%s/%s: longer than a socket's path can be", dir,
			       name);
	*ret_addr = addr;
	return 0;
}
