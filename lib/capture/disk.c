/* SPDX-License-Identifier: BSD-2-Clause */
#include "capture/disk.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include <liburing.h>

#include "base/time.h"

enum {
	QUEUE = 8,	      /* writes that were put, a power of two */
	IN_FLIGHT = 2,	      /* of these, in the kernel: one works, one waits */
	JOINED_MAX = 8 << 20, /* more bytes gain nothing */
};

struct request {
	struct disk_write write;
	size_t done;
	int error;
	bool ended;
};

/* Requests first to sent are in the kernel, or have ended; sent to last wait. All count on. */
struct disk {
	bool tried;	    /* to make the ring */
	bool async, broken; /* there is one; it takes no more */
	struct io_uring uring;
	struct request queue[QUEUE];
	unsigned first, sent, last;
	unsigned in_flight;
};

static struct request *request_at(struct disk *d, unsigned nr)
{
	return &d->queue[nr % QUEUE];
}

/* What is left of it, at once. */
static void finish(struct request *r)
{
	const struct disk_write *w = &r->write;

	while (!r->error && r->done < w->len) {
		ssize_t n = pwrite(w->fd, w->data + r->done, w->len - r->done,
				   (off_t)(w->at + r->done));

		if (n > 0)
			r->done += (size_t)n;
		else if (n == 0)
			r->error = -EIO;
		else if (errno != EINTR)
			r->error = -errno;
	}
	r->ended = true;
}

/* To the kernel. False: it does not take it. */
static bool submit(struct disk *d, struct request *r)
{
	struct io_uring_sqe *sqe = d->async && !d->broken ? io_uring_get_sqe(&d->uring) : NULL;
	int ret;

	if (!sqe)
		return false;
	io_uring_prep_write(sqe, r->write.fd, r->write.data, (unsigned)r->write.len, r->write.at);
	io_uring_sqe_set_data(sqe, r);
	/* It begins when those before it have ended: none makes the file longer before its
	 * turn. */
	io_uring_sqe_set_flags(sqe, IOSQE_IO_DRAIN);
	do {
		ret = io_uring_submit(&d->uring);
	} while (ret == -EINTR || ret == -EAGAIN || ret == -EBUSY);
	d->broken = ret < 0; /* what it holds must not be sent later */
	d->in_flight += !d->broken;
	return !d->broken;
}

/* Whoever has to wait for what it writes lets the last one grow, unless all are to go. */
static void send_on(struct disk *d, bool all)
{
	const unsigned kept = d->async || all ? 0 : 1;

	while (d->last - d->sent > kept && d->in_flight < IN_FLIGHT) {
		struct request *r = request_at(d, d->sent++);

		if (!submit(d, r))
			finish(r);
	}
}

/* Short writes go on, and tell at their end why they were. */
static void complete(struct disk *d, const struct io_uring_cqe *cqe)
{
	struct request *r = io_uring_cqe_get_data(cqe);

	d->in_flight--;
	if (cqe->res > 0)
		r->done = (size_t)cqe->res;
	else if (cqe->res != -EINTR && cqe->res != -EAGAIN)
		r->error = cqe->res ? cqe->res : -EIO;
	finish(r);
}

static void collect(struct disk *d)
{
	struct io_uring_cqe *cqe;

	while (d->in_flight && io_uring_peek_cqe(&d->uring, &cqe) == 0) {
		complete(d, cqe);
		io_uring_cqe_seen(&d->uring, cqe);
	}
}

static void go_on(struct disk *d)
{
	collect(d);
	send_on(d, true);
}

/* Until something has ended, or for so long. */
static void await(struct disk *d, uint64_t wait_ns)
{
	const struct timespec ts = time_spec(wait_ns);
	struct __kernel_timespec timeout = { .tv_sec = ts.tv_sec, .tv_nsec = ts.tv_nsec };
	struct io_uring_cqe *cqe;

	/* Whatever it returns, the caller looks. */
	(void)io_uring_wait_cqe_timeout(&d->uring, &cqe, wait_ns == UINT64_MAX ? NULL : &timeout);
}

static bool join(struct request *r, const struct disk_write *w)
{
	struct disk_write *before = &r->write;

	if (before->fd != w->fd || before->owner != w->owner ||
	    before->data + before->len != w->data || before->at + before->len != w->at ||
	    before->len + w->len > JOINED_MAX)
		return false;
	before->len += w->len;
	before->mark = w->mark;
	return true;
}

/* Not before it is needed: many a file never is so large. */
static void make_ring(struct disk *d)
{
	struct io_uring_params params = { 0 };

	d->tried = true;
	d->async = io_uring_queue_init_params(QUEUE, &d->uring, &params) == 0;
	/* Before Linux 5.11 to wait for a while took requests, which would wait for their
	 * turn. */
	if (d->async && !(params.features & IORING_FEAT_EXT_ARG)) {
		io_uring_queue_exit(&d->uring);
		d->async = false;
	}
}

bool disk_put(struct disk *d, const struct disk_write *w)
{
	if (!d->tried)
		make_ring(d);
	collect(d);
	send_on(d, false);
	if (d->sent != d->last && join(request_at(d, d->last - 1), w))
		return true;
	if (d->last - d->first == QUEUE)
		return false;
	*request_at(d, d->last++) = (struct request){ .write = *w };
	send_on(d, false);
	return true;
}

bool disk_take(struct disk *d, uint64_t wait_ns, struct disk_result *ret)
{
	struct request *r = request_at(d, d->first);

	if (disk_is_idle(d))
		return false;
	go_on(d);
	if (!r->ended && wait_ns) {
		await(d, wait_ns);
		go_on(d);
	}
	while (!r->ended && wait_ns == UINT64_MAX) {
		await(d, wait_ns);
		go_on(d);
	}
	if (!r->ended)
		return false;
	*ret = (struct disk_result){ .write = r->write, .done = r->done, .error = r->error };
	d->first++;
	return true;
}

bool disk_is_idle(const struct disk *d)
{
	return d->first == d->last;
}

struct disk *disk_new(void)
{
	return calloc(1, sizeof(struct disk));
}

struct disk *disk_free(struct disk *d)
{
	if (!d)
		return NULL;
	if (d->async)
		io_uring_queue_exit(&d->uring);
	free(d);
	return NULL;
}
