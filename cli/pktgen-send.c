/* SPDX-License-Identifier: BSD-2-Clause */
/* pkt-gen's functions tx and txseq: the sending engine, with frames that are made. */
#include <errno.h>
#include <inttypes.h>

#include "passes.h"
#include "pktgen.h"
#include "util.h"

/* At a rate a burst is no more than this part of a second. */
#define BURSTS_A_SECOND 300u
/* Frames that never are the same again, of a run without an end: of what counts as one pass. */
#define LONG_PASS (1u << 30)

static int open_stream(struct pktgen *p, struct weir_err *err)
{
	const struct pktgen_cfg *cfg = &p->cfg;
	struct weir_maker maker;
	uint64_t n_frames;
	bool repeats = pktgen_frames_period(&p->frames, &n_frames);
	struct passes passes;

	pktgen_frames_maker(&p->frames, &maker);
	passes = passes_plan(repeats ? n_frames : LONG_PASS, maker.max_len, repeats,
			     cfg->count ? cfg->count : UINT64_MAX);
	maker.n_frames = passes.n_frames;
	return weir_stream_open(
		&(struct weir_stream_opts){ .maker = &maker,
					    .preload = passes.preload,
					    .loops = passes.loops,
					    .shared = weir_port_name_shares(p->name.weir),
					    .n_cursors = cfg->threads,
					    .n_parts = cfg->threads,
					    .shard = WEIR_SHARD_ROUND_ROBIN },
		&p->stream, err);
}

/* Prints a frame before it leaves. */
static uint64_t dump(void *ctx, uint64_t nr, unsigned port)
{
	const struct pktgen *p = ctx;
	uint32_t len = pktgen_frame_len(&p->frames, nr - 1);
	struct weir_pkt pkt = { .data = xcalloc(1, len), .len = len, .orig_len = len };

	(void)port;
	pktgen_frame_make(&p->frames, nr - 1, pkt.data);
	pktgen_print_dump(stdout, 0, nr - 1, &pkt);
	free(pkt.data);
	return 1;
}

/* Bursts as pkt-gen makes them. */
static void settle_burst(struct pktgen_cfg *cfg)
{
	uint64_t gap_ns = 0;

	if (cfg->rate) {
		cfg->burst = MIN(cfg->burst, cfg->rate / BURSTS_A_SECOND);
		if (!cfg->burst)
			cfg->burst = 1;
		gap_ns = NSEC_PER_SEC * cfg->burst / cfg->rate;
	}
	PKTGEN_SAY("main", "Sending %u packets every  %" PRIu64 ".%09" PRIu64 " s", cfg->burst,
		   gap_ns / (uint64_t)NSEC_PER_SEC, gap_ns % (uint64_t)NSEC_PER_SEC);
}

static int open_sender(struct pktgen *p, struct weir_err *err)
{
	const struct pktgen_cfg *cfg = &p->cfg;
	struct weir_send_opts opts = {
		.stream = p->stream,
		.ports = { p->port },
		.n_ports = 1,
		.rate = { .mode = WEIR_RATE_TOPSPEED },
		.limit = cfg->count,
		.batch = MIN(cfg->burst, WEIR_SEND_MAX_BATCH),
		.n_workers = cfg->threads,
		.pin = opt_given(p->run->opts, "affinity"),
	};

	if (cfg->rate)
		opts.rate = (struct weir_rate){
			.mode = WEIR_RATE_FRAMES, .num = cfg->rate, .den = 1, .group = cfg->burst
		};
	if (cfg->dump) {
		opts.ask = dump;
		opts.ask_ctx = p;
	}
	return weir_sender_new(&opts, &p->sender, err);
}

static int send_open(struct pktgen *p, struct weir_err *err)
{
	struct weir_region region;
	int r;

	settle_burst(&p->cfg);
	r = open_stream(p, err);
	if (r < 0)
		return r;
	region = weir_stream_region(p->stream);
	r = pktgen_open_port(p, p->cfg.threads > p->name.rings ? p->cfg.threads : p->name.rings,
			     &region, err);
	return r < 0 ? r : open_sender(p, err);
}

static int send_start(struct pktgen *p, struct weir_err *err)
{
	return weir_sender_start(p->sender, err);
}

static int send_fd(const struct pktgen *p)
{
	return weir_sender_fd(p->sender);
}

static void send_stop(struct pktgen *p)
{
	weir_sender_stop(p->sender);
}

static void send_counts(const struct pktgen *p, struct pktgen_counts *ret)
{
	struct weir_send_stats s;

	weir_sender_stats(p->sender, &s);
	*ret = (struct pktgen_counts){ .packets = s.frames,
				       .bytes = s.bytes,
				       .events = s.batches,
				       .elapsed_ns = s.elapsed_ns };
}

static int send_join(struct pktgen *p, struct weir_err *err)
{
	return weir_sender_join(p->sender, err);
}

/* What the port refused was not sent. */
static int send_tell(const struct pktgen *p)
{
	struct weir_port_stats s;

	weir_port_stats(p->port, &s);
	for (unsigned why = 0; why < WEIR_N_REFUSALS; why++)
		if (s.tx_refused[why])
			PKTGEN_SAY("sender_body", "%" PRIu64 " packets were not sent: %s",
				   s.tx_refused[why], weir_refusal_text((enum weir_refusal)why));
	return s.tx_refused_total ? 1 : 0;
}

const struct pktgen_function_ops pktgen_tx = {
	.working = "Sending on",
	.total = "Sent",
	.dirs = WEIR_PORT_TX,
	.burst = 512,
	.open = send_open,
	.start = send_start,
	.fd = send_fd,
	.stop = send_stop,
	.counts = send_counts,
	.join = send_join,
	.tell = send_tell,
};
