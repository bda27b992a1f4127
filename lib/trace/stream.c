/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Streams: preloaded, all chunks are kept and walked loop after loop; streamed, one
 * thread fills chunks of a ring and another one marks them, ahead of the slowest cursor.
 *
 *     feed -> loader -> chunks -> marker -> views -> cursors
 *
 * A preloaded stream with a stage that depends on the loop is both: the files are
 * loaded once, and a streaming pass over that arena runs the stage for each loop.
 */
#include <weir/stream.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/memory.h"
#include "trace/arena.h"
#include "trace/feed.h"
#include "trace/loader.h"
#include "trace/mark.h"
#include "trace/ring.h"

/* An endless pass of fewer made frames is joined with the next ones. */
#define JOINED_PASS (1u << 20)

/* Made frames that are looked at for their usual length. */
#define LENS_ASKED 256u

struct totals {
	uint64_t frames, bytes, span_ns;
};

/* The length that more than half of the frames have, if one does: each frame that has
 * another one outweighs one that has it. */
struct vote {
	uint32_t len;
	uint64_t lead;
};

struct weir_stream {
	struct weir_stream_opts opts;
	unsigned n_once; /* stages that run once: those before the first that depends on the
			  * loop */
	uint32_t linktype;
	uint64_t input_size;
	struct feed *files; /* or what makes frames instead */
	struct vote usual;
	struct loader loader;
	struct marker marker;
	_Atomic uint64_t problems;
	bool stop;   /* relaxed atomic */
	int stop_fd; /* eventfd: readable when stopped */

	/* Preloaded. */
	struct arena arena;
	struct arena_chunk *chunks;
	size_t n_chunks;
	struct totals loaded;
	uint64_t *taken; /* views that each cursor took */

	/* Streamed. */
	bool streamed;
	struct ring ring;
	struct feed *again;   /* the preloaded arena as a feed */
	pthread_t threads[2]; /* filling and marking */
	unsigned n_threads;
	pthread_mutex_t lock; /* of pass */
	struct totals pass;   /* of the first pass, when it is over */
	struct totals before; /* of all passes before the one being filled; the filler's */
};

static void report(struct weir_stream *s, struct weir_err *err)
{
	atomic_fetch_add_explicit(&s->problems, 1, memory_order_relaxed);
	if (s->opts.report)
		s->opts.report(s->opts.report_ctx, weir_err_text(err));
}

static void vote(struct vote *v, uint32_t len)
{
	if (!v->lead)
		v->len = len;
	v->lead = len == v->len ? v->lead + 1 : v->lead - 1;
}

/* ---- streamed -------------------------------------------------------------- */

/* Moves the chunk's place from its loop to the whole run, and hands it over. */
static void publish(struct weir_stream *s, struct arena_chunk *c)
{
	c->frames_before += s->before.frames;
	c->bytes_before += s->before.bytes;
	c->time_before += s->before.span_ns;
	ring_publish(&s->ring, c);
}

static void end_pass(struct weir_stream *s, uint64_t loop)
{
	const struct loader *l = &s->loader;

	if (loop == 0) {
		(void)pthread_mutex_lock(&s->lock);
		s->pass = (struct totals){ l->frames, l->bytes, loader_span(l) };
		(void)pthread_mutex_unlock(&s->lock);
	}
	s->before.frames += l->frames;
	s->before.bytes += l->bytes;
	s->before.span_ns += loader_span(l);
}

/* One pass. 1: there were frames; 0: none, or stopped; negative: failed. */
static int fill_pass(struct weir_stream *s, uint64_t loop, struct weir_err *err)
{
	struct loader *l = &s->loader;
	int r;

	r = loader_begin(l, loop, err);
	if (r < 0)
		return r;
	for (;;) {
		struct arena_chunk *c = ring_reserve(&s->ring);

		if (!c)
			return 0;
		r = loader_fill(l, c, err);
		if (r <= 0) {
			ring_give_back(&s->ring, c);
			break;
		}
		publish(s, c);
	}
	end_pass(s, loop);
	return r < 0 ? r : l->frames > 0;
}

static void *fill_thread(void *arg)
{
	struct weir_stream *s = arg;
	struct weir_err err = { 0 };
	int r = 1;

	for (uint64_t loop = 0; r > 0 && (!s->opts.loops || loop < s->opts.loops); loop++)
		r = fill_pass(s, loop, &err);
	if (r < 0)
		report(s, &err);
	ring_end(&s->ring);
	return NULL;
}

static void *mark_thread(void *arg)
{
	struct weir_stream *s = arg;
	struct weir_err err = { 0 };
	struct arena_chunk *c;

	while ((c = ring_to_mark(&s->ring))) {
		if (mark_chunk(&s->marker, c, &err) < 0) {
			report(s, &err);
			ring_stop(&s->ring);
			break;
		}
		ring_marked(&s->ring);
	}
	return NULL;
}

static int start_thread(struct weir_stream *s, void *(*thread)(void *), struct weir_err *err)
{
	int r = pthread_create(&s->threads[s->n_threads], NULL, thread, s);

	if (r)
		return err_set(err, -r, "cannot start a reading thread: %s", strerror(r));
	s->n_threads++;
	return 0;
}

static int start_streaming(struct weir_stream *s, struct weir_err *err)
{
	bool marking = marker_needed(&s->marker);
	int r;

	s->streamed = true;
	r = ring_init(&s->ring, s->opts.n_cursors, marking, s->opts.shared, &s->marker.share, err);
	if (r == 0 && marking)
		r = start_thread(s, mark_thread, err);
	if (r == 0)
		r = start_thread(s, fill_thread, err);
	return r;
}

/* ---- preloaded ------------------------------------------------------------- */

static int keep_chunk(struct weir_stream *s, const struct arena_chunk *c, struct weir_err *err)
{
	struct arena_chunk *p;

	if (!(s->n_chunks & (s->n_chunks - 1))) { /* 0, 1, 2, 4, ... are in use: all of them */
		p = realloc(s->chunks, (s->n_chunks ? s->n_chunks * 2 : 1) * sizeof(*p));
		if (!p)
			return err_set(err, -ENOMEM, "out of memory");
		s->chunks = p;
	}
	s->chunks[s->n_chunks++] = *c;
	for (uint32_t i = 0; i < c->n; i++)
		vote(&s->usual, c->frames[i].len);
	return 0;
}

static uint64_t chunk_memory(const struct arena_chunk *c)
{
	return ((uint64_t)c->used + ARENA_PAGE - 1) / ARENA_PAGE * ARENA_PAGE +
	       (uint64_t)c->n * sizeof(struct weir_frame);
}

/* The trace does not fit: load the rest over and over into the same chunk to learn how
 * much it would take. */
static int too_big(struct weir_stream *s, struct loader *l, struct arena_chunk *c, uint64_t used,
		   uint64_t limit, struct weir_err *err)
{
	const char *more = "";

	if (!s->input_size) {
		more = "more than "; /* a pipe: its end may never come */
	} else {
		int r;

		while ((r = loader_fill(l, c, err)) > 0)
			used += chunk_memory(c);
		if (r < 0)
			return r;
	}
	return err_set(err, -ENOMEM,
		       "preloading takes %s%llu MiB of memory and %llu MiB may be used; "
		       "without preloading the trace is read as it is sent",
		       more, (unsigned long long)(used >> 20), (unsigned long long)(limit >> 20));
}

static int mark_preloaded(struct weir_stream *s, struct arena_chunk *c, struct weir_err *err)
{
	int r = share_make_lists(&s->marker.share, c, c->n, err);

	return r < 0 ? r : mark_chunk(&s->marker, c, err);
}

static int preload(struct weir_stream *s, struct weir_err *err)
{
	uint64_t limit = s->opts.max_memory ? s->opts.max_memory : memory_available() / 8 * 7;
	struct loader *l = &s->loader;
	struct arena_chunk c;
	uint64_t used = 0;
	int r;

	r = arena_init(&s->arena, limit, ARENA_BIG_CHUNK, s->opts.shared, err);
	if (r < 0)
		return r;
	r = loader_begin(l, 0, err);
	if (r < 0)
		return r;
	for (;;) {
		r = arena_grow(&s->arena, &c, err);
		if (r < 0)
			return r;
		r = loader_fill(l, &c, err);
		if (r <= 0)
			break;
		used += chunk_memory(&c);
		if (used > limit || s->arena.n_chunks == s->arena.max_chunks)
			return too_big(s, l, &c, used, limit, err);
		r = keep_chunk(s, &c, err);
		/* With stages for each loop to come, what is loaded is not yet what is sent. */
		if (r == 0 && s->n_once == s->opts.n_stages)
			r = mark_preloaded(s, &s->chunks[s->n_chunks - 1], err);
		if (r < 0)
			return r;
	}
	s->loaded = (struct totals){ l->frames, l->bytes, loader_span(l) };
	return r;
}

static int next_preloaded(struct weir_stream *s, uint64_t *taken, struct arena_chunk *ret_chunk)
{
	uint64_t loop;

	if (__atomic_load_n(&s->stop, __ATOMIC_RELAXED))
		return -ECANCELED;
	if (!s->n_chunks)
		return 0;
	loop = *taken / s->n_chunks;
	if (s->opts.loops && loop == s->opts.loops)
		return 0;
	*ret_chunk = s->chunks[*taken % s->n_chunks];
	ret_chunk->loop = loop;
	ret_chunk->frames_before += loop * s->loaded.frames;
	ret_chunk->bytes_before += loop * s->loaded.bytes;
	ret_chunk->time_before += loop * s->loaded.span_ns;
	++*taken;
	return 1;
}

/* ---- both ------------------------------------------------------------------ */

static int check_opts(const struct weir_stream_opts *o, struct weir_err *err)
{
	if (!o->n_cursors)
		return err_set(err, -EINVAL, "a stream needs at least one cursor");
	if (o->maker ? !o->maker->n_frames : !o->n_files)
		return err_set(err, -EINVAL,
			       o->maker ? "there is nothing to make" : "no trace was named");
	if (o->dual && o->n_files % 2)
		return err_set(err, -EINVAL, "traces for two ports come in pairs, and there are %u",
			       o->n_files);
	if (o->n_parts > 1 && o->first_part + o->n_cursors > o->n_parts)
		return err_set(err, -EINVAL, "there is no part %u of %u",
			       o->first_part + o->n_cursors, o->n_parts);
	if (o->shard == WEIR_SHARD_FLOW && o->n_parts > WEIR_MAX_PARTS)
		return err_set(err, -EINVAL, "flows can be shared out to %d at most",
			       WEIR_MAX_PARTS);
	if (o->preload || o->loops == 1 || o->maker)
		return 0;
	for (unsigned i = 0; i < o->n_files; i++)
		if (!strcmp(o->files[i], "-"))
			return err_set(err, -EINVAL,
				       "standard input can be looped only if it is preloaded");
	return 0;
}

/* Sets up the loader for the stages from first to before end. */
static void set_loader(struct weir_stream *s, struct feed *feed, unsigned first, unsigned end)
{
	loader_done(&s->loader);
	s->loader = (struct loader){
		.feed = feed,
		.stages = end > first ? s->opts.stages + first : NULL,
		.n_stages = end - first,
		.pad = s->opts.pad && first == 0,
		.live = !s->opts.preload,
	};
}

/* Frames of a maker's pass. A chunk ends with its pass, so where passes never end short ones
 * are joined: frames are numbered over all of them, and nobody counts loops for ever. */
static uint64_t whole_pass(const struct weir_stream_opts *o)
{
	uint64_t n = o->maker->n_frames;

	return o->loops || o->preload || n >= JOINED_PASS ? n : JOINED_PASS / n * n;
}

/* The link type that frames have behind the stages from first to before end. */
static uint32_t linktype_behind(const struct weir_stream *s, unsigned first, unsigned end,
				uint32_t linktype)
{
	for (unsigned i = first; i < end; i++) {
		const struct weir_stage *stage = &s->opts.stages[i];

		if (stage->linktype)
			linktype = stage->linktype(stage->ctx, linktype);
	}
	return linktype;
}

/* Of the first frames that are made; stages may change them. */
static void ask_usual_len(struct weir_stream *s)
{
	const struct weir_maker *m = s->opts.maker;
	uint32_t lens[LENS_ASKED];
	unsigned n = (unsigned)MIN(m->n_frames, LENS_ASKED);

	m->lens(m->ctx, 0, n, lens);
	for (unsigned i = 0; i < n; i++)
		vote(&s->usual, lens[i]);
}

/* The feed that everything begins with; the link type of its frames. */
static int open_feed(struct weir_stream *s, uint32_t *ret_linktype, struct weir_err *err)
{
	int r;

	if (s->opts.maker) {
		ask_usual_len(s);
		*ret_linktype = s->opts.maker->linktype;
		return feed_made_new(s->opts.maker, whole_pass(&s->opts), &s->files, err);
	}
	s->input_size = feed_files_size(&s->opts);
	r = feed_files_new(&s->opts, &s->problems, &s->files, ret_linktype, err);
	if (r >= 0)
		s->files->cancel_fd = s->stop_fd;
	return r;
}

static int open_stream(struct weir_stream *s, struct weir_err *err)
{
	uint32_t linktype; /* of the frames so far */
	int r;

	/* In a single loop, all do. */
	while (s->n_once < s->opts.n_stages &&
	       (s->opts.loops == 1 || !s->opts.stages[s->n_once].per_loop))
		s->n_once++;
	s->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (s->stop_fd < 0)
		return err_set(err, -errno, "cannot make an eventfd: %s", strerror(errno));
	r = open_feed(s, &linktype, err);
	if (r < 0)
		return r;
	linktype = linktype_behind(s, 0, s->n_once, linktype);
	s->linktype = linktype_behind(s, s->n_once, s->opts.n_stages, linktype);
	s->marker.linktype = s->linktype;
	r = marker_init(&s->marker, err);
	if (r < 0)
		return r;
	if (!s->opts.preload) {
		set_loader(s, s->files, 0, s->opts.n_stages);
		return start_streaming(s, err);
	}
	set_loader(s, s->files, 0, s->n_once);
	r = preload(s, err);
	if (r < 0 || s->n_once == s->opts.n_stages)
		return r;
	r = feed_arena_new(s->chunks, s->n_chunks, linktype, &s->again, err);
	if (r < 0)
		return r;
	set_loader(s, s->again, s->n_once, s->opts.n_stages);
	return start_streaming(s, err);
}

int weir_stream_open(const struct weir_stream_opts *opts, struct weir_stream **ret_stream,
		     struct weir_err *err)
{
	struct weir_stream *s;
	int r;

	r = check_opts(opts, err);
	if (r < 0)
		return r;
	s = calloc(1, sizeof(*s));
	if (!s)
		return err_set(err, -ENOMEM, "out of memory");
	s->opts = *opts;
	s->marker = (struct marker){
		.flags = opts->flows,
		.expiry_s = opts->flow_expiry_s,
		.share = { opts->shard, MAX(opts->n_parts, 1u), opts->first_part, opts->n_cursors },
	};
	s->stop_fd = -EBADF;
	(void)pthread_mutex_init(&s->lock, NULL); /* cannot fail with default attributes */
	s->taken = calloc(opts->n_cursors, sizeof(*s->taken));
	r = s->taken ? open_stream(s, err) : err_set(err, -ENOMEM, "out of memory");
	if (r < 0) {
		weir_stream_close(s);
		return r;
	}
	*ret_stream = s;
	return 0;
}

struct weir_region weir_stream_region(const struct weir_stream *s)
{
	const struct arena *a = s->streamed ? &s->ring.arena : &s->arena;

	return (struct weir_region){
		.base = a->base,
		.size = a->n_chunks * a->chunk_size,
		.constant = !s->streamed,
		.shared = a->fd >= 0,
		.fd = a->fd,
	};
}

static uint64_t memory_used(const struct weir_stream *s)
{
	uint64_t sum = s->ring.arena.n_chunks * s->ring.arena.chunk_size;

	for (size_t i = 0; i < s->n_chunks; i++)
		sum += chunk_memory(&s->chunks[i]);
	return sum;
}

void weir_stream_info(struct weir_stream *s, struct weir_stream_info *ret)
{
	struct totals t;

	(void)pthread_mutex_lock(&s->lock);
	t = s->streamed ? s->pass : s->loaded;
	(void)pthread_mutex_unlock(&s->lock);
	*ret = (struct weir_stream_info){
		.linktype = s->linktype,
		.n_frames = t.frames,
		.n_bytes = t.bytes,
		.span_ns = t.span_ns,
		.usual_len = s->usual.len,
		.memory = memory_used(s),
		.problems = atomic_load_explicit(&s->problems, memory_order_relaxed),
		.n_cursors = s->opts.n_cursors,
		.n_parts = s->marker.share.n_parts,
		.starved_ns = s->streamed ? ring_waited(&s->ring) : 0,
		.input_size = s->input_size,
		.input_done = atomic_load_explicit(&s->files->input_done, memory_order_relaxed),
	};
}

int weir_stream_wait(struct weir_stream *s, unsigned cursor, uint64_t timeout_ns)
{
	return s->streamed ? ring_wait(&s->ring, cursor, timeout_ns) : 1;
}

int weir_stream_next(struct weir_stream *s, unsigned cursor, struct weir_view *ret)
{
	struct arena_chunk preloaded, *c = &preloaded;
	int r;

	r = s->streamed ? ring_next(&s->ring, cursor, &c)
			: next_preloaded(s, &s->taken[cursor], &preloaded);
	if (r <= 0)
		return r;
	*ret = (struct weir_view){
		.frames = c->frames,
		.mem = c->mem,
		.n = c->n,
		.file = c->file,
		.loop = c->loop,
		.frames_before = c->frames_before,
		.bytes_before = c->bytes_before,
		.time_before = c->time_before,
		.ts_zero = c->ts_zero,
		.ts_max = c->ts_max,
		.loop_begins = c->loop_begins,
		/* A flow that is new in a preloaded trace is new in its first loop only. */
		.flags_mask = c->loop && !s->streamed ? (uint8_t)~WEIR_FRAME_FLOW_NEW : 0xff,
	};
	if (c->lists)
		ret->mine = share_list(&s->marker.share, c, cursor, &ret->n_mine);
	return 1;
}

void weir_stream_release(struct weir_stream *s, unsigned cursor)
{
	if (s->streamed)
		ring_release(&s->ring, cursor);
}

void weir_stream_stop(struct weir_stream *s)
{
	const uint64_t one = 1;

	if (s->stop_fd >= 0)
		(void)!write(s->stop_fd, &one, sizeof(one)); /* full: it is readable anyway */
	__atomic_store_n(&s->stop, true, __ATOMIC_RELAXED);
	if (s->streamed)
		ring_stop(&s->ring);
}

struct weir_stream *weir_stream_close(struct weir_stream *s)
{
	if (!s)
		return NULL;
	weir_stream_stop(s);
	for (unsigned i = 0; i < s->n_threads; i++)
		(void)pthread_join(s->threads[i], NULL);
	loader_done(&s->loader);
	marker_done(&s->marker);
	if (s->again)
		s->again->free(s->again);
	if (s->files)
		s->files->free(s->files);
	if (s->streamed)
		ring_done(&s->ring);
	for (size_t i = 0; i < s->n_chunks; i++)
		free(s->chunks[i].lists);
	arena_done(&s->arena);
	closep(&s->stop_fd);
	free(s->chunks);
	free(s->taken);
	(void)pthread_mutex_destroy(&s->lock);
	free(s);
	return NULL;
}
