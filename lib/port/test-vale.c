/* SPDX-License-Identifier: BSD-2-Clause */
/* What the conformance suite cannot show of vale: ports: senders that use the ring in
 * other ways than weir does. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <weir/port.h>
#include <weir/switch.h>

#include "support/unit.h"
#include "vale/client.h"

#define NAME "valeport"

struct bench {
	struct weir_switch *sw;
	pthread_t thread;
	char dir[64];
	struct vale_client sender; /* writes slots by hand */
	struct weir_port *receiver;
};

static void *run(void *sw)
{
	assert_int_equal(weir_switch_run(sw, NULL), 0);
	return NULL;
}

static int set_up(void **state)
{
	const struct weir_switch_opts opts = { .name = NAME, .lossless = true };
	const struct vale_open open = { .port = "a",
					.ring = VALE_ALL_RINGS,
					.shape = { .tx_slots = 64, .rx_slots = 64 } };
	struct bench *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	strcpy(b->dir, "/tmp/weir-test-XXXXXX");
	assert_non_null(mkdtemp(b->dir));
	setenv("WEIR_RUNTIME_DIR", b->dir, 1);
	assert_int_equal(weir_switch_new(&opts, &b->sw, NULL), 0);
	assert_int_equal(pthread_create(&b->thread, NULL, run, b->sw), 0);
	assert_int_equal(vale_client_open(&b->sender, NAME, &open, NULL, NULL), 0);
	assert_int_equal(weir_port_open(NAME ":b,slots=16", NULL, &b->receiver, NULL), 0);
	*state = b;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *b = *state;

	vale_client_close(&b->sender);
	weir_port_close(b->receiver);
	weir_switch_stop(b->sw);
	pthread_join(b->thread, NULL);
	weir_switch_free(b->sw);
	assert_int_equal(rmdir(b->dir), 0);
	free(b);
	return 0;
}

/* Hands over a frame of n slots with len bytes each, all of them tag but the sender's
 * address. */
static void send_frame(struct bench *b, uint8_t tag, unsigned n, uint16_t len)
{
	struct vale_client *c = &b->sender;
	struct vale_ring *ring = vale_layout_ring(&c->layout, c->mem, 0);
	uint32_t pos = c->ctl->ring[0].head;

	for (unsigned i = 0; i < n; i++) {
		struct vale_slot *slot = &ring->slot[pos];

		memset(c->mem + c->layout.in.bufs_at + (size_t)slot->buf_idx * VALE_BUF_SIZE, tag,
		       len);
		if (i == 0)
			memset(c->mem + c->layout.in.bufs_at +
				       (size_t)slot->buf_idx * VALE_BUF_SIZE + 6,
			       0, 6);
		slot->len = len;
		slot->flags = i + 1 < n ? VALE_SLOT_MOREFRAG : 0;
		pos = (pos + 1) % ring->num_slots;
	}
	atomic_store(&c->ctl->ring[0].head, pos);
	vale_client_kick(&c->ctl->asleep, c->fds[VALE_FD_KICK]);
}

static struct weir_pkt receive_frame(struct bench *b)
{
	struct weir_pkt pkt;

	while (weir_port_rx(b->receiver, 0, &pkt, 1) == 0)
		assert_true(weir_port_rx_wait(b->receiver, 0, 10000000000) == 1);
	return pkt;
}

static void assert_frame(const struct weir_pkt *pkt, uint8_t tag, uint32_t len)
{
	assert_int_equal(pkt->len, len);
	for (uint32_t i = 0; i < len; i++)
		assert_int_equal(pkt->data[i], i / 6 == 1 ? 0 : tag);
}

static void test_half_full_slots_become_one_piece_each(void **state)
{
	struct bench *b = *state;
	struct weir_pkt pkts[8];
	int n = 0;

	send_frame(b, 2, 3, 60);
	send_frame(b, 4, 1, 70);
	send_frame(b, 6, 2, 100);
	while (n < 2) { /* the third has to wait until the first is given back */
		int r = weir_port_rx(b->receiver, 0, pkts + n, 8 - (unsigned)n);

		assert_true(r >= 0);
		n += r;
	}
	assert_int_equal(n, 2);
	assert_frame(&pkts[0], 2, 180);
	assert_frame(&pkts[1], 4, 70);
	weir_port_rx_release(b->receiver, 0);
	pkts[0] = receive_frame(b);
	assert_frame(&pkts[0], 6, 200);
	weir_port_rx_release(b->receiver, 0);
}

static void test_a_descriptor_tells_of_frames_when_none_were_left(void **state)
{
	struct bench *b = *state;
	struct pollfd fd = { .fd = weir_port_rx_fd(b->receiver, 0), .events = POLLIN };
	struct weir_pkt pkt;

	assert_true(fd.fd >= 0);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(weir_port_rx(b->receiver, 0, &pkt, 1), 0);
		assert_int_equal(poll(&fd, 1, 0), 0);
		send_frame(b, 2, 1, 60);
		assert_int_equal(poll(&fd, 1, 30000), 1);
		assert_int_equal(fd.revents, POLLIN);
		assert_int_equal(weir_port_rx(b->receiver, 0, &pkt, 1), 1);
		weir_port_rx_release(b->receiver, 0);
	}
}

static void test_frames_of_any_length_go_round_the_ring(void **state)
{
	struct bench *b = *state;

	for (unsigned i = 0; i < 200; i++) {
		unsigned n = 1 + i % 15;
		struct weir_pkt pkt;

		send_frame(b, (uint8_t)(i * 4 + 2), n, VALE_BUF_SIZE);
		pkt = receive_frame(b);
		assert_frame(&pkt, (uint8_t)(i * 4 + 2), n * VALE_BUF_SIZE);
		weir_port_rx_release(b->receiver, 0);
	}
}

/* A region that the switch can map, with a frame in it. */
static struct weir_region make_region(void)
{
	struct weir_region region = { .size = 4096, .shared = true };

	region.fd = memfd_create("region", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	assert_int_equal(ftruncate(region.fd, 4096), 0);
	assert_int_equal(fcntl(region.fd, F_ADD_SEALS, F_SEAL_SHRINK), 0);
	region.base = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, region.fd, 0);
	assert_true(region.base != MAP_FAILED);
	memset(region.base, 2, 60);
	return region;
}

static void test_frames_of_a_region_are_done_when_the_switch_has_read_them(void **state)
{
	struct weir_port_opts opts = { .dir = WEIR_PORT_TX, .region = make_region() };
	struct bench *b = *state;
	struct weir_pkt pkts[16], got[16];
	struct weir_port *port;

	assert_int_equal(weir_port_open(NAME ":c,slots=16,nolearn", &opts, &port, NULL), 0);
	vale_client_close(&b->sender); /* which does not read either */
	for (unsigned i = 0; i < 16; i++)
		pkts[i] = (struct weir_pkt){ .data = opts.region.base, .len = 60 };
	assert_int_equal(weir_port_tx(port, 0, pkts, 15), 15);
	while (weir_port_tx_drain(port, 0, 10000000000) == 0)
		;
	/* The receiver is full; nobody has asked what was done meanwhile. */
	assert_int_equal(weir_port_tx(port, 0, pkts, 12), 12);
	assert_int_equal(weir_port_tx_drain(port, 0, 1000000), 0);
	assert_int_equal(weir_port_tx_done(port, 0), 15);
	for (unsigned n = 0; n < 27;) {
		int r = weir_port_rx(b->receiver, 0, got, 16);

		assert_true(r >= 0);
		n += (unsigned)r;
		weir_port_rx_release(b->receiver, 0);
	}
	while (weir_port_tx_drain(port, 0, 10000000000) == 0)
		;
	assert_int_equal(weir_port_tx_done(port, 0), 27);
	weir_port_close(port);
	munmap(opts.region.base, 4096);
	close(opts.region.fd);
}

static void test_a_port_that_stays_is_opened_as_it_is(void **state)
{
	const struct weir_switch_shape shape = { .tx_slots = 32, .rx_slots = 32 };
	struct weir_port *port = NULL;

	(void)state;
	assert_int_equal(weir_switch_new_port(NAME, "stays", &shape, NULL), 0);
	assert_int_equal(weir_port_open(NAME ":stays", NULL, &port, NULL), 0);
	weir_port_close(port);
	assert_int_equal(weir_port_open(NAME ":stays,slots=64", NULL, &port, NULL), -EINVAL);
}

/* Opens an end of a pipe of the switch of the tests. */
static struct weir_port *pipe_end(char brace)
{
	struct weir_port *port = NULL;
	char name[32];

	snprintf(name, sizeof(name), NAME ":x%c1,slots=16", brace);
	assert_int_equal(weir_port_open(name, NULL, &port, NULL), 0);
	return port;
}

/* Sends a frame whose bytes are all tag through a pipe. */
static int pipe_send(struct weir_port *port, uint8_t tag)
{
	uint8_t frame[60];
	const struct weir_pkt pkt = { .data = frame, .len = sizeof(frame) };

	memset(frame, tag, sizeof(frame));
	return weir_port_tx(port, 0, &pkt, 1);
}

static void assert_received(struct weir_port *port, uint8_t tag)
{
	struct weir_pkt pkt;
	int r;

	while ((r = weir_port_rx(port, 0, &pkt, 1)) == 0)
		assert_true(weir_port_rx_wait(port, 0, 10000000000) == 1);
	assert_int_equal(r, 1);
	assert_int_equal(pkt.len, 60);
	assert_int_equal(pkt.data[59], tag);
	weir_port_rx_release(port, 0);
}

static void test_frames_wait_in_a_pipe_for_its_other_end(void **state)
{
	struct weir_port *a = pipe_end('{'), *b;

	(void)state;
	for (uint8_t i = 0; i < 15; i++)
		assert_int_equal(pipe_send(a, i), 1);
	assert_int_equal(pipe_send(a, 15), 0);
	assert_int_equal(weir_port_tx_wait(a, 0, 0), 0);
	b = pipe_end('}');
	for (uint8_t i = 0; i < 15; i++)
		assert_received(b, i);
	assert_int_equal(weir_port_tx_wait(a, 0, 10000000000), 1);
	for (unsigned i = 0; i < 100; i++) {
		assert_int_equal(pipe_send(b, (uint8_t)i), 1);
		assert_int_equal(pipe_send(a, (uint8_t)~i), 1);
		assert_received(a, (uint8_t)i);
		assert_received(b, (uint8_t)~i);
	}
	weir_port_close(a);
	weir_port_close(b);
}

static void test_a_pipe_ends_with_either_end_after_its_last_frame(void **state)
{
	struct weir_port *a = pipe_end('{'), *b = pipe_end('}');
	struct weir_pkt pkt;

	(void)state;
	assert_int_equal(pipe_send(b, 1), 1);
	assert_int_equal(pipe_send(a, 7), 1);
	weir_port_close(a); /* waits a little for its frame to be read */
	while (weir_port_tx_wait(b, 0, 1000000) >= 0 && pipe_send(b, 2) >= 0)
		;
	assert_int_equal(pipe_send(b, 2), -EPIPE);
	assert_received(b, 7);
	assert_int_equal(weir_port_rx_wait(b, 0, UINT64_MAX), -EPIPE);
	assert_int_equal(weir_port_rx(b, 0, &pkt, 1), -EPIPE);
	weir_port_close(b);
	/* And there can be a new one. */
	a = pipe_end('}');
	assert_int_equal(pipe_send(a, 1), 1);
	b = pipe_end('{');
	assert_received(b, 1);
	weir_port_close(b);
	weir_port_close(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_half_full_slots_become_one_piece_each, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(
			test_a_descriptor_tells_of_frames_when_none_were_left, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_frames_of_any_length_go_round_the_ring, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(
			test_frames_of_a_region_are_done_when_the_switch_has_read_them, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(test_a_port_that_stays_is_opened_as_it_is, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_frames_wait_in_a_pipe_for_its_other_end,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_a_pipe_ends_with_either_end_after_its_last_frame, set_up, tear_down),
	};

	return unit_run(tests);
}
