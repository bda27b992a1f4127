/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two ports that exchange frames for a while and check every byte of what arrives:
 *
 *	partners PORT PORT SECONDS
 *
 * Frames that are not theirs are passed over; of theirs none may be changed, come twice or
 * out of order, or be missing without being counted as dropped. Exit status 1 if one is.
 * They begin when they know each other, and say so: from then on no third port gets a
 * frame of theirs, that it could repeat.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include <weir/port.h>

#define BATCH	32u
#define LEN_MAX 3000u
#define HEAD	30u

struct partner {
	struct weir_port *port;
	uint8_t mac;
	uint64_t sent, received, next, foreign;
};

static uint64_t key;

static void make(uint8_t *p, uint32_t len, uint8_t from, uint8_t to, uint64_t nr)
{
	uint64_t state = key ^ nr * 0x9e3779b97f4a7c15u;

	memset(p, 0, 12);
	p[0] = p[6] = 0x02;
	p[5] = to;
	p[11] = from;
	p[12] = 0x88;
	p[13] = 0xb5;
	memcpy(p + 14, &key, 8);
	memcpy(p + 22, &nr, 8);
	for (uint32_t i = HEAD; i < len; i++) {
		state = state * 6364136223846793005u + 1442695040888963407u;
		p[i] = (uint8_t)(state >> 56);
	}
}

static uint32_t len_of(uint64_t nr)
{
	return 60 + (uint32_t)(nr * 37 % (LEN_MAX - 60));
}

static int send_batch(struct partner *me, const struct partner *to)
{
	static uint8_t mem[BATCH][LEN_MAX];
	struct weir_pkt pkts[BATCH];
	int n;

	for (unsigned i = 0; i < BATCH; i++) {
		uint64_t nr = me->sent + i;

		make(mem[i], len_of(nr), me->mac, to->mac, nr);
		pkts[i] = (struct weir_pkt){ .data = mem[i], .len = len_of(nr) };
	}
	n = weir_port_tx(me->port, 0, pkts, BATCH);
	if (n >= 0)
		me->sent += (unsigned)n;
	return n;
}

static int check(struct partner *me, const struct partner *from, const struct weir_pkt *pkt)
{
	static uint8_t want[LEN_MAX];
	uint64_t nr;

	if (pkt->len < HEAD || memcmp(pkt->data + 14, &key, 8) != 0 || pkt->data[11] != from->mac) {
		me->foreign++;
		return 0;
	}
	memcpy(&nr, pkt->data + 22, 8);
	if (nr < me->next || nr >= from->sent || pkt->len != len_of(nr))
		return printf("frame %llu has %u bytes, the next would be %llu\n",
			      (unsigned long long)nr, pkt->len, (unsigned long long)me->next),
		       -1;
	make(want, pkt->len, from->mac, me->mac, nr);
	if (memcmp(want, pkt->data, pkt->len) != 0)
		return printf("frame %llu was changed\n", (unsigned long long)nr), -1;
	me->next = nr + 1;
	me->received++;
	return 0;
}

static int receive(struct partner *me, const struct partner *from)
{
	struct weir_pkt pkts[256];
	int n = weir_port_rx(me->port, 0, pkts, 256);

	for (int i = 0; i < n; i++)
		if (check(me, from, &pkts[i]) < 0)
			return -1;
	weir_port_rx_release(me->port, 0);
	return n;
}

static int step(struct partner *a, struct partner *b, bool send)
{
	int r = send ? send_batch(a, b) : 0;

	r = r < 0 || !send ? r : send_batch(b, a);
	r = r < 0 ? r : weir_port_rx_wait(b->port, 0, 1000000);
	r = r < 0 ? r : receive(b, a);
	return r < 0 ? r : receive(a, b);
}

static uint64_t missing(const struct partner *me, const struct partner *from)
{
	struct weir_port_stats s;

	weir_port_stats(me->port, &s);
	return from->sent - me->received > s.rx_dropped ? from->sent - me->received - s.rx_dropped
							: 0;
}

/* Takes what is under way, for as long as that may take. */
static int settle(struct partner *a, struct partner *b)
{
	time_t end = time(NULL) + 10;
	int r = 0;

	while (r >= 0 && time(NULL) < end && (missing(a, b) || missing(b, a)))
		r = step(a, b, false);
	return r;
}

/* Until both have got something: then the switch knows where both are. */
static int meet(struct partner *a, struct partner *b)
{
	int r = 0;

	while (r >= 0 && (!a->received || !b->received))
		r = step(a, b, true);
	r = r < 0 ? r : settle(a, b);
	if (getrandom(&key, sizeof(key), 0) < 0)
		return -1;
	printf("ready\n");
	return fflush(stdout) ? -1 : r;
}

static int is_whole(const struct partner *me, const struct partner *from)
{
	printf("%llu of %llu, %llu missing, %llu of others\n", (unsigned long long)me->received,
	       (unsigned long long)from->sent, (unsigned long long)missing(me, from),
	       (unsigned long long)me->foreign);
	return me->received && !missing(me, from);
}

int main(int argc, char **argv)
{
	struct partner a = { .mac = 1 }, b = { .mac = 2 };
	struct weir_err err = { 0 };
	time_t end;
	int r = 0;

	if (argc != 4 || getrandom(&key, sizeof(key), 0) < 0)
		return 2;
	if (weir_port_open(argv[1], NULL, &a.port, &err) < 0 ||
	    weir_port_open(argv[2], NULL, &b.port, &err) < 0) {
		printf("%s\n", weir_err_text(&err));
		return 2;
	}
	r = meet(&a, &b);
	end = time(NULL) + atoi(argv[3]);
	while (r >= 0 && time(NULL) < end)
		r = step(&a, &b, true);
	r = r < 0 ? r : settle(&a, &b);
	r = r >= 0 && is_whole(&a, &b) && is_whole(&b, &a) ? 0 : 1;
	weir_port_close(a.port);
	weir_port_close(b.port);
	return r;
}
