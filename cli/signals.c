/* SPDX-License-Identifier: BSD-2-Clause */
#include "signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "util.h"

/* Those that end a program come first. */
static const int caught[] = { SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGCONT, SIGTSTP };
#define N_ENDS 3u

/* A handler has no argument: its end of the pipe is the one global. */
static int pipe_in = -EBADF;

static void put(int nr)
{
	unsigned char byte = (unsigned char)nr;
	int saved = errno;

	(void)!write(pipe_in, &byte, 1); /* a full pipe has enough of them */
	errno = saved;
}

static int open_first(unsigned n)
{
	struct sigaction action = { .sa_handler = put, .sa_flags = SA_RESTART };
	int fds[2];

	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	pipe_in = fds[1];
	for (unsigned i = 0; i < n; i++)
		(void)sigaction(caught[i], &action, NULL); /* fails for no signal there is */
	return fds[0];
}

int signals_open(void)
{
	return open_first(ARRAY_SIZE(caught));
}

int signals_open_ends(void)
{
	return open_first(N_ENDS);
}

int signals_next(int fd)
{
	unsigned char nr;

	return read(fd, &nr, 1) == 1 ? nr : 0;
}

void signals_close(int fd)
{
	for (unsigned i = 0; i < ARRAY_SIZE(caught); i++)
		(void)signal(caught[i], SIG_DFL); /* as above */
	if (fd >= 0)
		(void)close(fd); /* a pipe: nothing is lost */
	if (pipe_in >= 0)
		(void)close(pipe_in);
	pipe_in = -EBADF;
}

static void mask(int how)
{
	sigset_t set;

	(void)sigemptyset(&set); /* these fail for no valid argument */
	for (unsigned i = 0; i < ARRAY_SIZE(caught); i++)
		(void)sigaddset(&set, caught[i]);
	(void)pthread_sigmask(how, &set, NULL);
}

void signals_block(void)
{
	mask(SIG_BLOCK);
}

void signals_unblock(void)
{
	mask(SIG_UNBLOCK);
}
