/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A client that does its worst to the switch, for a while:
 *
 *	scribble SWITCH PORT SECONDS
 *
 * It writes over all memory that it shares with the switch, makes its descriptors block,
 * fills them, and sends nonsense. When the switch lets it go it comes back. Says how often
 * it was there; exit status 1 if it could not be at all.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>

#include "vale/client.h"

static uint64_t state;

static uint64_t draw(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

/* Mostly numbers that could be right. */
static uint32_t draw_index(void)
{
	return draw() % 4 ? draw() % 70 : (uint32_t)draw();
}

static void scribble_slots(struct vale_client *c, unsigned i)
{
	struct vale_ring *ring = vale_layout_ring(&c->layout, c->mem, i);
	uint32_t n = vale_layout_slots(&c->layout, i);

	for (uint32_t s = 0; s < n; s++) {
		ring->slot[s].buf_idx =
			draw() % 3 ? draw() % c->layout.in.n_bufs : (uint32_t)draw();
		ring->slot[s].len = draw() % 3 ? 60 : (uint16_t)draw();
		ring->slot[s].flags = draw() % 3 ? 0 : (uint16_t)draw();
		ring->slot[s].ptr = draw();
	}
}

static void scribble_ctl(struct vale_client *c)
{
	struct vale_ctl *ctl = c->ctl;

	atomic_store(&ctl->asleep, (uint32_t)draw());
	for (unsigned i = 0; i < 2; i++) {
		atomic_store(&ctl->ring[i].head, draw_index());
		atomic_store(&ctl->ring[i].tail, draw_index());
		atomic_store(&ctl->ring[i].sleeps, (uint32_t)draw());
		atomic_store(&ctl->ring[i].wants_room, (uint32_t)draw());
	}
}

static void scribble_all(struct vale_client *c)
{
	for (size_t at = 0; at < c->layout.in.size; at += 8) {
		uint64_t v = draw();

		memcpy(c->mem + at, &v, sizeof(v));
	}
	memset((void *)c->ctl, (int)draw(), c->layout.ctl_size);
}

static void send_nonsense(struct vale_client *c)
{
	uint8_t bytes[200];
	size_t size = draw() % sizeof(bytes);

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)draw();
	if (draw() % 2) {
		struct vale_head head = { .magic = VALE_MSG_MAGIC,
					  .version = VALE_MSG_VERSION,
					  .type = (uint16_t)(draw() % VALE_MSG_STOP),
					  .size = (uint32_t)(size - sizeof(head)) };

		memcpy(bytes, &head, sizeof(head));
	}
	(void)send(c->fd, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void misbehave(struct vale_client *c, time_t end)
{
	const uint64_t most = UINT64_MAX - 1;

	for (unsigned i = VALE_FD_KICK; i < VALE_N_FDS; i++)
		(void)fcntl(c->fds[i], F_SETFL, draw() % 2 ? O_NONBLOCK : 0);
	(void)fcntl(c->fds[VALE_FD_KICK], F_SETFL, O_NONBLOCK); /* else we would wait */
	for (unsigned i = 0; i < 2000 && time(NULL) < end; i++) {
		scribble_slots(c, i % 2);
		for (unsigned j = 0; j < 100; j++) {
			scribble_ctl(c);
			(void)!write(c->fds[VALE_FD_KICK], &most, sizeof(most));
		}
		if (draw() % 200 == 0)
			scribble_all(c);
		if (draw() % 500 == 0)
			send_nonsense(c);
	}
}

int main(int argc, char **argv)
{
	struct vale_open open = { .ring = VALE_ALL_RINGS,
				  .shape = { .tx_slots = 64, .rx_slots = 64 } };
	time_t end = time(NULL) + (argc > 3 ? atoi(argv[3]) : 1);
	unsigned times = 0;

	if (argc != 4 || getrandom(&state, sizeof(state), 0) < 0)
		return 2;
	state |= 1;
	printf("seed %llu\n", (unsigned long long)state);
	snprintf(open.port, sizeof(open.port), "%s", argv[2]);
	while (time(NULL) < end) {
		struct vale_client c;

		if (vale_client_open(&c, argv[1], &open, NULL, NULL) == 0) {
			misbehave(&c, end);
			times++;
		}
		vale_client_close(&c);
	}
	printf("%u times\n", times);
	return times ? 0 : 1;
}
