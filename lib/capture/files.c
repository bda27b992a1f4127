/* SPDX-License-Identifier: BSD-2-Clause */
#include "capture/files.h"

#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/counter.h"
#include "base/err.h"
#include "base/macros.h"

struct files {
	struct files_opts opts; /* disk and pack are ours */
	char *path;
	struct file *file; /* NULL: the next frame begins one */
	char name[PATH_MAX];
	char unnumbered[PATH_MAX]; /* what strftime() made of the path last */
	time_t latest;		   /* local time of the latest file that was begun, as seconds */
	uint64_t begin_ns;	   /* of the file, and when it is over; UINT64_MAX: never */
	uint64_t until_ns;
	uint64_t frames; /* in it */
	_Atomic uint64_t count;
	char **old; /* names of files that are there, in a circle; NULL: none is deleted */
	struct file_loss *loss; /* of files that have ended */
};

DEFINE_CLEANUP(struct files *, files_close)

static bool makes_names(const struct files *fs)
{
	return strchr(fs->path, '%') != NULL;
}

bool files_make_row(const struct weir_capture_rotation *r)
{
	return r->size || r->duration_ns || r->interval_ns || r->frames;
}

size_t files_stem_len(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *base = slash ? slash + 1 : path, *end = NULL;

	for (const char *p = base; (p = strstr(p, ".pcap")); p++)
		end = p;
	if (!end)
		end = strrchr(base, '.');
	return end && end != base ? (size_t)(end - path) : strlen(path);
}

/* The format is the user's: that is what it is for. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static size_t format_time(char *text, size_t size, const char *format, const struct tm *tm)
{
	return strftime(text, size, format, tm);
}
#pragma GCC diagnostic pop

/* Has it been that time, or later, when a file was begun before? So it is for an hour when
 * summer time ends, for a second with a leap second, and whenever the clock was set back. */
static bool comes_again(struct files *fs, const struct tm *tm)
{
	struct tm copy = *tm;
	const time_t local = timegm(&copy);
	const bool again = local <= fs->latest;

	fs->latest = MAX(fs->latest, local);
	return again;
}

/* NAME.pcapng becomes NAME_00001_20260131235959.pcapng, as dumpcap has it; a name with '%' what
 * strftime(3) makes of it, with the number only where it would be that of a file before, whose
 * time was not over. */
static int make_name(struct files *fs, uint64_t now_ns, struct weir_err *err)
{
	const time_t now = (time_t)(now_ns / NSEC_PER_SEC);
	const unsigned long long nr = counter_get(&fs->count) + 1;
	char stamp[32], base[PATH_MAX];
	struct tm tm;
	size_t stem;
	bool again;
	int n;

	(void)localtime_r(&now, &tm); /* the year is none that it cannot tell */
	again = comes_again(fs, &tm);
	if (makes_names(fs)) {
		if (format_time(base, sizeof(base), fs->path, &tm) == 0)
			return err_set(err, -ENAMETOOLONG, "%s: the name is too long", fs->path);
		stem = files_stem_len(base);
		n = !again && strcmp(base, fs->unnumbered) != 0
			    ? snprintf(fs->name, sizeof(fs->name), "%s", base)
			    : snprintf(fs->name, sizeof(fs->name), "%.*s_%05llu%s", (int)stem, base,
				       nr, base + stem);
		memcpy(fs->unnumbered, base, sizeof(base));
	} else if (files_make_row(&fs->opts.rotation)) {
		(void)strftime(stamp, sizeof(stamp), "%Y%m%d%H%M%S", &tm); /* has room */
		stem = files_stem_len(fs->path);
		n = snprintf(fs->name, sizeof(fs->name), "%.*s_%05llu_%s%s", (int)stem, fs->path,
			     nr, stamp, fs->path + stem);
	} else {
		n = snprintf(fs->name, sizeof(fs->name), "%s", fs->path);
	}
	if (n < 0 || (size_t)n >= sizeof(fs->name))
		return err_set(err, -ENAMETOOLONG, "%s: the name is too long", fs->path);
	return 0;
}

/* The name stands for the file that is begun: an older one that had it is there no more. */
static void forget_name(struct files *fs)
{
	for (uint64_t i = 0; i < fs->opts.rotation.files; i++) {
		if (fs->old[i] && strcmp(fs->old[i], fs->name) == 0) {
			free(fs->old[i]);
			fs->old[i] = NULL;
		}
	}
}

/* Remembers the file, and deletes the one whose place it takes. */
static int keep_few(struct files *fs, struct weir_err *err)
{
	char **place;

	if (!fs->old)
		return 0;
	if (makes_names(fs))
		forget_name(fs);
	place = &fs->old[counter_get(&fs->count) % fs->opts.rotation.files];
	if (*place)
		(void)unlink(*place); /* somebody else may have taken it away */
	free(*place);
	*place = strdup(fs->name);
	return *place ? 0 : err_set(err, -ENOMEM, "out of memory");
}

/* The periods of a duration follow one another without gaps, those of an interval begin at
 * its multiples. */
static void set_period(struct files *fs, uint64_t now_ns)
{
	const struct weir_capture_rotation *r = &fs->opts.rotation;
	uint64_t begin = fs->begin_ns, until = UINT64_MAX;

	if (r->duration_ns) {
		if (!begin || begin > now_ns)
			begin = now_ns;
		begin = now_ns - (now_ns - begin) % r->duration_ns;
		until = begin + r->duration_ns;
	}
	if (r->interval_ns)
		until = MIN(until, now_ns - now_ns % r->interval_ns + r->interval_ns);
	fs->begin_ns = begin;
	fs->until_ns = until;
}

static int begin_file(struct files *fs, uint64_t now_ns, struct weir_err *err)
{
	int r = make_name(fs, now_ns, err);

	if (r == 0)
		r = file_open(fs->name, &fs->opts.file, &fs->file, err);
	if (r == 0)
		r = keep_few(fs, err);
	if (r < 0)
		return r;
	counter_add(&fs->count, 1);
	fs->frames = 0;
	set_period(fs, now_ns);
	return 0;
}

static void see_losses(struct files *fs)
{
	for (unsigned i = 0; i < fs->opts.file.n_ifaces; i++) {
		const struct file_loss loss = file_loss(fs->file, i);

		fs->loss[i].frames += loss.frames;
		fs->loss[i].bytes += loss.bytes;
	}
}

static int end_file(struct files *fs, struct weir_err *err)
{
	CLEANUP(freep)
	void *tail = NULL;
	size_t len = 0;
	int r;

	if (!fs->file)
		return 0;
	r = file_complete(fs->file, err);
	tail = fs->opts.tail(fs->opts.tail_ctx, &len);
	if (r == 0)
		r = file_finish(fs->file, tail, tail ? len : 0, err);
	if (r == 0 && !tail)
		r = err_set(err, -ENOMEM, "%s: no memory for its end", fs->name);
	see_losses(fs);
	fs->file = file_close(fs->file);
	return r;
}

static bool is_full(const struct files *fs, uint64_t ts_ns)
{
	const struct weir_capture_rotation *r = &fs->opts.rotation;

	return fs->frames && ((r->frames && fs->frames >= r->frames) ||
			      (r->size && file_size(fs->file) >= r->size) || ts_ns >= fs->until_ns);
}

int files_prepare(struct files *fs, uint64_t ts_ns, struct span_limit *limit, struct weir_err *err)
{
	const struct weir_capture_rotation *rotation = &fs->opts.rotation;
	int r = 0;

	if (fs->file && is_full(fs, ts_ns))
		r = end_file(fs, err);
	if (r == 0 && !fs->file)
		r = begin_file(fs, ts_ns, err);
	if (r < 0)
		return r;
	/* What has no frame yet has not begun. */
	if (!fs->frames && ts_ns >= fs->until_ns)
		set_period(fs, ts_ns);
	if (rotation->frames)
		limit->frames = MIN(limit->frames, rotation->frames - fs->frames);
	if (rotation->size)
		limit->len = rotation->size - MIN(rotation->size, file_size(fs->file));
	limit->before_ns = MIN(limit->before_ns, fs->until_ns - 1);
	return 0;
}

/* A chunk that the file has no room for, with what fills it up, goes as its frames do. */
static bool has_room(const struct files *fs)
{
	const uint64_t size = fs->opts.rotation.size;

	return !size || file_size(fs->file) + CAPTURE_CHUNK + FILLER_MAX <= size;
}

int files_put(struct files *fs, const struct span *span, bool *ret_lent, struct weir_err *err)
{
	struct span s = *span;

	s.whole &= has_room(fs);
	fs->frames += s.frames;
	return file_put(fs->file, &s, ret_lent, err);
}

bool files_like_chunks(const struct files *fs)
{
	return fs->file && file_likes_chunks(fs->file);
}

int files_settle(struct files *fs, uint64_t wait_ns, struct weir_err *err)
{
	return fs->file ? file_settle(fs->file, wait_ns, err) : 0;
}

bool files_are_settled(const struct files *fs)
{
	return !fs->file || file_is_settled(fs->file);
}

int files_tick(struct files *fs, uint64_t now_ns, struct weir_err *err)
{
	return fs->file && fs->frames && now_ns >= fs->until_ns ? end_file(fs, err) : 0;
}

/* Does the name still stand for the file that is being written? */
static bool would_be_itself(const struct files *fs)
{
	return !files_make_row(&fs->opts.rotation) && !makes_names(fs) &&
	       file_is_at(fs->file, fs->name);
}

int files_rotate(struct files *fs, struct weir_err *err)
{
	return fs->file && fs->frames && !would_be_itself(fs) ? end_file(fs, err) : 0;
}

int files_flush(struct files *fs, struct weir_err *err)
{
	return fs->file ? file_flush(fs->file, err) : 0;
}

int files_finish(struct files *fs, struct weir_err *err)
{
	return end_file(fs, err);
}

struct file_loss files_loss(struct files *fs, unsigned iface)
{
	struct file_loss loss;

	if (fs->file)
		see_losses(fs);
	loss = fs->loss[iface];
	fs->loss[iface] = (struct file_loss){ 0 };
	return loss;
}

bool files_are_read(const struct files *fs)
{
	return fs->file && file_is_read(fs->file);
}

uint64_t files_count(const struct files *fs)
{
	return counter_get(&fs->count);
}

struct files *files_close(struct files *fs)
{
	if (!fs)
		return NULL;
	file_close(fs->file);
	disk_free(fs->opts.file.disk);
	pack_free(fs->opts.file.pack);
	for (uint64_t i = 0; fs->old && i < fs->opts.rotation.files; i++)
		free(fs->old[i]);
	free(fs->old);
	free(fs->loss);
	free(fs->path);
	free(fs);
	return NULL;
}

int files_open(const struct files_opts *opts, uint64_t now_ns, struct files **ret_files,
	       struct weir_err *err)
{
	const bool packed = opts->compression != WEIR_COMPRESSION_NONE;
	CLEANUP(files_closep)
	struct files *fs = calloc(1, sizeof(*fs));
	int r;

	if (!fs)
		return err_set(err, -ENOMEM, "out of memory");
	fs->opts = *opts;
	fs->opts.file.disk = disk_new();
	if (packed)
		fs->opts.file.pack = pack_new(opts->compression);
	fs->path = strdup(opts->path);
	fs->loss = calloc(opts->file.n_ifaces, sizeof(*fs->loss));
	if (opts->rotation.files)
		fs->old = calloc(opts->rotation.files, sizeof(*fs->old));
	if (!fs->opts.file.disk || (packed && !fs->opts.file.pack) || !fs->path || !fs->loss ||
	    (opts->rotation.files && !fs->old))
		return err_set(err, -ENOMEM, "out of memory");
	r = begin_file(fs, now_ns, err);
	if (r < 0)
		return r;
	*ret_files = TAKE_PTR(fs);
	return 0;
}
