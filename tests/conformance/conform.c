/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The conformance suite of ports: what the contract in weir/port.h promises, asked of any
 * pair of port names. What is sent on the first arrives on the second. It uses nothing
 * but the public interface and knows no back end; what a pair cannot show is told by
 * settings, and the test that needs it is skipped.
 *
 *     conform TX-NAME RX-NAME [setting[=value]]...
 *
 *     txns=NS rxns=NS   network namespaces in which the ports are opened
 *     makes-device      opening makes the interface if there is none
 *     txif=IF           the interface that link tests switch off and on, in txns
 *     sink              nothing can be received (RX-NAME is not opened)
 *     file              the receiver is opened when the sender has closed
 *     blocks            a full ring stops the sender; otherwise the receiver counts drops
 *     any-length        takes frames without a link-layer header
 *     queues=N          how many queues the pair has
 *     free              needs no privilege
 *     remove            run only the test that removes txif
 *     only=TEST         run only that one
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pthread.h>
#include <sched.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <weir/port.h>

#include "frames.h"
#include "support/unit.h"

#define MSEC	 1000000ULL
#define SEC	 1000000000ULL
#define MAX_LEN	 9000U
#define WINDOW	 128U /* frames under way; what any receiver holds */
#define PATIENCE (10 * SEC)

extern char **environ;

static struct config {
	const char *tx_name, *rx_name;
	const char *txns, *rxns, *txif, *only;
	unsigned queues;
	bool sink, file, blocks, any_length, is_free, remove, makes_device;
} cfg;

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

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * SEC + (uint64_t)ts.tv_nsec;
}

static void enter_ns(const char *ns)
{
	char path[256];
	int fd;

	if (!ns)
		return;
	snprintf(path, sizeof(path), "/run/netns/%s", ns);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET) < 0)
		fail_msg("cannot enter namespace %s: %s", ns, strerror(errno));
	close(fd);
}

/* ip -n NS link ... */
static void ip_link(const char *a, const char *b, const char *c, const char *d)
{
	const char *const argv[] = { "ip", "-n", cfg.txns, "link", a, b, c, d, NULL };
	int status = -1;
	pid_t pid;

	assert_int_equal(
		posix_spawnp(&pid, "ip", NULL, NULL, (char *const *)(uintptr_t)argv, environ), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static struct weir_port *open_port(const char *name, const char *ns,
				   const struct weir_port_opts *opts)
{
	struct weir_port *port = NULL;
	struct weir_err err = { 0 };

	enter_ns(ns);
	if (weir_port_open(name, opts, &port, &err) < 0)
		fail_msg("%s", weir_err_text(&err));
	assert_string_equal(err.text, "");
	return port;
}

static struct weir_port *open_tx(const struct weir_region *region)
{
	struct weir_port_opts opts = { .dir = WEIR_PORT_TX, .linktype = 1 };

	if (region)
		opts.region = *region;
	return open_port(cfg.tx_name, cfg.txns, &opts);
}

static struct weir_port *open_rx(void)
{
	const struct weir_port_opts opts = { .dir = WEIR_PORT_RX, .promisc = true };

	return open_port(cfg.rx_name, cfg.rxns, &opts);
}

static struct pair open_pair(const struct weir_region *region)
{
	struct pair p = { 0 };

	if (!cfg.sink && !cfg.file)
		p.rx = open_rx();
	p.tx = open_tx(region);
	p.raw_ip = weir_port_info(p.tx)->linktype == 101;
	p.longest = weir_port_info(p.tx)->max_frame;
	if (p.longest > MAX_LEN)
		p.longest = MAX_LEN;
	if (p.rx)
		assert_int_equal(weir_port_info(p.rx)->linktype, weir_port_info(p.tx)->linktype);
	return p;
}

static void close_pair(struct pair *p)
{
	p->tx = weir_port_close(p->tx);
	p->rx = weir_port_close(p->rx);
}

static uint32_t shortest(const struct pair *p)
{
	return p->raw_ip ? 20 : 14;
}

/* From the shortest to the longest and over again. */
static uint32_t len_all(const struct pair *p, uint32_t nr)
{
	return shortest(p) + nr % (p->longest - shortest(p) + 1);
}

static uint32_t len_fixed(const struct pair *p, uint32_t nr)
{
	(void)nr;
	return p->fixed_len;
}

static uint32_t len_mixed(const struct pair *p, uint32_t nr)
{
	uint32_t len = 60 + nr * 37 % 1400;

	return len < p->longest ? len : p->longest;
}

/* Checks frames that came in: ours are whole, exact and in order. */
static void check_received(struct pair *p, const struct weir_pkt *pkts, int n)
{
	static _Thread_local uint8_t want[MAX_LEN];

	for (int i = 0; i < n; i++) {
		uint32_t nr, len;

		if (!frame_is_ours(pkts[i].data, pkts[i].len, p->raw_ip, &nr))
			continue;
		if (nr < p->next)
			fail_msg("frame %u came after frame %u", nr, p->next - 1);
		len = p->len_of(p, nr);
		if (pkts[i].len != len || pkts[i].orig_len != len)
			fail_msg("frame %u has %u (%u) bytes, not %u", nr, pkts[i].len,
				 pkts[i].orig_len, len);
		frame_make(want, len, nr, p->raw_ip, p->vlan);
		if (memcmp(pkts[i].data, want, len) != 0) {
			uint32_t at = 0;

			while (pkts[i].data[at] == want[at])
				at++;
			fail_msg("frame %u of %u bytes differs at byte %u", nr, len, at);
		}
		p->next = nr + 1;
		p->n_received++;
	}
}

/* Receives what is there now on queue 0: how many frames of any kind. */
static int receive_some(struct pair *p)
{
	struct weir_pkt pkts[64];
	int n;

	if (!p->rx)
		return 0;
	n = weir_port_rx(p->rx, 0, pkts, 64);
	if (n < 0 && n != -ENODATA)
		fail_msg("receiving: %s", strerror(-n));
	check_received(p, pkts, n);
	weir_port_rx_release(p->rx, 0);
	return n;
}

static struct weir_port_stats stats_of(struct weir_port *port)
{
	struct weir_port_stats s;

	weir_port_stats(port, &s);
	return s;
}

/* Goes on until n frames in all have come or were dropped, or nothing more comes. */
static void receive_until(struct pair *p, uint64_t n)
{
	uint64_t last = now_ns();

	while (p->rx && p->n_received + stats_of(p->rx).rx_dropped < n) {
		int r = receive_some(p);

		if (r > 0)
			last = now_ns();
		else if (r < 0 || now_ns() - last > PATIENCE / 5)
			return;
		else
			assert_true(weir_port_rx_wait(p->rx, 0, 10 * MSEC) >= 0);
	}
}

/* The counters are of the same mind as the contract: all consumed frames are in one. */
static void check_sums(struct weir_port *port, uint64_t consumed)
{
	struct weir_port_stats s = stats_of(port);
	uint64_t sum = 0;

	for (unsigned i = 0; i < WEIR_N_REFUSALS; i++)
		sum += s.tx_refused[i];
	assert_int_equal(s.tx_refused_total, sum);
	assert_int_equal(s.tx_frames + sum, consumed);
}

static void drain(struct weir_port *port, unsigned q, uint64_t consumed)
{
	uint64_t end = now_ns() + PATIENCE;

	while (weir_port_tx_drain(port, q, 10 * MSEC) == 0)
		assert_true(now_ns() < end);
	assert_int_equal(weir_port_tx_done(port, q), consumed);
}

struct batch {
	struct weir_pkt pkts[1024];
	uint8_t *mem; /* 1024 places of MAX_LEN rounded up */
};

#define PLACE 9216U

static struct batch *batch_new(void)
{
	struct batch *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	b->mem = malloc(1024 * PLACE);
	assert_non_null(b->mem);
	return b;
}

static void batch_free(struct batch *b)
{
	free(b->mem);
	free(b);
}

static void batch_fill(struct batch *b, const struct pair *p, uint32_t first, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		uint32_t len = p->len_of(p, first + i);
		uint8_t *data = b->mem + i * PLACE;

		frame_make(data, len, first + i, p->raw_ip, p->vlan);
		b->pkts[i] = (struct weir_pkt){ .data = data, .len = len, .orig_len = len };
	}
}

/* Hands a whole batch to the port, waiting for room and receiving meanwhile. */
static void send_whole(struct pair *p, const struct weir_pkt *pkts, unsigned n)
{
	uint64_t end = now_ns() + PATIENCE;
	unsigned done = 0;

	while (done < n) {
		int r = weir_port_tx(p->tx, 0, pkts + done, n - done);

		if (r < 0)
			fail_msg("sending: %s", strerror(-r));
		done += (unsigned)r;
		if (done < n) {
			receive_some(p);
			assert_true(weir_port_tx_wait(p->tx, 0, MSEC) >= 0);
			assert_true(now_ns() < end);
		}
	}
}

/*
 * Sends frames 0 .. n - 1 in batches and receives them all. Memory of each batch is
 * overwritten at once: the frames lie outside any region.
 */
static void exchange(struct pair *p, uint32_t n, unsigned batch)
{
	struct batch *b = batch_new();
	struct weir_port_stats s;

	for (uint32_t sent = 0; sent < n;) {
		unsigned m = n - sent < batch ? n - sent : batch;

		batch_fill(b, p, sent, m);
		send_whole(p, b->pkts, m);
		sent += m;
		if (sent > WINDOW)
			receive_until(p, sent - WINDOW);
	}
	drain(p->tx, 0, n);
	check_sums(p->tx, n);
	s = stats_of(p->tx);
	if (cfg.file) {
		p->tx = weir_port_close(p->tx);
		p->rx = open_rx();
	}
	receive_until(p, n);
	assert_int_equal(s.tx_frames, n);
	if (!cfg.sink)
		assert_int_equal(p->n_received, n);
	batch_free(b);
}

static void test_every_length_arrives_exact_and_in_order(void **state)
{
	struct pair p = open_pair(NULL);

	(void)state;
	p.len_of = len_all;
	exchange(&p, p.longest - shortest(&p) + 1, 32);
	close_pair(&p);
}

static void test_batches_of_every_size(void **state)
{
	static const unsigned sizes[] = { 1, 2, 3, 7, 32, 64, 255, 256, 1000, 1024 };

	(void)state;
	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct pair p = open_pair(NULL);

		p.len_of = len_mixed;
		exchange(&p, sizes[i] + 1, sizes[i]);
		close_pair(&p);
	}
}

static void test_empty_batch_is_nothing(void **state)
{
	struct pair p = open_pair(NULL);

	(void)state;
	assert_int_equal(weir_port_tx(p.tx, 0, NULL, 0), 0);
	check_sums(p.tx, 0);
	assert_int_equal(weir_port_tx_done(p.tx, 0), 0);
	close_pair(&p);
}

static void test_vlan_tags_survive(void **state)
{
	struct pair p = open_pair(NULL);

	(void)state;
	if (p.raw_ip) {
		close_pair(&p);
		skip();
	}
	p.len_of = len_mixed;
	p.vlan = true;
	exchange(&p, 200, 32);
	close_pair(&p);
}

/* Sends a good frame, a bad one and a good one; the bad one is refused for that reason. */
static void expect_refusal(uint32_t bad_len, enum weir_refusal why)
{
	struct pair p = open_pair(NULL);
	uint8_t *big = calloc(1, bad_len);
	uint8_t good[2][60];
	struct weir_pkt pkts[3] = {
		{ .data = good[0], .len = 60, .orig_len = 60 },
		{ .data = big, .len = bad_len, .orig_len = bad_len },
		{ .data = good[1], .len = 60, .orig_len = 60 },
	};
	struct weir_port_stats s;

	assert_non_null(big);
	p.len_of = len_fixed;
	p.fixed_len = 60;
	frame_make(good[0], 60, 0, p.raw_ip, false);
	frame_make(good[1], 60, 2, p.raw_ip, false);
	if (bad_len >= 20)
		frame_make(big, bad_len, 1, p.raw_ip, false);
	send_whole(&p, pkts, 3);
	drain(p.tx, 0, 3);
	s = stats_of(p.tx);
	assert_int_equal(s.tx_frames, 2);
	assert_int_equal(s.tx_bytes, 120);
	assert_int_equal(s.tx_truncated, 0);
	assert_int_equal(s.tx_refused[why], 1);
	check_sums(p.tx, 3);
	if (cfg.file) {
		p.tx = weir_port_close(p.tx);
		p.rx = open_rx();
	}
	receive_until(&p, 2);
	if (!cfg.sink)
		assert_int_equal(p.n_received, 2);
	free(big);
	close_pair(&p);
}

static void test_too_long_is_refused_and_never_cut(void **state)
{
	struct weir_port *tx = open_tx(NULL);
	uint32_t max = weir_port_info(tx)->max_frame;

	(void)state;
	weir_port_close(tx);
	assert_true(max >= 60);
	if (max == UINT32_MAX)
		skip();
	expect_refusal(max + 1, WEIR_REFUSED_TOO_LONG);
	expect_refusal(WEIR_FRAME_MAX + 1, WEIR_REFUSED_TOO_LONG);
}

static void test_too_short_is_refused(void **state)
{
	(void)state;
	if (cfg.any_length)
		skip();
	expect_refusal(13, WEIR_REFUSED_TOO_SHORT);
	expect_refusal(1, WEIR_REFUSED_TOO_SHORT);
	expect_refusal(0, WEIR_REFUSED_TOO_SHORT);
}

/* The receiver sleeps: either the sender is told "no room", or the drops are counted. */
static void test_full_ring_is_told_or_counted(void **state)
{
	struct batch *b = batch_new();
	struct pair p = open_pair(NULL);
	uint64_t consumed = 0, dropped;
	unsigned stuck = 0; /* calls in a row that took nothing */
	bool full = false;

	(void)state;
	if (!p.rx) {
		close_pair(&p);
		batch_free(b);
		skip();
	}
	p.len_of = len_fixed;
	p.fixed_len = 1000;
	for (uint32_t at = 0; at < 60000 && !full;) {
		int r;

		batch_fill(b, &p, at, 64);
		r = weir_port_tx(p.tx, 0, b->pkts, 64);
		assert_true(r >= 0);
		at += (uint32_t)r;
		consumed += (uint64_t)r;
		stuck = r ? 0 : stuck + 1;
		if (r < 64)
			assert_true(weir_port_tx_wait(p.tx, 0, MSEC) >= 0);
		full = cfg.blocks && stuck == 100;
	}
	assert_int_equal(full, cfg.blocks);
	drain(p.tx, 0, consumed);
	check_sums(p.tx, consumed);

	receive_until(&p, stats_of(p.tx).tx_frames);
	dropped = stats_of(p.rx).rx_dropped;
	if (cfg.blocks)
		assert_int_equal(dropped, 0);
	assert_int_equal(p.n_received + dropped, stats_of(p.tx).tx_frames);

	/* And there is room again. */
	assert_true(weir_port_tx_wait(p.tx, 0, PATIENCE) > 0);
	batch_fill(b, &p, 1000000, 64);
	send_whole(&p, b->pkts, 64);
	receive_until(&p, stats_of(p.tx).tx_frames);
	assert_int_equal(p.n_received + dropped, stats_of(p.tx).tx_frames);
	close_pair(&p);
	batch_free(b);
}

/* Frames inside and outside the region, mixed. */
static void test_frames_inside_the_region_and_outside(void **state)
{
	enum {
		N = 600
	};
	const size_t size = N * 12288UL;
	struct weir_region region = { .size = size };
	struct batch *b = batch_new();
	struct weir_pkt pkt;
	struct pair p;

	(void)state;
	region.base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(region.base != MAP_FAILED);
	p = open_pair(&region);
	p.len_of = len_all;
	for (uint32_t nr = 0; nr < N; nr++) {
		uint32_t len = p.len_of(&p, nr);

		batch_fill(b, &p, nr, 1);
		pkt = b->pkts[0];
		if (nr % 5) {
			/* At the end of a page, over the end of one, or from its start. */
			uint32_t off = nr % 3 == 0 ? 0 : nr % 3 == 1 ? 4096 - len % 4096 : 4090;

			pkt.data = (uint8_t *)region.base + nr * 12288UL + off % 4096;
			if (off % 4096 + len > 12288)
				pkt.data = (uint8_t *)region.base + nr * 12288UL;
			memcpy(pkt.data, b->pkts[0].data, len);
		}
		send_whole(&p, &pkt, 1);
		if (nr % 5 == 0)
			memset(pkt.data, 0xee, len); /* outside: ours again */
		if (nr > WINDOW)
			receive_until(&p, nr - WINDOW);
	}
	drain(p.tx, 0, N);
	check_sums(p.tx, N);
	assert_int_equal(stats_of(p.tx).tx_frames, N);
	if (cfg.file) {
		p.tx = weir_port_close(p.tx);
		p.rx = open_rx();
	}
	receive_until(&p, N);
	if (!cfg.sink)
		assert_int_equal(p.n_received, N);
	close_pair(&p);
	munmap(region.base, size);
	batch_free(b);
}

struct sender {
	struct weir_port *port;
	struct pair shape;
	unsigned queue;
	uint32_t first, n;
	uint64_t consumed;
	int result; /* 0, or the error that ended it */
	atomic_bool stop;
};

static void *send_thread(void *arg)
{
	struct sender *s = arg;
	struct batch *b = batch_new();

	while (s->consumed < s->n && !atomic_load(&s->stop)) {
		unsigned m = s->n - s->consumed < 64 ? s->n - (uint32_t)s->consumed : 64;

		batch_fill(b, &s->shape, s->first + (uint32_t)s->consumed, m);
		s->result = weir_port_tx(s->port, s->queue, b->pkts, m);
		if (s->result < 0)
			break;
		s->consumed += (unsigned)s->result;
		s->result = (unsigned)s->result < m
				    ? weir_port_tx_wait(s->port, s->queue, 10 * MSEC)
				    : 0;
		if (s->result < 0)
			break;
	}
	batch_free(b);
	return NULL;
}

static void start(struct sender *s, pthread_t *thread)
{
	assert_int_equal(pthread_create(thread, NULL, send_thread, s), 0);
}

/* One thread sends, another receives: in order; and what is missing was counted. */
static void test_sending_and_receiving_at_the_same_time(void **state)
{
	struct pair p = open_pair(NULL);
	struct sender s = { .port = p.tx, .n = 20000 };
	pthread_t thread;

	(void)state;
	if (cfg.file) {
		close_pair(&p);
		skip();
	}
	p.len_of = len_mixed;
	s.shape = p;
	start(&s, &thread);
	for (uint64_t idle = 0; p.rx && idle < 20;) {
		int n = receive_some(&p);

		if (n > 0)
			idle = 0;
		else if (weir_port_rx_wait(p.rx, 0, 10 * MSEC) == 0)
			idle++;
	}
	pthread_join(thread, NULL);
	receive_until(&p, stats_of(p.tx).tx_frames);
	assert_int_equal(s.result, 0);
	assert_int_equal(s.consumed, s.n);
	drain(p.tx, 0, s.n);
	check_sums(p.tx, s.n);
	if (p.rx)
		assert_int_equal(p.n_received + stats_of(p.rx).rx_dropped,
				 stats_of(p.tx).tx_frames);
	close_pair(&p);
}

#define PER_QUEUE 2000U

/* Every queue's frames arrive on some queue, each once. */
static void test_many_queues(void **state)
{
	const struct weir_port_opts tx_opts = { .dir = WEIR_PORT_TX, .queues = cfg.queues };
	const struct weir_port_opts rx_opts = { .dir = WEIR_PORT_RX, .queues = cfg.queues };
	struct sender senders[16] = { 0 };
	pthread_t threads[16];
	struct weir_port *rx, *tx;
	uint8_t *seen;
	uint64_t n = 0, last;

	(void)state;
	if (cfg.queues < 2)
		skip();
	assert_true(cfg.queues <= 16);
	rx = open_port(cfg.rx_name, cfg.rxns, &rx_opts);
	tx = open_port(cfg.tx_name, cfg.txns, &tx_opts);
	assert_int_equal(weir_port_info(tx)->n_queues, cfg.queues);
	assert_int_equal(weir_port_info(rx)->n_queues, cfg.queues);
	seen = calloc(cfg.queues, PER_QUEUE);
	assert_non_null(seen);
	for (unsigned q = 0; q < cfg.queues; q++) {
		senders[q] = (struct sender){ .port = tx,
					      .shape = { .len_of = len_fixed, .fixed_len = 100 },
					      .queue = q,
					      .first = q * PER_QUEUE,
					      .n = PER_QUEUE };
		start(&senders[q], &threads[q]);
	}
	last = now_ns();
	while (n < cfg.queues * PER_QUEUE && now_ns() - last < PATIENCE / 5) {
		for (unsigned q = 0; q < cfg.queues; q++) {
			struct weir_pkt pkts[64];
			int r = weir_port_rx(rx, q, pkts, 64);

			assert_true(r >= 0);
			for (int i = 0; i < r; i++) {
				uint32_t nr;

				if (!frame_is_ours(pkts[i].data, pkts[i].len, false, &nr))
					continue;
				assert_true(nr < cfg.queues * PER_QUEUE);
				assert_int_equal(seen[nr]++, 0);
				n++;
				last = now_ns();
			}
			weir_port_rx_release(rx, q);
			if (!r)
				assert_true(weir_port_rx_wait(rx, q, MSEC / 10) >= 0);
		}
	}
	for (unsigned q = 0; q < cfg.queues; q++) {
		pthread_join(threads[q], NULL);
		assert_int_equal(senders[q].result, 0);
		drain(tx, q, PER_QUEUE);
	}
	check_sums(tx, cfg.queues * PER_QUEUE);
	assert_int_equal(n + stats_of(rx).rx_dropped, stats_of(tx).tx_frames);
	free(seen);
	weir_port_close(tx);
	weir_port_close(rx);
}

static void test_close_while_busy(void **state)
{
	struct batch *b = batch_new();

	(void)state;
	for (unsigned round = 0; round < 3; round++) {
		struct pair p = open_pair(NULL);

		p.len_of = len_mixed;
		batch_fill(b, &p, 0, 1024);
		assert_true(weir_port_tx(p.tx, 0, b->pkts, 1024) >= 0);
		close_pair(&p);
	}
	batch_free(b);
}

static void expect_open_error(const char *name, int code, const char *part)
{
	const struct weir_port_opts opts = { .dir = WEIR_PORT_TX };
	struct weir_port *port = NULL;
	struct weir_err err = { 0 };
	int r;

	enter_ns(cfg.txns);
	r = weir_port_open(name, &opts, &port, &err);
	weir_port_close(port);
	if (r != code || !strstr(weir_err_text(&err), part))
		fail_msg("%s: %d, '%s'; not %d with '%s'", name, r, weir_err_text(&err), code,
			 part);
}

static void test_unknown_interface_is_named(void **state)
{
	char name[64];

	(void)state;
	if (!cfg.txif || cfg.makes_device)
		skip();
	snprintf(name, sizeof(name), "%.*snosuchif0", (int)(strcspn(cfg.tx_name, ":") + 1),
		 strchr(cfg.tx_name, ':') ? cfg.tx_name : ":");
	expect_open_error(name[0] == ':' ? name + 1 : name, -ENODEV, "nosuchif0");
}

static void test_unknown_option_is_named(void **state)
{
	size_t len = strcspn(cfg.tx_name, "@");
	char name[128];

	(void)state;
	if (cfg.file)
		skip();
	snprintf(name, sizeof(name), "%.*s,bogus%s", (int)len, cfg.tx_name, cfg.tx_name + len);
	expect_open_error(name, -EINVAL, "'bogus'");
}

static void drop_privileges(void)
{
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = { { 0 } };

	if (setgroups(0, NULL) < 0 || setresgid(65534, 65534, 65534) < 0 ||
	    setresuid(65534, 65534, 65534) < 0 || syscall(SYS_capset, &h, none) < 0)
		_exit(3);
}

/* In a child without capabilities opening fails, and the text names one. */
static void test_missing_privilege_is_named(void **state)
{
	const struct weir_port_opts opts = { .dir = WEIR_PORT_TX };
	int status;
	pid_t pid;

	(void)state;
	if (cfg.is_free || geteuid() != 0)
		skip();
	enter_ns(cfg.txns);
	fflush(stdout);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct weir_port *port = NULL;
		struct weir_err err = { 0 };
		int r;

		drop_privileges();
		r = weir_port_open(cfg.tx_name, &opts, &port, &err);
		if (r != -EPERM && r != -EACCES)
			_exit(1);
		_exit(strstr(err.text, "CAP_") ? 0 : 2);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* Calls tx over and over until enough() holds. */
static void send_until(struct pair *p, struct batch *b, uint32_t *nr, uint64_t *consumed,
		       bool (*enough)(const struct weir_port_stats *, uint64_t), uint64_t arg)
{
	uint64_t end = now_ns() + PATIENCE;
	struct weir_port_stats s;

	do {
		int r;

		assert_true(now_ns() < end);
		batch_fill(b, p, *nr, 16);
		r = weir_port_tx(p->tx, 0, b->pkts, 16);
		if (r < 0)
			fail_msg("sending: %s", strerror(-r));
		*nr += (uint32_t)r;
		*consumed += (uint64_t)r;
		receive_some(p);
		if (r < 16)
			assert_true(weir_port_tx_wait(p->tx, 0, MSEC) >= 0);
		s = stats_of(p->tx);
	} while (!enough(&s, arg));
}

static bool frames_reach(const struct weir_port_stats *s, uint64_t n)
{
	return s->tx_frames >= n;
}

static bool down_reach(const struct weir_port_stats *s, uint64_t n)
{
	return s->tx_refused[WEIR_REFUSED_LINK_DOWN] >= n;
}

static void test_link_goes_down_and_up_while_sending(void **state)
{
	struct batch *b = batch_new();
	uint64_t consumed = 0;
	uint32_t nr = 0;
	struct pair p;

	(void)state;
	if (!cfg.txif) {
		batch_free(b);
		skip();
	}
	p = open_pair(NULL);
	p.len_of = len_mixed;
	for (unsigned round = 0; round < 3; round++) {
		uint64_t frames = stats_of(p.tx).tx_frames;
		uint64_t down = stats_of(p.tx).tx_refused[WEIR_REFUSED_LINK_DOWN];

		send_until(&p, b, &nr, &consumed, frames_reach, frames + 100);
		ip_link("set", cfg.txif, "down", NULL);
		send_until(&p, b, &nr, &consumed, down_reach, down + 100);
		ip_link("set", cfg.txif, "up", NULL);
		frames = stats_of(p.tx).tx_frames;
		send_until(&p, b, &nr, &consumed, frames_reach, frames + 100);
	}
	drain(p.tx, 0, consumed);
	check_sums(p.tx, consumed);
	receive_until(&p, stats_of(p.tx).tx_frames);
	assert_int_equal(p.n_received, stats_of(p.tx).tx_frames);
	close_pair(&p);
	batch_free(b);
}

/* The interface goes away: every call of both ends says so, and none hangs. */
static void test_interface_is_removed_while_sending(void **state)
{
	struct pair p = open_pair(NULL);
	struct sender s = { .port = p.tx, .n = UINT32_MAX };
	uint64_t end = now_ns() + PATIENCE;
	struct weir_pkt pkt;
	pthread_t thread;
	int r = 0;

	(void)state;
	p.len_of = len_mixed;
	s.shape = p;
	start(&s, &thread);
	receive_until(&p, 200);
	ip_link("del", cfg.txif, NULL, NULL);
	while (p.rx && r >= 0) {
		r = weir_port_rx(p.rx, 0, &pkt, 1);
		weir_port_rx_release(p.rx, 0);
		if (r == 0)
			r = weir_port_rx_wait(p.rx, 0, 10 * MSEC);
		if (now_ns() > end) {
			atomic_store(&s.stop, true);
			pthread_join(thread, NULL);
			fail_msg("the receiver never learned of it");
		}
	}
	while (now_ns() < end && pthread_tryjoin_np(thread, NULL) != 0)
		usleep(1000);
	if (now_ns() >= end) {
		atomic_store(&s.stop, true);
		pthread_join(thread, NULL);
	}
	if (s.result != -ENODEV && s.result != -ENXIO && s.result != -EPIPE)
		fail_msg("the sender ended with %d", s.result);
	assert_int_equal(weir_port_tx_wait(p.tx, 0, UINT64_MAX), s.result);
	assert_int_equal(weir_port_tx_drain(p.tx, 0, UINT64_MAX), s.result);
	check_sums(p.tx, weir_port_tx_done(p.tx, 0));
	assert_true(weir_port_tx_done(p.tx, 0) >= s.consumed);
	close_pair(&p);
}

static bool read_setting(const char *arg)
{
	const struct {
		const char *name;
		bool *flag;
		const char **text;
	} rows[] = {
		{ "txns=", NULL, &cfg.txns },
		{ "rxns=", NULL, &cfg.rxns },
		{ "txif=", NULL, &cfg.txif },
		{ "only=", NULL, &cfg.only },
		{ "sink", &cfg.sink, NULL },
		{ "file", &cfg.file, NULL },
		{ "blocks", &cfg.blocks, NULL },
		{ "any-length", &cfg.any_length, NULL },
		{ "free", &cfg.is_free, NULL },
		{ "remove", &cfg.remove, NULL },
		{ "makes-device", &cfg.makes_device, NULL },
	};

	if (!strncmp(arg, "queues=", 7)) {
		cfg.queues = (unsigned)strtoul(arg + 7, NULL, 10);
		return cfg.queues > 0;
	}
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].text && !strncmp(arg, rows[i].name, strlen(rows[i].name))) {
			*rows[i].text = arg + strlen(rows[i].name);
			return true;
		}
		if (rows[i].flag && !strcmp(arg, rows[i].name)) {
			*rows[i].flag = true;
			return true;
		}
	}
	return false;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_length_arrives_exact_and_in_order),
		cmocka_unit_test(test_batches_of_every_size),
		cmocka_unit_test(test_empty_batch_is_nothing),
		cmocka_unit_test(test_vlan_tags_survive),
		cmocka_unit_test(test_too_long_is_refused_and_never_cut),
		cmocka_unit_test(test_too_short_is_refused),
		cmocka_unit_test(test_full_ring_is_told_or_counted),
		cmocka_unit_test(test_frames_inside_the_region_and_outside),
		cmocka_unit_test(test_sending_and_receiving_at_the_same_time),
		cmocka_unit_test(test_many_queues),
		cmocka_unit_test(test_close_while_busy),
		cmocka_unit_test(test_unknown_interface_is_named),
		cmocka_unit_test(test_unknown_option_is_named),
		cmocka_unit_test(test_missing_privilege_is_named),
		cmocka_unit_test(test_link_goes_down_and_up_while_sending),
	};
	const struct CMUnitTest removal[] = {
		cmocka_unit_test(test_interface_is_removed_while_sending),
	};

	if (argc < 3)
		return 2;
	cfg.tx_name = argv[1];
	cfg.rx_name = argv[2];
	for (int i = 3; i < argc; i++) {
		if (!read_setting(argv[i])) {
			fprintf(stderr, "conform: what is '%s'?\n", argv[i]);
			return 2;
		}
	}
	if (cfg.only)
		cmocka_set_test_filter(cfg.only);
	return cfg.remove ? unit_run(removal) : unit_run(tests);
}
