/* SPDX-License-Identifier: BSD-2-Clause */
/* The lines of netmap's pkt-gen, which scripts read. */
#ifndef CLI_PKTGEN_TEXT_H
#define CLI_PKTGEN_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <weir/frame.h>

/* What was sent or received. */
struct pktgen_counts {
	uint64_t packets, bytes;
	uint64_t events; /* batches */
	uint64_t elapsed_ns;
	uint64_t waited; /* the fewest that came together since this was asked for last, summed
			  * over queues; 0: none have, or nobody looks */
};

/* How it is told. */
struct pktgen_style {
	bool plain_units;      /* "1000000 pps", not "1.000 Mpps" */
	unsigned framing_bits; /* that count for each packet beside its bytes */
	bool averages;	       /* of the rates of the last reports */
};

/* Rates of the last reports. */
#define PKTGEN_WINDOW 15u
struct pktgen_window {
	double pps[PKTGEN_WINDOW];
	unsigned next;
};

/*
 * A line on stderr as its debugging lines are, "123.456789 main_thread [812] text": the time,
 * the name of the function there and the number of the line, here.
 */
#define PKTGEN_SAY(where, ...) pktgen_say(where, __LINE__, __VA_ARGS__)
void pktgen_say(const char *where, int line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* "1.488 M" and so on, as it stands before "pps". Returns text. */
const char *pktgen_number(const struct pktgen_style *style, double value, char text[40]);

/* "1.488 Mpps (1.489 Mpkts 714.812 Mbps in 1000711 usec) 512.00 avg_batch 99999 min_space", of
 * what came to the counts since those before, usec ago. */
void pktgen_report(const struct pktgen_style *style, struct pktgen_window *window,
		   const struct pktgen_counts *now, const struct pktgen_counts *before,
		   uint64_t usec, char *text, size_t size);

/* "Sent 5 packets 300 bytes ..." and "Speed: ...". */
void pktgen_print_total(FILE *to, const struct pktgen_style *style, const char *what,
			const struct pktgen_counts *counts);

/* A frame of a queue and its bytes in rows of 16. nr: its number there. */
void pktgen_print_dump(FILE *to, unsigned queue, uint64_t nr, const struct weir_pkt *pkt);

#endif
