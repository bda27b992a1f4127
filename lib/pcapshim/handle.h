/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Captures on weir's ports, behind handles of libpcap.
 *
 * What the program has, and takes for a capture, is a handle that libpcap has made for no
 * device (pcap_open_dead(3)). By that it is found here, and a call of libpcap that this library
 * does not know finds something that it can refuse. A second such handle, made when the capture
 * begins, has its link type, snapshot length and precision: libpcap compiles filters and writes
 * files with that one.
 *
 * As in libpcap, a handle is for one thread at a time but for handle_break(); sending may be done
 * by another one. Settings are those of libpcap, and so are results: PCAP_ERROR_... below 0.
 */
#ifndef PCAPSHIM_HANDLE_H
#define PCAPSHIM_HANDLE_H

#include <poll.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <pcap/pcap.h>

#include <weir/frame.h>
#include <weir/port.h>

#define HANDLE_BATCH 64u

/* What is to be known before the capture begins. */
struct handle_settings {
	int snaplen;
	int timeout_ms; /* 0: wait for ever */
	int precision;	/* PCAP_TSTAMP_PRECISION_... */
	int buffer_size;
	bool promisc, rfmon, immediate;
};

struct handle {
	_Atomic(pcap_t *) shown; /* NULL: free to be used again */
	struct handle *next;	 /* stays as it is */
	char name[128];
	struct handle_settings set;
	bool nonblock;
	char error[PCAP_ERRBUF_SIZE];

	/* While the capture runs; otherwise port is NULL. */
	struct weir_port *port;
	pcap_t *inner;
	int linktype;		   /* DLT_... */
	struct bpf_program filter; /* .bf_insns NULL: every frame */
	uint64_t accepted, dropped_before;

	/* Frames that the port has lent, of queue. */
	struct weir_pkt frames[HANDLE_BATCH];
	unsigned n_frames, at, queue;
	struct pcap_pkthdr header; /* of the last one that was handed over */
	bool ended;		   /* there will be no more: it is a file */

	/* Waiting. */
	struct pollfd *fds; /* of each queue, then break_fd */
	unsigned n_fds;	    /* 0: the port has none */
	_Atomic bool broken;
	int break_fd;  /* readable: it may be broken */
	int select_fd; /* readable when a read will not wait; -EBADF: nobody has asked for it */
	int more_fd;   /* makes select_fd readable as long as .more */
	bool more;     /* there are frames, or maybe so */
	bool looks_up; /* only maybe so: a read that finds none does not wait */
};

/* Is a device one of weir's ports? */
bool handle_is_ours(const char *device);

/* The capture of a handle; NULL: it is one of libpcap's. Safe in signal handlers. */
struct handle *handle_of(const pcap_t *p);

/* Results of libpcap as a number, and a text in h->error. */
int handle_fail(struct handle *h, int result, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* NULL: with a text in errbuf, which is PCAP_ERRBUF_SIZE long. */
pcap_t *handle_create(const char *device, char *errbuf);
int handle_activate(struct handle *h);
void handle_close(struct handle *h);

/* Lets the program have everything of h->inner; what went wrong there is h's. */
void handle_take_error(struct handle *h);

int handle_set_filter(struct handle *h, const struct bpf_program *program);
int handle_stats(struct handle *h, struct pcap_stat *ret);
/* How many bytes it was; may wait for room. */
int handle_inject(struct handle *h, const void *data, size_t size);

/* receive.c */
int handle_dispatch(struct handle *h, int count, pcap_handler callback, u_char *user);
int handle_loop(struct handle *h, int count, pcap_handler callback, u_char *user);
/* The header and the frame are lent until the next call. */
int handle_next(struct handle *h, struct pcap_pkthdr **ret_header, const u_char **ret_data);
/* From any thread and from signal handlers: ends a wait at once. */
void handle_break(struct handle *h);
/* -1: nothing tells when there are frames. */
int handle_select_fd(struct handle *h);

#endif
