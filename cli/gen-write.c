/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames into a file, or as text: at once, whatever the rate. */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include <weir/relay.h>
#include <weir/text.h>

#include "gen.h"
#include "util.h"

/* More are hardly faster: what they make is written one after another. */
#define MAX_MAKERS 4u

/* Frames that are made by one maker and written at once: as many as fit MADE_SIZE, but
 * between GROUP and MAX_BATCH. */
#define MAX_BATCH 4096u
#define MADE_SIZE (256u * 1024)

/* Frames that are made, or get their times, by one call. */
#define GROUP 64u

/* Frames in a row. */
struct batch {
	uint8_t *mem;	/* their bytes, with room for records around them */
	uint64_t first; /* number of the first, from 0 */
	unsigned n, max;
	struct weir_err failure; /* why what follows cannot be written */
	struct weir_pkt pkts[MAX_BATCH];
};

static struct batch *batch_new(const struct weir_gen *g)
{
	struct batch *b = xcalloc(1, sizeof(*b));
	struct weir_gen_info info;
	size_t room;

	weir_gen_info(g, &info);
	room = WEIR_RECORD_ROOM + info.max_len;
	b->max = (unsigned)MIN(MADE_SIZE / room, MAX_BATCH);
	if (b->max < GROUP)
		b->max = GROUP;
	b->mem = xcalloc(b->max, room);
	return b;
}

static void batch_free(struct batch *b)
{
	free(b->mem);
	free(b);
}

/* Takes frames from number first on, but none from end on. False: there is none. */
static bool batch_take(struct batch *b, const struct weir_gen *g, uint64_t first, uint64_t end)
{
	uint32_t lens[GROUP];

	b->first = first;
	b->n = (unsigned)MIN(end - first, b->max);
	for (unsigned i = 0; i < b->n; i++) {
		if (i % GROUP == 0)
			weir_gen_lens(g, first + i, MIN(b->n - i, GROUP), lens);
		b->pkts[i].len = lens[i % GROUP];
	}
	return b->n > 0;
}

uint64_t gen_total(const struct gen_cfg *cfg, const struct weir_gen *g)
{
	struct weir_gen_info info;
	uint64_t total;

	weir_gen_info(g, &info);
	if (cfg->count)
		return cfg->count;
	return __builtin_mul_overflow(info.n_frames, cfg->send.loop, &total) || !total ? UINT64_MAX
										       : total;
}

/* Where frames go, and how far that has got. */
struct file {
	const struct weir_gen *gen;
	struct weir_writer *writer;
	struct weir_walker walker;
	struct weir_pos pos;
	uint64_t begin_ns; /* since 1970 UTC */
	uint64_t end;	   /* so many frames are made at most, */
	uint64_t end_ns;   /* and none from so much later on */
	bool ended;
	struct weir_frame index[GROUP]; /* for the schedule: only .before is ever set */
};

/* Gives frames the times that they would leave at, until the schedule ends: how many. */
static unsigned give_times(struct file *f, struct weir_pkt *pkts, unsigned n)
{
	const struct weir_view view = {
		.frames = f->index,
		.n = n,
		.frames_before = f->pos.frames,
		.bytes_before = f->pos.bytes,
	};
	uint64_t ns[GROUP];
	uint32_t before = 0;
	unsigned i;

	for (i = 0; i < n; i++) {
		f->index[i].before = before;
		before += pkts[i].len;
	}
	weir_walker_view(&f->walker, &view);
	weir_walker_run(&f->walker, &view, 0, n, ns);
	for (i = 0; i < n && ns[i] < f->end_ns; i++) {
		pkts[i].ts_ns = (int64_t)(f->begin_ns + ns[i]);
		f->pos.bytes += pkts[i].len;
	}
	f->pos.frames += i;
	return i;
}

/* What comes next: which frames, and when. */
static int take(void *ctx, void *load, struct weir_err *err)
{
	struct file *f = ctx;
	struct batch *b = load;

	(void)err; /* nothing can fail */
	if (f->ended || !batch_take(b, f->gen, f->pos.frames, f->end))
		return 0;
	for (unsigned i = 0; i < b->n; i += GROUP) {
		const unsigned n = MIN(b->n - i, GROUP), given = give_times(f, b->pkts + i, n);

		if (given < n) {
			f->ended = true;
			b->n = i + given;
		}
	}
	return 1;
}

/* Records of the frames, up to one that cannot be written. */
static int make(void *ctx, void *load, struct weir_err *err)
{
	const struct file *f = ctx;
	struct batch *b = load;

	(void)err; /* what fails is told by give() */
	weir_writer_place(f->writer, b->mem, b->pkts, b->n);
	for (unsigned i = 0; i < b->n; i += GROUP) {
		const unsigned n = MIN(b->n - i, GROUP);
		unsigned made;

		weir_gen_frames(f->gen, b->first + i, b->pkts + i, n);
		made = weir_writer_make(f->writer, b->pkts + i, n, &b->failure);
		if (made < n)
			b->n = i + made;
	}
	return 0;
}

static int give(void *ctx, void *load, struct weir_err *err)
{
	const struct file *f = ctx;
	const struct batch *b = load;
	int r = weir_writer_append(f->writer, b->pkts, b->n, err);

	if (r < 0 || !b->failure.code)
		return r;
	*err = b->failure;
	return err->code;
}

/* No more than there are batches. */
static unsigned count_makers(const struct batch *b, uint64_t n_frames)
{
	const uint64_t n = (n_frames - 1) / b->max + 1;

	return (unsigned)MIN(n, weir_relay_workers(MAX_MAKERS));
}

static int write_all(struct file *f, const struct gen_cfg *cfg, struct weir_err *err)
{
	const struct weir_relay relay = { .take = take, .work = make, .give = give, .ctx = f };
	void *loads[MAX_MAKERS];
	unsigned n = 0;
	int r;

	f->begin_ns = clock_ns(CLOCK_REALTIME);
	f->end = gen_total(cfg, f->gen);
	f->end_ns = cfg->send.duration_s ? cfg->send.duration_s * NSEC_PER_SEC : UINT64_MAX;
	do
		loads[n++] = batch_new(f->gen);
	while (n < count_makers(loads[0], f->end));
	r = weir_relay_run(&relay, loads, n, err);
	while (n)
		batch_free(loads[--n]);
	return r < 0 ? r : weir_writer_finish(f->writer, err);
}

int gen_write(const struct cmd_run *run, const struct gen_cfg *cfg, const struct weir_gen *g,
	      const struct weir_rate *rate)
{
	struct weir_writer_opts opts = { 0 };
	struct weir_gen_info info;
	struct weir_err err = { 0 };
	struct file f = { .gen = g };
	int r;

	weir_gen_info(g, &info);
	opts.linktype = info.linktype;
	weir_writer_opts_by_name(cfg->send.write, &opts);
	if (trace_out_opts(&cfg->out, &opts, &err) < 0 ||
	    weir_walker_init(&f.walker, rate, &err) < 0)
		return cmd_usage(run, "%s", weir_err_text(&err));
	r = weir_writer_open(cfg->send.write, &opts, &f.writer, &err);
	if (r >= 0)
		r = write_all(&f, cfg, &err);
	weir_writer_close(f.writer);
	return r < 0 ? cmd_fail(run, "%s", weir_err_text(&err)) : 0;
}

/* A line for people and one of bytes. */
static void print_frame(uint64_t nr, uint32_t linktype, const struct weir_pkt *p)
{
	static const char digits[] = "0123456789abcdef";
	char text[WEIR_TEXT_LEN];

	printf("%" PRIu64 ": %" PRIu32 " bytes: %s\n\t", nr, p->len,
	       weir_frame_text(linktype, p->data, p->len, text, sizeof(text)));
	for (uint32_t i = 0; i < p->len; i++) {
		putchar(digits[p->data[i] >> 4]);
		putchar(digits[p->data[i] & 15]);
	}
	putchar('\n');
}

int gen_print(const struct cmd_run *run, const struct gen_cfg *cfg, const struct weir_gen *g)
{
	uint64_t end = gen_total(cfg, g);
	struct weir_gen_info info;
	struct weir_pkt p;

	weir_gen_info(g, &info);
	p.data = xcalloc(1, info.max_len);
	for (uint64_t nr = 0; nr < end && !ferror(stdout); nr++) {
		weir_gen_frames(g, nr, &p, 1);
		print_frame(nr + 1, info.linktype, &p);
	}
	free(p.data);
	return fflush(stdout) || ferror(stdout) ? cmd_fail(run, "standard output: cannot write")
						: 0;
}
