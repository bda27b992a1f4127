/* SPDX-License-Identifier: BSD-2-Clause */
/* Places of packet's receive rings: lent, and given back. tests/conformance has real ones. */
#include <errno.h>

#include "port/packet-rx.h"
#include "port/packet.h"
#include "support/unit.h"

#define PLACES 8u

/* What comes next: frames, and behind them places whose frames cannot be had. */
static struct {
	unsigned frames, lost, released;
} ring;

static unsigned take(struct packet_rx *rx, struct weir_pkt *ret_pkts, unsigned max,
		     uint64_t *dropped)
{
	unsigned n = 0;

	for (; ring.frames && n < max && rx->held < rx->n; ring.frames--) {
		ret_pkts[n++] = (struct weir_pkt){ .len = 60, .orig_len = 60 };
		packet_hold(rx);
	}
	for (; ring.lost && n < max && rx->held < rx->n; ring.lost--) {
		++*dropped;
		packet_hold(rx);
	}
	return n;
}

static void release(struct packet_rx *rx)
{
	for (; rx->held; rx->held--)
		assert_int_equal(packet_first_held(rx), ring.released++ % PLACES);
}

struct setup {
	struct packet_rx rx;
	struct packet_priv priv;
	struct port_queue queue;
	struct weir_port port;
};

static void begin(struct setup *t)
{
	static const struct packet_ring_ops ops = { .take = take, .release = release };

	*t = (struct setup){ .rx = { .fd = -EBADF, .ops = &ops, .n = PLACES } };
	t->priv.rx = &t->rx;
	t->port.priv = &t->priv;
	t->port.queues = &t->queue;
	ring.frames = ring.lost = ring.released = 0;
}

static int receive(struct setup *t, unsigned frames, unsigned lost)
{
	struct weir_pkt pkts[PLACES];

	ring.frames = frames;
	ring.lost = lost;
	return packet_rx(&t->port, 0, pkts, PLACES);
}

static void test_places_are_given_back_in_order(void **state)
{
	struct setup t;

	(void)state;
	begin(&t);
	for (unsigned i = 0; i < 5; i++) {
		assert_int_equal(receive(&t, 3, 0), 3);
		packet_rx_release(&t.port, 0);
	}
	assert_int_equal(ring.released, 15);
}

/* Who was given no frame gives none back, and a ring without a place gets no more of them. */
static void test_places_of_lost_frames_are_given_back_unasked(void **state)
{
	struct setup t;

	(void)state;
	begin(&t);
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(receive(&t, 0, 3), 0);
	assert_int_equal(ring.released, 15);
	assert_int_equal(counter_get(&t.queue.rx.dropped), 15);
	assert_int_equal(receive(&t, PLACES, 0), PLACES);
}

static void test_lost_frames_take_no_lent_ones_with_them(void **state)
{
	struct setup t;

	(void)state;
	begin(&t);
	assert_int_equal(receive(&t, 2, 0), 2);
	assert_int_equal(receive(&t, 0, 3), 0);
	assert_int_equal(ring.released, 0);
	packet_rx_release(&t.port, 0);
	assert_int_equal(ring.released, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_places_are_given_back_in_order),
		cmocka_unit_test(test_places_of_lost_frames_are_given_back_unasked),
		cmocka_unit_test(test_lost_frames_take_no_lent_ones_with_them),
	};

	return unit_run(tests);
}
