/* SPDX-License-Identifier: BSD-2-Clause */
#include "trace/source.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"

enum {
	BUF_MAX = 512 * 1024 * 1024, /* no reader asks for half as much */
};

struct file_source {
	struct source src;
	int fd; /* -EBADF if it is not ours to close */
	int read_fd;
};

int source_init(struct source *s, const struct source_ops *ops, size_t buf_size)
{
	s->ops = ops;
	s->size = -1;
	s->cancel_fd = -1;
	s->buf = malloc(buf_size);
	if (!s->buf)
		return -ENOMEM;
	s->buf_size = buf_size;
	s->pos = s->end = s->buf;
	return 0;
}

/* Makes room behind the unread bytes: moves them to the front, or, if the buffer is
 * full of them, doubles it. */
static int make_room(struct source *s)
{
	size_t left = source_left(s);

	if (left < s->buf_size) {
		memmove(s->buf, s->pos, left);
	} else {
		uint8_t *bigger;

		if (s->buf_size >= BUF_MAX)
			return err_set(&s->err, -EFBIG, "more than %d bytes are wanted at once",
				       BUF_MAX);
		bigger = realloc(s->buf, s->buf_size * 2);
		if (!bigger)
			return err_set(&s->err, -ENOMEM, "no memory for a buffer of %zu bytes",
				       s->buf_size * 2);
		s->buf = bigger;
		s->buf_size *= 2;
	}
	s->pos = s->buf;
	s->end = s->buf + left;
	return 0;
}

static int read_more(struct source *s)
{
	ssize_t n;
	int r;

	if (!s->ops->read)
		return 1;
	r = make_room(s);
	if (r < 0)
		return r;

	n = s->ops->read(s, s->buf + source_left(s), s->buf_size - source_left(s));
	if (n <= 0)
		return n < 0 ? (int)n : 1;
	s->end += n;
	s->end_offset += (uint64_t)n;
	return 0;
}

const uint8_t *source_fill(struct source *s, size_t n)
{
	if (s->status == -EINTR)
		s->status = 0;

	while (source_left(s) < n) {
		if (!s->status)
			s->status = s->held ? -EINTR : read_more(s);
		if (s->status)
			return NULL;
	}
	return s->pos;
}

int source_exchange(struct source *s, uint8_t **buf, size_t *size)
{
	const size_t left = source_left(s), given_size = s->buf_size;
	uint8_t *given = s->buf;

	if (*size < s->buf_size) {
		uint8_t *bigger = malloc(s->buf_size);

		if (!bigger)
			return -ENOMEM;
		free(*buf);
		*buf = bigger;
		*size = s->buf_size;
	}

	memcpy(*buf, s->pos, left);
	s->buf = *buf;
	s->buf_size = *size;
	s->pos = s->buf;
	s->end = s->pos + left;
	*buf = given;
	*size = given_size;
	return 0;
}

uint64_t source_position(const struct source *s)
{
	while (s->inner)
		s = s->inner;
	return source_offset(s);
}

int64_t source_size(const struct source *s)
{
	while (s->inner)
		s = s->inner;
	return s->size;
}

struct source *source_close(struct source *s)
{
	if (!s)
		return NULL;

	if (s->ops->close)
		s->ops->close(s);
	source_close(s->inner);
	free(s->buf);
	free(s);
	return NULL;
}

void source_set_wait(struct source *s, int cancel_fd, const bool *hurry)
{
	while (s->inner)
		s = s->inner;
	s->cancel_fd = cancel_fd;
	s->hurry = hurry;
}

/* Waits for a pipe, unless or until somebody does not want to wait any longer. */
static int await_pipe(struct source *s, int fd)
{
	struct pollfd fds[] = { { .fd = fd, .events = POLLIN },
				{ .fd = s->cancel_fd, .events = POLLIN } };
	int n = poll(fds, ARRAY_SIZE(fds), s->hurry && *s->hurry ? 0 : -1);

	if (n < 0)
		return err_set(&s->err, -errno, "%s", strerror(errno));
	if (!n)
		return err_set(&s->err, -EINTR, "nothing there yet");
	return fds[1].revents ? err_set(&s->err, -ECANCELED, "canceled") : 0;
}

static ssize_t file_read(struct source *s, uint8_t *buf, size_t room)
{
	const struct file_source *f = (const struct file_source *)s;
	ssize_t n;
	int r;

	if (s->size < 0 && s->cancel_fd >= 0) {
		r = await_pipe(s, f->read_fd);
		if (r < 0)
			return r;
	}
	n = read(f->read_fd, buf, room);
	if (n < 0)
		return err_set(&s->err, -errno, "%s", strerror(errno));
	return n;
}

static void file_close(struct source *s)
{
	closep(&((struct file_source *)s)->fd);
}

static const struct source_ops file_ops = { .read = file_read, .close = file_close };

bool source_can_fetch(const struct source *s)
{
	/* A file that we have opened ourselves: nobody else counts on how far it was read. */
	return s->ops == &file_ops && s->size >= 0 && ((const struct file_source *)s)->fd >= 0;
}

ssize_t source_fetch(const struct source *s, uint64_t base, uint64_t nr, uint8_t *buf)
{
	const struct file_source *f = (const struct file_source *)s;
	size_t have = 0;
	ssize_t n;

	do {
		n = pread(f->fd, buf + have, SOURCE_CHUNK - have,
			  (off_t)(base + nr * SOURCE_CHUNK + have));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		have += (size_t)n;
	} while (n && have < SOURCE_CHUNK);
	return (ssize_t)have;
}

void source_feed(struct source *s, uint8_t *data, ssize_t n)
{
	const size_t left = source_left(s);
	size_t got;

	if (s->status == -EINTR) /* the chunk before is at its end */
		s->status = 0;
	got = n > 0 && s->status == 0 ? (size_t)n : 0;
	memcpy(data - left, s->pos, left);
	s->pos = data - left;
	s->end = data + got;
	s->end_offset += got;
	if (s->status)
		return;
	if (n < 0)
		s->status = err_set(&s->err, (int)n, "%s", strerror((int)-n));
	else if (got < SOURCE_CHUNK)
		s->status = 1;
}

int source_keep(struct source *s)
{
	const size_t left = source_left(s);

	if (left > s->buf_size) {
		uint8_t *bigger = malloc(left);

		if (!bigger)
			return -ENOMEM;
		free(s->buf);
		s->buf = bigger;
		s->buf_size = left;
	}
	memcpy(s->buf, s->pos, left);
	s->pos = s->buf;
	s->end = s->buf + left;
	return 0;
}

int source_open_path(const char *path, struct source **ret_src, struct weir_err *err)
{
	CLEANUP(closep)
	int fd = -EBADF;
	struct file_source *f;
	struct stat st;
	int read_fd = STDIN_FILENO;

	if (strcmp(path, "-") != 0) {
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return err_set(err, -errno, "%s: %s", path, strerror(errno));
		read_fd = fd;
	}
	if (fstat(read_fd, &st) < 0)
		return err_set(err, -errno, "%s: %s", path, strerror(errno));
	if (S_ISDIR(st.st_mode))
		return err_set(err, -EISDIR, "%s: %s", path, strerror(EISDIR));

	f = calloc(1, sizeof(*f));
	if (!f || source_init(&f->src, &file_ops, SOURCE_CHUNK) < 0) {
		free(f);
		return err_set(err, -ENOMEM, "%s: no memory to read it", path);
	}
	if (S_ISREG(st.st_mode)) {
		f->src.size = st.st_size;
		/* Only a hint for files that are not in memory yet. */
		(void)posix_fadvise(read_fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	}
	f->read_fd = read_fd;
	f->fd = TAKE_FD(fd);
	*ret_src = &f->src;
	return 0;
}

int source_open_mem(const void *data, size_t size, struct source **ret_src, struct weir_err *err)
{
	static const struct source_ops mem_ops = { .read = NULL };
	struct source *s = calloc(1, sizeof(*s));

	if (!s)
		return err_set(err, -ENOMEM, "no memory");
	s->ops = &mem_ops;
	s->cancel_fd = -1;
	s->pos = data;
	s->end = s->pos + size;
	s->end_offset = size;
	s->size = (int64_t)size;
	*ret_src = s;
	return 0;
}
