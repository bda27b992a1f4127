/* SPDX-License-Identifier: BSD-2-Clause */
/* A netmap program in a few calls: what the tests of the API do with ports. */
#ifndef NETMAP_CLIENT_H
#define NETMAP_CLIENT_H

#include <net/netmap_user.h>
#include <poll.h>
#include <stdbool.h>

#include "support/unit.h"

/* Patience of waits. */
#define PATIENCE_MS 10000

struct client {
	int fd;
	struct nmreq_register reg;
	uint8_t *mem;
	struct netmap_if *nifp;
};

/* A request on a descriptor: 0, or the errno. */
int request(int fd, const char *name, unsigned type, void *body);

/* Opens /dev/netmap and registers what reg asks for: 0, or the errno. */
int client_try(struct client *c, const char *name, const struct nmreq_register *reg);
/* The same, with all rings, which has to work. */
void client_open(struct client *c, const char *name);
/* Maps what a descriptor that is registered stands for. */
void client_map(struct client *c);
void client_close(struct client *c);

static inline struct netmap_ring *client_tx(const struct client *c)
{
	return NETMAP_TXRING(c->nifp, 0);
}

static inline struct netmap_ring *client_rx(const struct client *c)
{
	return NETMAP_RXRING(c->nifp, 0);
}

/* poll(2) for one descriptor. */
short client_poll(const struct client *c, short events, int timeout_ms);

/* Puts a frame of len bytes, which begin with two addresses and a tag, into the next slots,
 * and does not synchronise. */
void client_put(const struct client *c, uint32_t tag, unsigned len);
/* Sends one by ioctl(2). */
void client_send(const struct client *c, uint32_t tag, unsigned len);
/* Waits for a frame, checks its length, and gives it back: its tag. */
uint32_t client_receive(const struct client *c, unsigned len);

#endif
