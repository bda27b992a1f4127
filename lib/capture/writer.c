/* SPDX-License-Identifier: BSD-2-Clause */
#include "capture/writer.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/counter.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/time.h"
#include "capture/files.h"
#include "capture/merge.h"
#include "trace/pcapng.h"

/* How long it sleeps when there is nothing to do: so long while frames come, and so long when
 * none have come for a while. A ring has to hold what comes meanwhile. */
#define NAP_NS	 NSEC_PER_MSEC
#define SLEEP_NS (10 * NSEC_PER_MSEC)
#define AWAKE_NS (100 * NSEC_PER_MSEC)

/* Frames reach the file after so long, at the latest, for who reads it while it grows. Half of
 * that time they may wait in their ring for the rest of a chunk. */
#define FLUSH_NS (250 * NSEC_PER_MSEC)
#define HOLD_NS	 (FLUSH_NS / 2)

#define LOOK_BATCH 64u

enum state {
	KEEPING,
	ENOUGH, /* what comes is late */
	FAILED, /* what comes is lost */
};

struct writer {
	struct writer_opts opts;
	struct files *files; /* NULL: none is written */
	struct merge merge;
	struct writer_counts *counts;
	uint64_t left;	     /* frames to keep */
	uint64_t active_ns;  /* when frames came last; CLOCK_MONOTONIC, as the next */
	uint64_t flushed_ns; /* when the file's buffer was empty */
	uint64_t held_ns;    /* since when frames wait in a ring for more of their chunk, or 0 */
	uint64_t nr;	     /* of the last frame looked at */
	_Atomic enum state state;
	_Atomic bool stop, rotate;
	bool runs;
	pthread_t thread;
	struct weir_err failure;
};

DEFINE_CLEANUP(struct writer *, writer_close)

/* For its own thread. */
static enum state state_of(const struct writer *w)
{
	return atomic_load_explicit(&w->state, memory_order_relaxed);
}

/* Frames that were counted as kept and did not reach the file. */
static void see_losses(struct writer *w)
{
	for (unsigned i = 0; w->files && i < w->opts.n_ifaces; i++) {
		const struct file_loss loss = files_loss(w->files, i);

		if (!loss.frames)
			continue;
		counter_add(&w->counts[i].lost, loss.frames);
		counter_add(&w->counts[i].kept, -loss.frames);
		counter_add(&w->counts[i].kept_bytes, -loss.bytes);
	}
}

static void fail(struct writer *w)
{
	see_losses(w);
	atomic_store(&w->state, FAILED);
}

/* Shows the frames of a span. 0, or a negative errno. */
static int look(struct writer *w, const struct span *s)
{
	const uint32_t iface = s->from->ring->iface;
	struct weir_buf bufs[LOOK_BATCH];
	uint8_t *block = s->data;
	unsigned n = 0;
	int r = 0;

	for (uint32_t i = 0; r >= 0 && i < s->frames; i++, block += block_len(block)) {
		bufs[n++] = (struct weir_buf){ .data = block + EPB_FIXED,
					       .len = block_frame_len(block),
					       .room = block_frame_len(block),
					       .orig_len = block_orig_len(block),
					       .iface = iface,
					       .ts_ns = (int64_t)block_time(block),
					       .nr = ++w->nr,
					       .linktype = (uint16_t)w->opts.linktypes[iface] };
		if (n == LOOK_BATCH || i + 1 == s->frames) {
			r = w->opts.look(w->opts.look_ctx, bufs, n);
			n = 0;
		}
	}
	return r < 0 ? err_set(&w->failure, r, "frames cannot be shown: %s", strerror(-r)) : 0;
}

static void keep(struct writer *w, const struct span *s, bool *ret_lent)
{
	struct writer_counts *c = &w->counts[s->from->ring->iface];
	int r = 0;

	counter_add(&c->kept, s->frames);
	counter_add(&c->kept_bytes, s->bytes);
	if (w->files)
		r = files_put(w->files, s, ret_lent, &w->failure);
	if (r >= 0 && w->opts.look)
		r = look(w, s);
	if (r < 0)
		fail(w);
	w->left -= s->frames;
	if (!w->left && r >= 0)
		atomic_store(&w->state, ENOUGH);
}

static void take(struct writer *w, const struct span *s)
{
	struct writer_counts *c = &w->counts[s->from->ring->iface];
	bool lent = false;

	switch (state_of(w)) {
	case KEEPING:
		keep(w, s, &lent);
		break;
	case ENOUGH:
		counter_add(&c->late, s->frames);
		break;
	case FAILED:
		counter_add(&c->lost, s->frames);
		break;
	}
	if (!lent)
		merge_release(s);
}

/* Lowers the limit to what is wanted, and what the file takes. */
static void narrow(struct writer *w, uint64_t ts_ns, struct span_limit *limit)
{
	if (state_of(w) != KEEPING) {
		merge_leave_rest(&w->merge); /* what comes now is not for us */
		return;
	}
	limit->frames = w->left;
	if (w->files && files_prepare(w->files, ts_ns, limit, &w->failure) < 0)
		fail(w);
}

/* Is it worth while to wait for the rest of the span's chunk? */
static bool holds(struct writer *w, const struct span *s)
{
	const uint64_t now = time_now(CLOCK_MONOTONIC);

	if (!s->grows || !w->files || w->opts.look || !files_like_chunks(w->files)) {
		w->held_ns = 0;
		return false;
	}
	if (!w->held_ns)
		w->held_ns = now;
	if (now - w->held_ns < HOLD_NS)
		return true;
	w->held_ns = 0;
	w->flushed_ns = 0; /* it has waited long enough */
	return false;
}

/* Takes what there is; with last all of it. True: there was something. */
static bool take_all(struct writer *w, bool last)
{
	uint64_t before_ns = time_now(CLOCK_REALTIME) - w->opts.hold_ns; /* before the rings are
									  * looked at */
	bool full = merge_refresh(&w->merge), some = false;
	struct span span;

	/* One ring is in order by itself, and a full one cannot wait. */
	if (last || full || w->merge.n == 1)
		before_ns = UINT64_MAX - 1;
	for (;;) {
		struct span_limit limit = { .before_ns = before_ns,
					    .frames = UINT64_MAX,
					    .len = UINT64_MAX };
		const uint64_t ts_ns = merge_time(&w->merge);

		if (ts_ns > before_ns)
			return some;
		narrow(w, ts_ns, &limit);
		if (!merge_next(&w->merge, &limit, &span))
			return some;
		/* Whatever else has ended it, the rest of its chunk will not go with it. */
		span.grows &= limit.before_ns == before_ns && limit.len >= CAPTURE_CHUNK;
		span.whole &= !w->opts.look; /* it looks when the file has got it */
		if (!last && !full && holds(w, &span))
			return some;
		take(w, &span);
		some = true;
	}
}

/* Begins and ends files that no frame makes begin and end. */
static int mind_files(struct writer *w)
{
	const uint64_t now = time_now(CLOCK_REALTIME) - w->opts.hold_ns;
	int r = files_tick(w->files, now, &w->failure);

	if (r == 0 && atomic_exchange(&w->rotate, false))
		r = files_rotate(w->files, &w->failure);
	return r;
}

/* What the file has waited for long enough reaches it. */
static void flush(struct writer *w, uint64_t now)
{
	int r;

	if (!w->files || state_of(w) == FAILED)
		return;
	r = files_settle(w->files, 0, &w->failure);
	if (r == 0)
		r = mind_files(w);
	if (r == 0 && (files_are_read(w->files) || now - w->flushed_ns >= FLUSH_NS)) {
		w->flushed_ns = now;
		r = files_flush(w->files, &w->failure);
	}
	if (r < 0)
		fail(w);
}

static void rest(const struct writer *w, uint64_t now)
{
	const uint64_t ns = now - w->active_ns < AWAKE_NS ? NAP_NS : SLEEP_NS;
	struct timespec ts = time_spec(ns);

	if (w->files && !files_are_settled(w->files))
		(void)files_settle(w->files, ns, NULL); /* the next flush() sees it, too */
	else
		(void)clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, NULL); /* shorter does no harm */
}

static void *run(void *arg)
{
	struct writer *w = arg;

	while (!atomic_load(&w->stop)) {
		bool some = take_all(w, false);
		uint64_t now = time_now(CLOCK_MONOTONIC);

		flush(w, now);
		if (some)
			w->active_ns = now;
		else
			rest(w, now);
	}
	while (take_all(w, true))
		;
	return NULL;
}

int writer_open(const struct writer_opts *opts, struct blockring *const *rings, unsigned n,
		struct writer **ret_writer, struct weir_err *err)
{
	CLEANUP(writer_closep)
	struct writer *w = calloc(1, sizeof(*w));
	struct files_opts files = { .path = opts->path,
				    .rotation = opts->rotation,
				    .compression = opts->compression,
				    .file = { .format = opts->format,
					      .head = opts->head,
					      .head_len = opts->head_len,
					      .n_ifaces = opts->n_ifaces },
				    .tail = opts->tail,
				    .tail_ctx = opts->tail_ctx };

	if (!w)
		return err_set(err, -ENOMEM, "out of memory");
	files.file.hurry = &w->stop;
	w->opts = *opts;
	w->left = opts->count;
	w->counts = calloc(opts->n_ifaces, sizeof(*w->counts));
	if (!w->counts || merge_init(&w->merge, rings, n) < 0)
		return err_set(err, -ENOMEM, "out of memory");
	if (opts->path) {
		int r = files_open(&files, time_now(CLOCK_REALTIME), &w->files, err);

		if (r < 0)
			return r;
	}
	*ret_writer = TAKE_PTR(w);
	return 0;
}

int writer_start(struct writer *w, struct weir_err *err)
{
	int r = -pthread_create(&w->thread, NULL, run, w);

	if (r < 0)
		return err_set(err, r, "cannot start a thread: %s", strerror(-r));
	w->runs = true;
	return 0;
}

bool writer_over(const struct writer *w)
{
	return atomic_load(&w->state) != KEEPING;
}

void writer_drain(struct writer *w)
{
	atomic_store(&w->stop, true);
	if (w->runs)
		(void)pthread_join(w->thread, NULL);
	w->runs = false;
}

void writer_rotate(struct writer *w)
{
	atomic_store(&w->rotate, true);
}

uint64_t writer_files(const struct writer *w)
{
	return w->files ? files_count(w->files) : 0;
}

int writer_stop(struct writer *w, struct weir_err *err)
{
	if (w->files)
		(void)files_finish(w->files,
				   w->failure.code ? NULL : &w->failure); /* it is there */
	see_losses(w);
	return w->failure.code ? err_set(err, w->failure.code, "%s", w->failure.text) : 0;
}

const struct writer_counts *writer_counts(const struct writer *w, unsigned iface)
{
	return &w->counts[iface];
}

struct writer *writer_close(struct writer *w)
{
	if (!w)
		return NULL;
	writer_drain(w);
	files_close(w->files);
	merge_done(&w->merge);
	free(w->counts);
	free(w);
	return NULL;
}
