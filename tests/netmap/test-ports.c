/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What netmap's programs ask of ports besides frames: ways to open them, ports that stay, memory,
 * control blocks, and the API before version 14.
 */
#include "client.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

static int try(const char *name, uint32_t mode, uint64_t flags)
{
	const struct nmreq_register reg = { .nr_mode = mode, .nr_flags = flags };
	struct client c;
	int r = client_try(&c, name, &reg);

	if (r == 0) {
		assert_true(c.reg.nr_flags == flags && c.reg.nr_mode == mode);
		client_close(&c);
	}
	return r;
}

static void test_a_port_is_shared_or_had_alone(void **state)
{
	static const char *const names[] = { "vale0:a", "x{1" };

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		const struct nmreq_register alone = { .nr_mode = NR_REG_ALL_NIC,
						      .nr_flags = NR_EXCLUSIVE };
		struct client c;

		assert_int_equal(client_try(&c, names[i], &alone), 0);
		assert_int_equal(try(names[i], NR_REG_ALL_NIC, 0), EBUSY);
		client_close(&c);
		client_open(&c, names[i]);
		assert_int_equal(try(names[i], NR_REG_ALL_NIC, 0), 0);
		assert_int_equal(try(names[i], NR_REG_ALL_NIC, NR_EXCLUSIVE), EBUSY);
		client_close(&c);
	}
}

static void test_ways_to_open_that_there_are_not(void **state)
{
	(void)state;
	assert_int_equal(try("vale0:a", NR_REG_SW, 0), EINVAL);
	assert_int_equal(try("vale0:a", NR_REG_NIC_SW, 0), EINVAL);
	assert_int_equal(try("vale0:a", NR_REG_ONE_SW, 0), EINVAL);
	assert_int_equal(try("vale0:a", NR_REG_DEFAULT, 0), EINVAL);
	assert_int_equal(try("vale0:a", 99, 0), EINVAL);
	assert_int_equal(try("", NR_REG_ALL_NIC, 0), EINVAL);
	assert_int_equal(try("vale0:", NR_REG_ALL_NIC, 0), EINVAL);
	assert_int_equal(try("vale0123456789abcdef:a", NR_REG_ALL_NIC, 0), EINVAL);
}

/* Rings of one port by descriptors of their own, in one memory. */
static void test_rings_are_opened_one_by_one(void **state)
{
	struct nmreq_register reg = {
		.nr_mode = NR_REG_ONE_NIC, .nr_ringid = 0, .nr_tx_rings = 2, .nr_rx_rings = 2
	};
	struct client one, two, tx;

	(void)state;
	assert_int_equal(client_try(&one, "vale0:a", &reg), 0);
	reg.nr_ringid = 1;
	assert_int_equal(client_try(&two, "vale0:a", &reg), 0);
	assert_int_equal(one.reg.nr_mem_id, two.reg.nr_mem_id);
	assert_int_not_equal(one.nifp->ring_ofs[0], 0);
	assert_int_equal(one.nifp->ring_ofs[1], 0);
	assert_int_equal(two.nifp->ring_ofs[0], 0);
	assert_int_not_equal(two.nifp->ring_ofs[1], 0);
	reg = (struct nmreq_register){ .nr_mode = NR_REG_ALL_NIC, .nr_flags = NR_TX_RINGS_ONLY };
	assert_int_equal(client_try(&tx, "vale0:b", &reg), 0);
	client_send(&tx, 3, 60);
	assert_int_equal(client_receive(&one, 60), 3);
	assert_int_equal(client_poll(&tx, POLLIN, 0), 0);
	client_close(&tx);
	client_close(&one);
	client_close(&two);
}

static void test_a_pipe_is_in_the_memory_of_its_port(void **state)
{
	struct nmreq_register reg = { .nr_mode = NR_REG_ALL_NIC };
	struct client port, pipe;

	(void)state;
	client_open(&port, "vale0:a");
	reg.nr_mem_id = port.reg.nr_mem_id;
	assert_int_equal(client_try(&pipe, "vale0:a{1", &reg), 0);
	assert_int_equal(pipe.reg.nr_mem_id, port.reg.nr_mem_id);
	assert_int_equal(pipe.reg.nr_memsize, port.reg.nr_memsize);
	assert_int_not_equal(pipe.reg.nr_offset, port.reg.nr_offset);
	client_close(&pipe);
	client_close(&port);
}

static void test_a_monitor_sees_what_a_port_does(void **state)
{
	const struct nmreq_register reg = { .nr_mode = NR_REG_ALL_NIC,
					    .nr_flags = NR_MONITOR_TX | NR_MONITOR_RX };
	struct client a, b, monitor;

	(void)state;
	client_open(&a, "vale0:a");
	client_open(&b, "vale0:b");
	assert_int_equal(client_try(&monitor, "vale0:a", &reg), 0);
	client_send(&a, 1, 60);
	assert_int_equal(client_receive(&b, 60), 1);
	assert_int_equal(client_receive(&monitor, 60), 1);
	client_send(&b, 2, 60);
	assert_int_equal(client_receive(&a, 60), 2);
	assert_int_equal(client_poll(&a, POLLIN, 0), 0);
	assert_int_equal(client_receive(&monitor, 60), 2);
	client_close(&monitor);
	client_close(&a);
	client_close(&b);
}

static int ask(const char *name, unsigned type, void *body)
{
	int fd = open("/dev/netmap", O_RDWR), r;

	assert_true(fd >= 0);
	r = request(fd, name, type, body);
	close(fd);
	return r;
}

static int attach(const char *name)
{
	struct nmreq_vale_attach a = { .reg = { .nr_mode = NR_REG_ALL_NIC } };

	return ask(name, NETMAP_REQ_VALE_ATTACH, &a);
}

static int detach(const char *name)
{
	struct nmreq_vale_detach d = { 0 };

	return ask(name, NETMAP_REQ_VALE_DETACH, &d);
}

static void test_ports_that_stay_are_made_attached_and_listed(void **state)
{
	struct nmreq_vale_newif newif = { .nr_tx_slots = 64, .nr_rx_slots = 64 };
	struct nmreq_vale_list list = { 0 };
	struct client v, b;

	(void)state;
	assert_int_equal(ask("v0", NETMAP_REQ_VALE_NEWIF, &newif), 0);
	assert_int_equal(ask("v0", NETMAP_REQ_VALE_NEWIF, &newif), EEXIST);
	assert_int_equal(attach("v0"), EINVAL);
	assert_int_equal(attach("vale3:v0"), 0);
	assert_int_equal(attach("vale3:v0"), EBUSY);
	assert_int_equal(ask("vale3:v0", NETMAP_REQ_VALE_LIST, &list), 0);
	assert_int_equal(ask("vale3:v1", NETMAP_REQ_VALE_LIST, &list), ENOENT);
	assert_int_equal(ask("v0", NETMAP_REQ_VALE_DELIF, NULL), EBUSY);
	/* By its own name it is where it was attached. */
	client_open(&v, "v0");
	client_open(&b, "vale3:b");
	assert_int_equal(v.reg.nr_tx_slots, 64);
	client_send(&b, 1, 60);
	assert_int_equal(client_receive(&v, 60), 1);
	assert_int_equal(detach("vale3:v0"), EBUSY);
	client_close(&v);
	client_close(&b);
	assert_int_equal(detach("vale3:v0"), 0);
	assert_int_equal(detach("vale3:v0"), ENXIO);
	assert_int_equal(ask("v0", NETMAP_REQ_VALE_DELIF, NULL), 0);
	assert_int_equal(ask("v0", NETMAP_REQ_VALE_DELIF, NULL), ENXIO);
}

static void test_all_ports_are_listed(void **state)
{
	struct nmreq_header hdr = { .nr_version = NETMAP_API, .nr_reqtype = NETMAP_REQ_VALE_LIST };
	struct nmreq_vale_list list = { 0 };
	static const char *const names[] = { "vale4:a", "vale4:b", "vale5:a" };
	struct client c[3];
	unsigned found = 0;

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		client_open(&c[i], names[i]);
	hdr.nr_body = (uintptr_t)&list;
	while (ioctl(c[0].fd, NIOCCTRL, &hdr) == 0) {
		for (unsigned i = 0; i < 3; i++)
			found |= (strcmp(hdr.nr_name, names[i]) == 0) << i;
		hdr.nr_name[0] = '\0';
		list.nr_port_idx++;
	}
	assert_int_equal(errno, ENOENT);
	assert_int_equal(found, 7);
	for (unsigned i = 0; i < 3; i++)
		client_close(&c[i]);
}

static void test_headers_before_frames_are_kept(void **state)
{
	struct nmreq_port_hdr hdr = { .nr_hdr_len = 12 };
	const struct nmreq_register reg = { .nr_mode = NR_REG_ALL_NIC,
					    .nr_flags = NR_ACCEPT_VNET_HDR };
	struct client c;

	(void)state;
	assert_int_equal(ask("vale0:none", NETMAP_REQ_PORT_HDR_GET, &hdr), ENXIO);
	assert_int_equal(client_try(&c, "vale0:a", &reg), 0);
	assert_int_equal(ask("vale0:a", NETMAP_REQ_PORT_HDR_SET, &hdr), 0);
	hdr.nr_hdr_len = 11;
	assert_int_equal(ask("vale0:a", NETMAP_REQ_PORT_HDR_SET, &hdr), EINVAL);
	assert_int_equal(ask("vale0:a", NETMAP_REQ_PORT_HDR_GET, &hdr), 0);
	assert_int_equal(hdr.nr_hdr_len, 12);
	assert_int_equal(try("vale0:a", NR_REG_ALL_NIC, 0), EIO);
	client_close(&c);
}

static void test_what_was_told_of_memory_holds(void **state)
{
	struct nmreq_port_info_get info = { 0 };
	struct nmreq_pools_info pools = { 0 };
	struct nmreq_register reg = { .nr_mode = NR_REG_ALL_NIC };
	int fd = open("/dev/netmap", O_RDWR);

	(void)state;
	assert_int_equal(request(fd, "vale0:a", NETMAP_REQ_PORT_INFO_GET, &info), 0);
	assert_int_equal(info.nr_tx_slots, 1024);
	assert_int_equal(info.nr_tx_rings, 1);
	reg.nr_mem_id = info.nr_mem_id;
	assert_int_equal(request(fd, "vale0:a", NETMAP_REQ_REGISTER, &reg), 0);
	assert_int_equal(reg.nr_mem_id, info.nr_mem_id);
	assert_int_equal(reg.nr_memsize, info.nr_memsize);
	assert_int_equal(ask("vale0:a", NETMAP_REQ_POOLS_INFO_GET, &pools), 0);
	assert_int_equal(pools.nr_mem_id, reg.nr_mem_id);
	assert_int_equal(pools.nr_memsize, reg.nr_memsize);
	assert_true(pools.nr_buf_pool_offset +
			    (uint64_t)pools.nr_buf_pool_objtotal * pools.nr_buf_pool_objsize <=
		    pools.nr_memsize);
	assert_true(pools.nr_if_pool_objtotal && pools.nr_ring_pool_objtotal);
	close(fd);
	/* A region that is none. */
	reg.nr_mem_id = 60000;
	fd = open("/dev/netmap", O_RDWR);
	assert_int_equal(request(fd, "vale0:a", NETMAP_REQ_REGISTER, &reg), EINVAL);
	close(fd);
}

static void test_a_port_without_rings_has_buffers(void **state)
{
	const struct nmreq_register reg = { .nr_mode = NR_REG_NULL, .nr_extra_bufs = 3 };
	struct client c;

	(void)state;
	assert_int_equal(client_try(&c, "vale0:null", &reg), 0);
	assert_int_equal(c.reg.nr_extra_bufs, 3);
	assert_int_not_equal(c.nifp->ni_bufs_head, 0);
	assert_int_equal(ioctl(c.fd, NIOCTXSYNC, NULL), 0);
	assert_int_equal(client_poll(&c, POLLIN, 10), 0);
	client_close(&c);
}

static void test_programs_of_the_older_api_run(void **state)
{
	struct nmreq req = { .nr_name = "vale0:a",
			     .nr_version = 14,
			     .nr_flags = NR_REG_PIPE_SLAVE,
			     .nr_ringid = 4 };
	struct client pipe, other;

	(void)state;
	client_open(&pipe, "vale0:a{4");
	other.fd = open("/dev/netmap", O_RDWR);
	assert_int_equal(ioctl(other.fd, NIOCREGIF, &req), 0);
	assert_int_equal(req.nr_flags, NR_REG_PIPE_SLAVE);
	assert_int_equal(req.nr_ringid, 4);
	assert_int_equal(req.nr_arg2, pipe.reg.nr_mem_id);
	other.reg.nr_memsize = req.nr_memsize;
	other.reg.nr_offset = req.nr_offset;
	client_map(&other);
	client_send(&pipe, 6, 60);
	assert_int_equal(client_receive(&other, 60), 6);
	client_close(&other);
	client_close(&pipe);
	req.nr_version = 11;
	other.fd = open("/dev/netmap", O_RDWR);
	assert_int_equal(ioctl(other.fd, NIOCREGIF, &req), -1);
	assert_int_equal(errno, EINVAL);
	close(other.fd);
}

/* A program with control blocks and a thread in the kernel's loop. */
struct looper {
	struct client port;
	_Alignas(64) struct nm_csb_atok atok[2];
	struct nm_csb_ktoa ktoa[2];
	struct {
		struct nmreq_option head;
		int fds[2][2];
	} events;
	int result;
};

static int enable_csb(struct looper *l, void *atok)
{
	struct nmreq_opt_csb csb = { .nro_opt = { .nro_reqtype = NETMAP_REQ_OPT_CSB },
				     .csb_atok = (uintptr_t)atok,
				     .csb_ktoa = (uintptr_t)l->ktoa };
	struct nmreq_header hdr = { .nr_version = NETMAP_API,
				    .nr_reqtype = NETMAP_REQ_CSB_ENABLE,
				    .nr_options = (uintptr_t)&csb };
	int r = ioctl(l->port.fd, NIOCCTRL, &hdr) < 0 ? errno : 0;

	assert_int_equal(csb.nro_opt.nro_status, r);
	return r;
}

static void *run_loop(void *p)
{
	struct looper *l = p;
	struct nmreq_sync_kloop_start start = { .sleep_us = 200 };
	struct nmreq_header hdr = { .nr_version = NETMAP_API,
				    .nr_reqtype = NETMAP_REQ_SYNC_KLOOP_START,
				    .nr_options =
					    l->events.head.nro_reqtype ? (uintptr_t)&l->events : 0,
				    .nr_body = (uintptr_t)&start };

	l->result = ioctl(l->port.fd, NIOCCTRL, &hdr) < 0 ? errno : 0;
	return NULL;
}

static void begin_looper(struct looper *l)
{
	const struct nmreq_register reg = { .nr_mode = NR_REG_ALL_NIC, .nr_flags = NR_EXCLUSIVE };

	memset(l, 0, sizeof(*l));
	assert_int_equal(client_try(&l->port, "vale0:loop", &reg), 0);
	assert_int_equal(enable_csb(l, (void *)64), EFAULT);
	assert_int_equal(enable_csb(l, (uint8_t *)l->atok + 4), EINVAL);
	assert_int_equal(enable_csb(l, l->atok), 0);
	assert_int_equal(enable_csb(l, l->atok), EBUSY);
	assert_int_equal(ioctl(l->port.fd, NIOCTXSYNC, NULL), -1);
	assert_int_equal(errno, EBUSY);
	assert_int_equal(client_poll(&l->port, POLLIN, 0), POLLERR);
}

static int stop_loop(const struct looper *l)
{
	return request(l->port.fd, "vale0:loop", NETMAP_REQ_SYNC_KLOOP_STOP, NULL);
}

/* Sends by the control blocks, and receives by them. */
static void exchange(struct looper *l, const struct client *other)
{
	const uint64_t one = 1;

	client_put(&l->port, 9, 60); /* into the slots; the ring's head means nothing */
	__atomic_store_n(&l->atok[0].head, 1, __ATOMIC_SEQ_CST);
	if (l->events.head.nro_reqtype &&
	    __atomic_load_n(&l->ktoa[0].kern_need_kick, __ATOMIC_SEQ_CST))
		assert_int_equal(write(l->events.fds[0][0], &one, sizeof(one)), sizeof(one));
	assert_int_equal(client_receive(other, 60), 9);
	client_send(other, 10, 60);
	for (unsigned i = 0;
	     i < PATIENCE_MS && !__atomic_load_n(&l->ktoa[1].hwtail, __ATOMIC_ACQUIRE); i++)
		usleep(1000);
	assert_int_equal(l->ktoa[1].hwtail, 1);
}

static void loop_with(const struct nmreq_option *events)
{
	static struct looper l;
	struct client other;
	pthread_t thread;
	uint64_t n = 0;

	begin_looper(&l);
	client_open(&other, "vale0:other");
	if (events) {
		l.events.head = *events;
		for (unsigned i = 0; i < 4; i++)
			l.events.fds[i / 2][i % 2] = eventfd(0, 0);
	}
	assert_int_equal(pthread_create(&thread, NULL, run_loop, &l), 0);
	exchange(&l, &other);
	if (events) {
		assert_int_equal(read(l.events.fds[1][1], &n, sizeof(n)), sizeof(n));
		assert_true(n > 0);
	}
	assert_int_equal(stop_loop(&l), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(l.result, 0);
	for (unsigned i = 0; events && i < 4; i++)
		close(l.events.fds[i / 2][i % 2]);
	client_close(&other);
	client_close(&l.port);
}

static void test_a_loop_works_by_control_blocks(void **state)
{
	(void)state;
	loop_with(NULL);
}

static void test_a_loop_is_kicked_and_kicks(void **state)
{
	const struct nmreq_option events = { .nro_reqtype = NETMAP_REQ_OPT_SYNC_KLOOP_EVENTFDS,
					     .nro_size = sizeof(events) + 16 };

	(void)state;
	loop_with(&events);
}

static void test_a_loop_needs_its_conditions(void **state)
{
	static struct looper l;

	(void)state;
	client_open(&l.port, "vale0:loop");
	run_loop(&l);
	assert_int_equal(l.result, EINVAL);
	assert_int_equal(enable_csb(&l, l.atok), EINVAL); /* it is not had alone */
	client_close(&l.port);
	begin_looper(&l);
	l.events.head = (struct nmreq_option){ .nro_reqtype = NETMAP_REQ_OPT_SYNC_KLOOP_EVENTFDS,
					       .nro_size = sizeof(l.events.head) + 8 };
	run_loop(&l);
	assert_int_equal(l.result, EINVAL);
	client_close(&l.port);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_port_is_shared_or_had_alone),
		cmocka_unit_test(test_ways_to_open_that_there_are_not),
		cmocka_unit_test(test_rings_are_opened_one_by_one),
		cmocka_unit_test(test_a_pipe_is_in_the_memory_of_its_port),
		cmocka_unit_test(test_a_monitor_sees_what_a_port_does),
		cmocka_unit_test(test_ports_that_stay_are_made_attached_and_listed),
		cmocka_unit_test(test_all_ports_are_listed),
		cmocka_unit_test(test_headers_before_frames_are_kept),
		cmocka_unit_test(test_what_was_told_of_memory_holds),
		cmocka_unit_test(test_a_port_without_rings_has_buffers),
		cmocka_unit_test(test_programs_of_the_older_api_run),
		cmocka_unit_test(test_a_loop_works_by_control_blocks),
		cmocka_unit_test(test_a_loop_is_kicked_and_kicks),
		cmocka_unit_test(test_a_loop_needs_its_conditions),
	};

	return unit_run(tests);
}
