/* SPDX-License-Identifier: BSD-2-Clause */
#include "pair.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "frames.h"
#include "support/unit.h"

#define PLACE 9216U /* MAX_LEN, rounded up */

extern char **environ;

uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * SEC + (uint64_t)ts.tv_nsec;
}

void enter_ns(const char *ns)
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

void ip_link(const char *a, const char *b, const char *c, const char *d)
{
	const char *const argv[] = { "ip", "-n", cfg.txns, "link", a, b, c, d, NULL };
	int status = -1;
	pid_t pid;

	assert_int_equal(
		posix_spawnp(&pid, "ip", NULL, NULL, (char *const *)(uintptr_t)argv, environ), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

struct weir_port *open_port(const char *name, const char *ns, const struct weir_port_opts *opts)
{
	struct weir_port *port = NULL;
	struct weir_err err = { 0 };

	enter_ns(ns);
	if (weir_port_open(name, opts, &port, &err) < 0)
		fail_msg("%s", weir_err_text(&err));
	assert_string_equal(err.text, "");
	return port;
}

struct weir_port *open_tx(const struct weir_region *region)
{
	struct weir_port_opts opts = { .dir = WEIR_PORT_TX, .linktype = 1 };

	if (region)
		opts.region = *region;
	return open_port(cfg.tx_name, cfg.txns, &opts);
}

struct weir_port *open_rx(void)
{
	const struct weir_port_opts opts = { .dir = WEIR_PORT_RX,
					     .promisc = true,
					     .low_latency = cfg.low_latency };

	return open_port(cfg.rx_name, cfg.rxns, &opts);
}

struct pair open_pair(const struct weir_region *region)
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

void close_pair(struct pair *p)
{
	p->tx = weir_port_close(p->tx);
	p->rx = weir_port_close(p->rx);
}

uint32_t shortest(const struct pair *p)
{
	return p->raw_ip ? 20 : 14;
}

uint32_t len_all(const struct pair *p, uint32_t nr)
{
	return shortest(p) + nr % (p->longest - shortest(p) + 1);
}

uint32_t len_fixed(const struct pair *p, uint32_t nr)
{
	(void)nr;
	return p->fixed_len;
}

uint32_t len_mixed(const struct pair *p, uint32_t nr)
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

int receive_some(struct pair *p)
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

struct weir_port_stats stats_of(struct weir_port *port)
{
	struct weir_port_stats s;

	weir_port_stats(port, &s);
	return s;
}

void receive_until(struct pair *p, uint64_t n)
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

void check_sums(struct weir_port *port, uint64_t consumed)
{
	struct weir_port_stats s = stats_of(port);
	uint64_t sum = 0;

	for (unsigned i = 0; i < WEIR_N_REFUSALS; i++)
		sum += s.tx_refused[i];
	assert_int_equal(s.tx_refused_total, sum);
	assert_int_equal(s.tx_frames + sum, consumed);
}

void drain(struct weir_port *port, unsigned q, uint64_t consumed)
{
	uint64_t end = now_ns() + PATIENCE;

	while (weir_port_tx_drain(port, q, 10 * MSEC) == 0)
		assert_true(now_ns() < end);
	assert_int_equal(weir_port_tx_done(port, q), consumed);
}

struct batch *batch_new(void)
{
	struct batch *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	b->mem = malloc(1024 * PLACE);
	assert_non_null(b->mem);
	return b;
}

void batch_free(struct batch *b)
{
	free(b->mem);
	free(b);
}

void batch_fill(struct batch *b, const struct pair *p, uint32_t first, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		uint32_t len = p->len_of(p, first + i);
		uint8_t *data = b->mem + i * PLACE;

		frame_make(data, len, first + i, p->raw_ip, p->vlan);
		b->pkts[i] = (struct weir_pkt){ .data = data, .len = len, .orig_len = len };
	}
}

void send_whole(struct pair *p, const struct weir_pkt *pkts, unsigned n)
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

void exchange(struct pair *p, uint32_t n, unsigned batch)
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
