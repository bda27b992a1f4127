/* SPDX-License-Identifier: BSD-2-Clause */
#include <weir/capture.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/counter.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/time.h"
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
	struct writer *writer;
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
	if (opts->rotation.size || opts->rotation.duration_ns || opts->rotation.interval_ns ||
	    opts->rotation.frames)
		return !opts->path || strcmp(opts->path, "-") == 0
			       ? err_set(err, -EINVAL, "a row of files needs a name")
			       : 0;
	if (opts->rotation.files)
		return err_set(err, -EINVAL, "a number of files needs to be told when one is full");
	return 0;
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
		c->ports[i] = (struct weir_capture_port){ .name = s->info.name,
							  .device = s->info.device,
							  .engine = s->info.engine,
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
		r = tail_add(&b, i, &t);
	}
	if (r < 0)
		ngblock_done(&b);
	*ret_len = b.len;
	return b.data;
}

static int open_writer(struct weir_capture *c, struct weir_err *err)
{
	const struct weir_capture_opts *o = &c->opts;
	struct writer_opts opts = {
		.path = o->path,
		.rotation = o->rotation,
		.format = o->format,
		.compression = o->compression,
		.tail = make_tail,
		.tail_ctx = c,
		.count = o->count ? o->count : UINT64_MAX,
		.look = o->look,
		.look_ctx = o->look_ctx,
		.linktypes = c->linktypes,
		.n_ifaces = c->n_intakes,
	};
	int r = head_make(&c->head, c->intakes, c->n_intakes, o);

	if (r < 0)
		return err_set(err, r, "out of memory");
	opts.head = c->head.data;
	opts.head_len = c->head.len;
	for (unsigned i = 0; i < c->n_intakes; i++)
		opts.hold_ns = MAX(opts.hold_ns, c->intakes[i].engine->hold_ns);
	return writer_open(&opts, c->rings, c->n_rings, &c->writer, err);
}

int weir_capture_open(const struct weir_capture_opts *opts, struct weir_capture **ret_capture,
		      struct weir_err *err)
{
	CLEANUP(weir_capture_closep)
	struct weir_capture *c = NULL;
	int r = check_opts(opts, err);

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
		r = open_writer(c, err);
	if (r < 0)
		return r;
	*ret_capture = TAKE_PTR(c);
	return 0;
}

int weir_capture_start(struct weir_capture *c, struct weir_err *err)
{
	int r;

	c->begin_ns = time_now(CLOCK_REALTIME);
	r = writer_start(c->writer, err);
	for (unsigned i = 0; r == 0 && i < c->n_intakes; i++)
		r = c->intakes[i].engine->start(&c->intakes[i], err);
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

	return n < 0 || n == (int)c->n_intakes || writer_over(c->writer);
}

void weir_capture_rotate(struct weir_capture *c)
{
	writer_rotate(c->writer);
}

uint64_t weir_capture_files(const struct weir_capture *c)
{
	return writer_files(c->writer);
}

int weir_capture_stop(struct weir_capture *c, struct weir_err *err)
{
	struct weir_err other = { 0 };
	int r, q;

	for (unsigned i = 0; i < c->n_intakes; i++)
		c->intakes[i].engine->stop(&c->intakes[i]);
	c->stopped = true;
	r = writer_stop(c->writer, err);
	q = ended_intakes(c, r < 0 ? &other : err);
	return r < 0 ? r : q < 0 ? q : 0;
}

void weir_capture_figures(const struct weir_capture *c, unsigned i,
			  struct weir_capture_figures *ret_figures)
{
	const struct intake *s = &c->intakes[i];
	const struct writer_counts *w = writer_counts(c->writer, i);
	struct weir_capture_figures f = { .kept = counter_get(&w->kept),
					  .kept_bytes = counter_get(&w->kept_bytes),
					  .writer_dropped = counter_get(&w->lost),
					  .late = counter_get(&w->late),
					  .kernel_dropped = s->engine->dropped(s) };

	f.received = f.kernel_dropped;
	for (unsigned k = 0; k < s->n_rings; k++) {
		const struct capture_ring *ring = s->rings[k].shared;

		f.filtered += blockring_counter(&ring->filtered);
		f.ring_dropped += blockring_counter(&ring->dropped);
		f.received += blockring_counter(&ring->frames);
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
		if (c->writer && !c->stopped)
			c->intakes[i].engine->stop(&c->intakes[i]);
	}
	writer_close(c->writer); /* it reads the rings */
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
