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
 *     low-latency       the receiver is opened so
 *     shared            the region is one that other processes can map
 *     remove            run only the test that removes txif
 *     only=TEST         run only that one
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <weir/port.h>

#include "frames.h"
#include "pair.h"
#include "support/unit.h"

struct config cfg;

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
	if (!cfg.blocks)
		drain(p.tx, 0, consumed); /* what is held for the receiver may be held here */
	check_sums(p.tx, consumed);

	receive_until(&p, stats_of(p.tx).tx_frames);
	drain(p.tx, 0, consumed);
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
	if (cfg.shared) {
		region.shared = true;
		region.fd = memfd_create("region", MFD_CLOEXEC | MFD_ALLOW_SEALING);
		assert_int_equal(ftruncate(region.fd, size), 0);
		assert_int_equal(fcntl(region.fd, F_ADD_SEALS, F_SEAL_SHRINK), 0);
	}
	region.base = mmap(NULL, size, PROT_READ | PROT_WRITE,
			   cfg.shared ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS,
			   cfg.shared ? region.fd : -1, 0);
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
	if (cfg.shared)
		close(region.fd);
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
/* As who waits for many ports hears of them: told of changes only. */
static void test_a_descriptor_tells_that_frames_have_come(void **state)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLET };
	struct pair p = open_pair(NULL);
	int fd = p.rx ? weir_port_rx_fd(p.rx, 0) : -ENOTSUP;
	struct batch *b;
	int epoll_fd;

	(void)state;
	if (fd < 0) {
		assert_int_equal(fd, -ENOTSUP);
		close_pair(&p);
		skip();
	}
	b = batch_new();
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	assert_int_equal(epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &ev), 0);
	p.len_of = len_mixed;
	for (uint32_t i = 0; i < 20; i++) {
		batch_fill(b, &p, i, 1);
		send_whole(&p, b->pkts, 1);
		while (p.n_received <= i)
			if (receive_some(&p) == 0)
				assert_int_equal(epoll_wait(epoll_fd, &ev, 1, 10000), 1);
	}
	close(epoll_fd);
	batch_free(b);
	close_pair(&p);
}

static void test_many_queues(void **state)
{
	const struct weir_port_opts tx_opts = { .dir = WEIR_PORT_TX, .queues = cfg.queues };
	const struct weir_port_opts rx_opts = { .dir = WEIR_PORT_RX,
						.queues = cfg.queues,
						.low_latency = cfg.low_latency };
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

/* TCP over IPv4 over Ethernet, perhaps with a VLAN tag; the rest of len bytes is payload. */
static void make_tcp(uint8_t *frame, uint32_t len, bool vlan)
{
	static const uint8_t headers[] = {
		2,    0,  0,	0,    0, 1, 2,	  0, 0,	 0, 0, 2, 8,	0, /* Ethernet */
		0x45, 0,  0,	0,    0, 1, 0x40, 0, 64, 6, 0, 0, 10,	9,
		9,    1,  10,	9,    9, 2, /* IPv4 */
		0,    80, 4,	0,    0, 0, 0,	  1, 0,	 0, 0, 1, 0x50, 0x10,
		1,    0,  0x12, 0x34, 0, 0, /* TCP */
	};
	static const uint8_t tag[] = { 0x81, 0, 0, 9 };
	uint8_t *at = frame + 12 + (vlan ? sizeof(tag) : 0);
	uint32_t ip_len = len - (uint32_t)(at + 2 - frame);

	memset(frame, 'x', len);
	memcpy(frame, headers, 12);
	memcpy(frame + 12, tag, sizeof(tag));
	memcpy(at, headers + 12, sizeof(headers) - 12);
	at[4] = (uint8_t)(ip_len >> 8);
	at[5] = (uint8_t)ip_len;
}

/* A frame to be cut, whose checksum is missing, comes with both told. */
static void send_undone(struct weir_port *tx, struct weir_port *rx, bool vlan)
{
	enum {
		LEN = 5054
	};
	uint8_t memory[WEIR_OFFLOAD_LEN + LEN];
	const uint16_t l4 = vlan ? 38 : 34;
	struct weir_offload o = { .flags = WEIR_OFFLOAD_SUM,
				  .cut = 1,
				  .header_len = l4 + 20,
				  .cut_len = 1000,
				  .sum_from = l4,
				  .sum_at = 16 };
	struct weir_pkt pkt = { .data = memory + WEIR_OFFLOAD_LEN, .len = LEN, .orig_len = LEN };
	uint64_t end = now_ns() + PATIENCE;
	struct weir_pkt got;

	make_tcp(pkt.data, LEN, vlan);
	memcpy(memory, &o, WEIR_OFFLOAD_LEN);
	assert_int_equal(weir_port_tx(tx, 0, &pkt, 1), 1);
	check_sums(tx, vlan + 1);
	assert_int_equal(stats_of(tx).tx_bytes, (vlan + 1) * LEN);
	while (weir_port_rx(rx, 0, &got, 1) == 0) {
		assert_true(now_ns() < end);
		assert_true(weir_port_rx_wait(rx, 0, MSEC) >= 0);
	}
	assert_int_equal(got.len, LEN);
	assert_memory_equal(got.data, pkt.data, LEN);
	memcpy(&o, got.data - WEIR_OFFLOAD_LEN, WEIR_OFFLOAD_LEN);
	assert_int_equal(o.flags, WEIR_OFFLOAD_SUM);
	assert_int_equal(o.cut, 1);
	assert_int_equal(o.cut_len, 1000);
	assert_int_equal(o.sum_from, l4);
	assert_int_equal(o.sum_at, 16);
	assert_true(o.header_len >= l4 + 20);
	weir_port_rx_release(rx, 0);
}

static void test_what_is_left_to_be_done_on_a_frame_is_told(void **state)
{
	struct weir_port_opts opts = { .dir = WEIR_PORT_TX, .offload = true };
	struct weir_port *tx = NULL, *rx = NULL;
	struct weir_err err = { 0 };
	int r;

	(void)state;
	enter_ns(cfg.txns);
	r = weir_port_open(cfg.tx_name, &opts, &tx, &err);
	opts.dir = WEIR_PORT_RX;
	opts.low_latency = cfg.low_latency;
	enter_ns(cfg.rxns);
	if (r == 0 && !cfg.sink && !cfg.file)
		r = weir_port_open(cfg.rx_name, &opts, &rx, &err);
	if (!rx) {
		weir_port_close(tx);
		assert_true(r == 0 || (r == -ENOTSUP && err.text[0]));
		skip();
	}
	assert_true(weir_port_info(tx)->offload && weir_port_info(rx)->offload);
	send_undone(tx, rx, false);
	send_undone(tx, rx, true);
	weir_port_close(tx);
	weir_port_close(rx);
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
		{ "shared", &cfg.shared, NULL },
		{ "remove", &cfg.remove, NULL },
		{ "makes-device", &cfg.makes_device, NULL },
		{ "low-latency", &cfg.low_latency, NULL },
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
		cmocka_unit_test(test_a_descriptor_tells_that_frames_have_come),
		cmocka_unit_test(test_many_queues),
		cmocka_unit_test(test_what_is_left_to_be_done_on_a_frame_is_told),
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
