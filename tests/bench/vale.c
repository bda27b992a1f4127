/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames between two processes, and the copying that this cannot do without:
 *
 *	vale pair TX-PORT RX-PORT LEN BATCH SECONDS [region]	frames a second: received, and
 *			dropped; from memory that the switch maps as well, or that is copied
 *	vale ping PORT PORT SECONDS			mean round trip, ns
 *	vale memcpy LEN SECONDS				copies a second between buffers of rings
 *	vale relay LEN SECONDS		frames a second that one process copies into a ring, and
 *			another one out of it into a second ring, with nothing else to do
 *
 * Prints numbers alone.
 */
#include <fcntl.h>
#include <sched.h>
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

#define SLOTS	    1024u
#define BUF	    2112u /* as of a switch */
#define MAX_BATCH   1024u
#define RELAY_BATCH 256u

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

static struct weir_port *open_port_with(const char *name, const struct weir_port_opts *opts)
{
	struct weir_port *port = NULL;
	struct weir_err err;

	if (weir_port_open(name, opts, &port, &err) < 0) {
		fprintf(stderr, "vale: %s\n", weir_err_text(&err));
		exit(1);
	}
	return port;
}

static struct weir_port *open_port(const char *name)
{
	return open_port_with(name, NULL);
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

/* Memory for a batch of frames that the switch can map as well. */
static struct weir_region make_region(void)
{
	struct weir_region region = { .size = MAX_BATCH * BUF, .constant = true, .shared = true };

	region.fd = memfd_create("frames", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (region.fd < 0 || ftruncate(region.fd, (off_t)region.size) < 0 ||
	    fcntl(region.fd, F_ADD_SEALS, F_SEAL_SHRINK) < 0)
		exit(1);
	region.base = mmap(NULL, region.size, PROT_READ | PROT_WRITE, MAP_SHARED, region.fd, 0);
	if (region.base == MAP_FAILED)
		exit(1);
	return region;
}

static void run_sender(const char *name, struct shared *s, unsigned len, unsigned batch,
		       bool shares)
{
	struct weir_region region = make_region();
	struct weir_port_opts opts = { .dir = WEIR_PORT_TX, .region = region };
	struct weir_port *port = open_port_with(name, shares ? &opts : NULL);
	struct weir_pkt pkts[MAX_BATCH];

	for (unsigned i = 0; i < batch; i++) {
		uint8_t *data = (uint8_t *)region.base + (size_t)i * BUF;

		make_frame(data, len, 1, 2);
		pkts[i] = (struct weir_pkt){ .data = data, .len = len };
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

static int pair(char **argv, bool shares)
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
		run_sender(argv[0], s, len, batch, shares);
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

static uint8_t *make_buffers(void)
{
	uint8_t *p =
		mmap(NULL, SLOTS * BUF, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		exit(1);
	memset(p, 1, SLOTS * BUF);
	return p;
}

/* memcpy(3) itself. */
static void bare_copy(uint8_t *to, const uint8_t *from, size_t len)
{
	__asm__ volatile("" : "+r"(len) : : "memory");
	memcpy(to, from, len);
}

/* How many slots of a ring were filled, and emptied, told in batches. */
struct relay {
	_Alignas(64) _Atomic uint64_t filled;
	_Alignas(64) _Atomic uint64_t emptied;
};

static void run_relay_sender(struct relay *r, uint8_t *ring, unsigned len)
{
	uint8_t *frames = make_buffers();

	for (uint64_t n = 0;; atomic_store_explicit(&r->filled, n, memory_order_release)) {
		while (n + RELAY_BATCH >
		       atomic_load_explicit(&r->emptied, memory_order_acquire) + SLOTS)
			(void)sched_yield();
		for (unsigned i = 0; i < RELAY_BATCH; i++, n++)
			bare_copy(ring + n % SLOTS * BUF, frames + i * BUF, len);
	}
}

static int relay(char **argv)
{
	struct relay *r =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	uint8_t *ring = make_buffers(), *second = make_buffers();
	double seconds = atof(argv[1]), begin = now(), end;
	unsigned len = (unsigned)atoi(argv[0]);
	uint64_t n = 0;
	pid_t pid;

	if (r == MAP_FAILED || len > BUF)
		return 2;
	pid = fork();
	if (pid == 0)
		run_relay_sender(r, ring, len);
	do {
		uint64_t filled = atomic_load_explicit(&r->filled, memory_order_acquire);

		if (filled == n)
			(void)sched_yield();
		for (; n < filled; n++)
			bare_copy(second + n % SLOTS * BUF, ring + n % SLOTS * BUF, len);
		atomic_store_explicit(&r->emptied, n, memory_order_release);
		end = now();
	} while (end - begin < seconds);
	(void)kill(pid, SIGTERM);
	(void)waitpid(pid, NULL, 0);
	printf("%.0f\n", (double)n / (end - begin));
	return 0;
}

static int copy(char **argv)
{
	unsigned len = (unsigned)atoi(argv[0]);
	double seconds = atof(argv[1]), begin = now(), end;
	uint8_t *from = make_buffers(), *to = make_buffers();
	unsigned long long n = 0;

	if (len > BUF)
		return 2;
	do {
		for (unsigned i = 0; i < SLOTS; i++)
			bare_copy(to + i * BUF, from + i * BUF, len);
		n += SLOTS;
		end = now();
	} while (end - begin < seconds);
	printf("%.0f\n", (double)n / (end - begin));
	return 0;
}

int main(int argc, char **argv)
{
	if ((argc == 7 || (argc == 8 && !strcmp(argv[7], "region"))) && !strcmp(argv[1], "pair"))
		return pair(argv + 2, argc == 8);
	if (argc == 5 && !strcmp(argv[1], "ping"))
		return ping(argv + 2);
	if (argc == 4 && !strcmp(argv[1], "memcpy"))
		return copy(argv + 2);
	if (argc == 4 && !strcmp(argv[1], "relay"))
		return relay(argv + 2);
	return 2;
}
