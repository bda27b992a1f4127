/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pkt-gen's functions ping and pong. A ping carries, at the beginning of its payload and in
 * this machine's byte order, its number, and the time that it left at in seconds and
 * nanoseconds since 1970, 32 bits each. Pong sends back what comes, addresses swapped.
 */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>

#include "pktgen.h"
#include "util.h"

#define MARK_LEN 12u
#define BATCH	 256u
/* How long answers are waited for, and how often it is looked meanwhile whether to stop. */
#define PATIENCE_NS (3 * NSEC_PER_SEC)
#define LOOK_NS	    (10 * NSEC_PER_MSEC)

/* Round trips. */
struct rtt {
	uint64_t n, min_ns, sum_ns;
	uint64_t buckets[64]; /* by the place of the uppermost bit */
};

struct pinger {
	const struct pktgen *p;
	struct weir_clock clock;
	bool has_clock;
	uint8_t *frame;
	uint32_t frame_len;
	struct rtt total, second; /* all answers, and those since told_ns */
	uint64_t told_ns;
	uint64_t begin_ns, answered; /* answered: of the last burst */
	int stop;		     /* relaxed atomic */
	int done_fd;		     /* eventfd: the thread has ended */
	pthread_t thread;
	bool runs;
	int error;
	_Atomic uint64_t sent, events;
};

static bool is_stopped(const struct pinger *g)
{
	return __atomic_load_n(&g->stop, __ATOMIC_RELAXED);
}

static void rtt_add(struct rtt *t, uint64_t ns)
{
	if (!t->n || ns < t->min_ns)
		t->min_ns = ns;
	t->n++;
	t->sum_ns += ns;
	t->buckets[63 - __builtin_clzll(ns | 1)]++;
}

/* What came in about a second. */
static void tell_second(struct pinger *g, uint64_t now)
{
	struct rtt *t = &g->second;
	char text[64 * 22] = "";
	size_t len = 0;
	unsigned low = 0, high = 63;

	if (now - g->told_ns < NSEC_PER_SEC)
		return;
	if (t->n) {
		while (!t->buckets[low])
			low++;
		while (!t->buckets[high])
			high--;
		for (unsigned i = low; i <= high; i++)
			len += (size_t)snprintf(text + len, sizeof(text) - len, " %5" PRIu64,
						t->buckets[i]);
		PKTGEN_SAY("ping_body", "count %" PRIu64 " RTT: min %" PRIu64 " av %" PRIu64 " ns",
			   t->n, t->min_ns, t->sum_ns / t->n);
		PKTGEN_SAY("ping_body", "k: %" PRIu64 " .. %" PRIu64 "\n\t%s", UINT64_C(1) << low,
			   UINT64_C(1) << high, text);
	}
	*t = (struct rtt){ 0 };
	g->told_ns = now;
}

/* The number of a ping and when it left. */
static void mark(const struct pinger *g, uint8_t *frame, uint32_t number)
{
	uint64_t now = clock_ns(CLOCK_REALTIME);
	const uint32_t words[3] = { number, (uint32_t)(now / NSEC_PER_SEC),
				    (uint32_t)(now % NSEC_PER_SEC) };
	uint8_t bytes[MARK_LEN];

	memcpy(bytes, words, sizeof(bytes));
	pktgen_payload_put(g->p->frames.ipv6, frame + g->p->frames.header_len, bytes,
			   sizeof(bytes));
}

/* An answer to one of our pings has our addresses, swapped. */
static bool is_answer(const struct pinger *g, const struct weir_pkt *pkt, uint64_t *ret_left_ns)
{
	const struct pktgen_frames *f = &g->p->frames;
	const uint8_t *data = pkt->data + f->header_len;
	uint32_t at = pktgen_payload_at(f->ipv6), words[3];

	if (pkt->len < f->header_len + at + MARK_LEN || memcmp(data, f->src_mac, 6) != 0 ||
	    memcmp(data + 6, f->dst_mac, 6) != 0 || memcmp(data + 12, f->base + 12, 2) != 0)
		return false;
	memcpy(words, data + at, sizeof(words));
	*ret_left_ns = words[1] * NSEC_PER_SEC + words[2];
	return words[0] < g->sent && words[2] < NSEC_PER_SEC;
}

static int send_burst(struct pinger *g, unsigned n)
{
	unsigned done = 0;

	for (unsigned i = 0; i < n && !is_stopped(g); i += done) {
		struct weir_pkt pkt = { .data = g->frame,
					.len = g->frame_len,
					.orig_len = g->frame_len };
		int r;

		mark(g, pkt.data, (uint32_t)g->sent);
		r = weir_port_tx(g->p->port, 0, &pkt, 1);
		done = r > 0;
		g->sent += done;
		if (r == 0)
			r = weir_port_tx_wait(g->p->port, 0, LOOK_NS);
		if (r < 0)
			return r;
	}
	g->events++;
	return 0;
}

/* Takes what is there: how many frames, or a negative errno. */
static int take_answers(struct pinger *g)
{
	struct weir_pkt pkts[BATCH];
	int n = weir_port_rx(g->p->port, 0, pkts, BATCH);
	uint64_t now, left;

	if (n <= 0)
		return n;
	now = clock_ns(CLOCK_REALTIME);
	for (int i = 0; i < n; i++) {
		if (!is_answer(g, &pkts[i], &left))
			continue;
		/* The clock may have been set back meanwhile. */
		rtt_add(&g->total, now > left ? now - left : 0);
		rtt_add(&g->second, now > left ? now - left : 0);
		g->answered++;
	}
	weir_port_rx_release(g->p->port, 0);
	return n;
}

/* Until one answer is there, or all if it was the last burst. */
static int await_answers(struct pinger *g, uint64_t wanted)
{
	uint64_t end = clock_ns(CLOCK_MONOTONIC) + PATIENCE_NS;
	int r = 0;

	while (r >= 0 && g->answered < wanted && !is_stopped(g)) {
		r = take_answers(g);
		if (r != 0)
			continue;
		if (clock_ns(CLOCK_MONOTONIC) >= end) {
			PKTGEN_SAY("ping_body", "poll error on queue 0: timeout");
			break;
		}
		r = weir_port_rx_wait(g->p->port, 0, LOOK_NS);
	}
	return r;
}

/* At a rate bursts leave at equal distances. */
static void await_turn(struct pinger *g, uint64_t burst_nr)
{
	const struct pktgen_cfg *cfg = &g->p->cfg;
	uint64_t t;

	if (!cfg->rate)
		return;
	t = g->begin_ns +
	    (uint64_t)((unsigned __int128)burst_nr * cfg->burst * NSEC_PER_SEC / cfg->rate);
	while (!is_stopped(g) && g->clock.now(g->clock.ctx) < t)
		(void)g->clock.wait(g->clock.ctx, t, &g->stop);
}

static int ping(struct pinger *g)
{
	const struct pktgen_cfg *cfg = &g->p->cfg;
	int r = 0;

	g->begin_ns = g->clock.now(g->clock.ctx);
	g->told_ns = clock_ns(CLOCK_MONOTONIC);
	for (uint64_t i = 0; r >= 0 && !is_stopped(g); i++) {
		uint64_t n = cfg->burst;

		if (cfg->count)
			n = MIN(n, cfg->count - g->sent);
		if (!n)
			break;
		await_turn(g, i);
		g->answered = 0;
		r = send_burst(g, (unsigned)n);
		if (r >= 0)
			r = await_answers(g, g->sent == cfg->count ? n : 1);
		tell_second(g, clock_ns(CLOCK_MONOTONIC));
	}
	return r < 0 ? r : 0;
}

static void *ping_main(void *arg)
{
	struct pinger *g = arg;
	const uint64_t one = 1;

	g->error = ping(g);
	(void)!write(g->done_fd, &one, sizeof(one)); /* an eventfd at 0 takes a 1 */
	return NULL;
}

static int ping_open(struct pktgen *p, struct weir_err *err)
{
	const struct pktgen_frames *f = &p->frames;
	struct pinger *g;
	int r;

	if (f->len < pktgen_payload_at(f->ipv6) + MARK_LEN)
		return err_text(err, -EINVAL, "-l: a ping has at least %" PRIu32 " bytes",
				pktgen_payload_at(f->ipv6) + MARK_LEN);
	r = pktgen_open_port(p, 1, NULL, err);
	if (r < 0)
		return r;
	g = p->pinger = xcalloc(1, sizeof(*g));
	g->p = p;
	g->frame_len = pktgen_frame_len(f, 0);
	g->frame = xcalloc(1, g->frame_len);
	pktgen_frame_make(f, 0, g->frame);
	g->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (g->done_fd < 0)
		return err_text(err, -errno, "cannot make an eventfd: %s", strerror(errno));
	r = weir_clock_open(WEIR_TIMER_AUTO, false, &g->clock, err);
	g->has_clock = r >= 0;
	return r;
}

static int ping_start(struct pktgen *p, struct weir_err *err)
{
	int e = pthread_create(&p->pinger->thread, NULL, ping_main, p->pinger);

	if (e)
		return err_text(err, -e, "cannot start a thread: %s", strerror(e));
	p->pinger->runs = true;
	return 0;
}

static int ping_fd(const struct pktgen *p)
{
	return p->pinger->done_fd;
}

static void ping_stop(struct pktgen *p)
{
	__atomic_store_n(&p->pinger->stop, 1, __ATOMIC_RELAXED);
}

static void ping_counts(const struct pktgen *p, struct pktgen_counts *ret)
{
	uint64_t sent = p->pinger->sent;

	*ret = (struct pktgen_counts){ .packets = sent,
				       .bytes = sent * p->pinger->frame_len,
				       .events = p->pinger->events };
}

static void end_thread(struct pinger *g)
{
	if (!g->runs)
		return;
	__atomic_store_n(&g->stop, 1, __ATOMIC_RELAXED);
	(void)pthread_join(g->thread, NULL);
	g->runs = false;
}

static int ping_join(struct pktgen *p, struct weir_err *err)
{
	struct pinger *g = p->pinger;

	end_thread(g);
	return g->error < 0 ? err_text(err, g->error, "%s: %s", p->cfg.port, strerror(-g->error))
			    : 0;
}

static int ping_tell(const struct pktgen *p)
{
	const struct pinger *g = p->pinger;
	const struct rtt *t = &g->total;

	if (t->n)
		PKTGEN_SAY("ping_body",
			   "RTT over %" PRIu64 " packets: min %" PRIu64 " av %" PRIu64 " ns", t->n,
			   t->min_ns, t->sum_ns / t->n);
	if (t->n < g->sent)
		PKTGEN_SAY("ping_body", "%" PRIu64 " of %" PRIu64 " packets had no answer",
			   g->sent - t->n, g->sent);
	return 0;
}

struct pinger *pinger_free(struct pinger *g)
{
	if (!g)
		return NULL;
	end_thread(g);
	if (g->has_clock)
		weir_clock_close(&g->clock);
	if (g->done_fd > 0)
		(void)close(g->done_fd); /* nothing to be done about it here */
	free(g->frame);
	free(g);
	return NULL;
}

static void swap(uint8_t *a, uint8_t *b, unsigned n)
{
	uint8_t copy[16];

	memcpy(copy, a, n);
	memcpy(a, b, n);
	memcpy(b, copy, n);
}

/* Hardware and IP addresses change places, which checksums do not notice. */
static int swap_addresses(void *ctx, struct weir_buf *bufs, unsigned n)
{
	uint32_t header_len = *(const uint32_t *)ctx;

	for (unsigned i = 0; i < n; i++) {
		uint8_t *data = bufs[i].data + header_len;
		uint32_t len = bufs[i].len < header_len ? 0 : bufs[i].len - header_len;

		if (len < 14) {
			bufs[i].port = WEIR_NO_PORT;
			continue;
		}
		swap(data, data + 6, 6);
		if (len >= 34 && data[12] == 0x08 && data[13] == 0x00)
			swap(data + 26, data + 30, 4);
		else if (len >= 54 && data[12] == 0x86 && data[13] == 0xdd)
			swap(data + 22, data + 38, 16);
	}
	return 0;
}

static int pong_open(struct pktgen *p, struct weir_err *err)
{
	struct weir_lane lane = { .stages = &p->pong_stage, .n_stages = 1 };
	int r = pktgen_open_port(p, 1, NULL, err);

	if (r < 0)
		return r;
	p->pong_stage = (struct weir_stage){ .run = swap_addresses,
					     .ctx = &p->frames.header_len,
					     .changes = true };
	lane.from = lane.to = p->port;
	return weir_forwarder_new(
		&(struct weir_forward_opts){ .lanes = &lane, .n_lanes = 1, .limit = p->cfg.count },
		&p->forwarder, err);
}

static int pong_start(struct pktgen *p, struct weir_err *err)
{
	return weir_forwarder_start(p->forwarder, err);
}

static int pong_fd(const struct pktgen *p)
{
	return weir_forwarder_fd(p->forwarder);
}

static void pong_stop(struct pktgen *p)
{
	weir_forwarder_stop(p->forwarder);
}

static void pong_counts(const struct pktgen *p, struct pktgen_counts *ret)
{
	struct weir_port_stats s;

	weir_port_stats(p->port, &s);
	*ret = (struct pktgen_counts){ .packets = s.tx_frames, .bytes = s.tx_bytes };
}

static int pong_join(struct pktgen *p, struct weir_err *err)
{
	return weir_forwarder_join(p->forwarder, err);
}

const struct pktgen_function_ops pktgen_ping = {
	.working = "Working on",
	.dirs = WEIR_PORT_TX | WEIR_PORT_RX,
	.burst = 1,
	.open = ping_open,
	.start = ping_start,
	.fd = ping_fd,
	.stop = ping_stop,
	.counts = ping_counts,
	.join = ping_join,
	.tell = ping_tell,
};

const struct pktgen_function_ops pktgen_pong = {
	.working = "Working on",
	.dirs = WEIR_PORT_TX | WEIR_PORT_RX,
	.burst = 1,
	.open = pong_open,
	.start = pong_start,
	.fd = pong_fd,
	.stop = pong_stop,
	.counts = pong_counts,
	.join = pong_join,
};
