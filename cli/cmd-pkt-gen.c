/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pkt-gen: netmap's traffic generator, on weir's ports. Here its options become a run; what
 * is done stands in pktgen-run.c, and what each function does in pktgen-send.c,
 * pktgen-receive.c and pktgen-ping.c.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/sysinfo.h>

#include <weir/trace.h>

#include "commands.h"
#include "interfaces.h"
#include "pktgen.h"
#include "util.h"

#define DEFAULT_LEN  60u
#define DEFAULT_WAIT 2u
#define FRAMING_BITS (24 * 8) /* preamble, frame check sequence and gap */

DEFINE_CLEANUP(struct weir_reader *, weir_reader_close)

/* Numbers of -o, in pkt-gen's words; the others have no effect here: the packets are always
 * copied or read anew. */
enum {
	BIT_INDIRECT = 32,
	BIT_DUMP = 64,
	BIT_RUBBISH = 256,
	BIT_RANDOM_SRC = 512,
	BIT_RANDOM_DST = 1024,
	BIT_AVERAGES = 2048,
	BIT_UPDATE_SUMS = 4096,
};

static const struct pktgen_function_ops *const functions[PKTGEN_N_FUNCTIONS] = {
	[PKTGEN_RX] = &pktgen_rx,	[PKTGEN_TX] = &pktgen_tx,    [PKTGEN_PING] = &pktgen_ping,
	[PKTGEN_PONG] = &pktgen_pong,	[PKTGEN_TXSEQ] = &pktgen_tx, /* the frames are what differs
								      */
	[PKTGEN_RXSEQ] = &pktgen_rxseq,
};

static int parse_number(char option, const char *text, uint32_t max, uint32_t *ret,
			struct weir_err *err)
{
	if (pktgen_number_parse(text, max, ret) == 0)
		return 0;
	return err_text(err, -EINVAL, "-%c: '%s' is not a number up to %" PRIu32, option, text,
			max);
}

static int take_bits(struct pktgen_cfg *cfg, struct weir_err *err)
{
	uint32_t bits = 0, more;

	for (unsigned i = 0; i < cfg->bits.n; i++) {
		if (parse_number('o', cfg->bits.values[i], UINT16_MAX, &more, err) < 0)
			return -EINVAL;
		bits |= more;
	}
	cfg->indirect |= (bits & BIT_INDIRECT) != 0;
	cfg->dump |= (bits & BIT_DUMP) != 0;
	cfg->rubbish |= (bits & BIT_RUBBISH) != 0;
	cfg->random_src |= (bits & BIT_RANDOM_SRC) != 0;
	cfg->random_dst |= (bits & BIT_RANDOM_DST) != 0;
	cfg->averages |= (bits & BIT_AVERAGES) != 0;
	cfg->update_sums = (bits & BIT_UPDATE_SUMS) != 0;
	return 0;
}

static int take_lens(const struct pktgen_cfg *cfg, struct pktgen_frames *f, struct weir_err *err)
{
	uint32_t *const to[] = { &f->len, &f->min_len };

	f->len = DEFAULT_LEN;
	for (unsigned i = 0; i < cfg->lens.n; i++)
		if (parse_number('l', cfg->lens.values[i], PKTGEN_MAX_LEN, to[MIN(i, 1u)], err) < 0)
			return -EINVAL;
	if (f->len < PKTGEN_MIN_LEN ||
	    (f->min_len && (f->min_len < PKTGEN_MIN_LEN || f->min_len > f->len)))
		return err_text(err, -EINVAL, "-l: packets have %u to %u bytes, the longest first",
				PKTGEN_MIN_LEN, PKTGEN_MAX_LEN);
	return 0;
}

static int take_range(char option, const char *text, bool ipv6, bool random, struct pktgen_range *r,
		      struct weir_err *err)
{
	char told[160];

	if (pktgen_range_parse(option, text, ipv6, r, err) < 0)
		return -EINVAL;
	r->random = random;
	pktgen_range_text(r, told, sizeof(told));
	PKTGEN_SAY("extract_ip_range", "range is %s", told);
	return 0;
}

static int take_addresses(struct pktgen *p, struct weir_err *err)
{
	const struct pktgen_cfg *cfg = &p->cfg;
	struct pktgen_frames *f = &p->frames;

	f->ipv6 = cfg->ipv6;
	if (cfg->src_mac) {
		if (pktgen_mac_parse('S', cfg->src_mac, f->src_mac, err) < 0)
			return -EINVAL;
	} else {
		interface_mac(p->name.weir, f->src_mac);
	}
	if (pktgen_mac_parse('D', cfg->dst_mac, f->dst_mac, err) < 0 ||
	    take_range('s', cfg->src, f->ipv6, cfg->random_src, &f->src, err) < 0)
		return -EINVAL;
	return take_range('d', cfg->dst, f->ipv6, cfg->random_dst, &f->dst, err);
}

/* The first packet of a trace. */
static int take_file(const char *path, struct pktgen_frames *f, struct weir_err *err)
{
	CLEANUP(weir_reader_closep)
	struct weir_reader *reader = NULL;
	struct weir_record record;
	int r = weir_reader_open(path, &reader, err);

	if (r >= 0)
		r = weir_reader_next(reader, &record, err);
	if (r == 0)
		r = err_text(err, -ENODATA, "%s: there is no packet in it", path);
	if (r < 0)
		return r;
	if (record.len < 1 || record.len > PKTGEN_MAX_LEN)
		return err_text(err, -EMSGSIZE, "%s: its first packet has %" PRIu32 " bytes", path,
				record.len);
	f->len = record.len;
	f->min_len = 0;
	pktgen_frames_init(f, record.data);
	return 0;
}

/* What the functions make of the frames. */
static int make_frames(struct pktgen *p, struct weir_err *err)
{
	const struct pktgen_cfg *cfg = &p->cfg;
	struct pktgen_frames *f = &p->frames;

	f->fit_headers = cfg->update_sums;
	f->header_len = cfg->header_len;
	f->indirect = cfg->indirect;
	f->sequence = cfg->function == PKTGEN_TXSEQ;
	f->seed = clock_ns(CLOCK_REALTIME);
	if (cfg->function == PKTGEN_PING) /* all have room for what is told in them */
		f->min_len = 0;
	if (cfg->function == PKTGEN_TX && cfg->file)
		return take_file(cfg->file, f, err);
	/* Nobody writes to indirect buffers once they are filled. */
	f->still = cfg->function == PKTGEN_TX && cfg->indirect;
	if (cfg->function == PKTGEN_TX && cfg->rubbish) {
		CLEANUP(freep)
		uint8_t *zeros = xcalloc(1, f->len);

		pktgen_frames_init(f, zeros);
		return 0;
	}
	pktgen_frames_init(f, NULL);
	return 0;
}

static int check(const struct pktgen *p, struct weir_err *err)
{
	const struct pktgen_cfg *cfg = &p->cfg;
	bool single = cfg->function == PKTGEN_PING || cfg->function == PKTGEN_PONG ||
		      cfg->function == PKTGEN_TXSEQ;
	unsigned dirs = p->ops->dirs;

	if (cfg->cores > (unsigned)get_nprocs())
		return err_text(err, -EINVAL, "-c: %u cpus is too high, have only %d cpus",
				cfg->cores, get_nprocs());
	if (cfg->header_len && cfg->header_len != 10 && cfg->header_len != PKTGEN_MAX_HEADER)
		return err_text(err, -EINVAL, "-H: a virtio-net header has 0, 10 or 12 bytes");
	if (single && cfg->threads > 1)
		return err_text(err, -EINVAL, "-p: this function has one thread");
	if (cfg->function == PKTGEN_TXSEQ && cfg->frags > 1)
		return err_text(err, -EINVAL, "-F: txseq sends packets of one slot");
	if ((p->name.no_tx && dirs & WEIR_PORT_TX) || (p->name.no_rx && dirs & WEIR_PORT_RX))
		return err_text(err, -EINVAL, "-i: '%s' is not opened for this function",
				cfg->port);
	if (p->frames.sequence && p->frames.len < pktgen_payload_at(cfg->ipv6) + 4)
		return err_text(err, -EINVAL,
				"-l: no room for a sequence number in %" PRIu32 " bytes",
				p->frames.len);
	return 0;
}

/* Tells what was given without effect. */
static void remark(const struct pktgen *p)
{
	if (opt_given(p->run->opts, "fragments") || opt_given(p->run->opts, "fragment-size"))
		PKTGEN_SAY("main", "-F and -M are passed over: the port cuts packets into slots as "
				   "it needs");
	if (p->name.set_aside)
		PKTGEN_SAY("main", "rings and slots are passed over: only vale ports have them");
	if (p->cfg.header_len && !p->name.vale)
		PKTGEN_SAY("main", "-H: the header leaves with the packet");
	for (unsigned i = 0; i < p->run->n_operands; i++)
		PKTGEN_SAY("main", "'%s' is passed over", p->run->operands[i]);
}

/* Options to a run. -EINVAL: wrong usage. */
static int prepare(struct pktgen *p, struct weir_err *err)
{
	struct pktgen_cfg *cfg = &p->cfg;
	const struct opt_set *opts = p->run->opts;
	bool sends;
	int r;

	if (opt_given(opts, "transmit")) {
		cfg->function = PKTGEN_TX;
		cfg->count = cfg->count_tx;
	}
	p->ops = functions[cfg->function];
	sends = p->ops->dirs & WEIR_PORT_TX;
	PKTGEN_SAY("main", "interface is %s", cfg->port);
	r = pktgen_name_parse(cfg->port, cfg->config, sends, &p->name, err);
	if (r < 0)
		return r;
	if (take_bits(cfg, err) < 0 || take_lens(cfg, &p->frames, err) < 0)
		return -EINVAL;
	if (!cfg->burst) {
		cfg->burst = p->ops->burst;
		PKTGEN_SAY("main", "using default burst size: %u", cfg->burst);
	}
	PKTGEN_SAY("main", "running on %u cpus (have %d)", cfg->cores, get_nprocs());
	if (!cfg->cores)
		cfg->cores = (unsigned)get_nprocs();
	if (!opt_given(opts, "wait"))
		cfg->wait_s = strncmp(cfg->port, "vale", 4) == 0 ? 0 : DEFAULT_WAIT;
	p->style = (struct pktgen_style){ .plain_units = cfg->plain_units,
					  .framing_bits = cfg->framing ? FRAMING_BITS : 0,
					  .averages = cfg->averages };
	r = take_addresses(p, err);
	if (r >= 0)
		r = make_frames(p, err);
	if (r >= 0)
		r = check(p, err);
	if (r >= 0)
		remark(p);
	return r;
}

static int pkt_gen_run(const struct cmd_run *run, const void *fields)
{
	struct pktgen p = { .run = run, .cfg = *(const struct pktgen_cfg *)fields };
	struct weir_err err = { 0 };
	int r = prepare(&p, &err), status;

	if (r < 0)
		status = cmd_failed(run, r == -EINVAL || r == -ENOTSUP, &err);
	else
		status = pktgen_run(&p);
	pktgen_frames_done(&p.frames);
	return status;
}

const struct cmd cmd_pkt_gen = {
	.name = "pkt-gen",
	.summary = "send, receive and echo packets at high rates",
	.operands = "-i PORT",
	.about = "  pkt-gen -i vale0:a -f tx -n 1000000 -d 10.1.0.1:80-10.1.0.9:90\n"
		 "  pkt-gen -i vale0:b -f rx",
	.dialect = OPT_GETOPT,
	.opts = pktgen_rows,
	.cfg_size = sizeof(struct pktgen_cfg),
	.defaults = &pktgen_defaults,
	.run = pkt_gen_run,
};
