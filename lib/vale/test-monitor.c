/* SPDX-License-Identifier: BSD-2-Clause */
/* Monitors of ports and of pipes. */
#include <errno.h>

#include "vale/cycle.h"
#include "vale/link.h"
#include "vale/test-bench.h"

static int try_monitor(struct vale_client *c, const char *port, uint32_t flags)
{
	struct vale_open o = { .ring = VALE_ALL_RINGS, .flags = VALE_OPEN_SHARED | flags };
	int r;

	snprintf(o.port, sizeof(o.port), "%s", port);
	r = vale_client_open(c, NAME, &o, NULL, NULL);
	if (r < 0)
		vale_client_close(c);
	return r;
}

static struct vale_client monitor_of(const char *port, uint32_t flags)
{
	struct vale_client c;

	assert_int_equal(try_monitor(&c, port, flags), 0);
	return c;
}

static bool has_frame(const struct vale_client *c)
{
	return atomic_load(&c->ctl->ring[1].tail) != atomic_load(&c->ctl->ring[1].head);
}

/* The switch has had time to do what it should not. */
static void expect_nothing(const struct vale_client *c)
{
	poll(NULL, 0, 20);
	assert_false(has_frame(c));
}

static void test_a_copy_of_what_is_received_comes_at_once(void **state)
{
	struct vale_client a = client_of("a"), b = client_of("b");
	struct vale_client rx = monitor_of("b", VALE_OPEN_MONITOR_RX);
	struct vale_client tx = monitor_of("b", VALE_OPEN_MONITOR_TX);

	(void)state;
	send_one(&a, 1);
	assert_int_equal(receive_one(&rx), 1); /* before b reads it */
	assert_int_equal(receive_one(&b), 1);
	expect_nothing(&tx);
	send_one(&b, 2);
	assert_int_equal(receive_one(&tx), 2);
	assert_int_equal(receive_one(&a), 2);
	expect_nothing(&rx);
	vale_client_close(&rx);
	vale_client_close(&tx);
	send_one(&a, 3);
	assert_int_equal(receive_one(&b), 3);
	vale_client_close(&a);
	vale_client_close(&b);
}

static void test_long_frames_are_monitored_whole(void **state)
{
	struct vale_client a = client_of("a"), b = client_of("b");
	struct vale_client both = monitor_of("a", VALE_OPEN_MONITOR);
	struct got got;

	(void)state;
	send_slots(&a, 3, 2000, 7);
	got = receive_slots(&both);
	assert_int_equal(got.slots, 3);
	assert_int_equal(got.len, 6000);
	assert_int_equal(got.tag, 7);
	send_slots(&b, 2, 1000, 8);
	got = receive_slots(&both);
	assert_int_equal(got.slots, 2);
	assert_int_equal(got.tag, 8);
	vale_client_close(&both);
	vale_client_close(&a);
	vale_client_close(&b);
}

static uint32_t rx_buf(const struct vale_client *c, uint32_t slot)
{
	return vale_layout_ring(&c->layout, c->mem, c->layout.shape.tx_rings)->slot[slot].buf_idx;
}

static void test_zero_copy_waits_for_the_receiver_and_takes_its_buffer(void **state)
{
	struct vale_client a = client_of("a"), b = client_of("b");
	struct vale_client z = monitor_of("b", VALE_OPEN_MONITOR_ZCOPY), other;
	uint32_t buf = rx_buf(&b, 0), mine = rx_buf(&z, 0);

	(void)state;
	assert_int_equal(try_monitor(&other, "b", VALE_OPEN_MONITOR_ZCOPY), -EBUSY);
	send_one(&a, 1);
	wait_until(has_frame(&b));
	expect_nothing(&z);
	assert_int_equal(receive_one(&b), 1);
	assert_int_equal(receive_one(&z), 1);
	assert_int_equal(rx_buf(&z, 0), buf);
	assert_int_equal(rx_buf(&b, 0), mine);
	for (unsigned i = 0; i < 200; i++) {
		send_one(&a, (uint8_t)i);
		assert_int_equal(receive_one(&b), (uint8_t)i);
		assert_int_equal(receive_one(&z), (uint8_t)i);
	}
	vale_client_close(&z);
	send_one(&a, 2);
	assert_int_equal(receive_one(&b), 2);
	vale_client_close(&a);
	vale_client_close(&b);
}

static void test_zero_copy_of_what_is_sent_comes_when_it_was_sent(void **state)
{
	struct vale_client a = client_of("a"), b = client_of("b");
	struct vale_client z = monitor_of("a", VALE_OPEN_MONITOR_ZCOPY);
	struct vale_ring *ring = vale_layout_ring(&a.layout, a.mem, 0);
	uint32_t buf = ring->slot[0].buf_idx;

	(void)state;
	send_slots(&a, 2, 500, 9);
	assert_int_equal(receive_slots(&z).slots, 2); /* nobody has read it */
	assert_int_not_equal(ring->slot[0].buf_idx, buf);
	assert_int_equal(rx_buf(&z, 0), buf);
	assert_true(ring->slot[0].flags & VALE_SLOT_BUF_CHANGED);
	assert_int_equal(receive_slots(&b).tag, 9);
	vale_client_close(&z);
	vale_client_close(&a);
	vale_client_close(&b);
}

static void test_nobody_waits_for_a_monitor(void **state)
{
	struct vale_client a = client_of("a"), b = client_of("b");
	struct vale_client copy = monitor_of("b", VALE_OPEN_MONITOR_RX);
	struct vale_client z = monitor_of("b", VALE_OPEN_MONITOR_ZCOPY);

	(void)state;
	for (unsigned i = 0; i < 300; i++) {
		send_one(&a, (uint8_t)i);
		assert_int_equal(receive_one(&b), (uint8_t)i);
	}
	for (unsigned i = 0; i < 63; i++)
		assert_int_equal(receive_one(&copy), (uint8_t)i);
	assert_int_equal(atomic_load(&copy.ctl->ring[1].dropped), 300 - 63);
	wait_until(atomic_load(&z.ctl->ring[1].dropped) == 300 - 63);
	vale_client_close(&z);
	vale_client_close(&copy);
	vale_client_close(&a);
	vale_client_close(&b);
}

static void test_what_is_not_open_cannot_be_monitored(void **state)
{
	struct vale_client a = client_of("a"), m;
	struct pollfd fd = { .events = POLLIN };

	(void)state;
	assert_int_equal(try_monitor(&m, "none", VALE_OPEN_MONITOR_RX), -ENXIO);
	assert_int_equal(try_monitor(&m, "x{1", VALE_OPEN_MONITOR_RX), -ENXIO);
	m = monitor_of("a", VALE_OPEN_MONITOR_RX);
	vale_client_close(&a);
	fd.fd = m.fds[VALE_FD_WAKE_RX];
	assert_int_equal(poll(&fd, 1, 10000), 1);
	assert_true(fd.revents & POLLHUP);
	assert_true(vale_client_is_gone(&m));
	vale_client_close(&m);
	wait_ports(0);
}

static void test_a_monitor_has_only_the_rings_that_it_asked_for(void **state)
{
	struct vale_open o = open_of("a", 64);
	struct vale_client a[2], b, m;
	const struct vale_if *nif;

	(void)state;
	o.shape.tx_rings = o.shape.rx_rings = 2;
	for (o.ring = 0; o.ring < 2; o.ring++)
		assert_int_equal(vale_client_open(&a[o.ring], NAME, &o, NULL, NULL), 0);
	b = client_of("b");
	o = open_of("a", 0);
	o.ring = 1;
	o.flags = VALE_OPEN_MONITOR | VALE_OPEN_SHARED;
	assert_int_equal(vale_client_open(&m, NAME, &o, NULL, NULL), 0);
	nif = (const void *)(m.mem + m.layout.if_at);
	assert_int_equal(nif->rx_rings, 2);
	assert_true(!nif->ring_ofs[0] && !nif->ring_ofs[2] && nif->ring_ofs[3]);
	send_one(&b, 1); /* to ring 0 */
	assert_int_equal(atomic_load(&m.ctl->ring[1].tail), 0);
	vale_client_close(&m);
	vale_client_close(&a[1]);
	vale_client_close(&a[0]);
	vale_client_close(&b);
}

/* An end of a pipe, as a program has it that uses the receiver's slots. */
struct pipe_end {
	struct vale_client c;
	struct vale_link to, from;
	struct vale_slot *to_slots, *from_slots;
};

static struct pipe_end end_of(const char *port)
{
	struct vale_open o = open_of(port, 64);
	struct pipe_end e;

	o.flags = VALE_OPEN_SHARED;
	assert_int_equal(vale_client_open(&e.c, NAME, &o, NULL, NULL), 0);
	vale_link_send(&e.to, &e.c, e.c.end);
	vale_link_receive(&e.from, &e.c, !e.c.end);
	e.to_slots = vale_layout_ring(&e.c.layout, e.c.mem, vale_pipe_ring(e.c.end))->slot;
	e.from_slots = vale_layout_ring(&e.c.layout, e.c.mem, vale_pipe_ring(!e.c.end))->slot;
	return e;
}

static uint8_t *buf_at(const struct pipe_end *e, const struct vale_slot *slot)
{
	return e->c.mem + e->c.layout.in.bufs_at + (size_t)slot->buf_idx * VALE_BUF_SIZE;
}

static void pipe_send(const struct pipe_end *e, uint8_t tag)
{
	uint32_t pos = vale_link_told(&e->to);
	struct vale_slot *slot = &e->to_slots[pos];

	memset(buf_at(e, slot), tag, 60);
	slot->len = 60;
	slot->flags = 0;
	vale_link_tell(&e->to, cycle_next(pos, 64));
}

static uint8_t pipe_receive(const struct pipe_end *e)
{
	uint32_t pos = vale_link_told(&e->from);
	uint8_t tag;

	/* What came before the end is there. */
	while (vale_link_limit(&e->from, pos) == pos)
		if (vale_client_sleep(&e->from.limit, pos, 10000000000) < 0)
			assert_int_not_equal(vale_link_limit(&e->from, pos), pos);
	tag = buf_at(e, &e->from_slots[pos])[59];
	vale_link_tell(&e->from, cycle_next(pos, 64));
	return tag;
}

static void close_pipe(struct pipe_end *a, struct pipe_end *b)
{
	vale_client_close(&a->c);
	vale_client_close(&b->c);
	wait_ports(0);
}

static void test_pipes_are_monitored_by_copies_at_once(void **state)
{
	struct pipe_end a = end_of("x{1"), b = end_of("x}1");
	struct vale_client rx = monitor_of("x}1", VALE_OPEN_MONITOR_RX);
	struct vale_client tx = monitor_of("x}1", VALE_OPEN_MONITOR_TX);

	(void)state;
	pipe_send(&a, 1);
	assert_int_equal(receive_one(&rx), 1);
	assert_int_equal(pipe_receive(&b), 1);
	expect_nothing(&tx);
	pipe_send(&b, 2);
	assert_int_equal(receive_one(&tx), 2);
	assert_int_equal(pipe_receive(&a), 2);
	vale_client_close(&rx);
	vale_client_close(&tx);
	close_pipe(&a, &b);
}

static void test_zero_copy_monitors_of_pipes_wait_for_the_receiver(void **state)
{
	struct pipe_end a = end_of("x{1"), b = end_of("x}1");
	struct vale_client z = monitor_of("x{1", VALE_OPEN_MONITOR_ZCOPY);
	uint32_t buf = b.from_slots[0].buf_idx, mine = rx_buf(&z, 0);

	(void)state;
	pipe_send(&a, 1);
	expect_nothing(&z);
	assert_int_equal(pipe_receive(&b), 1);
	assert_int_equal(receive_one(&z), 1);
	assert_int_equal(rx_buf(&z, 0), buf);
	/* Both see the other buffer: the ring of the sender's programs, too. */
	wait_until(atomic_load(&a.c.ctl->ring[0].tail) == 0);
	assert_int_equal(b.from_slots[0].buf_idx, mine);
	assert_int_equal(vale_layout_ring(&a.c.layout, a.c.mem, 0)->slot[0].buf_idx, mine);
	for (unsigned i = 0; i < 300; i++) {
		pipe_send(&a, (uint8_t)i);
		assert_int_equal(pipe_receive(&b), (uint8_t)i);
		assert_int_equal(receive_one(&z), (uint8_t)i);
	}
	vale_client_close(&z);
	close_pipe(&a, &b);
}

static void *send_many(void *arg)
{
	const struct pipe_end *e = arg;

	for (unsigned i = 0; i < 20000; i++) {
		uint32_t pos = vale_link_told(&e->to);

		while (vale_link_limit(&e->to, pos) == pos)
			(void)vale_client_sleep(&e->to.limit, pos, 10000000000);
		pipe_send(e, (uint8_t)i);
	}
	return NULL;
}

static void test_monitors_come_and_go_while_frames_flow(void **state)
{
	struct pipe_end a = end_of("x{1"), b = end_of("x}1");
	struct vale_client m[2] = { 0 };
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, send_many, &a), 0);
	for (unsigned i = 0; i < 20000; i++) {
		/* The last one may not have been taken back yet. */
		if (i % 1000 == 100)
			wait_until(try_monitor(&m[0], "x}1", VALE_OPEN_MONITOR_RX) == 0);
		if (i % 1000 == 300)
			wait_until(try_monitor(&m[1], "x}1", VALE_OPEN_MONITOR_ZCOPY) == 0);
		if (i % 1000 == 500)
			vale_client_close(&m[0]);
		if (i % 1000 == 700)
			vale_client_close(&m[1]);
		assert_int_equal(pipe_receive(&b), (uint8_t)i);
	}
	pthread_join(thread, NULL);
	close_pipe(&a, &b);
}

static void test_what_a_monitored_end_has_sent_last_arrives(void **state)
{
	struct pipe_end a = end_of("x{1"), b = end_of("x}1");
	struct vale_client m = monitor_of("x{1", VALE_OPEN_MONITOR_TX);

	(void)state;
	pipe_send(&a, 1);
	vale_client_close(&a.c);
	assert_int_equal(pipe_receive(&b), 1);
	assert_int_equal(receive_one(&m), 1);
	vale_client_close(&m);
	vale_client_close(&b.c);
	wait_ports(0);
}

static void test_offers_that_cannot_be_are_not_taken(void **state)
{
	struct pipe_end a = end_of("x{1"), b = end_of("x}1");
	struct vale_client m = monitor_of("x{1", VALE_OPEN_MONITOR);
	struct vale_client z = monitor_of("x{1", VALE_OPEN_MONITOR_ZCOPY);
	struct vale_client c = client_of("c"), d = client_of("d");

	(void)state;
	for (unsigned i = 0; i < 4; i++)
		vale_layout_ring(&a.c.layout, a.c.mem, i)->slot[i].buf_idx = UINT32_MAX - i;
	for (uint32_t bad = 0; bad < 200; bad++) {
		struct vale_ctl_ring *r = &a.c.ctl->ring[bad % 2];

		atomic_store(&r->head, bad * 77777);
		atomic_store(&r->tail, bad % 64);
		atomic_store(&r->offered, VALE_OFFERED | bad * bad);
		atomic_store(&r->returned, VALE_OFFERED | bad);
		(void)!write(a.c.fds[VALE_PIPE_KICK], &(uint64_t){ 1 }, 8);
		send_one(&c, (uint8_t)bad); /* it lives */
		assert_int_equal(receive_one(&d), (uint8_t)bad);
	}
	vale_client_close(&m);
	vale_client_close(&z);
	vale_client_close(&c);
	vale_client_close(&d);
	close_pipe(&a, &b);
}

static void test_several_threads_forward_to_a_monitor(void **state)
{
	struct bench *b = *state;
	const struct weir_switch_opts opts = { .name = NAME, .threads = 3, .lossless = true };
	struct vale_client c[3], m, z;

	stop(b);
	start(b, &opts);
	for (unsigned i = 0; i < 3; i++)
		c[i] = client_of((const char *[]){ "a", "b", "c" }[i]);
	m = monitor_of("a", VALE_OPEN_MONITOR);
	z = monitor_of("b", VALE_OPEN_MONITOR_ZCOPY);
	for (unsigned i = 0; i < 300; i++) {
		send_one(&c[i % 3], (uint8_t)i);
		for (unsigned j = 1; j < 3; j++)
			assert_int_equal(receive_one(&c[(i + j) % 3]), (uint8_t)i);
		assert_int_equal(receive_one(&m), (uint8_t)i);
		assert_int_equal(receive_one(&z), (uint8_t)i);
	}
	vale_client_close(&m);
	vale_client_close(&z);
	for (unsigned i = 0; i < 3; i++)
		vale_client_close(&c[i]);
	wait_ports(0);
}

#define with(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with(test_a_copy_of_what_is_received_comes_at_once),
		with(test_long_frames_are_monitored_whole),
		with(test_zero_copy_waits_for_the_receiver_and_takes_its_buffer),
		with(test_zero_copy_of_what_is_sent_comes_when_it_was_sent),
		with(test_nobody_waits_for_a_monitor),
		with(test_what_is_not_open_cannot_be_monitored),
		with(test_a_monitor_has_only_the_rings_that_it_asked_for),
		with(test_pipes_are_monitored_by_copies_at_once),
		with(test_zero_copy_monitors_of_pipes_wait_for_the_receiver),
		with(test_monitors_come_and_go_while_frames_flow),
		with(test_what_a_monitored_end_has_sent_last_arrives),
		with(test_offers_that_cannot_be_are_not_taken),
		with(test_several_threads_forward_to_a_monitor),
	};

	return unit_run(tests);
}
