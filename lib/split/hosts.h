/* SPDX-License-Identifier: BSD-2-Clause */
/* Hosts of a trace by their IP address, and what tells clients from servers. */
#ifndef SPLIT_HOSTS_H
#define SPLIT_HOSTS_H

#include <stdbool.h>
#include <stdint.h>

enum host_role {
	HOST_UNKNOWN,
	HOST_CLIENT,
	HOST_SERVER,
};

struct host {
	uint8_t addr[16]; /* IPv4: the first 4, the rest is 0 */
	uint32_t client;  /* frames that a client would send */
	uint32_t server;  /* and a server */
	uint8_t version;  /* 4 or 6 */
	uint8_t role;	  /* enum host_role */
	bool speaks;	  /* it sent more than neighbour discovery and the like */
};

/* Zeroed at first. */
struct hosts {
	struct host *list; /* in order of their first appearance */
	uint32_t n;
	uint32_t *slots; /* hash table of indices + 1 */
	uint32_t n_slots;
	uint64_t seed;
};

#define HOSTS_MAX (UINT32_MAX / 4)

/* The index of a host, which is entered when new. Negative: no memory. */
int64_t hosts_find(struct hosts *h, uint8_t version, const uint8_t *addr);
void hosts_done(struct hosts *h);

/* Sets the roles of all hosts from their counts. */
void hosts_weigh(struct hosts *h, double ratio);

/*
 * Gives hosts without a role that of the others in their network: the smallest one of
 * max_mask to min_mask bits (as of IPv4) that holds a host with a role. Among several,
 * servers win.
 */
int hosts_ask_neighbours(struct hosts *h, unsigned min_mask, unsigned max_mask);

#endif
