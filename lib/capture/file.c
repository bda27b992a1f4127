/* SPDX-License-Identifier: BSD-2-Clause */
#include "capture/file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/macros.h"
#include "capture/blockring.h"
#include "trace/output.h"
#include "trace/pcap.h"
#include "trace/pcapng.h"

enum {
	BUFFER = 1 << 20,      /* holds several of the longest blocks */
	WRITE_MIN = 32 * 1024, /* less is better copied than written by itself */
	STEP_MS = 100,
	PATIENCE_MS = 2000, /* with a reader that does not read, once it is time to end */
};

struct file {
	int fd;		       /* negative: it is closed, or compressed */
	struct output *packed; /* if it is compressed */
	enum weir_trace_format format;
	bool regular;
	const _Atomic bool *hurry;
	uint8_t *buf; /* what is to be written next */
	size_t len;
	uint32_t *ifaces; /* of the records in buf, which do not say it themselves */
	unsigned n_records;
	uint64_t written; /* bytes in the file */
	off_t begin;	  /* where it begins: standard output may be a file that has more */
	struct weir_err failure;
	struct file_loss *loss;
	char path[];
};

DEFINE_CLEANUP(struct file *, file_close)

static bool is_pcap(const struct file *f)
{
	return f->format != WEIR_TRACE_PCAPNG;
}

/* Bytes of the block or record of which what is at p is the beginning. */
static size_t unit_len(const struct file *f, const uint8_t *p)
{
	return is_pcap(f) ? PCAP_RECORD_HEADER + raw32_at(p + 8) : raw32_at(p + 4);
}

static size_t unit_header(const struct file *f)
{
	return is_pcap(f) ? PCAP_RECORD_HEADER : BLOCK_HEADER;
}

/* How many of done bytes at p are whole blocks. */
static size_t whole(const struct file *f, const uint8_t *p, size_t done)
{
	size_t at = 0;

	while (done - at >= unit_header(f) && unit_len(f, p + at) <= done - at)
		at += unit_len(f, p + at);
	return at;
}

static void count_frame(struct file *f, uint32_t iface, uint32_t orig_len)
{
	f->loss[iface].frames++;
	f->loss[iface].bytes += orig_len;
}

/* Of blocks that will not be in the file. */
static void count_blocks(struct file *f, const uint8_t *data, size_t len)
{
	for (size_t at = 0; at < len; at += block_len(data + at))
		if (raw32_at(data + at) == BLOCK_EPB)
			count_frame(f, raw32_at(data + at + 8), block_orig_len(data + at));
}

/* Of the buffer's records those that are at p, its last: they are not in the file. */
static void count_records(struct file *f, const uint8_t *p, size_t len)
{
	unsigned nr = f->n_records;

	for (size_t at = 0; at < len; at += unit_len(f, p + at))
		nr--;
	for (size_t at = 0; at < len; at += unit_len(f, p + at))
		count_frame(f, f->ifaces[nr++], raw32_at(p + at + 12));
}

/* What is at p, blocks or records of the buffer, is not in the file. */
static void count_loss(struct file *f, const uint8_t *p, size_t len)
{
	if (is_pcap(f))
		count_records(f, p, len);
	else
		count_blocks(f, p, len);
}

/* Waits until the pipe has room. -ETIMEDOUT: it is time to end, and nobody has read from it
 * for a while. */
static int await_reader(const struct file *f)
{
	struct pollfd pfd = { .fd = f->fd, .events = POLLOUT };
	unsigned steps = 0;

	while (poll(&pfd, 1, STEP_MS) <= 0) {
		if (f->hurry && atomic_load(f->hurry) && ++steps > PATIENCE_MS / STEP_MS)
			return -ETIMEDOUT;
	}
	return 0;
}

/* Writes as much as it can: how much, and a negative errno if that is not all. */
static size_t write_part(const struct file *f, const uint8_t *data, size_t len, int *ret_error)
{
	size_t at = 0;

	*ret_error = 0;
	while (at < len && !*ret_error) {
		ssize_t n = write(f->fd, data + at, len - at);

		if (n >= 0)
			at += (size_t)n;
		else if (errno == EAGAIN)
			*ret_error = await_reader(f);
		else if (errno != EINTR)
			*ret_error = -errno;
	}
	return at;
}

/* Whole blocks; what of them is not in the file afterwards is counted. */
static int write_blocks(struct file *f, const uint8_t *data, size_t len)
{
	int error;
	size_t done = write_part(f, data, len, &error);

	if (likely(!error)) {
		f->written += len;
		return 0;
	}
	done = whole(f, data, done);
	f->written += done;
	count_loss(f, data + done, len - done);
	if (f->regular)
		(void)!ftruncate(f->fd,
				 f->begin + (off_t)f->written); /* else it ends with half a block */
	return err_set(&f->failure, error, "%s: %s", f->path, strerror(-error));
}

/* To the file or the compression, which begins with what was put before. */
static int hand_on(struct file *f, const uint8_t *data, size_t len)
{
	int r;

	if (!f->packed)
		return write_blocks(f, data, len);
	r = output_write(f->packed, data, len, &f->failure);
	if (r < 0)
		count_loss(f, data, len);
	else
		f->written += len;
	return r;
}

static int empty_buffer(struct file *f)
{
	const int r = f->len ? hand_on(f, f->buf, f->len) : 0;

	f->len = f->n_records = 0;
	return r;
}

/* Room for n bytes in the buffer; NULL: f->failure. */
static uint8_t *reserve(struct file *f, size_t n)
{
	uint8_t *at;

	if (n > BUFFER - f->len && empty_buffer(f) < 0)
		return NULL;
	at = f->buf + f->len;
	f->len += n;
	return at;
}

static int put_blocks(struct file *f, const uint8_t *data, size_t len)
{
	uint8_t *at;

	if (len >= WRITE_MIN) {
		if (empty_buffer(f) < 0) {
			count_blocks(f, data, len);
			return f->failure.code;
		}
		return hand_on(f, data, len);
	}
	at = reserve(f, len);
	if (!at) {
		count_blocks(f, data, len);
		return f->failure.code;
	}
	memcpy(at, data, len);
	return 0;
}

static bool put_record(struct file *f, const uint8_t *block)
{
	const uint32_t len = block_frame_len(block);
	uint8_t *at = reserve(f, PCAP_RECORD_HEADER + len);

	if (!at)
		return false;
	pcap_put_record_header(at, f->format, block_time(block), len, block_orig_len(block));
	memcpy(at + PCAP_RECORD_HEADER, block + EPB_FIXED, len);
	f->ifaces[f->n_records++] = raw32_at(block + 8);
	return true;
}

static int put_records(struct file *f, const uint8_t *data, size_t len)
{
	for (size_t at = 0; at < len; at += block_len(data + at)) {
		if (!put_record(f, data + at)) {
			count_blocks(f, data + at, len - at);
			return f->failure.code;
		}
	}
	return 0;
}

static int tell(const struct file *f, int r, struct weir_err *err)
{
	return r < 0 ? err_set(err, f->failure.code, "%s", f->failure.text) : 0;
}

int file_put(struct file *f, const uint8_t *data, size_t len, struct weir_err *err)
{
	int r = f->failure.code;

	if (r < 0)
		count_blocks(f, data, len);
	else
		r = is_pcap(f) ? put_records(f, data, len) : put_blocks(f, data, len);
	return tell(f, r, err);
}

int file_flush(struct file *f, struct weir_err *err)
{
	int r = f->failure.code;

	if (r == 0)
		r = empty_buffer(f);
	if (r == 0 && f->packed)
		r = output_flush(f->packed, &f->failure);
	return tell(f, r, err);
}

static int close_all(struct file *f)
{
	const int fd = f->fd;

	f->fd = -EBADF;
	if (f->packed) {
		int r = output_finish(f->packed, f->failure.code ? NULL : &f->failure);

		f->packed = output_close(f->packed);
		return f->failure.code ? f->failure.code : r;
	}
	if (fd >= 0 && fd != STDOUT_FILENO && close(fd) < 0 && !f->failure.code)
		(void)err_set(&f->failure, -errno, "%s: %s", f->path, strerror(errno));
	return f->failure.code;
}

int file_finish(struct file *f, const void *tail, size_t len, struct weir_err *err)
{
	if (!f->failure.code && len && !is_pcap(f))
		(void)put_blocks(f, tail, len); /* it is in f->failure */
	if (!f->failure.code)
		(void)empty_buffer(f); /* as above */
	return tell(f, close_all(f), err);
}

struct file_loss file_loss(struct file *f, unsigned i)
{
	const struct file_loss loss = f->loss[i];

	f->loss[i] = (struct file_loss){ 0 };
	return loss;
}

uint64_t file_size(const struct file *f)
{
	return f->written + f->len;
}

bool file_is_read(const struct file *f)
{
	return !f->packed && !f->regular;
}

bool file_is_at(const struct file *f, const char *path)
{
	struct stat ours, there;

	if (fstat(f->packed ? f->packed->fd : f->fd, &ours) < 0 || !S_ISREG(ours.st_mode))
		return true;
	return stat(path, &there) == 0 && ours.st_dev == there.st_dev &&
	       ours.st_ino == there.st_ino;
}

struct file *file_close(struct file *f)
{
	if (!f)
		return NULL;
	(void)close_all(f); /* who wants to know has called file_finish() */
	free(f->buf);
	free(f->ifaces);
	free(f->loss);
	free(f);
	return NULL;
}

/* A pipe is opened once more, since others may share its flags. If that fails it blocks. */
static void stop_blocking(struct file *f)
{
	char path[32];
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", f->fd);
	fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return;
	if (f->fd != STDOUT_FILENO)
		(void)close(f->fd); /* the other one is as good */
	f->fd = fd;
}

static int open_fd(struct file *f, const char *path, enum weir_compression compression,
		   struct weir_err *err)
{
	const bool to_stdout = strcmp(path, "-") == 0;
	struct stat st;

	if (compression != WEIR_COMPRESSION_NONE)
		return output_open(path, compression, &f->packed, err);
	f->fd = to_stdout ? STDOUT_FILENO
			  : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (f->fd < 0)
		return err_set(err, -errno, "%s: %s", path, strerror(errno));
	if (fstat(f->fd, &st) < 0)
		return err_set(err, -errno, "%s: %s", path, strerror(errno));
	f->begin = lseek(f->fd, 0, SEEK_CUR);
	f->regular = f->begin >= 0 && S_ISREG(st.st_mode);
	if (S_ISFIFO(st.st_mode))
		stop_blocking(f);
	return 0;
}

static int write_head(struct file *f, const struct file_opts *opts, struct weir_err *err)
{
	int r = 0;

	if (f->packed)
		r = output_put(f->packed, opts->head, opts->head_len, err);
	else
		(void)write_part(f, opts->head, opts->head_len, &r);
	f->written = opts->head_len;
	if (r < 0 && !f->packed)
		return err_set(err, r, "%s: %s", f->path, strerror(-r));
	return r;
}

int file_open(const char *path, const struct file_opts *opts, struct file **ret_file,
	      struct weir_err *err)
{
	const char *name = strcmp(path, "-") == 0 ? "standard output" : path;
	CLEANUP(file_closep)
	struct file *f = calloc(1, sizeof(*f) + strlen(name) + 1);
	int r;

	if (!f)
		return err_set(err, -ENOMEM, "%s: no memory to write it", name);
	memcpy(f->path, name, strlen(name) + 1);
	f->fd = -EBADF;
	f->format = opts->format;
	f->hurry = opts->hurry;
	f->buf = malloc(BUFFER);
	f->ifaces = is_pcap(f) ? calloc(BUFFER / PCAP_RECORD_HEADER, sizeof(*f->ifaces)) : NULL;
	f->loss = calloc(opts->n_ifaces, sizeof(*f->loss));
	if (!f->buf || !f->loss || (is_pcap(f) && !f->ifaces))
		return err_set(err, -ENOMEM, "%s: no memory to write it", name);
	r = open_fd(f, path, opts->compression, err);
	if (r == 0)
		r = write_head(f, opts, err);
	if (r < 0)
		return r;
	*ret_file = TAKE_PTR(f);
	return 0;
}
