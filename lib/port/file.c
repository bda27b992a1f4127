/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * file: a trace file as a port. Frames that are sent are written to it, in the format
 * that its name ends with. Frames that are received are read from it.
 * "-" is standard output, or standard input.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <weir/trace.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/macros.h"
#include "port/registry.h"
#include "port/wait.h"

#define SCRATCH_SIZE (1U << 20)

struct file_priv {
	struct weir_writer *writer; /* sending, else NULL */
	struct weir_reader *reader; /* receiving, else NULL */
	struct weir_record next;    /* of the reader, if have_next */
	bool have_next;
	int ended;	  /* what the reader said instead of another frame: 0 or an error */
	uint8_t *scratch; /* frames that are lent: the reader lends one at a time */
	uint32_t n_scratch;
};

static int open_writer(struct weir_port *port, struct weir_err *err)
{
	struct file_priv *f = port->priv;
	struct weir_writer_opts opts = {
		.linktype = port->opts.linktype ? port->opts.linktype : WEIR_LINKTYPE_ETHERNET,
	};

	weir_writer_opts_by_name(port->args.target, &opts);
	if (port->opts.microseconds)
		opts.format = WEIR_TRACE_PCAP_US;
	port->info.linktype = opts.linktype;
	return weir_writer_open(port->args.target, &opts, &f->writer, err);
}

/* Reads ahead by one frame: only then a pcapng file tells its link type. */
static void read_next(struct file_priv *f, struct weir_err *err)
{
	int r = weir_reader_next(f->reader, &f->next, err);

	f->have_next = r > 0;
	if (r <= 0)
		f->ended = r;
}

static int open_reader(struct weir_port *port, struct weir_err *err)
{
	struct file_priv *f = port->priv;
	int r;

	f->scratch = malloc(SCRATCH_SIZE);
	if (!f->scratch)
		return err_set(err, -ENOMEM, "no memory");
	r = weir_reader_open(port->args.target, &f->reader, err);
	if (r < 0)
		return r;
	read_next(f, err);
	if (f->have_next)
		port->info.linktype = f->next.linktype;
	else if (f->ended < 0)
		return f->ended;
	return 0;
}

static int file_open(struct weir_port *port, struct weir_err *err)
{
	int r;

	if (port->opts.dir == (WEIR_PORT_TX | WEIR_PORT_RX))
		return err_set(err, -EINVAL, "a file is written or read, not both");
	if (port->args.n_queues != 1)
		return err_set(err, -EINVAL, "a file has one queue, not %u", port->args.n_queues);
	r = port_set_queues(port, 1, err);
	if (r == 0)
		r = port->opts.dir & WEIR_PORT_TX ? open_writer(port, err) : open_reader(port, err);
	if (r < 0)
		return r;
	(void)snprintf(port->info.device, sizeof(port->info.device), "%.63s", port->args.target);
	port->info.max_frame = WEIR_FRAME_MAX;
	return 0;
}

static void file_close(struct weir_port *port)
{
	struct file_priv *f = port->priv;

	(void)weir_writer_close(f->writer);
	(void)weir_reader_close(f->reader);
	free(f->scratch);
}

static int file_tx(struct weir_port *port, unsigned q, const struct weir_pkt *pkts, unsigned n)
{
	const struct file_priv *f = port->priv;
	struct port_counters *count = &port->queues[q].tx;
	int64_t now = wall_clock_ns();
	uint64_t frames = 0, bytes = 0;
	unsigned i;
	int r = 0;

	for (i = 0; i < n; i++) {
		const struct weir_record rec = {
			.data = pkts[i].data,
			.len = pkts[i].len,
			.orig_len = MAX(pkts[i].orig_len, pkts[i].len),
			.ts_ns = pkts[i].ts_ns ? pkts[i].ts_ns : now,
		};

		if (unlikely(rec.len > WEIR_FRAME_MAX)) {
			counter_add(&count->refused[WEIR_REFUSED_TOO_LONG], 1);
			continue;
		}
		r = weir_writer_write(f->writer, &rec, NULL, NULL);
		if (unlikely(r == -ERANGE)) { /* a time that the format cannot hold */
			counter_add(&count->refused[WEIR_REFUSED_OTHER], 1);
			r = 0;
			continue;
		}
		if (unlikely(r < 0))
			break;
		frames++;
		bytes += rec.len;
	}
	counter_add(&count->frames, frames);
	counter_add(&count->bytes, bytes);
	return r < 0 ? r : (int)i;
}

/* What was taken is in the file, or the error that keeps it out is told. */
static int file_tx_drain(struct weir_port *port, unsigned q, uint64_t timeout_ns)
{
	const struct file_priv *f = port->priv;
	int r = weir_writer_flush(f->writer, NULL);

	(void)q, (void)timeout_ns;
	return r < 0 ? r : 1;
}

static int file_rx(struct weir_port *port, unsigned q, struct weir_pkt *ret_pkts, unsigned max)
{
	struct file_priv *f = port->priv;
	struct port_counters *count = &port->queues[q].rx;
	uint32_t snaplen = port->opts.snaplen ? port->opts.snaplen : WEIR_FRAME_MAX;
	uint64_t bytes = 0;
	unsigned n = 0;

	while (n < max && f->have_next && SCRATCH_SIZE - f->n_scratch >= f->next.len) {
		uint8_t *data = f->scratch + f->n_scratch;

		if (f->next.len)
			memcpy(data, f->next.data, f->next.len);
		ret_pkts[n++] = (struct weir_pkt){
			.data = data,
			.len = MIN(f->next.len, snaplen),
			.orig_len = f->next.orig_len,
			.ts_ns = f->next.ts_ns,
		};
		bytes += f->next.len;
		f->n_scratch += f->next.len;
		read_next(f, NULL);
	}
	counter_add(&count->frames, n);
	counter_add(&count->bytes, bytes);
	if (n || f->have_next)
		return (int)n;
	return f->ended < 0 ? f->ended : -ENODATA;
}

static void file_rx_release(struct weir_port *port, unsigned q)
{
	struct file_priv *f = port->priv;

	(void)q;
	f->n_scratch = 0;
}

const struct backend file_backend = {
	.scheme = "file",
	.summary = "trace file, pcap or pcapng; - is standard output or input",
	.needs = "nothing",
	.dirs = WEIR_PORT_TX | WEIR_PORT_RX,
	.raw_target = true,
	.needs_target = true,
	.launch_time = true,
	.priv_size = sizeof(struct file_priv),
	.open = file_open,
	.close = file_close,
	.tx = file_tx,
	.tx_drain = file_tx_drain,
	.rx = file_rx,
	.rx_release = file_rx_release,
};
