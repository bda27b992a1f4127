/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The netmap API as a program sees it: descriptors, requests, rings and waiting, by ports of
 * a switch that is started for it. Linked with the library, or run by "weir run".
 */
#include "client.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define A "vale0:a"
#define B "vale0:b"

struct pair {
	struct client a, b;
};

static int open_pair(void **state)
{
	static struct pair pair;

	client_open(&pair.a, A);
	client_open(&pair.b, B);
	*state = &pair;
	return 0;
}

static int open_pipe(void **state)
{
	static struct pair pair;

	const struct nmreq_register reg = { .nr_mode = NR_REG_ALL_NIC, .nr_extra_bufs = 1 };

	assert_int_equal(client_try(&pair.a, "x{1", &reg), 0);
	assert_int_equal(pair.a.reg.nr_extra_bufs, 1);
	client_open(&pair.b, "x}1");
	*state = &pair;
	return 0;
}

static int close_pair(void **state)
{
	struct pair *p = *state;

	client_close(&p->a);
	client_close(&p->b);
	return 0;
}

static void test_a_port_is_as_the_answer_says(void **state)
{
	const struct pair *p = *state;
	const struct nmreq_register *reg = &p->a.reg;
	const struct netmap_if *nifp = p->a.nifp;
	const struct netmap_ring *tx = client_tx(&p->a), *rx = client_rx(&p->a);

	assert_int_equal(nifp->ni_tx_rings, reg->nr_tx_rings);
	assert_int_equal(nifp->ni_rx_rings, reg->nr_rx_rings);
	assert_int_equal(tx->num_slots, reg->nr_tx_slots);
	assert_int_equal(rx->num_slots, reg->nr_rx_slots);
	assert_int_equal(nm_ring_space(tx), tx->num_slots - 1);
	assert_true(nm_ring_empty(rx));
	assert_int_equal(tx->dir, 0);
	assert_int_equal(rx->dir, 1);
	/* Regions that are not the same are told apart. */
	assert_int_not_equal(reg->nr_mem_id, 0);
	assert_int_not_equal(reg->nr_mem_id, 1);
	assert_int_not_equal(reg->nr_mem_id, p->b.reg.nr_mem_id);
}

static void test_frames_arrive_whatever_synchronises(void **state)
{
	const struct pair *p = *state;
	struct netmap_ring *rx = client_rx(&p->b);

	for (uint32_t i = 0; i < 3000; i++) {
		client_send(&p->a, i, 60 + i % 1000);
		assert_int_equal(client_receive(&p->b, 60 + i % 1000), i);
	}
	/* Sent by poll(2) that waits for something else, received without it. */
	client_put(&p->a, 77, 60);
	assert_int_equal(client_poll(&p->a, POLLIN, 0), 0);
	while (nm_ring_empty(rx))
		assert_int_equal(ioctl(p->b.fd, NIOCRXSYNC, NULL), 0);
	assert_true(rx->ts.tv_sec > 0);
	assert_int_equal(client_receive(&p->b, 60), 77);
}

static void test_long_frames_take_several_slots(void **state)
{
	const struct pair *p = *state;
	const struct netmap_ring *rx = client_rx(&p->b);
	uint32_t at = rx->head;

	client_send(&p->a, 5, 5000);
	assert_int_equal(client_poll(&p->b, POLLIN, PATIENCE_MS), POLLIN);
	assert_int_equal(NS_RFRAGS(&rx->slot[at]), 3);
	assert_int_equal(client_receive(&p->b, 5000), 5);
}

static void test_a_slot_may_point_elsewhere(void **state)
{
	const struct pair *p = *state;
	struct netmap_ring *tx = client_tx(&p->a);
	struct netmap_slot *slot = &tx->slot[tx->head];
	static uint8_t frame[60] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, [14] = 9 };

	slot->len = sizeof(frame);
	slot->flags = NS_INDIRECT;
	slot->ptr = (uintptr_t)frame;
	tx->head = tx->cur = nm_ring_next(tx, tx->head);
	assert_int_equal(ioctl(p->a.fd, NIOCTXSYNC, NULL), 0);
	assert_int_equal(client_receive(&p->b, sizeof(frame)), 9);
}

static void test_buffers_may_be_exchanged(void **state)
{
	const struct pair *p = *state;
	struct netmap_ring *tx = client_tx(&p->a);
	struct netmap_slot *one = &tx->slot[0], *two = &tx->slot[1];
	uint32_t buf = one->buf_idx;

	one->buf_idx = two->buf_idx;
	two->buf_idx = buf;
	one->flags = two->flags = NS_BUF_CHANGED;
	for (uint32_t i = 0; i < 2; i++) {
		client_send(&p->a, i, 60);
		assert_int_equal(client_receive(&p->b, 60), i);
	}
	assert_int_equal(one->flags | two->flags, 0);
}

static void test_a_full_ring_is_told_by_poll(void **state)
{
	const struct pair *p = *state;
	unsigned n = 0;

	while (client_poll(&p->a, POLLOUT, PATIENCE_MS) == POLLOUT && n < 5000) {
		while (nm_ring_space(client_tx(&p->a)))
			client_put(&p->a, n++, 60);
	}
	assert_true(n >= 5000);
}

/* What was not given back is the sender's loss, until it is. */
static void test_a_full_pipe_holds_its_sender(void **state)
{
	const struct pair *p = *state;
	const struct netmap_ring *tx = client_tx(&p->a);
	uint32_t n = tx->num_slots - 1;

	for (uint32_t i = 0; i < n; i++)
		client_put(&p->a, i, 60);
	assert_int_equal(client_poll(&p->a, POLLOUT, 20), 0);
	assert_int_equal(nm_ring_space(tx), 0);
	for (uint32_t i = 0; i < 7; i++)
		assert_int_equal(client_receive(&p->b, 60), i);
	assert_int_equal(client_poll(&p->b, 0, 0), 0);
	assert_int_equal(ioctl(p->b.fd, NIOCRXSYNC, NULL), 0);
	assert_int_equal(client_poll(&p->a, POLLOUT, PATIENCE_MS), POLLOUT);
	assert_int_equal(nm_ring_space(tx), 7);
}

/* Both ends have the same memory: what is put into a slot at one comes out at the other. */
static void test_buffers_go_through_a_pipe(void **state)
{
	const struct pair *p = *state;
	struct netmap_ring *tx = client_tx(&p->a), *rx = client_rx(&p->b);
	uint32_t sent, at = tx->head, extra = p->a.nifp->ni_bufs_head;

	assert_int_equal(p->a.reg.nr_mem_id, p->b.reg.nr_mem_id);
	assert_int_not_equal(extra, 0);
	sent = tx->slot[at].buf_idx;
	tx->slot[at].buf_idx = extra;
	tx->slot[at].flags = NS_BUF_CHANGED;
	client_put(&p->a, 5, 60);
	tx->slot[at].flags = NS_BUF_CHANGED;
	assert_int_equal(ioctl(p->a.fd, NIOCTXSYNC, NULL), 0);
	assert_int_equal(client_poll(&p->b, POLLIN, PATIENCE_MS), POLLIN);
	assert_int_equal(rx->slot[at].buf_idx, extra);
	assert_true(rx->slot[at].flags & NS_BUF_CHANGED);
	/* And the other way, with what is given back. */
	rx->slot[at].buf_idx = sent;
	rx->slot[at].flags = NS_BUF_CHANGED;
	rx->head = rx->cur = nm_ring_next(rx, at);
	assert_int_equal(ioctl(p->b.fd, NIOCRXSYNC, NULL), 0);
	assert_int_equal(tx->slot[at].buf_idx, sent);
	assert_true(tx->slot[at].flags & NS_BUF_CHANGED);
}

/* A wait ends when it is time, for who waits at an end whose other one is not there, too. */
static void test_an_end_may_be_alone(void **state)
{
	struct client a, b;

	(void)state;
	client_open(&a, "alone}7");
	assert_int_equal(client_poll(&a, POLLIN, 20), 0);
	for (uint32_t i = 0; i < 3; i++) {
		client_open(&b, "alone{7");
		client_send(&b, i, 60);
		client_close(&b);
		assert_int_equal(client_receive(&a, 60), i);
		assert_int_equal(client_poll(&a, POLLIN, 20), 0);
	}
	client_close(&a);
}

static void test_a_wait_ends_in_time_or_by_others(void **state)
{
	const struct pair *p = *state;
	struct pollfd fds[2] = { { .fd = p->b.fd, .events = POLLIN }, { .events = POLLIN } };
	int ends[2];

	assert_int_equal(client_poll(&p->b, POLLIN, 0), 0);
	assert_int_equal(client_poll(&p->b, POLLIN, 30), 0);
	assert_int_equal(pipe(ends), 0);
	fds[1].fd = ends[0];
	assert_int_equal(poll(fds, 2, 10), 0);
	assert_int_equal(write(ends[1], "x", 1), 1);
	assert_int_equal(poll(fds, 2, PATIENCE_MS), 1);
	assert_int_equal(fds[0].revents, 0);
	assert_int_equal(fds[1].revents, POLLIN);
	client_send(&p->a, 3, 60);
	while (poll(fds, 2, PATIENCE_MS) == 1)
		assert_int_equal(fds[1].revents, POLLIN);
	assert_int_equal(fds[0].revents, POLLIN);
	assert_int_equal(client_receive(&p->b, 60), 3);
	close(ends[0]);
	close(ends[1]);
}

static int select_one(int fd, int writes, int *ret_left_ms)
{
	struct timeval left = { .tv_sec = PATIENCE_MS / 1000 };
	fd_set reading, writing;
	int n;

	FD_ZERO(&reading);
	FD_ZERO(&writing);
	FD_SET(fd, writes ? &writing : &reading);
	if (!ret_left_ms)
		left.tv_sec = 0;
	n = select(fd + 1, &reading, &writing, NULL, &left);
	assert_int_equal(FD_ISSET(fd, &reading) + FD_ISSET(fd, &writing), n);
	if (ret_left_ms)
		*ret_left_ms = (int)(left.tv_sec * 1000 + left.tv_usec / 1000);
	return n;
}

static void test_select_waits_as_poll_does(void **state)
{
	const struct pair *p = *state;
	const struct timespec soon = { .tv_nsec = 10000000 };
	int left_ms = 0;
	fd_set set;

	assert_int_equal(select_one(p->b.fd, 0, NULL), 0);
	assert_int_equal(select_one(p->a.fd, 1, NULL), 1);
	FD_ZERO(&set);
	FD_SET(p->b.fd, &set);
	assert_int_equal(pselect(p->b.fd + 1, &set, NULL, NULL, &soon, NULL), 0);
	assert_false(FD_ISSET(p->b.fd, &set));
	client_send(&p->a, 1, 60);
	assert_int_equal(select_one(p->b.fd, 0, &left_ms), 1);
	assert_in_range(left_ms, 1, PATIENCE_MS);
	assert_int_equal(client_receive(&p->b, 60), 1);
	FD_SET(500, &set); /* no descriptor */
	FD_SET(p->b.fd, &set);
	assert_int_equal(pselect(501, &set, NULL, NULL, &soon, NULL), -1);
	assert_int_equal(errno, EBADF);
}

static void test_epoll_sets_have_netmap_and_others(void **state)
{
	const struct pair *p = *state;
	struct epoll_event e = { .events = EPOLLIN, .data.u64 = 1 }, got[4];
	int set = epoll_create1(0), ends[2];

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(epoll_ctl(set, EPOLL_CTL_MOD, p->b.fd, &e), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(epoll_ctl(set, EPOLL_CTL_ADD, p->b.fd, &e), 0);
	assert_int_equal(epoll_ctl(set, EPOLL_CTL_ADD, p->b.fd, &e), -1);
	assert_int_equal(errno, EEXIST);
	e.data.u64 = 2;
	assert_int_equal(epoll_ctl(set, EPOLL_CTL_ADD, ends[0], &e), 0);
	assert_int_equal(epoll_wait(set, got, 4, 10), 0);
	assert_int_equal(write(ends[1], "x", 1), 1);
	assert_int_equal(epoll_wait(set, got, 4, PATIENCE_MS), 1);
	assert_int_equal(got[0].data.u64, 2);
	client_send(&p->a, 1, 60);
	while (epoll_wait(set, got, 4, PATIENCE_MS) == 1)
		assert_int_equal(got[0].data.u64, 2);
	assert_int_equal(got[0].data.u64 + got[1].data.u64, 3);
	/* Told once. */
	assert_int_equal(epoll_ctl(set, EPOLL_CTL_DEL, ends[0], NULL), 0);
	e = (struct epoll_event){ .events = EPOLLIN | EPOLLONESHOT, .data.u64 = 3 };
	assert_int_equal(epoll_ctl(set, EPOLL_CTL_MOD, p->b.fd, &e), 0);
	assert_int_equal(epoll_pwait(set, got, 4, PATIENCE_MS, NULL), 1);
	assert_int_equal(got[0].data.u64, 3);
	assert_int_equal(got[0].events, EPOLLIN);
	assert_int_equal(epoll_wait(set, got, 4, 10), 0);
	assert_int_equal(epoll_ctl(set, EPOLL_CTL_MOD, p->b.fd, &e), 0);
	assert_int_equal(epoll_wait(set, got, 4, PATIENCE_MS), 1);
	assert_int_equal(epoll_ctl(set, EPOLL_CTL_DEL, p->b.fd, NULL), 0);
	assert_int_equal(epoll_wait(set, got, 4, 0), 0);
	close(set);
	close(ends[0]);
	close(ends[1]);
}

/* A reader that sleeps is woken by a process that sends. */
static void test_a_sleeper_is_woken(void **state)
{
	const struct pair *p = *state;
	pid_t pid = fork();

	if (!pid) {
		usleep(50000);
		client_send(&p->a, 4, 60);
		_exit(0);
	}
	assert_int_equal(client_receive(&p->b, 60), 4);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void test_indices_that_cannot_be_are_refused(void **state)
{
	const struct pair *p = *state;
	struct netmap_ring *tx = client_tx(&p->a);
	uint32_t head = tx->head, tail = tx->tail, n = tx->num_slots;

	/* Within the ring, and not ours: nothing is touched. */
	tx->head = tx->cur = tail;
	tx->cur = (tail + 1) % n;
	assert_int_equal(client_poll(&p->a, POLLOUT, 0), POLLOUT | POLLERR);
	assert_int_equal(ioctl(p->a.fd, NIOCTXSYNC, NULL), 0);
	assert_int_equal(tx->cur, (tail + 1) % n);
	/* Not within it: it begins anew. */
	tx->head = n;
	assert_true(client_poll(&p->a, POLLOUT, 0) & POLLERR);
	assert_int_equal(tx->head, head);
	assert_int_equal(tx->cur, head);
	/* So does one with a buffer that there is not. */
	tx->slot[3].buf_idx = UINT32_MAX;
	tx->head = n + 7;
	assert_int_equal(ioctl(p->a.fd, NIOCTXSYNC, NULL), 0);
	assert_int_equal(tx->head, head);
	assert_int_equal(tx->slot[3].buf_idx, 0);
	/* What only the kernel writes is put right. */
	tx->tail = head;
	assert_int_equal(ioctl(p->a.fd, NIOCTXSYNC, NULL), 0);
	assert_int_equal(tx->tail, tail);
}

static void test_descriptors_are_the_kernels(void **state)
{
	const struct pair *p = *state;
	struct client copy = p->b;
	int other;

	copy.fd = dup(p->b.fd);
	client_send(&p->a, 1, 60);
	assert_int_equal(client_receive(&copy, 60), 1);
	other = fcntl(p->b.fd, F_DUPFD_CLOEXEC, 0);
	assert_int_equal(dup2(p->b.fd, copy.fd), copy.fd);
	client_send(&p->a, 2, 60);
	assert_int_equal(client_receive(&copy, 60), 2);
	close(copy.fd);
	copy.fd = other;
	client_send(&p->a, 3, 60);
	assert_int_equal(client_receive(&copy, 60), 3);
	close(other);
	assert_int_equal(poll(&(struct pollfd){ .fd = other, .events = POLLIN }, 1, 0), 1);
}

static void send_fd(int to, int fd)
{
	char byte = 0;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	_Alignas(struct cmsghdr) char space[CMSG_SPACE(sizeof(int))] = { 0 };
	struct msghdr m = { .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = space,
			    .msg_controllen = sizeof(space) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	assert_int_equal(sendmsg(to, &m, 0), 1);
}

static int receive_fd(int from)
{
	char byte;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	_Alignas(struct cmsghdr) char space[CMSG_SPACE(sizeof(int))];
	struct msghdr m = { .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = space,
			    .msg_controllen = sizeof(space) };
	int fd;

	assert_int_equal(recvmsg(from, &m, 0), 1);
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(fd));
	return fd;
}

/* The ring stands where the process before left it. */
static void test_a_descriptor_goes_to_another_process(void **state)
{
	struct pair *p = *state;
	struct client got = p->b;
	int ends[2];
	pid_t pid;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	client_send(&p->a, 1, 60);
	assert_int_equal(client_receive(&p->b, 60), 1);
	pid = fork();
	if (!pid) {
		client_close(&p->b);
		client_open(&p->b, "vale0:c");
		send_fd(ends[0], p->b.fd);
		_exit(0);
	}
	got.fd = receive_fd(ends[1]);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	got.reg.nr_memsize = p->b.reg.nr_memsize;
	client_map(&got);
	for (uint32_t i = 0; i < 100; i++) {
		client_send(&p->a, i, 60);
		assert_int_equal(client_receive(&got, 60), i);
	}
	client_close(&got);
	close(ends[0]);
	close(ends[1]);
}

static void test_what_is_not_registered_has_nothing(void **state)
{
	struct nmreq_register reg = { .nr_mode = NR_REG_ALL_NIC };
	struct client c = { .fd = open("/dev/netmap", O_RDWR | O_CLOEXEC) };

	(void)state;
	assert_true(fcntl(c.fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(ioctl(c.fd, NIOCTXSYNC, NULL), -1);
	assert_int_equal(errno, ENXIO);
	assert_int_equal(client_poll(&c, POLLIN, PATIENCE_MS), POLLERR);
	assert_int_equal(ioctl(c.fd, _IO('i', 1), NULL), -1);
	assert_int_equal(errno, EOPNOTSUPP);
	/* Refused once, it can register still, with another switch; and only once. */
	reg.nr_mode = NR_REG_SW;
	assert_int_equal(request(c.fd, A, NETMAP_REQ_REGISTER, &reg), EINVAL);
	reg.nr_mode = NR_REG_ALL_NIC;
	assert_int_equal(request(c.fd, "vale0:?", NETMAP_REQ_REGISTER, &reg), EINVAL);
	assert_int_equal(request(c.fd, "vale1:a", NETMAP_REQ_REGISTER, &reg), 0);
	assert_int_equal(request(c.fd, "vale1:b", NETMAP_REQ_REGISTER, &reg), EBUSY);
	close(c.fd);
}

static void test_sizes_may_be_asked_for(void **state)
{
	const struct nmreq_register reg = { .nr_mode = NR_REG_ALL_NIC,
					    .nr_tx_slots = 64,
					    .nr_rx_slots = 128,
					    .nr_tx_rings = 2,
					    .nr_rx_rings = 3,
					    .nr_flags = NR_ACCEPT_VNET_HDR };
	struct nmreq_port_info_get info = { 0 };
	struct nmreq_port_hdr hdr = { .nr_hdr_len = 7 };
	struct client c;

	(void)state;
	assert_int_equal(client_try(&c, "vale1:sized", &reg), 0);
	assert_int_equal(c.reg.nr_tx_slots, 64);
	assert_int_equal(c.reg.nr_rx_slots, 128);
	assert_int_equal(c.reg.nr_tx_rings, 2);
	assert_int_equal(c.reg.nr_rx_rings, 3);
	assert_int_equal(c.reg.nr_flags, NR_ACCEPT_VNET_HDR);
	assert_int_equal(NETMAP_RXRING(c.nifp, 2)->num_slots, 128);
	assert_int_equal(NETMAP_RXRING(c.nifp, 2)->ringid, 2);
	assert_int_equal(request(c.fd, "vale1:sized", NETMAP_REQ_PORT_HDR_GET, &hdr), 0);
	assert_int_equal(hdr.nr_hdr_len, 0);
	client_close(&c);
	c.fd = open("/dev/netmap", O_RDWR);
	assert_int_equal(request(c.fd, "vale1:info", NETMAP_REQ_PORT_INFO_GET, &info), 0);
	assert_int_equal(info.nr_tx_rings, 1);
	assert_int_equal(info.nr_tx_slots, 1024);
	assert_true(info.nr_memsize > 2048 * 2048);
	close(c.fd);
}

/* Descriptors of other kinds, and those that the library has for itself. */
static void test_other_descriptors_are_left_alone(void **state)
{
	int ends[2], n = 0;
	char byte = 0;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(ioctl(ends[0], NIOCTXSYNC, NULL), -1);
	assert_int_equal(errno, ENOTTY);
	assert_int_equal(ioctl(ends[0], FIONREAD, &n), 0);
	assert_int_equal(write(ends[1], "x", 1), 1);
	assert_int_equal(poll(&(struct pollfd){ .fd = ends[0], .events = POLLIN }, 1, 0), 1);
	assert_int_equal(read(ends[0], &byte, 1), 1);
	assert_int_equal(open("/dev/netmap/x", O_RDONLY), -1);
	assert_int_equal(errno, ENOENT);
	close(ends[0]);
	close(ends[1]);
}

/* As daemons do. */
static void test_programs_that_close_all_close_nothing_of_others(void **state)
{
	const struct pair *p = *state;

	for (int fd = 3; fd < 1024; fd++)
		if (fd != p->a.fd && fd != p->b.fd && close(fd) < 0)
			assert_int_equal(errno, EBADF);
	client_send(&p->a, 8, 60);
	assert_int_equal(client_receive(&p->b, 60), 8);
}

static void test_the_end_of_a_switch_is_told(void **state)
{
	struct client c;
	char command[4096];

	(void)state;
	client_open(&c, "vale2:a");
	(void)snprintf(command, sizeof(command), "%s switch end vale2", getenv("WEIR_PROGRAM"));
	assert_int_equal(system(command), 0);
	assert_int_equal(client_poll(&c, POLLIN, PATIENCE_MS), POLLERR);
	assert_int_equal(ioctl(c.fd, NIOCRXSYNC, NULL), -1);
	assert_int_equal(errno, ENXIO);
	client_close(&c);
}

#define with(f) cmocka_unit_test_setup_teardown(f, open_pair, close_pair)
#define with_pipe(f)                                                                               \
	{                                                                                          \
		"pipe: " #f, f, open_pipe, close_pair, NULL                                        \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_other_descriptors_are_left_alone),
		with(test_a_port_is_as_the_answer_says),
		with(test_frames_arrive_whatever_synchronises),
		with(test_long_frames_take_several_slots),
		with(test_a_slot_may_point_elsewhere),
		with(test_buffers_may_be_exchanged),
		with(test_a_full_ring_is_told_by_poll),
		with(test_a_wait_ends_in_time_or_by_others),
		with(test_a_sleeper_is_woken),
		with(test_select_waits_as_poll_does),
		with(test_epoll_sets_have_netmap_and_others),
		with(test_indices_that_cannot_be_are_refused),
		with(test_descriptors_are_the_kernels),
		with(test_a_descriptor_goes_to_another_process),
		with_pipe(test_a_wait_ends_in_time_or_by_others),
		with_pipe(test_a_sleeper_is_woken),
		with_pipe(test_descriptors_are_the_kernels),
		with_pipe(test_a_full_pipe_holds_its_sender),
		with_pipe(test_buffers_go_through_a_pipe),
		cmocka_unit_test(test_an_end_may_be_alone),
		cmocka_unit_test(test_what_is_not_registered_has_nothing),
		cmocka_unit_test(test_sizes_may_be_asked_for),
		with(test_programs_that_close_all_close_nothing_of_others),
		cmocka_unit_test(test_the_end_of_a_switch_is_told),
	};

	return unit_run(tests);
}
