/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames from files: one file after another, or, in dual mode, pairs of files merged
 * by capture time, the first of a pair to port 0 and the second to port 1. One file
 * after another is the same thing with one lane instead of two.
 */
#include "trace/feed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "trace/reader.h"

DEFINE_CLEANUP(struct weir_reader *, weir_reader_close)

/* One of the files that are read side by side. */
struct lane {
	struct weir_reader *reader; /* NULL: at its end */
	struct weir_record rec;	    /* the next frame, if have */
	bool have;
	uint32_t file;
	uint64_t other_type; /* frames left out for their link type */
	uint32_t other_linktype;
	uint64_t too_long; /* and for their length */
	int64_t position;  /* bytes of it counted in input_done */
};

struct feed_files {
	struct feed feed;
	const struct weir_stream_opts *opts;
	_Atomic uint64_t *problems;
	struct weir_reader *first; /* opened by feed_files_new(), for the first pass */
	struct lane lanes[2];
	unsigned n_lanes;
	uint32_t next_file;
	uint32_t linktype;
	bool first_pass;
	struct weir_err
		err; /* of a reader; here, for clearing it costs more than reading a frame */
};

static bool is_stdin(const char *path)
{
	return !strcmp(path, "-");
}

static bool is_pipe(const char *path)
{
	struct stat st;

	return is_stdin(path) || (stat(path, &st) == 0 && !S_ISREG(st.st_mode));
}

uint64_t feed_files_size(const struct weir_stream_opts *opts)
{
	uint64_t sum = 0;
	struct stat st;

	for (unsigned i = 0; i < opts->n_files; i++) {
		if (is_pipe(opts->files[i]) || stat(opts->files[i], &st) < 0)
			return 0;
		sum += (uint64_t)st.st_size;
	}
	return sum;
}

__attribute__((format(printf, 2, 3))) static void report(struct feed_files *f, const char *format,
							 ...)
{
	char text[sizeof(((struct weir_err *)0)->text)];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(text, sizeof(text), format, ap); /* cut if too long */
	va_end(ap);
	atomic_fetch_add_explicit(f->problems, 1, memory_order_relaxed);
	if (f->opts->report)
		f->opts->report(f->opts->report_ctx, text);
}

static void count_input(struct feed_files *f, struct lane *l)
{
	int64_t at = weir_reader_position(l->reader);

	atomic_fetch_add_explicit(&f->feed.input_done, (uint64_t)(at - l->position),
				  memory_order_relaxed);
	l->position = at;
}

static void report_left_out(struct feed_files *f, const struct lane *l)
{
	const char *name = weir_linktype_name(l->other_linktype);
	const char *want = weir_linktype_name(f->linktype);
	const char *path = f->opts->files[l->file];

	if (l->other_type)
		report(f,
		       "%s: %llu frames of link type %s (%u) left out: the trace began with %s "
		       "(%u)",
		       path, (unsigned long long)l->other_type, name ? name : "?",
		       l->other_linktype, want ? want : "?", f->linktype);
	if (l->too_long)
		report(f, "%s: %llu frames longer than %u bytes left out", path,
		       (unsigned long long)l->too_long, WEIR_FRAME_MAX);
}

static void lane_close(struct feed_files *f, struct lane *l)
{
	if (!l->reader)
		return;
	if (f->first_pass)
		report_left_out(f, l);
	count_input(f, l);
	l->reader = weir_reader_close(l->reader);
	l->have = false;
}

static int lane_open(struct feed_files *f, struct lane *l, uint32_t file, struct weir_err *err)
{
	struct weir_reader *reader = NULL;
	int r;

	if (file == 0 && f->first) {
		reader = TAKE_PTR(f->first);
	} else {
		r = weir_reader_open_until(f->opts->files[file], f->feed.cancel_fd, &reader, err);
		if (r < 0)
			return r;
	}
	source_set_wait(reader->src, f->feed.cancel_fd, &f->feed.hurry);
	*l = (struct lane){ .reader = reader, .file = file };
	return 0;
}

/* Sees to it that the lane has its next frame, unless it is at its end. -EAGAIN: it would
 * have to wait. */
static int lane_fill(struct feed_files *f, struct lane *l)
{
	int r;

	while (l->reader && !l->have) {
		r = weir_reader_next(l->reader, &l->rec, &f->err);
		if (r == -EINTR) {
			if (f->feed.hurry)
				return -EAGAIN;
		} else if (r <= 0) {
			if (r < 0 && r != -ECANCELED && f->first_pass) /* damaged in every pass */
				report(f, "%s", weir_err_text(&f->err));
			lane_close(f, l);
		} else if (l->rec.linktype != f->linktype) {
			l->other_type++;
			l->other_linktype = l->rec.linktype;
		} else if (l->rec.len > WEIR_FRAME_MAX) {
			l->too_long++;
		} else {
			l->have = true;
		}
		if (r > 0 && !(l->rec.nr & 1023))
			count_input(f, l);
	}
	return 0;
}

/* Opens the next file, or pair of files. 0: there is none. */
static int next_files(struct feed_files *f)
{
	struct weir_err err = { 0 };

	if (f->next_file + f->n_lanes > f->opts->n_files)
		return 0;
	for (unsigned i = 0; i < f->n_lanes; i++)
		if (lane_open(f, &f->lanes[i], f->next_file + i, &err) < 0 &&
		    err.code != -ECANCELED)
			report(f, "%s", weir_err_text(&err)); /* gone since we looked */
	f->next_file += f->n_lanes;
	return 1;
}

/* *ret_lane: the one whose frame is next, NULL if all are at their end. */
static int earliest(struct feed_files *f, struct lane **ret_lane)
{
	struct lane *best = NULL;

	for (unsigned i = 0; i < f->n_lanes; i++) {
		struct lane *l = &f->lanes[i];

		if (lane_fill(f, l) < 0)
			return -EAGAIN; /* its frame may be the earlier one */
		if (l->have && (!best || l->rec.ts_ns < best->rec.ts_ns))
			best = l;
	}
	*ret_lane = best;
	return 0;
}

static int files_next(struct feed *feed, struct feed_frame *ret)
{
	struct feed_files *f = (struct feed_files *)feed;
	struct lane *l;

	for (;;) {
		int r = earliest(f, &l);

		if (r < 0)
			return r;
		if (l)
			break;
		if (f->feed.hurry && f->next_file < f->opts->n_files)
			return -EAGAIN; /* the next file may be a pipe that is silent yet */
		if (!next_files(f))
			return 0;
	}
	ret->rec = &l->rec;
	/* A pair is one file as far as time goes. */
	ret->file = l->file - (uint32_t)(l - f->lanes);
	ret->port = (uint8_t)(l - f->lanes);
	l->have = false;
	return 1;
}

static int files_begin(struct feed *feed, uint64_t loop, struct weir_err *err)
{
	struct feed_files *f = (struct feed_files *)feed;

	(void)err;
	for (unsigned i = 0; i < f->n_lanes; i++)
		lane_close(f, &f->lanes[i]);
	f->first_pass = loop == 0;
	f->next_file = 0;
	return 0;
}

static struct feed *files_free(struct feed *feed)
{
	struct feed_files *f = (struct feed_files *)feed;

	for (unsigned i = 0; i < f->n_lanes; i++)
		(void)weir_reader_close(f->lanes[i].reader);
	(void)weir_reader_close(f->first);
	free(f);
	return NULL;
}

/* Opens every file once, so that a missing one is known before anything is sent, and
 * keeps the first. A pipe can be opened only once: it is, when its turn comes. */
static int try_files(struct feed_files *f, struct weir_err *err)
{
	int r;

	for (unsigned i = 0; i < f->opts->n_files; i++) {
		CLEANUP(weir_reader_closep)
		struct weir_reader *reader = NULL;

		if (i && is_pipe(f->opts->files[i]))
			continue;
		r = weir_reader_open(f->opts->files[i], &reader, err);
		if (r < 0)
			return r;
		if (i == 0)
			f->first = TAKE_PTR(reader);
	}
	return 0;
}

int feed_files_new(const struct weir_stream_opts *opts, _Atomic uint64_t *problems,
		   struct feed **ret_feed, uint32_t *ret_linktype, struct weir_err *err)
{
	struct feed_files *f = calloc(1, sizeof(*f));
	int r;

	if (!f)
		return err_set(err, -ENOMEM, "out of memory");
	f->feed = (struct feed){
		.begin = files_begin, .next = files_next, .free = files_free, .cancel_fd = -1
	};
	f->opts = opts;
	f->problems = problems;
	f->n_lanes = opts->dual ? 2 : 1;
	r = try_files(f, err);
	if (r < 0) {
		files_free(&f->feed);
		return r;
	}
	/* Without an interface there are no frames either: any type will do. */
	f->linktype = weir_reader_info(f->first)->n_ifaces
			      ? weir_reader_iface(f->first, 0)->linktype
			      : WEIR_LINKTYPE_ETHERNET;
	*ret_linktype = f->linktype;
	*ret_feed = &f->feed;
	return 0;
}
