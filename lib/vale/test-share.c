/* SPDX-License-Identifier: BSD-2-Clause */
/* What connections have in common: rings, regions, headers; and what they have alone. */
#include <errno.h>

#include "vale/test-bench.h"

static struct vale_open shared_of(const char *port)
{
	struct vale_open o = open_of(port, 64);

	o.flags = VALE_OPEN_SHARED;
	return o;
}

static int try_open(struct vale_client *c, const struct vale_open *o)
{
	struct weir_err err = { 0 };
	int r = vale_client_open(c, NAME, o, NULL, &err);

	assert_int_equal(r < 0, err.text[0] != '\0');
	if (r < 0)
		vale_client_close(c);
	return r;
}

static struct vale_client must_open(const struct vale_open *o)
{
	struct vale_client c;

	assert_int_equal(try_open(&c, o), 0);
	return c;
}

/* The answer that tells where things are. */
static struct vale_opened opened_of(const struct vale_client *c)
{
	struct vale_opened opened;
	struct vale_msg m;

	vale_msg_init(&m, VALE_MSG_AGAIN);
	assert_int_equal(vale_request(c->fd, &m, NULL), 0);
	assert_int_equal(m.head.size, sizeof(opened));
	memcpy(&opened, m.body, sizeof(opened));
	vale_msg_done(&m);
	return opened;
}

static struct vale_if *if_of(const struct vale_client *c)
{
	return (void *)(c->mem + c->layout.if_at);
}

static void test_a_ring_is_shared_by_those_who_say_so(void **state)
{
	struct vale_open shared = shared_of("a"), alone = open_of("a", 64);
	struct vale_client one = must_open(&shared), two = must_open(&shared), b, no;

	(void)state;
	assert_int_equal(try_open(&no, &alone), -EBUSY);
	assert_int_equal(opened_of(&one).mem_id, opened_of(&two).mem_id);
	assert_int_not_equal(one.layout.if_at, two.layout.if_at);
	b = client_of("b");
	send_one(&one, 1);
	send_one(&two, 2);
	assert_int_equal(receive_one(&b), 1);
	assert_int_equal(receive_one(&b), 2);
	/* Its rings stay as they are while anybody is there. */
	vale_client_close(&one);
	send_one(&b, 3);
	assert_int_equal(receive_one(&two), 3);
	vale_client_close(&two);
	wait_ports(1);
	one = must_open(&alone);
	assert_int_equal(try_open(&no, &shared), -EBUSY);
	vale_client_close(&one);
	vale_client_close(&b);
}

static void test_a_ring_has_at_most_so_many_sharers(void **state)
{
	const struct vale_open shared = shared_of("a");
	struct vale_client c[VALE_MAX_SHARERS], no;

	(void)state;
	for (unsigned i = 0; i < VALE_MAX_SHARERS; i++)
		c[i] = must_open(&shared);
	assert_int_equal(try_open(&no, &shared), -EBUSY);
	for (unsigned i = 0; i < VALE_MAX_SHARERS; i++)
		vale_client_close(&c[i]);
}

static void test_everybody_who_shares_a_ring_is_woken(void **state)
{
	const struct vale_open shared = shared_of("a");
	struct vale_client one = must_open(&shared), two = must_open(&shared), b = client_of("b");
	struct pollfd fds[] = { { .fd = one.fds[VALE_FD_WAKE_RX], .events = POLLIN },
				{ .fd = two.fds[VALE_FD_WAKE_RX], .events = POLLIN } };

	(void)state;
	atomic_store(&one.ctl->ring[1].sleeps, 1);
	send_one(&b, 1);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(poll(&fds[i], 1, 10000), 1);
	vale_client_close(&one);
	vale_client_close(&two);
	vale_client_close(&b);
}

static void test_rings_of_one_direction_are_taken_alone(void **state)
{
	struct vale_open tx = open_of("a", 64), rx = open_of("a", 64);
	struct vale_client sender, receiver, no;

	(void)state;
	tx.flags = VALE_OPEN_TX_ONLY;
	rx.flags = VALE_OPEN_RX_ONLY;
	sender = must_open(&tx);
	assert_int_equal(try_open(&no, &tx), -EBUSY);
	receiver = must_open(&rx);
	assert_true(if_of(&sender)->ring_ofs[0] && !if_of(&sender)->ring_ofs[2]);
	assert_true(!if_of(&receiver)->ring_ofs[0] && if_of(&receiver)->ring_ofs[2]);
	vale_client_close(&sender);
	vale_client_close(&receiver);
	wait_ports(0);
	tx.flags = VALE_OPEN_TX_ONLY | VALE_OPEN_RX_ONLY;
	assert_int_equal(try_open(&no, &tx), -EINVAL);
	tx.flags = 1U << 31;
	assert_int_equal(try_open(&no, &tx), -EOPNOTSUPP);
}

static void test_each_connection_has_extra_buffers(void **state)
{
	struct vale_open o = shared_of("a");
	struct vale_client one, two;
	uint32_t n = 0;

	(void)state;
	o.shape.extra_bufs = 10;
	one = must_open(&o);
	o.shape.extra_bufs = 1 << 16; /* all that there are */
	two = must_open(&o);
	assert_int_equal(opened_of(&one).shape.extra_bufs, 10);
	for (uint32_t b = if_of(&one)->bufs_head; b; b = *vale_chain_at(&one.layout.in, one.mem, b))
		n++;
	assert_int_equal(n, 10);
	assert_in_range(opened_of(&two).shape.extra_bufs, 1, one.layout.in.n_bufs);
	vale_client_close(&one);
	/* Those that have come back can be had. */
	for (unsigned i = 0; opened_of(&two).shape.extra_bufs && i < 4000; i++) {
		one = must_open(&o);
		n = opened_of(&one).shape.extra_bufs;
		vale_client_close(&one);
		if (n)
			break;
		poll(NULL, 0, 5);
	}
	assert_true(n >= 10);
	vale_client_close(&two);
}

static void test_a_port_and_its_pipes_share_a_region(void **state)
{
	struct vale_open o = shared_of("a"), pipe = shared_of("a{1"), other = shared_of("b{1");
	struct vale_client a = must_open(&o), master = must_open(&pipe), foreign;

	(void)state;
	assert_int_equal(opened_of(&a).mem_id, opened_of(&master).mem_id);
	assert_int_equal(opened_of(&a).mem_size, opened_of(&master).mem_size);
	assert_int_not_equal(opened_of(&a).ring_at, opened_of(&master).ring_at);
	foreign = must_open(&other);
	assert_int_not_equal(opened_of(&a).mem_id, opened_of(&foreign).mem_id);
	vale_client_close(&a);
	vale_client_close(&master);
	vale_client_close(&foreign);
	wait_ports(0);
	/* The pipe first: its parent is where it is. */
	master = must_open(&pipe);
	a = must_open(&o);
	assert_int_equal(opened_of(&a).mem_id, opened_of(&master).mem_id);
	vale_client_close(&master);
	vale_client_close(&a);
}

static void test_a_port_can_be_put_into_a_region(void **state)
{
	struct vale_open o = shared_of("a");
	struct vale_client a, b, no;

	(void)state;
	o.pipes = 4;
	a = must_open(&o);
	o = shared_of("b");
	o.mem_id = opened_of(&a).mem_id;
	b = must_open(&o);
	assert_int_equal(opened_of(&a).mem_id, opened_of(&b).mem_id);
	send_one(&a, 7);
	assert_int_equal(receive_one(&b), 7);
	o = shared_of("c");
	o.mem_id = 99;
	assert_int_equal(try_open(&no, &o), -EINVAL);
	o = shared_of("a");
	o.mem_id = opened_of(&a).mem_id + 1;
	assert_int_equal(try_open(&no, &o), -EINVAL);
	vale_client_close(&a);
	vale_client_close(&b);
}

static void test_an_end_that_is_shared_can_come_back(void **state)
{
	struct vale_open one = shared_of("x{1"), two = shared_of("x}1"), alone = open_of("x{1", 64);
	struct vale_client a = must_open(&one), b = must_open(&two), again, no;

	(void)state;
	again = must_open(&one);
	assert_ptr_not_equal(again.mem, NULL);
	vale_client_close(&a);
	assert_false(vale_client_is_gone(&b)); /* somebody is there */
	atomic_store(&again.ctl->ring[0].head, 5);
	vale_client_close(&again);
	wait_until(vale_client_is_gone(&b));
	assert_int_equal(atomic_load(&b.ctl->closed[0]), 1);
	assert_int_equal(try_open(&no, &alone), -EBUSY);
	a = must_open(&one);
	assert_int_equal(atomic_load(&b.ctl->closed[0]), 0);
	assert_int_equal(atomic_load(&a.ctl->ring[0].head), 5);
	(void)opened_of(&b); /* from now on it is told of the next end */
	vale_client_close(&a);
	vale_client_close(&b);
	wait_ports(0);
}

static struct vale_hdr hdr(const char *port, uint32_t len, int *ret_result)
{
	struct vale_hdr h = { .len = len };
	struct vale_msg m;
	int fd;

	assert_int_equal(vale_connect(NAME, false, &fd, NULL), 0);
	strcpy(h.port, port);
	vale_msg_init(&m, VALE_MSG_HDR);
	memcpy(m.body, &h, sizeof(h));
	m.head.size = sizeof(h);
	*ret_result = vale_request(fd, &m, NULL);
	memcpy(&h, m.body, sizeof(h));
	close(fd);
	return h;
}

static void test_headers_are_for_those_who_know_of_them(void **state)
{
	struct vale_open o = shared_of("a");
	struct vale_client a = must_open(&o), b;
	int r;

	(void)state;
	assert_int_equal(hdr("a", VALE_HDR_KEEP, &r).len, 0);
	(void)hdr("a", 11, &r);
	assert_int_equal(r, -EINVAL);
	(void)hdr("none", 10, &r);
	assert_int_equal(r, -ENOENT);
	assert_int_equal(hdr("a", 12, &r).len, 12);
	assert_int_equal(r, 0);
	assert_int_equal(hdr("a", VALE_HDR_KEEP, &r).len, 12);
	assert_int_equal(try_open(&b, &o), -EIO);
	o.flags |= VALE_OPEN_HDR;
	b = must_open(&o);
	assert_int_equal(opened_of(&b).hdr_len, 12);
	vale_client_close(&a);
	vale_client_close(&b);
}

/* Asks for a region and no port. */
static int open_null(uint32_t mem_id, struct vale_opened *ret_opened, int *ret_fd)
{
	struct vale_open o = { .ring = VALE_ALL_RINGS,
			       .flags = VALE_OPEN_NULL,
			       .mem_id = mem_id,
			       .shape.extra_bufs = 5 };
	struct vale_msg m;
	int r;

	assert_int_equal(vale_connect(NAME, false, ret_fd, NULL), 0);
	vale_msg_init(&m, VALE_MSG_OPEN);
	memcpy(m.body, &o, sizeof(o));
	m.head.size = sizeof(o);
	r = vale_request(*ret_fd, &m, NULL);
	if (r < 0)
		return r;
	assert_int_equal(m.n_fds, 1);
	memcpy(ret_opened, m.body, sizeof(*ret_opened));
	vale_msg_done(&m);
	return 0;
}

static void test_a_region_can_be_had_without_a_port(void **state)
{
	struct vale_opened one, two;
	int fds[3];

	(void)state;
	assert_int_equal(open_null(0, &one, &fds[0]), 0);
	assert_int_equal(one.kind, VALE_KIND_NULL);
	assert_int_equal(one.shape.extra_bufs, 5);
	assert_int_equal(open_null(one.mem_id, &two, &fds[1]), 0);
	assert_int_equal(two.mem_id, one.mem_id);
	assert_int_not_equal(two.if_at, one.if_at);
	assert_int_equal(open_null(UINT32_MAX, &two, &fds[2]), -EINVAL);
	assert_int_equal(n_ports(), 0);
	for (unsigned i = 0; i < 3; i++)
		close(fds[i]);
}

static void test_regions_without_ports_count_once(void **state)
{
	struct vale_opened o[300];
	int fds[300], n = 0, r;

	(void)state;
	/* Up to the 16 MiB of this switch. */
	while ((r = open_null(0, &o[n], &fds[n])) == 0)
		n++;
	assert_int_equal(r, -EDQUOT);
	assert_true(n >= 16 && (uint64_t)n * o[0].mem_size <= 16 << 20);
	assert_true((uint64_t)(n + 1) * o[0].mem_size > 16 << 20);
	close(fds[n]);
	/* The same one again and again is no more. */
	for (unsigned i = 0; i < 20; i++) {
		assert_int_equal(open_null(o[0].mem_id, &o[n], &fds[n]), 0);
		close(fds[n]);
	}
	while (n)
		close(fds[--n]);
}

static void test_numbers_of_regions_can_run_out(void **state)
{
	struct bench *b = *state;
	const struct weir_switch_opts opts = { .name = NAME };
	struct vale_opened o;
	int fds[257];

	stop(b);
	start(b, &opts);
	for (unsigned i = 0; i < 256; i++)
		assert_int_equal(open_null(0, &o, &fds[i]), 0);
	assert_int_equal(open_null(0, &o, &fds[256]), -ENOSPC);
	for (unsigned i = 0; i < 257; i++)
		close(fds[i]);
}

#define with(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with(test_a_ring_is_shared_by_those_who_say_so),
		with(test_a_ring_has_at_most_so_many_sharers),
		with(test_everybody_who_shares_a_ring_is_woken),
		with(test_rings_of_one_direction_are_taken_alone),
		with(test_each_connection_has_extra_buffers),
		with(test_a_port_and_its_pipes_share_a_region),
		with(test_a_port_can_be_put_into_a_region),
		with(test_an_end_that_is_shared_can_come_back),
		with(test_headers_are_for_those_who_know_of_them),
		with(test_a_region_can_be_had_without_a_port),
		with(test_regions_without_ports_count_once),
		with(test_numbers_of_regions_can_run_out),
	};

	return unit_run(tests);
}
