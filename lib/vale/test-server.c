/* SPDX-License-Identifier: BSD-2-Clause */
/* A switch in a thread, and clients that behave and that do not. */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "vale/memory.h"
#include "vale/name.h"
#include "vale/test-bench.h"

static int open_error(const struct vale_open *o)
{
	struct vale_client c;
	struct weir_err err = { 0 };
	int r = vale_client_open(&c, NAME, o, NULL, &err);

	vale_client_close(&c);
	if (r < 0)
		assert_true(err.text[0]);
	return r;
}

/* Two ports exchange a frame in each direction. */
static void exchange(struct vale_client *a, struct vale_client *b)
{
	static uint8_t tag;

	send_one(a, ++tag);
	assert_int_equal(receive_one(b), tag);
	send_one(b, ++tag);
	assert_int_equal(receive_one(a), tag);
}

static void test_frames_go_between_ports(void **state)
{
	struct vale_client a = client_of("a"), b = client_of("b");

	(void)state;
	for (unsigned i = 0; i < 200; i++)
		exchange(&a, &b);
	vale_client_close(&a);
	vale_client_close(&b);
}

static void test_closing_leaves_nothing(void **state)
{
	struct bench *b = *state;

	for (unsigned i = 0; i < 20; i++) {
		struct vale_client a = client_of("a");

		vale_client_close(&a);
		wait_ports(0);
	}
	poll(NULL, 0, 20); /* the last question was one, too */
	wait_until(count_fds() == b->n_fds);
}

static void test_a_port_is_opened_once(void **state)
{
	const struct vale_open o = open_of("a", 64);
	struct vale_client a = client_of("a");

	(void)state;
	assert_int_equal(open_error(&o), -EBUSY);
	vale_client_close(&a);
	wait_ports(0);
	assert_int_equal(open_error(&o), 0);
}

static void test_rings_of_a_port_are_opened_one_by_one(void **state)
{
	struct vale_open o = open_of("a", 64);
	struct vale_client one, two;

	(void)state;
	o.shape.tx_rings = o.shape.rx_rings = 2;
	o.ring = 1;
	assert_int_equal(vale_client_open(&one, NAME, &o, NULL, NULL), 0);
	assert_int_equal(open_error(&o), -EBUSY);
	o.ring = 2;
	assert_int_equal(open_error(&o), -EINVAL);
	o.ring = 0;
	assert_int_equal(vale_client_open(&two, NAME, &o, &one, NULL), 0);
	assert_ptr_equal(one.mem, two.mem);
	assert_int_equal(n_ports(), 1);
	vale_client_close(&two);
	vale_client_close(&one);
	wait_ports(0);
}

/* Who gets a connection from another process asks what that has opened on it. */
static void test_a_connection_tells_again_what_it_has(void **state)
{
	struct vale_open o = open_of("a", 64);
	struct vale_client a, again, b = client_of("b");
	struct vale_msg m;

	(void)state;
	memset(o.note, 7, sizeof(o.note));
	assert_int_equal(vale_client_open(&a, NAME, &o, NULL, NULL), 0);
	vale_client_init(&again);
	vale_msg_init(&m, VALE_MSG_AGAIN);
	assert_int_equal(vale_request(a.fd, &m, NULL), 0);
	assert_memory_equal(((struct vale_opened *)(void *)m.body)->note, o.note, sizeof(o.note));
	assert_int_equal(vale_client_take(&again, &m, NULL, NULL), 0);
	exchange(&again, &b);
	vale_client_close(&again);
	exchange(&a, &b);
	vale_client_close(&a);
	vale_client_close(&b);
}

static void test_users_have_quotas(void **state)
{
	struct vale_client c[3];
	struct vale_open o = open_of("d", 64);

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		c[i] = client_of((const char *[]){ "a", "b", "c" }[i]);
	assert_int_equal(open_error(&o), -EDQUOT); /* ports */
	vale_client_close(&c[0]);
	wait_ports(2);
	o = open_of("d", 4096);
	assert_int_equal(open_error(&o), -EDQUOT); /* 16 MiB */
	o = open_of("d", 64);
	assert_int_equal(open_error(&o), 0);
	vale_client_close(&c[1]);
	vale_client_close(&c[2]);
}

static void test_bad_names_and_shapes_are_refused(void **state)
{
	struct vale_open o = open_of("a/b", 64);

	(void)state;
	assert_int_equal(open_error(&o), -EINVAL);
	o = open_of("", 64);
	assert_int_equal(open_error(&o), -EINVAL);
	memset(o.port, 'x', sizeof(o.port));
	assert_int_equal(open_error(&o), -EINVAL);
	o = open_of("a", 5);
	assert_int_equal(open_error(&o), -EINVAL);
	o = open_of("a", 64);
	o.ring = 16;
	assert_int_equal(open_error(&o), -EINVAL);
	assert_int_equal(n_ports(), 0);
}

static void test_ports_can_stay(void **state)
{
	const struct vale_open o = open_of("stays", 0);
	const struct weir_switch_shape shape = {
		.tx_rings = 2, .rx_rings = 2, .tx_slots = 32, .rx_slots = 32
	};
	struct vale_client c;

	(void)state;
	assert_int_equal(weir_switch_new_port(NAME, "stays", &shape, NULL), 0);
	assert_int_equal(weir_switch_new_port(NAME, "stays", &shape, NULL), -EEXIST);
	assert_int_equal(vale_client_open(&c, NAME, &o, NULL, NULL), 0);
	assert_int_equal(c.layout.shape.tx_rings, 2);
	assert_int_equal(c.layout.shape.rx_slots, 32);
	assert_int_equal(weir_switch_delete_port(NAME, "stays", NULL), -EBUSY);
	vale_client_close(&c);
	assert_int_equal(n_ports(), 1);
	wait_until(weir_switch_delete_port(NAME, "stays", NULL) != -EBUSY);
	assert_int_equal(n_ports(), 0);
	assert_int_equal(weir_switch_delete_port(NAME, "stays", NULL), -ENOENT);
}

static void test_memory_that_could_go_away_is_refused(void **state)
{
	struct vale_client a = client_of("a");
	int fd = memfd_create("plain", MFD_ALLOW_SEALING);
	int file = open("/proc/self/exe", O_RDONLY);
	uint8_t here[1];

	(void)state;
	assert_int_equal(ftruncate(fd, 8192), 0);
	assert_int_equal(vale_client_arena(&a, here, 8192, fd, 0, NULL), -EPERM);
	assert_int_equal(vale_client_arena(&a, here, 4096, file, 0, NULL), -EPERM);
	assert_int_equal(vale_client_arena(&a, here, 4096, a.fds[VALE_FD_KICK], 0, NULL), -EPERM);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK), 0);
	assert_int_equal(vale_client_arena(&a, here, 8193, fd, 0, NULL), -EPERM);
	assert_int_equal(vale_client_arena(&a, here, 8192, fd, 4096, NULL), -EPERM);
	assert_true(vale_client_arena(&a, here, 4096, fd, 1, NULL) < 0);
	assert_true(vale_client_arena(&a, here, SIZE_MAX, fd, 0, NULL) < 0);
	assert_true(vale_client_arena(&a, here, 0, fd, 0, NULL) < 0);
	assert_int_equal(vale_client_arena(&a, here, 8192, fd, 0, NULL), 0);
	assert_int_equal(vale_client_arena(&a, here, 8192, fd, 0, NULL), -EBUSY);
	close(file);
	close(fd);
	vale_client_close(&a);
}

static void test_a_client_cannot_change_the_size_of_its_memory(void **state)
{
	struct vale_client a = client_of("a");

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		assert_true(ftruncate(a.fds[i], 0) < 0);
		assert_true(ftruncate(a.fds[i], 1LL << 40) < 0);
		assert_true(fcntl(a.fds[i], F_ADD_SEALS, F_SEAL_WRITE) < 0);
	}
	vale_client_close(&a);
}

/* What is sent by hand ends that connection and no other. */
static void expect_hang_up(const void *bytes, size_t size)
{
	struct pollfd fd;
	char answer[64];

	assert_int_equal(vale_connect(NAME, false, &fd.fd, NULL), 0);
	assert_int_equal(send(fd.fd, bytes, size, 0), size);
	assert_true(recv(fd.fd, answer, sizeof(answer), 0) <= 0);
	close(fd.fd);
}

static void test_nonsense_ends_a_connection_and_harms_nobody(void **state)
{
	struct vale_client a = client_of("a"), b = client_of("b");
	struct vale_msg m;

	(void)state;
	vale_msg_init(&m, VALE_MSG_INFO);
	expect_hang_up("x", 1);
	expect_hang_up(&m, sizeof(m.head) - 1);
	expect_hang_up(&m, sizeof(m.head) + 1);
	m.head.magic++;
	expect_hang_up(&m, sizeof(m.head));
	vale_msg_init(&m, VALE_N_MSGS);
	expect_hang_up(&m, sizeof(m.head));
	vale_msg_init(&m, VALE_MSG_OPEN);
	m.head.size = sizeof(struct vale_open) - 1;
	expect_hang_up(&m, sizeof(m.head) + m.head.size);
	memset(&m, 0xff, sizeof(m));
	expect_hang_up(&m, sizeof(m.head) + sizeof(m.body));
	exchange(&a, &b);
	vale_client_close(&a);
	vale_client_close(&b);
}

static void test_who_does_not_read_answers_is_let_go(void **state)
{
	struct vale_client a = client_of("a"), b = client_of("b");
	struct vale_msg m;
	int fd, r = 0;

	(void)state;
	assert_int_equal(vale_connect(NAME, false, &fd, NULL), 0);
	vale_msg_init(&m, VALE_MSG_INFO);
	for (unsigned i = 0; i < 100000 && r != -EPIPE && r != -ECONNRESET; i++) {
		r = vale_msg_send(fd, &m);
		if (r == -EAGAIN)
			poll(NULL, 0, 1);
	}
	assert_true(r == -EPIPE || r == -ECONNRESET);
	close(fd);
	exchange(&a, &b);
	vale_client_close(&a);
	vale_client_close(&b);
}

/* The same open file of the eventfd: a client may make it block, read it, fill it. */
static void test_a_client_cannot_make_the_switch_wait(void **state)
{
	const uint64_t most = UINT64_MAX - 1;
	struct vale_client a = client_of("a"), b = client_of("b"), c = client_of("c");

	(void)state;
	for (unsigned i = VALE_FD_KICK; i < VALE_N_FDS; i++)
		assert_int_equal(fcntl(c.fds[i], F_SETFL, 0), 0);
	assert_int_equal(write(c.fds[VALE_FD_KICK], &most, sizeof(most)), sizeof(most));
	/* It never reads: its pipe fills. */
	for (unsigned i = 0; i < 20000; i++) {
		atomic_store(&c.ctl->ring[1].sleeps, 1);
		if (i % 10 == 0)
			exchange(&a, &b);
	}
	vale_client_close(&a);
	vale_client_close(&b);
	vale_client_close(&c);
}

static void test_a_switch_that_ends_is_noticed_at_once(void **state)
{
	struct bench *b = *state;
	struct vale_client a = client_of("a");
	struct vale_wait wait;

	assert_false(vale_client_is_gone(&a));
	stop(b);
	assert_true(vale_client_is_gone(&a));
	wait = vale_client_wait_rx(&a, 1);
	assert_int_equal(vale_client_sleep(&wait, *wait.index, UINT64_MAX), -ENXIO);
	wait = vale_client_wait_tx(&a, 0);
	assert_int_equal(vale_client_sleep(&wait, *wait.index, UINT64_MAX), -ENXIO);
	vale_client_close(&a);
}

static void test_one_switch_has_a_name(void **state)
{
	const struct weir_switch_opts opts = { .name = NAME };
	struct weir_switch *other;
	struct weir_err err;
	char **names;
	unsigned n;

	(void)state;
	assert_int_equal(weir_switch_new(&opts, &other, &err), -EEXIST);
	assert_non_null(strstr(err.text, NAME));
	assert_int_equal(weir_switch_list(&names, &n, NULL), 0);
	assert_int_equal(n, 1);
	assert_string_equal(names[0], NAME);
	free(names[0]);
	free(names);
}

static void test_what_a_killed_switch_left_is_no_obstacle(void **state)
{
	struct bench *b = *state;
	const struct weir_switch_opts opts = { .name = "valeleft" };
	struct weir_switch *sw = NULL;
	struct sockaddr_un addr;
	char path[128];
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);

	assert_int_equal(vale_address(b->dir, "valeleft", &addr, NULL), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	close(fd);
	snprintf(path, sizeof(path), "%s/valeleft.lock", b->dir);
	close(open(path, O_CREAT | O_WRONLY, 0600));
	assert_int_equal(weir_switch_new(&opts, &sw, NULL), 0);
	weir_switch_free(sw);
}

static void test_a_missing_program_is_named(void **state)
{
	const struct vale_open o = open_of("a", 64);
	struct vale_client c;
	struct weir_err err = { 0 };

	(void)state;
	assert_true(vale_client_open(&c, "valenone", &o, NULL, &err) < 0);
	vale_client_close(&c);
	assert_non_null(strstr(err.text, "/nonexistent/weir"));
	assert_int_equal(vale_connect("valenone", false, &c.fd, NULL), -ENOENT);
}

static void test_several_threads_share_the_ports(void **state)
{
	struct bench *b = *state;
	const struct weir_switch_opts opts = { .name = NAME, .threads = 3, .lossless = true };
	struct vale_client c[4];

	stop(b);
	start(b, &opts);
	for (unsigned i = 0; i < 4; i++)
		c[i] = client_of((const char *[]){ "a", "b", "c", "d" }[i]);
	for (unsigned i = 0; i < 100; i++) {
		send_one(&c[i % 4], (uint8_t)i);
		for (unsigned j = 1; j < 4; j++)
			assert_int_equal(receive_one(&c[(i + j) % 4]), (uint8_t)i);
	}
	for (unsigned i = 0; i < 4; i++)
		vale_client_close(&c[i]);
	wait_ports(0);
}

/* The receiver belongs to another thread than the sender, whose frames wait for it. */
static void test_room_for_held_frames_wakes_the_thread_that_holds_them(void **state)
{
	struct bench *b = *state;
	const struct weir_switch_opts opts = { .name = NAME, .threads = 2, .lossless = true };
	struct vale_client to, from;

	stop(b);
	start(b, &opts);
	to = client_of("to");
	from = client_of("from");
	for (unsigned i = 0; i < 2 * 63; i++) {
		const struct vale_wait wait = vale_client_wait_tx(&from, 0);
		uint32_t head = from.ctl->ring[0].head;

		while (atomic_load(&from.ctl->ring[0].tail) == head)
			assert_int_equal(vale_client_sleep(&wait, head, 10000000000), 0);
		send_one(&from, (uint8_t)i);
	}
	for (unsigned i = 0; i < 2 * 63; i++) {
		poll(NULL, 0, i % 32 == 0 ? 20 : 0); /* all have gone to sleep by then */
		assert_int_equal(receive_one(&to), (uint8_t)i);
	}
	vale_client_close(&to);
	vale_client_close(&from);
}

#define with(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with(test_frames_go_between_ports),
		with(test_closing_leaves_nothing),
		with(test_a_port_is_opened_once),
		with(test_rings_of_a_port_are_opened_one_by_one),
		with(test_a_connection_tells_again_what_it_has),
		with(test_users_have_quotas),
		with(test_bad_names_and_shapes_are_refused),
		with(test_ports_can_stay),
		with(test_memory_that_could_go_away_is_refused),
		with(test_a_client_cannot_change_the_size_of_its_memory),
		with(test_nonsense_ends_a_connection_and_harms_nobody),
		with(test_who_does_not_read_answers_is_let_go),
		with(test_a_client_cannot_make_the_switch_wait),
		with(test_a_switch_that_ends_is_noticed_at_once),
		with(test_one_switch_has_a_name),
		with(test_what_a_killed_switch_left_is_no_obstacle),
		with(test_a_missing_program_is_named),
		with(test_several_threads_share_the_ports),
		with(test_room_for_held_frames_wakes_the_thread_that_holds_them),
	};

	return unit_run(tests);
}
