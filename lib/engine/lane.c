/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The forwarding loop:
 *
 *	take a batch from one port
 *	what is left to be done on its frames: do it, or keep it in mind
 *	lead them through the stages
 *	hand what comes out to the other port, waiting for room within reason
 *	give the batch back
 *
 * Frames stay where the port has them, unless a stage changes them or something has to
 * stand before them that the sending port expects there.
 */
#include "engine/lane.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/macros.h"
#include "base/time.h"
#include "engine/offload.h"

#define LOOK_NS	  (10 * NSEC_PER_MSEC) /* longest wait between two looks at the stop word */
#define NAP_NS	  NSEC_PER_MSEC
#define DRAIN_NS  NSEC_PER_SEC
#define AREA_SIZE (1u << 20)
#define GROWTH	  128u /* frames grow by link layers and tags */
#define HEADROOM  16u  /* WEIR_OFFLOAD_LEN, and frames stay aligned */

static int port_failed(struct lane *l, const struct weir_port *port, int r)
{
	return err_set(&l->err, r, "%s: %s", weir_port_info(port)->name, strerror(-r));
}

/* Waits for room for what is left of a batch. 1: go on; 0: it is to be dropped; or the port
 * is gone. since: when the port last took one, 0: no look at the clock yet. */
static int wait_for_room(struct lane *l, uint64_t *since)
{
	uint64_t now = time_now(CLOCK_MONOTONIC);
	int r;

	if (!*since)
		*since = now;
	if (l->stuck || lane_is_stopped(l))
		return 0;
	if (now - *since >= l->f->patience_ns) {
		l->stuck = true;
		return 0;
	}
	counter_add(&l->counters.waits, 1);
	r = weir_port_tx_wait(l->cfg.to, l->cfg.to_queue, LOOK_NS);
	return r < 0 ? r : 1;
}

/* Hands n frames to the port: what it does not take is dropped here, and only here. */
static int give(struct lane *l, const struct weir_pkt *pkts, unsigned n)
{
	uint64_t since = 0;
	unsigned done = 0;
	int r = 0;

	for (;;) {
		r = weir_port_tx(l->cfg.to, l->cfg.to_queue, pkts + done, n - done);
		if (unlikely(r < 0))
			break;
		done += (unsigned)r;
		if (r > 0)
			l->stuck = false;
		if (likely(done == n))
			break;
		if (r > 0)
			since = 0;
		r = wait_for_room(l, &since);
		if (r <= 0)
			break;
	}
	counter_add(&l->counters.given, done);
	counter_add(lane_is_stopped(l) ? &l->counters.left_over : &l->counters.no_room, n - done);
	return r < 0 ? port_failed(l, l->cfg.to, r) : 0;
}

/* As give(), as far as the limit allows. */
static int give_limited(struct lane *l, const struct weir_pkt *pkts, unsigned n)
{
	const struct timespec nap = time_spec(NAP_NS);
	int r = 0;

	while (n && r == 0 && !lane_is_stopped(l)) {
		unsigned k = lane_claim(l, n);

		if (!k) { /* the other lanes have claimed the last ones, maybe in vain */
			(void)nanosleep(&nap, NULL); /* a signal is as good as the end of it */
			continue;
		}
		r = give(l, pkts, k);
		lane_claim_done(l);
		pkts += k;
		n -= k;
	}
	counter_add(&l->counters.left_over, n);
	return r;
}

static int hand_over(struct lane *l, const struct weir_pkt *pkts, unsigned n)
{
	if (!n)
		return 0;
	return l->f->limit ? give_limited(l, pkts, n) : give(l, pkts, n);
}

static_assert(AREA_SIZE >= HEADROOM + WEIR_FRAME_MAX + GROWTH + 16, "any frame fits");

/* Room for a frame of len bytes and for what stands before it; NULL: not in this batch. */
static uint8_t *area_place(struct lane_area *a, uint32_t len)
{
	uint8_t *data = a->mem + a->used + HEADROOM;
	uint32_t size = (HEADROOM + len + GROWTH + 15) & ~15u;

	if (AREA_SIZE - a->used < size)
		return NULL;
	a->used += size;
	return data;
}

static bool is_in_area(const struct lane_area *a, const uint8_t *data)
{
	return data >= a->mem && data < a->mem + AREA_SIZE;
}

/* Does what has to be done before stages, or the sending port, see the frame. */
static void see_to_offload(struct lane *l, const struct weir_pkt *pkt, struct weir_offload *ret_o)
{
	*ret_o = (struct weir_offload){ 0 };
	if (l->in_off) {
		offload_get(ret_o, pkt->data);
		/* One that makes no sense stays as it is: the port refuses or takes it. */
		if (l->copies || !l->out_off)
			(void)offload_complete(ret_o, pkt->data, pkt->len);
	} else if (l->guesses) {
		offload_guess(l->linktype, pkt->data, pkt->len);
	}
}

/* Readies received frames from *i on, up to n, for the stages; how many. */
static unsigned gather(struct lane *l, unsigned *i, unsigned n)
{
	unsigned m = 0, cut = 0;

	l->area.used = 0;
	for (; *i < n; (*i)++) {
		const struct weir_pkt *pkt = &l->in[*i];
		uint8_t *data = pkt->data;

		if (unlikely(pkt->len < pkt->orig_len)) {
			l->nr++;
			cut++;
			continue;
		}
		if (l->copies) {
			data = area_place(&l->area, pkt->len);
			if (!data)
				break;
		}
		see_to_offload(l, pkt, &l->offloads[m]);
		if (l->copies)
			memcpy(data, pkt->data, pkt->len);
		l->bufs[m] = (struct weir_buf){
			.data = data,
			.len = pkt->len,
			.room = pkt->len + (l->copies ? GROWTH : 0),
			.orig_len = pkt->orig_len,
			.iface = m,
			.ts_ns = pkt->ts_ns,
			.nr = ++l->nr,
			.linktype = l->linktype,
			.port = l->cfg.side,
		};
		m++;
	}
	counter_add(&l->counters.cut, cut);
	return m;
}

/* Puts before a frame what the sending port expects there. A frame that a stage made lies in
 * that stage's memory, and moves. False: there is no place in this batch. */
static bool put_offload(struct lane *l, const struct weir_buf *b, struct weir_pkt *pkt)
{
	struct weir_offload o = { 0 };

	if (!is_in_area(&l->area, b->data)) {
		pkt->data = area_place(&l->made, b->len);
		if (!pkt->data)
			return false;
		memcpy(pkt->data, b->data, b->len);
	} else if (!l->makes) {
		o = l->offloads[b->iface];
		/* If it can be cut no more it leaves as it is, or is too long. */
		if (o.cut && offload_renew(&o, b->linktype, pkt->data, pkt->len) < 0)
			o = (struct weir_offload){ 0 };
		if (!o.cut)
			o = (struct weir_offload){ 0 };
	}
	offload_put(&o, pkt->data);
	return true;
}

/* Hands over what has come out of the stages. */
static int send_bufs(struct lane *l, const struct weir_buf *bufs, unsigned n, unsigned *n_dropped)
{
	unsigned k = 0;
	int r = 0;

	l->made.used = 0;
	for (unsigned i = 0; i < n && r == 0;) {
		const struct weir_buf *b = &bufs[i];
		struct weir_pkt *pkt = &l->out[k];

		if (b->port == WEIR_NO_PORT) {
			(*n_dropped)++;
			i++;
			continue;
		}
		*pkt = (struct weir_pkt){ b->data, b->len, b->len, b->ts_ns };
		if (l->out_off && l->copies && !put_offload(l, b, pkt)) {
			r = hand_over(l, l->out, k);
			k = l->made.used = 0;
			continue;
		}
		i++;
		if (++k == LANE_BATCH) {
			r = hand_over(l, l->out, k);
			k = l->made.used = 0;
		}
	}
	return r < 0 ? r : hand_over(l, l->out, k);
}

/* Leads m frames through the stages. */
static int lead(struct lane *l, unsigned m)
{
	unsigned came = 0, dropped = 0;
	struct weir_buf *bufs;
	int r = weir_chain_put(&l->chain, l->bufs, m);

	while (r >= 0 && (r = weir_chain_take(&l->chain, &bufs)) > 0) {
		came += (unsigned)r;
		r = send_bufs(l, bufs, (unsigned)r, &dropped);
		if (l->err.code < 0)
			return r;
	}
	if (r < 0)
		return err_set(&l->err, r, "%s: frames cannot be handled: %s",
			       weir_port_info(l->cfg.from)->name, strerror(-r));
	counter_add(&l->counters.dropped, dropped);
	counter_add(&l->counters.made, came > m ? came - m : 0);
	return 0;
}

static int handle(struct lane *l, unsigned n)
{
	uint64_t bytes = 0;
	bool plain = l->plain;
	int r = 0;

	for (unsigned i = 0; i < n; i++) {
		bytes += l->in[i].orig_len;
		plain &= l->in[i].len == l->in[i].orig_len;
	}
	counter_add(&l->counters.frames, n);
	counter_add(&l->counters.bytes, bytes);
	if (likely(plain))
		return hand_over(l, l->in, n);
	for (unsigned i = 0; i < n && r == 0;) {
		unsigned m = gather(l, &i, n);

		r = m ? lead(l, m) : 0;
	}
	return r;
}

int lane_run(struct lane *l)
{
	const struct weir_lane *c = &l->cfg;
	int r = 0, q;

	while (r >= 0 && !lane_is_stopped(l)) {
		r = weir_port_rx(c->from, c->from_queue, l->in, LANE_BATCH);
		if (r > 0) {
			r = handle(l, (unsigned)r);
			weir_port_rx_release(c->from, c->from_queue);
			if (r < 0)
				return r;
		} else if (r == 0) {
			r = weir_port_rx_wait(c->from, c->from_queue, LOOK_NS);
		}
	}
	if (r < 0 && r != -ENODATA)
		return port_failed(l, c->from, r);
	q = weir_port_tx_drain(c->to, c->to_queue, DRAIN_NS);
	return q < 0 ? port_failed(l, c->to, q) : 0;
}

static int check(const struct weir_lane *c, struct weir_err *err)
{
	const struct weir_port_info *from = weir_port_info(c->from), *to = weir_port_info(c->to);

	if (c->from_queue >= from->n_queues || c->to_queue >= to->n_queues)
		return err_set(err, -EINVAL, "%s to %s: there is no such queue", from->name,
			       to->name);
	if (c->n_stages > WEIR_MAX_STAGES)
		return err_set(err, -EINVAL, "%s: more than %u stages", from->name,
			       WEIR_MAX_STAGES);
	for (unsigned i = 0; i < c->n_stages; i++) {
		/* The next frame, which lets them go, may come in a year. */
		if (c->stages[i].holds)
			return err_set(err, -EINVAL,
				       "%s: frames on their way between two ports cannot be held "
				       "back for later ones",
				       from->name);
	}
	return 0;
}

static int area_init(struct lane_area *a)
{
	a->mem = aligned_alloc(64, AREA_SIZE);
	return a->mem ? 0 : -ENOMEM;
}

int lane_init(struct lane *l, struct weir_forwarder *f, const struct weir_lane *cfg,
	      struct weir_err *err)
{
	int r = check(cfg, err);

	if (r < 0)
		return r;
	l->f = f;
	l->cfg = *cfg;
	l->in_off = weir_port_info(cfg->from)->offload;
	l->out_off = weir_port_info(cfg->to)->offload;
	l->guesses = weir_port_info(cfg->from)->sums_missing;
	l->linktype = (uint16_t)weir_port_info(cfg->from)->linktype;
	weir_chain_init(&l->chain, cfg->stages, cfg->n_stages);
	l->makes = weir_chain_makes(&l->chain);
	l->copies = weir_chain_changes(&l->chain) || l->makes || (l->out_off && !l->in_off);
	l->plain = !cfg->n_stages && l->in_off == l->out_off && !l->guesses;
	if ((l->copies && area_init(&l->area) < 0) || (l->makes && area_init(&l->made) < 0))
		return err_set(err, -ENOMEM, "out of memory");
	return 0;
}

void lane_done(struct lane *l)
{
	free(l->area.mem);
	free(l->made.mem);
}
