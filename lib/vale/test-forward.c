/* SPDX-License-Identifier: BSD-2-Clause */
#include "vale/forward.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "support/unit.h"
#include "vale/test-layout.h"

#define N_PORTS	 4u
#define SLOTS	 32u /* to receive */
#define TX_SLOTS 128u

/* A switch with ports whose memory is our own, and what their clients keep. */
struct bench {
	struct vale_core *core;
	struct vale_port *ports[N_PORTS];
	uint32_t tx_pos[N_PORTS], rx_pos[N_PORTS];
	struct vale_scratch scratch;
};

static void *lines(size_t align, size_t size)
{
	void *p = aligned_alloc(align, (size + align - 1) / align * align);

	assert_non_null(p);
	memset(p, 0, size);
	return p;
}

static int set_up(void **state)
{
	static const struct vale_shape shape = { 1, 1, TX_SLOTS, SLOTS, 0 };
	struct bench *b = lines(64, sizeof(*b));
	struct vale_layout l;

	assert_int_equal(layout_of(&shape, &l, NULL), 0);
	b->core = lines(64, sizeof(*b->core));
	vale_scratch_init(&b->scratch);
	for (unsigned i = 0; i < N_PORTS; i++) {
		void *mem = lines(4096, l.in.size), *ctl = lines(4096, l.ctl_size);

		vale_layout_format(&l, mem, ctl);
		b->ports[i] = lines(64, sizeof(struct vale_port));
		vale_port_init(b->ports[i], i, &l, mem, ctl);
		vale_core_add(b->core, b->ports[i]);
	}
	*state = b;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *b = *state;

	for (unsigned i = 0; i < N_PORTS; i++) {
		vale_core_remove(b->core, b->ports[i]);
		vale_port_done(b->ports[i]);
		free(b->ports[i]->mem);
		free(b->ports[i]->ctl);
		free(b->ports[i]);
	}
	assert_int_equal(b->core->n_ports + b->core->end, 0);
	free(b->core);
	free(b);
	return 0;
}

static struct vale_slot *tx_slot(struct bench *b, unsigned port)
{
	return &vale_layout_ring(&b->ports[port]->layout, b->ports[port]->mem, 0)
			->slot[b->tx_pos[port]];
}

static void hand_over(struct bench *b, unsigned port)
{
	atomic_store(&b->ports[port]->ctl->ring[0].head, b->tx_pos[port]);
}

static unsigned forward(struct bench *b, unsigned port)
{
	return vale_forward(b->core, b->ports[port], 0, &b->scratch, 0);
}

/* Fills the next slot and does not hand it over. tag: a byte behind the addresses. */
static void fill(struct bench *b, unsigned port, uint64_t to, uint64_t from, uint8_t tag,
		 uint16_t len, uint16_t flags)
{
	struct vale_slot *slot = tx_slot(b, port);
	uint8_t *p = b->ports[port]->bufs + (size_t)slot->buf_idx * VALE_BUF_SIZE;

	memset(p, tag, VALE_BUF_SIZE);
	for (unsigned i = 0; i < 6; i++) {
		p[i] = (uint8_t)(to >> (40 - 8 * i));
		p[6 + i] = (uint8_t)(from >> (40 - 8 * i));
	}
	slot->len = len;
	slot->flags = flags;
	b->tx_pos[port] = (b->tx_pos[port] + 1) % TX_SLOTS;
}

static void send_frame(struct bench *b, unsigned port, uint64_t to, uint64_t from, uint8_t tag)
{
	fill(b, port, to, from, tag, 60, 0);
	hand_over(b, port);
	assert_int_equal(forward(b, port), 1);
}

/* The tags of the frames that have come, "abc"; they are given back. */
static const char *received(struct bench *b, unsigned port)
{
	static char tags[SLOTS + 1];
	struct vale_port *p = b->ports[port];
	const struct vale_slot *slots = vale_layout_ring(&p->layout, p->mem, 1)->slot;
	uint32_t tail = atomic_load(&p->ctl->ring[1].tail);
	unsigned n = 0;

	while (b->rx_pos[port] != tail) {
		const struct vale_slot *slot = &slots[b->rx_pos[port]];

		tags[n++] = (char)p->bufs[(size_t)slot->buf_idx * VALE_BUF_SIZE + slot->len - 1];
		b->rx_pos[port] = (b->rx_pos[port] + 1) % SLOTS;
	}
	tags[n] = '\0';
	atomic_store(&p->ctl->ring[1].head, tail);
	return tags;
}

#define A   0x02000000000aULL
#define B   0x02000000000bULL
#define C   0x02000000000cULL
#define ALL 0xffffffffffffULL

static uint64_t drops(const struct vale_kring *k, enum vale_drop why)
{
	return counter_get(&k->dropped[why]);
}

static void test_unknown_addresses_go_to_everybody_else(void **state)
{
	struct bench *b = *state;

	send_frame(b, 0, B, A, 'x');
	assert_string_equal(received(b, 0), "");
	for (unsigned i = 1; i < N_PORTS; i++)
		assert_string_equal(received(b, i), "x");
}

static void test_a_learned_address_gets_its_frames_alone(void **state)
{
	struct bench *b = *state;

	send_frame(b, 1, ALL, B, '-');
	for (unsigned i = 0; i < N_PORTS; i++)
		assert_string_equal(received(b, i), i == 1 ? "" : "-");
	send_frame(b, 0, B, A, 'x');
	assert_string_equal(received(b, 1), "x");
	assert_string_equal(received(b, 2), "");
	assert_string_equal(received(b, 3), "");
	/* It moves to port 2. */
	send_frame(b, 2, A, B, 'y');
	assert_string_equal(received(b, 0), "y");
	send_frame(b, 0, B, A, 'z');
	assert_string_equal(received(b, 1), "");
	assert_string_equal(received(b, 2), "z");
}

static void test_group_addresses_are_not_learned(void **state)
{
	struct bench *b = *state;

	send_frame(b, 1, ALL, 0x010000000001, '-');
	send_frame(b, 0, 0x010000000001, A, 'x');
	for (unsigned i = 1; i < N_PORTS; i++)
		assert_string_equal(received(b, i), i == 1 ? "x" : "-x");
}

static void test_the_address_of_nobody_is_not_learned(void **state)
{
	struct bench *b = *state;

	send_frame(b, 0, ALL, 0, '-');
	send_frame(b, 0, 0, 0, 'x');
	for (unsigned i = 1; i < N_PORTS; i++)
		assert_string_equal(received(b, i), "-x");
}

static void test_who_asks_for_it_is_not_learned(void **state)
{
	struct bench *b = *state;

	fill(b, 0, B, A, 'x', 60, VALE_SLOT_NO_LEARN);
	fill(b, 0, A, B, 'y', 60, VALE_SLOT_NO_LEARN);
	hand_over(b, 0);
	assert_int_equal(forward(b, 0), 2);
	for (unsigned i = 1; i < N_PORTS; i++)
		assert_string_equal(received(b, i), "xy");
}

static void test_unicast_and_broadcast_keep_their_order(void **state)
{
	struct bench *b = *state;
	uint64_t to[] = { B, ALL, B, B, ALL, C, ALL, B };

	send_frame(b, 1, ALL, B, '-');
	send_frame(b, 2, ALL, C, '-');
	for (unsigned i = 0; i < N_PORTS; i++)
		received(b, i);
	for (unsigned i = 0; i < 8; i++)
		fill(b, 0, to[i], A, (uint8_t)('a' + i), 60, 0);
	hand_over(b, 0);
	assert_int_equal(forward(b, 0), 8);
	assert_string_equal(received(b, 1), "abcdegh");
	assert_string_equal(received(b, 2), "befg");
	assert_string_equal(received(b, 3), "beg");
}

static void test_who_sends_to_itself_or_to_nobody_loses(void **state)
{
	struct bench *b = *state;

	send_frame(b, 0, ALL, A, '-');
	send_frame(b, 0, A, A, 'x');
	assert_int_equal(drops(&b->ports[0]->tx[0], VALE_DROP_SELF), 1);
	for (unsigned i = 1; i < N_PORTS; i++)
		vale_core_remove(b->core, b->ports[i]);
	send_frame(b, 0, ALL, A, 'x');
	assert_int_equal(drops(&b->ports[0]->tx[0], VALE_DROP_NOBODY), 1);
	for (unsigned i = 1; i < N_PORTS; i++)
		vale_core_add(b->core, b->ports[i]);
	assert_string_equal(received(b, 1), "-");
}

static void test_a_full_receiver_loses_and_holds_nobody(void **state)
{
	struct bench *b = *state;
	unsigned sent = 0;

	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < 20; i++)
			fill(b, 0, ALL, A, (uint8_t)('A' + sent++), 60, 0);
		hand_over(b, 0);
		assert_int_equal(forward(b, 0), 20);
		assert_int_equal(strlen(received(b, 1)), 20);
	}
	assert_int_equal(drops(&b->ports[2]->rx[0], VALE_DROP_FULL), 60 - (SLOTS - 1));
	assert_int_equal(counter_get(&b->ports[2]->ctl->ring[1].dropped), 60 - (SLOTS - 1));
	assert_int_equal(strlen(received(b, 2)), SLOTS - 1);
	send_frame(b, 0, ALL, A, '.');
	assert_string_equal(received(b, 2), ".");
}

static void test_lossless_the_sender_waits_in_order(void **state)
{
	struct bench *b = *state;
	unsigned got = 0;

	b->core->lossless = true;
	send_frame(b, 1, ALL, B, '-');
	received(b, 1);
	for (unsigned i = 0; i < SLOTS - 1; i++)
		fill(b, 0, B, A, (uint8_t)('a' + i % 26), 60, 0);
	hand_over(b, 0);
	assert_int_equal(forward(b, 0), SLOTS - 1);
	for (unsigned i = 0; i < 10; i++)
		fill(b, 0, B, A, (uint8_t)('A' + i), 60, 0);
	hand_over(b, 0);
	assert_int_equal(forward(b, 0), 0);
	assert_int_equal(forward(b, 0), 0);
	assert_int_equal(atomic_load(&b->ports[1]->ctl->ring[1].wants_room), 1);
	got = (unsigned)strlen(received(b, 1));
	assert_int_equal(got, SLOTS - 1);
	assert_int_equal(forward(b, 0), 10);
	assert_int_equal(atomic_load(&b->ports[1]->ctl->ring[1].wants_room), 0);
	assert_string_equal(received(b, 1), "ABCDEFGHIJ");
	assert_int_equal(drops(&b->ports[1]->rx[0], VALE_DROP_FULL), 0);
	assert_int_equal(counter_get(&b->ports[0]->tx[0].frames), SLOTS - 1 + 10);
}

static void test_lossless_a_broadcast_goes_to_all_or_none(void **state)
{
	struct bench *b = *state;

	b->core->lossless = true;
	for (unsigned i = 0; i < SLOTS - 1; i++) {
		send_frame(b, 0, ALL, A, 'x');
		received(b, 1);
		received(b, 3);
	}
	fill(b, 0, ALL, A, 'y', 60, 0);
	hand_over(b, 0);
	assert_int_equal(forward(b, 0), 0);
	assert_string_equal(received(b, 1), "");
	received(b, 2);
	assert_int_equal(forward(b, 0), 1);
	for (unsigned i = 1; i < N_PORTS; i++)
		assert_string_equal(received(b, i), "y");
}

static void test_frames_of_several_slots_stay_whole(void **state)
{
	struct bench *b = *state;
	struct vale_port *p = b->ports[1];
	const struct vale_slot *slots = vale_layout_ring(&p->layout, p->mem, 1)->slot;

	fill(b, 0, ALL, A, 'a', VALE_BUF_SIZE, VALE_SLOT_MOREFRAG);
	fill(b, 0, 0, 0, 'b', VALE_BUF_SIZE, VALE_SLOT_MOREFRAG);
	hand_over(b, 0);
	assert_int_equal(forward(b, 0), 0); /* the rest has not been handed over */
	fill(b, 0, 0, 0, 'c', 15, 0);
	fill(b, 0, ALL, A, 'd', 60, 0);
	hand_over(b, 0);
	assert_int_equal(forward(b, 0), 4);
	assert_int_equal(slots[0].flags, 3 << VALE_SLOT_FRAGS_SHIFT | VALE_SLOT_MOREFRAG);
	assert_int_equal(slots[1].flags, 3 << VALE_SLOT_FRAGS_SHIFT | VALE_SLOT_MOREFRAG);
	assert_int_equal(slots[2].flags, 3 << VALE_SLOT_FRAGS_SHIFT);
	assert_int_equal(slots[2].len, 15);
	assert_int_equal(slots[3].flags, 1 << VALE_SLOT_FRAGS_SHIFT);
	assert_string_equal(received(b, 1), "abcd");
	assert_int_equal(counter_get(&p->rx[0].frames), 2);
	assert_int_equal(counter_get(&p->rx[0].bytes), VALE_BUF_SIZE + VALE_BUF_SIZE + 15 + 60);
}

static void test_a_frame_that_does_not_fit_is_lost_whole(void **state)
{
	struct bench *b = *state;

	for (unsigned i = 0; i < SLOTS - 3; i++)
		send_frame(b, 0, ALL, A, 'x');
	fill(b, 0, ALL, A, 'a', 2048, VALE_SLOT_MOREFRAG);
	fill(b, 0, 0, 0, 'b', 2048, VALE_SLOT_MOREFRAG);
	fill(b, 0, 0, 0, 'c', 2048, 0);
	fill(b, 0, ALL, A, 'd', 60, 0);
	hand_over(b, 0);
	assert_int_equal(forward(b, 0), 4);
	assert_string_equal(received(b, 1) + SLOTS - 3, "d");
	assert_int_equal(drops(&b->ports[1]->rx[0], VALE_DROP_FULL), 1);
}

static void test_too_many_slots_are_dropped_to_the_end_of_the_frame(void **state)
{
	struct bench *b = *state;
	unsigned n = VALE_MAX_FRAGS * 3;

	for (unsigned i = 1; i <= n; i++) {
		fill(b, 0, ALL, A, 'x', 60, i < n ? VALE_SLOT_MOREFRAG : 0);
		hand_over(b, 0);
		if (i % 60 == 0 || i == n)
			forward(b, 0);
	}
	assert_int_equal(b->ports[0]->tx[0].pos, b->tx_pos[0]);
	assert_string_equal(received(b, 1), "");
	assert_int_equal(drops(&b->ports[0]->tx[0], VALE_DROP_FRAGS), 1);
	send_frame(b, 0, ALL, A, 'y');
	assert_string_equal(received(b, 1), "y");
}

static void test_bad_slots_are_counted_and_the_others_go_on(void **state)
{
	struct bench *b = *state;
	const uint32_t bad[] = { 0, 1, b->ports[0]->layout.in.n_bufs, UINT32_MAX };
	struct vale_kring *k = &b->ports[0]->tx[0];

	for (unsigned i = 0; i < 4; i++) {
		struct vale_slot *slot = tx_slot(b, 0);
		uint32_t good = slot->buf_idx;

		fill(b, 0, ALL, A, 'x', 60, 0);
		slot->buf_idx = bad[i];
		fill(b, 0, ALL, A, (uint8_t)('a' + i), 60, 0);
		hand_over(b, 0);
		assert_int_equal(forward(b, 0), 2);
		slot->buf_idx = good;
	}
	fill(b, 0, ALL, A, 'x', VALE_BUF_SIZE + 1, 0);
	fill(b, 0, ALL, A, 'x', UINT16_MAX, 0);
	fill(b, 0, ALL, A, 'x', 13, 0);
	fill(b, 0, ALL, A, 'x', 0, 0);
	fill(b, 0, ALL, A, 'e', 14, 0);
	hand_over(b, 0);
	assert_int_equal(forward(b, 0), 5);
	assert_int_equal(drops(k, VALE_DROP_BAD_SLOT), 6);
	assert_int_equal(drops(k, VALE_DROP_SHORT), 2);
	assert_string_equal(received(b, 1), "abcde");
}

static void test_impossible_indices_are_ignored(void **state)
{
	static const uint32_t bad[] = { TX_SLOTS, TX_SLOTS + 5, UINT32_MAX };
	struct bench *b = *state;
	struct vale_ctl *ctl = b->ports[0]->ctl;

	for (unsigned i = 0; i < 3; i++) {
		atomic_store(&ctl->ring[0].head, bad[i]);
		assert_int_equal(forward(b, 0), 0);
	}
	assert_int_equal(counter_get(&b->ports[0]->tx[0].bad_index), 3);
	hand_over(b, 0);
	/* A receiver that gives back what it never got has no more room by that. */
	for (unsigned i = 0; i < 10; i++)
		send_frame(b, 0, ALL, A, 'x');
	atomic_store(&b->ports[1]->ctl->ring[1].head, 20);
	for (unsigned i = 0; i < 5; i++)
		send_frame(b, 0, ALL, A, 'x');
	assert_int_equal(counter_get(&b->ports[1]->rx[0].bad_index), 5);
	atomic_store(&b->ports[1]->ctl->ring[1].head, UINT32_MAX);
	for (unsigned i = 0; i < SLOTS; i++)
		send_frame(b, 0, ALL, A, 'x');
	assert_int_equal(counter_get(&b->ports[1]->rx[0].frames), SLOTS - 1);
	assert_int_equal(counter_get(&b->ports[1]->rx[0].bad_index), 5 + SLOTS);
}

static void test_a_receiver_s_bad_buffer_is_its_own_loss(void **state)
{
	struct bench *b = *state;
	struct vale_port *p = b->ports[1];
	struct vale_slot *slot = vale_layout_ring(&p->layout, p->mem, 1)->slot;
	uint32_t good = slot->buf_idx;

	slot->buf_idx = p->layout.in.n_bufs;
	send_frame(b, 0, ALL, A, 'x');
	assert_string_equal(received(b, 1), "");
	assert_string_equal(received(b, 2), "x");
	assert_int_equal(drops(&p->rx[0], VALE_DROP_BAD_BUF), 1);
	slot->buf_idx = good;
	send_frame(b, 0, ALL, A, 'y');
	assert_string_equal(received(b, 1), "y");
}

static void test_slots_may_point_into_the_arena_and_nowhere_else(void **state)
{
	struct bench *b = *state;
	struct vale_port *p = b->ports[0];
	uint8_t arena[256];
	const uint64_t at = 0x700000000000, last = at + sizeof(arena);
	const uint64_t bad[] = { at - 1, last - 59, last, 0, UINT64_MAX, UINT64_MAX - 30 };

	memset(arena, 'x', sizeof(arena));
	for (unsigned i = 0; i < 3; i++) {
		memset(arena + i * 60, 0xff, 6);
		arena[59 + i * 60] = (uint8_t)('a' + i);
	}
	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i < 3; i++) {
			struct vale_slot *slot = tx_slot(b, 0);

			fill(b, 0, ALL, A, '-', 60, VALE_SLOT_INDIRECT);
			slot->ptr = at + i * 60;
		}
		hand_over(b, 0);
		assert_int_equal(forward(b, 0), 3);
		assert_string_equal(received(b, 1), round ? "abc" : "");
		p->arena = (struct vale_arena){ arena, at, sizeof(arena) };
	}
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct vale_slot *slot = tx_slot(b, 0);

		fill(b, 0, ALL, A, '-', 60, VALE_SLOT_INDIRECT);
		slot->ptr = bad[i];
		hand_over(b, 0);
		assert_int_equal(forward(b, 0), 1);
	}
	assert_string_equal(received(b, 1), "");
	assert_int_equal(drops(&p->tx[0], VALE_DROP_BAD_SLOT), 3 + sizeof(bad) / sizeof(bad[0]));
}

/* Reads all that has come to port 1, a while after it is told to. */
static void *read_late(void *arg)
{
	(void)usleep(1000);
	(void)received(arg, 1);
	return NULL;
}

/* Sends to port 1, which has no room until somebody reads. Was anything lost? */
static bool overflow(struct bench *b)
{
	struct vale_kring *k = &b->ports[1]->rx[0];
	uint64_t lost = drops(k, VALE_DROP_FULL);
	pthread_t reader;

	b->core->patience_ns = 0;
	while (drops(k, VALE_DROP_FULL) == lost)
		send_frame(b, 0, B, A, 'x');
	lost = drops(k, VALE_DROP_FULL);
	b->core->patience_ns = 1000000000;
	k->no_wait = 0;
	assert_int_equal(pthread_create(&reader, NULL, read_late, b), 0);
	send_frame(b, 0, B, A, 'y');
	assert_int_equal(pthread_join(reader, NULL), 0);
	return drops(k, VALE_DROP_FULL) > lost;
}

/* Where others compute on the processor nobody is waited for, for a while: only then it takes
 * several attempts. */
static void test_a_receiver_that_reads_is_given_time(void **state)
{
	struct bench *b = *state;
	time_t end = time(NULL) + 60;
	bool lost = true;

	send_frame(b, 1, A, B, 'b');
	while (lost && time(NULL) < end)
		lost = overflow(b);
	assert_false(lost);
}

static void test_a_receiver_that_does_not_read_is_waited_for_ever_more_rarely(void **state)
{
	struct bench *b = *state;
	const struct vale_kring *k = &b->ports[1]->rx[0];

	send_frame(b, 1, A, B, 'b');
	b->core->patience_ns = 1;
	for (unsigned i = 0; i < SLOTS - 1; i++)
		send_frame(b, 0, B, A, 'x');
	for (unsigned wait = 1; wait <= 5; wait++) {
		assert_int_equal(k->no_wait, 0);
		send_frame(b, 0, B, A, 'y');
		assert_int_equal(k->no_wait, (1U << wait) - 1);
		while (k->no_wait)
			send_frame(b, 0, B, A, 'y');
	}
	/* Once it has read the next wait is a chance as the first. */
	assert_int_equal(strlen(received(b, 1)), SLOTS - 1);
	send_frame(b, 0, B, A, 'z');
	assert_string_equal(received(b, 1), "z");
}

#define with(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

/* Fills the next slot with bytes as they are. */
static void fill_bytes(struct bench *b, unsigned port, const void *bytes, uint16_t len,
		       uint16_t flags)
{
	struct vale_slot *slot = tx_slot(b, port);

	memcpy(b->ports[port]->bufs + (size_t)slot->buf_idx * VALE_BUF_SIZE, bytes, len);
	slot->len = len;
	slot->flags = flags;
	b->tx_pos[port] = (b->tx_pos[port] + 1) % TX_SLOTS;
}

/* What has come in a number of slots, in one piece; how long it is. */
static size_t received_bytes(struct bench *b, unsigned port, unsigned n, uint8_t *to)
{
	const struct vale_port *p = b->ports[port];
	const struct vale_slot *slots = vale_layout_ring(&p->layout, p->mem, 1)->slot;
	size_t len = 0;

	assert_int_equal((b->rx_pos[port] + n) % SLOTS, atomic_load(&p->ctl->ring[1].tail));
	for (unsigned i = 0; i < n; i++, b->rx_pos[port] = (b->rx_pos[port] + 1) % SLOTS) {
		const struct vale_slot *slot = &slots[b->rx_pos[port]];

		memcpy(to + len, p->bufs + (size_t)slot->buf_idx * VALE_BUF_SIZE, slot->len);
		len += slot->len;
	}
	atomic_store(&p->ctl->ring[1].head, b->rx_pos[port]);
	return len;
}

/* Port 0 has headers of 12 bytes, port 1 too, port 2 of 10, port 3 none. */
static void test_headers_before_frames_are_left_put_before_or_taken_off(void **state)
{
	struct bench *b = *state;
	uint8_t frame[12 + 60], got[200];

	for (unsigned i = 0; i < sizeof(frame); i++)
		frame[i] = (uint8_t)(i < 12 ? 0 : i);
	frame[2] = 7; /* something that asks for nothing */
	memset(frame + 12, 0xff, 6);
	b->ports[0]->hdr_len = b->ports[1]->hdr_len = 12;
	b->ports[2]->hdr_len = 10;
	for (unsigned split = 0; split < 2; split++) {
		if (split)
			fill_bytes(b, 0, frame, 12, VALE_SLOT_MOREFRAG);
		fill_bytes(b, 0, frame + 12 * split, (uint16_t)(sizeof(frame) - 12 * split), 0);
		hand_over(b, 0);
		assert_int_equal(forward(b, 0), 1 + split);
		assert_int_equal(received_bytes(b, 1, 1 + split, got), sizeof(frame));
		assert_memory_equal(got, frame, sizeof(frame));
		assert_int_equal(received_bytes(b, 2, 2, got), 70);
		assert_memory_equal(got, (uint8_t[10]){ 0 }, 10);
		assert_memory_equal(got + 10, frame + 12, 60);
		assert_int_equal(received_bytes(b, 3, 1, got), 60);
		assert_memory_equal(got, frame + 12, 60);
	}
	/* The address behind it was learned. */
	send_frame(b, 3, 0x121314151617, C, 'x');
	assert_int_equal(received_bytes(b, 0, 2, got), 72);
	assert_string_equal(received(b, 1), "");
}

static void test_what_a_header_asks_for_stays_between_those_who_understand_it(void **state)
{
	struct bench *b = *state;
	uint8_t frame[12 + 60] = { VALE_HDR_NEEDS_CSUM }, got[200];

	memset(frame + 12, 0xff, 6);
	b->ports[0]->hdr_len = b->ports[1]->hdr_len = 12;
	fill_bytes(b, 0, frame, sizeof(frame), 0);
	frame[0] = 0;
	frame[1] = 1; /* pieces of TCP */
	fill_bytes(b, 0, frame, sizeof(frame), 0);
	fill_bytes(b, 0, frame, 12 + 13, 0);
	hand_over(b, 0);
	assert_int_equal(forward(b, 0), 3);
	assert_int_equal(received_bytes(b, 1, 2, got), 2 * sizeof(frame));
	assert_int_equal(drops(&b->ports[3]->rx[0], VALE_DROP_OFFLOAD), 2);
	assert_int_equal(drops(&b->ports[0]->tx[0], VALE_DROP_SHORT), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with(test_unknown_addresses_go_to_everybody_else),
		with(test_a_learned_address_gets_its_frames_alone),
		with(test_group_addresses_are_not_learned),
		with(test_the_address_of_nobody_is_not_learned),
		with(test_who_asks_for_it_is_not_learned),
		with(test_unicast_and_broadcast_keep_their_order),
		with(test_who_sends_to_itself_or_to_nobody_loses),
		with(test_a_full_receiver_loses_and_holds_nobody),
		with(test_lossless_the_sender_waits_in_order),
		with(test_lossless_a_broadcast_goes_to_all_or_none),
		with(test_frames_of_several_slots_stay_whole),
		with(test_a_frame_that_does_not_fit_is_lost_whole),
		with(test_too_many_slots_are_dropped_to_the_end_of_the_frame),
		with(test_bad_slots_are_counted_and_the_others_go_on),
		with(test_impossible_indices_are_ignored),
		with(test_a_receiver_s_bad_buffer_is_its_own_loss),
		with(test_slots_may_point_into_the_arena_and_nowhere_else),
		with(test_a_receiver_that_reads_is_given_time),
		with(test_a_receiver_that_does_not_read_is_waited_for_ever_more_rarely),
		with(test_headers_before_frames_are_left_put_before_or_taken_off),
		with(test_what_a_header_asks_for_stays_between_those_who_understand_it),
	};

	return unit_run(tests);
}
