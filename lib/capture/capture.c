/* SPDX-License-Identifier: BSD-2-Clause */
#include <weir/capture.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/counter.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/time.h"
#include "capture/files.h"
#include "capture/head.h"
#include "capture/intake.h"
#include "capture/writer.h"

#define DEFAULT_RING (64u << 20)
#define MAX_RING     (1ull << 34)

struct weir_capture {
	struct weir_capture_opts opts; /* its pointers are not lent any more after opening */
	struct intake *intakes;
	unsigned n_intakes; /* that intake_open() was called for */
	struct weir_capture_port *ports;
	uint32_t *linktypes;
	struct blockring **rings; /* of all intakes */
	unsigned n_rings;
	struct ngblock head;
	struct writer **writers; /* one, or one of each ring */
	unsigned n_writers;	 /* that are open */
	uint64_t begin_ns;
	bool stopped;
};

DEFINE_CLEANUP(struct weir_capture *, weir_capture_close)

static uint64_t ring_size_of(const struct weir_capture_opts *opts)
{
	uint64_t size = CAPTURE_CHUNK;

	while (size < (opts->buffer_size ? opts->buffer_size : DEFAULT_RING))
		size <<= 1;
	return size;
}

static int check_opts(const struct weir_capture_opts *opts, struct weir_err *err)
{
	if (!opts->n_ports)
		return err_set(err, -EINVAL, "there is no port to capture from");
	if (opts->format == WEIR_TRACE_PCAP_KUZNETZOV)
		return err_set(err, -EINVAL, "this variant of pcap is only read");
	if (opts->buffer_size > MAX_RING)
		return err_set(err, -EINVAL, "a buffer of %llu MiB is more than %llu",
			       (unsigned long long)opts->buffer_size >> 20, MAX_RING >> 20);
	if (files_make_row(&opts->rotation) && (!opts->path || strcmp(opts->path, "-") == 0))
		return err_set(err, -EINVAL, "a row of files needs a name");
	if (opts->rotation.files && !files_make_row(&opts->rotation))
		return err_set(err, -EINVAL, "a number of files needs to be told when one is full");
	if (opts->per_queue && (!opts->path || strcmp(opts->path, "-") == 0))
		return err_set(err, -EINVAL, "a file for each queue needs a name");
	if (opts->per_queue && (opts->count || opts->look))
		return err_set(err, -EINVAL,
			       "frames of a file for each queue are neither counted nor shown");
	return 0;
}

/* What is missing for hardware time is told before anything has changed. */
static int check_time(const struct weir_capture_opts *opts, struct weir_err *err)
{
	char ifname[16];
	int r = 0;

	if (opts->time != WEIR_CAPTURE_TIME_HW && opts->time != WEIR_CAPTURE_TIME_HW_RAW)
		return 0;
	if (opts->format != WEIR_TRACE_PCAPNG)
		return err_set(err, -EINVAL,
			       "hardware time needs pcapng, which tells the clock of each frame");
	for (unsigned i = 0; r == 0 && i < opts->n_ports; i++)
		r = hwtime_check(opts, i, ifname, err);
	return r;
}

static int open_intakes(struct weir_capture *c, struct weir_err *err)
{
	const struct weir_capture_opts *opts = &c->opts;
	int r = 0;

	c->intakes = calloc(opts->n_ports, sizeof(*c->intakes));
	c->ports = calloc(opts->n_ports, sizeof(*c->ports));
	c->linktypes = calloc(opts->n_ports, sizeof(*c->linktypes));
	if (!c->intakes || !c->ports || !c->linktypes)
		return err_set(err, -ENOMEM, "out of memory");
	for (unsigned i = 0; r == 0 && i < opts->n_ports; i++) {
		struct intake *s = &c->intakes[i];

		c->n_intakes++;
		r = intake_open(s, opts, i, ring_size_of(opts), err);
		c->ports[i] =
			(struct weir_capture_port){ .name = s->info.name,
						    .device = s->info.device,
						    .engine = s->info.engine,
						    .note = s->info.note,
						    .clock = s->hw ? hwtime_clock(s->hw) : NULL,
						    .linktype = s->info.linktype,
						    .n_queues = s->n_rings };
		c->linktypes[i] = s->info.linktype;
		c->n_rings += s->n_rings;
	}
	return r;
}

static int collect_rings(struct weir_capture *c, struct weir_err *err)
{
	unsigned n = 0;

	c->rings = calloc(c->n_rings, sizeof(*c->rings));
	if (!c->rings)
		return err_set(err, -ENOMEM, "out of memory");
	for (unsigned i = 0; i < c->n_intakes; i++)
		for (unsigned k = 0; k < c->intakes[i].n_rings; k++)
			c->rings[n++] = &c->intakes[i].rings[k];
	return 0;
}

/* Classic pcap has one interface of one link type. */
static int check_linktypes(const struct weir_capture *c, struct weir_err *err)
{
	const uint32_t most = c->opts.format == WEIR_TRACE_PCAPNG ? UINT16_MAX : UINT32_MAX;

	for (unsigned i = 0; i < c->n_intakes; i++) {
		if (c->linktypes[i] > most)
			return err_set(err, -EINVAL, "%s: pcapng has no link type %u",
				       c->ports[i].name, c->linktypes[i]);
		if (c->opts.format != WEIR_TRACE_PCAPNG && c->linktypes[i] != c->linktypes[0])
			return err_set(err, -EINVAL,
				       "%s and %s have frames of different kinds, which one pcap "
				       "file cannot hold; pcapng can",
				       c->ports[0].name, c->ports[i].name);
	}
	return 0;
}

/* For the writer: the statistics that a file ends with. */
static void *make_tail(void *ctx, size_t *ret_len)
{
	const struct weir_capture *c = ctx;
	struct tail_figures t = { .begin_ns = c->begin_ns, .end_ns = time_now(CLOCK_REALTIME) };
	struct ngblock b = { 0 };
	int r = 0;

	for (unsigned i = 0; r == 0 && i < c->n_intakes; i++) {
		weir_capture_figures(c, i, &t.figures);
		t.clock = c->ports[i].clock;
		r = tail_add(&b, i, &t);
	}
	if (r < 0)
		ngblock_done(&b);
	*ret_len = b.len;
	return b.data;
}

static struct writer_opts make_writer_opts(struct weir_capture *c)
{
	const struct weir_capture_opts *o = &c->opts;
	struct writer_opts opts = {
		.path = o->path,
		.rotation = o->rotation,
		.format = o->format,
		.compression = o->compression,
		.head = c->head.data,
		.head_len = c->head.len,
		.tail = make_tail,
		.tail_ctx = c,
		.count = o->count ? o->count : UINT64_MAX,
		.look = o->look,
		.look_ctx = o->look_ctx,
		.linktypes = c->linktypes,
		.n_ifaces = c->n_intakes,
	};

	for (unsigned i = 0; i < c->n_intakes; i++)
		opts.hold_ns = MAX(opts.hold_ns, c->intakes[i].engine->hold_ns);
	return opts;
}

static int add_writer(struct weir_capture *c, const struct writer_opts *opts,
		      struct blockring *const *rings, unsigned n, struct weir_err *err)
{
	int r = writer_open(opts, rings, n, &c->writers[c->n_writers], err);

	c->n_writers += r == 0;
	return r;
}

/* The writer of one ring, with a file of its own. */
static int add_queue_writer(struct weir_capture *c, struct blockring *const *ring,
			    struct weir_err *err)
{
	struct writer_opts opts = make_writer_opts(c);
	const char *path = c->opts.path;
	const size_t stem = files_stem_len(path);
	char port[16] = "", name[PATH_MAX];
	int n;

	if (c->n_intakes > 1)
		(void)snprintf(port, sizeof(port), "-%u", (*ring)->iface);
	n = snprintf(name, sizeof(name), "%.*s%s-q%u%s", (int)stem, path, port, (*ring)->queue,
		     path + stem);
	if (n < 0 || (size_t)n >= sizeof(name))
		return err_set(err, -ENAMETOOLONG, "%s: the name is too long", path);
	opts.path = name;
	return add_writer(c, &opts, ring, 1, err);
}

static int open_writers(struct weir_capture *c, struct weir_err *err)
{
	const struct writer_opts opts = make_writer_opts(c);
	int r = 0;

	c->writers = calloc(c->n_rings, sizeof(struct writer *));
	if (!c->writers)
		return err_set(err, -ENOMEM, "out of memory");
	if (!c->opts.per_queue)
		return add_writer(c, &opts, c->rings, c->n_rings, err);
	for (unsigned i = 0; r == 0 && i < c->n_rings; i++)
		r = add_queue_writer(c, &c->rings[i], err);
	return r;
}

static int open_files(struct weir_capture *c, struct weir_err *err)
{
	int r = head_make(&c->head, c->intakes, c->n_intakes, &c->opts);

	return r < 0 ? err_set(err, r, "out of memory") : open_writers(c, err);
}

int weir_capture_open(const struct weir_capture_opts *opts, struct weir_capture **ret_capture,
		      struct weir_err *err)
{
	CLEANUP(weir_capture_closep)
	struct weir_capture *c = NULL;
	int r = check_opts(opts, err);

	if (r == 0)
		r = check_time(opts, err);
	if (r < 0)
		return r;
	c = calloc(1, sizeof(*c));
	if (!c)
		return err_set(err, -ENOMEM, "out of memory");
	c->opts = *opts;
	r = open_intakes(c, err);
	if (r == 0)
		r = check_linktypes(c, err);
	if (r == 0)
		r = collect_rings(c, err);
	if (r == 0)
		r = open_files(c, err);
	if (r < 0)
		return r;
	*ret_capture = TAKE_PTR(c);
	return 0;
}

int weir_capture_start(struct weir_capture *c, struct weir_err *err)
{
	int r = 0;

	c->begin_ns = time_now(CLOCK_REALTIME);
	for (unsigned i = 0; r == 0 && i < c->n_writers; i++)
		r = writer_start(c->writers[i], err);
	for (unsigned i = 0; r == 0 && i < c->n_intakes; i++)
		r = intake_start(&c->intakes[i], err);
	return r;
}

/* How many intakes have nothing more to give, or the first error that ended one. */
static int ended_intakes(const struct weir_capture *c, struct weir_err *err)
{
	int n = 0;

	for (unsigned i = 0; i < c->n_intakes; i++) {
		int r = c->intakes[i].engine->ended(&c->intakes[i], err);

		if (r < 0)
			return r;
		n += r;
	}
	return n;
}

bool weir_capture_over(const struct weir_capture *c)
{
	int n = ended_intakes(c, NULL);

	for (unsigned i = 0; i < c->n_writers; i++)
		if (writer_over(c->writers[i]))
			return true;
	return n < 0 || n == (int)c->n_intakes;
}

void weir_capture_rotate(struct weir_capture *c)
{
	for (unsigned i = 0; i < c->n_writers; i++)
		writer_rotate(c->writers[i]);
}

uint64_t weir_capture_files(const struct weir_capture *c)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < c->n_writers; i++)
		n += writer_files(c->writers[i]);
	return n;
}

int weir_capture_stop(struct weir_capture *c, struct weir_err *err)
{
	struct weir_err other = { 0 };
	int r = 0, q;

	for (unsigned i = 0; i < c->n_intakes; i++)
		intake_stop(&c->intakes[i]);
	c->stopped = true;
	/* Files end with what became of all frames. */
	for (unsigned i = 0; i < c->n_writers; i++)
		writer_drain(c->writers[i]);
	for (unsigned i = 0; i < c->n_writers; i++) {
		q = writer_stop(c->writers[i], r < 0 ? &other : err);
		r = r < 0 ? r : q;
	}
	q = ended_intakes(c, r < 0 ? &other : err);
	return r < 0 ? r : q < 0 ? q : 0;
}

void weir_capture_figures(const struct weir_capture *c, unsigned i,
			  struct weir_capture_figures *ret_figures)
{
	const struct intake *s = &c->intakes[i];
	struct weir_capture_figures f = { .kernel_dropped = s->engine->dropped(s) };

	for (unsigned k = 0; k < c->n_writers; k++) {
		const struct writer_counts *w = writer_counts(c->writers[k], i);

		f.kept += counter_get(&w->kept);
		f.kept_bytes += counter_get(&w->kept_bytes);
		f.writer_dropped += counter_get(&w->lost);
		f.late += counter_get(&w->late);
	}
	f.received = f.kernel_dropped;
	for (unsigned k = 0; k < s->n_rings; k++) {
		const struct blockring_counts n = blockring_counts(&s->rings[k]);

		f.filtered += n.filtered;
		f.ring_dropped += n.dropped;
		f.received += n.frames;
		f.hw_stamped += blockring_counter(&s->rings[k].shared->stamped);
		f.hw_missing += blockring_counter(&s->rings[k].shared->unstamped);
	}
	f.received += f.filtered + f.ring_dropped;
	*ret_figures = f;
}

const struct weir_capture_port *weir_capture_port(const struct weir_capture *c, unsigned i)
{
	return &c->ports[i];
}

struct weir_capture *weir_capture_close(struct weir_capture *c)
{
	if (!c)
		return NULL;
	for (unsigned i = 0; i < c->n_intakes; i++) {
		if (c->n_writers && !c->stopped)
			intake_stop(&c->intakes[i]);
	}
	for (unsigned i = 0; i < c->n_writers; i++)
		writer_close(c->writers[i]); /* they read the rings */
	free(c->writers);
	for (unsigned i = 0; i < c->n_intakes; i++)
		intake_close(&c->intakes[i]);
	ngblock_done(&c->head);
	free(c->rings);
	free(c->linktypes);
	free(c->ports);
	free(c->intakes);
	free(c);
	return NULL;
}
