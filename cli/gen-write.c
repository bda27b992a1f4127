/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames into a file, or as text: at once, whatever the rate. */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include <weir/block.h>
#include <weir/text.h>

#include "gen.h"
#include "util.h"

/* Frames made together. */
#define BATCH 64u

/* Room for the head of a record in front of each frame, so that they are written from where
 * they are made. */
#define HEAD_ROOM 16u

/* Memory for a batch, and frames in it. */
struct batch {
	uint8_t *mem;
	size_t size;
	struct weir_pkt pkts[BATCH];
	struct weir_buf bufs[BATCH];	/* the same to be written, */
	struct weir_frame index[BATCH]; /* and for the schedule */
	unsigned n;
};

static void batch_init(struct batch *b, const struct weir_gen *g)
{
	struct weir_gen_info info;

	weir_gen_info(g, &info);
	*b = (struct batch){ .size = (size_t)BATCH * (HEAD_ROOM + info.max_len) };
	b->mem = xcalloc(1, b->size);
}

static void batch_done(struct batch *b)
{
	free(b->mem);
}

/* Frames from number first on, but none from end on. False: there is none. */
static bool batch_make(struct batch *b, const struct weir_gen *g, uint64_t first, uint64_t end)
{
	uint8_t *at = b->mem;
	uint32_t lens[BATCH];

	b->n = end - first < BATCH ? (unsigned)(end - first) : BATCH;
	weir_gen_lens(g, first, b->n, lens);
	for (unsigned i = 0; i < b->n; at += lens[i++]) {
		at += HEAD_ROOM;
		b->pkts[i].data = at;
	}
	weir_gen_frames(g, first, b->pkts, b->n);
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
	struct weir_writer *writer;
	struct weir_walker walker;
	struct weir_pos pos;
	uint64_t begin_ns; /* since 1970 UTC */
	uint64_t end_ns;   /* frames from so much later on are left out */
};

/* When the frames of a batch would leave, ns after the first of all. */
static void times_of(struct file *f, struct batch *b, uint64_t *ret_ns)
{
	const struct weir_view view = {
		.frames = b->index,
		.n = b->n,
		.frames_before = f->pos.frames,
		.bytes_before = f->pos.bytes,
	};

	for (unsigned i = 1; i < b->n; i++)
		b->index[i].before = b->index[i - 1].before + b->pkts[i - 1].len;
	weir_walker_view(&f->walker, &view);
	weir_walker_run(&f->walker, &view, 0, b->n, ret_ns);
}

/* Writes one batch with the times that it would leave at. 0: the schedule has ended. */
static int write_batch(struct file *f, struct batch *b, struct weir_err *err)
{
	struct weir_block block = { .frames = b->bufs, .mem = b->mem, .size = b->size };
	uint64_t ns[BATCH];
	int r;

	times_of(f, b, ns);
	for (; block.n < b->n && ns[block.n] < f->end_ns; block.n++) {
		const struct weir_pkt *p = &b->pkts[block.n];
		struct weir_buf *buf = &b->bufs[block.n];

		buf->data = p->data;
		buf->len = buf->room = buf->orig_len = p->len;
		buf->ts_ns = (int64_t)(f->begin_ns + ns[block.n]);
		f->pos.bytes += p->len;
	}
	f->pos.frames += block.n;
	r = weir_writer_write_block(f->writer, &block, err);
	return r < 0 ? r : block.n == b->n;
}

static int write_all(struct file *f, const struct gen_cfg *cfg, const struct weir_gen *g,
		     struct weir_err *err)
{
	uint64_t end = gen_total(cfg, g);
	struct timespec now;
	struct batch b;
	int r = 1;

	(void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail */
	f->begin_ns = (uint64_t)now.tv_sec * NSEC_PER_SEC + (uint64_t)now.tv_nsec;
	f->end_ns = cfg->send.duration_s ? cfg->send.duration_s * NSEC_PER_SEC : UINT64_MAX;
	batch_init(&b, g);
	while (r > 0 && batch_make(&b, g, f->pos.frames, end))
		r = write_batch(f, &b, err);
	batch_done(&b);
	return r < 0 ? r : weir_writer_finish(f->writer, err);
}

int gen_write(const struct cmd_run *run, const struct gen_cfg *cfg, const struct weir_gen *g,
	      const struct weir_rate *rate)
{
	struct weir_writer_opts opts = { 0 };
	struct weir_gen_info info;
	struct weir_err err = { 0 };
	struct file f = { 0 };
	int r;

	weir_gen_info(g, &info);
	opts.linktype = info.linktype;
	weir_writer_opts_by_name(cfg->send.write, &opts);
	if (trace_out_opts(&cfg->out, &opts, &err) < 0 ||
	    weir_walker_init(&f.walker, rate, &err) < 0)
		return cmd_usage(run, "%s", weir_err_text(&err));
	r = weir_writer_open(cfg->send.write, &opts, &f.writer, &err);
	if (r >= 0)
		r = write_all(&f, cfg, g, &err);
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
	uint64_t end = gen_total(cfg, g), nr = 0;
	struct weir_gen_info info;
	struct batch b;

	weir_gen_info(g, &info);
	batch_init(&b, g);
	while (!ferror(stdout) && batch_make(&b, g, nr, end)) {
		for (unsigned i = 0; i < b.n; i++)
			print_frame(++nr, info.linktype, &b.pkts[i]);
	}
	batch_done(&b);
	return fflush(stdout) || ferror(stdout) ? cmd_fail(run, "standard output: cannot write")
						: 0;
}
