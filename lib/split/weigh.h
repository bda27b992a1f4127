/* SPDX-License-Identifier: BSD-2-Clause */
/* What single frames tell of who sent them; and which ports are services. */
#ifndef SPLIT_WEIGH_H
#define SPLIT_WEIGH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pkt/parse.h"
#include "split/hosts.h"

/*
 * Counts a frame for its sender. Like a client: opens a TCP connection, asks a name
 * server. Like a server: accepts a connection, answers as a name server, has no such port.
 */
void weigh(struct host *from, const struct pkt_layers *l, const uint8_t *frame, uint32_t len);

/* The same as tcpprep does it, which reads some fields with their bytes swapped. */
void weigh_quirk(struct host *from, const struct pkt_layers *l, const uint8_t *frame, uint32_t len);

/* Does tcpprep's router mode give up? So it does when the host that is the first in its
 * tree is a client. */
bool weigh_gives_up_quirk(const struct hosts *h);

/* 65,536 numbers for ports, with bit 0 for TCP and bit 1 for UDP, of lines that have
 * "N/tcp" or "N/udp" in them; text NULL: ports 0 to 1023 of both. quirk: as tcpprep does it,
 * which knows one port a line, in small letters, and takes numbers modulo 65,536. To be freed
 * with free(). NULL: no memory. */
uint8_t *services_new(const char *text, size_t size, bool quirk);

#endif
