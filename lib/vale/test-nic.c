/* SPDX-License-Identifier: BSD-2-Clause */
/* Interfaces at a switch: made for the test, of memory. */
#include <errno.h>
#include <sys/eventfd.h>

#include "base/err.h"
#include "base/macros.h"
#include "vale/test-bench.h"

#define N_FAKES	 3
#define MAX_LEN	 9000
#define MAX_SENT 4096

/* What "fake0" and so on are. The test and the switch's thread share it. */
static struct fake {
	pthread_mutex_t lock;
	int fd;
	_Atomic bool is_open, gone;
	unsigned to_come; /* frames that have come, if .to_come is not UINT32_MAX: then always */
	uint8_t next_tag;
	uint32_t len; /* of each */
	uint8_t frames[64][MAX_LEN];
	_Atomic bool lent;
	unsigned room; /* frames that it takes */
	unsigned n_sent;
	struct {
		uint32_t len;
		uint8_t tag;
		bool right;
	} sent[MAX_SENT];
} fakes[N_FAKES];

static char told[256];

static void report(void *ctx, const char *text)
{
	(void)ctx;
	snprintf(told, sizeof(told), "%s", text);
}

static int fake_open(const char *name, struct weir_switch_nic *ret_nic, struct weir_err *err)
{
	struct fake *f;

	if (strncmp(name, "fake", 4) != 0)
		return err_set(err, -ENODEV, "%s: none", name);
	f = &fakes[(name[4] - '0') % N_FAKES];
	f->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	f->is_open = true;
	*ret_nic = (struct weir_switch_nic){ .n_queues = 1, .fds = { f->fd }, .ctx = f };
	snprintf(ret_nic->device, sizeof(ret_nic->device), "%s", name);
	return 0;
}

static void fake_close(const struct weir_switch_nic *nic)
{
	struct fake *f = nic->ctx;

	pthread_mutex_lock(&f->lock);
	close(f->fd);
	f->is_open = f->lent = false;
	pthread_mutex_unlock(&f->lock);
}

/* The content follows from the tag. */
static void make_frame(uint8_t *frame, uint32_t len, uint8_t tag)
{
	memset(frame, 0xff, 6);
	memset(frame + 6, 0x04, 6);
	for (uint32_t i = 12; i < len; i++)
		frame[i] = (uint8_t)(i * 7 + tag);
	frame[len - 1] = tag;
}

static int fake_rx(const struct weir_switch_nic *nic, unsigned q, struct weir_pkt *pkts,
		   unsigned max)
{
	struct fake *f = nic->ctx;
	unsigned n = 0;

	assert_int_equal(q, 0);
	pthread_mutex_lock(&f->lock);
	assert_false(f->lent);
	while (!f->gone && n < MIN(max, 64u) && f->to_come) {
		make_frame(f->frames[n], f->len, f->next_tag++);
		pkts[n] = (struct weir_pkt){ f->frames[n], f->len, f->len, 0 };
		f->to_come -= f->to_come != UINT32_MAX;
		n++;
	}
	f->lent = n;
	pthread_mutex_unlock(&f->lock);
	return f->gone ? -ENODEV : (int)n;
}

static void fake_release(const struct weir_switch_nic *nic, unsigned q)
{
	struct fake *f = nic->ctx;

	assert_int_equal(q, 0);
	assert_true(f->lent);
	memset(f->frames, 0xee, sizeof(f->frames));
	f->lent = false;
}

static int fake_tx(const struct weir_switch_nic *nic, unsigned q, const struct weir_pkt *pkts,
		   unsigned n)
{
	struct fake *f = nic->ctx;
	uint8_t want[MAX_LEN];

	assert_int_equal(q, 0);
	pthread_mutex_lock(&f->lock);
	n = MIN(n, f->room);
	f->room -= n;
	for (unsigned i = 0; i < n && f->n_sent < MAX_SENT; i++) {
		uint8_t tag = pkts[i].data[pkts[i].len - 1];

		make_frame(want, pkts[i].len, tag);
		f->sent[f->n_sent].len = pkts[i].len;
		f->sent[f->n_sent].tag = tag;
		f->sent[f->n_sent++].right = !memcmp(want, pkts[i].data, pkts[i].len);
	}
	pthread_mutex_unlock(&f->lock);
	return f->gone ? -ENODEV : (int)n;
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

static const struct weir_switch_opts fake_opts = { .name = NAME,
						   .nics = &fake_nics,
						   .report = report };

static void restart(void **state, const struct weir_switch_opts *opts)
{
	struct bench *b = *state;

	stop(b);
	start(b, opts);
}

static int set_up_nics(void **state)
{
	told[0] = '\0';
	for (unsigned i = 0; i < N_FAKES; i++) {
		memset(&fakes[i], 0, sizeof(fakes[i]));
		pthread_mutex_init(&fakes[i].lock, NULL);
		fakes[i].len = 60;
		fakes[i].room = UINT32_MAX;
	}
	set_up(state);
	restart(state, &fake_opts);
	return 0;
}

static void attach(const char *name)
{
	struct weir_err err = { 0 };

	if (weir_switch_attach(NAME, name, NULL, &err) < 0)
		fail_msg("%s", err.text);
}

/* So many frames come at an interface. */
static void come(struct fake *f, unsigned n, uint32_t len)
{
	const uint64_t one = 1;

	pthread_mutex_lock(&f->lock);
	f->to_come = n;
	f->len = len;
	if (f->is_open)
		assert_int_equal(write(f->fd, &one, sizeof(one)), sizeof(one));
	pthread_mutex_unlock(&f->lock);
}

static unsigned sent_by(struct fake *f)
{
	unsigned n;

	pthread_mutex_lock(&f->lock);
	n = f->n_sent;
	pthread_mutex_unlock(&f->lock);
	return n;
}

static void wait_sent(struct fake *f, unsigned n)
{
	wait_until(sent_by(f) >= n);
	assert_int_equal(sent_by(f), n);
}

static void let_go(struct fake *f, unsigned room)
{
	pthread_mutex_lock(&f->lock);
	f->room = room;
	pthread_mutex_unlock(&f->lock);
}

static struct weir_switch_port port_of(const char *name)
{
	struct weir_switch_port found = { 0 };
	struct weir_switch_state *s = NULL;

	assert_int_equal(weir_switch_show(NAME, &s, NULL), 0);
	for (unsigned i = 0; i < s->n_ports; i++)
		if (strcmp(s->ports[i].name, name) == 0)
			found = s->ports[i];
	weir_switch_state_free(s);
	return found;
}

static void test_frames_go_to_an_interface_and_come_from_it(void **state)
{
	struct vale_client a = client_of("a");
	struct weir_switch_port p;

	(void)state;
	attach("fake0");
	for (unsigned i = 0; i < 100; i++) {
		come(&fakes[0], 1, 60);
		assert_int_equal(receive_one(&a), (uint8_t)i);
		send_one(&a, (uint8_t)(i + 1));
		wait_sent(&fakes[0], i + 1);
		assert_int_equal(fakes[0].sent[i].tag, (uint8_t)(i + 1));
	}
	p = port_of("fake0");
	assert_true(p.attached);
	assert_int_equal(p.tx_frames, 100);
	assert_int_equal(p.rx_frames, 100);
	assert_int_equal(p.nic.lost, 7);
	assert_int_equal(p.nic.refused, 5);
	vale_client_close(&a);
}

static void test_long_frames_pass_whole_and_in_order(void **state)
{
	(void)state;
	attach("fake0");
	attach("fake1");
	for (uint32_t len = 60; len <= MAX_LEN; len += 149) {
		unsigned from = sent_by(&fakes[1]);

		come(&fakes[0], 40, len);
		wait_sent(&fakes[1], from + 40);
		for (unsigned i = from; i < from + 40; i++) {
			assert_int_equal(fakes[1].sent[i].len, len);
			assert_int_equal(fakes[1].sent[i].tag, (uint8_t)i);
			assert_true(fakes[1].sent[i].right);
		}
	}
	assert_int_equal(sent_by(&fakes[0]), 0);
}

static void test_a_full_interface_loses_frames_and_holds_nobody(void **state)
{
	struct vale_client a = client_of("a");

	(void)state;
	attach("fake0");
	attach("fake1");
	let_go(&fakes[0], 100);
	come(&fakes[1], 3000, 60);
	(void)receive_one(&a);
	wait_until(port_of("fake1").tx_frames >= 3000);
	let_go(&fakes[0], UINT32_MAX);
	/* The ring's, and those before. */
	wait_sent(&fakes[0], 100 + 1023);
	assert_int_equal(port_of("fake0").dropped[WEIR_SWITCH_FULL], 3000 - 100 - 1023);
	vale_client_close(&a);
}

static void check_all_held(void **state, unsigned threads)
{
	struct weir_switch_opts opts = fake_opts;

	opts.lossless = true;
	opts.threads = threads;
	restart(state, &opts);
	attach("fake0");
	attach("fake1");
	attach("fake2");
	let_go(&fakes[0], 100);
	come(&fakes[1], 3000, 60);
	wait_sent(&fakes[0], 100);
	for (unsigned n = 100; n < 3000; n += 290) {
		let_go(&fakes[0], 290);
		wait_sent(&fakes[0], n + 290);
	}
	wait_sent(&fakes[2], 3000);
	for (unsigned i = 0; i < 3000; i++)
		assert_int_equal(fakes[0].sent[i].tag, (uint8_t)i);
	assert_int_equal(port_of("fake0").dropped[WEIR_SWITCH_FULL], 0);
}

static void test_a_full_interface_of_a_lossless_switch_holds_senders(void **state)
{
	check_all_held(state, 1);
}

static void test_so_it_does_with_several_threads(void **state)
{
	check_all_held(state, 3);
}

static void test_an_interface_that_goes_away_is_detached_and_told_of(void **state)
{
	struct bench *b = *state;
	struct weir_switch_opts opts = fake_opts;
	struct vale_client a, c;

	opts.threads = 2;
	restart(state, &opts);
	a = client_of("a");
	c = client_of("c");
	for (unsigned i = 0; i < 3; i++) {
		attach("fake0");
		attach("fake1");
		come(&fakes[0], i == 1 ? UINT32_MAX : 0, 60); /* it is busy, or not */
		fakes[i % 2].gone = true;
		wait_until(!port_of(i % 2 ? "fake1" : "fake0").attached);
		assert_false(fakes[i % 2].is_open);
		assert_int_equal(weir_switch_detach(NAME, i % 2 ? "fake0" : "fake1", NULL), 0);
		come(&fakes[0], 0, 60);
		fakes[i % 2].gone = false;
	}
	assert_string_equal(told, "fake0 has gone and is detached: No such device");
	vale_client_close(&a);
	vale_client_close(&c);
	wait_ports(0);
	wait_until(count_fds() == b->n_fds);
}

static void test_detaching_while_frames_flow(void **state)
{
	struct vale_client a = client_of("a");

	(void)state;
	for (unsigned i = 0; i < 50; i++) {
		attach("fake0");
		come(&fakes[0], UINT32_MAX, 60);
		(void)receive_one(&a);
		send_one(&a, 1);
		assert_int_equal(weir_switch_detach(NAME, "fake0", NULL), 0);
		assert_false(fakes[0].is_open);
	}
	vale_client_close(&a);
}

static int attach_error(const char *name)
{
	struct weir_err err = { 0 };
	int r = weir_switch_attach(NAME, name, NULL, &err);

	if (r < 0)
		assert_true(err.text[0]);
	return r;
}

static void test_what_cannot_be_attached_is_refused_with_the_reason(void **state)
{
	const struct vale_open o = open_of("fake0", 64);
	const struct weir_switch_opts opts = { .name = NAME };
	char name[200];
	struct vale_client c;

	memset(name, 'x', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	attach("fake0");
	assert_int_equal(attach_error("fake0"), -EEXIST);
	assert_int_equal(attach_error("eth99"), -ENODEV);
	assert_int_equal(attach_error("fake1 and a blank"), -EINVAL);
	assert_false(fakes[1].is_open);
	assert_int_equal(attach_error(name), -EINVAL);
	assert_int_equal(weir_switch_detach(NAME, "fake1", NULL), -ENOENT);
	assert_int_equal(weir_switch_delete_port(NAME, "fake0", NULL), -EBUSY);
	assert_int_equal(vale_client_open(&c, NAME, &o, NULL, NULL), -EBUSY);
	vale_client_close(&c);
	assert_int_equal(n_ports(), 1);
	restart(state, &opts);
	assert_int_equal(attach_error("fake0"), -ENOTSUP);
}

static void test_a_temporary_switch_ends_with_its_last_interface(void **state)
{
	struct bench *b = *state;
	struct weir_switch_opts opts = fake_opts;

	stop(b);
	opts.temporary = true;
	assert_int_equal(weir_switch_new(&opts, &b->sw, NULL), 0);
	assert_int_equal(weir_switch_attach_first(b->sw, "fake0", NULL, NULL), 0);
	assert_int_equal(weir_switch_attach_first(b->sw, "fake0", NULL, NULL), -EEXIST);
	assert_int_equal(pthread_create(&b->thread, NULL, run, b->sw), 0);
	assert_int_equal(n_ports(), 1);
	assert_int_equal(weir_switch_detach(NAME, "fake0", NULL), 0);
	pthread_join(b->thread, NULL);
	b->sw = weir_switch_free(b->sw);
}

#define with(f) cmocka_unit_test_setup_teardown(f, set_up_nics, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with(test_frames_go_to_an_interface_and_come_from_it),
		with(test_long_frames_pass_whole_and_in_order),
		with(test_a_full_interface_loses_frames_and_holds_nobody),
		with(test_a_full_interface_of_a_lossless_switch_holds_senders),
		with(test_so_it_does_with_several_threads),
		with(test_an_interface_that_goes_away_is_detached_and_told_of),
		with(test_detaching_while_frames_flow),
		with(test_what_cannot_be_attached_is_refused_with_the_reason),
		with(test_a_temporary_switch_ends_with_its_last_interface),
	};

	return unit_run(tests);
}
