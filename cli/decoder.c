/* SPDX-License-Identifier: BSD-2-Clause */
#include "decoder.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "util.h"

#define MAX_ARGS 64

struct decoder {
	pid_t pid;
	FILE *to;    /* the pipe's writing end */
	bool begun;  /* the file header is written */
	bool broken; /* tcpdump has gone: replaying goes on without it */
};

/* In the child, until another program runs: only what is safe after fork(). */
static void become_tcpdump(int from, char *const argv[])
{
	(void)signal(SIGPIPE, SIG_DFL); /* fails for no signal there is */
	if (dup2(from, STDIN_FILENO) >= 0)
		(void)execvp("tcpdump", argv); /* returns only on failure */
	_exit(127);
}

static int start(struct decoder *d, char *const argv[], struct weir_err *err)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_text(err, -errno, "pipe: %s", strerror(errno));
	(void)fflush(stdout); /* what was printed comes first */
	d->pid = fork();
	if (d->pid == 0)
		become_tcpdump(fds[0], argv);
	(void)close(fds[0]); /* the child's end */
	d->to = fdopen(fds[1], "we");
	if (d->pid < 0 || !d->to)
		return err_text(err, -errno, "tcpdump: %s", strerror(errno));
	return 0;
}

int decoder_new(const char *args, struct decoder **ret_decoder, struct weir_err *err)
{
	CLEANUP(freep)
	char *words = xstrdup(args ? args : "");
	struct decoder *d = xcalloc(1, sizeof(*d));
	char *argv[MAX_ARGS + 1] = { "tcpdump", "-n", "-l", "-r", "-" };
	unsigned n = 5;
	int r;

	for (char *w = strtok(words, " \t"); w && n < MAX_ARGS; w = strtok(NULL, " \t"))
		argv[n++] = w;
	/* If tcpdump ends early, writing to it fails and does not kill. */
	(void)signal(SIGPIPE, SIG_IGN);
	r = start(d, argv, err);
	if (r < 0) {
		decoder_free(d);
		return r;
	}
	*ret_decoder = d;
	return 0;
}

/* A classic pcap header with nanoseconds, in this machine's byte order. */
static void put_header(struct decoder *d, uint32_t linktype)
{
	const uint32_t words[6] = { 0xa1b23c4d, 0, 0, 0, WEIR_FRAME_MAX, linktype };
	const uint16_t version[2] = { 2, 4 };

	(void)fwrite(words, 4, 1, d->to); /* errors are looked at once a batch */
	(void)fwrite(version, 2, 2, d->to);
	(void)fwrite(words + 2, 4, 4, d->to);
}

static void put_frame(struct decoder *d, const struct weir_buf *b)
{
	int64_t s = b->ts_ns / (int64_t)NSEC_PER_SEC;
	uint32_t record[4] = { (uint32_t)s, (uint32_t)(b->ts_ns - s * (int64_t)NSEC_PER_SEC),
			       b->len, b->orig_len };

	(void)fwrite(record, sizeof(record), 1, d->to); /* as above */
	(void)fwrite(b->data, b->len, 1, d->to);
}

static int decoder_run(void *ctx, struct weir_buf *bufs, unsigned n)
{
	struct decoder *d = ctx;

	if (d->broken || !n)
		return 0;
	if (!d->begun)
		put_header(d, bufs[0].linktype);
	d->begun = true;
	for (unsigned i = 0; i < n; i++) {
		if (bufs[i].port != WEIR_NO_PORT)
			put_frame(d, &bufs[i]);
	}
	d->broken = fflush(d->to) != 0;
	return 0;
}

struct weir_stage decoder_stage(struct decoder *d)
{
	return (struct weir_stage){ .run = decoder_run, .ctx = d, .per_loop = true };
}

struct decoder *decoder_free(struct decoder *d)
{
	if (!d)
		return NULL;
	if (d->to)
		(void)fclose(d->to); /* the end of its input: it prints the rest and leaves */
	if (d->pid > 0)
		while (waitpid(d->pid, NULL, 0) < 0 && errno == EINTR)
			;
	free(d);
	return NULL;
}
