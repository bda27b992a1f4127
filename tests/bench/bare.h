/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the bare loops of the bench share: their arguments and their one line of result.
 *
 *	bare-KIND INTERFACE LENGTH COUNT
 *
 * sends COUNT times one fixed frame of LENGTH bytes and prints "FRAMES SECONDS": frames
 * that the kernel took, over the time of the loop alone. They are the yardstick of the
 * back ends: the same system calls without an engine in front of them.
 */
#ifndef BENCH_BARE_H
#define BENCH_BARE_H

#include <err.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BARE_BATCH 64u

struct bare {
	const char *ifname;
	unsigned ifindex;
	uint32_t len;
	uint64_t count;
	uint64_t begin_ns;
};

static inline uint64_t bare_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static inline struct bare bare_arguments(int argc, char **argv)
{
	struct bare b = { 0 };

	if (argc != 4)
		errx(2, "usage: %s INTERFACE LENGTH COUNT", argv[0]);
	b.ifname = argv[1];
	b.ifindex = if_nametoindex(b.ifname);
	if (!b.ifindex)
		err(1, "%s", b.ifname);
	b.len = (uint32_t)strtoul(argv[2], NULL, 10);
	b.count = strtoull(argv[3], NULL, 10);
	if (b.len < 14 || b.len > 2048 || !b.count)
		errx(2, "LENGTH is 14 to 2048, COUNT at least 1");
	return b;
}

/* A UDP frame to nobody: locally administered addresses, documentation networks. */
static inline void bare_frame(uint8_t *frame, uint32_t len)
{
	static const uint8_t headers[42] = {
		0x02, 0,  0,   0, 0,	2,    0x02, 0,	  0,  0,  0, 1, 0x08, 0x00, /* Ethernet */
		0x45, 0,  0,   0, 0,	0,    0,    0,	  64, 17, 0, 0, 192,  0,    2, 1, /* IPv4 */
		198,  51, 100, 1, 0x30, 0x39, 0xd4, 0x31, 0,  0,  0, 0,			  /* UDP */
	};

	memset(frame, 0, len);
	memcpy(frame, headers, len < sizeof(headers) ? len : sizeof(headers));
}

static inline void bare_begin(struct bare *b)
{
	b->begin_ns = bare_now();
}

static inline void bare_end(const struct bare *b, uint64_t sent)
{
	printf("%llu %.9f\n", (unsigned long long)sent, (double)(bare_now() - b->begin_ns) / 1e9);
}

#endif
