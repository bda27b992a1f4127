/* SPDX-License-Identifier: BSD-2-Clause */
/* Interfaces as ports of programs: what one sends leaves by the interface, and what comes there
 * is what it gets. The interfaces are made of memory. */
#include <errno.h>
#include <sys/eventfd.h>

#include "base/err.h"
#include "base/macros.h"
#include "vale/name.h"
#include "vale/test-bench.h"

#define N_QUEUES 2u
#define MAX_LEN	 5000u
#define MAX_SENT 4096u

/* The interface "fake0", of which xdp: is there or not. The test and the switch's thread
 * share it. */
static struct fake {
	pthread_mutex_t lock;
	int fds[N_QUEUES];
	bool no_xdp;
	_Atomic unsigned n_open, gone;
	char opened[64];
	unsigned to_come[N_QUEUES]; /* frames that have come */
	uint8_t next_tag;
	uint32_t len[N_QUEUES]; /* of each */
	uint8_t frames[N_QUEUES][64][MAX_LEN];
	unsigned room; /* frames that it takes */
	unsigned n_sent;
	struct {
		unsigned q;
		uint32_t len;
		uint8_t tag;
	} sent[MAX_SENT];
} fake;

static int fake_open(const char *name, struct weir_switch_nic *ret_nic, struct weir_err *err)
{
	const char *colon = strchr(name, ':');

	if (!colon || strcmp(colon + 1, "fake0") != 0)
		return err_set(err, -ENODEV, "%s: none", name);
	if (fake.no_xdp && strncmp(name, "xdp:", 4) == 0)
		return err_set(err, -ENOTSUP, "no AF_XDP");
	snprintf(fake.opened, sizeof(fake.opened), "%s", name);
	*ret_nic = (struct weir_switch_nic){ .n_queues = N_QUEUES, .device = "fake0" };
	for (unsigned q = 0; q < N_QUEUES; q++)
		ret_nic->fds[q] = fake.fds[q] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	fake.n_open++;
	return 0;
}

static void fake_close(const struct weir_switch_nic *nic)
{
	for (unsigned q = 0; q < nic->n_queues; q++)
		close(nic->fds[q]);
	fake.n_open--;
}

static int fake_rx(const struct weir_switch_nic *nic, unsigned q, struct weir_pkt *pkts,
		   unsigned max)
{
	unsigned n = 0;

	(void)nic;
	pthread_mutex_lock(&fake.lock);
	for (; n < MIN(max, 64u) && fake.to_come[q]; fake.to_come[q]--) {
		uint8_t *frame = fake.frames[q][n];

		memset(frame, fake.next_tag++, fake.len[q]);
		pkts[n++] = (struct weir_pkt){ frame, fake.len[q], fake.len[q], 0 };
	}
	pthread_mutex_unlock(&fake.lock);
	return fake.gone ? -ENODEV : (int)n;
}

static void fake_release(const struct weir_switch_nic *nic, unsigned q)
{
	(void)nic;
	memset(fake.frames[q], 0xee, sizeof(fake.frames[q]));
}

static int fake_tx(const struct weir_switch_nic *nic, unsigned q, const struct weir_pkt *pkts,
		   unsigned n)
{
	(void)nic;
	pthread_mutex_lock(&fake.lock);
	n = MIN(n, fake.room);
	fake.room -= n;
	for (unsigned i = 0; i < n && fake.n_sent < MAX_SENT; i++) {
		fake.sent[fake.n_sent].q = q;
		fake.sent[fake.n_sent].len = pkts[i].len;
		fake.sent[fake.n_sent++].tag = pkts[i].data[pkts[i].len - 1];
	}
	pthread_mutex_unlock(&fake.lock);
	return (int)n;
}

static void fake_stats(const struct weir_switch_nic *nic, struct weir_switch_nic_stats *ret)
{
	(void)nic;
	*ret = (struct weir_switch_nic_stats){ .lost = 7, .refused = 5 };
}

static const struct weir_switch_nics fake_nics = {
	.open = fake_open,
	.close = fake_close,
	.rx = fake_rx,
	.release = fake_release,
	.tx = fake_tx,
	.stats = fake_stats,
};

static char name[VALE_SWITCH_NAME_SIZE];

static int set_up_wire(void **state)
{
	const struct weir_switch_opts opts = { .name = name, .nics = &fake_nics };
	struct bench *b;

	memset(&fake, 0, sizeof(fake));
	pthread_mutex_init(&fake.lock, NULL);
	fake.room = UINT32_MAX;
	vale_netmap_switch("lo", name);
	set_up(state);
	b = *state;
	stop(b);
	start(b, &opts);
	return 0;
}

static int try_open(struct vale_client *c, const char *port, uint32_t ring, struct weir_err *err)
{
	struct vale_open o = open_of(port, 64);
	int r;

	o.ring = ring;
	r = vale_client_open(c, name, &o, NULL, err);
	if (r < 0)
		vale_client_close(c);
	return r;
}

static struct vale_client open_ring(uint32_t ring)
{
	struct vale_client c;
	struct weir_err err = { 0 };

	if (try_open(&c, "fake0", ring, &err) < 0)
		fail_msg("%s", err.text);
	return c;
}

static void come(unsigned q, unsigned n, uint32_t len)
{
	const uint64_t one = 1;

	pthread_mutex_lock(&fake.lock);
	fake.to_come[q] = n;
	fake.len[q] = len;
	assert_int_equal(write(fake.fds[q], &one, sizeof(one)), sizeof(one));
	pthread_mutex_unlock(&fake.lock);
}

static unsigned n_sent(void)
{
	unsigned n;

	pthread_mutex_lock(&fake.lock);
	n = fake.n_sent;
	pthread_mutex_unlock(&fake.lock);
	return n;
}

static unsigned left_to_come(unsigned q)
{
	unsigned n;

	pthread_mutex_lock(&fake.lock);
	n = fake.to_come[q];
	pthread_mutex_unlock(&fake.lock);
	return n;
}

static void test_the_switch_of_interfaces_has_the_namespaces_number(void **state)
{
	const struct weir_switch_opts elsewhere = { .name = "netmap00000001" };
	struct weir_switch *sw;
	struct weir_err err = { 0 };
	char other[VALE_SWITCH_NAME_SIZE];

	(void)state;
	assert_true(vale_name_is_netmap(name));
	assert_true(vale_name_owns_nics(name));
	assert_true(vale_name_is_here(name));
	assert_int_equal(vale_name_check(name, NULL), 0);
	vale_netmap_switch("lo{1", other);
	assert_string_equal(other, name);
	vale_netmap_switch("no-interface{1", other);
	assert_string_equal(other, "netmap");
	assert_true(vale_name_is_netmap(other));
	assert_false(vale_name_owns_nics(other));
	assert_false(vale_name_is_netmap("vale0"));
	assert_int_equal(vale_name_check("netmap0", NULL), -EINVAL);
	assert_int_equal(vale_name_check("netmap0000000g", NULL), -EINVAL);
	assert_int_equal(weir_switch_new(&elsewhere, &sw, &err), -EINVAL);
	assert_non_null(strstr(err.text, "namespace"));
}

static void test_frames_go_to_the_interface_and_come_from_it(void **state)
{
	struct vale_client c = open_ring(VALE_ALL_RINGS);

	(void)state;
	assert_string_equal(fake.opened, "xdp:fake0");
	assert_int_equal(c.layout.shape.tx_rings, N_QUEUES);
	assert_int_equal(c.layout.shape.rx_rings, N_QUEUES);
	for (uint8_t i = 0; i < 200; i++) {
		send_one(&c, i);
		wait_until(n_sent() == i + 1u);
		assert_int_equal(fake.sent[i].q, 0);
		assert_int_equal(fake.sent[i].len, 60);
		assert_int_equal(fake.sent[i].tag, i);
	}
	vale_client_close(&c);
	wait_until(fake.n_open == 0);
}

/* The next frame of a ring to receive, an index of the control page. */
static struct got receive_from(struct vale_client *c, unsigned ring)
{
	const struct vale_ring *r = vale_layout_ring(&c->layout, c->mem, ring);
	struct vale_ctl_ring *ctl = &c->ctl->ring[ring];
	uint32_t pos = ctl->head;
	struct got got = { 0 };
	bool more = true;

	wait_until(atomic_load(&ctl->tail) != pos);
	for (; more; pos = (pos + 1) % r->num_slots) {
		const struct vale_slot *slot = &r->slot[pos];

		more = slot->flags & VALE_SLOT_MOREFRAG;
		got.slots++;
		got.len += slot->len;
		got.tag = c->mem[c->layout.in.bufs_at + (size_t)slot->buf_idx * VALE_BUF_SIZE +
				 slot->len - 1];
	}
	atomic_store(&ctl->head, pos);
	vale_client_kick(&ctl->wants_room, c->fds[VALE_FD_KICK]);
	return got;
}

static void test_each_queue_has_its_ring(void **state)
{
	struct vale_client c = open_ring(VALE_ALL_RINGS);

	(void)state;
	/* More than the rings hold: the rest waits in the interface. */
	come(0, 150, 60);
	come(1, 100, 5000);
	for (unsigned i = 0; i < 150; i++)
		assert_int_equal(receive_from(&c, N_QUEUES).len, 60);
	for (unsigned i = 0; i < 100; i++) {
		struct got got = receive_from(&c, N_QUEUES + 1);

		assert_int_equal(got.len, 5000);
		assert_int_equal(got.slots, 3);
	}
	vale_client_close(&c);
}

static void test_rings_can_be_opened_one_by_one(void **state)
{
	struct vale_client a = open_ring(0), b = open_ring(1), c;

	(void)state;
	assert_int_equal(fake.n_open, 1);
	assert_int_equal(try_open(&c, "fake0", 1, NULL), -EBUSY);
	come(1, 1, 60);
	assert_int_equal(receive_from(&b, N_QUEUES + 1).len, 60);
	/* Nobody has ring 0 now: what comes there is lost. */
	vale_client_close(&a);
	wait_until(try_open(&a, "fake0", 0, NULL) == 0);
	vale_client_close(&a);
	come(0, 1000, 60);
	wait_until(left_to_come(0) == 0);
	vale_client_close(&b);
	wait_until(fake.n_open == 0);
}

/* From now on the interface takes so many frames. */
static void make_room(unsigned n)
{
	pthread_mutex_lock(&fake.lock);
	fake.room = n;
	pthread_mutex_unlock(&fake.lock);
}

static void test_an_interface_without_room_is_tried_again(void **state)
{
	struct vale_client c = open_ring(VALE_ALL_RINGS);

	(void)state;
	make_room(3);
	for (uint8_t i = 0; i < 10; i++)
		send_slots(&c, 2, 2000, i);
	wait_until(n_sent() == 3);
	make_room(UINT32_MAX);
	wait_until(n_sent() == 10);
	for (uint8_t i = 0; i < 10; i++) {
		assert_int_equal(fake.sent[i].tag, i);
		assert_int_equal(fake.sent[i].len, 4000);
	}
	vale_client_close(&c);
}

/* The number of the region that a client has. */
static uint32_t region_of(const struct vale_client *c)
{
	struct vale_opened opened;
	struct vale_msg m;

	vale_msg_init(&m, VALE_MSG_AGAIN);
	assert_int_equal(vale_request(c->fd, &m, NULL), 0);
	memcpy(&opened, m.body, sizeof(opened));
	vale_msg_done(&m);
	return opened.mem_id;
}

static void test_interfaces_lie_in_one_region(void **state)
{
	struct weir_switch_state *s = NULL;
	struct vale_client c = open_ring(0);

	(void)state;
	assert_int_equal(region_of(&c), VALE_NIC_POOL);
	assert_int_equal(weir_switch_show(name, &s, NULL), 0);
	assert_int_equal(s->n_ports, 1);
	assert_true(s->ports[0].attached);
	assert_int_equal(s->ports[0].nic.lost, 7);
	weir_switch_state_free(s);
	vale_client_close(&c);
}

static void test_without_af_xdp_there_is_af_packet(void **state)
{
	const struct weir_switch_shape shape = { 0 };
	struct vale_client c;
	struct weir_err err = { 0 };

	(void)state;
	fake.no_xdp = true;
	c = open_ring(0);
	assert_string_equal(fake.opened, "packet:fake0");
	vale_client_close(&c);
	assert_int_equal(try_open(&c, "fake1", 0, &err), -ENODEV);
	assert_non_null(strstr(err.text, "fake1"));
	assert_int_equal(weir_switch_new_port(name, "p", &shape, &err), -EINVAL);
}

static void test_who_has_one_that_goes_is_told(void **state)
{
	struct vale_client a = open_ring(0), b = open_ring(1);

	(void)state;
	fake.gone = 1; /* it is asked every now and then */
	wait_until(vale_client_is_gone(&a) && vale_client_is_gone(&b));
	wait_until(fake.n_open == 0);
	vale_client_close(&a);
	vale_client_close(&b);
}

#define WIRE_TEST(f) cmocka_unit_test_setup_teardown(f, set_up_wire, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WIRE_TEST(test_the_switch_of_interfaces_has_the_namespaces_number),
		WIRE_TEST(test_frames_go_to_the_interface_and_come_from_it),
		WIRE_TEST(test_each_queue_has_its_ring),
		WIRE_TEST(test_rings_can_be_opened_one_by_one),
		WIRE_TEST(test_an_interface_without_room_is_tried_again),
		WIRE_TEST(test_interfaces_lie_in_one_region),
		WIRE_TEST(test_without_af_xdp_there_is_af_packet),
		WIRE_TEST(test_who_has_one_that_goes_is_told),
	};

	return unit_run(tests);
}
