/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets put into rings and taken out of them by the calls of the headers. */
#define NETMAP_WITH_LIBS
#include <assert.h>
#include <libnetmap.h>

#include "support/unit.h"

enum {
	N_SLOTS = 4,
	N_RINGS = 2,
	BUF_SIZE = 64,
	RING_SIZE = 256 + N_SLOTS * 16,
};

/* A port of two rings each way and one of the host. */
struct memory {
	_Alignas(128) uint8_t nifp[128];
	_Alignas(128) uint8_t rings[2 * N_RINGS][512];
	uint8_t bufs[2 + 2 * N_RINGS * N_SLOTS][BUF_SIZE];
};
static_assert(RING_SIZE <= 512, "there is room for a ring");

/* What the headers call const is what the other side of them writes. */
static void put_u32(const uint32_t *at, uint32_t value)
{
	memcpy((void *)(uintptr_t)at, &value, sizeof(value));
}

static void put_i64(const int64_t *at, int64_t value)
{
	memcpy((void *)(uintptr_t)at, &value, sizeof(value));
}

static struct netmap_ring *make_ring(struct memory *m, unsigned i)
{
	struct netmap_ring *r = (void *)m->rings[i];

	put_u32(&r->num_slots, N_SLOTS);
	put_u32(&r->nr_buf_size, BUF_SIZE);
	put_i64(&r->buf_ofs, m->bufs[0] - m->rings[i]);
	for (unsigned s = 0; s < N_SLOTS; s++)
		r->slot[s].buf_idx = 2 + i * N_SLOTS + s;
	return r;
}

/* Rings to send have all their slots but one free, those to receive have nothing. */
static struct netmap_if *make(struct memory *m)
{
	struct netmap_if *nifp = (void *)m->nifp;

	memset(m, 0, sizeof(*m));
	put_u32(&nifp->ni_tx_rings, N_RINGS);
	put_u32(&nifp->ni_rx_rings, N_RINGS);
	put_u32(&nifp->ni_host_tx_rings, 1);
	put_u32(&nifp->ni_host_rx_rings, 1);
	for (unsigned i = 0; i < 2 * N_RINGS; i++) {
		make_ring(m, i)->tail = i < N_RINGS ? N_SLOTS - 1 : 0;
		put_i64(&nifp->ring_ofs[i + (i >= N_RINGS)], m->rings[i] - m->nifp);
	}
	return nifp;
}

static struct nm_desc desc_of(struct memory *m)
{
	return (struct nm_desc){ .nifp = make(m), .last_tx_ring = 1, .last_rx_ring = 1 };
}

static void fill(uint8_t *to, unsigned size)
{
	for (unsigned i = 0; i < size; i++)
		to[i] = (uint8_t)(i * 7 + 1);
}

static void test_packets_go_to_rings_with_room(void **state)
{
	static struct memory m;
	struct nm_desc d = desc_of(&m);
	struct netmap_ring *ring[] = { NETMAP_TXRING(d.nifp, 0), NETMAP_TXRING(d.nifp, 1) };
	uint8_t packet[60];

	(void)state;
	fill(packet, sizeof(packet));
	for (unsigned i = 0; i < 6; i++)
		assert_int_equal(nm_inject(&d, packet, sizeof(packet)), sizeof(packet));
	assert_int_equal(nm_inject(&d, packet, sizeof(packet)), 0);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(nm_ring_space(ring[i]), 0);
		assert_int_equal(ring[i]->head, 3);
		assert_int_equal(ring[i]->cur, 3);
		assert_int_equal(ring[i]->slot[2].len, sizeof(packet));
		assert_int_equal(ring[i]->slot[2].flags, 0);
		assert_memory_equal(NETMAP_BUF(ring[i], ring[i]->slot[2].buf_idx), packet,
				    sizeof(packet));
	}
}

static void test_long_packets_take_several_slots(void **state)
{
	static struct memory m;
	struct nmport_d d = { .nifp = make(&m) };
	struct netmap_ring *ring = NETMAP_TXRING(d.nifp, 0);
	uint8_t packet[3 * BUF_SIZE + 1];

	(void)state;
	fill(packet, sizeof(packet));
	assert_int_equal(nmport_inject(&d, packet, sizeof(packet)), 0);
	assert_int_equal(ring->head, 0);
	assert_int_equal(nmport_inject(&d, packet, 2 * BUF_SIZE + 1), 2 * BUF_SIZE + 1);
	assert_int_equal(ring->head, 3);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(ring->slot[i].len, i < 2 ? BUF_SIZE : 1);
		assert_int_equal(ring->slot[i].flags, i < 2 ? NS_MOREFRAG : 0);
		assert_memory_equal(NETMAP_BUF(ring, ring->slot[i].buf_idx), packet + i * BUF_SIZE,
				    ring->slot[i].len);
	}
}

static void test_packets_begin_at_their_offsets(void **state)
{
	static struct memory m;
	struct nmport_d d = { .nifp = make(&m) };
	struct netmap_ring *ring = NETMAP_TXRING(d.nifp, 0);
	uint8_t packet[BUF_SIZE];

	(void)state;
	fill(packet, sizeof(packet));
	ring->offset_mask = 0xff;
	ring->slot[0].ptr = 16;
	ring->slot[1].ptr = 0xf00 + BUF_SIZE + 1; /* no room behind it */
	ring->slot[2].ptr = 8;
	assert_int_equal(nmport_inject(&d, packet, BUF_SIZE), BUF_SIZE);
	assert_int_equal(ring->slot[0].len, BUF_SIZE - 16);
	assert_int_equal(ring->slot[1].len, 0);
	assert_int_equal(ring->slot[2].len, 16);
	assert_memory_equal(m.bufs[2] + 16, packet, BUF_SIZE - 16);
	assert_memory_equal(m.bufs[4] + 8, packet + BUF_SIZE - 16, 16);
	assert_int_equal(m.bufs[2][15], 0);
}

/* Something has come into a ring to receive. */
static void receive(struct nm_desc *d, unsigned ring_nr, unsigned len, unsigned flags)
{
	struct netmap_ring *ring = NETMAP_RXRING(d->nifp, ring_nr);
	struct netmap_slot *slot = &ring->slot[ring->tail];

	slot->len = (uint16_t)len;
	slot->flags = (uint16_t)flags;
	ring->tail = nm_ring_next(ring, ring->tail);
}

static void test_packets_come_from_all_rings(void **state)
{
	static struct memory m;
	struct nm_desc d = desc_of(&m);
	struct nm_pkthdr hdr;

	(void)state;
	assert_null(nm_nextpkt(&d, &hdr));
	receive(&d, 1, 20, 0);
	receive(&d, 1, 21, 0);
	receive(&d, 0, 22, 0);
	assert_ptr_equal(nm_nextpkt(&d, &hdr), m.bufs[2 + 2 * N_SLOTS]);
	assert_int_equal(hdr.len, 22);
	assert_ptr_equal(nm_nextpkt(&d, &hdr), m.bufs[2 + 3 * N_SLOTS]);
	assert_int_equal(hdr.len, 20);
	assert_int_equal(hdr.caplen, 20);
	assert_ptr_equal(hdr.slot, &NETMAP_RXRING(d.nifp, 1)->slot[0]);
	assert_ptr_equal(nm_nextpkt(&d, &hdr), m.bufs[3 + 3 * N_SLOTS]);
	assert_null(nm_nextpkt(&d, &hdr));
	assert_int_equal(NETMAP_RXRING(d.nifp, 1)->head, 2);
	assert_int_equal(NETMAP_RXRING(d.nifp, 1)->cur, 2);
}

struct seen {
	unsigned n, bytes, caplen, n_more;
};

static void see(unsigned char *arg, const struct nm_pkthdr *hdr, const unsigned char *buf)
{
	struct seen *s = (void *)arg;

	assert_ptr_equal(buf, hdr->buf);
	assert_non_null(hdr->d);
	s->n++;
	s->bytes += hdr->len;
	s->caplen += hdr->caplen;
	s->n_more += hdr->flags & NM_MORE_PKTS;
}

static void test_dispatch_tells_which_is_the_last(void **state)
{
	static struct memory m;
	struct nm_desc d = desc_of(&m);
	struct seen seen = { 0 };

	(void)state;
	assert_int_equal(nm_dispatch(&d, 0, see, (void *)&seen), 0);
	for (unsigned i = 0; i < 3; i++) {
		receive(&d, 0, 10, 0);
		receive(&d, 1, 10, 0);
	}
	assert_int_equal(nm_dispatch(&d, 4, see, (void *)&seen), 4);
	assert_int_equal(seen.n, 4);
	assert_int_equal(seen.n_more, 3);
	assert_int_equal(nm_dispatch(&d, -1, see, (void *)&seen), 2);
	assert_int_equal(seen.n_more, 4);
	assert_int_equal(seen.bytes, 60);
}

static void test_packets_of_several_slots_are_one(void **state)
{
	static struct memory m;
	struct nm_desc d = desc_of(&m);
	struct seen seen = { 0 };

	(void)state;
	/* The buffers lie one behind the other: in one piece as long as they are full. */
	receive(&d, 0, BUF_SIZE, NS_MOREFRAG);
	receive(&d, 0, 30, NS_MOREFRAG);
	receive(&d, 0, 5, 0);
	assert_int_equal(nm_dispatch(&d, 0, see, (void *)&seen), 1);
	assert_int_equal(seen.bytes, BUF_SIZE + 35);
	assert_int_equal(seen.caplen, BUF_SIZE + 30);
	assert_int_equal(NETMAP_RXRING(d.nifp, 0)->head, 3);
	/* One that says it goes on, and does not, ends with what there is. */
	receive(&d, 1, 40, NS_MOREFRAG);
	assert_int_equal(nm_dispatch(&d, 0, see, (void *)&seen), 1);
	assert_int_equal(seen.bytes, BUF_SIZE + 75);
}

struct old_form {
	const char *name, *port;
	uint32_t flags;
	unsigned ring, memory;
};

static void test_the_older_names_have_numbers_for_pipes(void **state)
{
	static const struct old_form forms[] = {
		{ "netmap:eth0", "eth0", NR_REG_ALL_NIC, 0, 0 },
		{ "vale0:p", "vale0:p", NR_REG_ALL_NIC, 0, 0 },
		{ "netmap:eth0^", "eth0", NR_REG_SW, 0, 0 },
		{ "netmap:eth0*", "eth0", NR_REG_NIC_SW, 0, 0 },
		{ "netmap:eth0-3", "eth0", NR_REG_ONE_NIC, 3, 0 },
		{ "netmap:a{7", "a", NR_REG_PIPE_MASTER, 7, 0 },
		{ "vale0:p}7@3", "vale0:p", NR_REG_PIPE_SLAVE, 7, 3 },
		{ "netmap:eth0/xzR@2", "eth0",
		  NR_REG_ALL_NIC | NR_EXCLUSIVE | NR_ZCOPY_MON | NR_RX_RINGS_ONLY, 0, 2 },
	};
	static const char *const wrong[] = { "netmap:a{x",
					     "netmap:a}",
					     "netmap:eth0^1",
					     "netmap:eth0-x",
					     "vale0",
					     "vale-:p",
					     "vale0:p.q",
					     "netmap:eth0/",
					     "netmap:eth0/q",
					     "netmap:eth0@0",
					     "netmap:eth0@",
					     "netmap:eth0@1@2",
					     "netmap:a234567890123456" };
	struct nmreq req;

	(void)state;
	for (unsigned i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		memset(&req, 0, sizeof(req));
		assert_null(nm_parse_(forms[i].name, &req));
		assert_string_equal(req.nr_name, forms[i].port);
		assert_int_equal(req.nr_flags, forms[i].flags);
		assert_int_equal(req.nr_ringid, forms[i].ring);
		assert_int_equal(req.nr_arg2, forms[i].memory);
	}
	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		memset(&req, 0, sizeof(req));
		if (!nm_parse_(wrong[i], &req))
			fail_msg("'%s' is a name", wrong[i]);
	}
	errno = EINVAL;
	assert_null(nm_open("eth0", NULL, 0, NULL));
	assert_int_equal(errno, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_packets_go_to_rings_with_room),
		cmocka_unit_test(test_long_packets_take_several_slots),
		cmocka_unit_test(test_packets_begin_at_their_offsets),
		cmocka_unit_test(test_packets_come_from_all_rings),
		cmocka_unit_test(test_dispatch_tells_which_is_the_last),
		cmocka_unit_test(test_packets_of_several_slots_are_one),
		cmocka_unit_test(test_the_older_names_have_numbers_for_pipes),
	};

	return unit_run(tests);
}
