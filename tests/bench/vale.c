/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames between two processes, and the copying that this cannot do without:
 *
 *	vale pair TX-PORT RX-PORT LEN BATCH SECONDS	frames a second: received, and dropped
 *	vale ping PORT PORT SECONDS			mean round trip, ns
 *	vale memcpy LEN SECONDS				copies a second between buffers of rings
 *
 * Prints numbers alone.
 */
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <weir/port.h>

#define SLOTS	  1024u
#define BUF	  2048u
#define MAX_BATCH 1024u

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* What both processes see. */
struct shared {
	_Atomic int receiver_is_ready;
	_Atomic int stop;
};

static struct weir_port *open_port(const char *name)
{
	struct weir_port *port = NULL;
	struct weir_err err;

	if (weir_port_open(name, NULL, &port, &err) < 0) {
		fprintf(stderr, "vale: %s\n", weir_err_text(&err));
		exit(1);
	}
	return port;
}

/* A frame from address 02:..:from to 02:..:to. */
static void make_frame(uint8_t *p, unsigned len, uint8_t from, uint8_t to)
{
	memset(p, 0, len);
	p[0] = p[6] = 0x02;
	p[5] = to;
	p[11] = from;
	p[12] = 0x88;
	p[13] = 0xb5;
}

static void send_all(struct weir_port *port, const struct weir_pkt *pkts, unsigned n)
{
	for (unsigned done = 0; done < n;) {
		int r = weir_port_tx(port, 0, pkts + done, n - done);

		if (r >= 0 && (unsigned)r < n - done && weir_port_tx_wait(port, 0, 100000000) < 0)
			exit(1);
		if (r < 0)
			exit(0); /* the receiver has had enough */
		done += (unsigned)r;
	}
}

static void run_sender(const char *name, struct shared *s, unsigned len, unsigned batch)
{
	static uint8_t mem[MAX_BATCH][BUF];
	struct weir_pkt pkts[MAX_BATCH];
	struct weir_port *port = open_port(name);

	for (unsigned i = 0; i < batch; i++) {
		make_frame(mem[i], len, 1, 2);
		pkts[i] = (struct weir_pkt){ .data = mem[i], .len = len };
	}
	while (!atomic_load(&s->receiver_is_ready))
		usleep(1000);
	while (!atomic_load(&s->stop))
		send_all(port, pkts, batch);
	weir_port_close(port);
	exit(0);
}

static int receive(struct weir_port *port)
{
	struct weir_pkt pkts[MAX_BATCH];
	int n = weir_port_rx(port, 0, pkts, MAX_BATCH);

	if (n > 0)
		weir_port_rx_release(port, 0);
	else if (n == 0)
		n = weir_port_rx_wait(port, 0, 100000000) < 0 ? -1 : 0;
	return n;
}

static int pair(char **argv)
{
	unsigned len = (unsigned)atoi(argv[2]), batch = (unsigned)atoi(argv[3]);
	struct shared *s =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	double seconds = atof(argv[4]), begin, end, warm;
	struct weir_port_stats stats;
	struct weir_port *port;
	uint8_t hello[60];
	unsigned long long n = 0;
	pid_t pid;

	if (s == MAP_FAILED || len > BUF || len < 60 || !batch || batch > MAX_BATCH)
		return 2;
	pid = fork();
	if (pid == 0)
		run_sender(argv[0], s, len, batch);
	port = open_port(argv[1]);
	make_frame(hello, sizeof(hello), 2, 1); /* a switch learns where it is */
	send_all(port, &(struct weir_pkt){ .data = hello, .len = sizeof(hello) }, 1);
	atomic_store(&s->receiver_is_ready, 1);
	for (warm = now() + 0.1; now() < warm;)
		if (receive(port) < 0)
			return 1;
	for (begin = end = now(); end - begin < seconds; end = now()) {
		int r = receive(port);

		if (r < 0)
			return 1;
		n += (unsigned)r;
	}
	atomic_store(&s->stop, 1);
	weir_port_stats(port, &stats);
	weir_port_close(port);
	(void)kill(pid, SIGTERM); /* it may be waiting for room */
	(void)waitpid(pid, NULL, 0);
	printf("%.0f %.0f\n", (double)n / (end - begin), (double)stats.rx_dropped / (end - begin));
	return 0;
}

/* Gives back what comes. */
static void run_echo(const char *name, struct shared *s)
{
	struct weir_port *port = open_port(name);
	struct weir_pkt pkt;
	uint8_t frame[60];
	int n;

	make_frame(frame, sizeof(frame), 2, 1);
	send_all(port, &(struct weir_pkt){ .data = frame, .len = sizeof(frame) }, 1);
	atomic_store(&s->receiver_is_ready, 1);
	while ((n = weir_port_rx(port, 0, &pkt, 1)) >= 0 && !atomic_load(&s->stop)) {
		if (n == 0) {
			(void)weir_port_rx_wait(port, 0, 100000000); /* awake at first */
			continue;
		}
		weir_port_rx_release(port, 0);
		send_all(port, &(struct weir_pkt){ .data = frame, .len = sizeof(frame) }, 1);
	}
	exit(0);
}

static int ping(char **argv)
{
	struct shared *s =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	double seconds = atof(argv[2]), begin, end;
	unsigned long long rounds = 0;
	struct weir_port *port;
	struct weir_pkt pkt;
	uint8_t frame[60];
	pid_t pid;
	int n;

	if (s == MAP_FAILED)
		return 2;
	port = open_port(argv[0]);
	pid = fork();
	if (pid == 0)
		run_echo(argv[1], s);
	make_frame(frame, sizeof(frame), 1, 2);
	while (!atomic_load(&s->receiver_is_ready) || receive(port) < 1)
		;
	for (begin = end = now(); end - begin < seconds; end = now(), rounds++) {
		send_all(port, &(struct weir_pkt){ .data = frame, .len = sizeof(frame) }, 1);
		while ((n = weir_port_rx(port, 0, &pkt, 1)) == 0)
			(void)weir_port_rx_wait(port, 0, 100000000); /* awake at first */
		if (n < 0)
			return 1;
		weir_port_rx_release(port, 0);
	}
	atomic_store(&s->stop, 1);
	weir_port_close(port);
	(void)kill(pid, SIGTERM);
	(void)waitpid(pid, NULL, 0);
	printf("%.0f\n", (end - begin) * 1e9 / (double)rounds);
	return 0;
}

static int copy(char **argv)
{
	unsigned len = (unsigned)atoi(argv[0]);
	double seconds = atof(argv[1]), begin = now(), end;
	uint8_t *from = aligned_alloc(BUF, SLOTS * BUF), *to = aligned_alloc(BUF, SLOTS * BUF);
	unsigned long long n = 0;

	if (!from || !to || len > BUF)
		return 2;
	memset(from, 1, SLOTS * BUF);
	do {
		for (unsigned i = 0; i < SLOTS; i++) {
			memcpy(to + i * BUF, from + i * BUF, len);
			__asm__ volatile("" ::: "memory");
		}
		n += SLOTS;
		end = now();
	} while (end - begin < seconds);
	printf("%.0f\n", (double)n / (end - begin));
	free(from);
	free(to);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 7 && !strcmp(argv[1], "pair"))
		return pair(argv + 2);
	if (argc == 5 && !strcmp(argv[1], "ping"))
		return ping(argv + 2);
	if (argc == 4 && !strcmp(argv[1], "memcpy"))
		return copy(argv + 2);
	return 2;
}
