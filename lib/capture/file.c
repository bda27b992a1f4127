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
#include "trace/pcapng.h"

enum {
	PARCELS = 20,	       /* one is filled, the others are on their way */
	PARCELS_DIRECT = 4,    /* the same past the page cache */
	FLUSHES = 4,	       /* less than a parcel is compressed after so many */
	WRITE_MIN = 32 * 1024, /* less is better copied than written by itself */
	STEP_MS = 100,
	PATIENCE_MS = 2000, /* with a reader that does not read, once it is time to end */
};

struct file {
	int fd;		   /* negative: it is closed */
	int direct_fd;	   /* the same past the page cache; negative: there is none yet */
	struct disk *disk; /* NULL: nothing goes past the page cache */
	struct pack *pack; /* NULL: it is not compressed */
	enum weir_trace_format format;
	bool regular, direct; /* a file; chunks may go past the page cache */
	const _Atomic bool *hurry;
	struct parcel *now; /* what is to be written next */
	struct parcel *all[PARCELS], *spare[PARCELS];
	unsigned n_all, n_spare;
	uint64_t written; /* bytes in the file, or on their way past the page cache */
	uint64_t raw;	  /* given to the compression */
	/* Compressed: what was written since all of it could be read, and what it is of. */
	uint64_t loose;
	struct parcel *held[PARCELS];
	unsigned n_held;
	unsigned flushes; /* that left the parcel to fill up */
	off_t begin;	  /* where it begins: standard output may be a file that has more */
	struct weir_err failure;
	/* Of n_ifaces, and behind them of the same with times of the device's clock. */
	struct file_loss *loss;
	unsigned n_ifaces;
	char path[];
};

DEFINE_CLEANUP(struct file *, file_close)

static bool is_pcap(const struct file *f)
{
	return f->format != WEIR_TRACE_PCAPNG;
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

/* The same at a place in the file, which may be behind what went past the page cache. */
static size_t write_at(const struct file *f, uint64_t at, const uint8_t *data, size_t len,
		       int *ret_error)
{
	if (f->direct_fd >= 0)
		(void)lseek(f->fd, (off_t)at, SEEK_SET); /* cannot fail in a file */
	return write_part(f, data, len, ret_error);
}

/* Only so much of the file is good. */
static void fail_at(struct file *f, uint64_t end, int error)
{
	f->written = end;
	(void)err_set(&f->failure, error, "%s: %s", f->path, strerror(-error)); /* it stays there */
}

/* Cuts off what is not good, if it is a file. */
static void cut(const struct file *f)
{
	if (f->regular)
		(void)!ftruncate(f->fd, f->begin + (off_t)f->written); /* else it ends with half a
									* block */
}

static void give_back_parcel(struct file *f, struct parcel *p)
{
	parcel_empty(p);
	f->spare[f->n_spare++] = p;
}

/* The parcel that a write is of; NULL: it is a chunk of a ring. */
static struct parcel *parcel_of(const struct file *f, const struct disk_write *w)
{
	for (unsigned i = 0; i < f->n_all; i++)
		if (f->all[i] == w->owner)
			return f->all[i];
	return NULL;
}

static void give_back(struct file *f, const struct disk_write *w)
{
	struct parcel *p = parcel_of(f, w);

	if (p)
		give_back_parcel(f, p);
	else
		merge_give_back(w->owner, w->len, w->mark);
}

/* Some file systems let a file be opened so, and not be written so. */
static void try_cached(struct file *f, struct disk_result *r)
{
	const struct disk_write *w = &r->write;

	if (r->error != -EINVAL && r->error != -EOPNOTSUPP)
		return;
	f->direct = false;
	r->done += write_at(f, w->at + r->done, w->data + r->done, w->len - r->done, &r->error);
}

static void take_result(struct file *f, struct disk_result *r)
{
	const struct disk_write *w = &r->write;
	size_t good = w->len;

	if (!f->failure.code)
		try_cached(f, r);
	if (f->failure.code) {
		good = 0; /* there is nothing before it */
	} else if (r->error) {
		good = blocks_whole(w->data, r->done);
		fail_at(f, w->at + good, r->error);
	}
	blocks_count(w->data + good, w->len - good, f->loss);
	give_back(f, w);
}

static void settle_direct(struct file *f, uint64_t wait_ns)
{
	struct disk_result r;

	while (disk_take(f->disk, wait_ns, &r)) {
		take_result(f, &r);
		wait_ns = f->failure.code ? UINT64_MAX : 0; /* what follows is of no use */
	}
}

/* What cannot be read without what follows it is in the file when that is. */
static int write_packed(struct file *f, const struct packed *r)
{
	int error = 0;

	if (f->failure.code)
		return f->failure.code;
	if (r->error)
		return err_set(&f->failure, r->error, "%s: %s", f->path, r->reason);
	(void)write_part(f, r->data, r->len, &error);
	if (error)
		fail_at(f, f->written, error);
	f->loose += r->len;
	return f->failure.code;
}

static void give_back_held(struct file *f)
{
	while (f->n_held) {
		struct parcel *p = f->held[--f->n_held];

		if (f->failure.code)
			parcel_count(p, 0, f->loss);
		give_back_parcel(f, p);
	}
}

static void settle_packed(struct file *f, uint64_t wait_ns)
{
	struct packed r;

	while (pack_take(f->pack, wait_ns, &r)) {
		f->held[f->n_held++] = r.parcel;
		if (write_packed(f, &r) < 0) {
			give_back_held(f);
			wait_ns = UINT64_MAX; /* what follows is of no use */
		} else if (r.whole) {
			f->written += f->loose;
			f->loose = 0;
			give_back_held(f);
			wait_ns = 0;
		}
	}
}

static void settle(struct file *f, uint64_t wait_ns)
{
	const int before = f->failure.code;

	if (f->pack)
		settle_packed(f, wait_ns);
	else if (f->disk)
		settle_direct(f, wait_ns);
	if (f->failure.code != before) /* now nothing makes it longer any more */
		cut(f);
}

static void settle_all(struct file *f)
{
	while (!file_is_settled(f))
		settle(f, UINT64_MAX);
}

/* To the kernel; what of it is not in the file afterwards is counted. */
static int write_parcel(struct file *f, const struct parcel *p)
{
	size_t good = 0;
	int error = 0;

	settle_all(f);
	if (!f->failure.code)
		good = write_at(f, f->written, p->data, p->len, &error);
	if (error) {
		good = parcel_whole(p, good);
		fail_at(f, f->written + good, error);
		cut(f);
	} else {
		f->written += good;
	}
	parcel_count(p, good, f->loss);
	return f->failure.code;
}

static int write_filler(struct file *f)
{
	uint8_t filler[FILLER_MAX];
	const struct parcel p = { .data = filler,
				  .len = filler_len(f->written, DISK_ALIGN),
				  .format = f->format };

	if (!p.len)
		return f->failure.code;
	block_fill(filler, p.len);
	return write_parcel(f, &p);
}

/* What comes next is to go past the page cache: brings the end of the file to where it may.
 * False: it has to go the other way. */
static bool go_direct(struct file *f)
{
	char path[32];

	if (!f->direct)
		return false;
	if (f->direct_fd < 0) {
		(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", f->fd);
		f->direct_fd = open(path, O_WRONLY | O_DIRECT | O_CLOEXEC);
		f->direct = f->direct_fd >= 0;
	}
	return f->direct && write_filler(f) == 0;
}

/* 0, or the failure: then it is counted and given back. */
static int put_direct(struct file *f, const struct disk_write *w)
{
	while (!f->failure.code && !disk_put(f->disk, w))
		settle(f, UINT64_MAX);
	if (f->failure.code)
		take_result(f, &(struct disk_result){ .write = *w });
	else
		f->written += w->len;
	return f->failure.code;
}

/* A parcel to be filled; NULL: f->failure. */
static struct parcel *next_parcel(struct file *f)
{
	struct parcel *p;

	if (!f->n_spare && !f->pack && f->n_all == PARCELS_DIRECT)
		settle(f, UINT64_MAX);
	if (f->n_spare)
		return f->spare[--f->n_spare];
	p = parcel_new(f->format);
	if (p)
		f->all[f->n_all++] = p;
	else
		(void)err_set(&f->failure, -ENOMEM, "%s: no memory to write it", f->path);
	return p;
}

/* The parcel goes on its way, and another one takes its place. NULL: f->failure. */
static struct parcel *pass_on(struct file *f)
{
	struct parcel *p = f->now, *next = next_parcel(f);

	if (next) {
		f->now = next;
		return p;
	}
	parcel_count(p, 0, f->loss);
	parcel_empty(p);
	return NULL;
}

static int send_direct(struct file *f)
{
	struct parcel *p = pass_on(f);
	size_t filler;

	if (!p)
		return f->failure.code;
	filler = filler_len(p->len, DISK_ALIGN);
	if (filler)
		block_fill(p->data + p->len, filler);
	p->len += filler;
	return put_direct(f, &(struct disk_write){ .fd = f->direct_fd,
						   .data = p->data,
						   .len = p->len,
						   .at = f->written,
						   .owner = p });
}

static int send_packed(struct file *f, bool last)
{
	struct parcel *p = pass_on(f);

	if (!p)
		return f->failure.code;
	f->raw += p->len;
	f->flushes = 0;
	while (!f->failure.code && !pack_put(f->pack, p, last))
		settle(f, UINT64_MAX);
	if (f->failure.code) {
		parcel_count(p, 0, f->loss);
		give_back_parcel(f, p);
	}
	return f->failure.code;
}

static int empty_parcel(struct file *f, bool full)
{
	int r;

	if (!f->now->len)
		return 0;
	if (f->pack)
		return send_packed(f, false);
	if (full && go_direct(f))
		return send_direct(f);
	r = write_parcel(f, f->now);
	parcel_empty(f->now);
	return r;
}

/* Copies what the span has. */
static int put_part(struct file *f, const struct span *s)
{
	size_t at = 0;

	while (at < s->len && !f->failure.code) {
		at += parcel_put(f->now, s->data + at, s->len - at);
		if (at < s->len)
			(void)empty_parcel(f, true); /* it is in f->failure */
	}
	blocks_count(s->data + at, s->len - at, f->loss);
	return f->failure.code;
}

/* The blocks as they lie there. */
static int put_blocks(struct file *f, const struct span *s)
{
	const struct parcel p = { .data = s->data, .len = s->len, .format = f->format };

	(void)empty_parcel(f, false); /* it is in f->failure, and the next one counts what it has */
	return write_parcel(f, &p);
}

/* A whole chunk, with what fills it up. */
static int put_chunk(struct file *f, const struct span *s)
{
	merge_lend(s);
	if (s->len < CAPTURE_CHUNK)
		block_fill(s->data + s->len, CAPTURE_CHUNK - s->len);
	return put_direct(f, &(struct disk_write){
				     .fd = f->direct_fd,
				     .data = s->data,
				     .len = CAPTURE_CHUNK,
				     .at = f->written,
				     .owner = s->from,
				     .mark = s->end + CAPTURE_CHUNK - s->len,
			     });
}

static bool is_chunk(const struct file *f, const struct span *s)
{
	return s->whole && f->direct && (uintptr_t)s->data % DISK_ALIGN == 0;
}

static int tell(const struct file *f, struct weir_err *err)
{
	const struct weir_err *e = &f->failure;

	return e->code ? err_set(err, e->code, "%s", e->text) : 0;
}

int file_put(struct file *f, const struct span *s, bool *ret_lent, struct weir_err *err)
{
	*ret_lent = false;
	if (f->failure.code) {
		blocks_count(s->data, s->len, f->loss);
	} else if (is_chunk(f, s) && empty_parcel(f, false) == 0 && go_direct(f)) {
		*ret_lent = true;
		(void)put_chunk(f, s); /* it is in f->failure, in all of these */
	} else if (is_pcap(f) || f->pack || f->direct || s->len < WRITE_MIN) {
		(void)put_part(f, s);
	} else {
		(void)put_blocks(f, s);
	}
	return tell(f, err);
}

bool file_likes_chunks(const struct file *f)
{
	return f->direct;
}

int file_settle(struct file *f, uint64_t wait_ns, struct weir_err *err)
{
	if (wait_ns == UINT64_MAX)
		settle_all(f);
	else
		settle(f, wait_ns);
	return tell(f, err);
}

bool file_is_settled(const struct file *f)
{
	return (!f->pack || pack_is_idle(f->pack)) && (!f->disk || disk_is_idle(f->disk));
}

int file_flush(struct file *f, struct weir_err *err)
{
	/* Little of it compresses badly. */
	if (!f->pack || ++f->flushes >= FLUSHES)
		(void)empty_parcel(f, false); /* it is in f->failure */
	return tell(f, err);
}

int file_complete(struct file *f, struct weir_err *err)
{
	(void)empty_parcel(f, false); /* it is in f->failure; if it was there, all is counted */
	settle_all(f);
	(void)empty_parcel(f, false);
	return tell(f, err);
}

/* Blocks of no frames: if they get lost, nothing is counted. */
static void put_own(struct file *f, const uint8_t *data, size_t len)
{
	for (size_t at = 0; at < len && !f->failure.code;) {
		at += parcel_put(f->now, data + at, len - at);
		if (at < len)
			(void)empty_parcel(f, false); /* it is in f->failure */
	}
}

static void close_all(struct file *f)
{
	const int fd = f->fd;

	settle_all(f);
	closep(&f->direct_fd);
	f->fd = f->direct_fd = -EBADF;
	if (fd >= 0 && fd != STDOUT_FILENO && close(fd) < 0 && !f->failure.code)
		(void)err_set(&f->failure, -errno, "%s: %s", f->path, strerror(errno));
}

int file_finish(struct file *f, const void *tail, size_t len, struct weir_err *err)
{
	if (file_complete(f, NULL) == 0 && !is_pcap(f))
		put_own(f, tail, len);
	if (!f->failure.code && f->pack)
		(void)send_packed(f, true); /* it is in f->failure */
	else if (!f->failure.code)
		(void)empty_parcel(f, false);
	close_all(f);
	return tell(f, err);
}

struct file_loss file_loss(struct file *f, unsigned i)
{
	struct file_loss *a = &f->loss[i], *b = &f->loss[f->n_ifaces + i];
	const struct file_loss loss = { a->frames + b->frames, a->bytes + b->bytes };

	*a = *b = (struct file_loss){ 0 };
	return loss;
}

uint64_t file_size(const struct file *f)
{
	return (f->pack ? f->raw : f->written) + f->now->len;
}

bool file_is_read(const struct file *f)
{
	return !f->pack && !f->regular;
}

bool file_is_at(const struct file *f, const char *path)
{
	struct stat ours, there;

	if (fstat(f->fd, &ours) < 0 || !S_ISREG(ours.st_mode))
		return true;
	return stat(path, &there) == 0 && ours.st_dev == there.st_dev &&
	       ours.st_ino == there.st_ino;
}

struct file *file_close(struct file *f)
{
	if (!f)
		return NULL;
	close_all(f); /* who wants to know has called file_finish() */
	for (unsigned i = 0; i < f->n_all; i++)
		parcel_free(f->all[i]);
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

static int open_fd(struct file *f, const char *path, struct weir_err *err)
{
	const bool to_stdout = strcmp(path, "-") == 0;
	struct stat st;

	f->fd = to_stdout ? STDOUT_FILENO
			  : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (f->fd < 0)
		return err_set(err, -errno, "%s: %s", path, strerror(errno));
	if (fstat(f->fd, &st) < 0)
		return err_set(err, -errno, "%s: %s", path, strerror(errno));
	f->begin = lseek(f->fd, 0, SEEK_CUR);
	f->regular = f->begin >= 0 && S_ISREG(st.st_mode);
	f->direct = f->regular && !to_stdout && !is_pcap(f) && !f->pack && f->disk;
	if (S_ISFIFO(st.st_mode))
		stop_blocking(f);
	return 0;
}

static int write_head(struct file *f, const struct file_opts *opts, struct weir_err *err)
{
	int r = 0;

	if (!f->pack) {
		f->written = write_part(f, opts->head, opts->head_len, &r);
		return r < 0 ? err_set(err, r, "%s: %s", f->path, strerror(-r)) : 0;
	}
	if (is_pcap(f)) {
		memcpy(f->now->data, opts->head, opts->head_len);
		f->now->len = opts->head_len;
	} else {
		put_own(f, opts->head, opts->head_len);
	}
	(void)send_packed(f, false); /* it is in f->failure */
	return tell(f, err);
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
	f->fd = f->direct_fd = -EBADF;
	f->format = opts->format;
	f->hurry = opts->hurry;
	f->disk = opts->disk;
	f->pack = opts->pack;
	f->n_ifaces = opts->n_ifaces;
	f->loss = calloc(2 * f->n_ifaces, sizeof(*f->loss));
	f->now = next_parcel(f);
	if (!f->now || !f->loss)
		return err_set(err, -ENOMEM, "%s: no memory to write it", name);
	r = open_fd(f, path, err);
	if (r == 0)
		r = write_head(f, opts, err);
	if (r < 0)
		return r;
	*ret_file = TAKE_PTR(f);
	return 0;
}
