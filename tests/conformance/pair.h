/* SPDX-License-Identifier: BSD-2-Clause */
/* What the tests of conform.c stand on: a pair of ports, and frames from one to the other. */
#ifndef CONFORMANCE_PAIR_H
#define CONFORMANCE_PAIR_H

#include <stdbool.h>
#include <stdint.h>

#include <weir/port.h>

#define MSEC	 1000000ULL
#define SEC	 1000000000ULL
#define MAX_LEN	 9000U
#define WINDOW	 128U /* frames under way; what any receiver holds */
#define PATIENCE (10 * SEC)

/* The command line, see conform.c. */
struct config {
	const char *tx_name, *rx_name;
	const char *txns, *rxns, *txif, *only;
	unsigned queues;
	bool sink, file, blocks, any_length, is_free, shared, remove, makes_device, low_latency;
};
extern struct config cfg;

/* A pair of open ports, and what the receiver saw. */
struct pair {
	struct weir_port *tx, *rx;
	bool raw_ip;
	bool vlan;	     /* frames are tagged */
	uint32_t longest;    /* frame to be sent */
	uint32_t next;	     /* number of the next frame to be received */
	uint64_t n_received; /* of ours */
	uint32_t (*len_of)(const struct pair *p, uint32_t nr);
	uint32_t fixed_len; /* for len_fixed() */
};

/* Frames that lie outside any region. */
struct batch {
	struct weir_pkt pkts[1024];
	uint8_t *mem; /* a place for each */
};

uint64_t now_ns(void);
/* This thread is in that network namespace from now on; NULL: stays where it is. */
void enter_ns(const char *ns);
/* ip -n NS link ... */
void ip_link(const char *a, const char *b, const char *c, const char *d);

/* Opens a port that must open, in a namespace. */
struct weir_port *open_port(const char *name, const char *ns, const struct weir_port_opts *opts);
struct weir_port *open_tx(const struct weir_region *region); /* NULL: none */
struct weir_port *open_rx(void);
/* Opens both ports, the sender with a region (NULL: none). To be closed with close_pair(). */
struct pair open_pair(const struct weir_region *region);
void close_pair(struct pair *p);

/* Lengths, for pair.len_of. */
/* From the shortest to the longest and over again. */
uint32_t len_all(const struct pair *p, uint32_t nr);
uint32_t len_fixed(const struct pair *p, uint32_t nr);
uint32_t len_mixed(const struct pair *p, uint32_t nr);
/* The shortest frame with a link-layer header. */
uint32_t shortest(const struct pair *p);

struct batch *batch_new(void);
void batch_free(struct batch *b);
/* Makes frames first .. first + n - 1. */
void batch_fill(struct batch *b, const struct pair *p, uint32_t first, unsigned n);

/* Receives what is there now on queue 0: how many frames of any kind. */
int receive_some(struct pair *p);
/* Goes on until n frames in all have come or were dropped, or nothing more comes. */
void receive_until(struct pair *p, uint64_t n);
/* Hands a whole batch to the port, waiting for room and receiving meanwhile. */
void send_whole(struct pair *p, const struct weir_pkt *pkts, unsigned n);
/*
 * Sends frames 0 .. n - 1 in batches and receives them all. Memory of each batch is
 * overwritten at once: the frames lie outside any region.
 */
void exchange(struct pair *p, uint32_t n, unsigned batch);

struct weir_port_stats stats_of(struct weir_port *port);
/* The counters are of the same mind as the contract: all consumed frames are in one. */
void check_sums(struct weir_port *port, uint64_t consumed);
/* Nothing is under way any more, and all consumed frames are done with. */
void drain(struct weir_port *port, unsigned q, uint64_t consumed);

#endif
