/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames into a file, or as text: at once, whatever the rate. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include <weir/text.h>

#include "gen.h"
#include "util.h"

/* Frames made together. */
#define BATCH 64u

/* Memory for a batch, and frames in it. */
struct batch {
	uint8_t *mem;
	struct weir_pkt pkts[BATCH];
	unsigned n;
};

static void batch_init(struct batch *b, const struct weir_gen *g)
{
	struct weir_gen_info info;

	weir_gen_info(g, &info);
	b->mem = xcalloc(BATCH, info.max_len ? info.max_len : 1);
	for (unsigned i = 0; i < BATCH; i++)
		b->pkts[i].data = b->mem + (size_t)i * info.max_len;
}

static void batch_done(struct batch *b)
{
	free(b->mem);
}

/* Frames from number first on, but none from end on. False: there is none. */
static bool batch_make(struct batch *b, const struct weir_gen *g, uint64_t first, uint64_t end)
{
	b->n = end - first < BATCH ? (unsigned)(end - first) : BATCH;
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

/* When the frames of a batch would leave, ns after the first of all. */
static void times_of(struct weir_walker *w, const struct batch *b, const struct weir_pos *pos,
		     uint64_t *ret_ns)
{
	struct weir_frame index[BATCH] = { 0 };
	const struct weir_view view = {
		.frames = index,
		.n = b->n,
		.frames_before = pos->frames,
		.bytes_before = pos->bytes,
	};

	for (unsigned i = 1; i < b->n; i++)
		index[i].before = index[i - 1].before + b->pkts[i - 1].len;
	weir_walker_view(w, &view);
	weir_walker_run(w, &view, 0, b->n, ret_ns);
}

/* Sends one batch to a file, with the times that it would leave at. 0: a frame would leave
 * at end_ns or later. */
static int write_batch(struct weir_port *port, struct batch *b, struct weir_walker *w,
		       uint64_t begin_ns, uint64_t end_ns, struct weir_pos *pos)
{
	uint64_t ns[BATCH];
	unsigned n;
	int r;

	times_of(w, b, pos, ns);
	for (n = 0; n < b->n && ns[n] < end_ns; n++) {
		b->pkts[n].ts_ns = (int64_t)(begin_ns + ns[n]);
		pos->frames++;
		pos->bytes += b->pkts[n].len;
	}
	r = weir_port_tx(port, 0, b->pkts, n);
	return r < 0 ? r : n == b->n;
}

static int write_all(struct weir_port *port, const struct gen_cfg *cfg, const struct weir_gen *g,
		     struct weir_walker *w)
{
	uint64_t end = gen_total(cfg, g), begin_ns;
	uint64_t end_ns = cfg->send.duration_s ? cfg->send.duration_s * NSEC_PER_SEC : UINT64_MAX;
	struct weir_pos pos = { 0 };
	struct timespec now;
	struct batch b;
	int r = 1;

	(void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail */
	begin_ns = (uint64_t)now.tv_sec * NSEC_PER_SEC + (uint64_t)now.tv_nsec;
	batch_init(&b, g);
	while (r > 0 && batch_make(&b, g, pos.frames, end))
		r = write_batch(port, &b, w, begin_ns, end_ns, &pos);
	batch_done(&b);
	if (r >= 0)
		r = weir_port_tx_drain(port, 0, NSEC_PER_SEC);
	return r < 0 ? r : 0;
}

int gen_write(const struct cmd_run *run, const struct gen_cfg *cfg, const struct weir_gen *g,
	      const struct weir_rate *rate)
{
	struct weir_port_opts opts = { .dir = WEIR_PORT_TX };
	struct weir_port *port = NULL;
	struct weir_gen_info info;
	struct weir_walker walker;
	struct weir_err err = { 0 };
	CLEANUP(freep)
	char *name = NULL;
	int r;

	weir_gen_info(g, &info);
	opts.linktype = info.linktype;
	if (weir_walker_init(&walker, rate, &err) < 0)
		return cmd_usage(run, "%s", weir_err_text(&err));
	if (asprintf(&name, "file:%s", cfg->send.write) < 0)
		return cmd_fail(run, "out of memory");
	if (weir_port_open(name, &opts, &port, &err) < 0)
		return cmd_fail(run, "%s", weir_err_text(&err));
	r = write_all(port, cfg, g, &walker);
	weir_port_close(port);
	return r < 0 ? cmd_fail(run, "%s: %s", cfg->send.write, strerror(-r)) : 0;
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
