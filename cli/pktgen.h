/* SPDX-License-Identifier: BSD-2-Clause */
/* netmap's pkt-gen: what its files share. */
#ifndef CLI_PKTGEN_H
#define CLI_PKTGEN_H

#include <stdbool.h>
#include <stdint.h>

#include <weir/forward.h>
#include <weir/port.h>
#include <weir/send.h>
#include <weir/stream.h>

#include "cmd.h"
#include "pktgen-frame.h"
#include "pktgen-name.h"
#include "pktgen-text.h"
#include "receiver.h"

/* In the order of the words that -f takes. */
enum pktgen_function {
	PKTGEN_RX,
	PKTGEN_TX,
	PKTGEN_PING,
	PKTGEN_PONG,
	PKTGEN_TXSEQ,
	PKTGEN_RXSEQ,
	PKTGEN_N_FUNCTIONS
};

/* The options, as they are read: see pktgen-opts.c. */
struct pktgen_cfg {
	const char *port, *config;
	uint32_t function;
	uint64_t count, count_tx;
	struct opt_list lens; /* the longest, and the shortest */
	struct opt_list bits; /* of -o */
	uint32_t burst, cores, cpu, threads, report_ms, wait_s, rate, header_len, frags, frag_size;
	const char *src, *dst, *src_mac, *dst_mac, *file;
	bool ipv4, ipv6, random_src, random_dst, indirect, rubbish, update_sums;
	bool dump, averages, framing, plain_units, until_silent, verbose;
};

extern const struct opt pktgen_rows[];
extern const struct pktgen_cfg pktgen_defaults;

struct pktgen_function_ops;
struct sequence; /* pktgen-receive.c */
struct pinger;	 /* pktgen-ping.c */

/* A run. Zeroed, then filled from the options. */
struct pktgen {
	const struct cmd_run *run;
	struct pktgen_cfg cfg; /* with what defaults and -o make of it */
	const struct pktgen_function_ops *ops;
	struct pktgen_name name;
	struct pktgen_frames frames;
	struct pktgen_style style;
	struct weir_port *port;
	int signals; /* to poll and for signals_next() */
	/* Whatever the function needs of these. */
	struct weir_stream *stream;
	struct weir_sender *sender;
	struct receiver *receiver;
	struct sequence *sequences; /* of the queues of rxseq */
	struct weir_forwarder *forwarder;
	struct weir_stage pong_stage;
	struct pinger *pinger;
};

/* What differs between functions. Errors are negative errnos with a text. */
struct pktgen_function_ops {
	const char *working; /* "Sending on" */
	const char *total;   /* "Sent"; NULL: there is no such line */
	unsigned dirs;	     /* of the port */
	uint32_t burst;	     /* without -b */
	/* Opens the port and makes what works on it. */
	int (*open)(struct pktgen *p, struct weir_err *err);
	int (*start)(struct pktgen *p, struct weir_err *err);
	int (*fd)(const struct pktgen *p); /* readable when it has ended */
	void (*stop)(struct pktgen *p);
	void (*counts)(const struct pktgen *p, struct pktgen_counts *ret_counts);
	int (*join)(struct pktgen *p, struct weir_err *err);
	/* What else there is to be said at the end. The exit status. NULL: nothing, 0. */
	int (*tell)(const struct pktgen *p);
};

/* pktgen-send.c, pktgen-receive.c, pktgen-ping.c */
extern const struct pktgen_function_ops pktgen_tx, pktgen_rx, pktgen_rxseq, pktgen_ping,
	pktgen_pong;

/* NULL is allowed. Returns NULL. */
struct pinger *pinger_free(struct pinger *pinger);

/* pktgen-run.c: opens p->port with so many queues; region may be NULL. */
int pktgen_open_port(struct pktgen *p, unsigned queues, const struct weir_region *region,
		     struct weir_err *err);

/* Ties the calling thread to the processor that -a gives it, if it was given. */
void pktgen_bind_thread(const struct pktgen *p, unsigned thread);

/* Runs it from opening to the last line. The exit status. p->run, .cfg, .ops, .name, .frames
 * and .style are set. */
int pktgen_run(struct pktgen *p);

#endif
