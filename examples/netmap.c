/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A program for the netmap API: sends frames, or receives some and tells how long they were.
 *
 *	cc netmap.c $(pkg-config --cflags --libs weir-netmap)
 *	./a.out receive vale0:a 100 &
 *	./a.out send vale0:b 100
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libnetmap.h>

/* A broadcast of an experimental protocol, 60 bytes long. */
static void fill(char frame[static 60])
{
	memset(frame, 0, 60);
	memset(frame, 0xff, 6);
	memcpy(frame + 6, "\x02weir", 6);
	memcpy(frame + 12, "\x88\xb5", 2);
}

static unsigned send_all(struct nmport_d *port, unsigned n)
{
	struct pollfd fd = { .fd = port->fd, .events = POLLOUT };
	unsigned sent = 0;
	char frame[60];

	fill(frame);
	while (sent < n && poll(&fd, 1, 10000) > 0 && fd.revents & POLLOUT)
		while (sent < n && nmport_inject(port, frame, sizeof(frame)))
			sent++;
	/* What was handed over is sent by a synchronisation; a port may take it in parts. */
	for (uint16_t i = port->first_tx_ring; i <= port->last_tx_ring; i++)
		while (ioctl(port->fd, NIOCTXSYNC) == 0 &&
		       nm_tx_pending(NETMAP_TXRING(port->nifp, i)))
			(void)poll(NULL, 0, 1);
	return sent;
}

static unsigned take_from(struct netmap_ring *ring, unsigned n, unsigned long *bytes)
{
	unsigned taken = 0;

	for (; taken < n && !nm_ring_empty(ring); taken++) {
		*bytes += ring->slot[ring->head].len;
		ring->head = ring->cur = nm_ring_next(ring, ring->head);
	}
	return taken;
}

static unsigned receive_all(struct nmport_d *port, unsigned n, unsigned long *bytes)
{
	struct pollfd fd = { .fd = port->fd, .events = POLLIN };
	unsigned received = 0;

	while (received < n && poll(&fd, 1, 10000) > 0 && fd.revents & POLLIN)
		for (uint16_t i = port->first_rx_ring; i <= port->last_rx_ring; i++)
			received += take_from(NETMAP_RXRING(port->nifp, i), n - received, bytes);
	return received;
}

int main(int argc, char **argv)
{
	unsigned n = argc == 4 ? (unsigned)strtoul(argv[3], NULL, 10) : 0, done;
	unsigned long bytes = 0;
	struct nmport_d *port;
	int sends;

	if (n == 0 || (strcmp(argv[1], "send") && strcmp(argv[1], "receive"))) {
		fprintf(stderr, "usage: %s send|receive PORT N\n", argv[0]);
		return 2;
	}
	port = nmport_open(argv[2]); /* says what is wrong */
	if (!port)
		return 1;
	sends = !strcmp(argv[1], "send");
	printf("%s is open\n", argv[2]);
	fflush(stdout);
	done = sends ? send_all(port, n) : receive_all(port, n, &bytes);
	if (sends)
		printf("%u frames sent\n", done);
	else
		printf("%u frames, %lu bytes received\n", done, bytes);
	nmport_close(port);
	return done == n ? 0 : 1;
}
