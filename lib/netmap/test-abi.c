/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The netmap API's headers: that they are right by their tables is asserted where they are
 * compiled. Here: that the memory of weir's ports is what they say, and what they do with it.
 */
#include <net/netmap_user.h>

#include "support/unit.h"
#include "vale/shm.h"

#define SAME(ours, theirs, our_field, their_field)                                                 \
	do {                                                                                       \
		assert_int_equal(offsetof(struct ours, our_field),                                 \
				 offsetof(struct theirs, their_field));                            \
		assert_int_equal(sizeof(((struct ours *)0)->our_field),                            \
				 sizeof(((struct theirs *)0)->their_field));                       \
	} while (0)

static void test_the_memory_of_ports_is_netmaps(void **state)
{
	(void)state;
	SAME(vale_slot, netmap_slot, buf_idx, buf_idx);
	SAME(vale_slot, netmap_slot, len, len);
	SAME(vale_slot, netmap_slot, flags, flags);
	SAME(vale_slot, netmap_slot, ptr, ptr);
	SAME(vale_ring, netmap_ring, buf_ofs, buf_ofs);
	SAME(vale_ring, netmap_ring, num_slots, num_slots);
	SAME(vale_ring, netmap_ring, buf_size, nr_buf_size);
	SAME(vale_ring, netmap_ring, ringid, ringid);
	SAME(vale_ring, netmap_ring, dir, dir);
	SAME(vale_ring, netmap_ring, head, head);
	SAME(vale_ring, netmap_ring, cur, cur);
	SAME(vale_ring, netmap_ring, tail, tail);
	SAME(vale_ring, netmap_ring, flags, flags);
	SAME(vale_ring, netmap_ring, ts_sec, ts.tv_sec);
	SAME(vale_ring, netmap_ring, ts_usec, ts.tv_usec);
	SAME(vale_ring, netmap_ring, offset_mask, offset_mask);
	SAME(vale_ring, netmap_ring, buf_align, buf_align);
	SAME(vale_ring, netmap_ring, sem, sem);
	SAME(vale_if, netmap_if, name, ni_name);
	SAME(vale_if, netmap_if, version, ni_version);
	SAME(vale_if, netmap_if, flags, ni_flags);
	SAME(vale_if, netmap_if, tx_rings, ni_tx_rings);
	SAME(vale_if, netmap_if, rx_rings, ni_rx_rings);
	SAME(vale_if, netmap_if, bufs_head, ni_bufs_head);
	SAME(vale_if, netmap_if, host_tx_rings, ni_host_tx_rings);
	SAME(vale_if, netmap_if, host_rx_rings, ni_host_rx_rings);
	assert_int_equal(sizeof(struct vale_ring), sizeof(struct netmap_ring));
	assert_int_equal(offsetof(struct vale_if, ring_ofs), offsetof(struct netmap_if, ring_ofs));
	assert_int_equal(VALE_SLOT_BUF_CHANGED, NS_BUF_CHANGED);
	assert_int_equal(VALE_SLOT_REPORT, NS_REPORT);
	assert_int_equal(VALE_SLOT_FORWARD, NS_FORWARD);
	assert_int_equal(VALE_SLOT_NO_LEARN, NS_NO_LEARN);
	assert_int_equal(VALE_SLOT_INDIRECT, NS_INDIRECT);
	assert_int_equal(VALE_SLOT_MOREFRAG, NS_MOREFRAG);
	assert_int_equal(VALE_SLOT_FRAGS_SHIFT, NS_PORT_SHIFT);
	assert_int_equal(VALE_MAX_FRAGS, NETMAP_MAX_FRAGS);
	assert_in_range(VALE_API_VERSION, NETMAP_MIN_API, NETMAP_MAX_API);
}

static void test_requests_have_their_numbers(void **state)
{
	(void)state;
	assert_int_equal(NIOCCTRL, 0xc0586997);
	assert_int_equal(NIOCTXSYNC, 0x6994);
	assert_int_equal(NIOCRXSYNC, 0x6995);
	assert_int_equal(NIOCREGIF, 0xc03c6992);
	assert_int_equal(NIOCGINFO, 0xc03c6991);
	assert_int_equal(NETMAP_REQ_VALE_LIST, 5);
	assert_int_equal(NETMAP_REQ_VALE_DELIF, 9);
	assert_int_equal(NETMAP_REQ_POOLS_INFO_GET, 12);
	assert_int_equal(NETMAP_REQ_CSB_ENABLE, 15);
	assert_int_equal(NETMAP_REQ_OPT_OFFSETS, 5);
	assert_int_equal(NETMAP_VNET_HDR_GET, 12);
}

#define N_SLOTS 8u

/* A port with a ring each way, as it lies in memory. */
struct memory {
	_Alignas(128) uint8_t nifp[sizeof(struct vale_if) + 4 * sizeof(int64_t)];
	_Alignas(128) uint8_t tx[256 + N_SLOTS * 16];
	_Alignas(128) uint8_t rx[256 + N_SLOTS * 16];
	uint8_t bufs[4][VALE_BUF_SIZE];
};

static struct vale_ring *ring_in(uint8_t *at, struct memory *m, uint16_t dir)
{
	struct vale_ring *r = (void *)at;

	r->num_slots = N_SLOTS;
	r->buf_size = VALE_BUF_SIZE;
	r->dir = dir;
	r->buf_ofs = m->bufs[0] - at;
	return r;
}

static struct netmap_if *make(struct memory *m)
{
	const ptrdiff_t at[] = { m->tx - (uint8_t *)m, 0, m->rx - (uint8_t *)m, 0 };
	struct vale_if *nifp = (void *)m->nifp;

	nifp->tx_rings = nifp->rx_rings = nifp->host_tx_rings = nifp->host_rx_rings = 1;
	for (unsigned i = 0; i < 4; i++)
		nifp->ring_ofs[i] = at[i];
	(void)ring_in(m->tx, m, 0);
	(void)ring_in(m->rx, m, 1);
	return NETMAP_IF(m, 0);
}

static void test_rings_and_buffers_are_found(void **state)
{
	static struct memory m;
	struct netmap_if *nifp = make(&m);
	struct netmap_ring *tx = NETMAP_TXRING(nifp, 0), *rx = NETMAP_RXRING(nifp, 0);
	struct netmap_slot *slot = &rx->slot[N_SLOTS - 1];

	(void)state;
	assert_ptr_equal(tx, m.tx);
	assert_ptr_equal(rx, m.rx);
	assert_int_equal(rx->dir, 1);
	assert_ptr_equal((uint8_t *)(slot + 1), m.rx + sizeof(m.rx));
	assert_ptr_equal(NETMAP_BUF(tx, 3), m.bufs[3]);
	assert_ptr_equal(NETMAP_BUF(rx, 3), m.bufs[3]);
	assert_int_equal(NETMAP_BUF_IDX(rx, m.bufs[2]), 2);
	/* With a mask the bytes begin further behind. */
	slot->buf_idx = 2;
	slot->ptr = 0xabc0000000000000;
	rx->offset_mask = 0xffff;
	NETMAP_WOFFSET(rx, slot, 64);
	assert_ptr_equal(NETMAP_BUF_OFFSET(rx, slot), m.bufs[2] + 64);
	assert_true(slot->ptr == 0xabc0000000000040);
}

static void test_indices_go_round(void **state)
{
	static struct memory m;
	struct netmap_ring *tx = NETMAP_TXRING(make(&m), 0);

	(void)state;
	assert_int_equal(nm_ring_next(tx, 3), 4);
	assert_int_equal(nm_ring_next(tx, N_SLOTS - 1), 0);
	for (tx->head = 0; tx->head < N_SLOTS; tx->head++)
		for (uint32_t n = 0; n < N_SLOTS; n++) {
			tx->tail = (tx->head + n) % N_SLOTS;
			assert_int_equal(nm_ring_space(tx), n);
			assert_int_equal(nm_ring_empty(tx), n == 0);
			assert_int_equal(nm_tx_pending(tx), n != N_SLOTS - 1);
		}
}

static void test_a_packet_is_copied_whole(void **state)
{
	static uint8_t from[VALE_BUF_SIZE], to[VALE_BUF_SIZE];

	(void)state;
	for (unsigned i = 0; i < sizeof(from); i++)
		from[i] = (uint8_t)(i * 7 + 1);
	for (int len = 0; len <= 1600; len++) {
		memset(to, 0, sizeof(to));
		nm_pkt_copy(from, to, len);
		assert_memory_equal(from, to, (size_t)len);
		assert_int_equal(to[(len + 63) / 64 * 64], 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_memory_of_ports_is_netmaps),
		cmocka_unit_test(test_requests_have_their_numbers),
		cmocka_unit_test(test_rings_and_buffers_are_found),
		cmocka_unit_test(test_indices_go_round),
		cmocka_unit_test(test_a_packet_is_copied_whole),
	};

	return unit_run(tests);
}
