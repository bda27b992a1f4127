/* SPDX-License-Identifier: BSD-2-Clause */
/* A switch in a thread, and clients of it, for tests. */
#ifndef VALE_TEST_BENCH_H
#define VALE_TEST_BENCH_H

#include <dirent.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <weir/switch.h>

#include "support/unit.h"
#include "vale/client.h"

#define NAME "valetest"

struct bench {
	struct weir_switch *sw;
	pthread_t thread;
	char dir[64];
	unsigned n_fds; /* of this process, when the switch ran and nobody was connected */
};

static inline void *run(void *sw)
{
	assert_int_equal(weir_switch_run(sw, NULL), 0);
	return NULL;
}

static inline unsigned count_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

static inline void start(struct bench *b, const struct weir_switch_opts *opts)
{
	struct weir_err err;

	if (weir_switch_new(opts, &b->sw, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(pthread_create(&b->thread, NULL, run, b->sw), 0);
	b->n_fds = count_fds();
}

static inline void stop(struct bench *b)
{
	weir_switch_stop(b->sw);
	pthread_join(b->thread, NULL);
	b->sw = weir_switch_free(b->sw);
}

static inline int set_up(void **state)
{
	const struct weir_switch_opts opts = { .name = NAME,
					       .max_memory = 16 << 20,
					       .max_ports = 3 };
	struct bench *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	strcpy(b->dir, "/tmp/weir-test-XXXXXX");
	assert_non_null(mkdtemp(b->dir));
	setenv("WEIR_RUNTIME_DIR", b->dir, 1);
	setenv("WEIR_PROGRAM", "/nonexistent/weir", 1);
	start(b, &opts);
	*state = b;
	return 0;
}

static inline int tear_down(void **state)
{
	struct bench *b = *state;

	if (b->sw)
		stop(b);
	assert_int_equal(rmdir(b->dir), 0); /* nothing is left in it */
	free(b);
	return 0;
}

static inline struct vale_open open_of(const char *port, uint32_t slots)
{
	struct vale_open o = { .ring = VALE_ALL_RINGS,
			       .shape = { .tx_slots = slots, .rx_slots = slots } };

	snprintf(o.port, sizeof(o.port), "%s", port);
	return o;
}

static inline struct vale_client client_of(const char *port)
{
	const struct vale_open o = open_of(port, 64);
	struct vale_client c;
	struct weir_err err = { 0 };

	if (vale_client_open(&c, NAME, &o, NULL, &err) < 0)
		fail_msg("%s", err.text);
	assert_string_equal(err.text, "");
	return c;
}

static inline unsigned n_ports(void)
{
	struct weir_switch_state *s = NULL;
	unsigned n;

	assert_int_equal(weir_switch_show(NAME, &s, NULL), 0);
	n = s->n_ports;
	weir_switch_state_free(s);
	return n;
}

/* Patience is for busy machines. */
#define wait_until(what)                                                                           \
	do {                                                                                       \
		for (unsigned i_ = 0; !(what); i_++) {                                             \
			assert_true(i_ < 4000);                                                    \
			poll(NULL, 0, 5);                                                          \
		}                                                                                  \
	} while (0)

/* The switch learns of a close by itself: soon. */
static inline void wait_ports(unsigned n)
{
	wait_until(n_ports() == n);
}

/* A broadcast of n slots of len bytes each, the last byte of which is the tag. */
static inline void send_slots(struct vale_client *c, unsigned n, uint16_t len, uint8_t tag)
{
	struct vale_ring *ring = vale_layout_ring(&c->layout, c->mem, 0);
	uint32_t pos = c->ctl->ring[0].head;

	for (; n; n--) {
		struct vale_slot *slot = &ring->slot[pos];
		uint8_t *p = c->mem + c->layout.in.bufs_at + (size_t)slot->buf_idx * VALE_BUF_SIZE;

		memset(p, 0xff, 6);
		memset(p + 6, 0x02, 6);
		memset(p + 12, tag, len - 12);
		slot->len = len;
		slot->flags = n > 1 ? VALE_SLOT_MOREFRAG : 0;
		pos = (pos + 1) % ring->num_slots;
	}
	atomic_store(&c->ctl->ring[0].head, pos);
	vale_client_kick(&c->ctl->asleep, c->fds[VALE_FD_KICK]);
}

struct got {
	unsigned slots;
	uint32_t len;
	uint8_t tag;
};

/* The next frame, which arrives whole. */
static inline struct got receive_slots(struct vale_client *c)
{
	const struct vale_ring *ring = vale_layout_ring(&c->layout, c->mem, 1);
	const struct vale_wait wait = vale_client_wait_rx(c, 1);
	uint32_t pos = c->ctl->ring[1].head;
	struct got got = { 0 };
	bool more = true;

	while (atomic_load(&c->ctl->ring[1].tail) == pos)
		assert_int_equal(vale_client_sleep(&wait, pos, 10000000000), 0);
	for (; more; pos = (pos + 1) % ring->num_slots) {
		const struct vale_slot *slot = &ring->slot[pos];

		more = slot->flags & VALE_SLOT_MOREFRAG;
		got.slots++;
		got.len += slot->len;
		got.tag = c->mem[c->layout.in.bufs_at + (size_t)slot->buf_idx * VALE_BUF_SIZE +
				 slot->len - 1];
	}
	atomic_store(&c->ctl->ring[1].head, pos);
	vale_client_kick(&c->ctl->ring[1].wants_room, c->fds[VALE_FD_KICK]);
	return got;
}

static inline void send_one(struct vale_client *c, uint8_t tag)
{
	send_slots(c, 1, 60, tag);
}

/* The last byte of the next frame. */
static inline uint8_t receive_one(struct vale_client *c)
{
	return receive_slots(c).tag;
}

#endif
