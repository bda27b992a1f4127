/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Starting a switch in the background: "weir switch NAME --temporary --background", which
 * returns when it can be connected to. A process of its own, with nothing of the caller's
 * memory, descriptors or terminal: it may outlive the caller.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "vale/client.h"

extern char **environ;

/* Where the program weir is: as told; this very program; as it was installed; or wherever
 * $PATH has it. */
static const char *find_program(char path[static PATH_MAX])
{
	const char *told = secure_getenv("WEIR_PROGRAM"), *slash;
	ssize_t n;

	if (told && *told)
		return told;
	n = readlink("/proc/self/exe", path, PATH_MAX - 1);
	path[n > 0 ? n : 0] = '\0';
	slash = strrchr(path, '/');
	if (slash && strcmp(slash, "/weir") == 0)
		return path;
	return access(WEIR_BINDIR "/weir", X_OK) == 0 ? WEIR_BINDIR "/weir" : "weir";
}

/* The environment without the libraries that somebody wants in front of this program's own: they
 * may be the netmap API, which the switch is to serve and not to use. To be freed. */
static char **environ_without_libraries(void)
{
	char **copy;
	size_t n = 0;

	while (environ && environ[n])
		n++;
	copy = calloc(n + 1, sizeof(*copy));
	for (size_t i = 0, k = 0; copy && i < n; i++) {
		if (strncmp(environ[i], "LD_PRELOAD=", strlen("LD_PRELOAD=")) != 0)
			copy[k++] = environ[i];
	}
	return copy;
}

/* The program with a null stdin and stdout, and messages to a pipe. */
static int spawn(const char *program, const char *name, int messages, pid_t *ret_pid)
{
	const char *const argv[] = { "weir", "switch", name, "--temporary", "--background", NULL };
	CLEANUP(freep)
	char **env = environ_without_libraries();
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none;
	int r;

	if (!env)
		return -ENOMEM;
	(void)sigemptyset(&none); /* these fail only for want of memory, and spawning then, too */
	(void)posix_spawnattr_init(&attr);
	(void)posix_spawnattr_setsigmask(&attr, &none);
	(void)posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK);
	(void)posix_spawn_file_actions_init(&files);
	(void)posix_spawn_file_actions_adddup2(&files, messages, 2);
	(void)posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	(void)posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
	(void)posix_spawn_file_actions_addclosefrom_np(&files, 3);
	r = posix_spawnp(ret_pid, program, &files, &attr, (char *const *)(uintptr_t)argv, env);
	(void)posix_spawn_file_actions_destroy(&files);
	(void)posix_spawnattr_destroy(&attr);
	return -r;
}

/* What the program said, as the end of an error. */
static int failed(int messages, const char *program, struct weir_err *err)
{
	char text[256];
	ssize_t n = read(messages, text, sizeof(text) - 1);

	text[n > 0 ? n : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return err_set(err, -ECHILD, "no switch runs, and '%s' cannot start one: %s", program,
		       *text ? text : "it said nothing");
}

int vale_start(const char *name, struct weir_err *err)
{
	char path[PATH_MAX];
	const char *program = find_program(path);
	CLEANUP(closep)
	int reader = -EBADF;
	CLEANUP(closep)
	int writer = -EBADF;
	int fds[2], status = 0, r;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0)
		return err_set(err, -errno, "no pipe: %s", strerror(errno));
	reader = fds[0];
	writer = fds[1];
	r = spawn(program, name, writer, &pid);
	if (r < 0)
		return err_set(err, r,
			       "no switch runs, and the program '%s' that runs one cannot be "
			       "started (WEIR_PROGRAM may say where it is): %s",
			       program, strerror(-r));
	do {
		r = waitpid(pid, &status, 0);
	} while (r < 0 && errno == EINTR);
	/* A program that ignores SIGCHLD learns nothing; whether it works shows soon. */
	if (r == pid && status != 0)
		return failed(reader, program, err);
	return 0;
}
